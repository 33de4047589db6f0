//! What a marketplace says when it refuses, found in whatever shape the body has: an object, a
//! list, text, a gateway's HTML page, nothing.

use super::response::Response;
use crate::error::violation;
use crate::types::Violation;
use serde_json::Value;

/// More of an HTML page or a text nobody reads.
const MAX_TEXT: usize = 500;

/// The marketplace's words, taken out of a reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Complaint {
    /// Its own code: `invalid_grant`.
    pub code: Option<String>,
    /// Its message; empty where the body says nothing.
    pub message: String,
    /// What is wrong where, if it says so. Paths are the marketplace's own: a plugin maps them to
    /// its function's arguments.
    pub violations: Vec<Violation>,
}

impl Complaint {
    /// Reads the shapes that are common: `error`, `error_description`, `message`, `detail`,
    /// `title`, lists of such objects (also under `errors`), plain text, HTML.
    #[must_use]
    pub fn read(response: &Response) -> Self {
        match serde_json::from_slice::<Value>(&response.body) {
            Ok(value) => Self::from_json(&value),
            Err(_) => Self {
                message: plain(&response.text()),
                ..Self::default()
            },
        }
    }

    fn from_json(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::from_list(items),
            Value::Object(fields) => {
                if let Some(Value::Array(items)) = fields.get("errors") {
                    return Self::from_list(items);
                }
                if let Some(nested @ (Value::Object(_) | Value::Array(_))) = fields.get("error") {
                    return Self::from_json(nested);
                }
                Self::from_object(value)
            }
            Value::String(text) => Self {
                message: plain(text),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }

    fn from_object(value: &Value) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let explained = text("error_description").or_else(|| text("message"));
        let explained = explained.or_else(|| text("detail"));
        let (code, message) = match (text("error"), explained) {
            (Some(code), Some(message)) => (Some(code), message),
            (Some(message), None) => (None, message),
            (None, message) => (None, message.or_else(|| text("title")).unwrap_or_default()),
        };
        let code = code.or_else(|| text("code")).or_else(|| text("type"));
        Self {
            code,
            message: plain(&message),
            violations: Vec::new(),
        }
    }

    fn from_list(items: &[Value]) -> Self {
        let mut complaint = Self::default();
        let mut messages = Vec::new();
        for item in items {
            let one = match item {
                Value::String(text) => Self {
                    message: plain(text),
                    ..Self::default()
                },
                object => Self::from_object(object),
            };
            let path = item.get("path").and_then(Value::as_str);
            let code = one.code.as_deref().unwrap_or("refused");
            match path {
                Some(path) => {
                    messages.push(format!("{path}: {}", one.message));
                    complaint
                        .violations
                        .push(violation(path, code, one.message.clone()));
                }
                None => messages.push(one.message.clone()),
            }
            complaint.code = complaint.code.or(one.code);
        }
        complaint.message = messages.join("; ");
        complaint
    }
}

/// Text without tags, its blanks made single, cut where nobody reads on.
fn plain(text: &str) -> String {
    let mut outside = String::new();
    let mut in_tag = false;
    let is_html = text.trim_start().starts_with('<');
    for character in text.chars() {
        match character {
            '<' if is_html => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                outside.push(' ');
            }
            _ if in_tag => {}
            other => outside.push(other),
        }
    }
    let words = outside.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;

    fn read(body: &str) -> Complaint {
        let body = body.as_bytes().to_vec();
        let headers = Vec::new();
        Complaint::read(&Response {
            status: 400,
            headers,
            body,
            method: Method::Post,
            path: "/".into(),
        })
    }

    #[test]
    fn words_are_found_in_every_shape() {
        assert_eq!(read(r#"{"error":"no"}"#).message, "no");
        assert_eq!(
            read(r#"{"errors":[{"message":"a"},{"message":"b"}]}"#).message,
            "a; b"
        );
        assert_eq!(read(r#"{"error":{"message":"deep"}}"#).message, "deep");
        assert_eq!(read(r#"{"title":"t","detail":"d"}"#).message, "d");
        assert_eq!(read(r#""just text""#).message, "just text");
        assert_eq!(read("Bad\n gateway").message, "Bad gateway");
        assert_eq!(
            read("<html><b>502</b>Bad gateway</html>").message,
            "502 Bad gateway"
        );
        assert_eq!(read("").message, "");
        assert_eq!(read("null").message, "");
        assert_eq!(read("[1]").message, "");
    }

    #[test]
    fn a_description_explains_a_code() {
        let complaint = read(r#"{"error":"invalid_token","error_description":"expired"}"#);
        assert_eq!(complaint.code.as_deref(), Some("invalid_token"));
        assert_eq!(complaint.message, "expired");
    }

    #[test]
    fn a_list_with_paths_is_a_list_of_violations() {
        let body = r#"[{"path":"/title/1","type":"invalid_characters","message":"odd"}]"#;
        let complaint = read(body);
        assert_eq!(
            complaint.violations,
            [violation("/title/1", "invalid_characters", "odd")]
        );
        assert_eq!(complaint.message, "/title/1: odd");
    }

    #[test]
    fn a_page_of_text_is_cut() {
        assert_eq!(
            read(&"word ".repeat(1000)).message.chars().count(),
            MAX_TEXT + 1
        );
    }
}
