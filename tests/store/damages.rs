//! A thousand damages: flipped bits, zeroed sectors and truncations at random places of every file
//! of a store, and the loss of it. Each is refused with a message that says where, or no record is changed by it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use stoflow_host::store::{Commit, Key, Store, StoreError};

use super::bed::Directory;
use super::records::{Count, Note, cut_twice, key, note, put};
use super::suite::Bed as _;
use crate::seed::seed;
use crate::stage::rounds;

/// No damage may make a start slow; it takes well under a second.
const OPEN_MAX: Duration = Duration::from_secs(60);
const SECTOR: usize = 512;
/// Rounds share nothing.
const THREADS: u32 = 2;

/// Everything that is kept: notes and counts by their keys.
type Records = (Vec<(Key, Note)>, Vec<(Key, Count)>);

#[derive(Debug, Clone, Copy)]
enum Damage {
    FlippedBit,
    ZeroedSector,
    Truncation,
    Loss,
}

#[test]
fn no_damage_to_any_file_changes_a_record_in_silence() {
    let count = rounds("STORE_DAMAGES", 60);
    let seed = seed("store damages", count);
    let mut random = StdRng::seed_from_u64(seed);
    let bed = Directory::new();
    let expected = fill(&bed, &mut random);
    let killed = bed.crashed();
    bed.open().unwrap().close().unwrap();
    assert!(bed.snapshot().is_some(), "sled wrote no snapshot");
    let tally: Mutex<BTreeMap<String, u32>> = Mutex::default();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (closed, killed, expected, tally) = (&bed, &killed, &expected, &tally);
            scope.spawn(move || {
                for round in (thread..count).step_by(THREADS as usize) {
                    let (from, name) = match round % 2 {
                        0 => (closed, "closed"),
                        _ => (killed, "killed"),
                    };
                    let verdict = damage_and_open(from, name, (seed, round), expected);
                    *tally.lock().unwrap().entry(verdict).or_default() += 1;
                }
            });
        }
    });
    for (verdict, count) in tally.into_inner().unwrap() {
        println!("{count:5} {verdict}");
    }
}

/// One round; it can be run again by its seed and number.
fn damage_and_open(
    from: &Directory,
    name: &str,
    (seed, round): (u64, u32),
    expected: &Records,
) -> String {
    let mut random = StdRng::seed_from_u64(seed.wrapping_add(u64::from(round)));
    let damaged = from.crashed();
    let (path, damage) = harm(&damaged, &mut random);
    let path = path.strip_prefix(damaged.dir()).unwrap().display();
    let what = format!("seed {seed}, round {round}, {name}: {damage:?} of {path}");
    let begun = Instant::now();
    let verdict = verdict(&damaged, expected).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
    let taken = begun.elapsed();
    assert!(taken < OPEN_MAX, "{what}: took {taken:?}");
    format!("{name}, {damage:?}: {verdict}")
}

/// Enough that there are two checkpoints and two logs, records of several pieces, rewritten and
/// deleted ones, and commits that are in no checkpoint.
fn fill(bed: &Directory, random: &mut StdRng) -> Records {
    let store = bed.open().unwrap();
    for number in 0..150 {
        let name = format!("{:02}", random.random_range(0..60));
        let length = match number % 5 {
            0 => random.random_range(0..20_000),
            _ => random.random_range(0..900),
        };
        let text = random.random_range('a'..='z').to_string().repeat(length);
        let commit = if number % 7 == 0 {
            Commit::new().delete::<Note>(&key(&name))
        } else {
            let count = Count {
                count: number,
                added_later: true,
            };
            Commit::new()
                .put(&key(&name), &note(&text))
                .put(&key(&name), &count)
        };
        store.commit_blocking(commit).unwrap();
    }
    cut_twice(&store);
    for number in 0..20 {
        put(&store, &format!("late {number}"), "late");
    }
    for name in [
        "checkpoint",
        "checkpoint.before",
        "commits.log",
        "commits.before.log",
    ] {
        assert!(bed.file(name).exists(), "{name}");
    }
    wait_until_written_out(bed);
    records(&store).unwrap()
}

/// In a moment of quiet the database is written out; a kill after that leaves each commit twice. Then
/// a torn end of the log is made good by the database.
fn wait_until_written_out(bed: &Directory) {
    let begun = Instant::now();
    loop {
        let torn = bed.crashed();
        let log = torn.file("commits.log");
        let mut bytes = fs::read(&log).unwrap();
        bytes.pop();
        fs::write(&log, bytes).unwrap();
        let store = torn.open().unwrap();
        let findings = store.findings();
        if findings
            .iter()
            .any(|finding| finding.contains("the log lacks"))
        {
            return;
        }
        assert!(begun.elapsed() < OPEN_MAX, "{findings:?}");
    }
}

fn records(store: &Store) -> Result<Records, StoreError> {
    Ok((store.scan(&Key::root())?, store.scan(&Key::root())?))
}

/// Damages one file: each kind of file comes as often as another, however large it is.
fn harm(bed: &Directory, random: &mut StdRng) -> (PathBuf, Damage) {
    let mut files = Vec::new();
    list(&bed.file(""), &mut files);
    files.retain(|path| fs::metadata(path).unwrap().len() > 0);
    files.sort();
    let path = files[random.random_range(0..files.len())].clone();
    let mut bytes = fs::read(&path).unwrap();
    let place = random.random_range(0..bytes.len());
    let damages = [
        Damage::FlippedBit,
        Damage::ZeroedSector,
        Damage::Truncation,
        Damage::Loss,
    ];
    let damage = damages[random.random_range(0..damages.len())];
    match damage {
        Damage::FlippedBit => bytes[place] ^= 1 << random.random_range(0..8),
        Damage::ZeroedSector => {
            let start = place / SECTOR * SECTOR;
            let end = bytes.len().min(start + SECTOR);
            bytes[start..end].fill(0);
        }
        Damage::Truncation => bytes.truncate(place),
        Damage::Loss => fs::remove_file(&path).unwrap(),
    }
    if !matches!(damage, Damage::Loss) {
        fs::write(&path, bytes).unwrap();
    }
    (path, damage)
}

fn list(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// How it ended, or what must not be.
fn verdict(bed: &Directory, expected: &Records) -> Result<&'static str, String> {
    let store = match bed.open() {
        Ok(store) => store,
        Err(error @ (StoreError::Damaged { .. } | StoreError::Io { .. })) => {
            let text = error.to_string();
            let names = ["store", "record", "commits", "checkpoint"];
            return match names.iter().any(|name| text.contains(name)) {
                true => Ok("refused"),
                false => Err(format!("refused without a place: {text}")),
            };
        }
        Err(error) => return Err(format!("refused as something else: {error}")),
    };
    let found = records(&store).map_err(|error| format!("opened, but not to be read: {error}"))?;
    if found != *expected {
        let counts = |(notes, counts): &Records| (notes.len(), counts.len());
        return Err(format!(
            "opened with other records: {:?} instead of {:?}, findings {:?}",
            counts(&found),
            counts(expected),
            store.findings()
        ));
    }
    let repaired = !store.findings().is_empty();
    put(&store, "after", "after");
    store
        .close()
        .map_err(|error| format!("it does not close: {error}"))?;
    let again = bed
        .open()
        .map_err(|error| format!("it does not open again: {error}"))?;
    if !again.findings().is_empty() {
        return Err(format!("it is not repaired: {:?}", again.findings()));
    }
    Ok(if repaired {
        "repaired"
    } else {
        "no record changed"
    })
}
