//! `journal`: what one call leaves for the next, so that an operation of several steps that broke
//! off is finished instead of done twice.
//!
//! An entry is on disk when `save` returns. From its first use on the key is the call's alone until the
//! call ends: two calls that publish the same product cannot both find it unpublished.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;
use wasmtime::{Error, Result};

use super::Progress;
use super::bindings::stoflow::marketplace::journal;
use super::limits::LimitReached;
use super::state::CallState;
use crate::locks::NamedLocks;
use crate::model::AccountId;
use crate::store::{Commit, Key, Record, Store, StoreError};

/// A checkpoint holds ids and names of steps, not the product's pictures.
const CHECKPOINT_BYTES_MAX: usize = 256 << 10;

/// A key is a caller's id for a product.
const KEY_BYTES_MAX: usize = 512;

/// A step is one line on a terminal.
const STEP_CHARS_MAX: usize = 200;

/// What one checkpoint may claim: the ids of what one operation left on the marketplace.
const CLAIMS_MAX: usize = 32;

/// So many deletions are far below the largest commit.
const FORGOTTEN_AT_ONCE: usize = 1000;

/// An entry as it is kept, by account and key.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    checkpoint: String,
    #[serde(default)]
    claims: Vec<String>,
}

impl Record for Entry {
    const KIND: &'static str = "journal";
}

/// That an entry claims a name, by account, name and the entry's key.
#[derive(Debug, Serialize, Deserialize)]
struct Claim {}

impl Record for Claim {
    const KIND: &'static str = "journal_claim";
}

/// The journal of all accounts.
#[derive(Debug, Clone)]
pub struct Journal {
    store: Store,
    held: NamedLocks,
}

impl Journal {
    /// The journal in this store.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            held: NamedLocks::default(),
        }
    }

    /// Forgets all that calls for an account have left.
    ///
    /// # Errors
    /// The store's: then nothing, or only a part, is forgotten.
    pub async fn forget(&self, account: &AccountId) -> std::result::Result<(), StoreError> {
        let below = Key::of([account.as_str()]);
        let (mut commit, mut changes) = (Commit::new(), 0);
        let entries = self.store.scan::<Entry>(&below)?;
        let claims = self.store.scan::<Claim>(&below)?;
        let entries = entries.iter().map(|(key, _)| (key, true));
        let claims = claims.iter().map(|(key, _)| (key, false));
        for (key, is_entry) in claims.chain(entries) {
            commit = if is_entry {
                commit.delete::<Entry>(key)
            } else {
                commit.delete::<Claim>(key)
            };
            changes += 1;
            if changes % FORGOTTEN_AT_ONCE == 0 {
                self.store.commit(std::mem::take(&mut commit)).await?;
            }
        }
        if commit.is_empty() {
            return Ok(());
        }
        self.store.commit(commit).await
    }
}

/// The one key that a call has to itself.
#[derive(Debug)]
pub(super) struct HeldKey {
    key: String,
    _guard: OwnedMutexGuard<()>,
}

/// One account's part of the journal.
struct Book<'a> {
    store: &'a Store,
    account: &'a AccountId,
}

impl Book<'_> {
    fn entry(&self, key: &str) -> Result<Key> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            let most = format!("1 to {KEY_BYTES_MAX} bytes");
            return Err(Error::new(LimitReached::new("the journal's key", most)));
        }
        Ok(Key::of([self.account.as_str(), key]))
    }

    fn claim(&self, name: &str, key: &str) -> Key {
        Key::of([self.account.as_str(), name, key])
    }

    fn load(&self, key: &str) -> Result<Option<Entry>> {
        Ok(self.store.get::<Entry>(&self.entry(key)?)?)
    }

    /// The entry with all that it claims, in one commit: no claim is there without the checkpoint
    /// that explains it.
    fn replace(&self, key: &str, entry: Option<&Entry>) -> Result<Commit> {
        let mut commit = Commit::new();
        for name in self.load(key)?.map(|old| old.claims).unwrap_or_default() {
            commit = commit.delete::<Claim>(&self.claim(&name, key));
        }
        let Some(entry) = entry else {
            return Ok(commit.delete::<Entry>(&self.entry(key)?));
        };
        for name in &entry.claims {
            commit = commit.put(&self.claim(name, key), &Claim {});
        }
        Ok(commit.put(&self.entry(key)?, entry))
    }

    /// How many keys but `own` claim the name.
    fn claimed(&self, name: &str, own: Option<&str>) -> Result<u32> {
        let claims = self
            .store
            .scan::<Claim>(&Key::of([self.account.as_str(), name]))?;
        let others = claims
            .iter()
            .filter(|(key, _)| key.parts().last().map(String::as_str) != own);
        Ok(others.count().try_into().unwrap_or(u32::MAX))
    }
}

impl CallState {
    fn book(&self) -> Result<Book<'_>> {
        let account = self.subject.account.as_ref();
        let account =
            account.ok_or_else(|| Error::msg("the journal is an account's; this call has none"))?;
        Ok(Book {
            store: &self.doors.journal.store,
            account: &account.id,
        })
    }

    /// Has the key to itself from here on. A call has one key: what it saves without having loaded
    /// it would overwrite what another call that holds the key is doing, and one call could fill
    /// the store with keys.
    async fn hold(&mut self, key: &str) -> Result<()> {
        let name = self.book()?.entry(key)?;
        match &self.held_key {
            Some(held) if held.key == key => Ok(()),
            Some(held) => Err(Error::msg(format!(
                "the call holds the journal's key {:?}; it cannot use {key:?} too",
                held.key
            ))),
            None => {
                let guard = self.doors.journal.held.hold(name.as_str()).await;
                self.held_key = Some(HeldKey {
                    key: key.to_owned(),
                    _guard: guard,
                });
                Ok(())
            }
        }
    }
}

/// A checkpoint, checked, with what it claims.
fn entry(key: &str, checkpoint: String) -> Result<Entry> {
    if checkpoint.len() > CHECKPOINT_BYTES_MAX {
        let most = format!("{} KiB", CHECKPOINT_BYTES_MAX >> 10);
        return Err(Error::new(LimitReached::new("a checkpoint", most)));
    }
    let document: Value = serde_json::from_str(&checkpoint)
        .map_err(|error| Error::msg(format!("the checkpoint of {key:?} is not JSON: {error}")))?;
    let claims = document
        .get("claims")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let claims: Vec<_> = claims
        .filter_map(Value::as_str)
        .map(ToOwned::to_owned)
        .collect();
    let too_long = claims
        .iter()
        .any(|name| name.is_empty() || name.len() > KEY_BYTES_MAX);
    if claims.len() > CLAIMS_MAX || too_long {
        let most = format!("{CLAIMS_MAX} of {KEY_BYTES_MAX} bytes");
        return Err(Error::new(LimitReached::new("a checkpoint's claims", most)));
    }
    Ok(Entry { checkpoint, claims })
}

impl journal::Host for CallState {
    async fn load(&mut self, key: String) -> Result<Option<String>> {
        self.hold(&key).await?;
        Ok(self.book()?.load(&key)?.map(|entry| entry.checkpoint))
    }

    async fn save(&mut self, key: String, checkpoint: String) -> Result<()> {
        let entry = entry(&key, checkpoint)?;
        self.hold(&key).await?;
        let commit = self.book()?.replace(&key, Some(&entry))?;
        self.doors.journal.store.commit(commit).await?;
        self.http.record.active();
        Ok(())
    }

    async fn clear(&mut self, key: String) -> Result<()> {
        self.hold(&key).await?;
        let commit = self.book()?.replace(&key, None)?;
        self.doors.journal.store.commit(commit).await?;
        Ok(())
    }

    async fn claimed(&mut self, name: String) -> Result<u32> {
        let own = self.held_key.as_ref().map(|held| held.key.as_str());
        self.book()?.claimed(&name, own)
    }

    async fn report(&mut self, step: String, done: u32, total: u32) -> Result<()> {
        let step = step
            .chars()
            .filter(|c| !c.is_control())
            .take(STEP_CHARS_MAX)
            .collect();
        self.http.record.active();
        if let Some(progress) = &self.progress {
            // Whoever waits may have gone, or be slower than the plugin; the operation goes on.
            let _ = progress.try_send(Progress {
                step,
                done,
                total,
                at: Instant::now(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use journal::Host as _;
    use tokio::sync::mpsc;

    use super::*;
    use crate::accounts::Accounts;
    use crate::clock::Clock;
    use crate::gateway::{CallContext, Gateway, Seller};
    use crate::model::{Account, CallId, Lane, PluginId};
    use crate::runtime::fetch::Fetched;
    use crate::runtime::{Assets, Doors, Subject};
    use crate::store::MasterKey;
    use crate::transport::Transport;

    struct Desk {
        _folder: tempfile::TempDir,
        doors: Doors,
    }

    impl Desk {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path(), &MasterKey::random()).unwrap();
            let transport = Transport::new();
            let events = crate::events::Events::open(store.clone(), Clock::default()).unwrap();
            let accounts = Accounts::new(events, transport.clone(), Clock::default());
            let doors = Doors {
                gateway: Arc::new(Gateway::new(transport.clone(), Arc::new(accounts))),
                transport,
                journal: Journal::new(store),
            };
            Self {
                _folder: folder,
                doors,
            }
        }

        /// A call for the one account.
        fn call(&self, progress: Option<mpsc::Sender<Progress>>) -> CallState {
            let account: Account = serde_json::from_value(serde_json::json!({
                "id": "acc_aaaaaaaaaaaaaaaa", "user": "u1", "plugin": "etsy",
                "identity": { "id": "1", "name": "Shop" }, "state": { "state": "connected" },
                "since": "2026-01-01T00:00:00Z", "scopes": [],
                "connected_at": "2026-01-01T00:00:00Z",
            }))
            .unwrap();
            let subject = Subject {
                account: Some(account),
                ..Subject::default()
            };
            let http = CallContext {
                call: CallId::random(),
                plugin: PluginId::unnamed(),
                config: Arc::default(),
                seller: Seller::None,
                lane: Lane::Person,
                network: false,
                deadline: tokio::time::Instant::now(),
                record: Arc::default(),
            };
            let (assets, fetched) = (Assets::default(), Fetched::default());
            CallState::new(self.doors.clone(), subject, http, assets, fetched, progress)
        }
    }

    #[tokio::test]
    async fn a_key_is_one_calls_whether_it_was_loaded_or_saved_first() {
        let desk = Desk::new();
        let mut first = desk.call(None);
        first
            .save("mug".into(), "{\"step\":1}".into())
            .await
            .unwrap();
        let mut second = desk.call(None);
        assert!(second.load("mug".into()).now_or_never().is_none());
        assert!(
            second
                .save("mug".into(), "{}".into())
                .now_or_never()
                .is_none()
        );
        assert!(second.clear("mug".into()).now_or_never().is_none());
        drop(first);
        let loaded = second.load("mug".into()).await.unwrap();
        assert_eq!(loaded.as_deref(), Some("{\"step\":1}"));
    }

    #[tokio::test]
    async fn a_call_has_one_key() {
        let desk = Desk::new();
        let mut call = desk.call(None);
        call.save("mug".into(), "{}".into()).await.unwrap();
        for other in [
            call.load("coat".into()).await.map(drop),
            call.save("coat".into(), "{}".into()).await,
            call.clear("coat".into()).await,
        ] {
            let error = other.unwrap_err().to_string();
            assert!(error.contains("mug") && error.contains("coat"), "{error}");
        }
        call.clear("mug".into()).await.unwrap();
        assert_eq!(call.load("mug".into()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn steps_that_nobody_reads_are_left_out_and_not_kept() {
        let desk = Desk::new();
        let (sender, mut steps) = mpsc::channel(2);
        let mut call = desk.call(Some(sender));
        for done in 0..1_000 {
            call.report("a\nstep".into(), done, 1_000).await.unwrap();
        }
        drop(call);
        let mut read = Vec::new();
        while let Some(step) = steps.recv().await {
            assert_eq!(step.step, "astep");
            read.push(step.done);
        }
        assert_eq!(read, [0, 1]);
    }
}
