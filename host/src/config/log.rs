//! The part of `stoflow.toml` about the log.

use serde::{Deserialize, Serialize};

/// Where nothing is asked for, a terminal shows what a person has to know.
const FILTER: &str = "warn";

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// An object a line, for programs.
    Json,
}

/// What the operator sets for the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// What is logged.
    pub filter: String,
    /// How.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: FILTER.to_owned(),
            format: LogFormat::default(),
        }
    }
}
