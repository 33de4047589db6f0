//! The file of `--state`: read at the start, written at the end, whole or not at all.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Why a state file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file could not be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// Which one.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds no state.
    #[error("{} holds no state of a sandbox: {why}; move it away to begin anew", file.display())]
    Damaged {
        /// Which one.
        file: PathBuf,
        /// What is wrong, and where.
        why: String,
    },
    /// The state could not be written. What was in the file before is still there.
    #[error("cannot write {}: {source}", file.display())]
    Write {
        /// Which one.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The document in a file; none where there is no file yet.
pub(crate) fn read(file: &Path) -> Result<Option<Value>, StateError> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let file = file.to_owned();
            return Err(StateError::Read { file, source });
        }
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| damaged(file, error.to_string()))
}

pub(crate) fn damaged(file: &Path, why: String) -> StateError {
    let file = file.to_owned();
    StateError::Damaged { file, why }
}

/// Writes a document beside the file and then puts it in the file's place: an interrupted write
/// leaves what was there.
pub(crate) fn write(file: &Path, document: &Value) -> Result<(), StateError> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let replace = || {
        let mut new = File::create(&beside)?;
        serde_json::to_writer(&mut new, document)?;
        new.flush()?;
        new.sync_all()?;
        fs::rename(&beside, file)
    };
    replace().map_err(|source| StateError::Write {
        file: file.to_owned(),
        source,
    })
}
