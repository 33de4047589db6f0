//! The copy of a store's directory that is made before it is opened after an unclean stop, or when
//! something in it is damaged: to open sled is to change it, and what it takes for the end of its
//! data it overwrites.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{StoreError, directory, files};

/// What the copy is called until it is known whether it is needed.
const NAME: &str = "store.copy";
/// With what the name of one begins that is kept.
const KEPT: &str = "store.damaged-";

/// A copy beside the store.
pub(super) struct Copy {
    /// The store's directory.
    dir: PathBuf,
    path: PathBuf,
}

impl Copy {
    /// Copies the store's directory; one that a killed start left is replaced.
    pub(super) fn make(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.with_file_name(NAME);
        let copied = remove(&path).and_then(|()| copy(dir, &path));
        let made = Self {
            dir: dir.to_owned(),
            path,
        };
        match copied {
            Ok(()) => Ok(made),
            Err(error) => {
                let error = StoreError::io(&made.path)(error);
                // Half of it would only fill the disk that was too full for it.
                let _ = made.forget();
                Err(error)
            }
        }
    }

    /// Keeps it under a name of the time, for whoever wants to look at it.
    pub(super) fn keep(self) -> Result<PathBuf, StoreError> {
        let now = jiff::Timestamp::now().as_millisecond();
        let kept = self.dir.with_file_name(format!("{KEPT}{now}"));
        std::fs::rename(&self.path, &kept).map_err(StoreError::io(&self.path))?;
        Ok(kept)
    }

    /// Removes it.
    pub(super) fn forget(self) -> Result<(), StoreError> {
        remove(&self.path).map_err(StoreError::io(&self.path))
    }

    /// Puts sled's directory back as it was copied, in one step: the store was not opened after all.
    pub(super) fn put_back(self) -> Result<(), StoreError> {
        let (there, copied) = (self.dir.join(files::SLED), self.path.join(files::SLED));
        if there.exists() && copied.exists() {
            renameat_with(CWD, &there, CWD, &copied, RenameFlags::EXCHANGE)
                .map_err(|error| StoreError::io(&there)(error.into()))?;
        }
        self.forget()
    }
}

/// All that was kept of damaged states: copies of the store, databases and snapshots of sled's.
pub(super) fn kept(data_dir: &Path) -> io::Result<Vec<PathBuf>> {
    let store = files::folder(data_dir);
    let sled = store.join(files::SLED);
    let mut kept = Vec::new();
    for (folder, begins) in [
        (data_dir, KEPT),
        (store.as_path(), files::SLED_ASIDE),
        (sled.as_path(), files::SNAPSHOT_ASIDE),
    ] {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(begins) {
                kept.push(entry.path());
            }
        }
    }
    Ok(kept)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    directory::make_unsynced(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_name() != files::LOCK {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
