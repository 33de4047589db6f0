//! What a key may do: a noun, and whether it may change it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether something is only looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Access {
    /// It is only looked at.
    Read,
    /// It is changed. Who may change may look.
    Write,
}

/// `listings:read`, `listings:write`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyScope {
    /// `listings`.
    pub noun: String,
    /// Whether it may be changed.
    pub access: Access,
}

/// The scopes of a key.
pub type KeyScopes = BTreeSet<KeyScope>;

/// Why a text is no scope.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the scope {0:?} is not valid: a noun, a colon, and read or write: listings:write")]
pub struct KeyScopeError(String);

impl KeyScope {
    /// This access to this noun.
    pub fn new(noun: impl Into<String>, access: Access) -> Self {
        Self {
            noun: noun.into(),
            access,
        }
    }

    /// Whether it allows what `needed` asks for.
    pub fn covers(&self, needed: &Self) -> bool {
        self.noun == needed.noun && self.access >= needed.access
    }
}

impl FromStr for KeyScope {
    type Err = KeyScopeError;

    fn from_str(text: &str) -> Result<Self, KeyScopeError> {
        let wrong = || KeyScopeError(text.chars().take(80).collect());
        let (noun, access) = text.split_once(':').ok_or_else(wrong)?;
        let access = match access {
            "read" => Access::Read,
            "write" => Access::Write,
            _ => return Err(wrong()),
        };
        let is_noun = (1..=64).contains(&noun.len())
            && noun
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if is_noun {
            Ok(Self::new(noun, access))
        } else {
            Err(wrong())
        }
    }
}

impl TryFrom<String> for KeyScope {
    type Error = KeyScopeError;

    fn try_from(text: String) -> Result<Self, KeyScopeError> {
        text.parse()
    }
}

impl From<KeyScope> for String {
    fn from(scope: KeyScope) -> Self {
        scope.to_string()
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        write!(f, "{}:{access}", self.noun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_change_may_look_and_not_the_other_way() {
        let read: KeyScope = "orders:read".parse().unwrap();
        let write: KeyScope = "orders:write".parse().unwrap();
        assert!(write.covers(&read) && write.covers(&write) && read.covers(&read));
        assert!(!read.covers(&write));
        assert!(!write.covers(&"listings:read".parse().unwrap()));
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        for text in [
            "",
            "orders",
            "orders:",
            ":read",
            "orders:delete",
            "Orders:read",
            "a/b:read",
        ] {
            assert!(text.parse::<KeyScope>().is_err(), "{text:?}");
        }
        assert_eq!(
            "shop:write".parse::<KeyScope>().unwrap().to_string(),
            "shop:write"
        );
    }
}
