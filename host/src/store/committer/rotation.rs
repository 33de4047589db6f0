//! What a rotation of the master key asks of the commit thread: to go over to new keys, to seal
//! again what the old data key has sealed, a page at a time between other commits, and to let no
//! file be left that the old data key opens.

use std::sync::Arc;

use super::super::engine::Entry;
use super::super::frame::{self, Header, Place};
use super::super::keyring::Keyring;
use super::super::log::Logged;
use super::super::{MasterKey, StoreError, files};
use super::Committer;

/// How many records are sealed again in one commit: a few milliseconds, for which others wait.
const PAGE_RECORDS: usize = 256;
/// How many bytes of them: a commit is in memory as a whole.
const PAGE_BYTES: usize = 1 << 20;

/// One step of a rotation.
pub(in crate::store) enum Step {
    /// The store's keys go under this master key, with one more, which seals from now on.
    Begin(MasterKey),
    /// Some of what older data keys have sealed is sealed again.
    SealAgain,
    /// All has been: the older data keys go.
    End(MasterKey),
}

/// What a step has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct Sealed {
    /// How many records were sealed again.
    pub(in crate::store) records: u64,
    /// How many are left to be looked at.
    pub(in crate::store) left: usize,
}

impl Committer {
    pub(super) fn rotate(&mut self, step: &Step) -> Result<Sealed, StoreError> {
        self.shared.usable()?;
        let done = match step {
            Step::Begin(master) => self.begin_rotation(master),
            Step::SealAgain => return self.seal_again(),
            Step::End(master) => self.end_rotation(master),
        };
        done.map(|()| Sealed::default())
    }

    /// Finishes, at a start, a rotation that was interrupted.
    pub(in crate::store) fn finish_rotation(
        &mut self,
        master: &MasterKey,
    ) -> Result<(), StoreError> {
        self.to_seal = self.sealed_before()?;
        while self.seal_again()?.left > 0 {}
        self.end_rotation(master)
    }

    fn begin_rotation(&mut self, master: &MasterKey) -> Result<(), StoreError> {
        let path = self.shared.dir.join(files::KEY);
        let keys = self.shared.keys().with_another(&path, master)?;
        self.go_over(keys)?;
        self.to_seal = self.sealed_before()?;
        Ok(())
    }

    /// Two checkpoints and two logs are begun under the new keys, so that none is older. What the
    /// old data key has sealed is then nowhere but in those parts of sled's files that it has not
    /// written over yet.
    fn end_rotation(&mut self, master: &MasterKey) -> Result<(), StoreError> {
        for _ in 0..2 {
            self.cut(&[]).inspect_err(|error| self.fail(error))?;
        }
        let path = self.shared.dir.join(files::KEY);
        let keys = self.shared.keys().current_alone(&path, master)?;
        self.go_over(keys)
    }

    /// The file first: what is sealed under keys that only this process has would be lost with it.
    fn go_over(&self, keys: Keyring) -> Result<(), StoreError> {
        keys.write(&self.shared.dir.join(files::KEY))?;
        // With the lock of the engine held: who reads has the keys of what is read.
        self.shared.change(|_| {
            self.shared.replace_keys(Arc::new(keys));
            Ok(())
        })
    }

    /// The records that another data key than the current one has sealed.
    fn sealed_before(&self) -> Result<Vec<Place>, StoreError> {
        let current = self.shared.keys().current();
        let mut found = Vec::new();
        self.shared.engine(|engine| {
            engine.each(|place, (first, _)| {
                if Header::read(first).is_none_or(|(header, _)| header.key_id != current) {
                    found.push(place.clone());
                }
                Ok(())
            })
        })?;
        Ok(found)
    }

    fn seal_again(&mut self) -> Result<Sealed, StoreError> {
        let (mut entries, mut records, mut bytes) = (Vec::new(), 0, 0);
        while records < PAGE_RECORDS as u64 && bytes < PAGE_BYTES {
            let Some(place) = self.to_seal.pop() else {
                break;
            };
            let sealed = self.sealed_again(&place)?;
            bytes += sealed
                .iter()
                .filter_map(|entry| entry.value.as_ref())
                .map(Vec::len)
                .sum::<usize>();
            records += u64::from(!sealed.is_empty());
            entries.extend(sealed);
        }
        if !entries.is_empty() {
            let number = self.state.last + 1;
            self.write(&[Logged { number, entries }])?;
            self.cut_if_due();
        }
        Ok(Sealed {
            records,
            left: self.to_seal.len(),
        })
    }

    /// One record under the current key, of the same generation: nobody has written it. Nothing, if
    /// it is gone or has been written meanwhile.
    fn sealed_again(&self, place: &Place) -> Result<Vec<Entry>, StoreError> {
        let keys = self.shared.keys();
        let Some((first, rest)) = self.shared.engine(|engine| engine.read(place))? else {
            return Ok(Vec::new());
        };
        let is_current = |(header, _): (Header, _)| header.key_id == keys.current();
        if Header::read(&first).is_some_and(is_current) {
            return Ok(Vec::new());
        }
        let (generation, text) = frame::open(&keys, place, &first, &rest)?;
        let (sealed, _) = frame::seal(&keys, place, generation, &text)?;
        Ok(sealed)
    }
}
