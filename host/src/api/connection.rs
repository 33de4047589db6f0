//! `/api/{plugin}/connection/status`, `/api/{plugin}/oauth/disconnect`: whether a user's shops on one
//! marketplace work, and the end of it, for a caller that knows no ids of accounts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Method;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account_status::ReportedState;
use super::accounts::{Disconnected, let_go};
use super::caller::Caller;
use super::extract::{Path, Query};
use super::plugins::plugin_id;
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::accounts::AccountStatus;
use crate::host::Host;
use crate::model::{Account, AccountId, AccountState, PluginId, UserId};

/// Connections to one marketplace.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Consent";
    vec![
        Route::new(
            Method::GET,
            "/api/{plugin}/connection/status",
            Permission::read("accounts"),
            (TAG, "Says whether the user's shops are connected"),
            status,
        )
        .query::<Whose>()
        .replies::<Connections>(200, "Each shop, and whether calls work.")
        .fails(&[
            ProblemKind::UnknownPlugin,
            ProblemKind::UnknownAccount,
            ProblemKind::AccountNeeded,
        ]),
        Route::new(
            Method::POST,
            "/api/{plugin}/oauth/disconnect",
            Permission::write("accounts"),
            (TAG, "Disconnects a shop and forgets it"),
            disconnect,
        )
        .query::<Whose>()
        .replies::<Disconnected>(200, "It is gone.")
        .fails(&[
            ProblemKind::UnknownPlugin,
            ProblemKind::UnknownAccount,
            ProblemKind::AccountNeeded,
        ]),
    ]
}

/// Whose shops, and which of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    /// Whose; an operator may leave it out.
    user: Option<UserId>,
    /// Id or alias.
    account: Option<String>,
}

/// The shops of a user on a marketplace.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Connections {
    /// Whether calls work for one of them at least.
    pub connected: bool,
    /// On which marketplace.
    pub plugin: PluginId,
    /// In the order of their ids; empty where none has ever consented or all are disconnected.
    pub accounts: Vec<Connection>,
}

/// A shop, and whether calls work for it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// By which calls name it.
    pub account: AccountId,
    /// Whose it is.
    pub user: UserId,
    /// The shop's name, as the marketplace has it.
    pub shop: String,
    /// The shop's id there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop_id: Option<String>,
    /// Whether calls work, or the seller has to consent again.
    pub state: ReportedState,
    /// Since when it is so.
    pub since: Timestamp,
    /// Why calls do not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the seller has consented to.
    pub scopes: Vec<String>,
    /// What was asked for beside it and not consented to.
    pub missing_scopes: Vec<String>,
    /// Until when the token is good, which the host replaces by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expires_at: Option<Timestamp>,
}

impl From<AccountStatus> for Connection {
    fn from(status: AccountStatus) -> Self {
        let account = status.account;
        let (state, reason) = match account.state {
            AccountState::Connected => (ReportedState::Connected, None),
            AccountState::NeedsConsent(why) => (ReportedState::NeedsConsent, Some(why)),
        };
        Self {
            account: account.id,
            user: account.user,
            shop: account.identity.name,
            shop_id: account.identity.shop_id,
            state,
            since: account.since,
            reason,
            scopes: account.scopes,
            missing_scopes: account.missing_scopes,
            token_expires_at: status.token.map(|token| token.expires_at),
        }
    }
}

pub(super) async fn status(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    Query(whose): Query<Whose>,
) -> Result<Json<Connections>, Problem> {
    let plugin = plugin_id(&host, &plugin)?;
    host.plugins.active_installed(&plugin)?;
    let user = caller.whose(whose.user)?;
    let accounts = match whose.account {
        Some(account) => vec![
            host.accounts
                .resolve(user.as_ref(), &plugin, Some(&account))?,
        ],
        None => own(&host, user.as_ref(), &plugin)?,
    };
    let mut shops = Vec::with_capacity(accounts.len());
    for account in accounts {
        // One that has just been disconnected is none any more.
        shops.extend(host.accounts.status(&account.id)?.map(Connection::from));
    }
    Ok(Json(Connections {
        connected: shops
            .iter()
            .any(|shop| shop.state == ReportedState::Connected),
        plugin,
        accounts: shops,
    }))
}

fn own(host: &Host, user: Option<&UserId>, plugin: &PluginId) -> Result<Vec<Account>, Problem> {
    let mut accounts = host.accounts.list(user)?;
    accounts.retain(|account| account.plugin == *plugin);
    Ok(accounts)
}

pub(super) async fn disconnect(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    Query(whose): Query<Whose>,
) -> Result<Json<Disconnected>, Problem> {
    let plugin = plugin_id(&host, &plugin)?;
    host.plugins.active_installed(&plugin)?;
    let user = caller.whose(whose.user)?;
    let account = whose.account.as_deref();
    let account = host.accounts.resolve(user.as_ref(), &plugin, account)?;
    let_go(&host, &account).await.map(Json)
}
