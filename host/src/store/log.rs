//! The commit log: what is on disk when a commit is answered. One frame holds the commits of one
//! fsync; a frame is written only after the one before it was synced. So bytes that do not open are
//! the torn end of a write that nobody was told of if no frame stands behind them, and damage if
//! one does.
//!
//! A checkpoint begins a new file; the one before is kept with the checkpoint before.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::engine::Entry;
use super::envelope::{self, COMMITS, Reader};
use super::keyring::Keyring;
use super::{StoreError, directory, files};

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
    /// Goes on behind the first `valid` bytes of the log that is there, and cuts what follows them.
    pub(super) fn resume(dir: &Path, valid: u64) -> Result<Self, StoreError> {
        let path = dir.join(files::LOG.now);
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

    /// How long a log is that has no commits yet.
    pub(super) fn empty_bytes() -> u64 {
        envelope::BYTES_MIN as u64
    }

    /// From here on every write fails, as on a disk that is gone.
    #[cfg(test)]
    pub(super) fn break_disk(&mut self) {
        self.file = File::open(self.dir.join(files::LOG.now)).unwrap();
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
        let numbers = (first.number, last.number);
        let frame = envelope::seal(COMMITS, keys, numbers, &encode(commits))?;
        let path = self.dir.join(files::LOG.now);
        self.file.write_all(&frame).map_err(StoreError::io(&path))?;
        self.file.sync_data().map_err(StoreError::io(&path))?;
        self.bytes += frame.len() as u64;
        Ok(())
    }

    /// Writes the first frame of a next log, which begins after commit `number`, and puts it on
    /// disk; its name is its place only after the edition's shift.
    pub(super) fn begin(dir: &Path, keys: &Keyring, number: u64) -> Result<Self, StoreError> {
        let path = dir.join(files::LOG.next);
        let first = envelope::seal(COMMITS, keys, (number + 1, number), &[])?;
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

impl Contents {
    /// The number of the last commit up to which it goes.
    pub(super) fn last(&self) -> Option<u64> {
        let commits = self.commits.iter().map(|commit| commit.number);
        commits.chain(self.base).max()
    }
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
        let envelope = envelope::open(COMMITS, bytes, keys)?;
        Some(Self {
            first: envelope.first,
            last: envelope.last,
            commits: decode(&envelope.text)?,
            bytes: envelope.bytes,
        })
    }
}

/// How far behind the start of what does not open the next frame begins that does.
fn next_frame(bytes: &[u8], keys: &Keyring) -> Option<usize> {
    memchr::memmem::find_iter(bytes, &COMMITS).find(|&skipped| {
        let rest = bytes.get(skipped..).unwrap_or_default();
        skipped > 0 && Frame::read(rest, keys).is_some()
    })
}

/// For each commit its number and what it does.
fn encode(commits: &[Logged]) -> Vec<u8> {
    let mut text = Vec::new();
    for commit in commits {
        text.extend_from_slice(&commit.number.to_be_bytes());
        envelope::encode(&commit.entries, &mut text);
    }
    text
}

fn decode(text: &[u8]) -> Option<Vec<Logged>> {
    let mut reader = Reader(text);
    let mut commits = Vec::new();
    while !reader.is_empty() {
        let number = reader.u64()?;
        let entries = envelope::decode(&mut reader)?;
        commits.push(Logged { number, entries });
    }
    Some(commits)
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
        let mut log = Log::begin(dir.path(), &keys, 0).unwrap();
        files::LOG.shift(dir.path(), &[]).unwrap();
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
        let bytes = std::fs::read(dir.path().join(files::LOG.now)).unwrap();
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
        let bytes = std::fs::read(dir.path().join(files::LOG.now)).unwrap();
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
        let bytes = std::fs::read(dir.path().join(files::LOG.now)).unwrap();
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
        let mut bytes = std::fs::read(dir.path().join(files::LOG.now)).unwrap();
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
    fn a_next_log_keeps_the_one_before_and_a_shift_that_was_interrupted_is_finished() {
        let (dir, keys, _) = log();
        let path = |name| dir.path().join(name);
        let edition = files::LOG;
        let before = std::fs::read(path(edition.now)).unwrap();
        let mut log = Log::begin(dir.path(), &keys, 5).unwrap();
        edition.shift(dir.path(), &[]).unwrap();
        log.append(&keys, &[logged(6)]).unwrap();
        assert_eq!(std::fs::read(path(edition.before)).unwrap(), before);
        let now = std::fs::read(path(edition.now)).unwrap();
        assert_eq!(
            (read(&now, &keys).base, numbers(&read(&now, &keys))),
            (Some(5), vec![6])
        );
        // Interrupted after the first rename, then before it.
        std::fs::rename(path(edition.now), path(edition.next)).unwrap();
        edition.finish(dir.path()).unwrap();
        assert_eq!(std::fs::read(path(edition.now)).unwrap(), now);
        std::fs::write(path(edition.next), "begun").unwrap();
        edition.finish(dir.path()).unwrap();
        assert_eq!(std::fs::read(path(edition.now)).unwrap(), now);
        assert!(!path(edition.next).exists());
        // What is flawed is not kept.
        Log::begin(dir.path(), &keys, 6).unwrap();
        edition.shift(dir.path(), &[edition.now]).unwrap();
        assert_eq!(std::fs::read(path(edition.before)).unwrap(), before);
    }
}
