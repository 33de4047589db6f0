//! Import: a store made from an export, where there is none. It is made beside its place and takes it
//! in one step, so that there is never half of one.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use super::engine::Engine;
use super::keyring::Keyring;
use super::log::Log;
use super::{MasterKey, StoreError, checkpoint, clean, database, directory, files, rebuild};

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The number of the last commit that the export has.
    pub last_commit: u64,
    /// How many records there are, of each kind.
    pub records: BTreeMap<String, u64>,
}

/// Makes the store of a data directory from the export in the file `path`, which is read whole and
/// verified before anything is written.
///
/// # Errors
/// There is a store already, the export is not whole, it is sealed under another master key, or the
/// directory cannot be written. Nothing is there that was not there before.
pub fn import(data_dir: &Path, master: &MasterKey, path: &Path) -> Result<Imported, StoreError> {
    let place = files::folder(data_dir);
    if place.exists() {
        return Err(StoreError::Exists { path: place });
    }
    let bytes = std::fs::read(path).map_err(StoreError::io(path))?;
    let text = checkpoint::key_file(&bytes).ok_or_else(|| {
        StoreError::damaged(path.display().to_string(), "it is no export of a store")
    })?;
    let keys = Keyring::unwrap(text, path, master)?;
    checkpoint::read(path, &bytes, &keys, |_| Ok(()))?;
    directory::make(data_dir).map_err(StoreError::not_writable(data_dir))?;
    let beside = tempfile::Builder::new()
        .prefix("store.import-")
        .tempdir_in(data_dir)
        .map_err(StoreError::not_writable(data_dir))?;
    let imported = fill(beside.path(), &keys, path, &bytes)?;
    std::fs::rename(beside.path(), &place).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => StoreError::Exists {
            path: place.clone(),
        },
        _ => StoreError::not_writable(&place)(error),
    })?;
    // Under its own name now: there is nothing to be cleaned away.
    let _ = beside.keep();
    directory::sync(data_dir).map_err(StoreError::io(data_dir))?;
    Ok(imported)
}

/// Writes a whole store into an empty directory, and puts it on disk.
fn fill(dir: &Path, keys: &Keyring, path: &Path, bytes: &[u8]) -> Result<Imported, StoreError> {
    let sled = dir.join(files::SLED);
    directory::make(&sled).map_err(StoreError::not_writable(&sled))?;
    let engine = Engine::open(&sled)?;
    let checkpoint = rebuild::fill_from(path, bytes, keys, &engine)?;
    if let Some(wrong) = database::survey(&engine, keys)?.against(&checkpoint.census) {
        return Err(StoreError::damaged(path.display().to_string(), wrong));
    }
    engine.sync()?;
    drop(engine);
    let copy = dir.join(files::CHECKPOINT.now);
    directory::replace(&copy, bytes).map_err(StoreError::io(&copy))?;
    Log::begin(dir, keys, checkpoint.number)?;
    files::LOG.shift(dir, &[])?;
    keys.write(&dir.join(files::KEY))?;
    clean::write(dir, keys, checkpoint.number)?;
    Ok(Imported {
        last_commit: checkpoint.number,
        records: checkpoint.census.counts(),
    })
}
