//! The store in a directory, as the host has it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use stoflow_host::store::{MasterKey, Store, StoreError};
use tempfile::TempDir;

use super::suite::{self, Bed};

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

    /// What lies beside the store under a name that begins so.
    pub fn beside(&self, prefix: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(prefix)).collect()
    }
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

suite::held_to_the_suite!(Directory);
