//! A key as it is kept, and as it is in memory: who has the right text, when it was last used, how
//! many requests it may make now.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::rate::Limit;
use super::text::KeyText;
use super::{KeyState, KeyStatus};
use crate::model::{ApiKey, KeyRate};
use crate::store::{Record, StoreError};

/// How often its last use is written.
const WRITTEN_EVERY_MS: i64 = 60_000;

/// No use is known.
const NEVER: i64 = i64::MIN;

/// A key's record.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    key: ApiKey,
    /// SHA-256 of what proves it, in hexadecimal digits.
    hash: String,
    #[serde(default)]
    pub(super) last_used_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) revoked_at: Option<Timestamp>,
}

impl Record for Kept {
    const KIND: &'static str = "api_key";
}

impl Kept {
    pub(super) fn new(key: ApiKey, text: &KeyText) -> Self {
        Self {
            key,
            hash: hex::encode(text.hash()),
            last_used_at: None,
            revoked_at: None,
        }
    }
}

/// A key in memory.
pub(super) struct Entry {
    pub(super) key: Arc<ApiKey>,
    pub(super) limit: Limit,
    hash: [u8; 32],
    revoked_at: OnceLock<Timestamp>,
    /// Milliseconds since 1970, as the next.
    last_used: AtomicI64,
    /// The use that was last written.
    written: AtomicI64,
}

impl Entry {
    pub(super) fn of(kept: Kept, usual: KeyRate) -> Result<Self, StoreError> {
        let mut hash = [0; 32];
        hex::decode_to_slice(&kept.hash, &mut hash).map_err(|_| StoreError::Damaged {
            place: format!("{} {}", Kept::KIND, kept.key.id),
            what: "its hash is none".to_owned(),
        })?;
        let used = kept.last_used_at.map_or(NEVER, Timestamp::as_millisecond);
        let revoked_at = OnceLock::new();
        if let Some(at) = kept.revoked_at {
            let _ = revoked_at.set(at);
        }
        Ok(Self {
            limit: Limit::new(kept.key.rate.unwrap_or(usual)),
            key: Arc::new(kept.key),
            hash,
            revoked_at,
            last_used: AtomicI64::new(used),
            written: AtomicI64::new(used),
        })
    }

    /// In a time that does not tell how much of it is right.
    pub(super) fn is_proven_by(&self, hash: &[u8; 32]) -> bool {
        self.hash.ct_eq(hash).into()
    }

    pub(super) fn state(&self, now: Timestamp) -> KeyState {
        if self.revoked_at.get().is_some() {
            KeyState::Revoked
        } else if self.key.expires_at.is_some_and(|at| at <= now) {
            KeyState::Expired
        } else {
            KeyState::Active
        }
    }

    pub(super) fn status(&self, now: Timestamp) -> KeyStatus {
        KeyStatus {
            key: Arc::clone(&self.key),
            state: self.state(now),
            last_used_at: self.last_used_at(),
            revoked_at: self.revoked_at(),
        }
    }

    pub(super) fn revoke(&self, now: Timestamp) {
        // The first time counts.
        let _ = self.revoked_at.set(now);
    }

    pub(super) fn revoked_at(&self) -> Option<Timestamp> {
        self.revoked_at.get().copied()
    }

    pub(super) fn last_used_at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.last_used.load(Ordering::Relaxed)).ok()
    }

    /// Notes a use, and says whether it is to be written: to one of those who use it in the same
    /// minute.
    pub(super) fn note_use(&self, now: Timestamp) -> bool {
        let now = now.as_millisecond();
        self.last_used.fetch_max(now, Ordering::Relaxed);
        let written = self.written.load(Ordering::Relaxed);
        now.saturating_sub(written) >= WRITTEN_EVERY_MS
            && self
                .written
                .compare_exchange(written, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.key.id).finish()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn entry() -> (Entry, KeyText) {
        let text = KeyText::random();
        let key = ApiKey {
            id: text.id.clone(),
            user: None,
            scopes: Default::default(),
            name: None,
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: Some(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1)),
            rate: None,
        };
        (
            Entry::of(Kept::new(key, &text), KeyRate::new(1, 1)).unwrap(),
            text,
        )
    }

    #[test]
    fn it_is_proven_by_its_own_text_alone() {
        let (entry, text) = entry();
        assert!(entry.is_proven_by(&text.hash()));
        assert!(!entry.is_proven_by(&KeyText::random().hash()));
    }

    #[test]
    fn its_last_use_is_written_once_a_minute() {
        let (entry, _) = entry();
        let start = Timestamp::UNIX_EPOCH;
        let at = |seconds| start + SignedDuration::from_secs(seconds);
        let written: Vec<i64> = (0..200).filter(|s| entry.note_use(at(*s))).collect();
        assert_eq!(written, [0, 60, 120, 180]);
        assert_eq!(entry.last_used_at(), Some(at(199)));
    }

    #[test]
    fn it_ends_at_its_time_and_when_it_is_taken_back() {
        let (entry, _) = entry();
        let end = entry.key.expires_at.unwrap();
        let before = end - SignedDuration::from_millis(1);
        assert_eq!(entry.state(before), KeyState::Active);
        assert_eq!(entry.state(end), KeyState::Expired);
        entry.revoke(before);
        entry.revoke(end);
        assert_eq!(entry.state(before), KeyState::Revoked);
        assert_eq!(entry.revoked_at(), Some(before));
    }
}
