//! Scheme, host and port as one value, and which of them may be dialled how.
//!
//! Origins are compared here and nowhere else, so that `https://api.etsy.com` and
//! `https://API.etsy.com:443` are one, and `https://api.etsy.com.` or `https://x@api.etsy.com` are
//! none.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use crate::config::PluginConfig;

/// An `http` or `https` origin: what a grant names and a connection goes to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

/// Why a text is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an origin: {rule}; write it like https://api.example.com")]
pub struct OriginError {
    text: String,
    rule: &'static str,
}

impl Origin {
    /// The origin of a URL. `None` where it is none of http and https, has no host, or its host
    /// ends in a dot (another name for the same host, which would slip past a comparison).
    pub fn of(url: &Url) -> Option<Self> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = url.host_str()?;
        if host.ends_with('.') {
            return None;
        }
        Some(Self {
            secure,
            host: host.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Whether it is https.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host, lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `url` at this origin, all else as it was. `None` where the URL cannot have a host.
    pub fn rewrite(&self, url: &Url) -> Option<Url> {
        let mut url = url.clone();
        url.set_scheme(if self.secure { "https" } else { "http" })
            .ok()?;
        url.set_host(Some(&self.host)).ok()?;
        url.set_port(Some(self.port)).ok()?;
        (Self::of(&url).as_ref() == Some(self)).then_some(url)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let error = |rule| OriginError {
            text: text.chars().take(200).collect(),
            rule,
        };
        let url = Url::parse(text).map_err(|_| error("it is not a URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(error("it names a user"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(error("it has a path"));
        }
        Self::of(&url).ok_or_else(|| error("it is not http or https with a host"))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.secure {
            ("https", 443)
        } else {
            ("http", 80)
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port != usual {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// What may be dialled for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Publicly routable addresses, by name, over TLS.
    Public,
    /// This origin, which the operator's configuration names: any address, plain http too.
    Named(Origin),
}

/// Where a request for a URL really goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What is dialled.
    pub url: Url,
    /// How.
    pub allowed: Allowed,
}

impl Target {
    /// The stand-in that the operator's configuration names for the URL's origin, else the URL
    /// itself, publicly.
    pub fn of(url: &Url, config: &PluginConfig) -> Self {
        let stand_in = Origin::of(url).and_then(|origin| stand_in(&origin, config));
        let rewritten = stand_in.and_then(|named| Some((named.rewrite(url)?, named)));
        match rewritten {
            Some((url, named)) => Self {
                url,
                allowed: Allowed::Named(named),
            },
            None => Self {
                url: url.clone(),
                allowed: Allowed::Public,
            },
        }
    }
}

/// What the operator's configuration names to be dialled instead of `origin`.
pub fn stand_in(origin: &Origin, config: &PluginConfig) -> Option<Origin> {
    let (_, named) = config
        .origins
        .iter()
        .find(|(real, _)| real.parse().as_ref() == Ok(origin))?;
    named.parse().ok()
}

/// Whether the host of a URL is an address and no name. A resolver is never asked for one, so it
/// has to be refused before.
pub(super) fn is_literal(url: &Url) -> bool {
    !matches!(url.host(), Some(Host::Domain(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_origin_are_equal() {
        assert_eq!(
            origin("https://api.etsy.com"),
            origin("HTTPS://API.Etsy.com:443/")
        );
        assert_eq!(
            origin("http://127.0.0.1:7010"),
            origin("http://0x7f.1:7010")
        );
        assert_ne!(
            origin("https://api.etsy.com"),
            origin("http://api.etsy.com")
        );
        assert_ne!(
            origin("https://api.etsy.com"),
            origin("https://api.etsy.com:8443")
        );
        assert_eq!(
            origin("https://api.etsy.com:443").to_string(),
            "https://api.etsy.com"
        );
        assert_eq!(
            origin("http://127.0.0.1:7010").to_string(),
            "http://127.0.0.1:7010"
        );
    }

    #[test]
    fn what_is_no_origin_is_refused_with_the_reason() {
        for (text, reason) in [
            ("api.etsy.com", "not a URL"),
            ("https://", "not a URL"),
            ("https://a@api.etsy.com", "names a user"),
            ("https://api.etsy.com/v3", "has a path"),
            ("https://api.etsy.com?x", "has a path"),
            ("https://api.etsy.com.", "with a host"),
            ("ftp://api.etsy.com", "not http or https"),
        ] {
            let error = text.parse::<Origin>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_stand_in_takes_the_place_of_the_real_origin_and_of_no_other() {
        let config = PluginConfig {
            origins: [(
                "https://api.etsy.com:443/".into(),
                "http://127.0.0.1:7010".into(),
            )]
            .into(),
            ..PluginConfig::default()
        };
        let target = |text: &str| Target::of(&Url::parse(text).unwrap(), &config);
        let there = target("https://api.etsy.com/v3/x?a=1%2F");
        assert_eq!(there.url.as_str(), "http://127.0.0.1:7010/v3/x?a=1%2F");
        assert_eq!(
            there.allowed,
            Allowed::Named(origin("http://127.0.0.1:7010"))
        );
        assert_eq!(
            target("https://api.etsy.com:8443/v3").allowed,
            Allowed::Public
        );
        assert_eq!(
            target("https://openapi.etsy.com/v3").allowed,
            Allowed::Public
        );
    }

    #[test]
    fn addresses_are_told_from_names() {
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://[::1]/",
            "http://0177.1/",
        ] {
            assert!(is_literal(&Url::parse(text).unwrap()), "{text}");
        }
        assert!(!is_literal(&Url::parse("https://api.etsy.com/").unwrap()));
    }
}
