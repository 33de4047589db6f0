//! A key to the API as everybody but its keeper sees it: whose it is and what it opens. The key's own
//! text is nowhere but with the one to whom it was given.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{KeyId, UserId};
use super::key_scope::{KeyScope, KeyScopes};

/// A key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// By which it is listed and revoked. It opens nothing.
    pub id: KeyId,
    /// Whose things it reaches; `None` for an operator's key, which reaches everybody's and needs no
    /// scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// What it may do.
    #[serde(default, skip_serializing_if = "KeyScopes::is_empty")]
    pub scopes: KeyScopes,
    /// What a person calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it may do this.
    pub fn may(&self, needed: &KeyScope) -> bool {
        self.user.is_none() || self.scopes.iter().any(|scope| scope.covers(needed))
    }
}
