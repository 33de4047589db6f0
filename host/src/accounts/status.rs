//! What may be told of an account: whether it works, since when and why not, how old its token is,
//! and how its refreshes ended. No secret is among it.

use jiff::Timestamp;

use super::history::RefreshHistory;
use super::token::Token;
use super::{Accounts, account_key};
use crate::model::{Account, AccountId, AccountState};
use crate::store::StoreError;

/// What may be told of an account's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenStatus {
    /// When the access token was asked for: at the last refresh.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Until when it can be refreshed; `None` where it cannot, or nobody knows.
    pub refresh_expires_at: Option<Timestamp>,
    /// How often it has been replaced.
    pub generation: u64,
}

/// What may be told of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountStatus {
    /// The account with its state.
    pub account: Account,
    /// Its token; `None` where none is kept.
    pub token: Option<TokenStatus>,
    /// How its refreshes ended.
    pub refreshes: RefreshHistory,
    /// When it is refreshed though nobody uses it; `None` where it is not.
    pub idle_refresh_at: Option<Timestamp>,
}

impl Accounts {
    /// What may be told of an account. `None` without such an account.
    ///
    /// # Errors
    /// The store's.
    pub fn status(&self, id: &AccountId) -> Result<Option<AccountStatus>, StoreError> {
        let Some(account) = self.get(id)? else {
            return Ok(None);
        };
        let token: Option<Token> = self.store.get(&account_key(id))?;
        let is_connected = account.state == AccountState::Connected;
        let connected = token.as_ref().filter(|_| is_connected);
        Ok(Some(AccountStatus {
            account,
            refreshes: self.history(id)?,
            idle_refresh_at: connected.and_then(|token| token.idle_due(id, self.clock.now())),
            token: token.as_ref().map(told),
        }))
    }

    /// What may be told of an account's token.
    ///
    /// # Errors
    /// The store's.
    pub fn token_status(&self, account: &AccountId) -> Result<Option<TokenStatus>, StoreError> {
        let token: Option<Token> = self.store.get(&account_key(account))?;
        Ok(token.as_ref().map(told))
    }
}

fn told(token: &Token) -> TokenStatus {
    TokenStatus {
        issued_at: token.issued_at,
        expires_at: token.expires_at,
        refresh_expires_at: token.refresh_expires_at,
        generation: token.generation,
    }
}
