//! The program `stoflow`: parses, runs, and turns an error into an exit code.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: libraries copy a token on its way into a header, a form, a buffer, and know
/// nothing of [`Secret`](stoflow_host::secret::Secret).
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    share_arenas();
    stoflow_host::cli::main()
}

/// Threads share two arenas of the C library's: by itself it makes one for nearly every thread, each
/// of which keeps what it once had (docs/benchmarks.md).
#[cfg(target_env = "gnu")]
fn share_arenas() {
    const ARENAS: libc::c_int = 2;
    // SAFETY: no other thread runs yet, and any number is allowed. Where it is refused, all is as before.
    #[expect(unsafe_code, reason = "a setting of the C library")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS);
    }
}

#[cfg(not(target_env = "gnu"))]
fn share_arenas() {}
