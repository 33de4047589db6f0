//! `cargo xtask bench`: builds everything in the release profile, measures, prints the tables, and with
//! `--write` puts them into `docs/benchmarks.md` with the machine they were measured on.

use std::fs;
use std::process::{Command, Stdio};

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
    python()?;
    let (in_process, served) = (bench("host")?, bench("serve")?);
    let machine = machine::describe()?;
    let measured = format!(
        "Measured {machine}, release profile.\n\n{}\n\n{}",
        in_process.trim(),
        served.trim()
    );
    println!("{measured}");
    if write {
        put(&measured)?;
    }
    Ok(())
}

/// Measures; what it printed.
fn bench(name: &str) -> Result<String> {
    let mut bench = cargo(&["bench", "--quiet", "--package", "stoflow-benches"]);
    output(bench.args(["--bench", name]).stderr(Stdio::inherit()))
}

/// Installs the service in Python that the host is measured beside, in a place of its own.
fn python() -> Result<()> {
    let place = paths::target().join("fastapi");
    if !place.join("bin/pip").exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&place))
            .context("the service in Python needs Python 3.10 or newer with venv")?;
    }
    let wanted = paths::root().join("benches/fastapi/requirements.txt");
    let mut install = Command::new(place.join("bin/pip"));
    run(install
        .args(["install", "--quiet", "--requirement"])
        .arg(&wanted))
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
