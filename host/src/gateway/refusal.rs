//! Why the gateway did not do, or did not finish, what a plugin asked for.
//!
//! A plugin sees an error code at most; a person needs to know what was refused, where, and what to
//! do about it. So the first refusal of a call is kept beside the call
//! ([`CallRecord`](super::CallRecord)), whatever the plugin makes of the code.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};

use super::GatewayBody;
use crate::transport::{NotSent, ReadError, TransportError};

/// What was refused, where, and the remedy. No secret and no query is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// By what a caller can do about it, and by which `wasi:http` error code it becomes.
    pub kind: RefusalKind,
    /// What was wrong: one sentence without a full stop.
    pub what: String,
    /// Where: the request, as `GET https://host/path`. Empty where there was none yet.
    pub place: String,
    /// What to do; empty where nothing but trying later helps.
    pub remedy: String,
}

/// The classes of [`Refusal`]. Each says which `wasi:http` error code it becomes for the plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The call may not use the network: `HTTP-request-denied`.
    NoNetwork,
    /// No such method for a plugin: `HTTP-request-method-invalid`.
    Method,
    /// A URL that is not one, or that says two things at once: `HTTP-request-URI-invalid`.
    Url,
    /// Headers that are too many or too large: `HTTP-request-header-section-size`.
    RequestHeaders,
    /// Outside of the grant: `HTTP-request-denied`.
    NotGranted,
    /// The configuration lacks what a credential is made of, or it cannot be guarded:
    /// `configuration-error`.
    Credential,
    /// The seller has to consent again: [`Refusal::reply`] says it to the plugin.
    NeedsConsent,
    /// A quota is used up, and when there will be some again, where known: [`Refusal::reply`] says
    /// it to the plugin.
    RateLimited(Option<Duration>),
    /// The token cannot be had now, or a request cannot be repeated with a fresh one. Nothing
    /// happened: `destination-unavailable`.
    Unavailable,
    /// The host leads where nothing may be dialled: `destination-IP-prohibited`.
    Address,
    /// The host was not found: `DNS-error`.
    Dns,
    /// Nobody took the connection: `connection-refused`.
    Connect,
    /// Nobody took the connection in time: `connection-timeout`.
    ConnectTimeout,
    /// No secure connection: `TLS-protocol-error`.
    Tls,
    /// Sent, and no answer came; what it did is unknown: `connection-terminated`.
    Lost,
    /// Sent, and no answer came in time; what it did is unknown: `HTTP-response-timeout`.
    Timeout,
    /// The body is not as long as was declared, or broke off: `HTTP-request-body-size`.
    RequestBody,
    /// The reply is larger than is read: `HTTP-response-body-size`.
    ReplyTooLarge,
    /// The reply came too slowly, or broke off: `HTTP-response-incomplete`.
    ReplyBroken,
    /// The reply cannot be decompressed: `HTTP-response-content-coding`.
    ReplyEncoding,
    /// The reply's headers are too many or too large: `HTTP-response-header-section-size`.
    ReplyHeaders,
    /// All replies of the call together are larger than is read: `HTTP-response-body-size`.
    CallTooLarge,
    /// The call's time is over: `HTTP-response-timeout`.
    Deadline,
    /// Asked for in the contract, not done by this host yet: `configuration-error`.
    Unsupported,
}

impl Refusal {
    /// Without a place yet.
    pub(super) fn new(kind: RefusalKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            place: String::new(),
            remedy: String::new(),
        }
    }

    /// A request's body that the plugin, or the way to it, broke off.
    pub fn broken_body(why: impl fmt::Display) -> Self {
        Self::new(
            RefusalKind::RequestBody,
            format!("the request's body broke off: {why}"),
        )
    }

    /// With what to do.
    #[must_use]
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// With where it was, unless that is known already.
    #[must_use]
    pub(super) fn at(mut self, place: &str) -> Self {
        if self.place.is_empty() {
            place.clone_into(&mut self.place);
        }
        self
    }

    /// The answer that says this to a plugin in HTTP's own words, where there is one that every
    /// client understands: 429 with `retry-after`, 401. For all else the plugin gets an error code.
    pub fn reply(&self) -> Option<Response<GatewayBody>> {
        let (status, wait) = match self.kind {
            RefusalKind::RateLimited(wait) => (StatusCode::TOO_MANY_REQUESTS, wait),
            RefusalKind::NeedsConsent => (StatusCode::UNAUTHORIZED, None),
            _ => return None,
        };
        let words = serde_json::json!({ "error": self.what }).to_string();
        let mut reply = Response::new(
            Full::new(Bytes::from(words))
                .map_err(|never| match never {})
                .boxed_unsync(),
        );
        *reply.status_mut() = status;
        let headers = reply.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = wait {
            headers.insert(RETRY_AFTER, seconds_up(wait).into());
        }
        Some(reply)
    }
}

/// Whole seconds, rounded up: nobody should come back too early.
pub(super) fn seconds_up(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.what)
        } else {
            write!(f, "{}: {}", self.place, self.what)
        }
    }
}

impl std::error::Error for Refusal {}

impl From<TransportError> for Refusal {
    fn from(error: TransportError) -> Self {
        let kind = match &error {
            TransportError::NotSent(reason) => not_sent(reason),
            TransportError::Unknown(_) => RefusalKind::Lost,
            TransportError::Timeout(_) => RefusalKind::Timeout,
            TransportError::Read(error) => return error.clone().into(),
        };
        let remedy = match &error {
            TransportError::NotSent(NotSent::Connect(_) | NotSent::Dns { .. }) => {
                "see whether the network is there and, for a stand-in, whether it runs"
            }
            TransportError::NotSent(NotSent::NotAllowed(_) | NotSent::Literal(_)) => {
                "a stand-in (a sandbox) is named under `origins` in stoflow.toml"
            }
            _ => "",
        };
        Self::new(kind, error.to_string()).remedy(remedy)
    }
}

fn not_sent(reason: &NotSent) -> RefusalKind {
    match reason {
        NotSent::Address { .. }
        | NotSent::OwnAddress(_)
        | NotSent::Literal(_)
        | NotSent::NotAllowed(_) => RefusalKind::Address,
        NotSent::Dns { .. } => RefusalKind::Dns,
        NotSent::Connect(_) => RefusalKind::Connect,
        NotSent::ConnectTimeout => RefusalKind::ConnectTimeout,
        NotSent::Tls(_) => RefusalKind::Tls,
        NotSent::Invalid(_) => RefusalKind::Url,
    }
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        let kind = match &error {
            ReadError::Cut(_) => RefusalKind::ReplyBroken,
            ReadError::Damaged(_) | ReadError::Encoding(_) => RefusalKind::ReplyEncoding,
            ReadError::Ratio(_) | ReadError::TooLarge(_) => RefusalKind::ReplyTooLarge,
        };
        Self::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_http_has_words_for_is_said_in_them() {
        let wait = Some(Duration::from_millis(1500));
        let reply = Refusal::new(RefusalKind::RateLimited(wait), "used up")
            .reply()
            .unwrap();
        assert_eq!(reply.status(), 429);
        assert_eq!(reply.headers()["retry-after"], "2");
        let body = reply.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"error":"used up"}"#);
        let reply = Refusal::new(RefusalKind::NeedsConsent, "gone")
            .reply()
            .unwrap();
        assert_eq!(reply.status(), 401);
        assert!(
            Refusal::new(RefusalKind::NotGranted, "no")
                .reply()
                .is_none()
        );
    }

    #[test]
    fn a_refusal_reads_as_place_and_reason() {
        let refusal = Refusal::new(RefusalKind::Method, "TRACE is no method for a plugin");
        assert_eq!(refusal.to_string(), "TRACE is no method for a plugin");
        let refusal = refusal.at("TRACE https://a.test/x").at("elsewhere");
        assert_eq!(
            refusal.to_string(),
            "TRACE https://a.test/x: TRACE is no method for a plugin"
        );
    }
}
