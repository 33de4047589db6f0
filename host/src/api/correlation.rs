//! One id for a request and all that comes of it: taken over from whoever asks, so that a front end's
//! log and this one's say the same, or made here.

use std::fmt;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};

use super::problem::Problem;
use crate::model::CallId;

/// Where it stands in requests and replies.
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// A request's id, among its extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationId(String);

impl CorrelationId {
    /// For a request that brings none.
    pub fn random() -> Self {
        Self(CallId::random().to_string())
    }

    /// A text that is one: letters, digits, `-`, `_` and `.`, at most 64 of them, so that it can stand
    /// in any log.
    pub fn of(text: &str) -> Option<Self> {
        let id = text.parse::<CallId>().ok()?;
        Some(Self(id.to_string()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for the calls that are made of the request.
    pub fn call(&self) -> CallId {
        self.0.parse().unwrap_or_else(|_| CallId::random())
    }

    /// A request's: what was found before, or what its header says, or a new one.
    pub(super) fn of_request<B>(request: &http::Request<B>) -> Self {
        if let Some(known) = request.extensions().get::<Self>() {
            return known.clone();
        }
        let said = request.headers().get(CORRELATION_ID);
        let said = said.and_then(|value| value.to_str().ok());
        said.and_then(Self::of).unwrap_or_else(Self::random)
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Gives a request its id, and the reply too; a problem that names no other one names it.
pub(super) async fn correlate(mut request: Request, next: Next) -> Response {
    let id = CorrelationId::of_request(&request);
    request.extensions_mut().insert(id.clone());
    stamp(next.run(request).await, &id)
}

/// Writes the id on a reply.
pub(super) fn stamp(mut response: Response, id: &CorrelationId) -> Response {
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(mut problem) = problem.filter(|problem| problem.correlation_id.is_none()) {
        problem.correlation_id = Some(id.to_string());
        let (headers, mut again) = (
            std::mem::take(response.headers_mut()),
            problem.into_response(),
        );
        again.extensions_mut().remove::<Problem>();
        // What others have put on it, but for the length of what it was.
        for (name, value) in &headers {
            if name != http::header::CONTENT_LENGTH && !again.headers().contains_key(name) {
                again.headers_mut().insert(name, value.clone());
            }
        }
        *again.status_mut() = response.status();
        response = again;
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(CORRELATION_ID, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_over_if_it_can_stand_in_a_log() {
        for id in ["a", "req-7.Z_9", &"x".repeat(64)] {
            assert_eq!(CorrelationId::of(id).unwrap().as_str(), id);
        }
        for text in ["", "a b", "a\nb", "é", "a\"", &"x".repeat(65)] {
            assert_eq!(CorrelationId::of(text), None, "{text:?}");
        }
    }
}
