//! The project's own commands.

mod spec;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

/// The table that the sandbox is compiled with.
const OPERATIONS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../sandbox/etsy-operations.json"
);

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Extract the sandbox's table of operations from Etsy's OpenAPI document
    Spec {
        /// Etsy's OpenAPI document (JSON)
        file: PathBuf,
        /// Only say what differs between the document and the table
        #[arg(long)]
        diff: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Spec { file, diff } => spec::run(&file, diff, Path::new(OPERATIONS)),
    }
}
