//! The commit log: what is on disk when a commit is answered. One frame holds the commits of one
//! fsync; a frame is written only after the one before it was synced. So bytes that do not open are
//! the torn end of a write that nobody was told of if no frame stands behind them, and damage if
//! one does.
//!
//! A checkpoint begins a new file; the one before is kept, so that sled may fall back behind its
//! last checkpoint and lose nothing.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::engine::Entry;
use super::keyring::Keyring;
use super::{StoreError, directory, files};

const MAGIC: [u8; 4] = *b"SFCL";
const VERSION: u8 = 1;
/// Magic, version, key id, first number, last number, length of what is sealed.
const HEADER: usize = 4 + 1 + 4 + 8 + 8 + 4;
/// Stands for the length of a value that is none: the entry removes its key.
const REMOVED: u32 = u32::MAX;

/// One commit as it stands in the log: what it does to sled, piece by piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Logged {
    pub(super) number: u64,
    pub(super) entries: Vec<Entry>,
}

/// The log that is written to.
pub(super) struct Log {
    dir: PathBuf,
    file: File,
    bytes: u64,
}

impl Log {
    /// Begins the log of a new store.
    pub(super) fn create(dir: &Path, keys: &Keyring) -> Result<Self, StoreError> {
        let mut log = Self::begin(dir, keys, 0)?;
        log.take_place()?;
        Ok(log)
    }

    /// Goes on behind the first `valid` bytes of the log that is there, and cuts what follows them.
    pub(super) fn resume(dir: &Path, valid: u64) -> Result<Self, StoreError> {
        let path = dir.join(files::LOG);
        let open = || {
            let mut file = directory::open_file(&path)?;
            if file.metadata()?.len() != valid {
                file.set_len(valid)?;
                file.sync_all()?;
            }
            file.seek(SeekFrom::Start(valid))?;
            Ok(file)
        };
        Ok(Self {
            dir: dir.to_owned(),
            file: open().map_err(StoreError::io(&path))?,
            bytes: valid,
        })
    }

    /// From here on every write fails, as on a disk that is gone.
    #[cfg(test)]
    pub(super) fn break_disk(&mut self) {
        self.file = File::open(self.dir.join(files::LOG)).unwrap();
    }

    /// How large the current file is.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes one frame of these commits and syncs it. After an error nothing more may be written:
    /// a failed sync may have dropped what it was to write.
    pub(super) fn append(&mut self, keys: &Keyring, commits: &[Logged]) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (commits.first(), commits.last()) else {
            return Ok(());
        };
        let frame = frame(keys, first.number, last.number, &encode(commits))?;
        let path = self.dir.join(files::LOG);
        self.file.write_all(&frame).map_err(StoreError::io(&path))?;
        self.file.sync_data().map_err(StoreError::io(&path))?;
        self.bytes += frame.len() as u64;
        Ok(())
    }

    /// Behind a checkpoint: begins a new file after commit `number` and keeps the one before.
    pub(super) fn cut(&mut self, keys: &Keyring, number: u64) -> Result<(), StoreError> {
        let mut next = Self::begin(&self.dir, keys, number)?;
        let (log, before) = (self.dir.join(files::LOG), self.dir.join(files::LOG_BEFORE));
        std::fs::rename(&log, &before).map_err(StoreError::io(&log))?;
        next.take_place()?;
        *self = next;
        Ok(())
    }

    /// Begins a log after commit `number` in the place of files that cannot be gone on with. They
    /// are kept, under names of the time, for whoever wants to look at them.
    pub(super) fn begin_anew(dir: &Path, keys: &Keyring, number: u64) -> Result<Self, StoreError> {
        let mut log = Self::begin(dir, keys, number)?;
        let now = jiff::Timestamp::now().as_millisecond();
        for name in [files::LOG_BEFORE, files::LOG] {
            let (path, aside) = (dir.join(name), dir.join(format!("{name}.damaged-{now}")));
            match std::fs::rename(&path, &aside) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::io(&path)(error));
                }
                _ => {}
            }
        }
        log.take_place()?;
        Ok(log)
    }

    /// Writes the next log's first frame, which says after which commit it begins.
    fn begin(dir: &Path, keys: &Keyring, number: u64) -> Result<Self, StoreError> {
        let path = dir.join(files::LOG_NEXT);
        let first = frame(keys, number + 1, number, &[])?;
        let write = || {
            let mut file = directory::open_file(&path)?;
            file.set_len(0)?;
            file.write_all(&first)?;
            file.sync_all()?;
            Ok(file)
        };
        Ok(Self {
            dir: dir.to_owned(),
            file: write().map_err(StoreError::io(&path))?,
            bytes: first.len() as u64,
        })
    }

    fn take_place(&mut self) -> Result<(), StoreError> {
        let (next, log) = (self.dir.join(files::LOG_NEXT), self.dir.join(files::LOG));
        std::fs::rename(&next, &log).map_err(StoreError::io(&next))?;
        directory::sync(&self.dir).map_err(StoreError::io(&self.dir))
    }
}

/// Finishes, or forgets, a cut that was interrupted between its renames. In a new store, which has
/// nothing else yet, the log is begun again.
pub(super) fn finish_cut(dir: &Path) -> Result<(), StoreError> {
    let (next, log) = (dir.join(files::LOG_NEXT), dir.join(files::LOG));
    if !next.exists() {
        return Ok(());
    }
    if log.exists() {
        std::fs::remove_file(&next).map_err(StoreError::io(&next))?;
    } else if dir.join(files::LOG_BEFORE).exists() || dir.join(files::SLED).exists() {
        std::fs::rename(&next, &log).map_err(StoreError::io(&next))?;
    }
    directory::sync(dir).map_err(StoreError::io(dir))
}

/// A stretch of a log file that does not open, or a frame that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) offset: u64,
    /// Whether it is the end of the file, with nothing behind it.
    pub(super) at_end: bool,
}

/// What a log file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// After which commit it begins; `None` if its first frame does not open.
    pub(super) base: Option<u64>,
    pub(super) commits: Vec<Logged>,
    pub(super) gaps: Vec<Gap>,
    /// Up to where everything opens.
    pub(super) valid: u64,
}

/// Reads a log file. What does not open is found by looking for the next frame that does.
pub(super) fn read(bytes: &[u8], keys: &Keyring) -> Contents {
    let mut contents = Contents::default();
    let (mut offset, mut last) = (0, None);
    while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
        let Some(frame) = Frame::read(rest, keys) else {
            let skipped = next_frame(rest, keys);
            contents.gaps.push(Gap {
                offset: offset as u64,
                at_end: skipped.is_none(),
            });
            match skipped {
                Some(skipped) => offset += skipped,
                None => break,
            }
            continue;
        };
        if offset == 0 && frame.first == frame.last + 1 {
            contents.base = Some(frame.last);
        } else if last.is_some_and(|last| frame.first != last + 1) && contents.gaps.is_empty() {
            contents.gaps.push(Gap {
                offset: offset as u64,
                at_end: false,
            });
        }
        last = Some(frame.last);
        contents.commits.extend(frame.commits);
        offset += frame.bytes;
        if contents.gaps.is_empty() {
            contents.valid = offset as u64;
        }
    }
    contents
}

struct Frame {
    first: u64,
    last: u64,
    commits: Vec<Logged>,
    bytes: usize,
}

impl Frame {
    fn read(bytes: &[u8], keys: &Keyring) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        let mut fields = Reader(header);
        if fields.take(4)? != MAGIC || fields.take(1)? != [VERSION] {
            return None;
        }
        let key_id = fields.u32()?;
        let (first, last) = (fields.u64()?, fields.u64()?);
        let length = fields.u32()? as usize;
        let sealed = rest.get(..length)?;
        let text = keys.open_sealed(key_id, &associated(header), sealed)?;
        Some(Self {
            first,
            last,
            commits: decode(&text)?,
            bytes: HEADER + length,
        })
    }
}

/// How far behind the start of what does not open the next frame begins that does.
fn next_frame(bytes: &[u8], keys: &Keyring) -> Option<usize> {
    (1..bytes.len()).find(|&skipped| {
        let rest = bytes.get(skipped..).unwrap_or_default();
        rest.starts_with(&MAGIC) && Frame::read(rest, keys).is_some()
    })
}

fn frame(keys: &Keyring, first: u64, last: u64, text: &[u8]) -> Result<Vec<u8>, StoreError> {
    let length = text.len() + super::keyring::SEALED_EXTRA;
    let length = u32::try_from(length).map_err(|_| StoreError::TooLarge {
        what: "a group of commits".to_owned(),
        bytes: length,
        limit: u32::MAX as usize,
    })?;
    let mut frame = Vec::with_capacity(HEADER + length as usize);
    frame.extend_from_slice(&MAGIC);
    frame.push(VERSION);
    frame.extend_from_slice(&keys.current().to_be_bytes());
    frame.extend_from_slice(&first.to_be_bytes());
    frame.extend_from_slice(&last.to_be_bytes());
    frame.extend_from_slice(&length.to_be_bytes());
    let sealed = keys.seal(&associated(&frame), text)?;
    frame.extend_from_slice(&sealed);
    Ok(frame)
}

fn associated(header: &[u8]) -> Vec<u8> {
    [b"commits\0".as_slice(), header].concat()
}

/// For each entry: the commit's number, the key with its length, the value with its length.
fn encode(commits: &[Logged]) -> Vec<u8> {
    let mut text = Vec::new();
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(REMOVED).to_be_bytes();
    for commit in commits {
        text.extend_from_slice(&commit.number.to_be_bytes());
        text.extend_from_slice(
            &u32::try_from(commit.entries.len())
                .unwrap_or(0)
                .to_be_bytes(),
        );
        for entry in &commit.entries {
            text.extend_from_slice(&length(&entry.key));
            text.extend_from_slice(&entry.key);
            match &entry.value {
                Some(value) => {
                    text.extend_from_slice(&length(value));
                    text.extend_from_slice(value);
                }
                None => text.extend_from_slice(&REMOVED.to_be_bytes()),
            }
        }
    }
    text
}

fn decode(text: &[u8]) -> Option<Vec<Logged>> {
    let mut reader = Reader(text);
    let mut commits = Vec::new();
    while !reader.0.is_empty() {
        let number = reader.u64()?;
        let count = reader.u32()?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let length = reader.u32()? as usize;
            let key = reader.take(length)?.to_vec();
            let value = match reader.u32()? {
                REMOVED => None,
                length => Some(reader.take(length as usize)?.to_vec()),
            };
            entries.push(Entry { key, value });
        }
        commits.push(Logged { number, entries });
    }
    Some(commits)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MasterKey;

    fn logged(number: u64) -> Logged {
        let key = format!("kind\0{number}").into_bytes();
        let entries = vec![
            Entry::put(key.clone(), vec![number as u8; 100]),
            Entry::remove(key),
        ];
        Logged { number, entries }
    }

    /// A log of three frames: commits 1 and 2, 3, 4 and 5; and where each frame ends.
    fn log() -> (tempfile::TempDir, Keyring, Vec<u64>) {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keyring::create(&dir.path().join("key"), &MasterKey::random()).unwrap();
        let mut log = Log::create(dir.path(), &keys).unwrap();
        let mut ends = vec![log.bytes()];
        for group in [vec![1, 2], vec![3], vec![4, 5]] {
            let group: Vec<Logged> = group.into_iter().map(logged).collect();
            log.append(&keys, &group).unwrap();
            ends.push(log.bytes());
        }
        (dir, keys, ends)
    }

    fn numbers(contents: &Contents) -> Vec<u64> {
        contents
            .commits
            .iter()
            .map(|commit| commit.number)
            .collect()
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let (dir, keys, ends) = log();
        let bytes = std::fs::read(dir.path().join(files::LOG)).unwrap();
        let contents = read(&bytes, &keys);
        assert_eq!(contents.commits, (1..=5).map(logged).collect::<Vec<_>>());
        assert_eq!(
            (contents.base, contents.valid),
            (Some(0), *ends.last().unwrap())
        );
        assert!(contents.gaps.is_empty());
    }

    #[test]
    fn a_torn_end_is_a_gap_at_the_end_wherever_it_is_torn() {
        let (dir, keys, ends) = log();
        let bytes = std::fs::read(dir.path().join(files::LOG)).unwrap();
        for cut in ends[2] as usize + 1..bytes.len() {
            let contents = read(&bytes[..cut], &keys);
            assert_eq!(numbers(&contents), [1, 2, 3]);
            let gap = Gap {
                offset: ends[2],
                at_end: true,
            };
            assert_eq!((contents.gaps, contents.valid), (vec![gap], ends[2]));
        }
        let mut zeroed = bytes.clone();
        zeroed[ends[2] as usize + 10..].fill(0);
        assert!(read(&zeroed, &keys).gaps[0].at_end);
    }

    #[test]
    fn every_flipped_bit_before_the_last_frame_is_a_gap_with_frames_behind_it() {
        let (dir, keys, ends) = log();
        let bytes = std::fs::read(dir.path().join(files::LOG)).unwrap();
        for index in 0..ends[2] as usize {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            let contents = read(&changed, &keys);
            assert_eq!(contents.gaps.len(), 1, "{index}");
            assert!(!contents.gaps[0].at_end, "{index}");
            assert!(numbers(&contents).ends_with(&[4, 5]), "{index}");
        }
    }

    #[test]
    fn a_frame_that_was_cut_out_is_a_gap() {
        let (dir, keys, ends) = log();
        let mut bytes = std::fs::read(dir.path().join(files::LOG)).unwrap();
        bytes.drain(ends[1] as usize..ends[2] as usize);
        let contents = read(&bytes, &keys);
        assert_eq!(numbers(&contents), [1, 2, 4, 5]);
        let gap = Gap {
            offset: ends[1],
            at_end: false,
        };
        assert_eq!(contents.gaps, [gap]);
    }

    #[test]
    fn a_cut_keeps_the_log_before_and_one_that_was_interrupted_is_finished() {
        let (dir, keys, _) = log();
        let path = |name| dir.path().join(name);
        let before = std::fs::read(path(files::LOG)).unwrap();
        let mut log = Log::resume(dir.path(), before.len() as u64).unwrap();
        log.cut(&keys, 5).unwrap();
        log.append(&keys, &[logged(6)]).unwrap();
        assert_eq!(std::fs::read(path(files::LOG_BEFORE)).unwrap(), before);
        let now = std::fs::read(path(files::LOG)).unwrap();
        assert_eq!(
            (read(&now, &keys).base, numbers(&read(&now, &keys))),
            (Some(5), vec![6])
        );
        // Interrupted after the first rename, then before it.
        std::fs::rename(path(files::LOG), path(files::LOG_NEXT)).unwrap();
        finish_cut(dir.path()).unwrap();
        assert_eq!(std::fs::read(path(files::LOG)).unwrap(), now);
        std::fs::write(path(files::LOG_NEXT), "begun").unwrap();
        finish_cut(dir.path()).unwrap();
        assert_eq!(std::fs::read(path(files::LOG)).unwrap(), now);
        assert!(!path(files::LOG_NEXT).exists());
    }
}
