//! What has happened: to accounts now, to orders and listings when they are polled. An event is written
//! in the same commit as the change that it tells of, so that neither is ever without the other, and is
//! read by a cursor: whoever was away misses nothing for 30 days.
//!
//! Events are numbered in the order in which they become visible, one commit after the other: behind a
//! number that a reader has seen, no smaller one ever appears. Numbers may be left out, where a commit
//! was refused. An event's id comes from the fact alone, so that one told twice is known again.
//!
//! The mistakes that this prevents: a change that nobody hears of, because the program was killed
//! between the two; a reader who skips an event that was slower than its successor; one who is told of
//! another user's.

mod kept;
mod read;

use std::str::FromStr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, watch};

use crate::clock::Clock;
use crate::model::{Account, AccountId, PluginId, UserId, tells_of};
use crate::store::{Commit, Store, StoreError};
use kept::{Bounds, Place};

pub use read::{Cursor, Gone, NoCursor, Page, Reading, Wanted};

/// How long events are kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How many are kept, of all users.
const EVENTS_MAX: u64 = 1_000_000;

/// What has happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// From the fact: the same fact has the same id for ever.
    pub id: String,
    /// What kind of thing.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub user: UserId,
    /// To which account.
    pub account: AccountId,
    /// On which marketplace.
    pub plugin: PluginId,
    /// More of it, by the kind.
    #[serde(default)]
    pub data: Value,
}

/// The kinds of events. The names are stable, and there will be more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A seller has consented, for the first time or again.
    #[serde(rename = "account.connected")]
    AccountConnected,
    /// The seller has to consent again.
    #[serde(rename = "account.needs_consent")]
    AccountNeedsConsent,
    /// The account was disconnected and forgotten.
    #[serde(rename = "account.disconnected")]
    AccountDisconnected,
    /// The marketplace has pushed that there is something to read.
    #[serde(rename = "poll.wanted")]
    PollWanted,
}

/// Something that has happened and is not written yet.
#[derive(Debug, Clone)]
pub struct News {
    /// What kind of thing.
    pub kind: EventKind,
    /// Whose, to which account, on which marketplace.
    pub about: (UserId, AccountId, PluginId),
    /// What makes it this one and no other.
    pub fact: String,
    /// More of it.
    pub data: Value,
}

impl News {
    /// Of an account.
    pub fn of(account: &Account, kind: EventKind, fact: impl ToString, data: Value) -> Self {
        let (user, id, plugin) = (&account.user, &account.id, &account.plugin);
        Self {
            kind,
            about: (user.clone(), id.clone(), plugin.clone()),
            fact: fact.to_string(),
            data,
        }
    }

    fn at(self, at: Timestamp) -> Event {
        let (user, account, plugin) = self.about;
        let kind = serde_json::to_string(&self.kind).unwrap_or_default();
        let mut digest = Sha256::new();
        for part in [kind.as_str(), account.as_str(), &self.fact] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        let digest = hex::encode(digest.finalize());
        Event {
            id: format!("evt_{}", digest.get(..32).unwrap_or_default()),
            kind: self.kind,
            at,
            user,
            account,
            plugin,
            data: self.data,
        }
    }
}

/// All events. Clones are handles of the same ones.
#[derive(Debug, Clone)]
pub struct Events(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: Store,
    clock: Clock,
    /// Held from the numbering until the commit is done.
    bounds: Mutex<Bounds>,
    /// The number of the last one that readers see.
    newest: watch::Sender<u64>,
}

impl Events {
    /// Those of a store.
    ///
    /// # Errors
    /// The store's.
    pub fn open(store: Store, clock: Clock) -> Result<Self, StoreError> {
        let bounds: Bounds = store.get(&kept::bounds_key())?.unwrap_or_default();
        let newest = watch::Sender::new(bounds.last);
        Ok(Self(Arc::new(Parts {
            store,
            clock,
            bounds: Mutex::new(bounds),
            newest,
        })))
    }

    /// The store that they are in.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Does a commit together with what it is news of.
    ///
    /// # Errors
    /// Those of [`Store::commit`]; then nothing is told.
    pub async fn commit(&self, commit: Commit, news: Vec<News>) -> Result<(), StoreError> {
        let parts = Arc::clone(&self.0);
        // In a task of its own: whoever asked may go, and readers are told nevertheless.
        let committing = tokio::spawn(async move {
            let mut bounds = parts.bounds.lock().await;
            let mut next = *bounds;
            let mut commit = commit;
            for one in news {
                next.last += 1;
                commit = kept::put(commit, next.last, &one.at(parts.clock.now()));
            }
            // Even where it fails: nobody else may have the number.
            bounds.last = next.last;
            let commit = commit.put(&kept::bounds_key(), &*bounds);
            parts.store.commit(commit).await?;
            parts.newest.send_replace(next.last);
            Ok(())
        });
        committing.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Forgets those that are old, or too many.
    ///
    /// # Errors
    /// The store's.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        loop {
            let mut bounds = self.0.bounds.lock().await;
            let old = self.old(&bounds)?;
            let Some((last, _)) = old.last() else {
                return Ok(());
            };
            bounds.swept = *last;
            let commit = Commit::new().put(&kept::bounds_key(), &*bounds);
            let commit = old.iter().fold(commit, |commit, (number, place)| {
                kept::delete(commit, *number, &place.user)
            });
            self.0.store.commit(commit).await?;
        }
    }

    /// The oldest, of those that are to be forgotten.
    fn old(&self, bounds: &Bounds) -> Result<Vec<(u64, Place)>, StoreError> {
        let now = self.0.clock.now();
        let places = kept::places(&self.0.store, 0, BATCH)?;
        let is_old = |(number, place): &(u64, Place)| {
            bounds.last - number.min(&bounds.last) >= EVENTS_MAX
                || now.duration_since(place.at) > KEPT
        };
        Ok(places.into_iter().take_while(is_old).collect())
    }

    /// Forgets all events of a user. How many.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_user(&self, user: &UserId) -> Result<usize, StoreError> {
        let all = kept::of_user(&self.0.store, user)?;
        for batch in all.chunks(BATCH) {
            let commit = batch.iter().fold(Commit::new(), |commit, (number, place)| {
                kept::delete(commit, *number, &place.user)
            });
            self.0.store.commit(commit).await?;
        }
        Ok(all.len())
    }

    /// Takes out of a plugin's events what tells of a person of these ids. How many.
    ///
    /// # Errors
    /// The store's.
    pub async fn erase(&self, plugin: &PluginId, ids: &[String]) -> Result<usize, StoreError> {
        let mut erased = 0;
        for (key, mut event) in kept::all(&self.0.store)? {
            if event.plugin == *plugin && tells_of(&event.data, ids) {
                event.data = Value::Null;
                self.0.store.commit(Commit::new().put(&key, &event)).await?;
                erased += 1;
            }
        }
        Ok(erased)
    }
}

/// Records that are read or deleted at a time.
const BATCH: usize = 200;

impl FromStr for EventKind {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_value(Value::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_events_id_comes_from_the_fact_alone() {
        let news = |account: &str, fact: &str, data: Value| News {
            kind: EventKind::AccountConnected,
            about: (
                "u1".parse().unwrap(),
                account.parse().unwrap(),
                "etsy".parse().unwrap(),
            ),
            fact: fact.to_owned(),
            data,
        };
        let (a, b) = ("acc_aaaaaaaaaaaaaaaa", "acc_bbbbbbbbbbbbbbbb");
        let id = |news: News, second| news.at(Timestamp::from_second(second).unwrap()).id;
        let first = id(news(a, "1", Value::Null), 1);
        assert_eq!(first, id(news(a, "1", Value::from(2)), 5));
        assert_ne!(first, id(news(b, "1", Value::Null), 1));
        assert_ne!(first, id(news(a, "2", Value::Null), 1));
    }
}
