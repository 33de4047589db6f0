//! Check, export and import: a copy that opens by the master key alone, and is whole or refused.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use stoflow_host::store::{self, Key, MasterKey, Store, StoreError};

use super::bed::Directory;
use super::records::{Note, cut_twice, get, key, put, wait};
use super::suite::Bed;

/// Exports into a file of the directory's.
fn export(store: &Store, bed: &Directory) -> (PathBuf, Vec<u8>) {
    let mut export = wait(store.export()).unwrap();
    let mut bytes = Vec::new();
    export.file.read_to_end(&mut bytes).unwrap();
    assert_eq!(export.bytes, bytes.len() as u64);
    let path = bed.dir().join("export");
    std::fs::write(&path, &bytes).unwrap();
    (path, bytes)
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn an_export_holds_what_was_committed_and_opens_by_the_master_key_alone() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    put(&store, "2", &"two ".repeat(10_000));
    let (path, _) = export(&store, &bed);
    put(&store, "3", "later");
    let generation = |store: &Store| {
        let found = store.get_with_generation::<Note>(&key("2")).unwrap();
        found.unwrap().1
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let imported = store::import(elsewhere.path(), bed.master(), &path).unwrap();
    assert_eq!(imported.last_commit, 2);
    assert_eq!(
        imported.records.into_iter().collect::<Vec<_>>(),
        [("note".to_owned(), 2)]
    );
    assert_eq!(names(elsewhere.path()), ["store"]);
    let again = Store::open(elsewhere.path(), bed.master()).unwrap();
    assert_eq!(again.findings(), [""; 0]);
    assert_eq!(get(&again, "2"), Some("two ".repeat(10_000)));
    assert_eq!(generation(&again), generation(&store));
    assert_eq!(get(&again, "3"), None);
    put(&again, "4", "four");
    drop(again);
    let again = Store::open(elsewhere.path(), bed.master()).unwrap();
    assert_eq!(again.findings(), [""; 0]);
    assert_eq!(again.scan::<Note>(&Key::root()).unwrap().len(), 3);
}

#[test]
fn what_is_exported_twice_without_a_commit_between_is_the_same_file() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    let (_, first) = export(&store, &bed);
    let (_, second) = export(&store, &bed);
    assert_eq!(first, second);
    // One that was damaged since is not given out.
    let mut bytes = first.clone();
    bytes[300] ^= 1;
    std::fs::write(bed.file("checkpoint"), bytes).unwrap();
    let (path, third) = export(&store, &bed);
    assert_ne!(third, first);
    assert_eq!(wait(store.check()).unwrap().findings, [""; 0]);
    let elsewhere = tempfile::tempdir().unwrap();
    store::import(elsewhere.path(), bed.master(), &path).unwrap();
}

#[test]
fn an_export_that_is_not_whole_is_refused_and_nothing_is_there() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    for number in 0..20 {
        put(&store, &number.to_string(), &"text ".repeat(5_000));
    }
    let (path, bytes) = export(&store, &bed);
    let elsewhere = tempfile::tempdir().unwrap();
    let refused = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).unwrap();
        let error = store::import(elsewhere.path(), bed.master(), &path).unwrap_err();
        assert!(
            matches!(&error, StoreError::Damaged { place, .. } if place.ends_with("export")),
            "{what}: {error}"
        );
        assert_eq!(names(elsewhere.path()), [""; 0], "{what}");
    };
    for place in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        refused(&changed, &format!("a bit of byte {place}"));
        refused(&bytes[..place], &format!("the first {place} bytes"));
    }
    refused(&[bytes.as_slice(), b"more"].concat(), "something behind it");
}

#[test]
fn an_export_goes_only_where_no_store_is_and_only_under_its_own_master_key() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    let (path, _) = export(&store, &bed);
    let elsewhere = tempfile::tempdir().unwrap();
    let error = store::import(elsewhere.path(), &MasterKey::random(), &path).unwrap_err();
    assert!(
        matches!(error, StoreError::WrongMasterKey { .. }),
        "{error}"
    );
    assert_eq!(names(elsewhere.path()), [""; 0]);
    let error = store::import(bed.dir(), bed.master(), &path).unwrap_err();
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    assert_eq!(get(&store, "1").as_deref(), Some("one"));
}

#[test]
fn a_check_counts_what_there_is_and_names_what_is_damaged_without_touching_it() {
    let bed = Directory::new();
    let store = bed.open().unwrap();
    put(&store, "1", "one");
    cut_twice(&store);
    let check = wait(store.check()).unwrap();
    assert_eq!(check.findings, [""; 0]);
    assert_eq!((check.last_commit, check.records["note"]), (47, 2));
    for name in ["sled", "commits.log", "checkpoint", "key"] {
        assert!(check.files[name] > 0, "{name}");
    }
    for (name, says) in [
        ("checkpoint.before", "checkpoint.before is damaged"),
        ("commits.before.log", "commits.before.log is damaged"),
        ("key", "key is damaged"),
    ] {
        let whole = std::fs::read(bed.file(name)).unwrap();
        let mut damaged = whole.clone();
        damaged[100] ^= 1;
        std::fs::write(bed.file(name), &damaged).unwrap();
        let check = wait(store.check()).unwrap();
        assert!(
            check.findings[0].contains(says),
            "{name}: {:?}",
            check.findings
        );
        assert_eq!(std::fs::read(bed.file(name)).unwrap(), damaged);
        std::fs::write(bed.file(name), &whole).unwrap();
    }
    assert_eq!(wait(store.check()).unwrap().findings, [""; 0]);
    put(&store, "2", "two");
}
