//! `cargo xtask check`: format, lints, docs, licences. What it cannot check it says.

use anyhow::Result;

use crate::command::{self, cargo};

/// Everything that runs on this machine.
const NATIVE: &[&str] = &[
    "--workspace",
    "--all-targets",
    "--exclude",
    "stoflow-guests",
];

/// What runs inside of the host. Guests are nothing but examples.
const WASM: &[&str] = &[
    "--target",
    "wasm32-wasip2",
    "--package",
    "stoflow-plugin-etsy",
    "--package",
    "stoflow-plugin-sdk",
    "--package",
    "stoflow-bench-page",
    "--package",
    "stoflow-guests",
    "--lib",
    "--examples",
];

/// Runs all checks.
pub(crate) fn run() -> Result<()> {
    command::run(&mut cargo(&["fmt", "--all", "--check"]))?;
    for workspace in [NATIVE, WASM] {
        let mut clippy = cargo(&["clippy", "--quiet"]);
        clippy.args(workspace).args(["--", "--deny", "warnings"]);
        command::run(&mut clippy)?;
    }
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
    // It looks at every platform's dependencies, and only this one's were fetched to be built.
    command::run(&mut cargo(&["fetch", "--locked", "--quiet"]))?;
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
