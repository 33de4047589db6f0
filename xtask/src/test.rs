//! `cargo xtask test`: plugins, guests, then every test of the workspace.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::command::{self, cargo};
use crate::record::{self, Run};
use crate::{paths, plugins, python, rounds};

/// Builds what the tests load and runs them. A long run that passes is kept in
/// `docs/test-record.md`. A filter that no test's name holds is an error: a run of nothing passes.
pub(crate) fn run(long: bool, filter: Option<&str>) -> Result<()> {
    plugins::build()?;
    python::prepare()?;
    let environment = rounds::environment(long);
    for (name, value) in &environment {
        println!("{name}={value}");
    }
    let mut test = cargo(&["test", "--workspace", "--exclude", "stoflow-guests"]);
    test.envs(environment);
    if let Some(filter) = filter {
        test.arg(filter);
    }
    if !long && filter.is_none() {
        return command::run(&mut test);
    }
    if long {
        test.args(["--", "--show-output"]);
    }
    let began = Instant::now();
    let printed = run_and_keep(test)?;
    let took = began.elapsed();
    ensure!(
        record::passed(&printed) > 0,
        "no test has {:?} in its name: nothing was run",
        filter.unwrap_or_default()
    );
    if !long {
        return Ok(());
    }
    record::keep(&Run {
        printed: &printed,
        filter,
        took,
    })
}

/// Lets the test that compares `docs/api.md` write it instead.
pub(crate) fn write_docs() -> Result<()> {
    plugins::build_plugins()?;
    let test = "api_document::the_document_of_the_api_is_what_runs";
    let mut cargo = cargo(&["test", "--package", "stoflow-host", "--test", "host", test]);
    command::run(cargo.env("API_DOCUMENT_WRITE", "1"))
}

/// Runs it, shows what it prints and keeps it, in a file too: a run that fails after an hour has
/// to be read.
fn run_and_keep(mut test: std::process::Command) -> Result<String> {
    let path = paths::target().join("test-long.log");
    let mut log = File::create(&path).with_context(|| path.display().to_string())?;
    let mut child = test.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("it has no output")?;
    let mut printed = String::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        writeln!(log, "{line}")?;
        printed.push_str(&line);
        printed.push('\n');
    }
    let status = child.wait()?;
    ensure!(
        status.success(),
        "a test failed ({status}); all that was printed is in {}",
        path.display()
    );
    Ok(printed)
}
