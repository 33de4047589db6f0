//! A checkpoint: all records as of one commit, in one sealed file of our own. Behind it the log is
//! cut; from it and the log behind it the database can be made again, whatever became of sled's
//! files. The same file is what `store export` gives, so it holds the wrapped data keys as well: it
//! opens by the master key alone.
//!
//! First the keys, then frames of records, numbered from 1, then the end: a hash of everything
//! before it, so that no byte is changed, and none missing, unnoticed.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::census::Census;
use super::engine::{Engine, Entry};
use super::envelope::{self, END, RECORDS, Reader};
use super::frame::{self, Place};
use super::keyring::Keyring;
use super::{StoreError, directory};

const MAGIC: [u8; 4] = *b"SFCK";
const VERSION: u8 = 1;
/// A frame is sealed once it is so large: it is opened as a whole.
const FRAME_BYTES: usize = 256 << 10;
const HASH: usize = 32;

/// What a whole checkpoint holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The commit that it is as of.
    pub(super) number: u64,
    pub(super) census: Census,
    /// How large the file is.
    pub(super) bytes: u64,
}

/// Writes all records of the database, which is at commit `number`, into a file and puts it on disk.
/// Every record is opened on the way: what is damaged, or is not what the census says, ends it with
/// an error. A new store has no database yet.
pub(super) fn write(
    path: &Path,
    keys: &Keyring,
    engine: Option<&Engine>,
    number: u64,
    census: &Census,
) -> Result<Checkpoint, StoreError> {
    let mut writer = Writer::begin(path, keys, number)?;
    let mut found = Census::default();
    if let Some(engine) = engine {
        engine.each(|place, (first, rest)| {
            let (generation, _) = frame::open(keys, place, first, rest)?;
            found.add(place, generation);
            writer.put(place, first, rest)
        })?;
    }
    if let Some(difference) = census.difference(&found) {
        return Err(StoreError::damaged("the database", difference));
    }
    Ok(Checkpoint {
        number,
        census: found,
        bytes: writer.end(census)?,
    })
}

/// The text of the key file that a checkpoint holds.
pub(super) fn key_file(bytes: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader(bytes);
    if reader.take(4)? != MAGIC || reader.take(1)? != [VERSION] {
        return None;
    }
    let length = reader.u32()? as usize;
    reader.take(length)
}

/// Reads a checkpoint, the file `path`, and gives its records away, a frame at a time. They are
/// those of a whole checkpoint only if it ends without an error.
pub(super) fn read(
    path: &Path,
    bytes: &[u8],
    keys: &Keyring,
    mut each: impl FnMut(Vec<Entry>) -> Result<(), StoreError>,
) -> Result<Checkpoint, StoreError> {
    let damaged = |offset: usize| {
        let what = format!("what stands at byte {offset} was not written there");
        StoreError::damaged(path.display().to_string(), what)
    };
    let head = key_file(bytes).ok_or_else(|| damaged(0))?;
    let mut offset = MAGIC.len() + 1 + 4 + head.len();
    for index in 1_u64.. {
        let rest = bytes.get(offset..).unwrap_or_default();
        let Some(frame) = envelope::open(RECORDS, rest, keys) else {
            let (before, end) = bytes.split_at_checked(offset).unwrap_or_default();
            return end_of(before, end, index, keys).ok_or_else(|| damaged(offset));
        };
        let entries = envelope::decode(&mut Reader(&frame.text));
        let entries = entries.filter(|_| frame.first == index);
        each(entries.ok_or_else(|| damaged(offset))?)?;
        offset += frame.bytes;
    }
    Err(damaged(offset))
}

fn end_of(before: &[u8], end: &[u8], index: u64, keys: &Keyring) -> Option<Checkpoint> {
    let frame = envelope::open(END, end, keys)?;
    let mut reader = Reader(&frame.text);
    let is_whole = reader.take(HASH)? == Sha256::digest(before).as_slice()
        && frame.first == index
        && frame.bytes == end.len();
    let census = Census::decode(reader.0)?;
    is_whole.then(|| Checkpoint {
        number: frame.last,
        census,
        bytes: (before.len() + end.len()) as u64,
    })
}

struct Writer<'a> {
    path: &'a Path,
    file: File,
    keys: &'a Keyring,
    number: u64,
    /// The number of the next frame.
    index: u64,
    entries: Vec<Entry>,
    entry_bytes: usize,
    bytes: u64,
    hash: Sha256,
}

impl<'a> Writer<'a> {
    fn begin(path: &'a Path, keys: &'a Keyring, number: u64) -> Result<Self, StoreError> {
        let file = directory::open_file(path).map_err(StoreError::io(path))?;
        file.set_len(0).map_err(StoreError::io(path))?;
        let mut writer = Self {
            path,
            file,
            keys,
            number,
            index: 1,
            entries: Vec::new(),
            entry_bytes: 0,
            bytes: 0,
            hash: Sha256::new(),
        };
        let text = keys.file();
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let head = [MAGIC.as_slice(), &[VERSION], &length.to_be_bytes(), text];
        writer.write(&head.concat())?;
        Ok(writer)
    }

    fn put(&mut self, place: &Place, first: &[u8], rest: &[Vec<u8>]) -> Result<(), StoreError> {
        let key = place.bytes().to_vec();
        self.entries.push(Entry::put(key, first.to_vec()));
        for (number, piece) in (0_u16..).zip(rest) {
            self.entries
                .push(Entry::put(place.piece(number), piece.clone()));
        }
        self.entry_bytes += first.len() + rest.iter().map(Vec::len).sum::<usize>();
        if self.entry_bytes >= FRAME_BYTES {
            self.seal_entries()?;
        }
        Ok(())
    }

    fn seal_entries(&mut self) -> Result<(), StoreError> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let mut text = Vec::with_capacity(self.entry_bytes);
        envelope::encode(&self.entries, &mut text);
        self.entries.clear();
        self.entry_bytes = 0;
        let frame = envelope::seal(RECORDS, self.keys, (self.index, self.number), &text)?;
        self.index += 1;
        self.write(&frame)
    }

    /// How large the file is, which is on disk now; its name may not be.
    fn end(mut self, census: &Census) -> Result<u64, StoreError> {
        self.seal_entries()?;
        let text = [self.hash.clone().finalize().as_slice(), &census.encode()].concat();
        let frame = envelope::seal(END, self.keys, (self.index, self.number), &text)?;
        self.write(&frame)?;
        self.file.sync_all().map_err(StoreError::io(self.path))?;
        Ok(self.bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file
            .write_all(bytes)
            .map_err(StoreError::io(self.path))?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}
