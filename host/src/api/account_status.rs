//! `/api/accounts/{account}`: whether an account works, since when and why not; the age of its token;
//! its latest refresh and error; its settings. The token itself is nowhere among it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::extract::Path;
use super::problem::Problem;
use crate::accounts::{AccountStatus, RefreshHistory, ResolveError, Tombstone, alias};
use crate::host::Host;
use crate::model::{Account, AccountId, AccountState, PluginId};

/// What is told of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AccountReport {
    /// Which one.
    pub id: AccountId,
    /// On which marketplace.
    pub plugin: PluginId,
    /// Whether it works.
    pub state: ReportedState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// Why it does not work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What people type for it. This and all that follows is forgotten of one that was disconnected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The account as it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// Its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<ReportedToken>,
    /// How its refreshes ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshes: Option<RefreshHistory>,
    /// When it is refreshed though nobody uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_refresh_at: Option<Timestamp>,
    /// What can be set for it alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<ReportedSetting>,
}

/// Whether an account works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportedState {
    /// Calls work.
    Connected,
    /// The seller has to consent again.
    NeedsConsent,
    /// It was disconnected in the last 90 days.
    Disconnected,
}

/// What is told of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedToken {
    /// When it was asked for.
    pub issued_at: Timestamp,
    /// How long ago that was.
    pub age_seconds: i64,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Until when it can be refreshed; `None` where it cannot, or nobody knows.
    pub refresh_expires_at: Option<Timestamp>,
    /// How often it has been replaced.
    pub generation: u64,
}

/// A setting that each account may have its own value of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedSetting {
    /// By which it is set.
    pub name: String,
    /// For people.
    pub summary: String,
    /// The account's own value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

pub(super) async fn show(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(account): Path<String>,
) -> Result<Json<AccountReport>, Problem> {
    let account = match caller.account(&host, &account) {
        Err(ResolveError::Disconnected { id, tombstone }) => {
            return Ok(Json(remembered(id, tombstone)));
        }
        found => found?,
    };
    report(&host, &account.id).map(Json)
}

/// The report of an account that is there.
pub(super) fn report(host: &Host, id: &AccountId) -> Result<AccountReport, Problem> {
    let unknown = || Problem::from(crate::accounts::TokenError::Unknown(id.clone()));
    let status = host.accounts.status(id)?.ok_or_else(unknown)?;
    let settings = settings(host, &status.account);
    Ok(known(status, settings, host.accounts.now()))
}

fn known(status: AccountStatus, settings: Vec<ReportedSetting>, now: Timestamp) -> AccountReport {
    let account = status.account;
    let (state, reason) = match &account.state {
        AccountState::Connected => (ReportedState::Connected, None),
        AccountState::NeedsConsent(why) => (ReportedState::NeedsConsent, Some(why.clone())),
    };
    let token = status.token.map(|token| ReportedToken {
        age_seconds: now.duration_since(token.issued_at).as_secs(),
        issued_at: token.issued_at,
        expires_at: token.expires_at,
        refresh_expires_at: token.refresh_expires_at,
        generation: token.generation,
    });
    AccountReport {
        id: account.id.clone(),
        plugin: account.plugin.clone(),
        state,
        since: account.since,
        reason,
        alias: Some(alias(&account)),
        account: Some(account),
        token,
        refreshes: Some(status.refreshes),
        idle_refresh_at: status.idle_refresh_at,
        settings,
    }
}

fn remembered(id: AccountId, tombstone: Tombstone) -> AccountReport {
    AccountReport {
        id,
        plugin: tombstone.plugin,
        state: ReportedState::Disconnected,
        since: tombstone.since,
        reason: Some(tombstone.why),
        alias: None,
        account: None,
        token: None,
        refreshes: None,
        idle_refresh_at: None,
        settings: Vec::new(),
    }
}

/// What the active version says can be set; without one, what is set.
fn settings(host: &Host, account: &Account) -> Vec<ReportedSetting> {
    let own = |name: &str| account.settings.get(name).cloned();
    match host.plugins.active_installed(&account.plugin) {
        Ok(installed) => {
            let described = installed.description.settings.into_iter();
            let described = described.filter(|setting| setting.per_account);
            described
                .map(|setting| ReportedSetting {
                    value: own(&setting.name),
                    name: setting.name,
                    summary: setting.summary,
                })
                .collect()
        }
        Err(_) => {
            let set = account.settings.iter();
            set.map(|(name, value)| ReportedSetting {
                name: name.clone(),
                summary: String::new(),
                value: Some(value.clone()),
            })
            .collect()
        }
    }
}
