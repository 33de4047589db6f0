//! Which tokens have worked: from then on the refresh token that was replaced is of no use any more
//! and is forgotten.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Accounts;
use crate::model::AccountId;

/// The generations whose access tokens the marketplace has taken, as far as this process knows.
#[derive(Default)]
pub(super) struct Proven(Mutex<HashMap<AccountId, u64>>);

impl Proven {
    /// Whether this is news.
    fn note(&self, account: &AccountId, generation: u64) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(account.clone(), generation) != Some(generation)
    }

    pub(super) fn forget(&self, account: &AccountId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(account);
    }
}

impl Accounts {
    /// The marketplace has taken the token of this generation. What follows from it is done aside:
    /// nobody waits for it, and if it is not done, an old refresh token is kept a little longer.
    pub fn worked(&self, account: &AccountId, generation: u64) {
        if !self.proven.note(account, generation) {
            return;
        }
        let (accounts, account) = (self.clone(), account.clone());
        tokio::spawn(async move {
            if let Err(error) = accounts.forget_replaced(&account, generation).await {
                tracing::debug!(%account, %error, "a replaced refresh token is kept a little longer");
            }
        });
    }
}
