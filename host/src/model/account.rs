//! One seller's connection to one marketplace, as it is kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccountId, Identity, PluginId, UserId};

/// An account. Its token is a record of its own: whoever reads this reads no secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// Opaque and stable.
    pub id: AccountId,
    /// Who owns it.
    pub user: UserId,
    /// On which marketplace.
    pub plugin: PluginId,
    /// Which seller there.
    pub identity: Identity,
    /// Whether it can be used.
    pub state: AccountState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// What was consented to.
    pub scopes: Vec<String>,
    /// What was asked for beside it and not consented to.
    #[serde(default)]
    pub missing_scopes: Vec<String>,
    /// When it was first connected.
    pub connected_at: Timestamp,
    /// Its own values of the plugin's settings.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// Whether an account can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum AccountState {
    /// Calls work.
    Connected,
    /// The seller has to consent again; why.
    NeedsConsent(String),
}
