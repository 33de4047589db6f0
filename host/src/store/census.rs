//! The census: of each kind of record, how many there are and a sum over where each lies and which
//! commit wrote it. The number of the last commit says that a database is not older as a whole; the
//! census says that no single record in it is gone or older.

use std::collections::{BTreeMap, HashMap};

use sha2::{Digest as _, Sha256};

use super::StoreError;
use super::envelope::Reader;
use super::frame::{Header, Place};
use super::log::Logged;

/// All records, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Census(BTreeMap<String, Tally>);

/// The records of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    count: u64,
    /// The hashes of all records, added up as numbers of 256 bits, lowest first: records may come
    /// and go in any order.
    sum: [u64; 4],
}

impl Census {
    /// Counts a record.
    pub(super) fn add(&mut self, place: &Place, generation: u64) {
        let tally = self.0.entry(place.kind()).or_default();
        tally.count = tally.count.wrapping_add(1);
        tally.sum = added(tally.sum, hash(place, generation));
    }

    /// Counts a record no longer.
    pub(super) fn remove(&mut self, place: &Place, generation: u64) {
        let kind = place.kind();
        let tally = self.0.entry(kind.clone()).or_default();
        tally.count = tally.count.wrapping_sub(1);
        tally.sum = added(tally.sum, negated(hash(place, generation)));
        if *tally == Tally::default() {
            self.0.remove(&kind);
        }
    }

    /// Follows commits. `before` gives the generation of a record as they find it.
    pub(super) fn follow(
        &mut self,
        commits: &[Logged],
        before: impl Fn(&Place) -> Result<Option<u64>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut changed: HashMap<Place, Option<u64>> = HashMap::new();
        let entries = commits.iter().flat_map(|commit| &commit.entries);
        for entry in entries.filter(|entry| Place::of_piece(&entry.key).is_none()) {
            let place = Place::from_sled(&entry.key);
            let found = match changed.get(&place) {
                Some(state) => *state,
                None => before(&place)?,
            };
            let header = entry.value.as_deref().and_then(Header::read);
            let after = header.map(|(header, _)| header.generation);
            if let Some(generation) = found {
                self.remove(&place, generation);
            }
            if let Some(generation) = after {
                self.add(&place, generation);
            }
            changed.insert(place, after);
        }
        Ok(())
    }

    /// What another census of the same records has otherwise; `None` where they agree.
    pub(super) fn difference(&self, found: &Self) -> Option<String> {
        let kinds = self.0.keys().chain(found.0.keys());
        let kinds: std::collections::BTreeSet<&String> = kinds.collect();
        let mut differences = Vec::new();
        for kind in kinds {
            let stated = self.0.get(kind).copied().unwrap_or_default();
            let there = found.0.get(kind).copied().unwrap_or_default();
            if stated.count != there.count {
                differences.push(format!(
                    "{kind}: {} of {} records are there",
                    there.count, stated.count
                ));
            } else if stated != there {
                differences.push(format!(
                    "{kind}: not every one of the {} records is the newest",
                    stated.count
                ));
            }
        }
        (!differences.is_empty()).then(|| differences.join("; "))
    }

    /// For each kind its name with its length, the count, the sum.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (kind, tally) in &self.0 {
            let length = u32::try_from(kind.len()).unwrap_or(0);
            text.extend_from_slice(&length.to_be_bytes());
            text.extend_from_slice(kind.as_bytes());
            text.extend_from_slice(&tally.count.to_be_bytes());
            for part in tally.sum {
                text.extend_from_slice(&part.to_be_bytes());
            }
        }
        text
    }

    /// Reads what [`Census::encode`] wrote.
    pub(super) fn decode(text: &[u8]) -> Option<Self> {
        let mut reader = Reader(text);
        let mut census = Self::default();
        while !reader.is_empty() {
            let length = reader.u32()? as usize;
            let kind = String::from_utf8(reader.take(length)?.to_vec()).ok()?;
            let count = reader.u64()?;
            let mut sum = [0; 4];
            for part in &mut sum {
                *part = reader.u64()?;
            }
            census.0.insert(kind, Tally { count, sum });
        }
        Some(census)
    }
}

fn hash(place: &Place, generation: u64) -> [u64; 4] {
    let mut hash = Sha256::new_with_prefix(generation.to_be_bytes());
    hash.update(place.bytes());
    let hash = hash.finalize();
    let mut parts = [0; 4];
    for (part, bytes) in parts.iter_mut().zip(hash.chunks_exact(8)) {
        *part = bytes
            .iter()
            .fold(0, |number, &byte| number << 8 | u64::from(byte));
    }
    parts
}

fn added(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let mut sum = a;
    let mut carry = false;
    for (part, other) in sum.iter_mut().zip(b) {
        let (once, over) = part.overflowing_add(other);
        let (twice, again) = once.overflowing_add(u64::from(carry));
        (*part, carry) = (twice, over || again);
    }
    sum
}

fn negated(a: [u64; 4]) -> [u64; 4] {
    added(a.map(|part| !part), [1, 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::super::Key;
    use super::*;

    fn place(kind: &str, name: &str) -> Place {
        Place::new(kind, &Key::of([name]))
    }

    fn census(records: &[(&str, &str, u64)]) -> Census {
        let mut census = Census::default();
        for (kind, name, generation) in records {
            census.add(&place(kind, name), *generation);
        }
        census
    }

    #[test]
    fn records_may_come_and_go_in_any_order() {
        let mut one = census(&[("a", "1", 1), ("b", "2", 2), ("a", "3", u64::MAX)]);
        let other = census(&[("a", "3", u64::MAX), ("b", "2", 2), ("a", "1", 1)]);
        assert_eq!(one, other);
        assert_eq!(Census::decode(&one.encode()), Some(other));
        for (kind, name, generation) in [("a", "1", 1), ("a", "3", u64::MAX), ("b", "2", 2)] {
            one.remove(&place(kind, name), generation);
        }
        assert_eq!(one, Census::default());
    }

    #[test]
    fn a_record_that_is_gone_or_older_or_another_is_a_difference_that_names_its_kind() {
        let stated = census(&[("a", "1", 1), ("b", "2", 7)]);
        let says = |found: &[(&str, &str, u64)]| stated.difference(&census(found));
        assert_eq!(says(&[("a", "1", 1), ("b", "2", 7)]), None);
        let gone = says(&[("a", "1", 1)]).unwrap();
        assert_eq!(gone, "b: 0 of 1 records are there");
        for found in [("b", "2", 6), ("b", "3", 7)] {
            let other = says(&[("a", "1", 1), found]).unwrap();
            assert_eq!(other, "b: not every one of the 1 records is the newest");
        }
    }

    #[test]
    fn it_follows_commits_that_write_one_record_several_times() {
        let keys = {
            let dir = tempfile::tempdir().unwrap();
            super::super::Keyring::create(
                &dir.path().join("key"),
                &super::super::MasterKey::random(),
            )
        };
        let keys = keys.unwrap();
        let write = |number, length| Logged {
            number,
            entries: super::super::frame::seal(&keys, &place("a", "1"), number, &vec![0; length])
                .unwrap()
                .0,
        };
        let delete = Logged {
            number: 4,
            entries: vec![super::super::engine::Entry::remove(
                place("b", "2").bytes().to_vec(),
            )],
        };
        let mut one = census(&[("a", "1", 1), ("b", "2", 1)]);
        let commits = [write(2, 10_000), write(3, 5), delete];
        one.follow(&commits, |_| Ok(Some(1))).unwrap();
        assert_eq!(one, census(&[("a", "1", 3)]));
    }
}
