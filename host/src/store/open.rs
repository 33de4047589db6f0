//! Opening: the lock, the keys, the log, sled, and what the comparison of the two asks for. Nothing
//! is changed before the master key has been seen to be the right one.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;

use super::committer::Committer;
use super::engine::Engine;
use super::keyring::Keyring;
use super::lock::Lock;
use super::log::{self, Log};
use super::recovery::{self, LogFile, Plan};
use super::{MasterKey, Shared, StoreError, clean, directory, files};

/// How many commits are applied again in one transaction.
const REPLAY_COMMITS: usize = 256;

pub(super) struct Opened {
    pub(super) shared: Arc<Shared>,
    pub(super) committer: Committer,
    pub(super) findings: Vec<String>,
}

pub(super) fn open(
    data_dir: &Path,
    master: &MasterKey,
    wait: Duration,
) -> Result<Opened, StoreError> {
    let dir = files::folder(data_dir);
    let sled = dir.join(files::SLED);
    let make = if clean::is_there(&dir) {
        directory::make_unsynced
    } else {
        directory::make
    };
    for path in [data_dir, dir.as_path()] {
        make(path).map_err(StoreError::not_writable(path))?;
    }
    let lock = Lock::take(&dir.join(files::LOCK), &dir, wait)?;
    let keys = keyring(&dir, &files::key(data_dir), master)?;
    log::finish_cut(&dir)?;
    let mut findings = Vec::new();
    let clean = clean::read(&dir, &keys, &mut findings)?;
    let new = !has_data(&dir);
    if new && clean.is_none() {
        Log::create(&dir, &keys)?;
    }
    let contents = read_logs(&dir, &keys)?;
    let valid = contents.last().map_or(0, |(_, contents)| contents.valid);
    make(&sled).map_err(StoreError::not_writable(&sled))?;
    let engine = Engine::open(&sled)?;
    let plan = recovery::plan(contents, engine.applied(&keys)?, clean)?;
    let log = carry_out(&dir, &keys, &engine, &plan, valid)?;
    let marked = clean == Some(plan.last) && plan.changes_nothing();
    if !marked {
        clean::remove(&dir)?;
    }
    findings.extend(plan.findings);
    for finding in &findings {
        tracing::warn!(store = %dir.display(), "{finding}");
    }
    let shared = Arc::new(Shared {
        dir,
        keys,
        engine: RwLock::new(Some(engine)),
        failed: OnceLock::new(),
        lock: Mutex::new(Some(lock)),
    });
    Ok(Opened {
        committer: Committer::new(Arc::clone(&shared), log, plan.last, marked),
        shared,
        findings,
    })
}

fn has_data(dir: &Path) -> bool {
    [files::LOG, files::LOG_BEFORE, files::SLED]
        .iter()
        .any(|name| dir.join(name).exists())
}

fn keyring(dir: &Path, path: &Path, master: &MasterKey) -> Result<Keyring, StoreError> {
    if path.exists() {
        return Keyring::open(path, master);
    }
    if has_data(dir) {
        return Err(StoreError::damaged(
            path.display().to_string(),
            "it is not there, and without it nothing here can be read. Put it back from a copy",
        ));
    }
    Keyring::create(path, master)
}

fn read_logs(dir: &Path, keys: &Keyring) -> Result<Vec<LogFile>, StoreError> {
    let mut contents = Vec::new();
    for name in [files::LOG_BEFORE, files::LOG] {
        let path = dir.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => contents.push((name, log::read(&bytes, keys))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if name == files::LOG {
                    // The one before says nothing of how far this one went.
                    contents.push((name, log::Contents::default()));
                }
            }
            Err(error) => return Err(StoreError::io(&path)(error)),
        }
    }
    Ok(contents)
}

/// Applies what sled lacks, and makes a log that can be gone on with.
fn carry_out(
    dir: &Path,
    keys: &Keyring,
    engine: &Engine,
    plan: &Plan,
    valid: u64,
) -> Result<Log, StoreError> {
    for commits in plan.replay.chunks(REPLAY_COMMITS) {
        let Some(last) = commits.last() else { continue };
        let entries = commits.iter().flat_map(|commit| &commit.entries);
        engine.apply(keys, last.number, entries)?;
    }
    if !plan.put_log_aside {
        return Log::resume(dir, valid);
    }
    // Nothing is taken from the old files any more, so sled has to be on disk first.
    engine.sync()?;
    Log::begin_anew(dir, keys, plan.last)
}
