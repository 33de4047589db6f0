//! `stoflow compile`: nobody's command but the program's own, by which it starts itself once more to
//! compile a component. Its input and output are that process's.

use std::process::ExitCode;

use clap::Args;

use crate::runtime::{self, Bounds};

#[derive(Debug, Args)]
pub(super) struct Compile {
    /// What it may take of address space
    #[arg(long, value_name = "BYTES")]
    memory_bytes: u64,

    /// What it may take of processors
    #[arg(long, value_name = "SECONDS")]
    processor_seconds: u64,
}

impl Compile {
    /// Before anything of the host: no thread, no file, no setting.
    pub(super) fn run(&self) -> ExitCode {
        let bounds = Bounds {
            memory_bytes: self.memory_bytes,
            processor_seconds: self.processor_seconds,
            ..Bounds::default()
        };
        match runtime::compile(&bounds) {
            Ok(()) => ExitCode::SUCCESS,
            Err(words) => {
                eprintln!("{words}");
                ExitCode::from(runtime::REFUSED)
            }
        }
    }
}
