//! The part of `stoflow.toml` about `stoflow serve`: where it listens, under which names it is reached,
//! and how much it takes at once.
//!
//! The defaults serve one machine: loopback alone, no page of another origin. Whoever opens it further
//! says so here, name by name; there is no word that means everybody.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::file::check_origin;
use crate::model::KeyRate;

/// Where it listens if nothing is said; the sandbox is at 7010.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7100);

/// What the operator sets for the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// The address and port that it listens at.
    pub listen: SocketAddr,
    /// The names, with or without a port, under which it is reached besides `localhost`, loopback
    /// addresses and `listen`: those of the proxy before it. A request for any other name is refused.
    pub hosts: Vec<String>,
    /// The origins whose pages may use the API from a browser.
    pub cors_origins: Vec<String>,
    /// Connections at once. Each takes a file of the process: where the system allows it fewer, fewer
    /// are taken. 1,000 slow clients and 200 busy ones fit into the default.
    pub connections_max: usize,
    /// Connections at once of one address that is no loopback one; 0 for as many as there are: all
    /// clients of a proxy come from its address.
    pub connections_per_address_max: usize,
    /// Requests worked on at once; those that find no place within a few seconds are told to come
    /// again.
    pub requests_max: usize,
    /// Requests per second of a key that has no number of its own.
    pub key_requests_per_second: u32,
    /// Requests at once of such a key, after a pause.
    pub key_burst: u32,
    /// Seconds from the first byte of a request's head to its last one, and from connecting to the
    /// end of the first head.
    pub head_seconds: u32,
    /// Seconds that a connection is kept between two requests.
    pub idle_seconds: u32,
    /// Seconds in which nothing of a request's body comes, until it is given up.
    pub body_seconds: u32,
    /// Seconds in which a client takes nothing of its reply, until it is given up.
    pub reply_seconds: u32,
    /// Seconds that running requests have to finish when the server is stopped.
    pub grace_seconds: u32,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: LISTEN,
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            connections_max: 2048,
            connections_per_address_max: 64,
            requests_max: 512,
            // Those of a backend that shows pages to people, and a list of twenty opened all at once.
            key_requests_per_second: 20,
            key_burst: 60,
            head_seconds: 9,
            // Longer than the proxies' 60: who closes first must not be the one who is asked.
            idle_seconds: 75,
            body_seconds: 15,
            reply_seconds: 30,
            grace_seconds: 25,
        }
    }
}

impl ServerConfig {
    /// How long a request's head may take.
    pub fn head_time(&self) -> Duration {
        seconds(self.head_seconds)
    }

    /// How long a connection is kept between two requests.
    pub fn idle_time(&self) -> Duration {
        seconds(self.idle_seconds)
    }

    /// How long nothing of a body may come.
    pub fn body_time(&self) -> Duration {
        seconds(self.body_seconds)
    }

    /// How long nothing of a reply may be taken.
    pub fn reply_time(&self) -> Duration {
        seconds(self.reply_seconds)
    }

    /// How long running requests may take to finish.
    pub fn grace(&self) -> Duration {
        seconds(self.grace_seconds)
    }

    /// How many requests a key may make that has no number of its own.
    pub fn key_rate(&self) -> KeyRate {
        KeyRate::new(self.key_requests_per_second, self.key_burst)
    }

    /// What the values have to be.
    ///
    /// # Errors
    /// The key whose value cannot be used, and why.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        for host in &self.hosts {
            check_host(host).map_err(|message| ("hosts", message))?;
        }
        for origin in &self.cors_origins {
            check_origin(origin).map_err(|message| ("cors_origins", message))?;
        }
        let counts = [
            ("connections_max", self.connections_max),
            ("requests_max", self.requests_max),
        ];
        let rates = [
            ("key_requests_per_second", self.key_requests_per_second),
            ("key_burst", self.key_burst),
        ];
        let times = [
            ("head_seconds", self.head_seconds),
            ("idle_seconds", self.idle_seconds),
            ("body_seconds", self.body_seconds),
            ("reply_seconds", self.reply_seconds),
        ];
        let others = rates.into_iter().chain(times);
        let others = others.map(|(key, number)| (key, number as usize));
        let zero = counts.into_iter().chain(others).find(|(_, n)| *n == 0);
        match zero {
            Some((key, _)) => Err((key, "has to be at least 1".to_owned())),
            None => Ok(()),
        }
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

/// A name or address as a browser sends it in `Host`: lower case, with a port or without one.
fn check_host(text: &str) -> Result<(), String> {
    let wrong = || {
        format!(
            "{text:?} is no host; write it like \"api.example.com\" or \"api.example.com:8443\""
        )
    };
    let authority: http::uri::Authority = text.parse().map_err(|_| wrong())?;
    let is_plain = !text.contains(['@', '*']) && text == text.to_ascii_lowercase();
    let has_port = authority.port().is_none() || authority.port_u16().is_some();
    // As the URL Standard reads it, so that what is compared is what a browser sends.
    let url = url::Url::parse(&format!("http://{text}/")).map_err(|_| wrong())?;
    let is_host = url.host_str() == Some(authority.host());
    if is_plain && has_port && is_host {
        Ok(())
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_has_a_value_that_opens_nothing() {
        let config: ServerConfig = toml_edit::de::from_str("requests_max = 3").unwrap();
        assert_eq!(config.check(), Ok(()));
        assert!(config.listen.ip().is_loopback());
        assert!(config.hosts.is_empty() && config.cors_origins.is_empty());
        assert_eq!(config.requests_max, 3);
        assert_eq!(config.head_time(), Duration::from_secs(9));
    }

    #[test]
    fn a_host_is_a_name_and_perhaps_a_port() {
        for host in [
            "api.example.com",
            "api.example.com:8443",
            "[::1]:7100",
            "10.0.0.1",
        ] {
            assert_eq!(check_host(host), Ok(()), "{host}");
        }
        for host in [
            "",
            "*",
            "*.example.com",
            "https://api.example.com",
            "API.example.com",
            "u@h",
            "h/x",
            "h:99999",
            "a b",
        ] {
            assert!(check_host(host).is_err(), "{host}");
        }
    }

    #[test]
    fn everybody_is_no_origin_and_nothing_is_no_number() {
        let with = |change: fn(&mut ServerConfig)| {
            let mut config = ServerConfig::default();
            change(&mut config);
            config.check().unwrap_err().0
        };
        assert_eq!(
            with(|config| config.cors_origins = vec!["*".into()]),
            "cors_origins"
        );
        assert_eq!(with(|config| config.requests_max = 0), "requests_max");
        assert_eq!(with(|config| config.head_seconds = 0), "head_seconds");
        assert_eq!(with(|config| config.hosts = vec!["*".into()]), "hosts");
    }
}
