//! What is on the shelf, in the order of last use, and which of it has to go. Pure: it knows no files.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::super::answer::Answer;
use super::super::wanted::Name;
use crate::model::PluginId;

/// All kept replies together.
const BYTES_MAX: u64 = 128 << 20;

/// How many there are at most.
const COUNT_MAX: usize = 4_096;

/// The index.
#[derive(Default)]
pub(super) struct Index {
    slots: HashMap<Name, Slot>,
    bytes: u64,
    uses: u64,
}

struct Slot {
    plugin: PluginId,
    bytes: u64,
    used: u64,
    /// Since when this process has it.
    since: Instant,
    /// When the marketplace last gave no other.
    trouble: Option<Instant>,
    in_memory: Weak<Answer>,
}

impl Index {
    /// A file is there, in the place of one of the same name.
    pub(super) fn add(&mut self, plugin: &PluginId, name: Name, bytes: u64, since: Instant) {
        self.remove(&name);
        self.uses += 1;
        self.bytes += bytes;
        let slot = Slot {
            plugin: plugin.clone(),
            bytes,
            used: self.uses,
            since,
            trouble: None,
            in_memory: Weak::new(),
        };
        self.slots.insert(name, slot);
    }

    pub(super) fn remove(&mut self, name: &Name) {
        if let Some(slot) = self.slots.remove(name) {
            self.bytes = self.bytes.saturating_sub(slot.bytes);
        }
    }

    pub(super) fn forget(&mut self, plugin: &PluginId) {
        self.slots.retain(|_, slot| slot.plugin != *plugin);
        self.bytes = self.slots.values().map(|slot| slot.bytes).sum();
    }

    pub(super) fn has(&self, name: &Name) -> bool {
        self.slots.contains_key(name)
    }

    pub(super) fn since(&self, name: &Name) -> Option<Instant> {
        self.slots.get(name).map(|slot| slot.since)
    }

    /// It is in memory as long as somebody reads it.
    pub(super) fn read(&mut self, name: &Name, answer: &Arc<Answer>) {
        self.uses += 1;
        if let Some(slot) = self.slots.get_mut(name) {
            slot.used = self.uses;
            slot.in_memory = Arc::downgrade(answer);
        }
    }

    pub(super) fn in_memory(&mut self, name: &Name) -> Option<Arc<Answer>> {
        self.uses += 1;
        let slot = self.slots.get_mut(name)?;
        slot.used = self.uses;
        slot.in_memory.upgrade()
    }

    pub(super) fn trouble(&mut self, name: &Name, at: Instant) {
        if let Some(slot) = self.slots.get_mut(name) {
            slot.trouble = Some(at);
        }
    }

    pub(super) fn trouble_of(&self, name: &Name) -> Option<Instant> {
        self.slots.get(name)?.trouble
    }

    /// Those that have to go, the ones first that were not used for longest.
    pub(super) fn over(&self) -> Vec<(PluginId, Name)> {
        let (mut count, mut bytes) = (self.slots.len(), self.bytes);
        if count <= COUNT_MAX && bytes <= BYTES_MAX {
            return Vec::new();
        }
        let mut by_use: Vec<_> = self.slots.iter().collect();
        by_use.sort_unstable_by_key(|(_, slot)| slot.used);
        let mut over = Vec::new();
        for (name, slot) in by_use {
            if count <= COUNT_MAX && bytes <= BYTES_MAX {
                break;
            }
            count -= 1;
            bytes = bytes.saturating_sub(slot.bytes);
            over.push((slot.plugin.clone(), *name));
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> Name {
        let mut name = [0; 32];
        name[..8].copy_from_slice(&number.to_be_bytes());
        name
    }

    fn filled(count: usize, bytes: u64) -> Index {
        let mut index = Index::default();
        let plugin = "etsy".parse().unwrap();
        for number in 0..count {
            index.add(&plugin, name(number), bytes, Instant::now());
        }
        index
    }

    fn over(index: &Index) -> Vec<Name> {
        index.over().into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut index = filled(17, 8 << 20);
        index.in_memory(&name(0));
        assert_eq!(over(&index), [name(1)]);
        index.remove(&name(1));
        assert!(over(&index).is_empty());
        let index = filled(COUNT_MAX + 2, 1);
        assert_eq!(over(&index), [name(0), name(1)]);
    }

    #[test]
    fn one_in_the_place_of_another_is_counted_once() {
        let mut index = filled(1, 100);
        index.add(&"etsy".parse().unwrap(), name(0), 7, Instant::now());
        assert_eq!((index.bytes, index.slots.len()), (7, 1));
        index.forget(&"ebay".parse().unwrap());
        assert_eq!(index.bytes, 7);
        index.forget(&"etsy".parse().unwrap());
        assert_eq!((index.bytes, index.slots.len()), (0, 0));
    }
}
