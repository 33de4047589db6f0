//! Replacing the master key while everything is in use: a new data key is wrapped, with the old one,
//! under the new master key; whatever the old data key has sealed is sealed again, page by page
//! between other commits; two checkpoints replace every file that is older; the old data key goes.
//!
//! From the first step on the old master key opens nothing, and from the last on nothing is left
//! that the old data key would open. A process that is killed in between goes on at the next start.

use std::path::{Path, PathBuf};

use super::committer::{Message, Sealed, Step};
use super::{MasterKey, MasterKeySource, Store, StoreError, copy, files, keyring};

/// What a rotation has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// How many records were sealed again.
    pub records: u64,
    /// Where the new key lies.
    pub key: MasterKeySource,
    /// Copies of damaged states that were kept, and were sealed under the old key.
    pub removed: Vec<PathBuf>,
}

impl Rotated {
    /// What was done and what is left to do, a line each.
    pub fn told(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "The master key is a new one; {} records were sealed again. The old one opens nothing.",
            self.records
        )];
        for path in &self.removed {
            let path = path.display();
            lines.push(format!(
                "Removed {path}, which was sealed under the old one."
            ));
        }
        match &self.key {
            MasterKeySource::File(path) => lines.push(format!(
                "The next start needs STOFLOW_MASTER_KEY_FILE={}",
                path.display()
            )),
            source => lines.push(format!("It lies {source}.")),
        }
        lines
    }
}

/// Replaces the master key of a store, which came from `source`: by the one in the file `to`, which
/// is made if it is not there, or by one beside the store.
///
/// # Errors
/// The key comes from elsewhere and no file is named for the new one, the new one is the old one, or
/// the store's own: then the next start goes on.
pub async fn rotate_master_key(
    store: &Store,
    data_dir: &Path,
    source: &MasterKeySource,
    to: Option<PathBuf>,
) -> Result<Rotated, StoreError> {
    let _turn = store.0.rotation.lock().await;
    let is_beside = !matches!(source, MasterKeySource::Variable | MasterKeySource::File(_));
    let (next, key) = match to {
        Some(path) => (MasterKey::in_file(&path)?, MasterKeySource::File(path)),
        None if is_beside => {
            let next = MasterKey::random();
            next.write_next(data_dir)?;
            (
                next,
                MasterKeySource::Beside(MasterKey::path_beside(data_dir)),
            )
        }
        None => {
            return Err(StoreError::MasterKey(format!(
                "the master key lies {source}, where this program changes nothing: name the file of the new one with --to"
            )));
        }
    };
    if keyring::is_under(&files::folder(data_dir).join(files::KEY), &next) {
        let what = "the new master key is the one that is in use; nothing was changed";
        return Err(StoreError::MasterKey(what.to_owned()));
    }
    let records = store.seal_again(&next).await?;
    match &key {
        MasterKeySource::File(_) if is_beside => MasterKey::remove_beside(data_dir)?,
        MasterKeySource::File(_) => {}
        _ => MasterKey::settle(data_dir)?,
    }
    Ok(Rotated {
        records,
        key,
        removed: remove_copies(data_dir)?,
    })
}

impl Store {
    /// Goes over to another master key; how many records were sealed again.
    async fn seal_again(&self, next: &MasterKey) -> Result<u64, StoreError> {
        self.step(Step::Begin(next.clone())).await?;
        let mut records = 0;
        loop {
            let sealed = self.step(Step::SealAgain).await?;
            records += sealed.records;
            if sealed.left == 0 {
                break;
            }
        }
        self.step(Step::End(next.clone())).await?;
        Ok(records)
    }

    /// If nobody waits for the answer any more, the next start goes on.
    async fn step(&self, step: Step) -> Result<Sealed, StoreError> {
        self.ask(|reply| Message::Rotate(step, reply)).await
    }
}

/// Removes what recoveries have put aside: it is sealed under the old data key, and a copy of the
/// store holds a key file that the old master key opens.
fn remove_copies(data_dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut removed = Vec::new();
    for path in copy::kept(data_dir).map_err(StoreError::io(data_dir))? {
        let done = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        done.map_err(StoreError::io(&path))?;
        removed.push(path);
    }
    Ok(removed)
}
