//! Why a text is no key, and why a key cannot be made. Neither shows a key's text.

use jiff::Timestamp;

use super::NAME_CHARS_MAX;
use crate::model::UserId;
use crate::store::StoreError;

/// Why a text opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is no key's. Which part of it is wrong is not said.
    #[error("there is no such key")]
    Unknown,
    /// The key's time is over.
    #[error("the key has expired")]
    Expired,
    /// The key was taken back.
    #[error("the key was revoked")]
    Revoked,
}

/// Why a key cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A user's key that may do nothing.
    #[error("a key of {0}'s without a scope would open nothing: name what it may do")]
    NoScopes(UserId),
    /// An operator's key is not narrowed.
    #[error("an operator's key may do everything: it takes no scopes")]
    ScopesOfOperator,
    /// The name is too long, empty or more than a line.
    #[error("a key's name is one line of 1 to {NAME_CHARS_MAX} characters")]
    Name,
    /// It would open nothing from the beginning.
    #[error("the key would have expired at {0}: that is past")]
    Past(Timestamp),
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}
