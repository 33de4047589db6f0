//! The marketplace's answer: the state is used up, the code becomes tokens, the tokens tell whose
//! they are, and all of it lies sealed as an offer.

use std::future::Future;

use super::callback::{Answer, Callback};
use super::offer::{Offer, Offered, offered};
use super::party::{Browser, Decider, Party};
use super::pending::Exchanging;
use super::{Consent, ConsentError};
use crate::accounts::{Accounts, Bearer, Issued, Provider, Refusal, Words};
use crate::config::PluginConfig;
use crate::model::{Identity, PluginId};
use crate::secret::Secret;
use crate::store::{Commit, Key, StoreError};

/// What came back, where, and with whom. It has no `Debug`: the code stands in the address.
#[derive(Clone, Copy)]
pub struct Returned<'a> {
    /// Whose callback it came to: each marketplace has a path of its own.
    pub plugin: &'a PluginId,
    /// The address that the browser ended at, or its query.
    pub address: &'a str,
    /// Who brings it.
    pub party: Party<'a>,
}

impl Consent {
    /// Makes an offer of what a marketplace answers: uses the state up, changes the code for tokens,
    /// and asks through `identify` whose they are. Tokens that lead to no offer are given back.
    ///
    /// A caller that may go away runs this in a task of its own: tokens that were on their way to it
    /// would be nobody's.
    ///
    /// # Errors
    /// See [`ConsentError`]. After any but `Form`, `UnknownState` and `Mismatch` the state is used
    /// up, and the seller begins again.
    pub async fn answer<F, I, E>(
        &self,
        returned: Returned<'_>,
        config: &PluginConfig,
        identify: F,
    ) -> Result<Offered, ConsentError>
    where
        F: FnOnce(Bearer) -> I,
        I: Future<Output = Result<Identity, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let callback = Callback::read(returned.address)?;
        let state = Key::of([callback.state.digest()]);
        let pending = self.take(&callback, returned).await?;
        let code = match callback.answer {
            Answer::Code(code) => code,
            Answer::Error { code, description } => return Err(denied(&code, &description)),
        };
        let provider =
            Provider::new(&pending.plugin, config).map_err(ConsentError::Misconfigured)?;
        let asked_at = self.now();
        let verifier = pending.verifier.as_ref();
        let issued = self
            .accounts
            .exchange(
                &provider,
                config,
                &code,
                &pending.redirect_uri,
                verifier,
                &state,
            )
            .await
            .map_err(refused)?;
        let (decider, cookie) = match (returned.party, &pending.return_to) {
            (Party::Browser(_), None) => {
                let cookie = Secret::random();
                (Decider::Browser(Browser::of(&cookie)), Some(cookie))
            }
            _ => (Decider::Caller(pending.began_by), None),
        };
        let offer = Offer {
            user: pending.user,
            plugin: pending.plugin.clone(),
            issued,
            asked_at,
            scopes: pending.scopes,
            identity: None,
            account: pending.account,
            decider,
            made_at: self.now(),
            declined: false,
        };
        let offered = self.offer(offer, &state, config, identify).await?;
        Ok(Offered {
            cookie,
            return_to: pending.return_to,
            ..offered
        })
    }

    /// Keeps tokens, then asks whose they are: a host that is killed in between knows what it has to
    /// give back.
    async fn offer<F, I, E>(
        &self,
        mut offer: Offer,
        state: &Key,
        config: &PluginConfig,
        identify: F,
    ) -> Result<Offered, ConsentError>
    where
        F: FnOnce(Bearer) -> I,
        I: Future<Output = Result<Identity, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let id = Secret::random();
        let key = Key::of([id.digest()]);
        let kept = Commit::new()
            .expect_absent::<Offer>(&key)
            .put(&key, &offer)
            .delete::<Exchanging>(state);
        self.store
            .commit(Accounts::without_reply(kept, state))
            .await?;
        let done = match identify(bearer(&offer.issued)).await {
            Ok(identity) => self.identified(&key, &mut offer, identity).await,
            Err(error) => Err(ConsentError::Identify(error.into())),
        };
        match (done, offer.consented()) {
            (Ok(()), Some(consented)) => offered(&self.accounts, id, &offer, &consented),
            (Ok(()), None) => Err(ConsentError::UnknownState),
            (Err(error), _) => {
                self.let_go(&key, config).await?;
                Err(error)
            }
        }
    }

    async fn identified(
        &self,
        key: &Key,
        offer: &mut Offer,
        identity: Identity,
    ) -> Result<(), ConsentError> {
        offer.identity = Some(identity.clone());
        offer.made_at = self.now();
        // Swept away meanwhile, where the marketplace took so long to answer.
        let generation = self.store.get_with_generation::<Offer>(key)?;
        let (_, generation) = generation.ok_or(ConsentError::Expired)?;
        let commit = Commit::new()
            .expect_generation::<Offer>(key, generation)
            .put(key, offer);
        match self.store.commit(commit).await {
            Err(StoreError::Conflict { .. }) => return Err(ConsentError::Expired),
            done => done?,
        }
        offer.refuse_other_seller(&self.accounts, &identity)
    }
}

fn bearer(issued: &Issued) -> Bearer {
    Bearer::unkept(issued.access_token.clone())
}

fn denied(code: &str, description: &str) -> ConsentError {
    let clean = Words::new(std::iter::empty());
    match (code, description) {
        ("access_denied", description) => ConsentError::Denied(clean.clean(description)),
        (code, "") => ConsentError::Refused(clean.clean(code)),
        (code, description) => {
            ConsentError::Refused(clean.clean(&format!("{code}: {description}")))
        }
    }
}

fn refused(refusal: Refusal) -> ConsentError {
    match refusal {
        Refusal::Grant(words) => ConsentError::CodeRefused(words),
        Refusal::Misconfigured(words) | Refusal::TokenType { words, .. } => {
            ConsentError::Misconfigured(words)
        }
        Refusal::NotDone(words) | Refusal::Lost(words) => ConsentError::Unavailable(words),
    }
}
