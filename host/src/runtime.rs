//! The only door to WebAssembly: one engine, components linked once, a fresh instance for each
//! call, with a bound on everything it can use.
//!
//! What lives as long as the process (engine, linker, pool, compiled code) is here; what lives for
//! one call is in `state` and is thrown away with it. An instance is never used twice, so no byte
//! passes from one account to another.

mod assets;
mod bindings;
mod cache;
mod call;
mod compile;
mod compiler;
mod context;
mod engine;
mod fetch;
mod http;
mod journal;
pub mod limits;
mod linked;
mod log;
mod spool;
mod state;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

pub use assets::{ASSET_BYTES_MAX, Assets};
pub use cache::{CacheError, CodeKey};
pub use call::{Call, CallError, Finished, Outcome, Phases, TimeLimit};
pub use compile::{REFUSED, compile};
pub use compiler::{Bounds, Compiler, CompilerError};
pub use context::Subject;
pub use journal::Journal;
pub use limits::LimitReached;
pub use linked::{Digest, LinkedPlugin, LoadError};
pub use spool::{Spool, SpoolError};
pub use state::Doors;

use cache::Cache;
use engine::Ticker;
use state::CallState;

/// What a plugin reports of an operation, for whoever waits.
#[derive(Debug, Clone)]
pub struct Progress {
    /// What is being done now.
    pub step: String,
    /// Steps that are done.
    pub done: u32,
    /// Steps in all, as far as the plugin knows.
    pub total: u32,
    /// When it was reported.
    pub at: Instant,
}

/// The engine with all that lives as long as the process.
pub struct Runtime {
    engine: Engine,
    linker: Linker<CallState>,
    cache: Option<Cache>,
    compiler: Option<Compiler>,
    /// One component is compiled at a time: several could take the whole machine.
    compiling: Mutex<()>,
    stop_compiling: AtomicBool,
    slots: Semaphore,
    _ticker: Ticker,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("free_slots", &self.slots.available_permits())
            .finish_non_exhaustive()
    }
}

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The machine does not give what the pool needs, such as address space.
    #[error("the WebAssembly engine cannot start: {0:#}")]
    Engine(wasmtime::Error),
    /// No thread for the epoch.
    #[error("the WebAssembly engine cannot start its clock: {0}")]
    Thread(#[from] std::io::Error),
    /// The place for compiled code is not fit.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Runtime {
    /// Builds the engine; compiled code is kept in the directory that is given, authenticated with
    /// the key, where there is one. Without a compiler, this process compiles.
    pub fn new(
        cache: Option<(&Path, Option<CodeKey>)>,
        compiler: Option<Compiler>,
    ) -> Result<Self, RuntimeError> {
        let engine = engine::engine().map_err(RuntimeError::Engine)?;
        let linker = linker(&engine).map_err(RuntimeError::Engine)?;
        let cache = cache
            .map(|(directory, key)| Cache::open(directory, key, &engine))
            .transpose()?;
        let ticker = Ticker::start(&engine)?;
        let slots = Semaphore::new(limits::CALLS_MAX as usize);
        Ok(Self {
            engine,
            linker,
            cache,
            compiler,
            compiling: Mutex::default(),
            stop_compiling: AtomicBool::new(false),
            slots,
            _ticker: ticker,
        })
    }
}

/// All that a plugin may import. A component that imports anything else is refused before it is
/// linked, by name.
fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    use bindings::stoflow::marketplace;

    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    marketplace::context::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    marketplace::journal::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    marketplace::assets::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    Ok(linker)
}
