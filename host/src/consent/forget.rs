//! A user's consents forgotten with him: those that nobody has answered, what came of those that nobody
//! has decided about, and that there were any. Tokens of a user who is gone would be nobody's.

use std::ops::Deref;

use super::Consent;
use super::offer::Offer;
use super::pending::{Pending, Used};
use crate::config::PluginConfig;
use crate::model::{PluginId, UserId};
use crate::store::{Commit, Key, StoreError};

impl Consent {
    /// Gives back what a user was offered, and forgets what was begun for him; how many there were.
    /// `config` is that of a marketplace.
    ///
    /// # Errors
    /// The store's: then the same again goes on. A marketplace that cannot take its tokens back is only
    /// logged.
    pub async fn forget_user<C>(
        &self,
        user: &UserId,
        config: impl Fn(&PluginId) -> C,
    ) -> Result<usize, StoreError>
    where
        C: Deref<Target = PluginConfig>,
    {
        let mut forgotten = 0;
        let mut commit = Commit::new();
        for (key, pending) in self.store.scan::<Pending>(&Key::root())? {
            if pending.user == *user {
                commit = commit.delete::<Pending>(&key);
                forgotten += 1;
            }
        }
        for (key, offer) in self.store.scan::<Offer>(&Key::root())? {
            if offer.user == *user {
                self.let_go(&key, &config(&offer.plugin)).await?;
                forgotten += 1;
            }
        }
        // What was given back has become one of these.
        for (key, used) in self.store.scan::<Used>(&Key::root())? {
            if used.user == *user {
                commit = commit.delete::<Used>(&key);
            }
        }
        if !commit.is_empty() {
            self.store.commit(commit).await?;
        }
        Ok(forgotten)
    }
}
