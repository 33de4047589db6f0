//! A value that nobody has made anything of yet.

use super::document::is_document;
use super::scan::{Scan, Value};
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A value as it stands in the document.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a>(Value<'a>);

impl<'a> Raw<'a> {
    pub(super) fn new(value: Value<'a>) -> Self {
        Self(value)
    }

    /// It, as JSON.
    #[must_use]
    pub fn get(self) -> &'a str {
        self.0.json
    }

    pub(super) fn is_null(self) -> bool {
        self.0.json == "null"
    }

    /// Whether a host takes it as a document, which of a text without escapes is known.
    pub(super) fn is_document(self) -> bool {
        let is_text = self.0.json.starts_with('"');
        is_text && !self.0.is_escaped || is_document(self.0.json)
    }

    /// To go over what is in it.
    pub(super) fn scan(self) -> Scan<'a> {
        Scan::new(self.0.json)
    }

    /// Text, or a number or a boolean as text.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let Value { json, is_escaped } = self.0;
        match json.as_bytes().first()? {
            b'"' if is_escaped => serde_json::from_str(json).ok().map(Cow::Owned),
            b'"' => json.get(1..json.len() - 1).map(Cow::Borrowed),
            b'{' | b'[' | b'n' => None,
            _ => Some(Cow::Borrowed(json)),
        }
    }
}

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.get()).map_err(Error::custom)?;
        raw.serialize(serializer)
    }
}
