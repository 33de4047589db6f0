//! The commit thread when the disk fails, and what a start makes of it.

use serde::{Deserialize, Serialize};

use super::*;
use crate::store::{Key, MasterKey, Record, Store, open};

#[derive(Serialize, Deserialize)]
struct Note(String);

impl Record for Note {
    const KIND: &'static str = "note";
}

fn commit(committer: &mut Committer, names: &[&str]) -> Vec<Result<(), StoreError>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let group = names.iter().map(|name| {
        let sender = sender.clone();
        let commit = Commit::new().put(&Key::of([name]), &Note((*name).to_owned()));
        let answer: Answer = Box::new(move |done| sender.send(done).unwrap());
        (commit, answer)
    });
    committer.commit(group.collect());
    drop(sender);
    receiver.iter().collect()
}

#[test]
fn after_a_disk_error_nothing_is_acknowledged_and_a_new_start_has_what_was() {
    let dir = tempfile::tempdir().unwrap();
    let master = MasterKey::random();
    let opened = open::open(dir.path(), &master, Duration::ZERO).unwrap();
    let mut committer = opened.committer;
    let done = commit(&mut committer, &["1", "2"]);
    assert!(done.len() == 2 && done.iter().all(Result::is_ok));
    committer.log.break_disk();
    for _ in 0..2 {
        let done = commit(&mut committer, &["3", "4"]);
        assert_eq!(done.len(), 2);
        assert!(
            done.iter()
                .all(|done| matches!(done, Err(StoreError::Failed(_))))
        );
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    committer.close(Box::new(move |done| sender.send(done).unwrap()));
    assert!(matches!(receiver.recv(), Ok(Err(StoreError::Failed(_)))));
    drop(opened.shared);
    let store = Store::open(dir.path(), &master).unwrap();
    let notes: Vec<(Key, Note)> = store.scan(&Key::root()).unwrap();
    let names: Vec<&str> = notes.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(names, ["1", "2"]);
}

#[test]
fn a_read_that_fails_ends_its_group_and_no_later_commit_is_kept_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let master = MasterKey::random();
    let opened = open::open(dir.path(), &master, Duration::ZERO).unwrap();
    let mut committer = opened.committer;
    assert!(commit(&mut committer, &["1"]).iter().all(Result::is_ok));
    let broken = opened.shared.engine(|engine| {
        engine.break_a_read();
        Ok(())
    });
    broken.unwrap();
    let done = commit(&mut committer, &["2", "3", "4"]);
    assert_eq!(done.len(), 3);
    assert!(done.iter().all(Result::is_err), "{done:?}");
    let done = commit(&mut committer, &["5"]);
    assert!(matches!(done[..], [Err(StoreError::Failed(_))]), "{done:?}");
    committer.close(Box::new(|_| ()));
    drop(opened.shared);
    let store = Store::open(dir.path(), &master).unwrap();
    let notes: Vec<(Key, Note)> = store.scan(&Key::root()).unwrap();
    let names: Vec<&str> = notes.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(names, ["1"]);
}

#[test]
fn a_checkpoint_that_cannot_be_written_stops_acknowledging_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let master = MasterKey::random();
    let store = Store::open(dir.path(), &master).unwrap();
    let in_the_way = files::folder(dir.path()).join(files::CHECKPOINT.next);
    std::fs::create_dir(&in_the_way).unwrap();
    let large = |name: &str| Commit::new().put(&Key::of([name]), &Note("x".repeat(3 << 20)));
    store.commit_blocking(large("1")).unwrap();
    let refused = store.commit_blocking(large("2"));
    assert!(matches!(refused, Err(StoreError::Failed(_))));
    let read = |store: &Store| store.get::<Note>(&Key::of(["1"])).unwrap().unwrap().0.len();
    assert_eq!(read(&store), 3 << 20);
    drop(store);
    std::fs::remove_dir(&in_the_way).unwrap();
    let store = Store::open(dir.path(), &master).unwrap();
    assert!(store.findings().is_empty());
    assert_eq!(read(&store), 3 << 20);
    store.commit_blocking(large("2")).unwrap();
}

/// Changes the database behind the store's back, as sled may by itself.
fn behind_its_back(opened: &open::Opened, entries: &[Entry]) {
    let state = &opened.committer.state;
    let keys = &opened.shared.keys();
    let changed = opened.shared.change(|engine| {
        engine.apply(keys, state.last, &state.census, entries)?;
        engine.flush()
    });
    changed.unwrap();
}

#[test]
fn a_record_that_the_database_lost_or_aged_is_noticed_and_made_good() {
    let place = Place::new(Note::KIND, &Key::of(["2"]));
    for (aged, says) in [
        (false, "note: 1 of 2 records are there"),
        (true, "note: not every one of the 2 records is the newest"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::random();
        let mut opened = open::open(dir.path(), &master, Duration::ZERO).unwrap();
        for names in [["1", "2"], ["1", "2"]] {
            assert!(
                commit(&mut opened.committer, &names)
                    .iter()
                    .all(Result::is_ok)
            );
        }
        let old = frame::seal(&opened.shared.keys(), &place, 1, b"\"older\"")
            .unwrap()
            .0;
        let lost = vec![Entry::remove(place.bytes().to_vec())];
        behind_its_back(&opened, if aged { &old } else { &lost });
        opened.shared.close();
        drop(opened);
        let store = Store::open(dir.path(), &master).unwrap();
        let findings = store.findings().join("\n");
        assert!(
            findings.contains(says) && findings.contains("made again"),
            "{findings}"
        );
        let notes: Vec<(Key, Note)> = store.scan(&Key::root()).unwrap();
        let texts: Vec<&str> = notes.iter().map(|(_, note)| note.0.as_str()).collect();
        assert_eq!(texts, ["1", "2"]);
    }
}

#[test]
fn a_record_that_was_moved_to_another_s_key_is_read_by_nobody_and_made_good() {
    let dir = tempfile::tempdir().unwrap();
    let master = MasterKey::random();
    let mut opened = open::open(dir.path(), &master, Duration::ZERO).unwrap();
    let done = commit(&mut opened.committer, &["1", "2"]);
    assert!(done.iter().all(Result::is_ok));
    let place = |name: &str| Place::new(Note::KIND, &Key::of([name]));
    let read = |opened: &open::Opened, place: &Place| {
        let found = opened.shared.engine(|engine| engine.read(place));
        found.unwrap().unwrap()
    };
    let (first, _) = read(&opened, &place("1"));
    let moved = Entry::put(place("2").bytes().to_vec(), first);
    behind_its_back(&opened, &[moved]);
    let (first, rest) = read(&opened, &place("2"));
    let refused = frame::open(&opened.shared.keys(), &place("2"), &first, &rest);
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("the record note 2 is damaged"), "{error}");
    opened.shared.close();
    drop(opened);
    let store = Store::open(dir.path(), &master).unwrap();
    assert!(store.findings().join("\n").contains("made again"));
    let notes: Vec<(Key, Note)> = store.scan(&Key::root()).unwrap();
    let texts: Vec<&str> = notes.iter().map(|(_, note)| note.0.as_str()).collect();
    assert_eq!(texts, ["1", "2"]);
}
