//! The data keys at a start: from the key file, from a checkpoint if that file is damaged or gone, or
//! made, with an empty store around them. The key file is written last of a new store, so where it
//! is, everything else once was, and is never taken for not there yet.

use std::path::Path;

use super::census::Census;
use super::cut::cut;
use super::keyring::Keyring;
use super::log::Log;
use super::{MasterKey, StoreError, checkpoint, files};

/// The keys, and what is to be done about their file.
pub(super) struct Unlocked {
    pub(super) keys: Keyring,
    /// The file is to be written again; the name of the checkpoint that the keys are from.
    pub(super) put_back: Option<&'static str>,
}

/// Finds the keys of the store in `dir`, or makes the store.
pub(super) fn unlock(dir: &Path, master: &MasterKey) -> Result<Unlocked, StoreError> {
    let path = dir.join(files::KEY);
    let damaged = if path.exists() {
        match Keyring::open(&path, master) {
            Err(error @ StoreError::Damaged { .. }) => error,
            keys => {
                return keys.map(|keys| Unlocked {
                    keys,
                    put_back: None,
                });
            }
        }
    } else if is_new(dir) {
        return make(dir, &path, master);
    } else {
        StoreError::damaged(
            path.display().to_string(),
            "it is not there, and without it nothing here can be read. Put it back from a copy",
        )
    };
    let edition = files::CHECKPOINT;
    for name in [edition.now, edition.next, edition.before] {
        if let Some(keys) = from_checkpoint(&dir.join(name), master)? {
            let put_back = Some(name);
            return Ok(Unlocked { keys, put_back });
        }
    }
    Err(damaged)
}

/// Whether no store was ever finished here: at most its first steps were made.
fn is_new(dir: &Path) -> bool {
    let there = [
        files::CHECKPOINT.now,
        files::CHECKPOINT.before,
        files::LOG.before,
        files::CLEAN,
        files::SLED,
    ];
    let log = std::fs::metadata(dir.join(files::LOG.now));
    !there.iter().any(|name| dir.join(name).exists())
        && log.map_or(true, |log| log.len() <= Log::empty_bytes())
}

fn make(dir: &Path, path: &Path, master: &MasterKey) -> Result<Unlocked, StoreError> {
    let keys = Keyring::make(path, master)?;
    cut(dir, &keys, None, (0, &Census::default()), &[])?;
    keys.write(path)?;
    Ok(Unlocked {
        keys,
        put_back: None,
    })
}

/// The keys that a checkpoint holds, if the whole of it opens under them.
fn from_checkpoint(path: &Path, master: &MasterKey) -> Result<Option<Keyring>, StoreError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(path)(error)),
    };
    let Some(text) = checkpoint::key_file(&bytes) else {
        return Ok(None);
    };
    let keys = match Keyring::unwrap(text, path, master) {
        Err(StoreError::Damaged { .. }) => return Ok(None),
        keys => keys?,
    };
    match checkpoint::read(path, &bytes, &keys, |_| Ok(())) {
        Err(StoreError::Damaged { .. }) => Ok(None),
        read => read.map(|_| Some(keys)),
    }
}
