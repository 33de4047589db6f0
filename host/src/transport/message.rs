//! What goes out and what comes back.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::error::ReadError;
use super::origin::{Allowed, Target};

/// A request's body as it comes. An error in it breaks the request off.
pub type BodyStream =
    Pin<Box<dyn Stream<Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>> + Send>>;

/// A reply's body as it comes, decompressed.
pub type InboundStream = Pin<Box<dyn Stream<Item = Result<Bytes, ReadError>> + Send>>;

/// A request's body.
pub enum Body {
    /// None.
    Empty,
    /// Whole: goes out with its length and can be sent again.
    Collected(Bytes),
    /// Piece by piece. With a length, that is what goes out as `content-length`; the stream has to
    /// have exactly so many bytes.
    Streamed(BodyStream, Option<u64>),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Collected(bytes) => write!(f, "Collected({} bytes)", bytes.len()),
            Self::Streamed(_, length) => write!(f, "Streamed({length:?})"),
        }
    }
}

/// A request. It has no `Debug`: its headers hold credentials.
pub struct Outbound {
    /// The method.
    pub method: Method,
    /// Where to; its fragment is not sent.
    pub url: Url,
    /// All but `host`, `content-length`, `transfer-encoding` and `accept-encoding`, which are the
    /// transport's own and are replaced.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// What may be dialled.
    pub allowed: Allowed,
    /// How long to wait for the reply's head, connecting included.
    pub timeout: Duration,
}

impl Outbound {
    /// A request to `target` without headers or body, which waits for 60 s.
    pub fn new(method: Method, target: Target) -> Self {
        Self {
            method,
            url: target.url,
            headers: HeaderMap::new(),
            body: Body::Empty,
            allowed: target.allowed,
            timeout: Duration::from_secs(60),
        }
    }
}

/// A reply, its body still to be read.
pub struct Inbound {
    /// The status; redirects are not followed.
    pub status: StatusCode,
    /// The headers, without `content-encoding`; `content-length` is there only where the body was
    /// not compressed.
    pub headers: HeaderMap,
    /// The body.
    pub body: InboundStream,
}

/// A reply that was read whole, as a token endpoint's is.
pub struct Small {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, at most 64 KiB.
    pub body: Bytes,
}
