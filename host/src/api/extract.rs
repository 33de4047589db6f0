//! What a handler takes from a request: parts of the path, the query, a body. A mistake in any of them
//! is a problem that says where it is, like all others; axum's own answers are lines of plain text,
//! which no program can branch on.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{self, FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use super::problem::{Problem, ProblemKind, Violation};

/// Parts of the path.
pub(super) struct Path<T>(pub(super) T);

/// The query's parameters.
pub(super) struct Query<T>(pub(super) T);

/// A JSON body of this form.
pub(super) struct Body<T>(pub(super) T);

/// A file as the body, whatever media type it says it has.
pub(super) struct Octets(pub(super) Bytes);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(extract::Path(path)) => Ok(Self(path)),
            Err(rejection) => Err(Problem::new(
                ProblemKind::BadRequest,
                format_args!("the path cannot be read: {}", rejection.body_text()),
            )),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        /// Before the parameter and what is wrong with it.
        const AXUM_SAYS: &str = "Failed to deserialize query string: ";
        match extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.strip_prefix(AXUM_SAYS).unwrap_or(&text);
                let title = format!("the query cannot be read: {text}");
                Err(Problem::new(ProblemKind::BadRequest, title))
            }
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        demand_json(request.headers())?;
        let Octets(bytes) = Octets::from_request(request, state).await?;
        read(&bytes).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for Octets {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await;
        bytes.map(Self).map_err(not_received)
    }
}

/// Whether a body says that it is JSON (RFC 6839 §3.1 for the suffix).
pub(super) fn demand_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = headers.get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    if media_type.is_some_and(is_json) {
        return Ok(());
    }
    let title = match media_type {
        Some(other) => format!("the body is to be application/json, not {other}"),
        None => "the body is to be application/json, and does not say what it is".to_owned(),
    };
    let problem = Problem::new(ProblemKind::WrongMediaType, title);
    Err(problem.remedy("send the header Content-Type: application/json"))
}

/// Media types are written in any case and may have parameters (RFC 9110 §8.3.1).
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    match essence.strip_prefix("application/") {
        Some(subtype) => subtype == "json" || subtype.ends_with("+json"),
        None => false,
    }
}

/// A body that did not come whole.
#[expect(clippy::needless_pass_by_value, reason = "it is a map_err argument")]
pub(super) fn not_received(rejection: BytesRejection) -> Problem {
    if rejection.status() == ProblemKind::TooLarge.status() {
        return Problem::new(
            ProblemKind::TooLarge,
            "the body is larger than this route takes",
        );
    }
    let title = format_args!("the body broke off: {}", rejection.body_text());
    Problem::new(ProblemKind::BadRequest, title)
}

/// Reads a document: one that is no JSON is a bad request with line and column, one that does not fit
/// is a violation with a JSON Pointer.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // serde takes a list of its members for a record; the API does not.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(does_not_fit(
            String::new(),
            "an object expected, a list came",
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = pointer(error.path().iter());
        misread(error.inner(), path)
    })?;
    let end = deserializer.end();
    end.map_err(|error| misread(&error, String::new()))?;
    Ok(value)
}

fn misread(error: &serde_json::Error, path: String) -> Problem {
    if error.classify() != Category::Data {
        let title = format_args!("the body is no JSON: {error}");
        return Problem::new(ProblemKind::BadRequest, title);
    }
    does_not_fit(path, without_place(&error.to_string()))
}

fn does_not_fit(path: String, message: &str) -> Problem {
    let title = "the body does not fit; nothing was done";
    let mut problem = Problem::new(ProblemKind::InvalidArguments, title);
    problem.violations.push(Violation {
        path,
        code: "does_not_fit".to_owned(),
        message: message.to_owned(),
    });
    problem
}

/// What serde says, without the line and column that it appends: the pointer says it better.
fn without_place(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(text, _)| text)
}

/// RFC 6901.
fn pointer<'a>(segments: impl Iterator<Item = &'a Segment>) -> String {
    let mut pointer = String::new();
    for segment in segments {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            // Of what serde has collected before it reads it, nobody knows where it was.
            Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Order {
        lines: Vec<Line>,
        #[serde(default)]
        words: BTreeMap<String, bool>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Line {
        quantity: u8,
    }

    fn refused(json: &str) -> Problem {
        read::<Order>(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_pointer() {
        for (json, path) in [
            (
                r#"{"lines": [{"quantity": 1}, {"quantity": 256}]}"#,
                "/lines/1/quantity",
            ),
            (
                r#"{"lines": [{"quantity": 1, "colour": "red"}]}"#,
                "/lines/0/colour",
            ),
            (r#"{"lines": [{}]}"#, "/lines/0"),
            (r#"{"lines": [], "words": {"a/b~c": 1}}"#, "/words/a~1b~0c"),
            ("[]", ""),
        ] {
            let problem = refused(json);
            assert_eq!(problem.kind(), ProblemKind::InvalidArguments, "{json}");
            assert_eq!(problem.violations.len(), 1, "{json}");
            assert_eq!(problem.violations[0].path, path, "{problem:?}");
            assert!(!problem.violations[0].message.contains(" at line "));
        }
    }

    #[test]
    fn what_is_no_json_is_named_by_its_line() {
        for json in ["", "{", r#"{"lines": [],}"#, "{\"lines\": []}\n{}", "\u{0}"] {
            let problem = refused(json);
            assert_eq!(problem.kind(), ProblemKind::BadRequest, "{json}");
            assert!(problem.title.contains(" at line "), "{}", problem.title);
        }
        let deep = format!(r#"{{"a": {}"#, "[".repeat(1_000));
        let problem = read::<serde_json::Value>(deep.as_bytes()).unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::BadRequest);
        assert!(
            problem.title.contains("recursion limit"),
            "{}",
            problem.title
        );
    }

    #[test]
    fn json_is_known_however_it_is_written() {
        for media_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/merge-patch+json",
        ] {
            assert!(is_json(media_type), "{media_type}");
        }
        for media_type in [
            "",
            "json",
            "text/json",
            "text/plain",
            "application/jsonp",
            "multipart/form-data",
        ] {
            assert!(!is_json(media_type), "{media_type}");
        }
    }
}
