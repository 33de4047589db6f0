//! For whom a request over TCP is meant, and from whose page it comes. A page of the web can point its
//! own name at this machine (DNS rebinding) and can send forms anywhere; a browser says both, in `Host`
//! and in `Origin` and `Sec-Fetch-Site`, and neither is believed unless it is on the list.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Version};

use super::super::problem::{Problem, ProblemKind};
use crate::config::ServerConfig;

/// Under which names the server is reached, and whose pages may use it.
#[derive(Debug)]
pub(super) struct Hosts {
    names: Vec<(String, Option<u16>)>,
    origins: Vec<String>,
}

impl Hosts {
    pub(super) fn new(config: &ServerConfig) -> Self {
        let names = config.hosts.iter().filter_map(|host| {
            let authority: Authority = host.parse().ok()?;
            Some((authority.host().to_owned(), authority.port_u16()))
        });
        Self {
            names: names.collect(),
            origins: config.cors_origins.clone(),
        }
    }

    /// Whether a request that came in at the address `at` is meant for this server and asked for by
    /// whom it may be.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn check<B>(&self, request: &Request<B>, at: IpAddr) -> Result<(), Problem> {
        let host = host(request)?;
        if !self.is_own(&host, at) {
            return Err(Problem::new(
                ProblemKind::Misdirected,
                format_args!("{host:?} is no name of this server"),
            )
            .remedy("add it to hosts below [server] in stoflow.toml, if it is one"));
        }
        self.check_origin(request.method(), request.headers(), &host)
    }

    /// Addresses are safe where they are this machine's: rebinding takes a name.
    fn is_own(&self, host: &Authority, at: IpAddr) -> bool {
        let name = host.host().to_ascii_lowercase();
        if name == "localhost" {
            return true;
        }
        let address = name.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = address.parse::<IpAddr>()
            && (address.is_loopback() || address == at.to_canonical())
        {
            return true;
        }
        let port = host.port_u16();
        let mut names = self.names.iter();
        names.any(|(own, wanted)| *own == name && (wanted.is_none() || *wanted == port))
    }

    /// What changes something is asked for by a page of the server's own or of a listed origin, or by
    /// what is no page.
    fn check_origin(
        &self,
        method: &Method,
        headers: &HeaderMap,
        host: &Authority,
    ) -> Result<(), Problem> {
        if method.is_safe() {
            return Ok(());
        }
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let origin = headers.get(ORIGIN).map(|_| text("origin").unwrap_or(""));
        let is_own = match (text("sec-fetch-site"), origin) {
            (Some("same-origin" | "none"), _) | (None, None) => true,
            (None, Some(origin)) => is_origin_of(origin, host),
            (Some(_), _) => false,
        };
        if is_own || origin.is_some_and(|origin| self.origins.iter().any(|own| own == origin)) {
            return Ok(());
        }
        Err(Problem::new(
            ProblemKind::NotAllowed,
            "a page of another origin asks for this",
        )
        .remedy(
            "add its origin to cors_origins below [server] in stoflow.toml, if it is one of yours",
        ))
    }
}

/// The one host that a request names.
fn host<B>(request: &Request<B>) -> Result<Authority, Problem> {
    let wrong = |why: &str| Problem::new(ProblemKind::BadRequest, format_args!("Host: {why}"));
    let mut headers = request.headers().get_all(HOST).iter();
    let named = match (headers.next(), headers.next()) {
        (Some(_), Some(_)) => return Err(wrong("stands there twice")),
        (Some(host), None) => Some(host.to_str().ok().and_then(|host| host.parse().ok())),
        (None, _) => None,
    };
    let named: Option<Authority> = match named {
        Some(None) => return Err(wrong("is no host")),
        Some(host) => host,
        None => None,
    };
    // RFC 9112 §3.2: HTTP/1.1 always has it, whatever stands in the first line; RFC 9113 §8.3.1:
    // HTTP/2 has `:authority`.
    let target = request.uri().authority().cloned();
    let host = match (named, target) {
        (None, _) if request.version() == Version::HTTP_11 => return Err(wrong("is missing")),
        (Some(named), Some(target)) if named != target => {
            return Err(wrong("is another one than the request's target"));
        }
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => return Err(wrong("is missing")),
    };
    if host.as_str().contains('@') {
        return Err(wrong("names a user"));
    }
    Ok(host)
}

/// Whether an origin is the host's own; over which scheme it is reached only a proxy knows.
fn is_origin_of(origin: &str, host: &Authority) -> bool {
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let authority = authority.and_then(|text| text.parse::<Authority>().ok());
    authority.is_some_and(|authority| authority == *host)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    fn hosts() -> Hosts {
        Hosts::new(&ServerConfig {
            hosts: vec!["api.example.com".into(), "api.example.org:8443".into()],
            cors_origins: vec!["https://app.example".into()],
            ..ServerConfig::default()
        })
    }

    fn status(method: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri("/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let done = hosts().check(&request.body(()).unwrap(), AT);
        done.err().map_or(200, |problem| problem.status)
    }

    #[test]
    fn only_its_own_names_reach_the_server() {
        for host in [
            "localhost",
            "localhost:7100",
            "127.0.0.1:7100",
            "[::1]:7100",
            "192.0.2.7:7100",
            "api.example.com",
            "API.example.com:443",
            "api.example.org:8443",
        ] {
            assert_eq!(status("GET", &[("host", host)]), 200, "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "api.example.com.",
            "x.api.example.com",
            "api.example.org",
            "api.example.org:443",
            "192.0.2.8",
            "127.0.0.1.nip.io",
        ] {
            assert_eq!(status("GET", &[("host", host)]), 421, "{host}");
        }
        for host in ["u@localhost", "a b", "\u{e9}"] {
            assert_eq!(status("GET", &[("host", host)]), 400, "{host}");
        }
        assert_eq!(status("GET", &[]), 400);
        let twice = [("host", "localhost"), ("host", "localhost")];
        assert_eq!(status("GET", &twice), 400);
    }

    #[test]
    fn the_first_line_names_no_other_host() {
        let asked = |uri: &str, host: Option<&str>, version| {
            let request = Request::builder().uri(uri).version(version);
            let request = match host {
                Some(host) => request.header(HOST, host),
                None => request,
            };
            let done = hosts().check(&request.body(()).unwrap(), AT);
            done.err().map_or(200, |problem| problem.status)
        };
        let v1 = Version::HTTP_11;
        assert_eq!(asked("http://localhost/x", Some("localhost"), v1), 200);
        assert_eq!(asked("http://evil.example/x", Some("localhost"), v1), 400);
        assert_eq!(asked("http://localhost/x", None, v1), 400);
        assert_eq!(asked("http://localhost/x", None, Version::HTTP_2), 200);
        assert_eq!(asked("http://evil.example/", None, Version::HTTP_2), 421);
    }

    #[test]
    fn a_page_of_another_origin_changes_nothing() {
        let asked = |method, headers: &[(&'static str, &'static str)]| {
            let host = [("host", "api.example.com")];
            status(method, &[&host, headers].concat())
        };
        for own in [
            &[][..],
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://api.example.com")],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://app.example"),
            ],
        ] {
            assert_eq!(asked("POST", own), 200, "{own:?}");
        }
        for foreign in [
            &[("sec-fetch-site", "cross-site")][..],
            &[
                ("sec-fetch-site", "same-site"),
                ("origin", "https://x.example.com"),
            ],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://app.example.evil"),
            ],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("sec-fetch-site", "anything")],
        ] {
            assert_eq!(asked("POST", foreign), 403, "{foreign:?}");
            assert_eq!(asked("DELETE", foreign), 403, "{foreign:?}");
            assert_eq!(asked("GET", foreign), 200, "{foreign:?}");
        }
    }
}
