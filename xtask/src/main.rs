//! The project's own commands: `cargo xtask plugins`, `python`, `test`, `check`, `demo`, `bench`, `spec`.

mod bench;
mod check;
mod command;
mod demo;
mod machine;
mod paths;
mod plugins;
mod python;
mod record;
mod rounds;
mod spec;
mod test;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds the plugins and the tests' guests for wasm32-wasip2
    Plugins,
    /// Makes the Python environment of the tests below target/, from PyPI
    Python,
    /// Builds everything and runs all tests
    Test {
        /// Takes the long column of the rounds, and keeps the output in docs/test-record.md
        #[arg(long)]
        long: bool,
        /// Runs the tests whose names hold this only
        filter: Option<String>,
    },
    /// Shows the whole path on this machine: sandbox, plugin, consent, publication
    Demo {
        /// Leaves the sandbox and the data there, and says what to try
        #[arg(long)]
        keep: bool,
    },
    /// Measures calls, a page of listings and the start of a command, in the release profile
    Bench {
        /// Puts the table into docs/benchmarks.md
        #[arg(long)]
        write: bool,
    },
    /// Writes docs/api.md anew from what runs
    Docs,
    /// Format, lints, docs, licences
    Check,
    /// Extracts the sandbox's table of operations from Etsy's OpenAPI document
    Spec {
        /// Etsy's OpenAPI document (JSON)
        file: PathBuf,
        /// Only says what differs between the document and the table; exits with 1 where something does
        #[arg(long)]
        diff: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Plugins => plugins::build()?,
        Command::Python => python::prepare()?,
        Command::Test { long, filter } => test::run(long, filter.as_deref())?,
        Command::Demo { keep } => demo::run(keep)?,
        Command::Bench { write } => bench::run_all(write)?,
        Command::Docs => test::write_docs()?,
        Command::Check => check::run()?,
        Command::Spec { file, diff } => {
            let table = paths::root().join("sandbox/etsy-operations.json");
            if !diff {
                spec::write(&file, &table)?;
            } else if spec::diff(&file, &table)? > 0 {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
