//! A reply, and how its status becomes an error of the contract.

use super::complaint::Complaint;
use super::request::Method;
use crate::object::Object;
use crate::types::Error;
use serde::de::DeserializeOwned;

/// A reply of any status, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed by the host.
    pub body: Vec<u8>,
    /// The request's method: whether an error may hide a change hangs on it.
    pub method: Method,
    /// The request's path, for messages.
    pub path: String,
}

impl Response {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// The body as text, with what is no UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body read as a JSON object.
    ///
    /// # Errors
    ///
    /// As [`Response::unexpected`] says.
    pub fn object(&self) -> Result<Object<'_>, Error> {
        Object::parse(&self.body).map_err(|error| self.unexpected(&error.to_string()))
    }

    /// The body read as JSON into a type.
    ///
    /// # Errors
    ///
    /// As [`Response::unexpected`] says.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| self.unexpected(&error.to_string()))
    }

    /// The error for a body that is not what it should be: `unexpected`; after a write, which has
    /// happened all the same, `uncertain`.
    #[must_use]
    pub fn unexpected(&self, why: &str) -> Error {
        let Self {
            method,
            path,
            status,
            ..
        } = self;
        let message =
            format!("{method} {path} answered {status} with a body that cannot be read: {why}");
        if method.is_read() {
            Error::Unexpected(message)
        } else {
            Error::Uncertain(message)
        }
    }

    /// The reply, if its status is 2xx.
    ///
    /// # Errors
    ///
    /// What [`Response::error`] makes of it, with the words that [`Complaint::read`] finds.
    pub fn ok(self) -> Result<Self, Error> {
        if self.is_success() {
            Ok(self)
        } else {
            Err(self.error(Complaint::read(&self)))
        }
    }

    /// The seconds that `Retry-After` asks for, where it gives a number.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        self.header("retry-after")?.trim().parse().ok()
    }

    /// The contract's error for this status, in the marketplace's words.
    ///
    /// A 5xx on a read changed nothing and is `unavailable`; on a write it may have happened and
    /// is `uncertain`.
    #[must_use]
    pub fn error(&self, complaint: Complaint) -> Error {
        let Complaint {
            code,
            message,
            violations,
        } = complaint;
        let message = if message.is_empty() {
            format!(
                "{} {} answered {} without a word",
                self.method, self.path, self.status
            )
        } else {
            message
        };
        match self.status {
            401 => Error::Unauthorized(message),
            403 => Error::Forbidden(message),
            404 | 410 => Error::NotFound(message),
            409 => Error::Conflict(message),
            429 => Error::RateLimited(self.retry_after()),
            400..=499 if !violations.is_empty() => Error::Invalid(violations),
            400..=499 => Error::rejected(self.status, code, message),
            501 => Error::Unsupported(message),
            500..=599 if self.method.is_read() => Error::Unavailable(message),
            500..=599 => Error::Uncertain(format!(
                "{} {} answered {}, and may have happened: {message}",
                self.method, self.path, self.status
            )),
            status => Error::Unexpected(format!(
                "{} {} answered {status}: {message}",
                self.method, self.path
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(method: Method, status: u16, body: &str) -> Response {
        Response {
            status,
            headers: vec![("retry-after".into(), " 12 ".into())],
            body: body.as_bytes().to_vec(),
            method,
            path: "/a".into(),
        }
    }

    #[test]
    fn a_status_becomes_the_error_that_says_what_to_do() {
        let error = |method, status| {
            response(method, status, r#"{"error":"no"}"#)
                .ok()
                .unwrap_err()
        };
        assert_eq!(error(Method::Get, 401), Error::Unauthorized("no".into()));
        assert_eq!(error(Method::Get, 403), Error::Forbidden("no".into()));
        assert_eq!(error(Method::Get, 404), Error::NotFound("no".into()));
        assert_eq!(error(Method::Put, 409), Error::Conflict("no".into()));
        assert_eq!(error(Method::Put, 429), Error::RateLimited(Some(12)));
        assert_eq!(error(Method::Put, 400), Error::rejected(400, None, "no"));
        assert_eq!(error(Method::Get, 503), Error::Unavailable("no".into()));
        assert!(matches!(error(Method::Post, 500), Error::Uncertain(_)));
        assert_eq!(error(Method::Post, 501), Error::Unsupported("no".into()));
        assert!(matches!(error(Method::Get, 302), Error::Unexpected(_)));
    }

    #[test]
    fn an_unreadable_reply_to_a_write_is_uncertain() {
        let read = response(Method::Get, 200, "<html>")
            .json::<u8>()
            .unwrap_err();
        assert!(matches!(read, Error::Unexpected(_)));
        let written = response(Method::Post, 201, "").json::<u8>().unwrap_err();
        assert!(matches!(written, Error::Uncertain(_)));
    }

    #[test]
    fn an_empty_reply_names_the_request() {
        let error = response(Method::Delete, 400, "").ok().unwrap_err();
        assert_eq!(
            error,
            Error::rejected(400, None, "DELETE /a answered 400 without a word")
        );
    }
}
