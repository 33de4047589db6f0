//! A request without a reply, by the one question that matters: can it have happened?

use super::request::{Method, Request};
use crate::assets::Fault;
use crate::error::violation;
use crate::types::Error;
use std::fmt;

/// A request that got no usable reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whether it can have happened.
    pub kind: FailureKind,
    /// What went wrong, for people.
    pub message: String,
    method: Method,
    path: String,
}

/// Whether a request without a reply can have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The host did not let it out: it is outside the grant, or malformed.
    Refused,
    /// No connection came about.
    NotSent,
    /// A file that belongs in it could not be read; the marketplace never saw all of it. In the
    /// contract's words `invalid` or `unavailable`; the caller knows the pointer to the file.
    Source(Fault),
    /// It went out, wholly or in part, and the reply did not come or broke off.
    Broken,
    /// It was answered, with more than the request was ready to read.
    TooLarge,
}

impl Failure {
    /// A failure of `request`.
    #[must_use]
    pub fn new(request: &Request, kind: FailureKind, message: impl Into<String>) -> Self {
        let (method, path) = (request.method, request.path());
        Self {
            kind,
            message: message.into(),
            method,
            path,
        }
    }

    /// Whether the marketplace may have done what the request asked for.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        matches!(self.kind, FailureKind::Broken | FailureKind::TooLarge) && !self.method.is_read()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            path,
            message,
            ..
        } = self;
        write!(formatter, "{method} {path}: {message}")
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let text = failure.to_string();
        if failure.may_have_happened() {
            return Self::Uncertain(text);
        }
        match failure.kind {
            FailureKind::Refused => Self::Forbidden(text),
            FailureKind::TooLarge => Self::Unexpected(text),
            FailureKind::Source(Fault::Missing) => {
                Self::Invalid(vec![violation("", "missing-file", failure.message)])
            }
            FailureKind::Source(Fault::Refused) => {
                Self::Invalid(vec![violation("", "refused-file", failure.message)])
            }
            FailureKind::NotSent
            | FailureKind::Source(Fault::Unavailable)
            | FailureKind::Broken => Self::Unavailable(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(request: Request, kind: FailureKind) -> Error {
        Failure::new(&request, kind, "x").into()
    }

    #[test]
    fn a_lost_reply_is_uncertain_for_a_write_only() {
        let url = "https://api.example.com/a?b=c";
        let read = error(Request::get(url), FailureKind::Broken);
        assert_eq!(read, Error::Unavailable("GET /a?b=c: x".into()));
        assert!(matches!(
            error(Request::post(url), FailureKind::Broken),
            Error::Uncertain(_)
        ));
        assert!(matches!(
            error(Request::put(url), FailureKind::TooLarge),
            Error::Uncertain(_)
        ));
        assert!(matches!(
            error(Request::post(url), FailureKind::NotSent),
            Error::Unavailable(_)
        ));
        assert!(matches!(
            error(Request::post(url), FailureKind::Refused),
            Error::Forbidden(_)
        ));
    }
}
