//! What any store must keep, whatever engine is under it: what was acknowledged is there after
//! every kind of end, what was not is there whole or not at all, and what is damaged is named.

#![cfg(test)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stoflow_host::store::{
    Commit, KEY_BYTES_MAX, Key, MasterKey, RECORD_BYTES_MAX, Record, Store, StoreError,
};
use tempfile::TempDir;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
}

impl Record for Note {
    const KIND: &'static str = "note";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Count {
    count: u64,
    #[serde(default)]
    added_later: bool,
}

impl Record for Count {
    const KIND: &'static str = "count";
}

fn note(text: &str) -> Note {
    Note {
        text: text.to_owned(),
    }
}

fn key(name: &str) -> Key {
    Key::of(["a", name])
}

struct Bed {
    dir: TempDir,
    master: MasterKey,
}

impl Bed {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            master: MasterKey::random(),
        }
    }

    fn open(&self) -> Store {
        Store::open(self.dir.path(), &self.master).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("store").join(name)
    }

    /// The directory as a killed process would leave it: copied under the open store.
    fn crashed(&self) -> Self {
        let copy = Self {
            dir: tempfile::tempdir().unwrap(),
            master: self.master.clone(),
        };
        copy_dir(self.dir.path(), copy.dir.path());
        copy
    }
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn put(store: &Store, name: &str, text: &str) {
    let commit = Commit::new().put(&key(name), &note(text));
    store.commit_blocking(commit).unwrap();
}

fn get(store: &Store, name: &str) -> Option<String> {
    let note: Option<Note> = store.get(&key(name)).unwrap();
    note.map(|note| note.text)
}

#[test]
fn what_was_committed_is_there_after_a_clean_close() {
    let bed = Bed::new();
    let store = bed.open();
    put(&store, "1", "one");
    put(&store, "2", "two");
    let delete = Commit::new().delete::<Note>(&key("1"));
    store.commit_blocking(delete).unwrap();
    store.close().unwrap();
    store.close().unwrap();
    assert!(matches!(
        store.commit_blocking(Commit::new().put(&key("3"), &note("three"))),
        Err(StoreError::Closed)
    ));
    assert!(matches!(
        store.get::<Note>(&key("2")),
        Err(StoreError::Closed)
    ));
    let store = bed.open();
    assert_eq!(store.findings(), [""; 0]);
    assert_eq!(
        (get(&store, "1"), get(&store, "2")),
        (None, Some("two".into()))
    );
}

#[test]
fn the_last_handle_that_goes_closes_the_store_cleanly() {
    let bed = Bed::new();
    let store = bed.open();
    put(&store, "1", "one");
    let other = store.clone();
    drop(store);
    put(&other, "2", "two");
    drop(other);
    assert!(bed.file("clean").exists());
    let store = bed.open();
    assert_eq!(get(&store, "2").as_deref(), Some("two"));
}

#[test]
fn the_mark_of_a_clean_close_stays_until_something_is_committed() {
    let bed = Bed::new();
    let store = bed.open();
    put(&store, "1", "one");
    assert!(!bed.file("clean").exists());
    store.close().unwrap();
    let mark = std::fs::read(bed.file("clean")).unwrap();
    // Who only reads leaves it as it is, killed or closed.
    let store = bed.open();
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
    let killed = bed.crashed().open();
    assert_eq!(get(&killed, "1").as_deref(), Some("one"));
    assert!(killed.findings().is_empty());
    store.close().unwrap();
    assert_eq!(std::fs::read(bed.file("clean")).unwrap(), mark);
    let store = bed.open();
    put(&store, "2", "two");
    assert!(!bed.file("clean").exists());
    let crashed = bed.crashed().open();
    assert_eq!(get(&crashed, "2").as_deref(), Some("two"));
    assert!(crashed.findings().is_empty());
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_and_everything_later_too() {
    let mut bed = Bed::new();
    for round in 0..5 {
        let store = bed.open();
        for before in 0..round * 40 {
            assert_eq!(get(&store, &before.to_string()), Some(before.to_string()));
        }
        for number in round * 40..(round + 1) * 40 {
            put(&store, &number.to_string(), &number.to_string());
        }
        let crashed = bed.crashed();
        drop(store);
        bed = crashed;
    }
    let store = bed.open();
    assert_eq!(store.scan::<Note>(&Key::root()).unwrap().len(), 200);
    assert_eq!(store.findings(), [""; 0]);
}

#[test]
fn losing_the_whole_database_loses_nothing_while_the_log_reaches_back() {
    let bed = Bed::new();
    let store = bed.open();
    put(&store, "1", "one");
    put(&store, "2", &"two ".repeat(10_000));
    store.close().unwrap();
    std::fs::remove_dir_all(bed.file("sled")).unwrap();
    let store = bed.open();
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
    assert_eq!(get(&store, "2"), Some("two ".repeat(10_000)));
    assert!(
        store.findings()[0].contains("fallen back to commit 0"),
        "{:?}",
        store.findings()
    );
}

#[test]
fn a_database_that_fell_back_behind_the_log_is_refused_not_used() {
    let bed = Bed::new();
    let store = bed.open();
    // Each fills the log, which is cut behind it; the log before is kept.
    for name in ["1", "2", "3"] {
        put(&store, name, &"x".repeat(3 << 20));
    }
    store.close().unwrap();
    std::fs::remove_dir_all(bed.file("sled")).unwrap();
    let error = Store::open(bed.dir.path(), &bed.master)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the commits 1 to 2 are neither in the database nor in the log"),
        "{error}"
    );
}

#[test]
fn a_torn_end_of_the_log_is_cut_and_said() {
    let bed = Bed::new();
    let store = bed.open();
    put(&store, "1", "one");
    let crashed = bed.crashed();
    let log = crashed.file("commits.log");
    let mut bytes = std::fs::read(&log).unwrap();
    let whole = bytes.len();
    // The beginning of a frame that was being written.
    bytes.extend_from_slice(&bytes.clone()[..90.min(whole)]);
    bytes.truncate(whole + 20);
    std::fs::write(&log, &bytes).unwrap();
    let store = crashed.open();
    assert!(
        store.findings()[0].contains("had not been acknowledged"),
        "{:?}",
        store.findings()
    );
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
    assert_eq!(std::fs::metadata(&log).unwrap().len(), whole as u64);
    put(&store, "2", "two");
    let again = crashed.crashed();
    let store = again.open();
    assert_eq!(store.findings(), [""; 0]);
    assert_eq!(get(&store, "2").as_deref(), Some("two"));
}

/// Every byte of every file that the store's safety rests on, flipped one at a time: whatever is
/// readable afterwards is what was written, or the start is refused and says why.
#[test]
fn no_flipped_bit_shows_another_record() {
    let bed = Bed::new();
    let store = bed.open();
    for number in 0..6 {
        put(&store, &number.to_string(), &format!("text {number}"));
    }
    store.close().unwrap();
    let expected = {
        let store = bed.crashed().open();
        store.scan::<Note>(&Key::root()).unwrap()
    };
    for name in ["commits.log", "clean", "key"] {
        let bytes = std::fs::read(bed.file(name)).unwrap();
        for index in (0..bytes.len()).step_by(23) {
            let damaged = bed.crashed();
            let mut changed = bytes.clone();
            changed[index] ^= 0x20;
            std::fs::write(damaged.file(name), changed).unwrap();
            match Store::open(damaged.dir.path(), &damaged.master) {
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
fn commits_of_many_tasks_share_syncs_and_are_each_whole() {
    let bed = Bed::new();
    let store = bed.open();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..200)
            .map(|number: u64| {
                let store = store.clone();
                tokio::spawn(async move {
                    let name = number.to_string();
                    let count = Count {
                        count: number,
                        added_later: true,
                    };
                    let commit = Commit::new()
                        .put(&key(&name), &note(&name))
                        .put(&key(&name), &count);
                    store.commit(commit).await.unwrap();
                    // What is acknowledged is seen.
                    assert_eq!(store.get::<Count>(&key(&name)).unwrap(), Some(count));
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let crashed = bed.crashed();
    let store = crashed.open();
    assert_eq!(store.scan::<Note>(&Key::of(["a"])).unwrap().len(), 200);
    assert_eq!(store.scan::<Count>(&Key::of(["a"])).unwrap().len(), 200);
}

#[test]
fn a_conflict_writes_nothing_of_the_commit_and_of_two_writers_one_wins() {
    let bed = Bed::new();
    let store = bed.open();
    let first = Commit::new()
        .expect_absent::<Note>(&key("1"))
        .put(&key("1"), &note("one"));
    store.commit_blocking(first).unwrap();
    let again = Commit::new()
        .put(&key("2"), &note("two"))
        .expect_absent::<Note>(&key("1"));
    let error = store.commit_blocking(again).unwrap_err();
    assert!(
        matches!(&error, StoreError::Conflict { kind: "note", key } if key == "a/1"),
        "{error}"
    );
    assert_eq!(get(&store, "2"), None);

    let (_, generation) = store
        .get_with_generation::<Note>(&key("1"))
        .unwrap()
        .unwrap();
    let write = |text: &str| {
        Commit::new()
            .expect_generation::<Note>(&key("1"), generation)
            .put(&key("1"), &note(text))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let written = runtime.block_on(async {
        let (a, b) = (store.commit(write("a")), store.commit(write("b")));
        let (a, b) = futures_util::future::join(a, b).await;
        [a.is_ok(), b.is_ok()]
    });
    assert_eq!(written, [true, false]);
    assert_eq!(get(&store, "1").as_deref(), Some("a"));
    // Deleted and written again, it is not the one that was read before.
    let commit = Commit::new().delete::<Note>(&key("1"));
    store.commit_blocking(commit).unwrap();
    put(&store, "1", "one");
    assert!(matches!(
        store.commit_blocking(write("late")),
        Err(StoreError::Conflict { .. })
    ));
}

#[test]
fn large_records_grow_shrink_and_go_without_leaving_pieces() {
    let bed = Bed::new();
    let store = bed.open();
    for length in [10, 100_000, 5_000, 3, RECORD_BYTES_MAX - 100, 0] {
        let text = "x".repeat(length);
        put(&store, "big", &text);
        put(&store, "big2", "neighbour");
        assert_eq!(get(&store, "big"), Some(text));
        let all = store.scan::<Note>(&Key::of(["a"])).unwrap();
        let names: Vec<&str> = all.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(names, ["a/big", "a/big2"]);
    }
    let twice = Commit::new()
        .put(&key("big"), &note(&"y".repeat(50_000)))
        .put(&key("big"), &note("z"));
    store.commit_blocking(twice).unwrap();
    let crashed = bed.crashed();
    let again = crashed.open();
    assert_eq!(get(&again, "big").as_deref(), Some("z"));
    let delete = Commit::new().delete::<Note>(&key("big"));
    again.commit_blocking(delete).unwrap();
    assert_eq!(again.scan::<Note>(&Key::root()).unwrap().len(), 1);
}

#[test]
fn what_is_too_large_is_refused_and_nothing_of_its_commit_written() {
    let bed = Bed::new();
    let store = bed.open();
    let small = || Commit::new().put(&key("small"), &note("small"));
    let record = small().put(&key("big"), &note(&"x".repeat(RECORD_BYTES_MAX)));
    let long = small().put(&key(&"k".repeat(KEY_BYTES_MAX)), &note("x"));
    let many = (0..5).fold(small(), |commit, number| {
        commit.put(
            &key(&number.to_string()),
            &note(&"x".repeat(RECORD_BYTES_MAX - 100)),
        )
    });
    for commit in [record, long, many] {
        let error = store.commit_blocking(commit).unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    }
    assert_eq!(store.scan::<Note>(&Key::root()).unwrap(), []);
    put(&store, "1", "one");
}

#[test]
fn the_log_is_cut_behind_checkpoints_and_what_was_written_stays() {
    let bed = Bed::new();
    let store = bed.open();
    let text = "x".repeat(1 << 20);
    for number in 0..6 {
        put(&store, &number.to_string(), &text);
    }
    let size = |name| std::fs::metadata(bed.file(name)).unwrap().len();
    assert!(size("commits.log") < 4 << 20 && size("commits.log.1") < 4 << 20);
    let crashed = bed.crashed();
    drop(store);
    // Damage in what sled has is said, kept for inspection, and hurts nothing.
    let before = crashed.file("commits.log.1");
    let mut bytes = std::fs::read(&before).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&before, bytes).unwrap();
    let store = crashed.open();
    assert_eq!(store.findings(), ["commits.log.1 is damaged at byte 69"]);
    assert_eq!(store.scan::<Note>(&Key::root()).unwrap().len(), 6);
    put(&store, "7", "seven");
    store.close().unwrap();
    let store = crashed.open();
    assert_eq!(store.findings(), [""; 0]);
    assert_eq!(get(&store, "7").as_deref(), Some("seven"));
}

#[test]
fn a_wrong_master_key_is_refused_and_changes_nothing() {
    let bed = Bed::new();
    let store = bed.open();
    put(&store, "1", "one");
    store.close().unwrap();
    let error = Store::open(bed.dir.path(), &MasterKey::random()).unwrap_err();
    assert!(
        matches!(error, StoreError::WrongMasterKey { .. }),
        "{error}"
    );
    let store = bed.open();
    assert_eq!(store.findings(), [""; 0]);
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
}

#[test]
fn one_process_at_a_time_and_the_other_is_told_which() {
    let bed = Bed::new();
    let store = bed.open();
    let wait = Duration::from_millis(50);
    let error = Store::open_waiting(bed.dir.path(), &bed.master, wait).unwrap_err();
    assert!(
        matches!(&error, StoreError::Locked { holder, .. }
        if *holder == format!("process {}", std::process::id())),
        "{error}"
    );
    // Who waits gets it as soon as it is given back.
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| Store::open(bed.dir.path(), &bed.master));
        store.close().unwrap();
        waiting.join().unwrap()
    });
    put(&waiting.unwrap(), "1", "one");
}

#[test]
fn nothing_that_is_kept_stands_in_clear_on_disk_or_can_be_read_by_others() {
    let bed = Bed::new();
    let store = bed.open();
    put(&store, "1", "a secret that must not be seen");
    put(&store, "2", &"another secret ".repeat(1000));
    let check = |dir: &Path| {
        let mut files = vec![dir.join("store")];
        let mut seen = 0;
        while let Some(path) = files.pop() {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            if path.is_dir() {
                assert_eq!(mode, 0o700, "{}", path.display());
                files.extend(
                    std::fs::read_dir(&path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            } else {
                assert_eq!(mode, 0o600, "{}", path.display());
                let bytes = std::fs::read(&path).unwrap();
                assert!(
                    !bytes.windows(6).any(|window| window == b"secret"),
                    "{}",
                    path.display()
                );
                seen += 1;
            }
        }
        assert!(seen >= 5);
    };
    check(bed.dir.path());
    store.close().unwrap();
    check(bed.dir.path());
}

#[test]
fn a_scan_gives_what_is_below_the_prefix_in_order_and_by_pages() {
    let bed = Bed::new();
    let store = bed.open();
    let commit = (0..600).fold(Commit::new(), |commit, number| {
        commit.put(&Key::of(["u1", &format!("{number:03}")]), &note("x"))
    });
    let commit = commit
        .put(&Key::of(["u1"]), &note("above"))
        .put(&Key::of(["u10", "1"]), &note("beside"))
        .put(
            &Key::of(["u1", "000"]),
            &Count {
                count: 1,
                added_later: false,
            },
        );
    store.commit_blocking(commit).unwrap();
    let all = store.scan::<Note>(&Key::of(["u1"])).unwrap();
    assert_eq!(all.len(), 600);
    assert!(all.is_sorted_by_key(|(key, _)| key.as_str().to_owned()));
    let after = Key::of(["u1", "597"]);
    let page = store
        .scan_page::<Note>(&Key::of(["u1"]), Some(&after), 10)
        .unwrap();
    let names: Vec<&str> = page.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(names, ["u1/598", "u1/599"]);
    assert_eq!(store.scan::<Note>(&Key::root()).unwrap().len(), 602);
}

#[test]
fn a_record_that_gained_a_field_is_read_and_one_of_another_shape_is_named_without_its_text() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Earlier {
        count: u64,
        gone: String,
    }
    impl Record for Earlier {
        const KIND: &'static str = "count";
    }
    let bed = Bed::new();
    let store = bed.open();
    let earlier = Earlier {
        count: 3,
        gone: "s3cret".to_owned(),
    };
    store
        .commit_blocking(Commit::new().put(&key("1"), &earlier))
        .unwrap();
    let now: Option<Count> = store.get(&key("1")).unwrap();
    assert_eq!(
        now,
        Some(Count {
            count: 3,
            added_later: false
        })
    );

    #[derive(Debug, Serialize, Deserialize)]
    struct Other {
        gone: u64,
    }
    impl Record for Other {
        const KIND: &'static str = "count";
    }
    let error = store.get::<Other>(&key("1")).unwrap_err().to_string();
    assert!(
        error.contains("count a/1") && !error.contains("s3cret"),
        "{error}"
    );
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("data"), &MasterKey::random()).unwrap_err();
    assert!(
        matches!(&error, StoreError::NotWritable { path, .. } if path.starts_with(&file)),
        "{error}"
    );
}

#[test]
fn readers_never_see_half_of_a_commit() {
    let bed = Bed::new();
    let store = Arc::new(bed.open());
    let pair = |count| {
        let record = Count {
            count,
            added_later: false,
        };
        Commit::new()
            .put(&key("left"), &record)
            .put(&key("right"), &record)
    };
    store.commit_blocking(pair(0)).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for count in 1..300 {
                store.commit_blocking(pair(count)).unwrap();
            }
        });
        while !writer.is_finished() {
            let both = store.scan::<Count>(&Key::of(["a"])).unwrap();
            assert_eq!(both[0].1.count, both[1].1.count);
        }
    });
}
