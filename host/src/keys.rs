//! Keys to the API: made, shown, revoked, and known again when they come with a request.
//!
//! What is kept of a key proves nothing to who reads it: the hash of 256 random bits. All keys are in
//! memory too, so that a request reads no store, and a key that is revoked opens nothing from that
//! moment on, also on a connection that it opened before. When a key was last used is written at most
//! once a minute: a commit for each request would be slower than the request.

mod entry;
mod error;
mod failures;
mod rate;
mod text;

pub use error::{CreateError, KeyError};
pub use failures::Failures;
pub use rate::Spent;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::model::{ApiKey, KeyId, KeyRate, KeyScopes, UserId};
use crate::secret::Secret;
use crate::store::{Commit, Key, Store, StoreError};
use entry::{Entry, Kept};
use text::KeyText;

/// How long a key that opens nothing any more is still listed.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The longest name that a person may give a key.
const NAME_CHARS_MAX: usize = 100;

/// All keys. Clones are handles of the same ones.
#[derive(Clone)]
pub struct Keys(Arc<Ring>);

struct Ring {
    store: Store,
    clock: Clock,
    /// Of a key that has no number of its own.
    rate: KeyRate,
    entries: RwLock<HashMap<KeyId, Arc<Entry>>>,
    failures: Failures,
}

/// What a key is to be.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// Whose things it reaches; `None` for an operator's.
    pub user: Option<UserId>,
    /// What it may do. An operator's has none.
    pub scopes: KeyScopes,
    /// What a person calls it.
    pub name: Option<String>,
    /// From when on it opens nothing.
    pub expires_at: Option<Timestamp>,
    /// How many requests it may make; the usual number without.
    pub rate: Option<KeyRate>,
}

/// What may be told of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// The key.
    pub key: Arc<ApiKey>,
    /// Whether it opens anything.
    pub state: KeyState,
    /// When it was last used; `None` if never.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Whether a key opens anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It does.
    Active,
    /// It does not any more: its time is over.
    Expired,
    /// It does not any more: somebody took it back.
    Revoked,
}

impl Keys {
    /// The keys in a store, which live by a clock; those that have no rate of their own have this one.
    ///
    /// # Errors
    /// The store's.
    pub fn open(store: Store, clock: Clock, rate: KeyRate) -> Result<Self, StoreError> {
        let mut entries = HashMap::new();
        for (_, kept) in store.scan::<Kept>(&Key::root())? {
            let entry = Entry::of(kept, rate)?;
            entries.insert(entry.key.id.clone(), Arc::new(entry));
        }
        Ok(Self(Arc::new(Ring {
            store,
            clock,
            rate,
            entries: RwLock::new(entries),
            failures: Failures::new(),
        })))
    }

    /// Makes a key. Its text is given here and never again.
    ///
    /// # Errors
    /// What it is to be makes no sense, or the store's.
    pub async fn create(&self, new: NewKey) -> Result<(KeyStatus, Secret), CreateError> {
        let now = self.0.clock.now();
        check(&new, now)?;
        let text = KeyText::random();
        let key = ApiKey {
            id: text.id.clone(),
            user: new.user,
            scopes: new.scopes,
            name: new.name,
            created_at: now,
            expires_at: new.expires_at,
            rate: new.rate,
        };
        let kept = Kept::new(key, &text);
        let place = place(&text.id);
        let entry = Arc::new(Entry::of(kept.clone(), self.0.rate)?);
        let old = self.old(now);
        let commit = old.iter().fold(Commit::new(), |commit, id| {
            commit.delete::<Kept>(&self::place(id))
        });
        let commit = commit.expect_absent::<Kept>(&place).put(&place, &kept);
        self.0.store.commit(commit).await?;
        self.remove(&old);
        let status = entry.status(now);
        self.0.write(|entries| {
            entries.insert(text.id.clone(), entry);
        });
        tracing::info!(key = %status.key.id, user = owner(&status.key), "a key to the API was made");
        Ok((status, text.whole()))
    }

    /// All keys, or those of one user: the latest first.
    pub fn list(&self, user: Option<&UserId>) -> Vec<KeyStatus> {
        let now = self.0.clock.now();
        let is_meant = |entry: &&Arc<Entry>| user.is_none() || entry.key.user.as_ref() == user;
        let mut found: Vec<KeyStatus> = self.0.read(|entries| {
            let meant = entries.values().filter(is_meant);
            meant.map(|entry| entry.status(now)).collect()
        });
        found.sort_by(|a, b| {
            let (a, b) = (&a.key, &b.key);
            b.created_at.cmp(&a.created_at).then(a.id.cmp(&b.id))
        });
        found
    }

    /// A key.
    pub fn show(&self, id: &KeyId) -> Option<KeyStatus> {
        let now = self.0.clock.now();
        self.entry(id).map(|entry| entry.status(now))
    }

    /// Takes a key back: it opens nothing from here on. One that was taken back before stays as it
    /// is. `None` without such a key.
    ///
    /// # Errors
    /// The store's: then it opens what it did.
    pub async fn revoke(&self, id: &KeyId) -> Result<Option<KeyStatus>, StoreError> {
        let Some(entry) = self.entry(id) else {
            return Ok(None);
        };
        let now = self.0.clock.now();
        if entry.revoked_at().is_none() && !self.0.mark_revoked(id, now).await? {
            return Ok(None);
        }
        entry.revoke(now);
        tracing::info!(key = %id, user = owner(&entry.key), "a key to the API was revoked");
        Ok(Some(entry.status(now)))
    }

    /// Forgets all keys of a user, and says how many there were.
    ///
    /// # Errors
    /// The store's: then they open what they did.
    pub async fn forget(&self, user: &UserId) -> Result<usize, StoreError> {
        let now = self.0.clock.now();
        let all = self.list(Some(user));
        let ids: Vec<KeyId> = all.iter().map(|status| status.key.id.clone()).collect();
        let commit = ids.iter().fold(Commit::new(), |commit, id| {
            commit.delete::<Kept>(&place(id))
        });
        if !commit.is_empty() {
            self.0.store.commit(commit).await?;
        }
        for entry in ids.iter().filter_map(|id| self.entry(id)) {
            entry.revoke(now);
        }
        self.remove(&ids);
        for id in &ids {
            tracing::info!(key = %id, "a key to the API was forgotten with its user");
        }
        Ok(ids.len())
    }

    /// The key with this text, if it opens anything now.
    ///
    /// # Errors
    /// It is none, in one wording whether the text, the id or the proof is wrong; or its time is
    /// over, or it was taken back, which is told only to who has the right text.
    pub fn authenticate(&self, text: &str) -> Result<Arc<ApiKey>, KeyError> {
        let presented = KeyText::parse(text).ok_or(KeyError::Unknown)?;
        let hash = presented.hash();
        let entry = self.entry(&presented.id).ok_or(KeyError::Unknown)?;
        if !entry.is_proven_by(&hash) {
            return Err(KeyError::Unknown);
        }
        let now = self.0.clock.now();
        match entry.state(now) {
            KeyState::Revoked => Err(KeyError::Revoked),
            KeyState::Expired => Err(KeyError::Expired),
            KeyState::Active => {
                if entry.note_use(now) {
                    self.write_use(&entry);
                }
                Ok(Arc::clone(&entry.key))
            }
        }
    }

    /// Takes one request from what a key may make. `None` of a key that is forgotten.
    pub fn spend(&self, id: &KeyId) -> Option<Spent> {
        self.entry(id).map(|entry| entry.limit.spend())
    }

    /// Attempts with what opens nothing, by address.
    pub fn failures(&self) -> &Failures {
        &self.0.failures
    }

    fn entry(&self, id: &KeyId) -> Option<Arc<Entry>> {
        self.0.read(|entries| entries.get(id).cloned())
    }

    fn remove(&self, ids: &[KeyId]) {
        self.0.write(|entries| {
            for id in ids {
                entries.remove(id);
            }
        });
    }

    /// Those that opened nothing for so long that they are listed no more.
    fn old(&self, now: Timestamp) -> Vec<KeyId> {
        let is_old = |entry: &&Arc<Entry>| {
            let ended = entry.revoked_at().or(entry.key.expires_at);
            ended.is_some_and(|ended| now.duration_since(ended) > REMEMBERED)
        };
        self.0.read(|entries| {
            let old = entries.values().filter(is_old);
            old.map(|entry| entry.key.id.clone()).collect()
        })
    }

    /// Beside the request, which does not wait for it. Outside a runtime nothing is written: it is
    /// written with the next use.
    fn write_use(&self, entry: &Arc<Entry>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (ring, entry) = (Arc::clone(&self.0), Arc::clone(entry));
        runtime.spawn(async move {
            if let Err(error) = ring.keep_use(&entry).await {
                tracing::debug!(key = %entry.key.id, %error, "its last use is not written");
            }
        });
    }
}

impl Ring {
    fn read<T>(&self, look: impl FnOnce(&HashMap<KeyId, Arc<Entry>>) -> T) -> T {
        look(&self.entries.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut HashMap<KeyId, Arc<Entry>>)) {
        change(&mut self.entries.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether there is such a record.
    async fn mark_revoked(&self, id: &KeyId, now: Timestamp) -> Result<bool, StoreError> {
        self.change(id, |kept| {
            kept.revoked_at.get_or_insert(now);
        })
        .await
    }

    async fn keep_use(&self, entry: &Entry) -> Result<(), StoreError> {
        let last = entry.last_used_at();
        self.change(&entry.key.id, |kept| {
            kept.last_used_at = kept.last_used_at.max(last);
        })
        .await
        .map(|_| ())
    }

    /// Changes a key's record, as often as somebody else does meanwhile.
    async fn change(&self, id: &KeyId, change: impl Fn(&mut Kept)) -> Result<bool, StoreError> {
        let place = place(id);
        loop {
            let found = self.store.get_with_generation::<Kept>(&place)?;
            let Some((mut kept, generation)) = found else {
                return Ok(false);
            };
            change(&mut kept);
            let commit = Commit::new()
                .expect_generation::<Kept>(&place, generation)
                .put(&place, &kept);
            match self.store.commit(commit).await {
                Err(StoreError::Conflict { .. }) => {}
                done => return done.map(|()| true),
            }
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

fn place(id: &KeyId) -> Key {
    Key::of([id.as_str()])
}

fn owner(key: &ApiKey) -> &str {
    key.user.as_ref().map_or("(operator)", UserId::as_str)
}

fn check(new: &NewKey, now: Timestamp) -> Result<(), CreateError> {
    match (&new.user, new.scopes.is_empty()) {
        (None, false) => return Err(CreateError::ScopesOfOperator),
        (Some(user), true) => return Err(CreateError::NoScopes(user.clone())),
        _ => {}
    }
    let is_line = |name: &String| {
        !name.trim().is_empty()
            && name.chars().count() <= NAME_CHARS_MAX
            && !name.chars().any(char::is_control)
    };
    if !new.name.as_ref().is_none_or(is_line) {
        return Err(CreateError::Name);
    }
    match new.expires_at {
        Some(at) if at <= now => Err(CreateError::Past(at)),
        _ => Ok(()),
    }
}
