//! placeholder
use super::PluginConfig;
use crate::model::PluginId;
use std::sync::Arc;

/// The operator's configuration, as it was last read.
#[derive(Debug)]
pub struct Config {}

/// Why it cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("configuration")]
pub struct ConfigError {}

impl Config {
    /// What is set for a plugin; all unset where nothing is.
    pub fn plugin(&self, _id: &PluginId) -> Arc<PluginConfig> {
        Arc::default()
    }
}
