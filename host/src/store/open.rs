//! Opening: the lock, the keys, what the log, the checkpoints and the database have, and what the
//! comparison of them asks for. Nothing is changed before the master key has been seen to be the
//! right one, and nothing is lost by a start that is refused.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;

use super::census::Census;
use super::checkpoint::Checkpoint;
use super::committer::{Committer, State};
use super::copy::Copy;
use super::cut::cut;
use super::database::{self, Database};
use super::engine::Engine;
use super::findings::Findings;
use super::keyring::Keyring;
use super::lock::Lock;
use super::log::{self, Log};
use super::recovery::{self, Evidence, LogFile, Plan, Standing};
use super::unlock::{Unlocked, unlock};
use super::{MasterKey, Shared, StoreError, checkpoint, clean, directory, edition, files, rebuild};

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
    let is_clean = clean::is_there(&dir);
    for path in [data_dir, dir.as_path()] {
        make(path, is_clean)?;
    }
    let lock = Lock::take(&dir.join(files::LOCK), &dir, wait)?;
    let unlocked = unlock(&dir, master)?;
    MasterKey::settle(data_dir)?;
    let mut findings = Findings::default();
    let settled = settle(&dir, &unlocked, &mut findings)?;
    let shared = Arc::new(Shared {
        dir,
        keys: RwLock::new(Arc::new(unlocked.keys)),
        engine: RwLock::new(Some(settled.engine)),
        failed: OnceLock::new(),
        lock: Mutex::new(Some(lock)),
    });
    let mut committer = Committer::new(Arc::clone(&shared), settled.log, settled.state);
    if shared.keys().is_rotating() {
        committer.finish_rotation(master)?;
        findings.note("a rotation of the master key was interrupted; it was finished");
    }
    for finding in &findings.texts {
        tracing::warn!(store = %shared.dir.display(), "{finding}");
    }
    Ok(Opened {
        committer,
        shared,
        findings: findings.texts,
    })
}

/// Makes the store ready. What is to be opened in doubt is copied before; the copy is kept where
/// damage was found, and where the start is refused the database is put back from it.
fn settle(dir: &Path, unlocked: &Unlocked, findings: &mut Findings) -> Result<Settled, StoreError> {
    let keys = &unlocked.keys;
    let there = dir.join(files::SLED).exists();
    let mut copy = None;
    if there && !clean::is_there(dir) {
        copy = Some(Copy::make(dir)?);
    }
    edition::finish(dir)?;
    if let Some(name) = unlocked.put_back.filter(|_| there) {
        findings.damage(format!(
            "the key file was damaged; it was put back from {name}"
        ));
    }
    let found = Found::read(dir, keys, findings)?;
    if copy.is_none() && there && (findings.damage || found.is_flawed()) {
        copy = Some(Copy::make(dir)?);
    }
    let settled = match found.settle(dir, keys, findings) {
        Ok(settled) => settled,
        Err(error) => {
            copy.map_or(Ok(()), Copy::put_back)?;
            return Err(error);
        }
    };
    if unlocked.put_back.is_some() {
        keys.write(&dir.join(files::KEY))?;
    }
    match copy {
        Some(copy) if findings.damage => {
            let kept = copy.keep()?;
            findings.note(format!(
                "as it was before, the store is kept in {}",
                kept.display()
            ));
        }
        Some(copy) => copy.forget()?,
        None => {}
    }
    Ok(settled)
}

/// Who left the mark of a clean close has put the directories' names on disk.
fn make(path: &Path, is_clean: bool) -> Result<(), StoreError> {
    let made = if is_clean {
        directory::make_unsynced(path)
    } else {
        directory::make(path)
    };
    made.map_err(StoreError::not_writable(path))
}

/// What lies in the store beside the database.
struct Found {
    clean: Option<u64>,
    logs: Vec<LogFile>,
    /// Up to where the current log can be read.
    valid: u64,
    /// Those that are whole, the newest first.
    checkpoints: Vec<Checkpoint>,
    /// Checkpoints that are not.
    flawed: Vec<&'static str>,
}

/// The store, ready.
struct Settled {
    engine: Engine,
    log: Log,
    state: State,
}

impl Found {
    fn read(dir: &Path, keys: &Keyring, findings: &mut Findings) -> Result<Self, StoreError> {
        let clean = clean::read(dir, keys, findings)?;
        let logs = read_logs(dir, keys)?;
        let (checkpoints, flawed) = read_checkpoints(dir, keys, findings)?;
        Ok(Self {
            clean,
            valid: logs.last().map_or(0, |(_, contents)| contents.valid),
            logs,
            checkpoints,
            flawed,
        })
    }

    /// Whether the database may turn out not to be one that can be made again.
    fn is_flawed(&self) -> bool {
        let last = self.clean.unwrap_or(0);
        let is_damaged = |(_, log): &LogFile| !log.gaps.is_empty() || log.base.is_none();
        let logged = self.logs.last().and_then(|(_, log)| log.last());
        self.logs.iter().any(is_damaged) || logged < Some(last)
    }

    /// Brings the database, the log and the checkpoints to the last commit.
    fn settle(
        mut self,
        dir: &Path,
        keys: &Keyring,
        findings: &mut Findings,
    ) -> Result<Settled, StoreError> {
        let sled = dir.join(files::SLED);
        make(&sled, self.clean.is_some())?;
        let (sound, standing) = match database::open(&sled, keys, findings)? {
            Database::Sound(sound) => {
                let applied = sound.applied;
                (Some(sound), Standing::At(applied))
            }
            Database::Unsound(unsound) => (None, Standing::Unsound(unsound.applied, unsound.why)),
        };
        let mut plan = recovery::plan(Evidence {
            logs: std::mem::take(&mut self.logs),
            checkpoints: self.checkpoints.iter().map(|found| found.number).collect(),
            clean: self.clean,
            database: standing,
        })?;
        findings.extend(std::mem::take(&mut plan.findings));
        let (engine, census) = rebuild::carry_out(dir, keys, sound, &plan)?;
        let (log, checkpoint_bytes) = self.log(dir, keys, &engine, &plan, &census)?;
        let marked = self.clean == Some(plan.last) && findings.texts.is_empty();
        if !marked {
            clean::remove(dir)?;
        }
        let state = State {
            last: plan.last,
            census,
            checkpoint_bytes,
            marked,
        };
        Ok(Settled { engine, log, state })
    }

    /// A log that can be gone on with, and the size of the checkpoint that it follows.
    fn log(
        &self,
        dir: &Path,
        keys: &Keyring,
        engine: &Engine,
        plan: &Plan,
        census: &Census,
    ) -> Result<(Log, u64), StoreError> {
        let flawed = [self.flawed.as_slice(), &plan.flawed].concat();
        if flawed.is_empty() {
            let newest = self.checkpoints.first();
            let bytes = newest.map_or(0, |checkpoint| checkpoint.bytes);
            return Ok((Log::resume(dir, self.valid)?, bytes));
        }
        let (log, checkpoint) = cut(dir, keys, Some(engine), (plan.last, census), &flawed)?;
        Ok((log, checkpoint.bytes))
    }
}

fn read_logs(dir: &Path, keys: &Keyring) -> Result<Vec<LogFile>, StoreError> {
    let mut contents = Vec::new();
    for name in [files::LOG.before, files::LOG.now] {
        match read_file(&dir.join(name))? {
            Some(bytes) => contents.push((name, log::read(&bytes, keys))),
            // The one before says nothing of how far this one went.
            None if name == files::LOG.now => contents.push((name, log::Contents::default())),
            None => {}
        }
    }
    Ok(contents)
}

/// The checkpoints that are whole, the newest first, and the names of those that are not.
fn read_checkpoints(
    dir: &Path,
    keys: &Keyring,
    findings: &mut Findings,
) -> Result<(Vec<Checkpoint>, Vec<&'static str>), StoreError> {
    let (mut whole, mut flawed) = (Vec::new(), Vec::new());
    for name in [files::CHECKPOINT.now, files::CHECKPOINT.before] {
        let path = dir.join(name);
        let Some(bytes) = read_file(&path)? else {
            if name == files::CHECKPOINT.now {
                findings.damage(format!("{name} is not there; a new one was written"));
                flawed.push(name);
            }
            continue;
        };
        match checkpoint::read(&path, &bytes, keys, |_| Ok(())) {
            Ok(checkpoint) => whole.push(checkpoint),
            Err(StoreError::Damaged { what, .. }) => {
                findings.damage(format!("{name} is damaged: {what}; a new one was written"));
                flawed.push(name);
            }
            Err(error) => return Err(error),
        }
    }
    whole.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.number));
    Ok((whole, flawed))
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io(path)(error)),
    }
}
