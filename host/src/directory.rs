//! Directories and files that only this user can read, whatever the umask, and that are on disk
//! when a function returns: a file that was written but whose directory was not is gone after a
//! power cut.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// How the name of a file ends that is written beside the one that it is to replace.
pub(crate) const BESIDE: &str = "new";

/// Makes a directory and its parents, or tightens the one that is there, and puts its name on disk.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    make_unsynced(path)?;
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        sync(parent)?;
    }
    Ok(())
}

/// As [`make`], for one whose name is known to be on disk if it is there.
pub(crate) fn make_unsynced(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(path)?;
    restrict_directory(path)
}

pub(crate) fn restrict_directory(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(DIRECTORY_MODE))
}

/// Tightens every file of a directory, and of the directories in it: those that sled makes.
pub(crate) fn restrict_files(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            restrict_directory(&entry.path())?;
            restrict_files(&entry.path())?;
        } else {
            match fs::set_permissions(entry.path(), Permissions::from_mode(FILE_MODE)) {
                // sled replaces its snapshots from a thread of its own.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => done?,
            }
        }
    }
    Ok(())
}

/// A file to read and write that only this user can; made if it is not there.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    Ok(file)
}

/// Puts the names in a directory on disk.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Writes a file whole or not at all: beside it, synced, renamed over it, the directory synced.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = write_beside(path, content)?;
    fs::rename(&beside, path)?;
    sync_parent(path)
}

/// As [`replace`], unless the file is there: then `false`, and it stays as it is.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<bool> {
    let beside = write_beside(path, content)?;
    // A hard link, unlike a rename, never replaces what another process made meanwhile.
    let made = match fs::hard_link(&beside, path) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
        Err(error) => return Err(error),
    };
    fs::remove_file(&beside)?;
    sync_parent(path)?;
    Ok(made)
}

/// Under a name that no other process and no other thread writes to at the same time.
fn write_beside(path: &Path, content: &[u8]) -> io::Result<PathBuf> {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let (process, turn) = (std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{process}-{turn}.{BESIDE}"));
    let beside = path.with_file_name(name);
    let written = open_file(&beside).and_then(|mut file| {
        file.set_len(0)?;
        file.write_all(content)?;
        file.sync_all()
    });
    match written {
        Ok(()) => Ok(beside),
        Err(error) => {
            // Half of it would only fill the disk that was too full for it.
            let _ = fs::remove_file(&beside);
            Err(error)
        }
    }
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        Some(parent) => sync(parent),
        None => sync(Path::new(".")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_many_write_at_once_is_one_of_theirs_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let contents: Vec<Vec<u8>> = (0..8).map(|byte| vec![byte; 100_000]).collect();
        std::thread::scope(|scope| {
            for content in &contents {
                scope.spawn(|| replace(&path, content).unwrap());
            }
        });
        assert!(contents.contains(&fs::read(&path).unwrap()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, FILE_MODE);
    }
}
