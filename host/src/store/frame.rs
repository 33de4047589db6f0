//! The frame in which every record lies in sled: version, id of the data key, generation, number of
//! further pieces, then the sealed text, whose associated data is that header and the record's
//! place. So a flipped bit, a record of another key and an older header are noticed, and named.
//!
//! No value in sled exceeds 4 KiB: sled never syncs what it writes for larger ones. A longer frame
//! is cut into pieces and put together again.

use zeroize::Zeroizing;

use super::engine::Entry;
use super::keyring::{Keyring, SEALED_EXTRA};
use super::{Key, StoreError};

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4 + 8 + 2;
/// The largest value that sled is given.
pub(super) const VALUE_BYTES_MAX: usize = 4096;
/// The largest record, as JSON. Larger things are files, not records.
pub const RECORD_BYTES_MAX: usize = 4 << 20;

/// Where a record lies: its kind and its key, as sled's key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place(Vec<u8>);

impl Place {
    pub(super) fn new(kind: &str, key: &Key) -> Self {
        Self([kind.as_bytes(), b"\0", key.as_str().as_bytes()].concat())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Where the frame's further piece of that number lies: directly behind its first.
    pub(super) fn piece(&self, number: u16) -> Vec<u8> {
        [self.0.as_slice(), b"\0", &number.to_be_bytes()].concat()
    }

    /// The place and the number of a further piece that this sled key is of; `None` for a first one.
    pub(super) fn of_piece(sled_key: &[u8]) -> Option<(Self, u16)> {
        let (place, end) = sled_key.split_at_checked(sled_key.len().checked_sub(3)?)?;
        let (&[0, high, low], true) = (end, place.contains(&0)) else {
            return None;
        };
        Some((Self(place.to_vec()), u16::from_be_bytes([high, low])))
    }

    /// The place of a first piece that was read from sled.
    pub(super) fn from_sled(sled_key: &[u8]) -> Self {
        Self(sled_key.to_vec())
    }

    /// The kind of the record.
    pub(super) fn kind(&self) -> String {
        let kind = self.0.split(|&byte| byte == 0).next();
        String::from_utf8_lossy(kind.unwrap_or_default()).into_owned()
    }

    /// The record's key, where the place is one of this program's.
    pub(super) fn key(&self) -> Option<Key> {
        let separator = self.0.iter().position(|&byte| byte == 0)?;
        Key::from_stored(self.0.get(separator + 1..)?)
    }

    /// The kind and the key, for an error.
    pub(super) fn describe(&self) -> String {
        format!(
            "the record {}",
            String::from_utf8_lossy(&self.0).replacen('\0', " ", 1)
        )
    }
}

/// What stands before the sealed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) key_id: u32,
    /// The number of the commit that wrote the record.
    pub(super) generation: u64,
    /// How many pieces follow the first.
    pub(super) pieces: u16,
}

impl Header {
    fn bytes(self) -> [u8; HEADER] {
        let mut bytes = [VERSION; HEADER];
        let fields = self.key_id.to_be_bytes().into_iter();
        let fields = fields.chain(self.generation.to_be_bytes());
        let fields = fields.chain(self.pieces.to_be_bytes());
        for (byte, field) in bytes.iter_mut().skip(1).zip(fields) {
            *byte = field;
        }
        bytes
    }

    /// The header of a first piece, and what follows it there.
    pub(super) fn read(value: &[u8]) -> Option<(Self, &[u8])> {
        let (&version, rest) = value.split_first()?;
        let (key_id, rest) = rest.split_first_chunk::<4>()?;
        let (generation, rest) = rest.split_first_chunk::<8>()?;
        let (pieces, rest) = rest.split_first_chunk::<2>()?;
        let header = Self {
            key_id: u32::from_be_bytes(*key_id),
            generation: u64::from_be_bytes(*generation),
            pieces: u16::from_be_bytes(*pieces),
        };
        (version == VERSION).then_some((header, rest))
    }
}

/// Seals a record and cuts it: the entries to write, and how many of them are further pieces.
pub(super) fn seal(
    keys: &Keyring,
    place: &Place,
    generation: u64,
    text: &[u8],
) -> Result<(Vec<Entry>, u16), StoreError> {
    let too_large = || StoreError::TooLarge {
        what: place.describe(),
        bytes: text.len(),
        limit: RECORD_BYTES_MAX,
    };
    if text.len() > RECORD_BYTES_MAX {
        return Err(too_large());
    }
    let length = HEADER + SEALED_EXTRA + text.len();
    let pieces = length.div_ceil(VALUE_BYTES_MAX).saturating_sub(1);
    let header = Header {
        key_id: keys.current(),
        generation,
        pieces: u16::try_from(pieces).map_err(|_| too_large())?,
    };
    let sealed = keys.seal(&associated(header, place), text)?;
    let frame = [header.bytes().as_slice(), &sealed].concat();
    let mut entries = Vec::with_capacity(pieces + 1);
    for (number, piece) in (0_u16..).zip(frame.chunks(VALUE_BYTES_MAX)) {
        let key = match number.checked_sub(1) {
            None => place.bytes().to_vec(),
            Some(number) => place.piece(number),
        };
        entries.push(Entry::put(key, piece.to_vec()));
    }
    Ok((entries, header.pieces))
}

/// Puts a record together again and opens it. `first` is its first piece, `rest` are the others.
pub(super) fn open(
    keys: &Keyring,
    place: &Place,
    first: &[u8],
    rest: &[Vec<u8>],
) -> Result<(u64, Zeroizing<Vec<u8>>), StoreError> {
    let damaged = |what: &str| {
        let what = format!("{what}. It is not used; put the store back from a copy");
        StoreError::damaged(place.describe(), what)
    };
    let (header, sealed) = Header::read(first).ok_or_else(|| damaged("its frame is unreadable"))?;
    if rest.len() != usize::from(header.pieces) {
        return Err(damaged("its pieces are not all there"));
    }
    let mut whole = sealed.to_vec();
    for piece in rest {
        whole.extend_from_slice(piece);
    }
    let text = keys
        .open_sealed(header.key_id, &associated(header, place), &whole)
        .ok_or_else(|| damaged("what is there was not sealed for this place"))?;
    Ok((header.generation, text))
}

fn associated(header: Header, place: &Place) -> Vec<u8> {
    [b"record\0".as_slice(), &header.bytes(), place.bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MasterKey;

    fn keyring() -> Keyring {
        let dir = tempfile::tempdir().unwrap();
        Keyring::create(&dir.path().join("key"), &MasterKey::random()).unwrap()
    }

    fn split(entries: &[Entry]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut values: Vec<Vec<u8>> = entries.iter().map(|e| e.value.clone().unwrap()).collect();
        (values.remove(0), values)
    }

    #[test]
    fn a_record_of_any_length_comes_back_and_no_piece_is_larger_than_sled_bears() {
        let keys = keyring();
        let place = Place::new("kind", &Key::of(["a"]));
        let edge = VALUE_BYTES_MAX - HEADER - SEALED_EXTRA;
        for length in [
            0,
            1,
            edge - 1,
            edge,
            edge + 1,
            3 * VALUE_BYTES_MAX,
            RECORD_BYTES_MAX,
        ] {
            let text: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let (entries, pieces) = seal(&keys, &place, 7, &text).unwrap();
            assert_eq!(entries.len(), usize::from(pieces) + 1);
            let (first, rest) = split(&entries);
            assert!(
                first.len() <= VALUE_BYTES_MAX && rest.iter().all(|p| p.len() <= VALUE_BYTES_MAX)
            );
            let (generation, opened) = open(&keys, &place, &first, &rest).unwrap();
            assert_eq!((generation, opened.as_slice()), (7, text.as_slice()));
        }
        let long = vec![0; RECORD_BYTES_MAX + 1];
        assert!(matches!(
            seal(&keys, &place, 7, &long),
            Err(StoreError::TooLarge { .. })
        ));
    }

    #[test]
    fn another_place_another_generation_a_missing_piece_and_every_flipped_bit_are_noticed() {
        let keys = keyring();
        let place = Place::new("kind", &Key::of(["a"]));
        let (entries, _) = seal(&keys, &place, 7, &[5; 5000]).unwrap();
        let (first, rest) = split(&entries);
        for other in [
            Place::new("kind", &Key::of(["b"])),
            Place::new("king", &Key::of(["a"])),
        ] {
            assert!(open(&keys, &other, &first, &rest).is_err());
        }
        assert!(open(&keys, &place, &first, &[]).is_err());
        for index in 0..first.len() {
            let mut changed = first.clone();
            changed[index] ^= 0x10;
            let error = open(&keys, &place, &changed, &rest)
                .unwrap_err()
                .to_string();
            assert!(error.contains("the record kind a"), "{error}");
        }
        let mut swapped = rest.clone();
        swapped[0][3] ^= 1;
        assert!(open(&keys, &place, &first, &swapped).is_err());
    }

    #[test]
    fn a_piece_is_told_from_a_first_one() {
        let place = Place::new("kind", &Key::of(["a"]));
        for number in [0, 1, 0x61_62, u16::MAX] {
            let piece = place.piece(number);
            assert_eq!(Place::of_piece(&piece), Some((place.clone(), number)));
        }
        for key in ["", "ab", "abc", "a/b"] {
            let place = Place::new("kind", &Key::of([key]));
            assert_eq!(Place::of_piece(place.bytes()), None, "{key}");
        }
        assert_eq!(
            Place::of_piece(Place::new("kind", &Key::root()).bytes()),
            None
        );
    }
}
