//! Where things are, whatever folder the command was started in.

use std::env;
use std::path::PathBuf;

/// The workspace.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Finished plugins: `etsy.wasm`.
pub(crate) fn plugins() -> PathBuf {
    target().join("plugins")
}

/// The tests' guests.
pub(crate) fn guests() -> PathBuf {
    target().join("guests")
}
