//! What is known of quotas, for people.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use super::line::Quotas;
use crate::model::{AccountId, PluginId};

/// What is known of a quota since this process has made a request that counts against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaUse {
    /// Whose.
    pub plugin: PluginId,
    /// By which the grant names it.
    pub name: String,
    /// Of a quota that accounts have each for itself.
    pub account: Option<AccountId>,
    /// Requests in the window, as the marketplace last said, else as granted.
    pub limit: u32,
    /// Requests of this process in the window that ends now.
    pub used: u32,
    /// What the marketplace said was left of a long window, less what was sent since; it counts other
    /// programs too. `None` where it has not said.
    pub left: Option<u32>,
    /// How long ago it said that.
    pub said: Option<Duration>,
    /// For how long nothing is let through, because the marketplace asked for it.
    pub closed: Option<Duration>,
}

impl Quotas {
    /// All quotas that something is known of.
    pub(in crate::gateway) fn told(&self) -> Vec<QuotaUse> {
        let now = Instant::now();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let told = lines.iter_mut().map(|(key, line)| {
            let known = line.gate.known(now);
            QuotaUse {
                plugin: key.plugin.clone(),
                name: key.name.clone(),
                account: key.account.clone(),
                limit: known.limit,
                used: known.used,
                left: known.left,
                said: known.said,
                closed: known.closed,
            }
        });
        told.collect()
    }
}
