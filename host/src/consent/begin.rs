//! The beginning of a consent: where the seller is sent, and what is remembered until they are back.

use jiff::Timestamp;
use url::Url;

use super::party::Browser;
use super::pending::Pending;
use super::{BeginError, Consent, ReturnTo};
use crate::accounts::Provider;
use crate::config::PluginConfig;
use crate::model::{AccountId, PluginId, Redirect, UserId};
use crate::secret::Secret;
use crate::store::Key;

/// What is to be begun.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Whose account it will be.
    pub user: &'a UserId,
    /// On which marketplace.
    pub plugin: &'a PluginId,
    /// Who begins it, by a name that nobody else has: no other caller can finish it.
    pub began_by: &'a str,
    /// Whether a browser begins it. It is given a cookie, and no other browser can bring the answer.
    pub in_browser: bool,
    /// The account that is to be renewed: another seller's consent is refused.
    pub account: Option<&'a AccountId>,
    /// Where the browser is sent in the end, for the backend there to finish it. Without it, the
    /// host asks in the browser.
    pub return_to: Option<&'a ReturnTo>,
}

/// Where to send the seller.
#[derive(Clone)]
pub struct Begun {
    /// The marketplace's page, or its stand-in's.
    pub url: Url,
    /// Where the seller's browser comes back to: a URL to listen at, or a name that the
    /// marketplace knows one by.
    pub redirect_uri: String,
    /// Until when.
    pub expires_at: Timestamp,
    /// For the browser that began it.
    pub cookie: Option<Secret>,
}

/// What stands in `redirect_uri` where the operator sets nothing: a path for each marketplace.
pub fn default_redirect_uri(plugin: &PluginId) -> String {
    format!("http://localhost:3000/{plugin}/callback")
}

impl Consent {
    /// Begins a consent of a user's on a marketplace. What earlier ones left behind is swept away.
    ///
    /// # Errors
    /// No granted provider, no client id, or a name to redirect to that is not set.
    pub async fn begin(&self, wish: Wish<'_>, config: &PluginConfig) -> Result<Begun, BeginError> {
        let plugin = wish.plugin;
        let provider = Provider::new(plugin, config).map_err(BeginError::Misconfigured)?;
        let scopes_are_known = provider.check_scopes_left_out();
        scopes_are_known.map_err(BeginError::Misconfigured)?;
        let redirect_uri = redirect_uri(plugin, config, provider.granted().redirect)?;
        let authorization = provider.authorize(&redirect_uri);
        let cookie = wish.in_browser.then(Secret::random);
        let now = self.now();
        let pending = Pending {
            user: wish.user.clone(),
            plugin: plugin.clone(),
            redirect_uri: redirect_uri.clone(),
            began_by: wish.began_by.to_owned(),
            browser: cookie.as_ref().map(Browser::of),
            account: wish.account.cloned(),
            return_to: wish.return_to.cloned(),
            verifier: authorization.verifier,
            scopes: provider.scopes(),
            begun_at: now,
        };
        let key = Key::of([authorization.state.digest()]);
        let commit = self.forgetting(now)?.put(&key, &pending);
        self.store.commit(commit).await?;
        self.sweep(plugin, config).await?;
        Ok(Begun {
            url: authorization.url,
            redirect_uri,
            expires_at: super::end(now),
            cookie,
        })
    }
}

impl std::fmt::Debug for Begun {
    /// Without the URL, in which the state stands.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Begun")
            .field("redirect_uri", &self.redirect_uri)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
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
