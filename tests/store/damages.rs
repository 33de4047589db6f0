//! A thousand damages: flipped bits, zeroed sectors and truncations at random places of every file
//! of a store. Each is refused with a message that says where, or no record is changed by it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use stoflow_host::store::{Commit, Key, Store, StoreError};

use super::bed::Directory;
use super::records::{Count, Note, cut_twice, key, note, put};
use super::suite::Bed as _;
use crate::stage::rounds;

/// No damage may make a start slow; it takes well under a second.
const OPEN_MAX: Duration = Duration::from_secs(60);
const SECTOR: usize = 512;

/// Everything that is kept: notes and counts by their keys.
type Records = (Vec<(Key, Note)>, Vec<(Key, Count)>);

#[derive(Debug, Clone, Copy)]
enum Damage {
    FlippedBit,
    ZeroedSector,
    Truncation,
}

#[test]
fn no_damage_to_any_file_changes_a_record_in_silence() {
    let count = rounds("STORE_DAMAGES", 60);
    let seed = seed();
    println!("{count} rounds of damage, seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let bed = Directory::new();
    let expected = fill(&bed, &mut random);
    let killed = bed.crashed();
    bed.open().unwrap().close().unwrap();
    let mut tally: BTreeMap<String, u32> = BTreeMap::new();
    for round in 0..count {
        let (from, name) = if round % 2 == 0 {
            (&bed, "closed")
        } else {
            (&killed, "killed")
        };
        let damaged = from.crashed();
        let (path, damage) = harm(&damaged, &mut random);
        let what = format!(
            "seed {seed}, round {round}, {name}: {damage:?} of {}",
            path.display()
        );
        let begun = Instant::now();
        let verdict =
            verdict(&damaged, &expected).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
        assert!(
            begun.elapsed() < OPEN_MAX,
            "{what}: took {:?}",
            begun.elapsed()
        );
        *tally
            .entry(format!("{name}, {damage:?}: {verdict}"))
            .or_default() += 1;
    }
    for (verdict, count) in tally {
        println!("{count:5} {verdict}");
    }
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
    let damage =
        [Damage::FlippedBit, Damage::ZeroedSector, Damage::Truncation][random.random_range(0..3)];
    match damage {
        Damage::FlippedBit => bytes[place] ^= 1 << random.random_range(0..8),
        Damage::ZeroedSector => {
            let start = place / SECTOR * SECTOR;
            let end = bytes.len().min(start + SECTOR);
            bytes[start..end].fill(0);
        }
        Damage::Truncation => bytes.truncate(place),
    }
    fs::write(&path, bytes).unwrap();
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
        Err(
            error @ (StoreError::Damaged { .. }
            | StoreError::WrongMasterKey { .. }
            | StoreError::Io { .. }),
        ) => {
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

fn seed() -> u64 {
    let set = std::env::var("STOFLOW_SEED").ok();
    set.map_or_else(rand::random, |text| text.parse().unwrap())
}
