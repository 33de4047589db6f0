//! The store in a directory, as the host has it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use stoflow_host::store::{MasterKey, Store, StoreError};
use tempfile::TempDir;

use super::suite::{self, Bed};
use crate::seller::copy_dir;

pub struct Directory {
    dir: TempDir,
    master: MasterKey,
}

impl Bed for Directory {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            master: MasterKey::random(),
        }
    }

    fn crashed(&self) -> Self {
        let copy = Self {
            dir: tempfile::tempdir().unwrap(),
            master: self.master.clone(),
        };
        copy_dir(self.dir.path(), copy.dir.path());
        copy
    }

    fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn master(&self) -> &MasterKey {
        &self.master
    }

    fn open_at(dir: &Path, master: &MasterKey, wait: Duration) -> Result<Store, StoreError> {
        Store::open_waiting(dir, master, wait)
    }
}

impl Directory {
    /// A file of the store's.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("store").join(name)
    }

    /// The snapshot from which sled starts, if it wrote one.
    pub fn snapshot(&self) -> Option<PathBuf> {
        let entries = std::fs::read_dir(self.file("sled")).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        paths.find(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("snap.")
        })
    }

    /// What lies beside the store under a name that begins so.
    pub fn beside(&self, prefix: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(prefix)).collect()
    }
}

suite::held_to_the_suite!(Directory);
