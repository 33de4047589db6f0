//! The one place that speaks HTTP to the outside.
//!
//! Two pooled clients: one that dials publicly routable addresses over TLS only, and one for the
//! origins that the operator's configuration names (a sandbox), where loopback and plain http are
//! allowed. Which of them a request goes through is part of the request ([`Allowed`]), so that no
//! connection of the one is ever used by the other. Neither follows redirects, reads proxy
//! variables, keeps cookies or sends a referer; replies are decompressed here, within bounds.
//!
//! The mistake that this prevents is repeating what must not be repeated: every error says whether
//! anything was sent ([`TransportError::NotSent`]) or the fate of the request is unknown.

mod addresses;
mod client;
mod decoding;
mod error;
mod message;
mod origin;
mod resolver;
mod retry;

pub use addresses::{BlockedAddress, blocked};
pub use client::Transport;
pub use error::{NotSent, ReadError, TransportError};
pub use message::{Body, BodyStream, Inbound, InboundStream, Outbound, Small};
pub use origin::{Allowed, Origin, OriginError, Target, stand_in};
pub use retry::{RETRY_AFTER_MAX, full_jitter, retry_after, throttled};
