//! `/api/accounts`: list, disconnect.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::extract::{Path, Query};
use super::listed::{Listed, no_cursor};
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use super::{account_settings, account_status, refresh};
use crate::accounts::Revocation;
use crate::host::Host;
use crate::model::{Account, AccountId, UserId};

/// Sellers' accounts.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Accounts";
    let read = || Permission::read("accounts");
    let write = || Permission::write("accounts");
    vec![
        Route::new(
            Method::GET,
            "/api/accounts",
            read(),
            (TAG, "Lists connected accounts"),
            list,
        )
        .query::<ListQuery>(),
        Route::new(
            Method::GET,
            "/api/accounts/{account}",
            read(),
            (TAG, "Says whether an account works, and why not"),
            account_status::show,
        ),
        Route::new(
            Method::DELETE,
            "/api/accounts/{account}",
            write(),
            (TAG, "Disconnects an account and forgets it"),
            disconnect,
        ),
        Route::new(
            Method::POST,
            "/api/accounts/{account}/refresh",
            write(),
            (TAG, "Refreshes an account's token now"),
            refresh::one,
        ),
        Route::new(
            Method::POST,
            "/api/accounts/refresh",
            Permission::Operator,
            (TAG, "Refreshes the tokens that nobody has used for long"),
            refresh::idle,
        ),
        Route::new(
            Method::POST,
            "/api/accounts/{account}/settings",
            write(),
            (TAG, "Gives an account settings of its own"),
            account_settings::set,
        ),
    ]
}

/// How many are listed at a time where nothing is said.
const LISTED: usize = 100;

/// How many are listed at a time at most.
const LISTED_MAX: usize = 1_000;

/// Whose accounts, and which page of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Only this user's.
    #[schemars(with = "Option<String>")]
    user: Option<UserId>,
    /// How many at most; 100 where it is left out, 1,000 at most.
    #[schemars(range(min = 1))]
    limit: Option<usize>,
    /// Where the page begins, as the page before says.
    cursor: Option<String>,
}

pub(super) async fn list(
    caller: Caller,
    State(host): State<Arc<Host>>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let user = caller.whose(query.user)?;
    let after = query.cursor.as_deref();
    let after = after.map(|it| it.parse::<AccountId>().map_err(|_| no_cursor(it)));
    let after = after.transpose()?;
    let limit = query.limit.unwrap_or(LISTED).clamp(1, LISTED_MAX);
    let accounts = &host.accounts;
    let mut items = accounts.page(user.as_ref(), after.as_ref(), limit + 1)?;
    let has_more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| has_more);
    let next = last.map(|account| account.id.to_string());
    Ok(Listed { items, next }.answer(&uri, "cursor"))
}

pub(super) async fn disconnect(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(account): Path<String>,
) -> Result<Json<Value>, Problem> {
    let account = caller.account(&host, &account)?;
    let_go(&host, &account).await.map(Json)
}

/// Disconnects an account, and says what became of it.
pub(super) async fn let_go(host: &Host, account: &Account) -> Result<Value, Problem> {
    let config = host.config.plugin(&account.plugin);
    let done = host.consent.disconnect(&account.id, &config).await?;
    host.gateway.forget(&account.id);
    let Some(done) = done else {
        return Err(Problem::new(
            ProblemKind::UnknownAccount,
            format_args!("there is no account {}", account.id),
        ));
    };
    host.plugins.forget(&account.id).await?;
    let (revocation, revoked) = match done.revocation {
        Revocation::Done => ("done", "its token was revoked".to_owned()),
        Revocation::NotOffered => (
            "not_offered",
            "the marketplace offers no way to revoke its token; the seller can remove the app in the settings there".to_owned(),
        ),
        Revocation::Failed(why) => (
            "failed",
            format!("its token could not be revoked at the marketplace: {why}"),
        ),
        Revocation::Nothing => ("nothing", "it had no token".to_owned()),
    };
    let name = &done.account.identity.name;
    Ok(json!({
        "account": done.account.id,
        "revocation": revocation,
        "done": format!("Disconnected {name} ({}): its tokens, its settings and what its calls had left behind are forgotten; {revoked}.", done.account.id),
    }))
}
