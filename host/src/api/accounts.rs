//! `/api/accounts`: list, disconnect.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::Response;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account_status::AccountReport;
use super::caller::Caller;
use super::extract::{Path, Query};
use super::listed::{Listed, no_cursor};
use super::problem::{Problem, ProblemKind};
use super::refresh::Refreshed;
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
        .query::<ListQuery>()
        .replies::<Listed<Account>>(200, "A page of accounts."),
        Route::new(
            Method::GET,
            "/api/accounts/{account}",
            read(),
            (TAG, "Says whether an account works, and why not"),
            account_status::show,
        )
        .replies::<AccountReport>(200, "What is known of it.")
        .fails(NAMED),
        Route::new(
            Method::DELETE,
            "/api/accounts/{account}",
            write(),
            (TAG, "Disconnects an account and forgets it"),
            disconnect,
        )
        .replies::<Disconnected>(200, "It is gone.")
        .fails(NAMED),
        Route::new(
            Method::POST,
            "/api/accounts/{account}/refresh",
            write(),
            (TAG, "Refreshes an account's token now"),
            refresh::one,
        )
        .replies::<AccountReport>(200, "It has a new token.")
        .fails(NAMED)
        .fails(&[ProblemKind::ConsentNeeded, ProblemKind::Configuration]),
        Route::new(
            Method::POST,
            "/api/accounts/refresh",
            Permission::Operator,
            (TAG, "Refreshes the tokens that nobody has used for long"),
            refresh::idle,
        )
        .replies::<Vec<Refreshed>>(200, "What came of each."),
        Route::new(
            Method::POST,
            "/api/accounts/{account}/settings",
            write(),
            (TAG, "Gives an account settings of its own"),
            account_settings::set,
        )
        .body::<account_settings::Values>()
        .replies::<AccountReport>(200, "They are set.")
        .fails(NAMED)
        .fails(&[
            ProblemKind::UnknownPlugin,
            ProblemKind::NotGranted,
            ProblemKind::InvalidPlugin,
        ]),
    ]
}

/// How naming an account may fail.
const NAMED: &[ProblemKind] = &[ProblemKind::UnknownAccount, ProblemKind::AccountNeeded];

/// How many are listed at a time where nothing is said.
const LISTED: usize = 100;

/// How many are listed at a time at most.
const LISTED_MAX: usize = 1_000;

/// Whose accounts, and which page of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Only this user's.
    user: Option<UserId>,
    /// How many at most; 100 where it is left out, 1,000 at most.
    #[schemars(range(min = 1))]
    limit: Option<usize>,
    /// Where the page begins, as the page before says.
    cursor: Option<String>,
}

/// An account that is not there any more.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Disconnected {
    /// Which one it was.
    account: AccountId,
    revocation: Revoked,
    /// For people.
    pub(super) done: String,
}

/// What became of its token at the marketplace.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Revoked {
    /// It was revoked.
    Done,
    /// The marketplace offers no way to revoke it.
    NotOffered,
    /// It could not be revoked.
    Failed,
    /// It had none.
    Nothing,
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
) -> Result<Json<Disconnected>, Problem> {
    let account = caller.account(&host, &account)?;
    let_go(&host, &account).await.map(Json)
}

/// Disconnects an account, and says what became of it.
pub(super) async fn let_go(host: &Host, account: &Account) -> Result<Disconnected, Problem> {
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
        Revocation::Done => (Revoked::Done, "its token was revoked".to_owned()),
        Revocation::NotOffered => (
            Revoked::NotOffered,
            "the marketplace offers no way to revoke its token; the seller can remove the app in the settings there".to_owned(),
        ),
        Revocation::Failed(why) => (
            Revoked::Failed,
            format!("its token could not be revoked at the marketplace: {why}"),
        ),
        Revocation::Nothing => (Revoked::Nothing, "it had no token".to_owned()),
    };
    let name = &done.account.identity.name;
    Ok(Disconnected {
        account: done.account.id.clone(),
        revocation,
        done: format!(
            "Disconnected {name} ({}): its tokens, its settings and what its calls had left behind are forgotten; {revoked}.",
            done.account.id
        ),
    })
}
