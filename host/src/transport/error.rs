//! Why a request got no answer, by the one thing that decides what may be done next: whether
//! anything of it was sent.
//!
//! Texts here name hosts and reasons, never a URL's query, a header or a body.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use super::addresses::BlockedAddress;
use super::resolver::ResolveError;

/// A request without an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing was sent: it may be sent again, whatever its method.
    #[error(transparent)]
    NotSent(#[from] NotSent),
    /// It was sent, perhaps in part, and no answer came: what it did is unknown.
    #[error("the connection broke before the answer came: {0}")]
    Unknown(String),
    /// No answer in time; what it did is unknown.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The answer came and could not be read to its end.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The host leads where nothing may be dialled.
    #[error("{host} leads to an address that is not dialled: {blocked}")]
    Address {
        /// Its name.
        host: String,
        /// The first such address.
        blocked: BlockedAddress,
    },
    /// The host leads to this machine itself.
    #[error("{0} leads to an address of this machine, which is not dialled")]
    OwnAddress(String),
    /// The host is an address where only names are allowed.
    #[error("{0} is an address; only hosts with a name are dialled")]
    Literal(String),
    /// Plain http where only https is allowed, or an origin that nobody named.
    #[error("{0} is not dialled: only https is, except where the configuration names an origin")]
    NotAllowed(String),
    /// The name has no address.
    #[error("{host} was not found: {reason}")]
    Dns {
        /// The name.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// Nobody took the connection.
    #[error("no connection: {0}")]
    Connect(String),
    /// Nobody took the connection in time.
    #[error("no connection within 10 s")]
    ConnectTimeout,
    /// TLS failed: an invalid certificate, a version too old.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// The request cannot be written.
    #[error("the request is not valid: {0}")]
    Invalid(String),
}

/// Why an answer could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The connection broke.
    #[error("the reply broke off: {0}")]
    Cut(String),
    /// It is not what its `content-encoding` says.
    #[error("the reply cannot be decompressed: {0}")]
    Damaged(String),
    /// A `content-encoding` that was not asked for.
    #[error("the reply is encoded as {0:?}, which was not asked for")]
    Encoding(String),
    /// It grows beyond reason.
    #[error("the reply grows more than {0} times when it is decompressed")]
    Ratio(u64),
    /// It is larger than the reader takes.
    #[error("the reply is larger than {0} bytes")]
    TooLarge(u64),
}

impl TransportError {
    /// What reqwest's error means. Its URL is left out: a query may hold what logs must not.
    pub(super) fn from_reqwest(error: &reqwest::Error) -> Self {
        if let Some(refused) = source::<ResolveError>(error) {
            return Self::NotSent(refused.into());
        }
        if error.is_builder() {
            return Self::NotSent(NotSent::Invalid(words(error)));
        }
        if !error.is_connect() {
            return Self::Unknown(words(error));
        }
        Self::NotSent(if let Some(tls) = source::<rustls::Error>(error) {
            NotSent::Tls(tls.to_string())
        } else if error.is_timeout() {
            NotSent::ConnectTimeout
        } else {
            NotSent::Connect(words(error))
        })
    }
}

/// An error and what it came from. An I/O error that wraps another one names as its source what
/// that one came from, not that one itself: it is unwrapped here.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(|io| io.get_ref());
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
        Some(error)
    })
}

/// The first error of this type in the chain.
fn source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref::<E>())
}

/// The causes below reqwest's own sentence, which names the URL.
pub(super) fn words(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let sentence = error.to_string();
        if !text.ends_with(&sentence) {
            let separator = if text.is_empty() { "" } else { ": " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}{sentence}");
        }
        cause = error.source();
    }
    if text.is_empty() {
        "the request failed".to_owned()
    } else {
        text
    }
}
