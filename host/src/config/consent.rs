//! The part of `stoflow.toml` about consent, whatever the plugin.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::file::check_origin;

/// What the operator sets for consents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentConfig {
    /// The origins of the operator's own pages to which a browser may be sent back: `return_to` of
    /// no other one is taken.
    #[serde(default)]
    pub return_origins: Vec<String>,
}

impl ConsentConfig {
    /// What an origin has to be.
    ///
    /// # Errors
    /// Which, counted from 0, is none, or would be reached in clear text.
    pub(super) fn check(&self) -> Result<(), (usize, String)> {
        for (index, origin) in self.return_origins.iter().enumerate() {
            check_origin(origin).map_err(|message| (index, message))?;
            if origin.starts_with("http:") && !is_loopback(origin) {
                let message =
                    format!("{origin:?} is not https: anybody on the way could finish the consent");
                return Err((index, message));
            }
        }
        Ok(())
    }
}

fn is_loopback(origin: &str) -> bool {
    let url = Url::parse(origin).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_back_over_https_or_to_this_machine() {
        let check = |origin: &str| {
            let config = ConsentConfig {
                return_origins: vec![origin.to_owned()],
            };
            config.check()
        };
        for origin in [
            "https://app.example",
            "https://app.example:8443",
            "http://localhost:8000",
            "http://127.0.0.1",
            "http://[::1]:8000",
        ] {
            assert_eq!(check(origin), Ok(()));
        }
        for (origin, why) in [
            ("http://app.example", "not https"),
            ("http://localhost.example", "not https"),
            (
                "https://app.example/",
                "write it as \"https://app.example\"",
            ),
            ("app.example", "no origin"),
            ("javascript:alert(1)", "no origin"),
            ("null", "no origin"),
        ] {
            let (_, refused) = check(origin).unwrap_err();
            assert!(refused.contains(why), "{origin}: {refused}");
        }
    }
}
