//! What is wrong with the configuration: all of it at once, each fault with the place where somebody
//! wrote it, so that nobody mends one line to be told of the next.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// File, line and key; a variable; a flag.
    pub place: String,
    /// What is wrong and what to do. No secret stands in it.
    pub message: String,
}

impl Fault {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

/// Why the configuration cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// What it says cannot be used: at least one fault.
    #[error("{}", sentence(.0))]
    Faults(Vec<Fault>),
}

impl ConfigError {
    pub(super) fn one(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Faults(vec![Fault::new(place, message)])
    }

    /// What is wrong, one by one.
    pub fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Io { path, source } => {
                vec![Fault::new(path.display().to_string(), source.to_string())]
            }
            Self::Faults(faults) => faults.clone(),
        }
    }
}

/// One fault in a line; several under a line that counts them.
fn sentence(faults: &[Fault]) -> String {
    let line = |fault: &Fault| format!("{}: {}", fault.place, fault.message);
    if let [only] = faults {
        return line(only);
    }
    let mut text = format!("{} settings cannot be used", faults.len());
    for fault in faults {
        let _ = write!(text, "\n  {}", line(fault));
    }
    text
}
