//! A check of the whole store: every record, log and checkpoint is read, and what is not as it was
//! written is said. Nothing is changed by it.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::census::Census;
use super::database;
use super::engine::Engine;
use super::findings::Findings;
use super::found::Found;
use super::keyring::Keyring;
use super::recovery::{self, Evidence, Standing};
use super::{StoreError, files};

/// What a check of the store showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The number of the last commit.
    pub last_commit: u64,
    /// How many records there are, of each kind.
    pub records: BTreeMap<String, u64>,
    /// What lies in the store's directory, and how many bytes each has in all.
    pub files: BTreeMap<String, u64>,
    /// What is not as it was written. All is well if there is nothing.
    pub findings: Vec<String>,
}

/// Looks at everything, while nothing is written.
pub(super) fn check(
    dir: &Path,
    keys: &Keyring,
    engine: &Engine,
    last: u64,
    census: &Census,
) -> Result<Check, StoreError> {
    let mut findings = Findings::default();
    let wrong = database::survey(engine, keys)?.against(census);
    if let Some(wrong) = wrong {
        findings.damage(format!("the database is damaged: {wrong}"));
    }
    let path = dir.join(files::KEY);
    if std::fs::read(&path).ok().as_deref() != Some(keys.file()) {
        findings.damage(format!("{} is damaged", files::KEY));
    }
    let found = Found::read(dir, keys, &mut findings)?;
    let plan = recovery::plan(Evidence {
        logs: found.logs,
        checkpoints: found.checkpoints.iter().map(|one| one.number).collect(),
        clean: found.clean,
        database: Standing::At(last),
    });
    match plan {
        Ok(plan) => findings.extend(plan.findings),
        Err(error) => findings.damage(error.to_string()),
    }
    Ok(Check {
        last_commit: last,
        records: census.counts(),
        files: sizes(dir).map_err(StoreError::io(dir))?,
        findings: findings.texts,
    })
}

fn sizes(dir: &Path) -> std::io::Result<BTreeMap<String, u64>> {
    let mut sizes = BTreeMap::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = if entry.file_type()?.is_dir() {
            self::sizes(&entry.path())?.into_values().sum()
        } else {
            entry.metadata()?.len()
        };
        sizes.insert(name, bytes);
    }
    Ok(sizes)
}
