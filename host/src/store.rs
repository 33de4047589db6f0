//! What the host keeps: typed records, sealed, in one directory, behind one way to write.
//!
//! sled is the engine, and by itself it loses acknowledged data when the power fails and falls back
//! in silence when a bit flips. So every commit is first one sealed, numbered record in
//! `commits.log`, synced — that is the moment of the answer — and then one sled transaction; and
//! whenever the log is cut, all records are first written into one sealed file of our own, a
//! checkpoint. At a start the three are compared, every record is read and counted, and a database
//! that is not what was committed is made again from the other two. Nothing outside this module
//! knows of trees, pieces or ciphers.

mod census;
mod check;
mod checkpoint;
mod clean;
mod commit;
mod committer;
mod copy;
mod cut;
mod database;
mod edition;
mod engine;
mod envelope;
mod error;
mod files;
mod findings;
mod found;
mod frame;
mod import;
mod key;
mod keyring;
mod lock;
mod log;
mod master;
mod open;
mod rebuild;
mod recovery;
mod rotation;
mod unlock;

pub use check::Check;
pub use commit::{COMMIT_BYTES_MAX, Commit};
pub use error::StoreError;
pub use frame::RECORD_BYTES_MAX;
pub use import::{Imported, import};
pub use key::{KEY_BYTES_MAX, Key};
pub use master::{MasterKey, MasterKeySource};
pub use rotation::{Rotated, rotate_master_key};

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::directory;
use crate::telemetry;

use committer::{Message, Reply};
use engine::{Engine, Pieces};
use frame::Place;
use keyring::Keyring;

/// How long a command waits for another process to give the store back.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How many records are read at a time: what is read at once keeps a commit waiting.
const PAGE: usize = 256;

/// A type whose values are kept. It is written as JSON, so that fields may be added: a new field
/// has a default, and unknown ones are ignored.
pub trait Record: Serialize + DeserializeOwned {
    /// The name of the kind: lower-case letters and underscores, never used for another type.
    const KIND: &'static str;
}

/// A sealed copy of all records as of one commit, which opens by the master key alone.
#[derive(Debug)]
pub struct Export {
    /// The open file, at its start. It stays whole whatever is committed while it is read.
    pub file: File,
    /// How large it is.
    pub bytes: u64,
    /// The number of the last commit that it has.
    pub last_commit: u64,
}

/// The open store. Clones are handles of the same one; the last one that goes closes it cleanly.
#[derive(Clone)]
pub struct Store(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    sender: Sender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    findings: Vec<String>,
    /// Held by who rotates the master key.
    rotation: tokio::sync::Mutex<()>,
}

/// What readers and the commit thread share.
struct Shared {
    /// The store's own folder.
    dir: PathBuf,
    /// Replaced, with the lock of the engine held, by a rotation of the master key.
    keys: RwLock<Arc<Keyring>>,
    /// Written by the commit thread while it applies a group, so that a reader sees all of it or
    /// nothing. `None` once closed.
    engine: RwLock<Option<Engine>>,
    /// Why nothing more is taken.
    failed: OnceLock<String>,
    /// Given back after sled is closed.
    lock: Mutex<Option<lock::Lock>>,
}

impl Store {
    /// Opens the store in a data directory, and makes it where there is none. Waits [`LOCK_WAIT`]
    /// for another process that has it.
    ///
    /// # Errors
    /// Another process has it, the directory cannot be written, the master key is another one, or
    /// something in it is damaged; nothing that was readable is lost by any of them.
    pub fn open(data_dir: &Path, master: &MasterKey) -> Result<Self, StoreError> {
        Self::open_waiting(data_dir, master, LOCK_WAIT)
    }

    /// As [`Store::open`], waiting at most so long for another process that has it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_waiting(
        data_dir: &Path,
        master: &MasterKey,
        wait: Duration,
    ) -> Result<Self, StoreError> {
        let opened = open::open(data_dir, master, wait)?;
        let (sender, messages) = mpsc::channel();
        let committer = opened.committer;
        let thread = std::thread::Builder::new()
            .name("store commits".to_owned())
            .spawn(move || committer.run(&messages))
            .map_err(|error| StoreError::Failed(format!("cannot start its thread: {error}")))?;
        Ok(Self(Arc::new(Handle {
            shared: opened.shared,
            sender,
            thread: Mutex::new(Some(thread)),
            findings: opened.findings,
            rotation: tokio::sync::Mutex::default(),
        })))
    }

    /// What was found and made good when it was opened, for the operator.
    pub fn findings(&self) -> &[String] {
        &self.0.findings
    }

    /// Whether it takes what is written.
    ///
    /// # Errors
    /// It has failed.
    pub fn usable(&self) -> Result<(), StoreError> {
        self.0.shared.usable()
    }

    /// The record, if there is one.
    ///
    /// # Errors
    /// It is damaged or not of this type, or the store is closed.
    pub fn get<R: Record>(&self, key: &Key) -> Result<Option<R>, StoreError> {
        Ok(self.get_with_generation(key)?.map(|(record, _)| record))
    }

    /// The record and its generation: the number of the commit that wrote it, which no other
    /// writing of it ever has.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn get_with_generation<R: Record>(
        &self,
        key: &Key,
    ) -> Result<Option<(R, u64)>, StoreError> {
        let place = Place::new(R::KIND, key);
        let shared = &self.0.shared;
        let (pieces, keys) = shared.engine(|engine| Ok((engine.read(&place)?, shared.keys())))?;
        let record = pieces.map(|pieces| read(&keys, key, &place, &pieces));
        record.transpose()
    }

    /// All records below a prefix, in the order of their keys: those whose keys have its parts and
    /// at least one more.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn scan<R: Record>(&self, prefix: &Key) -> Result<Vec<(Key, R)>, StoreError> {
        let mut records = Vec::new();
        loop {
            let after = records.last().map(|(key, _): &(Key, R)| key.clone());
            let page = self.scan_page(prefix, after.as_ref(), PAGE)?;
            let whole = page.len() == PAGE;
            records.extend(page);
            if !whole {
                return Ok(records);
            }
        }
    }

    /// At most `limit` of the records below a prefix, behind the key `after`.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub fn scan_page<R: Record>(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, R)>, StoreError> {
        let shared = &self.0.shared;
        let (found, keys) = shared.engine(|engine| {
            let found = engine.below(R::KIND, prefix, after, limit)?;
            Ok((found, shared.keys()))
        })?;
        let mut records = Vec::with_capacity(found.len());
        for (place, pieces) in found {
            let key = place
                .key()
                .ok_or_else(|| StoreError::damaged(place.describe(), "its key is no text"))?;
            let (record, _) = read(&keys, &key, &place, &pieces)?;
            records.push((key, record));
        }
        Ok(records)
    }

    /// Does all of the commit or nothing of it. When this returns, it is on disk, and every reader
    /// in this process sees it. Once called, the commit goes its way even if nobody waits for the
    /// answer.
    ///
    /// # Errors
    /// A conflict or a record that is too large: nothing was done. The store failed, now or
    /// before: it takes nothing more, and whether this commit is kept shows at the next start.
    pub async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let asked = Instant::now();
        let done = self.ask(|answer| Message::Commit(commit, answer)).await;
        let outcome = match &done {
            Ok(()) => "ok",
            Err(StoreError::Conflict { .. }) => "conflict",
            Err(_) => "failed",
        };
        telemetry::commit(outcome, asked.elapsed());
        done
    }

    /// [`Store::commit`] for callers that are not asynchronous.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn commit_blocking(&self, commit: Commit) -> Result<(), StoreError> {
        self.ask_blocking(|answer| Message::Commit(commit, answer))
    }

    /// Reads every record, log and checkpoint. Commits wait meanwhile.
    ///
    /// # Errors
    /// A file cannot be read, or the store is closed; what is damaged is no error but a finding.
    pub async fn check(&self) -> Result<Check, StoreError> {
        self.ask(Message::Check).await
    }

    /// Gives out a checkpoint of all that was committed before. Commits wait while it is written,
    /// not while it is read.
    ///
    /// # Errors
    /// It cannot be written, or the store failed or is closed.
    pub async fn export(&self) -> Result<Export, StoreError> {
        self.ask(Message::Export).await
    }

    /// Puts all on disk, leaves the mark of a clean close, and gives the directory back. Every handle is
    /// closed by it. Closing again does nothing.
    ///
    /// # Errors
    /// The checkpoint fails; what was acknowledged is kept nevertheless.
    pub fn close(&self) -> Result<(), StoreError> {
        match self.ask_blocking(Message::Close) {
            Err(StoreError::Closed) => Ok(()),
            closed => closed,
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        message: impl FnOnce(Reply<T>) -> Message,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.send(message(Box::new(move |done| {
            // Nobody waits any more.
            let _ = sender.send(done);
        })))?;
        receiver.await.unwrap_or(Err(StoreError::Closed))
    }

    fn ask_blocking(&self, message: impl FnOnce(Reply<()>) -> Message) -> Result<(), StoreError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.send(message(Box::new(move |done| {
            // Nobody waits any more.
            let _ = sender.send(done);
        })))?;
        receiver.recv().unwrap_or(Err(StoreError::Closed))
    }

    fn send(&self, message: Message) -> Result<(), StoreError> {
        self.0.sender.send(message).map_err(|_| StoreError::Closed)
    }
}

/// A record and its generation, of pieces that were read while these were the keys.
fn read<R: Record>(
    keys: &Keyring,
    key: &Key,
    place: &Place,
    (first, rest): &Pieces,
) -> Result<(R, u64), StoreError> {
    let (generation, text) = frame::open(keys, place, first, rest)?;
    let record = serde_json::from_slice(&text)
        .map_err(|error| StoreError::form(R::KIND, key.as_str(), "read", &error))?;
    Ok((record, generation))
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.0.shared.dir).finish()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // A reader that gave up may leave the last handle to the commit thread, which cannot wait
        // for itself; it closes when it finds nobody left.
        if let Some(thread) = thread.filter(|t| t.thread().id() != std::thread::current().id()) {
            let _ = self.sender.send(Message::Close(Box::new(|_| ())));
            if thread.join().is_err() {
                tracing::error!("the store's thread ended in a panic");
            }
        }
    }
}

impl Shared {
    /// Reads with the engine; no commit becomes visible meanwhile.
    fn engine<T>(
        &self,
        read: impl FnOnce(&Engine) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner);
        read(engine.as_ref().ok_or(StoreError::Closed)?)
    }

    /// Changes what readers see; none reads meanwhile.
    fn change(
        &self,
        write: impl FnOnce(&Engine) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        write(engine.as_ref().ok_or(StoreError::Closed)?)
    }

    fn keys(&self) -> Arc<Keyring> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace_keys(&self, keys: Arc<Keyring>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn usable(&self) -> Result<(), StoreError> {
        match self.failed.get() {
            Some(why) => Err(StoreError::Failed(why.clone())),
            None => Ok(()),
        }
    }

    fn close(&self) {
        let engine = self
            .engine
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(engine);
        let lock = self
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(lock);
    }
}
