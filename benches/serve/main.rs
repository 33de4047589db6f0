//! `cargo xtask bench`, second part: a page of a hundred listings over TCP, from `stoflow serve`, from a
//! native route and from a FastAPI service, in turns.
//!
//! Each is a process of its own that asks the same marketplace for the same page and answers the same;
//! both is looked at before anything is measured. This binary is also the native one: it has the system's
//! allocator, as a program without secrets to wipe would have it. The tables go to stdout as Markdown,
//! everything else to stderr.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on stops, and says where"
)]
#![expect(unreachable_pub, reason = "one binary: its modules share by pub")]

mod marketplace;
mod native;
mod race;
mod runners;
mod server;
mod verdict;

#[path = "../../tests/clients.rs"]
mod clients;
#[path = "../../tests/market.rs"]
#[expect(dead_code, reason = "shared with the tests, which need more of it")]
mod market;
#[path = "../host/samples.rs"]
#[expect(dead_code, reason = "shared with the benchmark in process")]
mod samples;
#[path = "../host/shop.rs"]
mod shop;
#[path = "../../tests/stage.rs"]
#[expect(dead_code, reason = "shared with the tests, which need more of it")]
mod stage;

fn main() {
    // The tests' browser is a plain client, which wants a provider even where it needs none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(address) = native::asked_for() {
        return native::serve(address);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let course = runtime.block_on(async { tokio::spawn(runners::prepare()).await.unwrap() });
    // Its threads would take the servers' place.
    drop(runtime);
    verdict::print(&race::run(course));
}
