//! What a store has beside its database, as a start and a check find it: the mark of a clean close,
//! the logs, the checkpoints, and which of them are not whole.

use std::path::Path;

use super::checkpoint::Checkpoint;
use super::findings::Findings;
use super::keyring::Keyring;
use super::log;
use super::recovery::LogFile;
use super::{StoreError, checkpoint, clean, files};

/// What lies in the store beside the database.
pub(super) struct Found {
    pub(super) clean: Option<u64>,
    pub(super) logs: Vec<LogFile>,
    /// Up to where the current log can be read.
    pub(super) valid: u64,
    /// Those that are whole, the newest first.
    pub(super) checkpoints: Vec<Checkpoint>,
    /// Checkpoints that are not.
    pub(super) flawed: Vec<&'static str>,
}

impl Found {
    /// Reads it, and says what is damaged.
    pub(super) fn read(
        dir: &Path,
        keys: &Keyring,
        findings: &mut Findings,
    ) -> Result<Self, StoreError> {
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
    pub(super) fn is_flawed(&self) -> bool {
        let last = self.clean.unwrap_or(0);
        let is_damaged = |(_, log): &LogFile| !log.gaps.is_empty() || log.base.is_none();
        let logged = self.logs.last().and_then(|(_, log)| log.last());
        self.logs.iter().any(is_damaged) || logged < Some(last)
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
                findings.damage(format!("{name} is not there"));
                flawed.push(name);
            }
            continue;
        };
        match checkpoint::read(&path, &bytes, keys, |_| Ok(())) {
            Ok(checkpoint) => whole.push(checkpoint),
            Err(StoreError::Damaged { what, .. }) => {
                findings.damage(format!("{name} is damaged: {what}"));
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
