//! What can go wrong with the store, as its callers tell it apart.

use std::io;
use std::path::{Path, PathBuf};

/// Why the store did not do it. No text of a record stands in any of these.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("the store {path} is in use by {holder}")]
    Locked {
        /// The store's directory.
        path: PathBuf,
        /// `process 123`, as that process wrote it into the lock.
        holder: String,
    },
    /// The directory cannot be written.
    #[error(
        "cannot write {path}: {reason}. The data directory has to be one that this user can write"
    )]
    NotWritable {
        /// What could not be made or written.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The master key is not the one that the store is sealed under. Nothing was changed.
    #[error(
        "the master key does not open {path}: it is sealed under another one. Nothing was changed"
    )]
    WrongMasterKey {
        /// The file that holds the wrapped data key.
        path: PathBuf,
    },
    /// There is a store where one was to be made.
    #[error("there is a store in {path} already; an export goes where none is")]
    Exists {
        /// The store's directory.
        path: PathBuf,
    },
    /// No master key, or one that cannot be read.
    #[error("{0}")]
    MasterKey(String),
    /// Something in the directory is not what was written there.
    #[error("{place} is damaged: {what}")]
    Damaged {
        /// A file and where in it, or a record.
        place: String,
        /// What is wrong, and what to do.
        what: String,
    },
    /// An earlier write failed. What was acknowledged is kept; the process has to be started again.
    #[error("the store has failed and takes nothing more until it is opened again: {0}")]
    Failed(String),
    /// It was closed.
    #[error("the store is closed")]
    Closed,
    /// What the commit expected does not hold; nothing of it was done.
    #[error("{kind} {key} has changed meanwhile; nothing was written")]
    Conflict {
        /// The record's kind.
        kind: &'static str,
        /// The record's key.
        key: String,
    },
    /// A record, a key or a whole commit is larger than the store takes; nothing of it was done.
    #[error("{what} has {bytes} bytes, at most {limit} are kept; nothing was written")]
    TooLarge {
        /// What is too large.
        what: String,
        /// How large.
        bytes: usize,
        /// How large it may be.
        limit: usize,
    },
    /// A record cannot be written as JSON, or what is kept cannot be read as this type.
    #[error("{kind} {key} cannot be {done} as this program understands it: {category}")]
    Form {
        /// The record's kind.
        kind: &'static str,
        /// The record's key.
        key: String,
        /// `written` or `read`.
        done: &'static str,
        /// What sort of mistake and where, without the text.
        category: String,
    },
    /// The system refuses to read or write a file.
    #[error("{path}: {reason}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
}

impl StoreError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| Self::Io {
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }

    pub(super) fn not_writable(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| Self::NotWritable {
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }

    pub(super) fn damaged(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damaged {
            place: place.into(),
            what: what.into(),
        }
    }

    /// A mistake in JSON by its sort and place: `serde_json`'s own words quote the text.
    pub(super) fn form(
        kind: &'static str,
        key: &str,
        done: &'static str,
        error: &serde_json::Error,
    ) -> Self {
        let category = format!(
            "{:?} at line {} column {}",
            error.classify(),
            error.line(),
            error.column()
        );
        Self::Form {
            kind,
            key: key.to_owned(),
            done,
            category,
        }
    }
}
