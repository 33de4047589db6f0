//! An account is forgotten, and what is remembered of it: that it was there, and why it is not.
//!
//! The mistake that this prevents: somebody who asks for an account that was disconnected being told
//! that there never was one.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::connect::{Seller, seller_key};
use super::history::RefreshHistory;
use super::provider::Provider;
use super::refresh::{Refreshing, Reply};
use super::token::Token;
use super::{Accounts, account_key};
use crate::config::PluginConfig;
use crate::events::{EventKind, News};
use crate::model::{Account, AccountId, PluginId};
use crate::store::{Commit, Key, Record, StoreError};

/// How long it is remembered that an account was there.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What is left of an account that was disconnected: nothing of the seller's, the user's or of a
/// token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Where it was.
    pub plugin: PluginId,
    /// When it was disconnected.
    pub since: Timestamp,
    /// Why.
    pub why: String,
}

impl Record for Tombstone {
    const KIND: &'static str = "account_tombstone";
}

/// What became of a token at the marketplace when its account was disconnected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// The marketplace has taken it back.
    Done,
    /// It offers no way to; the seller can do it in the settings there.
    NotOffered,
    /// It was tried and failed; why.
    Failed(String),
    /// There was nothing to revoke.
    Nothing,
}

impl Accounts {
    /// Disconnects an account: takes its token back at the marketplace, if that is possible, and
    /// forgets the account, its tokens and its settings either way. For 90 days it is remembered
    /// that its id was one. `None` without such an account.
    ///
    /// # Errors
    /// The store's: then nothing is forgotten.
    pub async fn disconnect(
        &self,
        id: &AccountId,
        config: &PluginConfig,
    ) -> Result<Option<(Account, Revocation)>, StoreError> {
        let _turn = self.turns.take(id).await;
        let Some(account) = self.get(id)? else {
            return Ok(None);
        };
        let token: Option<Token> = self.store.get(&account_key(id))?;
        let revocation = match (token, Provider::new(&account.plugin, config)) {
            (None, _) => Revocation::Nothing,
            (Some(_), Err(why)) => Revocation::Failed(why),
            (Some(token), Ok(provider)) => {
                let refresh = token.refresh_token.as_ref();
                self.revoke(&provider, config, &token.access_token, refresh)
                    .await
            }
        };
        let key = account_key(id);
        let seller = seller_key(&account.user, &account.plugin, &account.identity);
        let tombstone = Tombstone {
            plugin: account.plugin.clone(),
            since: self.clock.now(),
            why: "it was disconnected here, and all that was kept of it forgotten".to_owned(),
        };
        let commit = self
            .without_old_tombstones()?
            .delete::<Seller>(&seller)
            .delete::<Account>(&key)
            .delete::<Token>(&key)
            .delete::<RefreshHistory>(&key)
            .delete::<Refreshing>(&key)
            .delete::<Reply>(&key)
            .put(&key, &tombstone);
        let data = json!({ "name": account.identity.name });
        let (kind, at) = (EventKind::AccountDisconnected, tombstone.since);
        let news = News::of(&account, kind, at, data);
        self.events.commit(commit, vec![news]).await?;
        self.lives.forget(id);
        self.proven.forget(id);
        Ok(Some((account, revocation)))
    }

    /// What is remembered of an account that was disconnected in the last 90 days.
    ///
    /// # Errors
    /// The store's.
    pub fn tombstone(&self, id: &AccountId) -> Result<Option<Tombstone>, StoreError> {
        let found: Option<Tombstone> = self.store.get(&account_key(id))?;
        let now = self.clock.now();
        Ok(found.filter(|tombstone| !is_old(tombstone, now)))
    }

    /// A commit that forgets the tombstones that are old.
    pub(super) fn without_old_tombstones(&self) -> Result<Commit, StoreError> {
        let now = self.clock.now();
        let all = self.store.scan::<Tombstone>(&Key::root())?;
        let old = all.iter().filter(|(_, tombstone)| is_old(tombstone, now));
        Ok(old.fold(Commit::new(), |commit, (key, _)| {
            commit.delete::<Tombstone>(key)
        }))
    }
}

fn is_old(tombstone: &Tombstone, now: Timestamp) -> bool {
    now.duration_since(tombstone.since) > REMEMBERED
}
