//! Builds plugins and guests for wasm32-wasip2 and appends the contract, with its docs, to each: a
//! component's own types keep no comments, and `--help` needs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use wasm_encoder::{ComponentSection, CustomSection};
use wit_parser::Resolve;

use crate::command::{cargo, output, run};
use crate::paths;

const TARGET: &str = "wasm32-wasip2";

/// What a page of listings needs is there from the start: memory that grows is a system call for every
/// few pages of it, and another when the call has ended. None of it is taken before it is used.
const MEMORY: &str = "link-arg=--initial-memory=3145728";

/// The custom section that holds the encoded WIT package; the host looks for it by this name.
const SECTION: &str = "stoflow:wit";

/// Crates that are plugins: `plugin-etsy` becomes `etsy.wasm`.
const PLUGINS: [(&str, &str); 1] = [("stoflow-plugin-etsy", "etsy")];

/// Builds all of them.
pub(crate) fn build() -> Result<()> {
    build_plugins()?;
    build_guests()
}

/// Builds what operators install.
pub(crate) fn build_plugins() -> Result<()> {
    add_target()?;
    let contract = contract()?;
    for (package, name) in PLUGINS {
        let finished = paths::plugins().join(format!("{name}.wasm"));
        build_component(package, &finished, &contract)?;
    }
    Ok(())
}

/// Builds what a benchmark installs: the plugin with its conversion callable by itself.
pub(crate) fn build_bench() -> Result<()> {
    let package = "stoflow-bench-page";
    let finished = paths::target().join("bench/page.wasm");
    build_component(package, &finished, &contract()?)
}

/// Builds a package as operators get it.
fn build_component(package: &str, finished: &Path, contract: &[u8]) -> Result<()> {
    run(&mut cargo(&[
        "rustc",
        "--quiet",
        "--package",
        package,
        "--target",
        TARGET,
        "--profile",
        "plugin",
        "--",
        "--codegen",
        MEMORY,
    ]))?;
    let built = paths::target()
        .join(TARGET)
        .join("plugin")
        .join(format!("{}.wasm", package.replace('-', "_")));
    finish(&built, finished, contract)
}

/// Builds what tests load: each example of the guests' crate is one.
pub(crate) fn build_guests() -> Result<()> {
    add_target()?;
    let contract = contract()?;
    let package = "stoflow-guests";
    run(&mut cargo(&[
        "build",
        "--quiet",
        "--package",
        package,
        "--examples",
        "--target",
        TARGET,
        "--profile",
        "guest",
    ]))?;
    let examples = paths::target().join(TARGET).join("guest").join("examples");
    for source in guest_sources()? {
        let name = source
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let built = examples.join(format!("{name}.wasm"));
        finish(
            &built,
            &paths::guests().join(format!("{name}.wasm")),
            &contract,
        )?;
    }
    Ok(())
}

fn guest_sources() -> Result<Vec<PathBuf>> {
    let folder = paths::root().join("tests/guests/examples");
    let mut sources = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
    Ok(sources)
}

/// Fetches the target where it is missing.
fn add_target() -> Result<()> {
    let sysroot = output(
        Command::new("rustc")
            .args(["--print", "sysroot"])
            .current_dir(paths::root()),
    )?;
    if Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(TARGET)
        .exists()
    {
        return Ok(());
    }
    eprintln!("   fetching    the target {TARGET}, once");
    run(Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(paths::root()))
}

/// The WIT package as wit-component encodes it, with its comments.
fn contract() -> Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(paths::root().join("wit"))
        .context("wit/ cannot be read")?;
    wit_component::encode(&resolve, package)
}

/// Puts the component with the contract appended in place; a file that would not change is left,
/// so that nothing behind it is made again.
fn finish(built: &Path, finished: &Path, contract: &[u8]) -> Result<()> {
    let mut component = fs::read(built).with_context(|| built.display().to_string())?;
    let section = CustomSection {
        name: SECTION.into(),
        data: contract.into(),
    };
    section.append_to_component(&mut component);
    if fs::read(finished).is_ok_and(|present| present == component) {
        return Ok(());
    }
    if let Some(folder) = finished.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(finished, component).with_context(|| finished.display().to_string())
}
