//! Tokens that nobody will keep are given back, so that they lie around nowhere.
//!
//! An offer is first marked, so that nobody can confirm it meanwhile, then its tokens are taken back
//! at the marketplace, then it is deleted: a host that is killed in between does it again.

use std::time::Duration;

use futures_util::future::{join, join_all};
use jiff::Timestamp;

use super::decide::Declined;
use super::offer::Offer;
use super::pending::{Exchanging, Used};
use super::{Consent, is_alive, is_over};
use crate::accounts::{Accounts, Issued, Provider, Revocation};
use crate::config::PluginConfig;
use crate::model::{Account, Identity, PluginId};
use crate::store::{Commit, Key, StoreError};

/// How long whoever begins a consent waits for what others have left behind.
const SWEEP_TIME: Duration = Duration::from_secs(5);

impl Consent {
    /// Gives back what was offered on a marketplace and not taken in time, and finishes what a kill
    /// interrupted. What takes longer than a few seconds is left for the next time: somebody waits.
    ///
    /// # Errors
    /// The store's. A marketplace that cannot take its tokens back is only logged.
    pub async fn sweep(&self, plugin: &PluginId, config: &PluginConfig) -> Result<(), StoreError> {
        let now = self.now();
        let (mut offers, mut codes) = (Vec::new(), Vec::new());
        // Of plugins that nobody connects any more, or that are not installed.
        let mut forgotten = Commit::new();
        for (key, offer) in self.store.scan::<Offer>(&Key::root())? {
            if offer.plugin == *plugin && is_left(&offer, now) {
                offers.push(key);
            } else if is_over(offer.made_at, now) {
                forgotten = forgotten.delete::<Offer>(&key);
            }
        }
        for (key, code) in self.store.scan::<Exchanging>(&Key::root())? {
            if code.plugin == *plugin && !is_alive(code.at, now) {
                codes.push(key);
            } else if is_over(code.at, now) {
                forgotten = Accounts::without_reply(forgotten.delete::<Exchanging>(&key), &key);
            }
        }
        if !forgotten.is_empty() {
            self.store.commit(forgotten).await?;
        }
        let offers = join_all(offers.iter().map(|key| self.let_go(key, config)));
        let codes = join_all(codes.iter().map(|key| self.finish(key, plugin, config)));
        match tokio::time::timeout(SWEEP_TIME, join(offers, codes)).await {
            Ok((offers, codes)) => {
                let offers = offers.into_iter().map(|done| done.map(drop));
                offers.chain(codes).collect()
            }
            Err(_) => Ok(()),
        }
    }

    /// Gives back what a user was offered of a seller: with the account, all that is kept of it goes.
    pub(super) async fn let_go_of(
        &self,
        account: &Account,
        config: &PluginConfig,
    ) -> Result<(), StoreError> {
        for (key, offer) in self.store.scan::<Offer>(&Key::root())? {
            let seller = offer.identity.as_ref().map(|identity| &identity.id);
            if (&offer.user, &offer.plugin) == (&account.user, &account.plugin)
                && seller == Some(&account.identity.id)
            {
                self.let_go(&key, config).await?;
            }
        }
        Ok(())
    }

    /// Gives back what a code was changed for, if the reply came and nothing else did, and forgets
    /// the code.
    async fn finish(
        &self,
        key: &Key,
        plugin: &PluginId,
        config: &PluginConfig,
    ) -> Result<(), StoreError> {
        if let Ok(provider) = Provider::new(plugin, config)
            && let Some(issued) = self.accounts.replied(&provider, key)?
        {
            self.give_back(&provider, config, &issued).await;
        }
        let done = Commit::new().delete::<Exchanging>(key);
        let done = Accounts::without_reply(done, key);
        self.store.commit(done).await
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
            user: offer.user.clone(),
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
    async fn give_back(
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
