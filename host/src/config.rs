//! What the operator sets: one file, `stoflow.toml`, in the data directory, written by commands,
//! readable by people, and named by the errors; over it variables, and over these flags.
//!
//! Reading and writing go through `toml_edit`, so that a person's comments and order survive a
//! command; what cannot be understood is an error with its place, and never half used.

mod change;
mod consent;
mod env_file;
mod fault;
mod file;
mod former;
mod layer;
mod log;
mod meant;
mod overlay;
mod places;
mod plugin;
mod rates;
mod read;
mod resolve;
mod server;
mod setting;
mod shown;
mod webhook;

pub use change::PluginChange;
pub use consent::ConsentConfig;
pub use fault::{ConfigError, Fault};
pub use file::Config;
pub use layer::Layers;
pub use log::{LogConfig, LogFormat};
pub use plugin::{PluginConfig, SECRET_BYTES_MIN};
pub use rates::{Polling, RateLimits};
pub use server::ServerConfig;
pub use setting::{FORMER, Kind, OTHERS, SETTINGS, Setting};
pub use shown::{SetBy, Shown};
pub use webhook::WebhookSecret;

use std::path::PathBuf;

/// Where the host keeps everything: `--data-dir`, else `STOFLOW_DATA_DIR`, else
/// `$XDG_STATE_HOME/stoflow`, else `~/.local/state/stoflow` (XDG Base Directory Specification).
/// `None` where none of them is set.
pub fn data_dir(
    flag: Option<PathBuf>,
    variable: impl Fn(&str) -> Option<std::ffi::OsString>,
) -> Option<PathBuf> {
    let set = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    flag.or_else(|| set("STOFLOW_DATA_DIR"))
        .or_else(|| set("XDG_STATE_HOME").map(|state| state.join("stoflow")))
        .or_else(|| set("HOME").map(|home| home.join(".local/state/stoflow")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_comes_before_the_variable_and_that_before_the_default() {
        let variables = |name: &str| match name {
            "STOFLOW_DATA_DIR" => Some("/variable".into()),
            "XDG_STATE_HOME" => Some("/state".into()),
            _ => None,
        };
        assert_eq!(
            data_dir(Some("/flag".into()), variables),
            Some("/flag".into())
        );
        assert_eq!(data_dir(None, variables), Some("/variable".into()));
        let state = |name: &str| (name == "XDG_STATE_HOME").then(|| "/state".into());
        assert_eq!(data_dir(None, state), Some("/state/stoflow".into()));
        let home = |name: &str| (name == "HOME").then(|| "/home/u".into());
        assert_eq!(
            data_dir(None, home),
            Some("/home/u/.local/state/stoflow".into())
        );
        assert_eq!(data_dir(None, |_| None), None);
    }
}
