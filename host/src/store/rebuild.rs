//! Brings the database to the last commit: by applying what it lacks, or by making it again from a
//! checkpoint, beside the one that cannot be used, which is kept aside.

use std::path::Path;

use super::census::Census;
use super::checkpoint::Checkpoint;
use super::database::{self, Sound};
use super::engine::Engine;
use super::keyring::Keyring;
use super::log::Logged;
use super::recovery::{Plan, Start};
use super::{StoreError, checkpoint, directory, files};

/// How many commits are applied again in one transaction.
const REPLAY_COMMITS: usize = 256;

/// The database at the last commit, and the census of its records. `sound` is the one that is there,
/// where the plan starts from it.
pub(super) fn carry_out(
    dir: &Path,
    keys: &Keyring,
    sound: Option<Sound>,
    plan: &Plan,
) -> Result<(Engine, Census), StoreError> {
    match sound.filter(|_| plan.start == Start::Database) {
        Some(Sound { engine, census, .. }) => {
            let census = replay(&engine, keys, census, &plan.replay)?;
            Ok((engine, census))
        }
        None => make_again(dir, keys, plan),
    }
}

fn make_again(dir: &Path, keys: &Keyring, plan: &Plan) -> Result<(Engine, Census), StoreError> {
    let next = dir.join(files::SLED_NEXT);
    match std::fs::remove_dir_all(&next) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StoreError::io(&next)(error));
        }
        _ => directory::make(&next).map_err(StoreError::not_writable(&next))?,
    }
    let engine = Engine::open(&next)?;
    let census = match plan.start {
        Start::Checkpoint(number) => fill(dir, keys, &engine, number)?.census,
        Start::Database | Start::Nothing => Census::default(),
    };
    let census = replay(&engine, keys, census, &plan.replay)?;
    if let Some(wrong) = database::survey(&engine, keys)?.against(&census) {
        let what = format!("a database that was made from a checkpoint is not whole: {wrong}");
        return Err(StoreError::damaged("the store", what));
    }
    engine.sync()?;
    drop(engine);
    Ok((take_place(dir, &next)?, census))
}

/// Fills an empty database from the checkpoint as of commit `number`.
fn fill(
    dir: &Path,
    keys: &Keyring,
    engine: &Engine,
    number: u64,
) -> Result<Checkpoint, StoreError> {
    for name in [files::CHECKPOINT.now, files::CHECKPOINT.before] {
        let path = dir.join(name);
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        match checkpoint::read(&path, &bytes, keys, |_| Ok(())) {
            Ok(checkpoint) if checkpoint.number == number => {}
            _ => continue,
        }
        return fill_from(&path, &bytes, keys, engine);
    }
    let what = format!("the checkpoint as of commit {number} is gone");
    Err(StoreError::damaged("the store", what))
}

/// Fills an empty database from a checkpoint that was seen to be whole.
pub(super) fn fill_from(
    path: &Path,
    bytes: &[u8],
    keys: &Keyring,
    engine: &Engine,
) -> Result<Checkpoint, StoreError> {
    let checkpoint = checkpoint::read(path, bytes, keys, |entries| {
        // Nobody uses the database before the last transaction, which has the number and the census.
        engine.apply(keys, 0, &Census::default(), &entries)
    })?;
    engine.apply(keys, checkpoint.number, &checkpoint.census, [])?;
    Ok(checkpoint)
}

fn replay(
    engine: &Engine,
    keys: &Keyring,
    mut census: Census,
    commits: &[Logged],
) -> Result<Census, StoreError> {
    for commits in commits.chunks(REPLAY_COMMITS) {
        let Some(last) = commits.last() else { continue };
        census.follow(commits, |place| engine.generation(place))?;
        let entries = commits.iter().flat_map(|commit| &commit.entries);
        engine.apply(keys, last.number, &census, entries)?;
    }
    Ok(census)
}

/// Puts the database that was made in the place of the one that is there.
fn take_place(dir: &Path, next: &Path) -> Result<Engine, StoreError> {
    let path = dir.join(files::SLED);
    let now = jiff::Timestamp::now().as_millisecond();
    let aside = dir.join(format!("{}{now}", files::SLED_ASIDE));
    match std::fs::rename(&path, &aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StoreError::io(&path)(error));
        }
        _ => {}
    }
    std::fs::rename(next, &path).map_err(StoreError::io(next))?;
    directory::sync(dir).map_err(StoreError::io(dir))?;
    Engine::open(&path)
}
