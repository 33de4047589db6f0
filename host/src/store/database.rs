//! Whether sled's database can be trusted: it opens, every record in it opens, and they are those
//! that the census of its last commit counts. Otherwise it is not used, and why is said.

use std::path::Path;

use super::StoreError;
use super::census::Census;
use super::engine::{self, Engine};
use super::findings::Findings;
use super::frame;
use super::keyring::Keyring;

/// How many records that do not open are named; the others are counted.
const NAMED: usize = 5;

/// The database as it was found.
pub(super) enum Database {
    /// It is what its last commit left.
    Sound(Sound),
    /// It is not.
    Unsound(Unsound),
}

pub(super) struct Sound {
    pub(super) engine: Engine,
    /// The number of the last commit that it has.
    pub(super) applied: u64,
    pub(super) census: Census,
}

/// A database that is not to be used; it is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unsound {
    /// The number of the last commit that it had, if that could be read.
    pub(super) applied: Option<u64>,
    pub(super) why: String,
}

/// What a look at every record showed.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) found: Census,
    /// The records that do not open.
    pub(super) unreadable: Vec<String>,
}

/// Opens the database and reads all of it.
pub(super) fn open(
    dir: &Path,
    keys: &Keyring,
    findings: &mut Findings,
) -> Result<Database, StoreError> {
    let engine = match open_engine(dir, findings) {
        Err(error @ StoreError::Damaged { .. }) => return Ok(unsound(None, error.to_string())),
        opened => opened?,
    };
    let mut applied = None;
    let read = engine::guarded(dir, || {
        let (number, census) = engine.applied(keys)?;
        applied = Some(number);
        Ok((number, census, survey(&engine, keys)?))
    });
    let why = match read {
        Ok((applied, census, survey)) => match survey.against(&census) {
            None => {
                return Ok(Database::Sound(Sound {
                    engine,
                    applied,
                    census,
                }));
            }
            Some(why) => why,
        },
        Err(StoreError::Damaged { place, what }) => format!("{place} is damaged: {what}"),
        Err(error) => return Err(error),
    };
    engine::guarded(dir, || {
        drop(engine);
        Ok(())
    })
    .unwrap_or_else(|error| tracing::debug!(%error, "while it was closed"));
    Ok(unsound(applied, why))
}

/// Reads every record of a database.
pub(super) fn survey(engine: &Engine, keys: &Keyring) -> Result<Survey, StoreError> {
    let mut survey = Survey::default();
    engine.each(|place, (first, rest)| {
        match frame::open(keys, place, first, rest) {
            Ok((generation, _)) => survey.found.add(place, generation),
            Err(_) => survey.unreadable.push(place.describe()),
        }
        Ok(())
    })?;
    Ok(survey)
}

impl Survey {
    /// What is wrong with what was found, where the census says what there is.
    pub(super) fn against(&self, census: &Census) -> Option<String> {
        let mut wrong = Vec::new();
        if !self.unreadable.is_empty() {
            let mut names: Vec<&str> = self.unreadable.iter().map(String::as_str).collect();
            names.truncate(NAMED);
            let others = self.unreadable.len() - names.len();
            let more = if others > 0 {
                format!(" and {others} more")
            } else {
                String::new()
            };
            wrong.push(format!("{}{more} cannot be read", names.join(", ")));
        }
        wrong.extend(census.difference(&self.found));
        (!wrong.is_empty()).then(|| wrong.join("; "))
    }
}

/// A snapshot that is damaged is put out of the way, and it is tried once more.
fn open_engine(dir: &Path, findings: &mut Findings) -> Result<Engine, StoreError> {
    match engine::guarded(dir, || Engine::open(dir)) {
        Err(StoreError::Damaged { place, what }) => {
            if !engine::put_snapshots_aside(dir)? {
                return Err(StoreError::Damaged { place, what });
            }
            let engine = engine::guarded(dir, || Engine::open(dir))?;
            findings.damage(format!(
                "{place} did not open ({what}); it does without its snapshot, which was put aside"
            ));
            Ok(engine)
        }
        opened => opened,
    }
}

fn unsound(applied: Option<u64>, why: String) -> Database {
    Database::Unsound(Unsound { applied, why })
}
