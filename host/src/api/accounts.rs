//! `/api/accounts`: list, disconnect.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::extract::{Path, Query};
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use super::{account_settings, account_status, refresh};
use crate::accounts::Revocation;
use crate::host::Host;
use crate::model::{Account, UserId};

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
        ),
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

/// Whose accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    user: Option<UserId>,
}

pub(super) async fn list(
    _: Caller,
    State(host): State<Arc<Host>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<Account>>, Problem> {
    Ok(Json(host.accounts.list(query.user.as_ref())?))
}

pub(super) async fn disconnect(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(account): Path<String>,
) -> Result<Json<Value>, Problem> {
    let account = host.accounts.named(&account)?;
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
    Ok(Json(json!({
        "account": done.account.id,
        "revocation": revocation,
        "done": format!("Disconnected {name} ({}): its tokens, its settings and what its calls had left behind are forgotten; {revoked}.", done.account.id),
    })))
}
