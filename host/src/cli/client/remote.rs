//! A server elsewhere, asked over HTTPS with a key.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use futures_util::TryStreamExt as _;
use http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use url::{Host, Url};

use super::daemon::broke_off;
use crate::api::ProblemKind;
use crate::cli::Failure;
use crate::config::Layers;
use crate::secret::Secret;
use crate::transport::{
    Allowed, Body as OutboundBody, Origin, Outbound, Transport, TransportError,
};

/// Until the reply begins: a product's pictures go there first, and a publication may take minutes.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Where a key is that no file is named for.
const KEY_VARIABLE: &str = "STOFLOW_KEY";

/// Of a file that holds a key.
const KEY_BYTES_MAX: u64 = 4096;

/// A server and the key to it.
#[derive(Clone)]
pub(in crate::cli) struct Remote {
    origin: Origin,
    /// Without a slash at its end: where a proxy has put the API.
    base: Url,
    key: Secret,
    transport: Transport,
}

impl Remote {
    /// The server at a URL, with the key of a file or of `STOFLOW_KEY`.
    ///
    /// # Errors
    /// It is no URL of a server, a key would go there in clear text, or there is no key.
    pub(in crate::cli) fn new(
        server: &str,
        key_file: Option<&Path>,
        layers: &Layers,
    ) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::usage(format_args!("--server {server}: {why}"));
        let mut base = Url::parse(server)
            .map_err(|_| wrong("is no URL; write it like https://stoflow.example.com"))?;
        let origin = Origin::of(&base)
            .filter(|_| base.username().is_empty() && base.password().is_none())
            .filter(|_| base.query().is_none() && base.fragment().is_none())
            .ok_or_else(|| wrong("is no server; write it like https://stoflow.example.com"))?;
        if !origin.is_secure() && !is_loopback(&base) {
            return Err(wrong(
                "is not https: the key would travel in clear text; plain http is for this machine alone",
            ));
        }
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        Ok(Self {
            origin,
            base,
            key: key(key_file, layers)?,
            transport: Transport::new(),
        })
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        let is_safe = request.method().is_safe();
        let outbound = self.outbound(request)?;
        let reply = match self.transport.send(outbound).await {
            Ok(reply) => reply,
            Err(TransportError::NotSent(error)) => {
                let message = format_args!("{} cannot be asked: {error}", self.origin);
                return Err(Failure::of(ProblemKind::Unavailable, message));
            }
            Err(error) => return Err(broke_off(&error, is_safe)),
        };
        let mut response = Response::new(Body::from_stream(reply.body));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        Ok(response)
    }

    fn outbound(&self, request: Request<Body>) -> Result<Outbound, Failure> {
        let (parts, body) = request.into_parts();
        let target = format!("{}{}", self.base.as_str().trim_end_matches('/'), parts.uri);
        let url = Url::parse(&target).map_err(Failure::reply)?;
        let mut headers: HeaderMap = parts.headers;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.key.expose()))
            .map_err(|_| Failure::usage("the key has characters that no key has"))?;
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
        let length = http_body::Body::size_hint(&body).exact();
        let body = match (&parts.method, length) {
            (&Method::GET | &Method::DELETE, Some(0)) => OutboundBody::Empty,
            _ => {
                let stream = body.into_data_stream().map_err(Into::into);
                OutboundBody::Streamed(Box::pin(stream), length)
            }
        };
        Ok(Outbound {
            method: parts.method,
            url,
            headers,
            body,
            allowed: Allowed::Named(self.origin.clone()),
            timeout: TIMEOUT,
        })
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A key is never an argument: every process of the machine can read those.
fn key(file: Option<&Path>, layers: &Layers) -> Result<Secret, Failure> {
    let text = match file {
        Some(file) => {
            use std::io::Read as _;
            let mut text = String::new();
            std::fs::File::open(file)
                .and_then(|opened| opened.take(KEY_BYTES_MAX).read_to_string(&mut text))
                .map_err(|error| Failure::io(file.display(), &error))?;
            text
        }
        None => {
            let text = layers.variable(KEY_VARIABLE).unwrap_or_default();
            text.into_string().unwrap_or_default()
        }
    };
    let key = text.trim().to_owned();
    if key.is_empty() {
        return Err(Failure::of(
            ProblemKind::Unauthenticated,
            "there is no key for the server",
        )
        .remedy(format!(
            "name the file that holds it with --key-file, or set {KEY_VARIABLE}"
        )));
    }
    Ok(Secret::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_over_https_or_nowhere_but_to_this_machine() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "a-key\n").unwrap();
        for server in [
            "https://stoflow.example.com",
            "https://stoflow.example.com/behind/",
            "http://localhost:7100",
            "http://127.0.0.1:7100",
            "http://[::1]:7100",
        ] {
            assert!(
                Remote::new(server, Some(&file), &Layers::default()).is_ok(),
                "{server}"
            );
        }
        for (server, why) in [
            ("http://stoflow.example.com", "clear text"),
            ("http://localhost.example.com", "clear text"),
            ("https://u:p@stoflow.example.com", "no server"),
            ("https://stoflow.example.com?x=1", "no server"),
            ("stoflow.example.com", "no URL"),
            ("ftp://stoflow.example.com", "no server"),
        ] {
            let failure = Remote::new(server, Some(&file), &Layers::default())
                .err()
                .unwrap();
            let message = format!("{failure:?}");
            assert!(message.contains(why), "{server}: {message}");
        }
    }

    #[test]
    fn a_path_behind_which_the_api_lies_stays_before_each_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "a-key\n").unwrap();
        for (server, expected) in [
            ("https://s.example", "https://s.example/api/x%2Fy?z=1"),
            ("https://s.example/p/", "https://s.example/p/api/x%2Fy?z=1"),
        ] {
            let remote = Remote::new(server, Some(&file), &Layers::default()).unwrap();
            let request = Request::get("/api/x%2Fy?z=1").body(Body::empty()).unwrap();
            let outbound = remote.outbound(request).ok().unwrap();
            assert_eq!(outbound.url.as_str(), expected);
            assert_eq!(outbound.headers["authorization"], "Bearer a-key");
        }
    }

    #[test]
    fn without_a_key_it_is_said_where_one_is_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("key");
        std::fs::write(&empty, "\n").unwrap();
        let failure = Remote::new("https://s.example", Some(&empty), &Layers::default())
            .err()
            .unwrap();
        assert_eq!(failure.exit_code(), 4);
    }
}
