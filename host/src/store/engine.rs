//! sled, used only in the way that was measured to be safe: one tree, one transaction for a group of
//! commits, no flush that it calls durable trusted, every sync by handles of our own.

use std::fs::File;
use std::io::ErrorKind::{InvalidData, UnexpectedEof};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::census::Census;
use super::frame::{Header, Place};
use super::keyring::Keyring;
use super::{Key, StoreError, directory, files, frame};

/// sled's cache. Its default of 1 GiB is a server's; the records of 10,000 accounts take a tenth
/// of this.
const CACHE_BYTES: u64 = 32 << 20;
/// The file that holds sled's log, which is its data.
const DATA: &str = "db";
/// sled's snapshots, from which it starts faster; it can do without them.
const SNAPSHOTS: &str = "snap.";
/// The record that says how far the commits have been applied, and what that makes in all.
const APPLIED_KIND: &str = "store";
const APPLIED_KEY: &str = "applied";

/// One change of one key of sled's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: Vec<u8>,
    /// `None` removes it.
    pub(super) value: Option<Vec<u8>>,
}

impl Entry {
    pub(super) fn put(key: Vec<u8>, value: Vec<u8>) -> Self {
        Self {
            key,
            value: Some(value),
        }
    }

    pub(super) fn remove(key: Vec<u8>) -> Self {
        Self { key, value: None }
    }
}

/// A record as it lies in sled: its first piece, the others.
pub(super) type Pieces = (Vec<u8>, Vec<Vec<u8>>);

/// The open database.
pub(super) struct Engine {
    db: sled::Db,
    dir: PathBuf,
    /// A handle of our own, held from the start, so that no error of writing back is missed.
    data: File,
    /// Whether the next read fails.
    #[cfg(test)]
    breaks: std::sync::atomic::AtomicBool,
}

impl Engine {
    pub(super) fn open(dir: &Path) -> Result<Self, StoreError> {
        let db = sled::Config::new()
            .path(dir)
            .cache_capacity(CACHE_BYTES)
            // The commit thread flushes; an error of sled's own flusher would be swallowed.
            .flush_every_ms(None)
            .open()
            .map_err(|error| named(dir, &error))?;
        directory::restrict_files(dir).map_err(StoreError::io(dir))?;
        directory::restrict_directory(dir).map_err(StoreError::io(dir))?;
        let path = dir.join(DATA);
        let data = File::open(&path).map_err(StoreError::io(&path))?;
        Ok(Self {
            db,
            dir: dir.to_owned(),
            data,
            #[cfg(test)]
            breaks: false.into(),
        })
    }

    /// The next read fails, and none after it: sled writes while it reads, and a disk that was full
    /// for a moment is not full for ever.
    #[cfg(test)]
    pub(super) fn break_a_read(&self) {
        self.breaks.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// The number of the last commit that was applied, and the census of all records as it left
    /// them; 0 and nothing where none was.
    pub(super) fn applied(&self, keys: &Keyring) -> Result<(u64, Census), StoreError> {
        let place = applied_place();
        let Some((first, rest)) = self.read(&place)? else {
            return Ok((0, Census::default()));
        };
        let (generation, text) = frame::open(keys, &place, &first, &rest)?;
        let census = Census::decode(&text)
            .ok_or_else(|| StoreError::damaged(place.describe(), "it is no census"))?;
        Ok((generation, census))
    }

    /// Applies the changes of commits, the last of which has that number and leaves that census, in
    /// one transaction.
    pub(super) fn apply<'a>(
        &self,
        keys: &Keyring,
        last: u64,
        census: &Census,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        let (applied, _) = frame::seal(keys, &applied_place(), last, &census.encode())?;
        let mut add = |entry: &Entry| match &entry.value {
            Some(value) => batch.insert(entry.key.as_slice(), value.as_slice()),
            None => batch.remove(entry.key.as_slice()),
        };
        entries.into_iter().for_each(&mut add);
        applied.iter().for_each(&mut add);
        guarded(&self.dir, || {
            let applied = self.db.apply_batch(batch);
            applied.map_err(|error| named(&self.dir, &error))
        })
    }

    /// The pieces of one record.
    pub(super) fn read(&self, place: &Place) -> Result<Option<Pieces>, StoreError> {
        let Some(first) = self.value(place.bytes())? else {
            return Ok(None);
        };
        let pieces = Header::read(&first).map_or(0, |(header, _)| header.pieces);
        let mut rest = Vec::with_capacity(usize::from(pieces).min(1024));
        for number in 0..pieces {
            match self.value(&place.piece(number))? {
                Some(piece) => rest.push(piece),
                None => break,
            }
        }
        Ok(Some((first, rest)))
    }

    /// The header of one record, without opening it.
    pub(super) fn header(&self, place: &Place) -> Result<Option<Header>, StoreError> {
        let Some(first) = self.value(place.bytes())? else {
            return Ok(None);
        };
        match Header::read(&first) {
            Some((header, _)) => Ok(Some(header)),
            None => Err(StoreError::damaged(
                place.describe(),
                "its frame is unreadable",
            )),
        }
    }

    /// The generation of one record, without opening it.
    pub(super) fn generation(&self, place: &Place) -> Result<Option<u64>, StoreError> {
        let header = self.header(place)?;
        Ok(header.map(|header| header.generation))
    }

    /// Shows every record, in the order of their keys. A piece that belongs to none is shown as a
    /// record without a first piece, which does not open.
    pub(super) fn each(
        &self,
        mut visit: impl FnMut(&Place, &Pieces) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let own = applied_place();
        let mut current: Option<(Place, Pieces)> = None;
        for entry in self.db.iter() {
            let (key, value) = entry.map_err(|error| named(&self.dir, &error))?;
            let piece = Place::of_piece(&key).map(|(place, _)| place);
            if let (Some(place), Some((record, (_, rest)))) = (&piece, &mut current)
                && record == place
            {
                rest.push(value.to_vec());
                continue;
            }
            let first = if piece.is_some() {
                Vec::new()
            } else {
                value.to_vec()
            };
            let place = piece.unwrap_or_else(|| Place::from_sled(&key));
            if let Some((place, pieces)) = current.replace((place, (first, Vec::new())))
                && place != own
            {
                visit(&place, &pieces)?;
            }
        }
        match current {
            Some((place, pieces)) if place != own => visit(&place, &pieces),
            _ => Ok(()),
        }
    }

    /// The records of a kind below a prefix and behind a key, in the order of their keys.
    pub(super) fn below(
        &self,
        kind: &str,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Place, Pieces)>, StoreError> {
        let mut start = Place::new(kind, prefix).bytes().to_vec();
        if *prefix != Key::root() {
            start.push(b'/');
        }
        let from = match after.map(|key| Place::new(kind, key)) {
            Some(place) if place.bytes() > start.as_slice() => {
                Bound::Excluded(place.bytes().to_vec())
            }
            _ => Bound::Included(start.clone()),
        };
        let mut found: Vec<(Place, Pieces)> = Vec::new();
        for entry in self.db.range::<Vec<u8>, _>((from, Bound::Unbounded)) {
            let (key, value) = entry.map_err(|error| named(&self.dir, &error))?;
            if !key.starts_with(&start) {
                break;
            }
            match Place::of_piece(&key) {
                Some((place, _)) => {
                    // A page may begin behind a record whose further pieces follow it.
                    let record = found.last_mut().filter(|(last, _)| *last == place);
                    if let Some((_, (_, rest))) = record {
                        rest.push(value.to_vec());
                    }
                }
                None if found.len() == limit => break,
                None => found.push((Place::from_sled(&key), (value.to_vec(), Vec::new()))),
            }
        }
        Ok(found)
    }

    /// Hands everything to the system, so that a process that is killed leaves it behind. Not
    /// durable: see [`Engine::sync`].
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        guarded(&self.dir, || {
            let flushed = self.db.flush().map(|_| ());
            flushed.map_err(|error| named(&self.dir, &error))
        })
    }

    /// Puts everything on disk: sled's own flush asks the system for that without waiting for it.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.flush()?;
        directory::restrict_files(&self.dir).map_err(StoreError::io(&self.dir))?;
        self.data
            .sync_all()
            .map_err(StoreError::io(&self.dir.join(DATA)))?;
        sync_files(&self.dir).map_err(StoreError::io(&self.dir))
    }

    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        #[cfg(test)]
        if self.breaks.swap(false, std::sync::atomic::Ordering::SeqCst) {
            let full = std::io::ErrorKind::StorageFull.into();
            return Err(named(&self.dir, &sled::Error::Io(full)));
        }
        let value = self.db.get(key).map_err(|error| named(&self.dir, &error))?;
        Ok(value.map(|value| value.to_vec()))
    }
}

/// Moves sled's snapshots out of its way: one that is damaged keeps it from opening for ever.
/// Whether there were any.
pub(super) fn put_snapshots_aside(dir: &Path) -> Result<bool, StoreError> {
    let mut found = false;
    for entry in std::fs::read_dir(dir).map_err(StoreError::io(dir))? {
        let path = entry.map_err(StoreError::io(dir))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(SNAPSHOTS) {
            let aside = path.with_file_name(format!("{}{name}", files::SNAPSHOT_ASIDE));
            std::fs::rename(&path, aside).map_err(StoreError::io(&path))?;
            found = true;
        }
    }
    Ok(found)
}

/// Does something with sled, which panics on some damage and on some errors of the disk.
pub(super) fn guarded<T>(
    dir: &Path,
    act: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let gave_up = |_| {
        Err(StoreError::damaged(
            dir.display().to_string(),
            "sled gives up on it",
        ))
    };
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(gave_up)
}

fn applied_place() -> Place {
    Place::new(APPLIED_KIND, &Key::of([APPLIED_KEY]))
}

/// `db`, `conf`, `snap.*`, whatever is in folders, then the directory itself.
fn sync_files(dir: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_files(&entry.path())?;
        } else {
            match File::open(entry.path()) {
                Ok(file) => file.sync_all()?,
                // sled replaces its snapshots from a thread of its own.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    directory::sync(dir)
}

fn named(dir: &Path, error: &sled::Error) -> StoreError {
    match error {
        // What is cut off or is no text to sled is damage; everything else is the disk's.
        sled::Error::Io(error) if !matches!(error.kind(), UnexpectedEof | InvalidData) => {
            StoreError::Io {
                path: dir.to_owned(),
                reason: error.to_string(),
            }
        }
        other => StoreError::damaged(dir.display().to_string(), other.to_string()),
    }
}
