//! `cargo xtask bench`: what a call costs, beside the same work written natively, all in one run.
//!
//! Ratios are of medians taken in turns, so that a machine which is busy for a while slows both sides.
//! The table goes to stdout as Markdown, everything else to stderr.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on stops, and says where"
)]
#![expect(unreachable_pub, reason = "one binary: its modules share by pub")]

mod call;
mod convert;
mod page;
mod rest;
#[expect(
    dead_code,
    reason = "shared with the benchmark over TCP, which needs more of it"
)]
mod samples;
mod shop;
mod start;
mod table;

#[path = "../../tests/market.rs"]
#[expect(dead_code, reason = "shared with the tests, which need more of it")]
mod market;
#[path = "../../tests/stage.rs"]
#[expect(dead_code, reason = "shared with the tests, which need more of it")]
mod stage;

use std::alloc::System;

use table::Table;
use zeroizing_alloc::ZeroAlloc;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() {
    // The tests' browser is a plain client, which wants a provider even where it needs none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // As the daemon has it: handlers run on the workers of a runtime, not on the main thread.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut table = Table::default();
    table = runtime.block_on(async move {
        tokio::spawn(async move {
            call::run(&mut table).await;
            page::run(&mut table).await;
            table
        })
        .await
        .unwrap()
    });
    drop(runtime);
    start::run(&mut table);
    table.print();
}
