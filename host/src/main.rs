//! The program `stoflow`: parses, runs, and turns an error into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    stoflow_host::cli::main()
}
