//! A checked request: every value has the type that the table says.
//!
//! Handlers read values by name from here and never parse text themselves, so that `"1"` and `1`,
//! or an absent field and a blank one, cannot mean different things in two handlers.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::Value;

/// Named values of a query or a body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(BTreeMap<String, Value>);

impl Fields {
    pub(crate) fn insert(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// Whether the field was sent, null included.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value, unless absent or null.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    pub(crate) fn list(&self, name: &str) -> Option<&[Value]> {
        self.get(name)?.as_array().map(Vec::as_slice)
    }

    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let list = self.list(name)?;
        Some(
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        )
    }

    pub(crate) fn ints(&self, name: &str) -> Option<Vec<i64>> {
        Some(self.list(name)?.iter().filter_map(Value::as_i64).collect())
    }
}

/// A file of a multipart body.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    /// The name that the part gave, if it gave one.
    pub(crate) filename: Option<String>,
    pub(crate) bytes: Bytes,
}

/// One part of a multipart body, as sent.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) bytes: Bytes,
}

/// Everything that a request said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Input {
    path: BTreeMap<String, i64>,
    /// The path's parameters that are text.
    words: BTreeMap<String, String>,
    pub(crate) query: Fields,
    pub(crate) body: Fields,
    pub(crate) files: BTreeMap<String, Upload>,
}

impl Input {
    pub(crate) fn set_id(&mut self, name: &str, id: i64) {
        self.path.insert(name.to_owned(), id);
    }

    pub(crate) fn set_word(&mut self, name: &str, word: &str) {
        self.words.insert(name.to_owned(), word.to_owned());
    }

    /// A numeric parameter of the path; 0, which no thing has, where the path has none.
    pub(crate) fn id(&self, name: &str) -> i64 {
        self.path.get(name).copied().unwrap_or_default()
    }

    /// A text parameter of the path.
    pub(crate) fn word(&self, name: &str) -> &str {
        self.words.get(name).map_or("", String::as_str)
    }
}
