//! What the stand-in answers, and the shapes in which Etsy refuses.
//!
//! Etsy's error bodies are not uniform: an object, an OAuth object, a bare array of violations, a
//! sentence with a path inside. A client that reads only one of them breaks in production, so each
//! refusal here picks the shape that was seen from Etsy for its kind.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use bytes::Bytes;
use serde_json::{Value, json};

/// A reply, before it becomes HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        Self::typed(status, "application/json", value.to_string())
    }

    pub(crate) fn ok(value: &Value) -> Self {
        Self::json(StatusCode::OK, value)
    }

    pub(crate) fn created(value: &Value) -> Self {
        Self::json(StatusCode::CREATED, value)
    }

    /// 204, the reply of every deletion.
    pub(crate) fn deleted() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn html(status: StatusCode, text: String) -> Self {
        Self::typed(status, "text/html; charset=utf-8", text)
    }

    pub(crate) fn typed(status: StatusCode, kind: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
        .with(header::CONTENT_TYPE, kind)
    }

    /// A 302 to `location`.
    pub(crate) fn redirect(location: &str) -> Self {
        Self::empty(StatusCode::FOUND).with(header::LOCATION, location)
    }

    /// The same reply with one header more; text that no header can hold is left out.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }
}

/// A request that Etsy would refuse.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// What the caller sees.
    pub(crate) reply: Reply,
    /// Why, for the log and the history; more exact than what Etsy tells.
    pub(crate) reason: String,
}

impl Refusal {
    /// The default shape: `{"error": "<text>"}`.
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            reply: Reply::json(status, &json!({ "error": text })),
            reason: text,
        }
    }

    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    pub(crate) fn forbidden(text: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, text)
    }

    pub(crate) fn conflict(text: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, text)
    }

    /// 404 for a thing that is not there, or that this caller may not see.
    pub(crate) fn missing(kind: &str, id: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            format!("Could not find a {kind} with id {id}"),
        )
    }

    /// The sentence with a path inside, as for duplicate tags and prices out of range.
    pub(crate) fn problem(path: &str, text: &str) -> Self {
        Self::bad(format!("There was a problem with {path} : {text}"))
    }

    /// The bare array, as for characters that a title may not have.
    pub(crate) fn violation(path: &str, kind: &str, message: &str) -> Self {
        let body = json!([{ "path": path, "type": kind, "message": message }]);
        Self {
            reply: Reply::json(StatusCode::BAD_REQUEST, &body),
            reason: format!("{path}: {message}"),
        }
    }

    /// The OAuth layer's shape.
    pub(crate) fn oauth(status: StatusCode, error: &str, description: &str) -> Self {
        let body = json!({ "error": error, "error_description": description });
        Self {
            reply: Reply::json(status, &body),
            reason: format!("{error}: {description}"),
        }
    }

    /// What Etsy says when it fails by itself.
    pub(crate) fn server_error(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error").because(reason)
    }

    /// The same refusal with a reason that only the log tells.
    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// The same refusal with one header more.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.reply = self.reply.with(name, value);
        self
    }
}
