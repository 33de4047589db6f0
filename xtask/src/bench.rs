//! `cargo xtask bench`: builds everything in the release profile, measures, prints the table, and with
//! `--write` puts it into `docs/benchmarks.md` with the machine it was measured on.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::command::{cargo, output, run};
use crate::{machine, paths, plugins};

/// Between these the page holds what was measured; everything around them is written by hand.
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// Builds, measures, prints. A number that is not reached is printed as such and fails nothing: how
/// fast a machine is says nothing about whether a change is right.
pub(crate) fn run_all(write: bool) -> Result<()> {
    plugins::build()?;
    plugins::build_bench()?;
    // Both packages, so that both steps build the dependencies with the same features.
    run(&mut cargo(&[
        "build",
        "--quiet",
        "--release",
        "--package",
        "stoflow-host",
        "--package",
        "stoflow-benches",
    ]))?;
    let mut bench = cargo(&[
        "bench",
        "--quiet",
        "--package",
        "stoflow-benches",
        "--bench",
        "host",
    ]);
    let table = output(bench.stderr(Stdio::inherit()))?;
    let machine = machine::describe()?;
    let measured = format!("Measured {machine}, release profile.\n\n{}", table.trim());
    println!("{measured}");
    if write {
        put(&measured)?;
    }
    Ok(())
}

/// Replaces what stands between the markers.
fn put(measured: &str) -> Result<()> {
    let path = paths::root().join("docs/benchmarks.md");
    let page = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let missing = || format!("{} has no line {BEGIN} … {END}", path.display());
    let (before, rest) = page.split_once(BEGIN).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    let page = format!("{before}{BEGIN}\n\n{measured}\n\n{END}{after}");
    fs::write(&path, page).with_context(|| path.display().to_string())
}
