//! What one call of a plugin may use, each bound with its reason, and the limiter that sums memory
//! and tables over everything in the call's store: wasmtime's own limits are per memory.

use std::time::Duration;

use wasmtime::{Error, ResourceLimiter, Result};

/// How often the epoch moves on. A call yields to others at each tick.
pub const TICK: Duration = Duration::from_millis(10);

/// Ticks of computing after which a call is stopped: 2 s. A wait for the host counts as one.
pub const TICKS_MAX: u32 = 200;

/// How long a call waits for a place to run in.
pub const SLOT_TIME: Duration = Duration::from_secs(30);

/// Linear memory of one call, all memories together. A JavaScript plugin was seen to stay inside.
pub const MEMORY_BYTES_MAX: usize = 64 << 20;

/// Elements of all tables of one call.
pub const TABLE_ELEMENTS_MAX: usize = 20_000;

/// Core instances of one call: a component of several adapters has about ten.
pub const INSTANCES_MAX: u32 = 64;

/// Tables of one call.
pub const TABLES_MAX: u32 = 32;

/// Linear memories of one call.
pub const MEMORIES_MAX: u32 = 8;

/// What one host call, and the reply itself, may make the host allocate, in bytes. A page of 100
/// listings with descriptions of 100 KB each needs 11 MiB as dynamic values; wasmtime's default of
/// 128 MiB is per call of the host, so that a few could exhaust it.
pub const HOSTCALL_FUEL: usize = 16 << 20;

/// Handles of resources that the component's own tables may hold.
pub const HANDLES_MAX: usize = 2_000;

/// Resources that the host keeps for one call. Each may be a running request.
pub const RESOURCES_MAX: usize = 512;

/// Headers of one message of `wasi:http`, as they lie in memory.
pub const HEADER_BYTES_MAX: usize = 32 << 10;

/// Random bytes asked for at once.
pub const RANDOM_BYTES_MAX: u64 = 64 << 10;

/// One write into a request's body.
pub const BODY_CHUNK_BYTES_MAX: usize = 64 << 10;

/// Pictures fetched by URL for one call. A marketplace takes 20 or so for a product.
pub const FETCHES_MAX: u32 = 200;

/// After so many bytes fetched nothing more is fetched for the call: as much as may be given with it.
pub const FETCHED_BYTES_MAX: u64 = 512 << 20;

/// Calls that run at once: as many as the pool has places.
pub const CALLS_MAX: u32 = 32;

/// A component file. A JavaScript plugin has 15 MiB, a Python one more.
pub const COMPONENT_BYTES_MAX: usize = 64 << 20;

/// Wasm stack of a call.
pub const WASM_STACK_BYTES: usize = 512 << 10;

/// Native stack of a call; the host has the difference.
pub const STACK_BYTES: usize = 2 << 20;

/// By which words wasmtime says that a limit of ours was reached, where it has no type for it.
pub(super) const WASMTIME_TEXTS: [(&str, &str, &str); 5] = [
    (
        "resource table has no free keys",
        "resources of the host",
        "512",
    ),
    ("store handle limit exceeded", "handles", "2000"),
    (
        "fuel allocated for hostcalls",
        "data handed over at once",
        "16 MiB",
    ),
    ("total size of fields exceeds limit", "headers", "32 KiB"),
    ("exceeds limit 65536", "random bytes at once", "64 KiB"),
];

/// Sums what a call's store takes and refuses what goes beyond; says what was refused.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    memory_bytes: usize,
    table_elements: usize,
}

/// A limit that a call ran into; ends the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plugin wanted more than it may have: {what}, at most {most}")]
pub struct LimitReached {
    /// Of what.
    pub what: &'static str,
    /// How much there is, with its unit.
    pub most: String,
}

impl LimitReached {
    pub(super) fn new(what: &'static str, most: impl Into<String>) -> Self {
        Self {
            what,
            most: most.into(),
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let grown = desired.saturating_sub(current);
        let total = self.memory_bytes.saturating_add(grown);
        if total > MEMORY_BYTES_MAX {
            let most = format!("{} MiB", MEMORY_BYTES_MAX >> 20);
            return Err(Error::new(LimitReached::new("memory", most)));
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let grown = desired.saturating_sub(current);
        let total = self.table_elements.saturating_add(grown);
        if total > TABLE_ELEMENTS_MAX {
            let most = format!("{TABLE_ELEMENTS_MAX} elements");
            return Err(Error::new(LimitReached::new("tables", most)));
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX as usize
    }

    fn tables(&self) -> usize {
        TABLES_MAX as usize
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_summed_over_all_memories() {
        let mut limiter = Limiter::default();
        let half = MEMORY_BYTES_MAX / 2;
        assert!(limiter.memory_growing(0, half, None).unwrap());
        assert!(limiter.memory_growing(0, half, None).unwrap());
        let refused = limiter.memory_growing(half, half + 1, None).unwrap_err();
        assert_eq!(
            refused.downcast_ref::<LimitReached>().unwrap().what,
            "memory"
        );
    }

    #[test]
    fn table_elements_are_summed_over_all_tables() {
        let mut limiter = Limiter::default();
        assert!(limiter.table_growing(0, TABLE_ELEMENTS_MAX, None).unwrap());
        assert!(limiter.table_growing(0, 1, None).is_err());
    }
}
