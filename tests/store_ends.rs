//! Every end of a process that writes to the store, over and over: killed at a random moment, the
//! power cut, the disk failing. What was acknowledged is there afterwards, every commit is whole or
//! absent, and nothing is there that was not written.
//!
//! A commit's content follows from its number, so all that the store must hold follows from the
//! number of the last one that it has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use stoflow_host::store::{Commit, Key, MasterKey, Record, Store};

use crate::child::{self, Told, kill};
use crate::disk::{Disk, Failure};
use crate::seed::{Dice, seed};
use crate::stage::rounds;

const DATA: &str = "STOFLOW_CHILD_DATA";
const FROM: &str = "STOFLOW_CHILD_FROM";
/// How many commits the child has under way at once, so that they share a sync.
const FLIGHT: u64 = 8;
/// When the child ends by itself.
const COMMITS_MAX: u64 = 100;
const KEYS: u64 = 12;

/// The number of the last commit.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Last(u64);
impl Record for Last {
    const KIND: &'static str = "last";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Left(String);
impl Record for Left {
    const KIND: &'static str = "left";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Right(String);
impl Record for Right {
    const KIND: &'static str = "right";
}

/// What a commit of that number does: under one key it writes a text to both kinds, under another
/// it deletes both.
struct Content {
    written: Key,
    deleted: Key,
    text: String,
}

impl Content {
    fn of(number: u64) -> Self {
        let mut dice = Dice::of(number, 0);
        let written = dice.within(0..KEYS);
        let deleted = (written + dice.within(1..KEYS)) % KEYS;
        // Most in one piece, many in several, some in very many.
        let length = *dice.one_of(&[10, 10, 300, 300, 300, 5_000, 5_000, 60_000]);
        let text = format!("commit {number} {:x} ", dice.throw());
        let text = text.repeat(length / text.len() + 1);
        let key = |number: u64| Key::of(["k", &format!("{number:02}")]);
        Self {
            written: key(written),
            deleted: key(deleted),
            text,
        }
    }

    fn commit(self, number: u64) -> Commit {
        Commit::new()
            .put(&self.written, &Left(self.text.clone()))
            .delete::<Left>(&self.deleted)
            .delete::<Right>(&self.deleted)
            .put(&self.written, &Right(self.text))
            .put(&last_key(), &Last(number))
    }
}

fn last_key() -> Key {
    Key::of(["last"])
}

/// What the store holds after the commits up to a number.
#[derive(Default)]
struct Model {
    last: u64,
    records: BTreeMap<String, String>,
}

impl Model {
    fn advance(&mut self, last: u64) {
        for number in self.last + 1..=last {
            let content = Content::of(number);
            self.records.remove(content.deleted.as_str());
            self.records
                .insert(content.written.as_str().to_owned(), content.text);
        }
        self.last = last;
    }

    /// Reads the store as a start finds it, and says how far it had come.
    fn check(&mut self, data: &Path, acknowledged: u64, what: &str) {
        let store = open(data).unwrap_or_else(|error| panic!("{what}: {error}"));
        let last: Option<Last> = store.get(&last_key()).unwrap();
        let last = last.map_or(0, |last| last.0);
        assert!(
            last >= acknowledged,
            "{what}: {acknowledged} was acknowledged, {last} is the last"
        );
        assert!(
            last <= acknowledged + FLIGHT,
            "{what}: {last} is there, {acknowledged} was the last that was acknowledged"
        );
        self.advance(last);
        let left = store.scan::<Left>(&Key::root()).unwrap().into_iter();
        let left = left.map(|(key, Left(text))| (key.as_str().to_owned(), text));
        let right = store.scan::<Right>(&Key::root()).unwrap().into_iter();
        let right = right.map(|(key, Right(text))| (key.as_str().to_owned(), text));
        let same = |records: BTreeMap<String, String>| records == self.records;
        assert!(
            same(left.collect()) && same(right.collect()),
            "{what}: the records are not those after commit {last}"
        );
        store.close().unwrap();
    }
}

/// The key lies beside the store, so that its making is under test too.
fn open(data: &Path) -> Result<Store, String> {
    let (master, _) = MasterKey::find(data, |_| None).map_err(|error| error.to_string())?;
    Store::open(data, &master).map_err(|error| error.to_string())
}

/// Commits as fast as it can, now and then through a clean close, until something ends it.
#[test]
#[ignore = "run by the tests of this module as a process of its own"]
fn writer() {
    let Some(data) = std::env::var_os(DATA).map(PathBuf::from) else {
        return;
    };
    let from: u64 = std::env::var(FROM).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut dice = Dice::of(from, 1);
    let mut number = from;
    while number < from + COMMITS_MAX {
        let store = match open(&data) {
            Ok(store) => store,
            Err(error) => return child::say(&format!("refused {error}")),
        };
        child::say("open");
        for _ in 0..dice.within(2..30) {
            let flight = dice.within(1..FLIGHT + 1);
            let commits = (number..number + flight).map(|number| {
                let store = &store;
                async move {
                    let done = store.commit(Content::of(number).commit(number)).await;
                    if done.is_ok() {
                        child::say(&format!("ack {number}"));
                    }
                    done
                }
            });
            let done = runtime.block_on(join_all(commits));
            number += flight;
            if let Some(Err(error)) = done.into_iter().find(Result::is_err) {
                return child::say(&format!("failed {error}"));
            }
        }
        if let Err(error) = store.close() {
            return child::say(&format!("failed {error}"));
        }
    }
}

fn command(data: &Path, from: u64) -> Command {
    let mut command = child::command("store_ends::writer");
    command.env(DATA, data).env(FROM, from.to_string());
    command
}

/// What a child said of its work.
struct Account {
    acknowledged: u64,
    opened: bool,
    error: Option<String>,
}

fn account(before: u64, told: Vec<String>) -> Account {
    let mut account = Account {
        acknowledged: before,
        opened: false,
        error: None,
    };
    for line in told {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "ack" => {
                let number = rest.parse().unwrap();
                assert!(
                    account.error.is_none(),
                    "{number} was acknowledged after {:?}",
                    account.error
                );
                assert_eq!(number, account.acknowledged + 1, "acknowledged out of turn");
                account.acknowledged = number;
            }
            "open" => account.opened = true,
            _ => account.error = Some(line),
        }
    }
    account
}

/// Runs the writer, and ends it after a while that the dice decide.
fn run_and_kill(command: &mut Command, before: u64, dice: &mut Dice) -> Account {
    let mut child = command.spawn().unwrap();
    let told = Told::of(&mut child);
    // Most of the ends fall into the work, the others into the start or wherever it is by then.
    let mut lines = Vec::new();
    let wait = if dice.one_in(4) {
        dice.within(0..400)
    } else {
        let wanted = dice.within(1..60);
        lines.extend((0..wanted).map_while(|_| told.next()));
        dice.within(0..20)
    };
    std::thread::sleep(Duration::from_millis(wait));
    kill(&mut child);
    lines.extend(told.rest());
    account(before, lines)
}

#[test]
fn a_kill_at_any_moment_loses_no_commit_tears_none_and_invents_none() {
    let rounds = rounds("STORE_KILLS", 10);
    let seed = seed("kills of a store's writer", rounds);
    // Its syncs cost nothing, so that more commits are made; nothing of what it does is lost.
    let disk = Disk::that_loses_power();
    let data = disk.live().join("data");
    let mut model = Model::default();
    let mut started = 0;
    for round in 0..u64::from(rounds) {
        let mut dice = Dice::of(seed, round);
        let mut command = command(&data, model.last + 1);
        disk.under(&mut command, None);
        let done = run_and_kill(&mut command, model.last, &mut dice);
        started += u32::from(done.opened);
        let what = format!("round {round} of seed {seed}");
        assert_eq!(done.error, None, "{what}");
        model.check(&data, done.acknowledged, &what);
    }
    println!("{} commits, killed at work {started} times", model.last);
    assert!(model.last > 0, "nothing was ever committed");
}

#[test]
fn a_power_cut_at_any_moment_loses_no_commit_tears_none_and_invents_none() {
    let rounds = rounds("POWER_CUTS", 10);
    let seed = seed("power cuts of a store's writer", rounds);
    let disk = Disk::that_loses_power();
    let data = disk.live().join("data");
    let mut model = Model::default();
    let mut started = 0;
    for round in 0..u64::from(rounds) {
        let mut dice = Dice::of(seed, round);
        let mut command = command(&data, model.last + 1);
        disk.under(&mut command, None);
        let done = run_and_kill(&mut command, model.last, &mut dice);
        started += u32::from(done.opened);
        let what = format!("round {round} of seed {seed}");
        assert_eq!(done.error, None, "{what}");
        let torn = dice.one_in(2);
        disk.cut(torn.then_some(&mut dice));
        model.check(&data, done.acknowledged, &what);
        disk.sync_all();
    }
    println!("{} commits, cut at work {started} times", model.last);
    assert!(model.last > 0, "nothing was ever committed");
}

#[test]
fn a_disk_error_is_never_acknowledged_over_and_the_next_start_has_what_was() {
    let rounds = rounds("DISK_ERRORS", 10);
    let seed = seed("disk errors under a store's writer", rounds);
    let disk = Disk::that_loses_power();
    let data = disk.live().join("data");
    let mut model = Model::default();
    let mut tally: BTreeMap<String, u32> = BTreeMap::new();
    let mut kept_aside = 0;
    for round in 0..u64::from(rounds) {
        let mut dice = Dice::of(seed, round);
        let failure = Failure {
            // A start makes a few dozen of them, the work some for each commit.
            nth: if dice.one_in(4) {
                dice.within(1..20)
            } else {
                dice.within(1..120)
            },
            error: *dice.one_of(&[5, 28]),
            lasts: dice.one_in(2),
            short: dice.one_in(4),
        };
        let mut command = command(&data, model.last + 1);
        disk.under(&mut command, Some(failure));
        // sled panics over some of them, which is as good as an error, and says so.
        command.stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let done = account(model.last, Told::of(&mut child).rest());
        child.wait().unwrap();
        let what = format!("round {round} of seed {seed}, {failure:?}");
        if let Some(told) = disk.failed() {
            let mut words = told.split(' ');
            let call = [words.next().unwrap(), words.next().unwrap()].join(" ");
            *tally.entry(call).or_default() += 1;
        }
        // What a failed sync was to write may be lost with the power, and may also be there.
        if dice.one_in(2) {
            disk.cut(None);
        }
        model.check(&data, done.acknowledged, &what);
        kept_aside += remove_kept(&data);
        disk.sync_all();
    }
    println!(
        "{} commits; what failed: {tally:?}; {kept_aside} stores repaired",
        model.last
    );
    assert!(!tally.is_empty(), "nothing ever failed");
}

/// Removes the copies that repairs have left for a person to look at; how many there were.
fn remove_kept(data: &Path) -> u32 {
    let mut removed = 0;
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("store.damaged-") {
            std::fs::remove_dir_all(path).unwrap();
            removed += 1;
        }
    }
    removed
}
