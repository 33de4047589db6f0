//! Where sellers' tokens come from, as the gateway sees it: the accounts, and in tests whatever
//! plays them.

use std::future::Future;
use std::pin::Pin;

use crate::accounts::{Accounts, Bearer, TokenError};
use crate::config::PluginConfig;
use crate::model::AccountId;

/// A token, or why there is none, when it is there.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Bearer, TokenError>> + Send + 'a>>;

/// Where the gateway has sellers' tokens from.
pub trait Tokens: Send + Sync {
    /// A token that is good for a while.
    fn bearer<'a>(&'a self, account: &'a AccountId, config: &'a PluginConfig) -> TokenFuture<'a>;

    /// A newer token than the one of generation `refused`, which the marketplace did not take.
    fn refreshed<'a>(
        &'a self,
        account: &'a AccountId,
        config: &'a PluginConfig,
        refused: u64,
    ) -> TokenFuture<'a>;

    /// The marketplace has taken the token of this generation.
    fn worked(&self, _account: &AccountId, _generation: u64) {}
}

impl Tokens for Accounts {
    fn bearer<'a>(&'a self, account: &'a AccountId, config: &'a PluginConfig) -> TokenFuture<'a> {
        Box::pin(self.bearer(account, config))
    }

    fn refreshed<'a>(
        &'a self,
        account: &'a AccountId,
        config: &'a PluginConfig,
        refused: u64,
    ) -> TokenFuture<'a> {
        Box::pin(self.refreshed(account, config, refused))
    }

    fn worked(&self, account: &AccountId, generation: u64) {
        self.worked(account, generation);
    }
}
