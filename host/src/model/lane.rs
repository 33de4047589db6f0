//! Who waits for a call: a person is served before a poll.

use serde::{Deserialize, Serialize};

/// In which order calls that wait for the same quota get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Somebody waits for the answer.
    Person,
    /// The host does it by itself.
    Poll,
}
