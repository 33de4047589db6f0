//! Where a browser is sent when a backend of the operator's finishes the consent.
//!
//! Whoever may say where the host sends browsers may send them to a place that looks like Stoflow
//! and asks for a password. So only origins that the operator has named are taken, and the address
//! goes out as it was understood, not as it was written: no second reader can understand it
//! differently.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::secret::Secret;

/// The parameter that carries the offer's id.
const CONSENT: &str = "consent";
/// The parameter that carries why there is none.
const ERROR: &str = "error";

/// An address of an origin that the operator has named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReturnTo(Url);

/// Why an address is not returned to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReturnToError {
    /// It is none that a browser can be sent to and asked nothing more.
    #[error("return_to {0}")]
    Form(&'static str),
    /// The operator has not named its origin.
    #[error("return_to leads to {0}, to which the operator sends no browser")]
    Origin(String),
}

impl ReturnTo {
    /// The address, if its origin is one of these.
    ///
    /// # Errors
    /// See [`ReturnToError`].
    pub fn new<'a>(
        text: &str,
        mut origins: impl Iterator<Item = &'a str>,
    ) -> Result<Self, ReturnToError> {
        let form = |why| Err(ReturnToError::Form(why));
        let Ok(url) = Url::parse(text) else {
            return form("is no whole address: it begins with https://");
        };
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return form("is no address of a web page: it begins with https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return form("has a name or a password before its host");
        }
        if url.fragment().is_some() {
            return form("has a # in it, behind which no server sees anything");
        }
        if url
            .query_pairs()
            .any(|(name, _)| name == CONSENT || name == ERROR)
        {
            return form("has a parameter consent or error already");
        }
        let origin = url.origin().ascii_serialization();
        if origins.any(|known| known == origin) {
            Ok(Self(url))
        } else {
            Err(ReturnToError::Origin(origin))
        }
    }

    /// With the offer that its backend finishes.
    pub fn with_consent(&self, id: &Secret) -> Url {
        self.with(CONSENT, id.expose())
    }

    /// With the kind of problem that there is instead.
    pub fn with_error(&self, kind: &str) -> Url {
        self.with(ERROR, kind)
    }

    fn with(&self, name: &str, value: &str) -> Url {
        let mut url = self.0.clone();
        url.query_pairs_mut().append_pair(name, value);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = "https://app.example";

    fn new(text: &str) -> Result<ReturnTo, ReturnToError> {
        ReturnTo::new(text, [APP, "http://localhost:8000"].into_iter())
    }

    #[test]
    fn an_address_of_a_named_origin_is_taken_with_its_query() {
        for (text, sent) in [
            ("https://app.example", "https://app.example/?error=x"),
            (
                "https://APP.example:443/a?b=1",
                "https://app.example/a?b=1&error=x",
            ),
            (
                "http://localhost:8000/é",
                "http://localhost:8000/%C3%A9?error=x",
            ),
        ] {
            assert_eq!(new(text).unwrap().with_error("x").as_str(), sent);
        }
    }

    #[test]
    fn an_address_that_only_looks_like_it_is_refused() {
        let elsewhere = |origin: &str| Err(ReturnToError::Origin(origin.to_owned()));
        for (text, refused) in [
            (
                "https://app.example.evil/",
                elsewhere("https://app.example.evil"),
            ),
            ("http://app.example/", elsewhere("http://app.example")),
            (
                "https://app.example:8443/",
                elsewhere("https://app.example:8443"),
            ),
            (
                "https://evil.example\\@app.example/",
                elsewhere("https://evil.example"),
            ),
            (
                "https:/\\evil.example/app.example",
                elsewhere("https://evil.example"),
            ),
            (
                "https://аpp.example/",
                elsewhere("https://xn--pp-6kc.example"),
            ),
        ] {
            assert_eq!(new(text), refused, "{text}");
        }
        for text in [
            "",
            "/callback",
            "//evil.example/",
            "app.example",
            "javascript:alert(1)//https://app.example",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://app.example@evil.example/",
            "https://user:password@app.example/",
            "https://app.example/#x",
            "https://app.example/?consent=forged",
            "https://app.example/?error=x",
        ] {
            assert!(
                matches!(new(text), Err(ReturnToError::Form(_))),
                "{text}: {:?}",
                new(text)
            );
        }
    }
}
