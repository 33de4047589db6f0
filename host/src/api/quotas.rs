//! `/api/quotas`: what marketplaces allow, what was used of it, and what is left where that is known.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::problem::Problem;
use super::route::{Permission, Route};
use crate::gateway::QuotaUse;
use crate::host::Host;
use crate::model::{AccountId, PluginId, Quota, QuotaScope, QuotaWindow};

/// Quotas.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/api/quotas",
            // What is used of an app's tells one seller how much the others do.
            Permission::Operator,
            ("Quotas", "Says what is used and left of each quota"),
            list,
        )
        .replies::<Vec<ReportedQuota>>(200, "The granted quotas, plugin by plugin."),
    ]
}

/// A quota, as far as it is known since the host has started.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReportedQuota {
    /// Whose.
    #[schemars(with = "String")]
    pub plugin: PluginId,
    /// By which the grant names it.
    pub name: String,
    /// Whose requests it counts, where accounts have one each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub account: Option<AccountId>,
    /// Over what time: seconds, or a day in a time zone.
    #[schemars(with = "ReportedWindow")]
    pub window: QuotaWindow,
    /// Requests in the window: as the marketplace last said, else as granted.
    pub limit: u32,
    /// Requests of this process in the window that ends now.
    pub used: u32,
    /// What the marketplace said was left, less what was sent since. Absent where it has not said, or
    /// the window is so short that it is over when one reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// How long ago it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_seconds_ago: Option<u64>,
    /// For how long nothing is sent, because the marketplace asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_seconds: Option<u64>,
}

/// [`QuotaWindow`], as JSON has it.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is made")]
enum ReportedWindow {
    /// The last so many seconds.
    Sliding(u32),
    /// From midnight to midnight in this time zone.
    Day(String),
}

pub(super) async fn list(
    _: Caller,
    State(host): State<Arc<Host>>,
) -> Result<Json<Vec<ReportedQuota>>, Problem> {
    let known = host.gateway.quotas();
    let mut all = Vec::new();
    for (installed, is_active) in host.plugins.list()? {
        let plugin = installed.description.id;
        let config = host.config.plugin(&plugin);
        let granted = config.grant.as_ref().filter(|_| is_active);
        for quota in granted.map(|grant| &*grant.quotas).unwrap_or_default() {
            all.extend(reported(&plugin, quota, &known));
        }
    }
    Ok(Json(all))
}

/// A quota of the app's is reported whether anything is known of it or not; those of accounts, of which
/// there may be thousands, as far as anything is.
fn reported(plugin: &PluginId, quota: &Quota, known: &[QuotaUse]) -> Vec<ReportedQuota> {
    let own = known
        .iter()
        .filter(|it| it.plugin == *plugin && it.name == quota.name);
    let mut all: Vec<ReportedQuota> = own.map(|known| told(quota, known)).collect();
    all.sort_by(|one, other| one.account.cmp(&other.account));
    if all.is_empty() && quota.scope == QuotaScope::App {
        all.push(ReportedQuota {
            plugin: plugin.clone(),
            name: quota.name.clone(),
            account: None,
            window: quota.window.clone(),
            limit: quota.limit,
            used: 0,
            left: None,
            said_seconds_ago: None,
            closed_seconds: None,
        });
    }
    all
}

fn told(quota: &Quota, known: &QuotaUse) -> ReportedQuota {
    ReportedQuota {
        plugin: known.plugin.clone(),
        name: known.name.clone(),
        account: known.account.clone(),
        window: quota.window.clone(),
        limit: known.limit,
        used: known.used,
        left: known.left,
        said_seconds_ago: known.said.map(|ago| ago.as_secs()),
        closed_seconds: known.closed.map(|rest| rest.as_secs().max(1)),
    }
}
