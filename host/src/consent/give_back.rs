//! Tokens that nobody will keep are given back, so that they lie around nowhere.
//!
//! An offer is first marked, so that nobody can confirm it meanwhile, then its tokens are taken back
//! at the marketplace, then it is deleted: a host that is killed in between does it again.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::decide::Declined;
use super::offer::Offer;
use super::pending::Used;
use super::{Consent, is_alive, is_over};
use crate::accounts::{Issued, Provider, Revocation};
use crate::config::PluginConfig;
use crate::model::{Identity, PluginId};
use crate::store::{Commit, Key, StoreError};

/// How long whoever begins a consent waits for what others have left behind.
const SWEEP_TIME: Duration = Duration::from_secs(5);

impl Consent {
    /// Gives back what was offered on a marketplace and not taken in time, and finishes what a kill
    /// interrupted. What takes longer than [`SWEEP_TIME`] is left for the next time: somebody waits.
    ///
    /// # Errors
    /// The store's. A marketplace that cannot take its tokens back is only logged.
    pub async fn sweep(&self, plugin: &PluginId, config: &PluginConfig) -> Result<(), StoreError> {
        let now = self.now();
        let mut left = Vec::new();
        for (key, offer) in self.store.scan::<Offer>(&Key::root())? {
            if offer.plugin == *plugin && is_left(&offer, now) {
                left.push(key);
            } else if is_over(offer.made_at, now) {
                // Of a plugin that nobody connects any more, or that is not installed.
                let forget = Commit::new().delete::<Offer>(&key);
                self.store.commit(forget).await?;
            }
        }
        let given_back = join_all(left.iter().map(|key| self.let_go(key, config)));
        match tokio::time::timeout(SWEEP_TIME, given_back).await {
            Ok(done) => done.into_iter().try_for_each(|done| done.map(drop)),
            Err(_) => Ok(()),
        }
    }

    /// Gives an offer's tokens back and forgets it. `None` if it is not there any more.
    pub(super) async fn let_go(
        &self,
        key: &Key,
        config: &PluginConfig,
    ) -> Result<Option<Declined>, StoreError> {
        let found = self.store.get_with_generation::<Offer>(key)?;
        let Some((mut offer, generation)) = found else {
            return Ok(None);
        };
        offer.declined = true;
        let used = Used {
            at: self.now(),
            return_to: None,
        };
        let marked = Commit::new()
            .expect_generation::<Offer>(key, generation)
            .put(key, &offer)
            .put(key, &used);
        match self.store.commit(marked).await {
            Err(StoreError::Conflict { .. }) => return Ok(None),
            done => done?,
        }
        let revocation = match &offer.identity {
            Some(identity) if self.is_connected(&offer.plugin, identity)? => None,
            _ => Some(match Provider::new(&offer.plugin, config) {
                Ok(provider) => self.give_back(&provider, config, &offer.issued).await,
                Err(why) => Revocation::Failed(why),
            }),
        };
        self.store
            .commit(Commit::new().delete::<Offer>(key))
            .await?;
        Ok(Some(Declined {
            identity: offer.identity,
            revocation,
        }))
    }

    /// Takes tokens back at the marketplace, as far as it can.
    pub(super) async fn give_back(
        &self,
        provider: &Provider<'_>,
        config: &PluginConfig,
        issued: &Issued,
    ) -> Revocation {
        let refresh = issued.refresh_token.as_ref();
        let done = self
            .accounts
            .revoke(provider, config, &issued.access_token, refresh)
            .await;
        if let Revocation::Failed(why) = &done {
            tracing::warn!(%why, "a token that is not kept could not be taken back");
        }
        done
    }

    /// Whether any user is connected to the seller: a marketplace may end all that it has given the
    /// app for a seller with one of the tokens (RFC 7009 §2.1).
    fn is_connected(&self, plugin: &PluginId, identity: &Identity) -> Result<bool, StoreError> {
        let accounts = self.accounts.list(None)?;
        let mut accounts = accounts.iter();
        Ok(accounts.any(|account| account.plugin == *plugin && account.identity.id == identity.id))
    }
}

/// Whether an offer is nobody's any more.
fn is_left(offer: &Offer, now: Timestamp) -> bool {
    offer.declined || !is_alive(offer.made_at, now)
}
