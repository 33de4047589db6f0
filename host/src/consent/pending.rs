//! Consents that were begun and are waited for, and what is remembered of those that were used.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::callback::{Answer, Callback};
use super::party::{Browser, Party};
use super::{Consent, ConsentError, ReturnTo, Returned, is_alive, is_over};
use crate::model::{AccountId, PluginId, UserId};
use crate::secret::{Secret, in_record};
use crate::store::{Commit, Key, Record, Store, StoreError};

/// A consent that was begun, under the digest of its state: keys are not secret. The verifier never
/// leaves the host.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) user: UserId,
    pub(super) plugin: PluginId,
    pub(super) redirect_uri: String,
    pub(super) began_by: String,
    #[serde(default)]
    pub(super) browser: Option<Browser>,
    #[serde(default)]
    pub(super) account: Option<AccountId>,
    #[serde(default)]
    pub(super) return_to: Option<ReturnTo>,
    #[serde(default, with = "in_record::option")]
    pub(super) verifier: Option<Secret>,
    pub(super) scopes: Vec<String>,
    pub(super) begun_at: Timestamp,
}

impl Record for Pending {
    const KIND: &'static str = "consent";
}

/// A code that is being changed for tokens, under the digest of the state that it came with.
#[derive(Serialize, Deserialize)]
pub(super) struct Exchanging {
    pub(super) plugin: PluginId,
    pub(super) at: Timestamp,
}

impl Record for Exchanging {
    const KIND: &'static str = "consent_exchange";
}

/// A state, or an offer, that was used.
#[derive(Serialize, Deserialize)]
pub(super) struct Used {
    /// For whom it was begun: nobody else is told that there was one.
    pub(super) user: UserId,
    pub(super) at: Timestamp,
    /// Of which marketplace, and where a browser that brings it again is sent on to.
    #[serde(default)]
    pub(super) return_to: Option<(PluginId, ReturnTo)>,
}

impl Record for Used {
    const KIND: &'static str = "consent_used";
}

impl Consent {
    /// Where the backend is that a browser with this answer is sent on to, whatever becomes of it.
    /// `None` where none was named, or nobody began it.
    pub fn return_to(&self, plugin: &PluginId, address: &str) -> Option<ReturnTo> {
        let callback = Callback::read(address).ok()?;
        let key = Key::of([callback.state.digest()]);
        let pending: Option<Pending> = self.store.get(&key).ok()?;
        let (of, return_to) = match pending {
            Some(pending) => (pending.plugin, pending.return_to?),
            None => self.store.get::<Used>(&key).ok()??.return_to?,
        };
        Some(return_to).filter(|_| of == *plugin)
    }

    /// Takes the pending consent that an answer belongs to, once and for all. From then on it is known
    /// that there may be tokens.
    pub(super) async fn take(
        &self,
        callback: &Callback,
        returned: Returned<'_>,
    ) -> Result<Pending, ConsentError> {
        let key = Key::of([callback.state.digest()]);
        let Some((pending, generation)) = self.store.get_with_generation::<Pending>(&key)? else {
            return Err(unknown(&self.store, &key, returned.party)?);
        };
        refuse_mismatch(&pending, callback, returned)?;
        let now = self.now();
        let return_to = pending.return_to.clone();
        let used = Used {
            user: pending.user.clone(),
            at: now,
            return_to: return_to.map(|return_to| (pending.plugin.clone(), return_to)),
        };
        let mut commit = Commit::new()
            .expect_generation::<Pending>(&key, generation)
            .delete::<Pending>(&key)
            .put(&key, &used);
        if matches!(callback.answer, Answer::Code(_)) {
            let exchanging = Exchanging {
                plugin: pending.plugin.clone(),
                at: now,
            };
            commit = commit.put(&key, &exchanging);
        }
        match self.store.commit(commit).await {
            Err(StoreError::Conflict { .. }) => return Err(ConsentError::Replayed),
            done => done?,
        }
        if is_alive(pending.begun_at, now) {
            Ok(pending)
        } else {
            Err(ConsentError::Expired)
        }
    }

    /// A commit that forgets what is over.
    pub(super) fn forgetting(&self, now: Timestamp) -> Result<Commit, StoreError> {
        let mut commit = Commit::new();
        for (key, pending) in self.store.scan::<Pending>(&Key::root())? {
            // Its answer may still come, and is then told that it is late.
            if is_over(pending.begun_at, now) {
                commit = commit.delete::<Pending>(&key);
            }
        }
        for (key, used) in self.store.scan::<Used>(&Key::root())? {
            if is_over(used.at, now) {
                commit = commit.delete::<Used>(&key);
            }
        }
        Ok(commit)
    }
}

/// What a party is told where nothing waits for it under a key: it was used, or nobody began it.
pub(super) fn unknown(
    store: &Store,
    key: &Key,
    party: Party<'_>,
) -> Result<ConsentError, StoreError> {
    let used: Option<Used> = store.get(key)?;
    let used = used.filter(|used| !party.is_strange_to(&used.user, None));
    Ok(used.map_or(ConsentError::UnknownState, |_| ConsentError::Replayed))
}

/// Whether an answer came where, for what and from whom it was begun.
fn refuse_mismatch(
    pending: &Pending,
    callback: &Callback,
    returned: Returned<'_>,
) -> Result<(), ConsentError> {
    let began_by = Some(pending.began_by.as_str());
    if returned.party.is_strange_to(&pending.user, began_by) {
        return Err(ConsentError::UnknownState);
    }
    if pending.plugin != *returned.plugin {
        return Err(ConsentError::Mismatch("marketplace"));
    }
    match (&pending.browser, returned.party) {
        (Some(browser), Party::Browser(cookies)) if !browser.has_one_of(cookies) => {
            return Err(ConsentError::Mismatch("browser"));
        }
        (Some(_), Party::Caller { .. }) => return Err(ConsentError::Mismatch("browser")),
        (None, Party::Caller { name, .. }) if pending.began_by != name => {
            return Err(ConsentError::Mismatch("key"));
        }
        (None, Party::Caller { user, .. }) if pending.user != *user => {
            return Err(ConsentError::Mismatch("user"));
        }
        _ => {}
    }
    // A name is not a place; where it leads is the marketplace's secret.
    let place = |url: &Url| (url.origin(), url.path().to_owned());
    match (Url::parse(&pending.redirect_uri), &callback.url) {
        (Ok(expected), Some(url)) if expected.has_host() && place(&expected) != place(url) => {
            Err(ConsentError::Mismatch("redirect address"))
        }
        _ => Ok(()),
    }
}
