//! `cargo xtask check`: format, lints, docs, licences. What it cannot check it says.

use anyhow::Result;

use crate::command::{self, cargo};

/// Runs all checks.
pub(crate) fn run() -> Result<()> {
    command::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    command::run(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "--deny",
        "warnings",
    ]))?;
    command::run(
        cargo(&["doc", "--workspace", "--no-deps", "--quiet"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    licences()
}

/// cargo-deny knows licences, bans and sources without a network; advisories need their database.
fn licences() -> Result<()> {
    let installed = cargo(&["deny", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !installed {
        anyhow::bail!("cargo-deny is not installed: cargo install --locked cargo-deny");
    }
    command::run(&mut cargo(&[
        "deny",
        "--offline",
        "--log-level",
        "error",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))
}
