//! Requests that come twice: a client that did not get its answer asks again with the same key
//! (draft-ietf-httpapi-idempotency-key-header), and what was asked for is done once.
//!
//! Before a request is worked on, its key and a digest of it are on disk; afterwards, how it was
//! answered. The same again is answered alike for 24 hours; one that a stop has broken off is known by
//! it. What became an operation is bound to it in the commit that takes it, so that no crash comes
//! between.
//!
//! The mistakes that this prevents: a listing, a fee or a policy twice because a reply was lost; one
//! key, taken for another request, that hides what was really asked for; two at once that both find
//! nothing there.

mod digest;

use std::collections::HashSet;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Clock;
use crate::model::{OperationId, UserId, tells_of};
use crate::store::{Commit, Key, Record, Store, StoreError};

pub use digest::Digest;

/// How long an answer is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The longest key.
const KEY_BYTES_MAX: usize = 255;

/// The largest answer that is kept.
pub const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Changes in one commit.
const BATCH: usize = 200;

/// What a client calls a request by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// Why a text is no key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the Idempotency-Key is not valid: 1 to {KEY_BYTES_MAX} visible ASCII characters")]
pub struct NoKey;

impl FromStr for IdempotencyKey {
    type Err = NoKey;

    /// As the draft writes it, between quotes (RFC 8941 §3.3.3), or as many clients do, without.
    fn from_str(text: &str) -> Result<Self, NoKey> {
        let text = text.trim();
        let between = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let key = between.unwrap_or(text);
        let is_visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        match (1..=KEY_BYTES_MAX).contains(&key.len()) && is_visible {
            true => Ok(Self(key.to_owned())),
            false => Err(NoKey),
        }
    }
}

/// A request that has a key, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct KeptRequest {
    /// Of the whole request.
    digest: String,
    begun_at: Timestamp,
    state: State,
}

impl Record for KeptRequest {
    const KIND: &'static str = "idempotent_request";
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Running,
    Operation(OperationId),
    Answered(KeptAnswer),
}

/// How a request was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that say what it is and where.
    pub headers: Vec<(String, String)>,
    /// The body in base 64; `None` where it is not kept.
    body: Option<String>,
}

impl KeptAnswer {
    /// An answer; without a body where it is too large, or nobody's to keep.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Option<&[u8]>) -> Self {
        let body = body.filter(|body| body.len() <= ANSWER_BYTES_MAX);
        Self {
            status,
            headers,
            body: body.map(|body| STANDARD.encode(body)),
        }
    }

    /// The body; `None` where it is not kept.
    pub fn body(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.body.as_ref()?).ok()
    }
}

/// What is known of a request with a key.
#[derive(Debug)]
pub enum Admitted {
    /// Nothing: it is to be worked on.
    First(Attempt),
    /// A stop of the host has broken it off.
    BrokenOff(Attempt),
    /// It is being worked on.
    Running,
    /// The key was used for another request.
    Other,
    /// It has become an operation. It may be begun anew with the attempt.
    Operation(OperationId, Attempt),
    /// It was answered so.
    Answered(KeptAnswer),
}

/// All requests that have keys. Clones are handles of the same ones.
#[derive(Debug, Clone)]
pub struct Idempotency(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: Store,
    clock: Clock,
    /// Those that are worked on in this process.
    live: Mutex<HashSet<Key>>,
}

/// A request that is worked on. Nobody else works on the same while this is there.
#[derive(Debug)]
pub struct Attempt {
    parts: Arc<Parts>,
    key: Key,
    digest: String,
    begun_at: Timestamp,
    /// Whether it has become an operation.
    bound: AtomicBool,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.parts.live().remove(&self.key);
    }
}

impl Parts {
    fn live(&self) -> std::sync::MutexGuard<'_, HashSet<Key>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idempotency {
    /// Those of a store.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self(Arc::new(Parts {
            store,
            clock,
            live: Mutex::default(),
        }))
    }

    /// Says what is known of a request of a user's (`None`: an operator's). One that nobody knows, or
    /// that was broken off, is on disk as begun when this returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn admit(
        &self,
        user: Option<&UserId>,
        key: &IdempotencyKey,
        digest: &Digest,
    ) -> Result<Admitted, StoreError> {
        let key = Key::of([user.map_or("", UserId::as_str), &key.0]);
        let kept = |key: &Key| -> Result<Option<KeptRequest>, StoreError> {
            let kept: Option<KeptRequest> = self.0.store.get(key)?;
            Ok(kept.filter(|kept| !self.is_old(kept)))
        };
        let is_free = self.0.live().insert(key.clone());
        if !is_free {
            let same = kept(&key)?.is_none_or(|kept| kept.digest == digest.as_str());
            return Ok(if same {
                Admitted::Running
            } else {
                Admitted::Other
            });
        }
        let attempt = Attempt {
            parts: Arc::clone(&self.0),
            key,
            digest: digest.as_str().to_owned(),
            begun_at: self.0.clock.now(),
            bound: AtomicBool::new(false),
        };
        let admitted = match kept(&attempt.key)? {
            None => Admitted::First(attempt),
            Some(kept) if kept.digest != attempt.digest => return Ok(Admitted::Other),
            Some(kept) => match kept.state {
                State::Running => Admitted::BrokenOff(attempt),
                State::Operation(id) => return Ok(Admitted::Operation(id, attempt)),
                State::Answered(answer) => return Ok(Admitted::Answered(answer)),
            },
        };
        if let Admitted::First(attempt) | Admitted::BrokenOff(attempt) = &admitted {
            attempt.write(State::Running).await?;
        }
        Ok(admitted)
    }

    /// Forgets those that are old.
    ///
    /// # Errors
    /// The store's.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let all = self.0.store.scan::<KeptRequest>(&Key::root())?;
        let old = all.into_iter().filter(|(_, kept)| self.is_old(kept));
        let old: Vec<Key> = old.map(|(key, _)| key).collect();
        self.delete(&old).await
    }

    /// Forgets the requests of a user. How many.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_user(&self, user: &UserId) -> Result<usize, StoreError> {
        let all = self
            .0
            .store
            .scan::<KeptRequest>(&Key::of([user.as_str()]))?;
        let all: Vec<Key> = all.into_iter().map(|(key, _)| key).collect();
        self.delete(&all).await?;
        Ok(all.len())
    }

    /// Forgets the answers that tell of a person of these ids. How many.
    ///
    /// # Errors
    /// The store's.
    pub async fn erase(&self, ids: &[String]) -> Result<usize, StoreError> {
        let all = self.0.store.scan::<KeptRequest>(&Key::root())?;
        let told = all.into_iter().filter(|(_, kept)| kept.tells_of(ids));
        let told: Vec<Key> = told.map(|(key, _)| key).collect();
        self.delete(&told).await?;
        Ok(told.len())
    }

    /// Forgets all of a user's.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget(&self, user: &UserId) -> Result<(), StoreError> {
        let all = self
            .0
            .store
            .scan::<KeptRequest>(&Key::of([user.as_str()]))?;
        let all: Vec<Key> = all.into_iter().map(|(key, _)| key).collect();
        self.delete(&all).await
    }

    async fn delete(&self, keys: &[Key]) -> Result<(), StoreError> {
        for batch in keys.chunks(BATCH) {
            let commit = Commit::new();
            let commit = batch
                .iter()
                .fold(commit, |commit, key| commit.delete::<KeptRequest>(key));
            self.0.store.commit(commit).await?;
        }
        Ok(())
    }

    /// A clock that jumped keeps nothing for years.
    fn is_old(&self, kept: &KeptRequest) -> bool {
        let age = self.0.clock.now().duration_since(kept.begun_at);
        age.abs() > KEPT
    }
}

impl KeptRequest {
    fn tells_of(&self, ids: &[String]) -> bool {
        let State::Answered(answer) = &self.state else {
            return false;
        };
        let body = answer.body().unwrap_or_default();
        // What is no JSON tells of nobody by an id.
        let body: Option<Value> = serde_json::from_slice(&body).ok();
        body.is_some_and(|body| tells_of(&body, ids))
    }
}

impl Attempt {
    /// Adds to the commit which takes an operation that this request has become it.
    #[must_use]
    pub fn bind(&self, commit: Commit, operation: &OperationId) -> Commit {
        self.bound.store(true, Ordering::Release);
        commit.put(&self.key, &self.kept(State::Operation(operation.clone())))
    }

    /// Whether it has become an operation.
    pub fn is_bound(&self) -> bool {
        self.bound.load(Ordering::Acquire)
    }

    /// Keeps how it was answered.
    ///
    /// # Errors
    /// The store's: then it counts as broken off.
    pub async fn answered(&self, answer: KeptAnswer) -> Result<(), StoreError> {
        self.write(State::Answered(answer)).await
    }

    /// Nothing was done: the same may be tried again.
    ///
    /// # Errors
    /// The store's: then it counts as broken off.
    pub async fn forget(&self) -> Result<(), StoreError> {
        let commit = Commit::new().delete::<KeptRequest>(&self.key);
        self.parts.store.commit(commit).await
    }

    fn kept(&self, state: State) -> KeptRequest {
        KeptRequest {
            digest: self.digest.clone(),
            begun_at: self.begun_at,
            state,
        }
    }

    async fn write(&self, state: State) -> Result<(), StoreError> {
        let commit = Commit::new().put(&self.key, &self.kept(state));
        self.parts.store.commit(commit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_with_quotes_or_without_and_nothing_odd_is_one() {
        let key = |text: &str| text.parse::<IdempotencyKey>();
        assert_eq!(key("7b0d-1"), key("\"7b0d-1\""));
        assert!(key(&"k".repeat(KEY_BYTES_MAX)).is_ok());
        for odd in [
            "",
            "\"\"",
            "a b",
            "é",
            "a\u{1}",
            &"k".repeat(KEY_BYTES_MAX + 1),
        ] {
            assert_eq!(key(odd), Err(NoKey), "{odd:?}");
        }
    }
}
