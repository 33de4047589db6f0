//! Offers: what came of a consent, sealed, until somebody says yes or no to it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::party::Decider;
use super::{ConsentError, ReturnTo};
use crate::accounts::{Accounts, Consented, Issued, narrower};
use crate::model::{AccountId, Identity, PluginId, UserId};
use crate::secret::Secret;
use crate::store::Record;

/// A seller's tokens, under the digest of the offer's id, and what becomes of them with a yes.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Offer {
    pub(super) user: UserId,
    pub(super) plugin: PluginId,
    pub(super) issued: Issued,
    /// When the tokens were asked for.
    pub(super) asked_at: Timestamp,
    /// The scopes that were asked for.
    pub(super) scopes: Vec<String>,
    /// Whose tokens they are; `None` until the marketplace has said it.
    #[serde(default)]
    pub(super) identity: Option<Identity>,
    /// The account that is to be renewed, where one was named.
    #[serde(default)]
    pub(super) account: Option<AccountId>,
    pub(super) decider: Decider,
    /// From when it waits for a decision.
    pub(super) made_at: Timestamp,
    /// Nobody gets it any more: its tokens are being given back.
    #[serde(default)]
    pub(super) declined: bool,
}

impl Record for Offer {
    const KIND: &'static str = "consent_offer";
}

/// A shop that can be connected, and to whom.
#[derive(Debug, Clone)]
pub struct Offered {
    /// By which it is confirmed or declined, once.
    pub id: Secret,
    /// Whose account it will be.
    pub user: UserId,
    /// Who consented.
    pub identity: Identity,
    /// The account that it renews, where the user is connected to the seller.
    pub renews: Option<AccountId>,
    /// What should be known before: scopes that were not consented to.
    pub warnings: Vec<String>,
    /// Until when.
    pub expires_at: Timestamp,
    /// For the browser that is asked: no other one can answer.
    pub cookie: Option<Secret>,
    /// Where the browser is sent on to, for the backend there to answer.
    pub return_to: Option<ReturnTo>,
}

impl Offer {
    /// What an account is made of. `None` while nobody knows whose it is.
    pub(super) fn consented(&self) -> Option<Consented> {
        Some(Consented {
            user: self.user.clone(),
            plugin: self.plugin.clone(),
            identity: self.identity.clone()?,
            issued: self.issued.clone(),
            asked_at: self.asked_at,
            scopes: self.scopes.clone(),
        })
    }

    /// Refuses a seller who is not the one whose account is to be renewed.
    pub(super) fn refuse_other_seller(
        &self,
        accounts: &Accounts,
        identity: &Identity,
    ) -> Result<(), ConsentError> {
        let Some(id) = &self.account else {
            return Ok(());
        };
        let Some(account) = accounts.get(id)? else {
            return Err(ConsentError::AccountGone(id.clone()));
        };
        if account.identity.id == identity.id {
            return Ok(());
        }
        Err(ConsentError::OtherSeller {
            account: id.clone(),
            expected: account.identity.name,
            consented: identity.name.clone(),
        })
    }
}

/// What is said of an offer before it is decided about.
pub(super) fn offered(
    accounts: &Accounts,
    id: Secret,
    offer: &Offer,
    consented: &Consented,
) -> Result<Offered, ConsentError> {
    let identity = consented.identity.clone();
    Ok(Offered {
        id,
        user: offer.user.clone(),
        renews: accounts.connecting(&offer.user, &offer.plugin, &identity)?,
        warnings: narrower(&identity, &consented.missing()),
        identity,
        expires_at: super::end(offer.made_at),
        cookie: None,
        return_to: None,
    })
}
