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
use super::found::Found;
use super::keyring::Keyring;
use super::lock::Lock;
use super::log::Log;
use super::recovery::{self, Evidence, Plan, Standing};
use super::unlock::{Unlocked, unlock};
use super::{MasterKey, Shared, StoreError, clean, directory, edition, files, rebuild};

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
    let mut copy = None;
    let settled = settle_copied(dir, unlocked, findings, &mut copy);
    let Some(copy) = copy else {
        return settled;
    };
    if settled.is_err() {
        let put_back = copy.put_back();
        put_back.unwrap_or_else(|error| tracing::error!(%error, "the database was not put back"));
    } else if findings.damage {
        let kept = copy.keep()?.display().to_string();
        findings.note(format!("as it was before, the store is kept in {kept}"));
    } else {
        copy.forget()?;
    }
    settled
}

fn settle_copied(
    dir: &Path,
    unlocked: &Unlocked,
    findings: &mut Findings,
    copy: &mut Option<Copy>,
) -> Result<Settled, StoreError> {
    let keys = &unlocked.keys;
    let there = dir.join(files::SLED).exists();
    if there && !clean::is_there(dir) {
        *copy = Some(Copy::make(dir)?);
    }
    edition::finish(dir)?;
    if let Some(name) = unlocked.put_back.filter(|_| there) {
        findings.damage(format!(
            "the key file was damaged; it was put back from {name}"
        ));
    }
    let found = Found::read(dir, keys, findings)?;
    if copy.is_none() && there && (findings.damage || found.is_flawed()) {
        *copy = Some(Copy::make(dir)?);
    }
    let settled = found.settle(dir, keys, findings)?;
    if unlocked.put_back.is_some() {
        keys.write(&dir.join(files::KEY))?;
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

/// The store, ready.
struct Settled {
    engine: Engine,
    log: Log,
    state: State,
}

impl Found {
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
        let clean = self.clean;
        let (log, checkpoint) = self.log(dir, keys, &engine, (&plan, &census), findings)?;
        let marked = clean == Some(plan.last) && findings.texts.is_empty();
        if !marked {
            clean::remove(dir)?;
        }
        let state = State {
            last: plan.last,
            census,
            checkpoint,
            marked,
        };
        Ok(Settled { engine, log, state })
    }

    /// A log that can be gone on with, and the checkpoint that it follows.
    fn log(
        self,
        dir: &Path,
        keys: &Keyring,
        engine: &Engine,
        (plan, census): (&Plan, &Census),
        findings: &mut Findings,
    ) -> Result<(Log, Checkpoint), StoreError> {
        let flawed = [self.flawed.as_slice(), &plan.flawed].concat();
        match self.checkpoints.into_iter().next() {
            Some(newest) if flawed.is_empty() => Ok((Log::resume(dir, self.valid)?, newest)),
            _ => {
                findings.note("a new checkpoint was written, and a new log begun");
                cut(dir, keys, Some(engine), (plan.last, census), &flawed)
            }
        }
    }
}
