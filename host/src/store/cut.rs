//! The cut: once sled is on disk, a checkpoint of all records is written and the log begins anew
//! behind it. The checkpoint before and the log between the two are kept, so that one damaged file
//! costs nothing.

use std::path::Path;

use super::census::Census;
use super::checkpoint::{self, Checkpoint};
use super::engine::Engine;
use super::keyring::Keyring;
use super::log::Log;
use super::{StoreError, directory, files};

/// Cuts behind commit `number`, which leaves that census. Of the files that are there, those that
/// are flawed are not kept. A new store has no database yet.
pub(super) fn cut(
    dir: &Path,
    keys: &Keyring,
    engine: Option<&Engine>,
    (number, census): (u64, &Census),
    flawed: &[&'static str],
) -> Result<(Log, Checkpoint), StoreError> {
    if let Some(engine) = engine {
        engine.sync()?;
    }
    let path = dir.join(files::CHECKPOINT.next);
    let checkpoint = checkpoint::write(&path, keys, engine, number, census)?;
    let log = Log::begin(dir, keys, number)?;
    // Both are whole on disk before what they follow is touched.
    directory::sync(dir).map_err(StoreError::io(dir))?;
    files::CHECKPOINT.shift(dir, flawed)?;
    files::LOG.shift(dir, flawed)?;
    directory::sync(dir).map_err(StoreError::io(dir))?;
    Ok((log, checkpoint))
}
