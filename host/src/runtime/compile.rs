//! What the process does that compiles: it limits itself before it reads a byte, so that a component
//! made to cost much costs this process its life and nobody anything else.

use std::io::{self, Read as _, Write as _};

use rustix::process::{Resource, Rlimit, nice, setrlimit};

use super::compiler::Bounds;
use super::engine;
use super::limits::COMPONENT_BYTES_MAX;
use crate::secret;

/// The exit code of a component that does not compile. A panic has another one.
pub const REFUSED: u8 = 1;

/// Behind everything else that the machine has to do.
const NICENESS: i32 = 10;

/// Its three pipes, and what a library opens to count processors.
const FILES_MAX: u64 = 16;

/// Compiles the component that comes by stdin and writes the code to stdout.
///
/// # Errors
/// Why there is none, in the compiler's words.
pub fn compile(bounds: &Bounds) -> Result<(), String> {
    limit(bounds).map_err(|error| format!("the compiler cannot limit itself: {error}"))?;
    let mut component = Vec::new();
    let read = io::stdin()
        .lock()
        .take(COMPONENT_BYTES_MAX as u64)
        .read_to_end(&mut component);
    read.map_err(|error| format!("the component cannot be read: {error}"))?;
    let code = engine::compiling().and_then(|engine| engine.precompile_component(&component));
    let code = code.map_err(|error| reason(&error))?;
    let mut out = io::stdout().lock();
    let written = out.write_all(&code).and_then(|()| out.flush());
    written.map_err(|error| format!("the code cannot be written: {error}"))
}

/// Why a component does not compile, in one line.
pub(super) fn reason(error: &wasmtime::Error) -> String {
    one_line(&format!("{error:#}"))
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn limit(bounds: &Bounds) -> io::Result<()> {
    let at_most = |resource, most| {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit).map_err(io::Error::from)
    };
    // Who waits for the code may be killed.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // Where the machine has no memory left, this process goes, whatever it has taken.
    #[cfg(target_os = "linux")]
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    secret::refuse_dumps();
    // Elsewhere much address space says little of memory.
    #[cfg(target_os = "linux")]
    at_most(Resource::As, bounds.memory_bytes)?;
    // The signal that says so, and a second later the one that cannot be ignored.
    let processor = Rlimit {
        current: Some(bounds.processor_seconds),
        maximum: Some(bounds.processor_seconds.saturating_add(1)),
    };
    setrlimit(Resource::Cpu, processor)?;
    at_most(Resource::Fsize, 0)?;
    at_most(Resource::Nofile, FILES_MAX)?;
    // A machine that lets nobody be nicer compiles all the same.
    let _ = nice(NICENESS);
    Ok(())
}
