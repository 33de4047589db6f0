//! What is written together, and what must hold for it: the only way to write.

use zeroize::Zeroizing;

use super::frame::{Place, RECORD_BYTES_MAX};
use super::key::KEY_BYTES_MAX;
use super::{Key, Record, StoreError};

/// The largest commit: all of it is in memory, in the log's one write and in one transaction.
pub const COMMIT_BYTES_MAX: usize = 16 << 20;

/// Changes of records of any kinds, all of which are done or none is.
#[derive(Default)]
pub struct Commit {
    pub(super) changes: Vec<Change>,
    pub(super) expectations: Vec<Expectation>,
    bytes: usize,
    /// The first mistake in building it, told when it is committed.
    refused: Option<StoreError>,
}

pub(super) struct Change {
    pub(super) place: Place,
    /// The record as JSON; `None` deletes it.
    pub(super) text: Option<Zeroizing<Vec<u8>>>,
}

pub(super) struct Expectation {
    pub(super) place: Place,
    pub(super) kind: &'static str,
    pub(super) key: String,
    /// `None`: no record is there.
    pub(super) generation: Option<u64>,
}

impl Commit {
    /// A commit of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a record, over the one that is there.
    #[must_use]
    pub fn put<R: Record>(mut self, key: &Key, record: &R) -> Self {
        match serde_json::to_vec(record) {
            Ok(text) => self.change::<R>(key, Some(Zeroizing::new(text))),
            Err(error) => self.refuse(StoreError::form(R::KIND, key.as_str(), "written", &error)),
        }
        self
    }

    /// Deletes a record; it need not be there.
    #[must_use]
    pub fn delete<R: Record>(mut self, key: &Key) -> Self {
        self.change::<R>(key, None);
        self
    }

    /// The commit conflicts if there is such a record.
    #[must_use]
    pub fn expect_absent<R: Record>(self, key: &Key) -> Self {
        self.expect::<R>(key, None)
    }

    /// The commit conflicts unless the record was last written with this generation
    /// ([`Store::get_with_generation`](super::Store::get_with_generation)).
    #[must_use]
    pub fn expect_generation<R: Record>(self, key: &Key, generation: u64) -> Self {
        self.expect::<R>(key, Some(generation))
    }

    /// Whether it changes and expects nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.expectations.is_empty() && self.refused.is_none()
    }

    /// Itself, if it can be written as it is.
    pub(super) fn checked(mut self) -> Result<Self, StoreError> {
        if let Some(error) = self.refused.take() {
            return Err(error);
        }
        if self.bytes > COMMIT_BYTES_MAX {
            return Err(StoreError::TooLarge {
                what: "a commit".to_owned(),
                bytes: self.bytes,
                limit: COMMIT_BYTES_MAX,
            });
        }
        Ok(self)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn change<R: Record>(&mut self, key: &Key, text: Option<Zeroizing<Vec<u8>>>) {
        let bytes = text.as_ref().map_or(0, |text| text.len());
        if bytes > RECORD_BYTES_MAX {
            self.refuse(StoreError::TooLarge {
                what: format!("the record {} {key}", R::KIND),
                bytes,
                limit: RECORD_BYTES_MAX,
            });
        }
        let key_bytes = R::KIND.len() + key.as_str().len();
        if key_bytes > KEY_BYTES_MAX {
            self.refuse(StoreError::TooLarge {
                what: format!("a key of the kind {}", R::KIND),
                bytes: key_bytes,
                limit: KEY_BYTES_MAX,
            });
        }
        self.bytes += bytes + key_bytes;
        let place = Place::new(R::KIND, key);
        self.changes.push(Change { place, text });
    }

    fn expect<R: Record>(mut self, key: &Key, generation: Option<u64>) -> Self {
        self.expectations.push(Expectation {
            place: Place::new(R::KIND, key),
            kind: R::KIND,
            key: key.as_str().to_owned(),
            generation,
        });
        self
    }

    fn refuse(&mut self, error: StoreError) {
        self.refused.get_or_insert(error);
    }
}
