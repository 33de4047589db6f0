//! The cookies by which a browser is known again: one for each consent, so that two tabs do not
//! disturb each other.

use http::{HeaderMap, HeaderValue, header};

use crate::config::PluginConfig;
use crate::consent::{self, default_redirect_uri};
use crate::model::PluginId;
use crate::secret::Secret;

/// How their names begin.
const NAME: &str = "stoflow_consent_";
/// More than a browser keeps for one site; each is hashed.
const COOKIES_MAX: usize = 200;

/// Whether the browser comes back from another site with it, or only from the host's own page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SameSite {
    /// Sent when the marketplace sends the browser back, too.
    Lax,
    /// Sent by the host's own page alone.
    Strict,
}

/// A header that gives a browser a cookie. Without a path it belongs to the folder of the address
/// that set it, as the browser sees that: also behind a proxy that has put the host below another one.
pub(super) fn set(cookie: &Secret, same_site: SameSite, is_https: bool) -> Option<HeaderValue> {
    let name: String = cookie.digest().chars().take(16).collect();
    let secure = if is_https { "; Secure" } else { "" };
    let text = format!(
        "{NAME}{name}={}; Max-Age={}; HttpOnly; SameSite={same_site:?}{secure}",
        cookie.expose(),
        consent::LIFE.as_secs(),
    );
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The cookies of consents that a browser has sent.
pub(super) fn sent(headers: &HeaderMap) -> Vec<Secret> {
    let headers = headers.get_all(header::COOKIE).iter();
    let pairs = headers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter(|(name, _)| name.starts_with(NAME))
        .take(COOKIES_MAX)
        .map(|(_, value)| Secret::new(value.to_owned()))
        .collect()
}

/// Whether browsers reach the host's callback over https: then its cookies go over nothing else. A
/// marketplace that knows the callback by a name takes no other.
pub(super) fn is_https(plugin: &PluginId, config: &PluginConfig) -> bool {
    let address = config.redirect_uri.clone();
    let address = address.unwrap_or_else(|| default_redirect_uri(plugin));
    !address.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_comes_back_among_others() {
        let (a, b) = (Secret::random(), Secret::random());
        let mut headers = HeaderMap::new();
        for cookie in [&a, &b] {
            let set = set(cookie, SameSite::Strict, true).unwrap();
            let set = set.to_str().unwrap();
            assert!(
                set.ends_with("; Max-Age=600; HttpOnly; SameSite=Strict; Secure"),
                "{set}"
            );
            let pair = set.split(';').next().unwrap();
            let sent = format!("theme=dark; {pair};x=y").parse().unwrap();
            headers.append(header::COOKIE, sent);
        }
        assert!(sent(&headers) == [a, b]);
    }

    #[test]
    fn cookies_are_for_https_alone_but_on_this_machine() {
        let etsy: PluginId = "etsy".parse().unwrap();
        for (redirect_uri, expected) in [
            (None, false),
            (Some("http://127.0.0.1:3000/api/etsy/oauth/callback"), false),
            (
                Some("https://stoflow.example/api/etsy/oauth/callback"),
                true,
            ),
            (Some("Stoflow-Stoflow-PRD-abc123"), true),
        ] {
            let config = PluginConfig {
                redirect_uri: redirect_uri.map(str::to_owned),
                ..PluginConfig::default()
            };
            assert_eq!(is_https(&etsy, &config), expected, "{redirect_uri:?}");
        }
        let cookie = set(&Secret::random(), SameSite::Lax, false).unwrap();
        assert!(
            cookie
                .to_str()
                .unwrap()
                .ends_with("; HttpOnly; SameSite=Lax")
        );
    }
}
