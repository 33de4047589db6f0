//! The directory of kept replies: which there are, how much of them, and that each is as it was
//! written.
//!
//! A file that is damaged, cut short, or that somebody else wrote is none: each is authenticated with
//! a key derived from the master key, together with its name, so that none can stand for another.
//! What is used least makes room; losing any of them costs a request and nothing else.

mod file;
mod index;

pub use file::ReplyKey;

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;

use super::answer::{Answer, Lives};
use super::wanted::{Name, Wanted};
use crate::directory;
use crate::model::PluginId;
use file::FILE_BYTES_MAX;
use index::Index;

/// How the name of a kept reply ends.
const EXTENSION: &str = "reply";

/// The shelf.
pub(super) struct Shelf {
    directory: PathBuf,
    key: ReplyKey,
    index: Mutex<Index>,
}

impl Shelf {
    /// Those that a directory holds. What is left of files that were never finished is removed.
    pub(super) fn open(directory: &Path, key: ReplyKey) -> io::Result<Self> {
        directory::make(directory)?;
        let mut found = Vec::new();
        for plugin in fs::read_dir(directory)? {
            let plugin = plugin?;
            let id = plugin.file_name().to_str().and_then(|id| id.parse().ok());
            let Some(id) = id.filter(|_| plugin.path().is_dir()) else {
                continue;
            };
            found.extend(entries(&id, &plugin.path())?);
        }
        // The oldest first: they go first.
        found.sort_by_key(|entry| entry.written);
        let mut index = Index::default();
        for entry in found {
            index.add(&entry.plugin, entry.name, entry.bytes, Instant::now());
        }
        let shelf = Self {
            directory: directory.to_owned(),
            key,
            index: Mutex::new(index),
        };
        shelf.make_room();
        Ok(shelf)
    }

    /// The name of what depends on these parts.
    pub(super) fn name(&self, parts: &[&[u8]]) -> Name {
        file::name(&self.key, parts)
    }

    pub(super) fn has(&self, wanted: &Wanted) -> bool {
        self.index().has(&wanted.name)
    }

    /// One that somebody is reading at this moment.
    pub(super) fn in_memory(&self, wanted: &Wanted) -> Option<Arc<Answer>> {
        self.index().in_memory(&wanted.name)
    }

    /// Whether the marketplace gave none in the last so much time.
    pub(super) fn was_in_trouble(&self, wanted: &Wanted, last: Duration) -> bool {
        self.index()
            .trouble_of(&wanted.name)
            .is_some_and(|at| at.elapsed() < last)
    }

    /// The marketplace gives none now.
    pub(super) fn trouble(&self, wanted: &Wanted) {
        self.index().trouble(&wanted.name, Instant::now());
    }

    /// One from the disk. A doubtful one is removed.
    ///
    /// # Errors
    /// It cannot be read, or is not as it was written.
    pub(super) fn read(
        &self,
        wanted: &Wanted,
        room: OwnedSemaphorePermit,
    ) -> io::Result<Arc<Answer>> {
        let path = self.path(&wanted.plugin, &wanted.name);
        let since = self.index().since(&wanted.name);
        let content = read_file(&path).and_then(|bytes| {
            let content = file::open(&self.key, &wanted.name, &bytes);
            content.ok_or_else(|| io::Error::other("it is not as it was written"))
        });
        let content = content.inspect_err(|_| self.remove(&wanted.plugin, &wanted.name))?;
        let answer = Arc::new(Answer {
            status: http::StatusCode::OK,
            headers: content.headers,
            body: content.body,
            lives: Lives {
                kept_at: content.kept_at,
                since: since.unwrap_or_else(Instant::now),
            },
            _room: room,
        });
        self.index().read(&wanted.name, &answer);
        Ok(answer)
    }

    /// Keeps one.
    ///
    /// # Errors
    /// The disk does not take it.
    pub(super) fn put(&self, wanted: &Wanted, answer: &Arc<Answer>) -> io::Result<()> {
        let bytes = file::seal(&self.key, &wanted.name, answer);
        let bytes = bytes.ok_or_else(|| io::Error::other("its headers are too large"))?;
        let folder = self.directory.join(wanted.plugin.as_str());
        directory::make_unsynced(&folder)?;
        directory::replace(&self.path(&wanted.plugin, &wanted.name), &bytes)?;
        {
            let mut index = self.index();
            let since = answer.lives.since;
            index.add(&wanted.plugin, wanted.name, bytes.len() as u64, since);
            index.read(&wanted.name, answer);
        }
        self.make_room();
        Ok(())
    }

    /// Removes all of a plugin's.
    pub(super) fn forget(&self, plugin: &PluginId) {
        self.index().forget(plugin);
        let folder = self.directory.join(plugin.as_str());
        if let Err(error) = fs::remove_dir_all(&folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %folder.display(), %error, "a removed plugin's replies stay");
        }
    }

    fn make_room(&self) {
        // The lock is not held while files are removed.
        let over = self.index().over();
        for (plugin, name) in over {
            self.remove(&plugin, &name);
        }
    }

    fn remove(&self, plugin: &PluginId, name: &Name) {
        self.index().remove(name);
        // It may be gone, with its plugin or for another reason: then it is as it should be.
        let _ = fs::remove_file(self.path(plugin, name));
    }

    fn path(&self, plugin: &PluginId, name: &Name) -> PathBuf {
        let file = format!("{}.{EXTENSION}", hex::encode(name));
        self.directory.join(plugin.as_str()).join(file)
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is there.
struct Entry {
    plugin: PluginId,
    name: Name,
    bytes: u64,
    written: std::time::SystemTime,
}

/// The files of a plugin; others than kept replies are what a kill left half written.
fn entries(plugin: &PluginId, folder: &Path) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        let path = file.path();
        let metadata = file.metadata()?;
        let is_kept = path
            .extension()
            .is_some_and(|extension| extension == EXTENSION);
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let name = name.and_then(|stem| hex::decode(stem).ok()?.try_into().ok());
        match name {
            Some(name) if is_kept && metadata.is_file() => found.push(Entry {
                plugin: plugin.clone(),
                name,
                bytes: metadata.len(),
                written: metadata.modified()?,
            }),
            _ if metadata.is_file() => fs::remove_file(&path)?,
            _ => {}
        }
    }
    Ok(found)
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    // Neither a link to elsewhere nor a pipe that nobody writes to.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX {
        return Err(io::Error::other("it is no kept reply"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
