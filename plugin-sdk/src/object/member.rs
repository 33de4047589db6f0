//! One member of an object: found by its name, and written as it was read.

use super::raw::Raw;
use super::scan::Value;
use std::borrow::Cow;
use std::cell::Cell;

/// A member, and whether somebody has read it.
#[derive(Debug)]
pub(super) struct Member<'a> {
    /// Compared before the name, because most names differ in it.
    pub(super) mark: u32,
    pub(super) name: Cow<'a, str>,
    pub(super) value: Raw<'a>,
    pub(super) read: Cell<bool>,
}

impl<'a> Member<'a> {
    pub(super) fn new(name: Cow<'a, str>, value: Value<'a>) -> Self {
        Self {
            mark: mark(&name),
            name,
            value: Raw::new(value),
            read: Cell::new(false),
        }
    }

    /// How long it is in a document, with what separates it.
    pub(super) fn size(&self) -> usize {
        self.name.len() + self.value.get().len() + r#","":"#.len()
    }

    /// Writes it as it stands in a document.
    pub(super) fn write(&self, document: &mut String) {
        match &self.name {
            // What could be borrowed is without escapes, so it needs none.
            Cow::Borrowed(name) => {
                document.push('"');
                document.push_str(name);
                document.push('"');
            }
            Cow::Owned(name) => {
                document.push_str(&serde_json::to_string(name).unwrap_or_default());
            }
        }
        document.push(':');
        document.push_str(self.value.get());
    }
}

/// Length and three bytes of a name: what tells most names apart at one comparison.
pub(super) fn mark(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let at = |place: usize| bytes.get(place).copied().unwrap_or_default();
    let length = bytes.len();
    u32::from_le_bytes([
        length as u8,
        at(0),
        at(length / 2),
        at(length.saturating_sub(1)),
    ])
}
