//! What only the store's own directory can show: its mark of a clean close, its log, its checkpoints,
//! and what a start makes of each when another is gone.

use stoflow_host::store::{Key, StoreError};

use super::bed::Directory;
use super::records::{Note, cut_twice, get, put};
use super::suite::Bed as _;

#[test]
fn the_mark_of_a_clean_close_stays_until_something_is_committed() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    assert!(!bed.file("clean").exists());
    store.close().unwrap();
    let mark = std::fs::read(bed.file("clean")).unwrap();
    // Who only reads leaves it as it is, killed or closed.
    let store = bed.open().unwrap();
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
    let killed = bed.crashed().open().unwrap();
    assert_eq!(get(&killed, "1").as_deref(), Some("one"));
    assert!(killed.findings().is_empty());
    store.close().unwrap();
    assert_eq!(std::fs::read(bed.file("clean")).unwrap(), mark);
    let store = bed.open().unwrap();
    put(&store, "2", "two");
    assert!(!bed.file("clean").exists());
    let crashed = bed.crashed().open().unwrap();
    assert_eq!(get(&crashed, "2").as_deref(), Some("two"));
    assert!(crashed.findings().is_empty());
}

#[test]
fn losing_the_whole_database_loses_nothing_while_the_log_reaches_back() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    put(&store, "2", &"two ".repeat(10_000));
    store.close().unwrap();
    std::fs::remove_dir_all(bed.file("sled")).unwrap();
    let store = bed.open().unwrap();
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
    assert_eq!(get(&store, "2"), Some("two ".repeat(10_000)));
    assert!(
        store.findings()[0].contains("fallen back to commit 0"),
        "{:?}",
        store.findings()
    );
}

#[test]
fn a_lost_database_is_made_again_from_a_checkpoint_and_without_one_the_start_is_refused() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    for name in ["1", "2", "3"] {
        put(&store, name, name);
    }
    cut_twice(&store);
    put(&store, "5", "five");
    store.close().unwrap();
    std::fs::remove_dir_all(bed.file("sled")).unwrap();
    for lost in [&[][..], &["checkpoint"]] {
        let damaged = bed.crashed();
        for name in lost {
            std::fs::write(damaged.file(name), "no checkpoint").unwrap();
        }
        let store = damaged.open().unwrap();
        let findings = store.findings().join("\n");
        assert!(
            findings.contains("made again from the checkpoint"),
            "{findings}"
        );
        assert_eq!(store.scan::<Note>(&Key::root()).unwrap().len(), 5);
        assert_eq!(get(&store, "5").as_deref(), Some("five"));
        drop(store);
        assert_eq!(damaged.open().unwrap().findings(), [""; 0]);
    }
    let lost = bed.crashed();
    for name in ["checkpoint", "checkpoint.before"] {
        std::fs::write(lost.file(name), "no checkpoint").unwrap();
    }
    let error = lost.open().unwrap_err().to_string();
    assert!(
        error.contains("the commits 1 to ") && error.contains("Nothing was changed"),
        "{error}"
    );
}

#[test]
fn lost_keys_are_put_back_from_a_checkpoint() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    store.close().unwrap();
    let key = std::fs::read(bed.file("key")).unwrap();
    for damage in [None, Some("{}")] {
        let damaged = bed.crashed();
        match damage {
            Some(text) => std::fs::write(damaged.file("key"), text).unwrap(),
            None => std::fs::remove_file(damaged.file("key")).unwrap(),
        }
        let store = damaged.open().unwrap();
        assert!(store.findings()[0].contains("put back from checkpoint"));
        assert_eq!(get(&store, "1").as_deref(), Some("one"));
        assert_eq!(std::fs::read(damaged.file("key")).unwrap(), key);
        // As it was, it lies beside the store.
        assert_eq!(damaged.beside("store.damaged").len(), 1);
    }
    // Without a checkpoint nothing can be read, and no new store is made in its place.
    std::fs::remove_file(bed.file("key")).unwrap();
    std::fs::remove_file(bed.file("checkpoint")).unwrap();
    let error = bed.open().unwrap_err().to_string();
    assert!(
        error.contains("store/key is damaged: it is not there"),
        "{error}"
    );
}

#[test]
fn a_start_that_is_refused_leaves_the_database_as_it_was() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    let killed = bed.crashed();
    // The log says that there was more, the database is damaged, and no checkpoint is left.
    std::fs::write(killed.file("checkpoint"), "").unwrap();
    std::fs::write(killed.file("commits.log"), "").unwrap();
    let database = std::fs::read(killed.file("sled/db")).unwrap();
    let error = killed.open().unwrap_err().to_string();
    assert!(error.contains("commits.log is damaged"), "{error}");
    assert_eq!(std::fs::read(killed.file("sled/db")).unwrap(), database);
    assert_eq!(killed.beside("store."), [""; 0]);
}

#[test]
fn a_kill_leaves_no_copy_behind() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    let killed = bed.crashed();
    let store = killed.open().unwrap();
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
    assert_eq!(killed.beside("store."), [""; 0]);
}

#[test]
fn a_torn_end_of_the_log_is_cut_and_said() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    let crashed = bed.crashed();
    let log = crashed.file("commits.log");
    let mut bytes = std::fs::read(&log).unwrap();
    let whole = bytes.len();
    // The beginning of a frame that was being written.
    bytes.extend_from_slice(&bytes.clone()[..90.min(whole)]);
    bytes.truncate(whole + 20);
    std::fs::write(&log, &bytes).unwrap();
    let store = crashed.open().unwrap();
    assert!(
        store.findings()[0].contains("had not been acknowledged"),
        "{:?}",
        store.findings()
    );
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
    assert_eq!(std::fs::metadata(&log).unwrap().len(), whole as u64);
    put(&store, "2", "two");
    let again = crashed.crashed();
    let store = again.open().unwrap();
    assert_eq!(store.findings(), [""; 0]);
    assert_eq!(get(&store, "2").as_deref(), Some("two"));
}

/// Every byte of every file that the store's safety rests on, flipped one at a time: whatever is
/// readable afterwards is what was written, or the start is refused and says why.
#[test]
fn no_flipped_bit_shows_another_record() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    for number in 0..6 {
        put(&store, &number.to_string(), &format!("text {number}"));
    }
    store.close().unwrap();
    let expected = {
        let store = bed.crashed().open().unwrap();
        store.scan::<Note>(&Key::root()).unwrap()
    };
    for name in ["commits.log", "clean", "key"] {
        let bytes = std::fs::read(bed.file(name)).unwrap();
        for index in (0..bytes.len()).step_by(23) {
            let damaged = bed.crashed();
            let mut changed = bytes.clone();
            changed[index] ^= 0x20;
            std::fs::write(damaged.file(name), changed).unwrap();
            match damaged.open() {
                Ok(store) => {
                    assert_eq!(
                        store.scan::<Note>(&Key::root()).unwrap(),
                        expected,
                        "{name} {index}"
                    );
                    // The key file's spaces and its hint of the master key are no secret and no record.
                    assert!(
                        name == "key" || !store.findings().is_empty(),
                        "{name} {index}"
                    );
                    put(&store, "after", "after");
                }
                Err(error) => assert!(
                    matches!(
                        error,
                        StoreError::Damaged { .. } | StoreError::WrongMasterKey { .. }
                    ),
                    "{name} {index}: {error}"
                ),
            }
        }
    }
}

#[test]
fn the_log_is_cut_behind_checkpoints_and_what_was_written_stays() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    let text = "x".repeat(1 << 20);
    for number in 0..6 {
        put(&store, &number.to_string(), &text);
    }
    let size = |name| std::fs::metadata(bed.file(name)).unwrap().len();
    assert!(size("commits.log") < 4 << 20 && size("commits.before.log") < 4 << 20);
    let crashed = bed.crashed();
    drop(store);
    // Damage in what sled has is said, kept for inspection, and hurts nothing.
    let before = crashed.file("commits.before.log");
    let mut bytes = std::fs::read(&before).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&before, bytes).unwrap();
    let store = crashed.open().unwrap();
    assert_eq!(
        store.findings()[0],
        "commits.before.log is damaged at byte 69"
    );
    assert_eq!(store.scan::<Note>(&Key::root()).unwrap().len(), 6);
    put(&store, "7", "seven");
    store.close().unwrap();
    let store = crashed.open().unwrap();
    assert_eq!(store.findings(), [""; 0]);
    assert_eq!(get(&store, "7").as_deref(), Some("seven"));
}
