//! What lies where in the data directory: the store is its folder `store`, which can be copied
//! whole; the master key is not in it.

use std::path::{Path, PathBuf};

/// The store's own folder.
pub(super) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("store")
}

/// A file of the store that is sealed under a master key, if there is a store.
pub(super) fn sealed(data_dir: &Path) -> Option<PathBuf> {
    let names = [KEY, CHECKPOINT.now, CHECKPOINT.before];
    let mut paths = names.iter().map(|name| folder(data_dir).join(name));
    paths.find(|path| path.exists())
}

/// The data keys, wrapped by the master key; there once the store is.
pub(super) const KEY: &str = "key";
/// Taken by the process that has the store.
pub(super) const LOCK: &str = "lock";
/// There after a clean close, until the next commit.
pub(super) const CLEAN: &str = "clean";
/// sled's own directory.
pub(super) const SLED: &str = "sled";
/// With what the names begin of what is moved out of the way because it is damaged: a database in
/// the store's folder, a snapshot in sled's.
pub(super) const SLED_ASIDE: &str = "sled.damaged-";
pub(super) const SNAPSHOT_ASIDE: &str = "damaged.";
/// A database that is being made from a checkpoint, until it takes the place of sled's.
pub(super) const SLED_NEXT: &str = "sled.next";

/// A file that is kept in two editions, and how each is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edition {
    /// The current one.
    pub(super) now: &'static str,
    /// The one before.
    pub(super) before: &'static str,
    /// One that was begun, until it takes its place.
    pub(super) next: &'static str,
}

/// The commits since the last checkpoint, and between the last two.
pub(super) const LOG: Edition = Edition {
    now: "commits.log",
    before: "commits.before.log",
    next: "commits.next.log",
};

/// All records as of a commit.
pub(super) const CHECKPOINT: Edition = Edition {
    now: "checkpoint",
    before: "checkpoint.before",
    next: "checkpoint.next",
};
