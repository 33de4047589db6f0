//! What any store must keep, whatever engine is under it: what was acknowledged is there after every
//! kind of end, what was not is there whole or not at all, and one sees either all of a commit or
//! nothing. Nothing here knows what lies in a store's directory.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stoflow_host::store::{
    Commit, KEY_BYTES_MAX, Key, LOCK_WAIT, MasterKey, RECORD_BYTES_MAX, Record, Store, StoreError,
};

use super::records::{Count, Note, get, key, note, put};

/// A way to have a store: what another engine brings to be held to the suite.
pub trait Bed: Sync + Sized {
    /// An empty directory and a master key.
    fn new() -> Self;
    /// A copy of it as a process that was killed now would leave it.
    fn crashed(&self) -> Self;
    /// The data directory.
    fn dir(&self) -> &Path;
    fn master(&self) -> &MasterKey;
    /// Opens the store in a data directory, waiting so long for another who has it.
    fn open_at(dir: &Path, master: &MasterKey, wait: Duration) -> Result<Store, StoreError>;

    fn open(&self) -> Result<Store, StoreError> {
        Self::open_at(self.dir(), self.master(), LOCK_WAIT)
    }
}

/// Makes a test of each function of the suite for a way to have a store.
macro_rules! held_to_the_suite {
    ($bed:ty) => {
        $crate::store::suite::held_to_the_suite!(
            $bed:
    what_was_committed_is_there_after_a_clean_close,
    the_last_handle_that_goes_closes_the_store_cleanly,
    what_was_acknowledged_is_there_after_a_kill_and_everything_later_too,
    commits_of_many_tasks_share_syncs_and_are_each_whole,
    a_conflict_writes_nothing_of_the_commit_and_of_two_writers_one_wins,
    large_records_grow_shrink_and_go_without_leaving_pieces,
    what_is_too_large_is_refused_and_nothing_of_its_commit_written,
    a_wrong_master_key_is_refused_and_changes_nothing,
    one_process_at_a_time_and_the_other_is_told_which,
    nothing_that_is_kept_stands_in_clear_on_disk_or_can_be_read_by_others,
    a_scan_gives_what_is_below_the_prefix_in_order_and_by_pages,
    a_record_that_gained_a_field_is_read_and_one_of_another_shape_is_named_without_its_text,
    a_directory_that_cannot_be_made_is_an_error_that_names_it,
    readers_never_see_half_of_a_commit
        );
    };
    ($bed:ty: $($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                $crate::store::suite::$name::<$bed>();
            }
        )*
    };
}
pub(super) use held_to_the_suite;

pub fn what_was_committed_is_there_after_a_clean_close<B: Bed>() {
    let bed = B::new();
    let store = bed.open().unwrap();
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
    let store = bed.open().unwrap();
    assert_eq!(store.findings(), [""; 0]);
    assert_eq!(
        (get(&store, "1"), get(&store, "2")),
        (None, Some("two".into()))
    );
}

pub fn the_last_handle_that_goes_closes_the_store_cleanly<B: Bed>() {
    let bed = B::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    let other = store.clone();
    drop(store);
    put(&other, "2", "two");
    drop(other);
    let store = bed.open().unwrap();
    assert_eq!(store.findings(), [""; 0]);
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
    assert_eq!(get(&store, "2").as_deref(), Some("two"));
}

pub fn what_was_acknowledged_is_there_after_a_kill_and_everything_later_too<B: Bed>() {
    let mut bed = B::new();
    for round in 0..5 {
        let store = bed.open().unwrap();
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
    let store = bed.open().unwrap();
    assert_eq!(store.scan::<Note>(&Key::root()).unwrap().len(), 200);
    assert_eq!(store.findings(), [""; 0]);
}

pub fn commits_of_many_tasks_share_syncs_and_are_each_whole<B: Bed>() {
    let bed = B::new();
    let store = bed.open().unwrap();
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
    let store = crashed.open().unwrap();
    assert_eq!(store.scan::<Note>(&Key::of(["a"])).unwrap().len(), 200);
    assert_eq!(store.scan::<Count>(&Key::of(["a"])).unwrap().len(), 200);
}

pub fn a_conflict_writes_nothing_of_the_commit_and_of_two_writers_one_wins<B: Bed>() {
    let bed = B::new();
    let store = bed.open().unwrap();
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

pub fn large_records_grow_shrink_and_go_without_leaving_pieces<B: Bed>() {
    let bed = B::new();
    let store = bed.open().unwrap();
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
    let again = crashed.open().unwrap();
    assert_eq!(get(&again, "big").as_deref(), Some("z"));
    let delete = Commit::new().delete::<Note>(&key("big"));
    again.commit_blocking(delete).unwrap();
    assert_eq!(again.scan::<Note>(&Key::root()).unwrap().len(), 1);
}

pub fn what_is_too_large_is_refused_and_nothing_of_its_commit_written<B: Bed>() {
    let bed = B::new();
    let store = bed.open().unwrap();
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

pub fn a_wrong_master_key_is_refused_and_changes_nothing<B: Bed>() {
    let bed = B::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    store.close().unwrap();
    let error = B::open_at(bed.dir(), &MasterKey::random(), LOCK_WAIT).unwrap_err();
    assert!(
        matches!(error, StoreError::WrongMasterKey { .. }),
        "{error}"
    );
    let store = bed.open().unwrap();
    assert_eq!(store.findings(), [""; 0]);
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
}

pub fn one_process_at_a_time_and_the_other_is_told_which<B: Bed>() {
    let bed = B::new();
    let store = bed.open().unwrap();
    let wait = Duration::from_millis(50);
    let error = B::open_at(bed.dir(), bed.master(), wait).unwrap_err();
    assert!(
        matches!(&error, StoreError::Locked { holder, .. }
        if *holder == format!("process {}", std::process::id())),
        "{error}"
    );
    // Who waits gets it as soon as it is given back.
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| bed.open());
        store.close().unwrap();
        waiting.join().unwrap()
    });
    put(&waiting.unwrap(), "1", "one");
}

pub fn nothing_that_is_kept_stands_in_clear_on_disk_or_can_be_read_by_others<B: Bed>() {
    let bed = B::new();
    let store = bed.open().unwrap();
    put(&store, "1", "a secret that must not be seen");
    put(&store, "2", &"another secret ".repeat(1000));
    let check = |dir: &Path| {
        let mut files = vec![dir.to_owned()];
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
    check(bed.dir());
    store.close().unwrap();
    check(bed.dir());
}

pub fn a_scan_gives_what_is_below_the_prefix_in_order_and_by_pages<B: Bed>() {
    let bed = B::new();
    let store = bed.open().unwrap();
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

pub fn a_record_that_gained_a_field_is_read_and_one_of_another_shape_is_named_without_its_text<
    B: Bed,
>() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Earlier {
        count: u64,
        gone: String,
    }
    impl Record for Earlier {
        const KIND: &'static str = "count";
    }
    let bed = B::new();
    let store = bed.open().unwrap();
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

pub fn a_directory_that_cannot_be_made_is_an_error_that_names_it<B: Bed>() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let error = B::open_at(&file.join("data"), &MasterKey::random(), LOCK_WAIT).unwrap_err();
    assert!(
        matches!(&error, StoreError::NotWritable { path, .. } if path.starts_with(&file)),
        "{error}"
    );
}

pub fn readers_never_see_half_of_a_commit<B: Bed>() {
    let bed = B::new();
    let store = Arc::new(bed.open().unwrap());
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
