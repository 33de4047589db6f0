//! placeholder until the accounts are there
use crate::config::PluginConfig;
use crate::model::AccountId;
use crate::secret::Secret;

/// An access token.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// It.
    pub token: Secret,
    /// Grows with each refresh.
    pub generation: u64,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "placeholder")]
pub enum TokenError {
    #[error("{0}")]
    NeedsConsent(String),
    #[error("{0}")]
    Unavailable(String),
    #[error("{0}")]
    Misconfigured(String),
}

/// Accounts.
#[derive(Debug)]
pub struct Accounts;

#[expect(missing_docs, clippy::unused_async, reason = "placeholder")]
impl Accounts {
    pub async fn bearer(&self, _: &AccountId, _: &PluginConfig) -> Result<Bearer, TokenError> {
        Err(TokenError::Unavailable("placeholder".into()))
    }
    pub async fn refreshed(
        &self,
        _: &AccountId,
        _: &PluginConfig,
        _: u64,
    ) -> Result<Bearer, TokenError> {
        Err(TokenError::Unavailable("placeholder".into()))
    }
}
