//! How a seller's consent becomes an account: granted provider → state and PKCE → the marketplace's
//! page → code → token → who it speaks for → account; and how an account is disconnected.
//!
//! The mistakes that this prevents: a link that was sent to somebody else connecting their browser's
//! seller to the sender's user (the state is bound to who began), a code used twice, an answer of
//! one marketplace taken for another's (each has a redirect path of its own).

mod callback;
mod error;

pub use error::{BeginError, ConsentError};

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::accounts::{
    Accounts, Bearer, Connected, Consented, Issued, Provider, Refusal, Revocation, Words,
};
use crate::config::PluginConfig;
use crate::model::{Account, AccountId, Identity, PluginId, Redirect, UserId};
use crate::secret::{Secret, in_record};
use crate::store::{Commit, Key, Record, Store, StoreError};
use callback::{Answer, Callback};

/// How long a seller has to say yes.
pub const LIFE: SignedDuration = SignedDuration::from_mins(10);
/// How long a used state is remembered, to tell a replay from a fabrication.
const USED_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// A consent that was begun. The verifier never leaves the host.
#[derive(Serialize, Deserialize)]
struct Pending {
    user: UserId,
    plugin: PluginId,
    redirect_uri: String,
    #[serde(default)]
    began_by: Option<String>,
    #[serde(default, with = "in_record::option")]
    verifier: Option<Secret>,
    scopes: Vec<String>,
    expires_at: Timestamp,
}

impl Record for Pending {
    const KIND: &'static str = "consent";
}

/// A state that was used.
#[derive(Serialize, Deserialize)]
struct Used {
    at: Timestamp,
}

impl Record for Used {
    const KIND: &'static str = "consent_used";
}

/// Where to send the seller.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The marketplace's page, or its stand-in's.
    pub url: Url,
    /// Where the seller's browser comes back to: a URL to listen at, or a name that the
    /// marketplace knows one by.
    pub redirect_uri: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What came back, and where and to whom.
#[derive(Debug, Clone, Copy)]
pub struct Returned<'a> {
    /// Whose callback it came to: each marketplace has a path of its own.
    pub plugin: &'a PluginId,
    /// The address that the browser ended at, or its query.
    pub address: &'a str,
    /// The browser or key that it came from, as it was given to [`Consent::begin`].
    pub began_by: Option<&'a str>,
}

/// What disconnecting an account did.
#[derive(Debug, Clone, PartialEq)]
pub struct Disconnected {
    /// The account, as it was.
    pub account: Account,
    /// What became of its token at the marketplace. The host has forgotten it in any case.
    pub revocation: Revocation,
}

/// Runs consents.
#[derive(Clone)]
pub struct Consent {
    store: Store,
    accounts: Accounts,
}

/// What stands in `redirect_uri` where the operator sets nothing: a path for each marketplace.
pub fn default_redirect_uri(plugin: &PluginId) -> String {
    format!("http://localhost:3000/{plugin}/callback")
}

impl Consent {
    /// Over the accounts of a store.
    pub fn new(store: Store, accounts: Accounts) -> Self {
        Self { store, accounts }
    }

    /// Begins a consent of a user's on a marketplace. `began_by` is the browser or key that begins
    /// it, in any words: only the same can complete it.
    ///
    /// # Errors
    /// No granted provider, no client id, or a name to redirect to that is not set.
    pub async fn begin(
        &self,
        user: &UserId,
        plugin: &PluginId,
        config: &PluginConfig,
        began_by: Option<&str>,
    ) -> Result<Begun, BeginError> {
        let provider = Provider::new(plugin, config).map_err(BeginError::Misconfigured)?;
        let redirect_uri = redirect_uri(plugin, config, provider.granted().redirect)?;
        let authorization = provider.authorize(&redirect_uri);
        let now = self.accounts.clock().now();
        let expires_at = now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
        let pending = Pending {
            user: user.clone(),
            plugin: plugin.clone(),
            redirect_uri: redirect_uri.clone(),
            began_by: began_by.map(str::to_owned),
            verifier: authorization.verifier,
            scopes: provider.scopes(),
            expires_at,
        };
        let commit = self
            .sweep(now)?
            .put(&state_key(&authorization.state), &pending);
        self.store.commit(commit).await?;
        Ok(Begun {
            url: authorization.url,
            redirect_uri,
            expires_at,
        })
    }

    /// Completes a consent: uses the state up, changes the code for tokens, asks through `identify`
    /// whom they speak for, and makes or renews the account.
    ///
    /// # Errors
    /// See [`ConsentError`]. After any but `Form`, `UnknownState` and `Mismatch` the state is used
    /// up, and the seller begins again.
    pub async fn complete<F, I, E>(
        &self,
        returned: Returned<'_>,
        config: &PluginConfig,
        identify: F,
    ) -> Result<Connected, ConsentError>
    where
        F: FnOnce(Bearer) -> I,
        I: Future<Output = Result<Identity, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let callback = Callback::read(returned.address)?;
        let pending = self.take(&callback, returned).await?;
        let code = match callback.answer {
            Answer::Code(code) => code,
            Answer::Error { code, description } => return Err(denied(&code, &description)),
        };
        let provider =
            Provider::new(&pending.plugin, config).map_err(ConsentError::Misconfigured)?;
        let asked_at = self.accounts.clock().now();
        let verifier = pending.verifier.as_ref();
        let issued = self
            .accounts
            .exchange(&provider, config, &code, &pending.redirect_uri, verifier)
            .await
            .map_err(refused)?;
        let identity = match identify(Bearer::unkept(issued.access_token.clone())).await {
            Ok(identity) => identity,
            Err(error) => {
                self.give_back(&provider, config, &issued).await;
                return Err(ConsentError::Identify(error.into()));
            }
        };
        let consented = Consented {
            user: pending.user,
            plugin: pending.plugin.clone(),
            identity,
            issued,
            asked_at,
            scopes: pending.scopes,
        };
        Ok(self.accounts.connect(&provider, &consented).await?)
    }

    /// Disconnects an account: takes its tokens back at the marketplace where that is possible, and
    /// forgets them, the account and its settings. `None` without such an account.
    ///
    /// # Errors
    /// The store's: then nothing is forgotten.
    pub async fn disconnect(
        &self,
        account: &AccountId,
        config: &PluginConfig,
    ) -> Result<Option<Disconnected>, StoreError> {
        let done = self.accounts.disconnect(account, config).await?;
        Ok(done.map(|(account, revocation)| Disconnected {
            account,
            revocation,
        }))
    }

    /// Takes the pending consent that an answer belongs to, once and for all.
    async fn take(
        &self,
        callback: &Callback,
        returned: Returned<'_>,
    ) -> Result<Pending, ConsentError> {
        let key = state_key(&callback.state);
        let Some((pending, generation)) = self.store.get_with_generation::<Pending>(&key)? else {
            let used: Option<Used> = self.store.get(&key)?;
            return Err(used.map_or(ConsentError::UnknownState, |_| ConsentError::Replayed));
        };
        refuse_mismatch(&pending, callback, returned)?;
        let now = self.accounts.clock().now();
        let commit = Commit::new()
            .expect_generation::<Pending>(&key, generation)
            .delete::<Pending>(&key)
            .put(&key, &Used { at: now });
        match self.store.commit(commit).await {
            Err(StoreError::Conflict { .. }) => return Err(ConsentError::Replayed),
            done => done?,
        }
        if pending.expires_at < now {
            return Err(ConsentError::Expired);
        }
        Ok(pending)
    }

    /// Tokens that nobody will keep are taken back, so that they lie around nowhere.
    async fn give_back(&self, provider: &Provider<'_>, config: &PluginConfig, issued: &Issued) {
        let refresh = issued.refresh_token.as_ref();
        let done = self
            .accounts
            .revoke(provider, config, &issued.access_token, refresh)
            .await;
        if let Revocation::Failed(why) = done {
            tracing::warn!(%why, "a token that is not kept could not be taken back");
        }
    }

    /// A commit that forgets what is over.
    fn sweep(&self, now: Timestamp) -> Result<Commit, StoreError> {
        let mut commit = Commit::new();
        for (key, pending) in self.store.scan::<Pending>(&Key::root())? {
            // Its answer may still come, and is then told that it is late.
            if now.duration_since(pending.expires_at) > USED_LIFE {
                commit = commit.delete::<Pending>(&key);
            }
        }
        for (key, used) in self.store.scan::<Used>(&Key::root())? {
            if now.duration_since(used.at) > USED_LIFE {
                commit = commit.delete::<Used>(&key);
            }
        }
        Ok(commit)
    }
}

impl std::fmt::Debug for Consent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Consent")
    }
}

/// The state itself is kept nowhere: keys are not secret.
fn state_key(state: &Secret) -> Key {
    let hash = Sha256::digest(state.expose().as_bytes());
    Key::of([hex::encode(hash)])
}

fn redirect_uri(
    plugin: &PluginId,
    config: &PluginConfig,
    redirect: Redirect,
) -> Result<String, BeginError> {
    let set = |what: &str| {
        let text = format!("{what}: set redirect_uri with stoflow plugin configure {plugin}");
        BeginError::Misconfigured(text)
    };
    match (&config.redirect_uri, redirect) {
        (None, Redirect::Url) => Ok(default_redirect_uri(plugin)),
        (None, Redirect::Name) => Err(set(&format!(
            "{plugin} knows the host's callback by a name"
        ))),
        (Some(name), Redirect::Name) => Ok(name.clone()),
        (Some(url), Redirect::Url) => match Url::parse(url) {
            Ok(parsed) if parsed.has_host() => Ok(url.clone()),
            _ => Err(set(&format!(
                "the redirect_uri of {plugin}, {url:?}, is no URL"
            ))),
        },
    }
}

/// Whether an answer came where, for what and from whom it was begun.
fn refuse_mismatch(
    pending: &Pending,
    callback: &Callback,
    returned: Returned<'_>,
) -> Result<(), ConsentError> {
    if pending.plugin != *returned.plugin {
        return Err(ConsentError::Mismatch("marketplace"));
    }
    if pending.began_by.as_deref() != returned.began_by {
        return Err(ConsentError::Mismatch("browser or key"));
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
