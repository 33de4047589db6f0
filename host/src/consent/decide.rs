//! The decision about an offer: yes makes or renews the account, no gives the tokens back. Both are
//! final.

use super::offer::Offer;
use super::party::{Decider, Party};
use super::pending::{Used, unknown};
use super::{Consent, ConsentError, is_alive};
use crate::accounts::{Connected, Provider, Revocation};
use crate::config::PluginConfig;
use crate::model::{Identity, PluginId};
use crate::secret::Secret;
use crate::store::{Commit, Key, StoreError};

/// An offer that nobody wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Declined {
    /// Whose it was.
    pub identity: Option<Identity>,
    /// What became of the tokens at the marketplace. The host has forgotten them in any case.
    /// `None`: nobody asked it, because the shop is connected, and the marketplace might end that too.
    pub revocation: Option<Revocation>,
}

impl Consent {
    /// Connects what was offered: makes the account, or renews it.
    ///
    /// # Errors
    /// See [`ConsentError`]: the offer is not there any more, or somebody else's; then nothing has
    /// changed. What was offered for another user, to be renewed with another seller's consent, or
    /// too long ago is given back.
    pub async fn confirm(
        &self,
        plugin: &PluginId,
        id: &Secret,
        party: Party<'_>,
        config: &PluginConfig,
    ) -> Result<Connected, ConsentError> {
        let key = Key::of([id.digest()]);
        loop {
            let (offer, generation) = self.open(&key, plugin, party, config).await?;
            let Some(consented) = offer.consented() else {
                return Err(ConsentError::UnknownState);
            };
            if let Err(error) = offer.refuse_other_seller(&self.accounts, &consented.identity) {
                self.let_go(&key, config).await?;
                return Err(error);
            }
            let provider = Provider::new(plugin, config).map_err(ConsentError::Misconfigured)?;
            let used = Used {
                user: offer.user.clone(),
                at: self.now(),
                return_to: None,
            };
            let commit = Commit::new()
                .expect_generation::<Offer>(&key, generation)
                .delete::<Offer>(&key)
                .put(&key, &used);
            match self.accounts.connect(&provider, &consented, commit).await {
                // Somebody was faster with this offer, this seller or a setting: look again.
                Err(StoreError::Conflict { .. }) => {}
                done => return Ok(done?),
            }
        }
    }

    /// Gives back what was offered.
    ///
    /// # Errors
    /// As [`Consent::confirm`].
    pub async fn decline(
        &self,
        plugin: &PluginId,
        id: &Secret,
        party: Party<'_>,
        config: &PluginConfig,
    ) -> Result<Declined, ConsentError> {
        let key = Key::of([id.digest()]);
        self.open(&key, plugin, party, config).await?;
        let declined = self.let_go(&key, config).await?;
        // Confirmed or declined meanwhile.
        declined.ok_or(ConsentError::Replayed)
    }

    /// An offer for the one who may decide about it, and its generation.
    async fn open(
        &self,
        key: &Key,
        plugin: &PluginId,
        party: Party<'_>,
        config: &PluginConfig,
    ) -> Result<(Offer, u64), ConsentError> {
        let found = self.store.get_with_generation::<Offer>(key)?;
        let Some((offer, generation)) = found.filter(|(offer, _)| !offer.declined) else {
            return Err(unknown(&self.store, key, party)?);
        };
        if party.is_strange_to(&offer.user, offer.decider.caller()) {
            return Err(ConsentError::UnknownState);
        }
        if offer.plugin != *plugin {
            return Err(ConsentError::Mismatch("marketplace"));
        }
        match (&offer.decider, party) {
            (Decider::Browser(browser), Party::Browser(cookies)) if browser.has_one_of(cookies) => {
            }
            (Decider::Caller(began_by), Party::Caller { name, user }) if began_by == name => {
                if offer.user != *user {
                    // Whoever consented was not the one who began: their tokens are nobody's here.
                    self.let_go(key, config).await?;
                    return Err(ConsentError::Mismatch("user"));
                }
            }
            (Decider::Browser(_), _) => return Err(ConsentError::Mismatch("browser")),
            (Decider::Caller(_), _) => return Err(ConsentError::Mismatch("key")),
        }
        if !is_alive(offer.made_at, self.now()) {
            self.let_go(key, config).await?;
            return Err(ConsentError::Expired);
        }
        Ok((offer, generation))
    }
}
