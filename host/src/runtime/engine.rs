//! The one engine of the process: every wasm feature that a plugin does not need is off, because
//! most advisories of wasmtime's 48 line concern those; calls take their memory from a pool, so
//! that all plugins together have a hard cap.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

use super::limits::{
    CALLS_MAX, INSTANCES_MAX, MEMORIES_MAX, MEMORY_BYTES_MAX, STACK_BYTES, TABLE_ELEMENTS_MAX,
    TABLES_MAX, TICK, WASM_STACK_BYTES,
};

/// The bookkeeping of one instance; a component of a hundred functions takes about 10 KiB.
const INSTANCE_BYTES_MAX: usize = 1 << 20;

/// How much of a stack keeps its pages for the next call, which then does not wait for each of them
/// again. A page of listings uses less.
const RESIDENT_STACK_BYTES: usize = 32 << 10;

/// The same of a table: more than a plugin of some thousand functions has.
const RESIDENT_TABLE_BYTES: usize = 64 << 10;

/// The same of a memory. A page of listings uses more than twice as much; with all of it, sixteen calls
/// at a time would keep ten megabytes more for a twentieth of the time.
const RESIDENT_MEMORY_BYTES: usize = 448 << 10;

/// Builds the engine.
pub(super) fn engine() -> Result<Engine> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    Engine::new(&config)
}

/// An engine whose code the engine takes, and that runs none itself: it has no pool.
pub(super) fn compiling() -> Result<Engine> {
    Engine::new(&config())
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // The component model's own concurrency, and with it its asynchronous ABI.
        .concurrency_support(false)
        .wasm_gc(false)
        .gc_support(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(STACK_BYTES)
        // A stack that one account's call used is clean before the next has it.
        .async_stack_zeroing(true);
    config
}

/// The pool has room for the most that every call may have: calls of a plugin that takes all it
/// may leave as much to the others.
fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(CALLS_MAX)
        .total_core_instances(CALLS_MAX * INSTANCES_MAX)
        .total_memories(CALLS_MAX * MEMORIES_MAX)
        .total_tables(CALLS_MAX * TABLES_MAX)
        .total_stacks(CALLS_MAX)
        .max_core_instances_per_component(INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_component_instance_size(INSTANCE_BYTES_MAX)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        // Nothing stays in a place that another account's call gets next: what keeps its pages is
        // overwritten, and the system takes the rest back.
        .table_keep_resident(RESIDENT_TABLE_BYTES)
        .async_stack_keep_resident(RESIDENT_STACK_BYTES);
    // Where the system says which pages were written (Linux 6.7), only those are overwritten.
    // Otherwise it would be all of them, after a call that used none.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(RESIDENT_MEMORY_BYTES);
    }
    pool
}

/// Moves the engine's epoch on, from a thread of its own: a busy executor cannot delay it.
#[derive(Debug)]
pub(super) struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, engine) = (Arc::clone(&stop), engine.clone());
        let thread = thread::Builder::new().name("epoch".into()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                // Not a sleep: the end of the process does not wait for a tick.
                thread::park_timeout(TICK);
                engine.increment_epoch();
            }
        })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A thread that only sleeps and counts does not panic.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    use super::*;

    #[test]
    fn what_compiles_makes_code_for_what_runs() {
        let [compiles, runs] = [compiling(), engine()].map(|engine| {
            let mut hasher = DefaultHasher::new();
            let engine = engine.unwrap();
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        });
        assert_eq!(compiles, runs);
    }
}
