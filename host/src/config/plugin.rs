//! One plugin's part of `stoflow.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::WebhookSecret;
use super::rates::{Polling, RateLimits};
use crate::model::Grant;
use crate::secret::Secret;

/// The shortest secret that can be guarded: replies are searched for it, and a shorter text would
/// be found where it does not stand (`secret` in any page).
pub const SECRET_BYTES_MIN: usize = 12;

/// What the operator sets for one plugin.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PluginConfig {
    /// The app's id at the marketplace.
    pub client_id: Option<String>,
    /// The app's secret, read from the file that holds it where one is named.
    pub client_secret: Option<Secret>,
    /// By which the marketplace's pushes are known: any of them, so that one can take another's place.
    pub webhook_secrets: Vec<WebhookSecret>,
    /// The `redirect_uri` of consent, to the letter as it is registered.
    pub redirect_uri: Option<String>,
    /// Scopes that sellers are not asked for, though the plugin names them.
    pub scopes_left_out: BTreeSet<String>,
    /// Stand-ins: real origin → the one that is dialled instead (a sandbox). What stands here may
    /// be a loopback address and plain http.
    pub origins: BTreeMap<String, String>,
    /// The operator's values of the plugin's settings.
    pub settings: BTreeMap<String, String>,
    /// The most that is asked of the marketplace.
    pub rate_limits: RateLimits,
    /// How often it is looked at.
    pub polling: Polling,
    /// What the plugin is allowed.
    pub grant: Option<Grant>,
}

impl PluginConfig {
    /// The origin that is dialled for `origin`, and whether the operator named it.
    pub fn stand_in<'a>(&'a self, origin: &'a str) -> (&'a str, bool) {
        match self.origins.get(origin) {
            Some(stand_in) => (stand_in, true),
            None => (origin, false),
        }
    }
}

/// The same as it stands in the file. It has no `Debug`: it may hold the app's secret.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PluginTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client_secret_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) webhook_secrets: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) webhook_secrets_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) redirect_uri: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) scopes_left_out: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) origins: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) settings: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "RateLimits::is_empty")]
    pub(super) rate_limits: RateLimits,
    #[serde(default)]
    pub(super) polling: Polling,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grant: Option<Grant>,
}
