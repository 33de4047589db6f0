//! Why there is no token, by what has to be done about it.

use crate::model::AccountId;

/// Why an account has no token to call with. No text in it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The marketplace has taken the connection back: only the seller can give it again.
    #[error("the seller has to consent again: {0}")]
    NeedsConsent(String),
    /// It may work later. The connection is kept, however long this lasts.
    #[error("no token for now: {0}")]
    Unavailable(String),
    /// The operator has to change something.
    #[error("the marketplace's app is not set up: {0}")]
    Misconfigured(String),
    /// The operator has to set this machine's clock. The connection is kept.
    #[error("no token while the clock is wrong: {0}")]
    ClockWrong(String),
    /// There is no such account.
    #[error("there is no account {0}")]
    Unknown(AccountId),
}

impl TokenError {
    /// A store that fails keeps every connection: nothing about the account has changed.
    pub(super) fn store(error: &crate::store::StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }

    /// Whether a token that still lives may be used all the same.
    pub(super) fn spares_the_old_token(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Misconfigured(_) | Self::ClockWrong(_) => true,
            Self::NeedsConsent(_) | Self::Unknown(_) => false,
        }
    }
}
