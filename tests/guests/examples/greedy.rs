//! Wants more than it may have: `listings.get` with what it wants more of.

use stoflow_plugin_sdk::plugin::{self, Description};
use stoflow_plugin_sdk::types::{Error, Listing};
use stoflow_plugin_sdk::{Listings, Plugin, export};
use wasip2::http::types::Fields;

struct Greedy;

impl Plugin for Greedy {
    fn describe() -> Description {
        plugin::describe("greedy", "Greedy", "0.1.0")
    }
}

impl Listings for Greedy {
    fn get(id: String) -> Result<Listing, Error> {
        match id.as_str() {
            "memory" => memory(),
            "log" => log(),
            "empty-writes" => empty_writes(),
            "recursion" => recursion(),
            "stack" => stack(),
            "handles" => handles(),
            "random" => random(),
            "headers" => headers(),
            "sleep" => sleep(),
            "reply" => return Err(Error::NotFound("x".repeat(40 << 20))),
            // Each byte is six in JSON.
            "escapes" => return Err(Error::NotFound("\u{1}".repeat(8 << 20))),
            other => return Err(Error::NotFound(other.into())),
        }
        Err(Error::Unexpected("nothing stopped it".into()))
    }
}

fn memory() {
    let mut kept = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

/// 50,000 lines, one of a megabyte, and what would steer a terminal.
fn log() {
    for line in 0..50_000 {
        eprintln!("line {line}");
    }
    eprintln!("{}", "x".repeat(1 << 20));
    eprintln!("\x1b[2J\x1b[31mforged\r");
}

/// Each would have grown a queue of the host by one entry.
fn empty_writes() {
    let stderr = wasip2::cli::stderr::get_stderr();
    for _ in 0..100_000 {
        let _ = stderr.write(&[]);
    }
}

fn recursion() {
    fn deeper(depth: u64) -> u64 {
        let frame = std::hint::black_box([depth; 64]);
        if depth == u64::MAX {
            0
        } else {
            deeper(depth + 1) + frame[0]
        }
    }
    std::hint::black_box(deeper(0));
}

/// Deep in frames that take little of the linear memory: WebAssembly's own stack ends first.
fn stack() {
    #[inline(never)]
    fn deeper(depth: u64) -> u64 {
        if std::hint::black_box(depth) == u64::MAX {
            return 0;
        }
        deeper(depth + 1).rotate_left(7) ^ depth
    }
    std::hint::black_box(deeper(0));
}

fn handles() {
    let mut kept = Vec::new();
    loop {
        kept.push(Fields::new());
    }
}

fn random() {
    std::hint::black_box(wasip2::random::random::get_random_bytes(1 << 30));
}

fn headers() {
    let fields = Fields::new();
    let value = vec![b'x'; 1024];
    while fields.append("x-header", &value).is_ok() {}
    panic!("the headers are full");
}

fn sleep() {
    // Without an end of line: the host has it in hand when the call is stopped.
    eprint!("going to sleep");
    wasip2::clocks::monotonic_clock::subscribe_duration(u64::MAX).block();
}

export!(Greedy: Listings);
