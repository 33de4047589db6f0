//! Compiling a component, in a process of its own: the compiler is by far what takes most for bytes
//! that a stranger wrote. What it takes is bounded by the system, is given back when the process
//! ends, and a compiler that crashes is one plugin that is refused, not the end of the host.
//!
//! The process is this program once more, without its environment and its files: it reads the component
//! from its input and writes the code to its output. Its limits are against cost. They are no wall
//! around a compiler that was taken over: its code is run here.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::cache::ENTRY_BYTES_MAX;
use super::compile::{REFUSED, one_line};
use super::linked::LoadError;

/// What is read of a compiler's words. The reason is one line.
const WORDS_BYTES_MAX: u64 = 4 << 10;

/// How often it is looked whether the compiler has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Threads that compile: more of them have no room in the memory that there is.
const THREADS_MAX: usize = 4;

/// By which words Rust's own library ends a process that gets no memory.
const NO_MEMORY: &str = "memory allocation of";

/// The program that compiles. What it writes is run, so it is trusted as this program itself.
#[derive(Debug, Clone)]
pub struct Compiler {
    /// Where it is; it is started with the word `compile`.
    pub program: PathBuf,
    /// What it may take for one component.
    pub bounds: Bounds,
}

/// What compiling one component may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Of address space, in bytes.
    pub memory_bytes: u64,
    /// Of processors, all together.
    pub processor_seconds: u64,
    /// From start to end, on a machine that has other things to do.
    pub time: Duration,
    /// What may come of it, in bytes.
    pub code_bytes: u64,
}

impl Default for Bounds {
    /// Etsy's plugin, of 1.4 MB, takes 1.5 s of a processor and 0.3 GiB of address space; a component
    /// of 57 MB that is all code takes 60 s and 2 GiB.
    fn default() -> Self {
        Self {
            memory_bytes: 4 << 30,
            processor_seconds: 60,
            time: Duration::from_secs(120),
            code_bytes: ENTRY_BYTES_MAX,
        }
    }
}

/// Why there is no code, for which the component cannot be blamed.
#[derive(Debug, thiserror::Error)]
pub enum CompilerError {
    /// No process of it can be started or spoken to.
    #[error("the compiler {program} cannot be run: {source}")]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody ended it, such as a system that is short of memory.
    #[error("the compiler was ended by somebody else ({0}); try again")]
    Killed(ExitStatus),
    /// Nobody waits for the code any more.
    #[error("the host is being stopped")]
    Stopped,
    /// What it wrote cannot be loaded.
    #[error("what the compiler wrote is no code that runs here: {0:#}")]
    Code(wasmtime::Error),
}

impl Compiler {
    /// This program itself: the very version that runs, whatever lies in its place by now.
    pub fn own() -> Self {
        let linux = PathBuf::from("/proc/self/exe");
        let program = if cfg!(target_os = "linux") {
            linux
        } else {
            // One that is not known is not started, and said.
            std::env::current_exe().unwrap_or(linux)
        };
        Self {
            program,
            bounds: Bounds::default(),
        }
    }

    /// The code of a component. Blocks until the process has ended, and ends it when its time is up
    /// or `stop` is set.
    pub(super) fn compile(
        &self,
        component: &[u8],
        stop: &AtomicBool,
    ) -> Result<Vec<u8>, LoadError> {
        let ended = self
            .run(component, stop)
            .map_err(|source| CompilerError::Start {
                program: self.program.clone(),
                source,
            })?;
        match ended.status {
            None if stop.load(Ordering::Acquire) => Err(CompilerError::Stopped.into()),
            None => Err(costly("time", self.bounds.time.as_secs(), "s")),
            Some(_) if ended.code.len() as u64 > self.bounds.code_bytes => {
                Err(costly("code", self.bounds.code_bytes >> 20, "MiB"))
            }
            Some(status) if status.success() => Ok(ended.code),
            Some(status) => Err(self.failed(status, ended.words)),
        }
    }

    /// Why a process that ended by itself has made no code.
    fn failed(&self, status: ExitStatus, words: String) -> LoadError {
        if status.code() == Some(i32::from(REFUSED)) && !words.is_empty() {
            return LoadError::Compile(words);
        }
        let ended_by = |signal: Signal| status.signal() == Some(signal.as_raw());
        if ended_by(Signal::XCPU) {
            return costly("processor time", self.bounds.processor_seconds, "s");
        }
        if words.contains(NO_MEMORY) {
            return costly("memory", self.bounds.memory_bytes >> 20, "MiB");
        }
        if [Signal::KILL, Signal::TERM, Signal::INT]
            .into_iter()
            .any(ended_by)
        {
            return CompilerError::Killed(status).into();
        }
        LoadError::Compile(format!("the compiler failed ({status}): {words}"))
    }

    /// Starts the process, hands it the component, and takes what it has to say.
    fn run(&self, component: &[u8], stop: &AtomicBool) -> io::Result<Ended> {
        thread::scope(|scope| {
            // In here, so that it is ended before the threads that speak to it are waited for.
            let mut running = Running(self.command().spawn()?);
            let child = &mut running.0;
            let (input, output, errors) =
                (child.stdin.take(), child.stdout.take(), child.stderr.take());
            thread::Builder::new().spawn_scoped(scope, move || {
                // Who reads no more has failed, and says why.
                input.map(|mut input| input.write_all(component))
            })?;
            let most = self.bounds.code_bytes;
            let code =
                thread::Builder::new().spawn_scoped(scope, move || read_code(output, most))?;
            let words = thread::Builder::new().spawn_scoped(scope, move || read_words(errors))?;
            let status = running.wait(self.bounds.time, stop)?;
            Ok(Ended {
                status,
                code: joined(code)??,
                words: joined(words)?,
            })
        })
    }

    fn command(&self) -> Command {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let mut command = Command::new(&self.program);
        command
            .arg0("stoflow")
            .arg("compile")
            .arg(format!("--memory-bytes={}", self.bounds.memory_bytes))
            .arg(format!(
                "--processor-seconds={}",
                self.bounds.processor_seconds
            ))
            // The master key may be in it.
            .env_clear()
            .env("RAYON_NUM_THREADS", cores.min(THREADS_MAX).to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

fn costly(what: &'static str, most: u64, unit: &str) -> LoadError {
    LoadError::TooCostly {
        what,
        most: format!("{most} {unit}"),
    }
}

/// What came of a process.
struct Ended {
    /// `None` where it was ended before its end.
    status: Option<ExitStatus>,
    code: Vec<u8>,
    words: String,
}

/// A process that does not outlive who waits for it.
struct Running(Child);

impl Running {
    /// Waits until it has ended; `None` once its time is up or nobody waits, and then it has ended
    /// too.
    fn wait(mut self, time: Duration, stop: &AtomicBool) -> io::Result<Option<ExitStatus>> {
        let until = Instant::now() + time;
        while Instant::now() < until && !stop.load(Ordering::Acquire) {
            if let Some(status) = self.0.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(None)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both do nothing to one that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One byte more than there may be tells that it is too much.
fn read_code(output: Option<ChildStdout>, most: u64) -> io::Result<Vec<u8>> {
    let mut code = Vec::new();
    if let Some(output) = output {
        output.take(most.saturating_add(1)).read_to_end(&mut code)?;
    }
    Ok(code)
}

/// The words in one line. All is read, so that the process never waits for who listens.
fn read_words(errors: Option<ChildStderr>) -> String {
    let mut words = Vec::new();
    if let Some(mut errors) = errors {
        // What cannot be read was not said.
        let _ = (&mut errors).take(WORDS_BYTES_MAX).read_to_end(&mut words);
        let _ = io::copy(&mut errors, &mut io::sink());
    }
    one_line(&String::from_utf8_lossy(&words))
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> io::Result<T> {
    thread
        .join()
        .map_err(|_| io::Error::other("a thread of it ended by itself"))
}
