//! What lies where in the data directory: the store is its folder `store`, which can be copied
//! whole; the master key is not in it.

use std::path::{Path, PathBuf};

/// The store's own folder.
pub(super) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("store")
}

/// The data keys, wrapped by the master key.
pub(super) fn key(data_dir: &Path) -> PathBuf {
    folder(data_dir).join("key")
}

/// Taken by the process that has the store.
pub(super) const LOCK: &str = "lock";
/// There after a clean close, until the next commit.
pub(super) const CLEAN: &str = "clean";
/// sled's own directory.
pub(super) const SLED: &str = "sled";
/// The commits since the last checkpoint.
pub(super) const LOG: &str = "commits.log";
/// The commits between the last two checkpoints.
pub(super) const LOG_BEFORE: &str = "commits.log.1";
/// The log that a checkpoint has begun, until it takes the place of the one before.
pub(super) const LOG_NEXT: &str = "commits.log.next";
