//! The records that the store's tests write.

use serde::{Deserialize, Serialize};
use stoflow_host::store::{Commit, Key, Record, Store};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub text: String,
}

impl Record for Note {
    const KIND: &'static str = "note";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Count {
    pub count: u64,
    #[serde(default)]
    pub added_later: bool,
}

impl Record for Count {
    const KIND: &'static str = "count";
}

pub fn note(text: &str) -> Note {
    Note {
        text: text.to_owned(),
    }
}

pub fn key(name: &str) -> Key {
    Key::of(["a", name])
}

pub fn put(store: &Store, name: &str, text: &str) {
    let commit = Commit::new().put(&key(name), &note(text));
    store.commit_blocking(commit).unwrap();
}

pub fn get(store: &Store, name: &str) -> Option<String> {
    let note: Option<Note> = store.get(&key(name)).unwrap();
    note.map(|note| note.text)
}

/// Rewrites one record until the log has been cut twice, so that there are two checkpoints and two
/// logs.
pub fn cut_twice(store: &Store) {
    for _ in 0..45 {
        put(store, "hot", &"x".repeat(100_000));
    }
    put(store, "hot", "cold");
}
