//! Files that are kept for a while: those that somebody uploads to name them in a request afterwards,
//! and those that came with an operation, which has to find them again after a crash.
//!
//! They are sellers' pictures: on disk as they are, in a directory that only this user can read, each
//! under its id and never under a name that somebody else chose. A file is on disk, its name too, before
//! its record is written, and the record is gone before the file is; what a crash leaves between the two
//! is cleared away later.
//!
//! The mistakes that this prevents: an operation that was promised and whose pictures are gone; a name
//! that leaves the directory; a disk that fills with what nobody asks for any more.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::directory;
use crate::locks::NamedLocks;
use crate::model::{FileId, OperationId, UserId};
use crate::store::{Commit, Key, Record, Store, StoreError};

/// How long an uploaded file is kept.
pub const FILE_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Files of one user at a time.
pub const FILES_MAX: usize = 1_000;

/// Bytes of all files of one user at a time.
pub const FILES_BYTES_MAX: u64 = 4 << 30;

/// A file without a record that is younger than this may be one that is just being kept.
const UNKNOWN_LIFE: Duration = Duration::from_hours(1);

/// By how many first bytes a content is recognised.
const HEAD_BYTES: usize = 8 << 10;

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// By which a product names it, behind `asset:`.
    pub id: FileId,
    /// Whose it is; `None` for an operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// What it was called.
    pub name: String,
    /// What its content says that it is.
    pub media_type: String,
    /// Its size.
    pub bytes: u64,
    /// Since when it is kept.
    pub created_at: Timestamp,
    /// The operation with which it came, and with which it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<OperationId>,
}

impl Record for KeptFile {
    const KIND: &'static str = "file";
}

impl KeptFile {
    /// Until when it is there, at least; `None` for one that an operation has.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let end = self.created_at.checked_add(FILE_LIFE);
        self.operation
            .is_none()
            .then(|| end.unwrap_or(Timestamp::MAX))
    }

    fn key(&self) -> Key {
        file_key(self.user.as_ref(), &self.id)
    }
}

/// Why a file is not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// The user has too many, or too much.
    #[error(
        "{owner} has {files} files of {} MiB in all; at most {FILES_MAX} of {} MiB are kept",
        .bytes >> 20,
        FILES_BYTES_MAX >> 20
    )]
    Full {
        /// Whose files, as the beginning of the sentence.
        owner: String,
        /// How many there would be.
        files: usize,
        /// Of how many bytes.
        bytes: u64,
    },
    /// The disk does not take it.
    #[error("the file cannot be kept on disk: {0}")]
    Io(#[from] io::Error),
    /// The store does not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All files that are kept. Clones are handles of the same ones.
#[derive(Debug, Clone)]
pub struct Files {
    directory: Arc<Path>,
    store: Store,
    clock: Clock,
    /// Held while a user's files are counted and one is added.
    counting: NamedLocks,
}

impl Files {
    /// Those of a data directory.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn open(data_dir: &Path, store: Store, clock: Clock) -> io::Result<Self> {
        let directory = data_dir.join("files");
        directory::make(&directory)?;
        Ok(Self {
            directory: directory.into(),
            store,
            clock,
            counting: NamedLocks::default(),
        })
    }

    /// Keeps a file that somebody uploads, for [`FILE_LIFE`].
    ///
    /// # Errors
    /// See [`NotKept`]; then nothing of it is kept.
    pub async fn keep(
        &self,
        user: Option<&UserId>,
        name: &str,
        source: File,
    ) -> Result<KeptFile, NotKept> {
        let _counting = self.counting.hold(owner(user)).await;
        self.check_room(user, &source)?;
        let kept = self.write(user, name, None, source).await?;
        let commit = Commit::new().put(&kept.key(), &kept);
        if let Err(error) = self.store.commit(commit).await {
            self.remove(&kept.id).await;
            return Err(error.into());
        }
        Ok(kept)
    }

    /// Puts a file on disk that an operation needs. It is kept if its record ([`Files::put`]) is
    /// committed.
    ///
    /// # Errors
    /// The disk's.
    pub async fn write(
        &self,
        user: Option<&UserId>,
        name: &str,
        operation: Option<OperationId>,
        source: File,
    ) -> io::Result<KeptFile> {
        let id = FileId::random();
        let path = self.path(&id);
        let written = tokio::task::spawn_blocking(move || write(&path, source)).await;
        let (bytes, media_type) = written.map_err(io::Error::other)??;
        Ok(KeptFile {
            id,
            user: user.cloned(),
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            bytes,
            created_at: self.clock.now(),
            operation,
        })
    }

    /// Adds the record of a file that was written.
    #[must_use]
    pub fn put(commit: Commit, file: &KeptFile) -> Commit {
        commit.put(&file.key(), file)
    }

    /// Takes away the record of a file; the file itself goes with [`Files::remove`], afterwards.
    #[must_use]
    pub fn forget(commit: Commit, user: Option<&UserId>, file: &FileId) -> Commit {
        commit.delete::<KeptFile>(&file_key(user, file))
    }

    /// Takes a file off the disk. One that cannot be taken off is left for [`Files::sweep`].
    pub async fn remove(&self, file: &FileId) {
        let path = self.path(file);
        let removed = tokio::task::spawn_blocking(move || fs::remove_file(path)).await;
        if let Ok(Err(error)) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%file, %error, "a file that is not needed any more cannot be removed");
        }
    }

    /// A file that a user may see; operators see everybody's.
    ///
    /// # Errors
    /// The store's.
    pub fn find(
        &self,
        reach: Option<&UserId>,
        file: &FileId,
    ) -> Result<Option<KeptFile>, StoreError> {
        if reach.is_some() {
            return self.get(reach, file);
        }
        let all = self.store.scan::<KeptFile>(&Key::root())?;
        let found = all.into_iter().find(|(_, kept)| kept.id == *file);
        Ok(found.map(|(_, kept)| kept))
    }

    /// One of a user's files.
    ///
    /// # Errors
    /// The store's.
    pub fn get(
        &self,
        user: Option<&UserId>,
        file: &FileId,
    ) -> Result<Option<KeptFile>, StoreError> {
        self.store.get(&file_key(user, file))
    }

    /// The content of a file.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub fn read(&self, file: &FileId) -> io::Result<File> {
        File::open(self.path(file))
    }

    /// Deletes a file.
    ///
    /// # Errors
    /// The store's.
    pub async fn delete(&self, file: &KeptFile) -> Result<(), StoreError> {
        let commit = Self::forget(Commit::new(), file.user.as_ref(), &file.id);
        self.store.commit(commit).await?;
        self.remove(&file.id).await;
        Ok(())
    }

    /// Deletes all files of a user. How many.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_user(&self, user: &UserId) -> Result<usize, StoreError> {
        let kept = self.store.scan::<KeptFile>(&Key::of([user.as_str()]))?;
        for (_, file) in &kept {
            self.delete(file).await?;
        }
        Ok(kept.len())
    }

    /// Deletes the uploaded files that are old, and what no record names.
    ///
    /// # Errors
    /// The store's, and the directory's.
    pub async fn sweep(&self) -> Result<(), NotKept> {
        let now = self.clock.now();
        let kept = self.store.scan::<KeptFile>(&Key::root())?;
        let is_old = |file: &KeptFile| file.expires_at().is_some_and(|end| end < now);
        for (_, file) in &kept {
            if is_old(file) {
                self.delete(file).await?;
            }
        }
        self.clear(UNKNOWN_LIFE).await
    }

    /// Deletes what no record names, at a start, when nobody is keeping anything.
    ///
    /// # Errors
    /// The store's, and the directory's.
    pub async fn clear_left(&self) -> Result<(), NotKept> {
        self.clear(Duration::ZERO).await
    }

    async fn clear(&self, age: Duration) -> Result<(), NotKept> {
        let kept = self.store.scan::<KeptFile>(&Key::root())?;
        let known: HashSet<String> = kept.into_iter().map(|(_, file)| file.id.into()).collect();
        let directory = Arc::clone(&self.directory);
        let clearing = move || remove_unknown(&directory, &known, age);
        let cleared = tokio::task::spawn_blocking(clearing).await;
        Ok(cleared.map_err(io::Error::other)??)
    }

    fn check_room(&self, user: Option<&UserId>, source: &File) -> Result<(), NotKept> {
        let kept = self.store.scan::<KeptFile>(&Key::of([owner(user)]))?;
        let held: u64 = kept.iter().map(|(_, file)| file.bytes).sum();
        let (files, bytes) = (kept.len() + 1, held + source.metadata()?.len());
        if files > FILES_MAX || bytes > FILES_BYTES_MAX {
            let owner = user.map_or("the operator", UserId::as_str).to_owned();
            return Err(NotKept::Full {
                owner,
                files,
                bytes,
            });
        }
        Ok(())
    }

    fn path(&self, file: &FileId) -> PathBuf {
        self.directory.join(file.as_str())
    }
}

/// Copies a file from its beginning to where it is kept; its size, and what it is.
fn write(path: &Path, mut source: File) -> io::Result<(u64, &'static str)> {
    use std::io::{Seek as _, SeekFrom};
    use std::os::unix::fs::FileExt as _;

    source.seek(SeekFrom::Start(0))?;
    let written = (|| {
        let mut file = directory::open_file(path)?;
        let bytes = io::copy(&mut source, &mut file)?;
        file.sync_all()?;
        if let Some(parent) = path.parent() {
            directory::sync(parent)?;
        }
        let mut head = vec![0; HEAD_BYTES];
        let read = file.read_at(&mut head, 0)?;
        head.truncate(read);
        let kind = infer::get(&head).map_or("application/octet-stream", |kind| kind.mime_type());
        Ok((bytes, kind))
    })();
    if written.is_err() {
        // Half of it would only fill the disk that was too full for it.
        let _ = fs::remove_file(path);
    }
    written
}

fn remove_unknown(directory: &Path, known: &HashSet<String>, older: Duration) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_known = entry
            .file_name()
            .to_str()
            .is_some_and(|name| known.contains(name));
        let age = entry.metadata().and_then(|data| data.modified());
        let age = age.ok().and_then(|at| at.elapsed().ok());
        let is_old = older.is_zero() || age.is_some_and(|age| age > older);
        if !is_known && is_old {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn owner(user: Option<&UserId>) -> &str {
    user.map_or("", UserId::as_str)
}

fn file_key(user: Option<&UserId>, file: &FileId) -> Key {
    Key::of([owner(user), file.as_str()])
}
