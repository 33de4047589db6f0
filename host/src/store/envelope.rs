//! The sealed frames of which the store's files are made: what it is of, which commits, then the
//! sealed text, whose associated data is all that stands before it. So no frame passes for one of
//! another sort, of another place in the order, or of another length.

use super::StoreError;
use super::engine::Entry;
use super::keyring::{Keyring, SEALED_EXTRA};

/// What a frame is of: its first four bytes.
pub(super) type Magic = [u8; 4];

/// Commits, in a log.
pub(super) const COMMITS: Magic = *b"SFCL";
/// Records, in a checkpoint.
pub(super) const RECORDS: Magic = *b"SFCR";
/// The end of a checkpoint.
pub(super) const END: Magic = *b"SFCE";

const VERSION: u8 = 1;
/// Magic, version, key id, first number, last number, length of what is sealed.
const HEADER: usize = 4 + 1 + 4 + 8 + 8 + 4;
/// How long a frame of an empty text is.
pub(super) const BYTES_MIN: usize = HEADER + SEALED_EXTRA;
/// Stands for the length of a value that is none: the entry removes its key.
const REMOVED: u32 = u32::MAX;

/// A frame that was opened.
pub(super) struct Envelope {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) text: zeroize::Zeroizing<Vec<u8>>,
    /// How long the frame is.
    pub(super) bytes: usize,
}

/// Seals a frame.
pub(super) fn seal(
    magic: Magic,
    keys: &Keyring,
    (first, last): (u64, u64),
    text: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let length = text.len() + SEALED_EXTRA;
    let length = u32::try_from(length).map_err(|_| StoreError::TooLarge {
        what: "a frame".to_owned(),
        bytes: length,
        limit: u32::MAX as usize,
    })?;
    let mut frame = Vec::with_capacity(HEADER + length as usize);
    frame.extend_from_slice(&magic);
    frame.push(VERSION);
    frame.extend_from_slice(&keys.current().to_be_bytes());
    frame.extend_from_slice(&first.to_be_bytes());
    frame.extend_from_slice(&last.to_be_bytes());
    frame.extend_from_slice(&length.to_be_bytes());
    let sealed = keys.seal(&associated(&frame), text)?;
    frame.extend_from_slice(&sealed);
    Ok(frame)
}

/// The frame at the start of these bytes, if there is one of that sort and it opens.
pub(super) fn open(magic: Magic, bytes: &[u8], keys: &Keyring) -> Option<Envelope> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let mut fields = Reader(header);
    if fields.take(4)? != magic || fields.take(1)? != [VERSION] {
        return None;
    }
    let key_id = fields.u32()?;
    let (first, last) = (fields.u64()?, fields.u64()?);
    let length = fields.u32()? as usize;
    let sealed = rest.get(..length)?;
    Some(Envelope {
        first,
        last,
        text: keys.open_sealed(key_id, &associated(header), sealed)?,
        bytes: HEADER + length,
    })
}

fn associated(header: &[u8]) -> Vec<u8> {
    [b"frame\0".as_slice(), header].concat()
}

/// Writes down how many changes there are, then for each the key with its length and the value with
/// its length.
pub(super) fn encode(entries: &[Entry], text: &mut Vec<u8>) {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(REMOVED).to_be_bytes();
    let count = u32::try_from(entries.len()).unwrap_or(0);
    text.extend_from_slice(&count.to_be_bytes());
    for entry in entries {
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

/// Reads what [`encode`] wrote.
pub(super) fn decode(reader: &mut Reader<'_>) -> Option<Vec<Entry>> {
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
    Some(entries)
}

/// Takes fields from the front of a text; `None` where it ends too early.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
