//! A key to the API as everybody but its keeper sees it: whose it is and what it opens. The key's own
//! text is nowhere but with the one to whom it was given.

use std::num::NonZeroU32;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{KeyId, UserId};
use super::key_scope::{KeyScope, KeyScopes};

/// How many requests a key may make: so many per second, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRate {
    /// Requests per second, for ever.
    pub per_second: NonZeroU32,
    /// Requests at once, after none for some seconds.
    pub burst: NonZeroU32,
}

impl KeyRate {
    /// Of these numbers; at least one of each.
    pub const fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second: at_least_one(per_second),
            burst: at_least_one(burst),
        }
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKey {
    /// By which it is listed and revoked. It opens nothing.
    #[schemars(with = "String")]
    pub id: KeyId,
    /// Whose things it reaches; `None` for an operator's key, which reaches everybody's and needs no
    /// scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub user: Option<UserId>,
    /// What it may do.
    #[serde(default, skip_serializing_if = "KeyScopes::is_empty")]
    #[schemars(with = "std::collections::BTreeSet<String>")]
    pub scopes: KeyScopes,
    /// What a person calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was made.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Timestamp>,
    /// How many requests it may make; the usual number where it has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<KeyRate>,
}

impl ApiKey {
    /// Whether it may do this.
    pub fn may(&self, needed: &KeyScope) -> bool {
        self.user.is_none() || self.scopes.iter().any(|scope| scope.covers(needed))
    }
}
