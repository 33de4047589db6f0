//! The program `stoflow`: parses, runs, and turns an error into an exit code.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: libraries copy a token on its way into a header, a form, a buffer, and know
/// nothing of [`Secret`](stoflow_host::secret::Secret).
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    stoflow_host::cli::main()
}
