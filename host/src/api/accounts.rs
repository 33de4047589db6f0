//! `/api/accounts`: list, disconnect.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account_status::AccountReport;
use super::caller::Caller;
use super::extract::{Path, Query};
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
        .replies::<Vec<Account>>(200, "The accounts."),
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

/// Whose accounts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Whose accounts alone.
    user: Option<UserId>,
}

/// An account that is not there any more.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Disconnected {
    /// Which one it was.
    account: AccountId,
    revocation: Revoked,
    /// For people.
    done: String,
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
) -> Result<Json<Disconnected>, Problem> {
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
    Ok(Json(Disconnected {
        account: done.account.id.clone(),
        revocation,
        done: format!(
            "Disconnected {name} ({}): its tokens, its settings and what its calls had left behind are forgotten; {revoked}.",
            done.account.id
        ),
    }))
}
