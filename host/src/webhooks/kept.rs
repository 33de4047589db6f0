//! Pushes in the store: each that was believed, under its plugin and its id, with what is to follow
//! from it, until that is done; and a mark of those from which something still is to follow.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Notice, PluginId};
use crate::store::{Commit, Key, Record, Store, StoreError};

/// How long a push is kept from which nothing is to follow any more.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A push that was believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptPush {
    /// By whose plugin it was read.
    pub plugin: PluginId,
    /// What its sender calls it, or a digest of it.
    pub id: String,
    /// When it came.
    pub received_at: Timestamp,
    /// What follows from it.
    pub notices: Vec<KeptNotice>,
}

impl Record for KeptPush {
    const KIND: &'static str = "push";
}

/// One thing that follows from a push.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptNotice {
    /// What it is. Of a person who was erased the ids are gone.
    pub notice: Notice,
    /// What came of it; `None` while nothing has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Carried>,
    /// When it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try_at: Option<Timestamp>,
}

/// What came of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carried {
    /// An event tells, for each of these accounts, that its job is to be run.
    Told(Vec<AccountId>),
    /// The marketplace was asked: which accounts it still connects, and which it does not.
    Asked {
        /// Whose refresh token it took.
        connected: Vec<AccountId>,
        /// Whose seller has to consent again.
        ended: Vec<AccountId>,
    },
    /// So many records told of the person, and do no more.
    Erased(usize),
    /// No account here is the one that is meant.
    Nobody,
    /// It was tried for a week.
    GivenUp,
}

impl KeptNotice {
    pub(super) fn new(notice: Notice) -> Self {
        Self {
            notice,
            outcome: None,
            done_at: None,
            attempts: 0,
            next_try_at: None,
        }
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.outcome.is_none() && self.next_try_at.is_none_or(|at| at <= now)
    }
}

impl KeptPush {
    pub(super) fn key(&self) -> Key {
        push_key(&self.plugin, &self.id)
    }

    pub(super) fn is_done(&self) -> bool {
        self.notices.iter().all(|notice| notice.outcome.is_some())
    }
}

/// Something still is to follow from the push of the same key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PendingPush {}

impl Record for PendingPush {
    const KIND: &'static str = "push_pending";
}

pub(super) fn push_key(plugin: &PluginId, id: &str) -> Key {
    Key::of([plugin.as_str(), id])
}

/// Adds a push as it is now.
pub(super) fn put(commit: Commit, push: &KeptPush) -> Commit {
    let key = push.key();
    let commit = commit.put(&key, push);
    match push.is_done() {
        true => commit.delete::<PendingPush>(&key),
        false => commit.put(&key, &PendingPush {}),
    }
}

/// The keys of those from which something is to follow.
pub(super) fn pending(store: &Store) -> Result<Vec<Key>, StoreError> {
    let pending = store.scan::<PendingPush>(&Key::root())?;
    Ok(pending.into_iter().map(|(key, _)| key).collect())
}
