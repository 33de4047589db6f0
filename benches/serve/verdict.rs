//! What came of the race, as Markdown.

use crate::race::{CONNECTIONS, Finish};

/// What is promised and aimed for: of the host, beside another, at least or at most so many times.
struct Bar {
    what: &'static str,
    ratio: f64,
    promised: f64,
    aimed: Option<f64>,
    /// Whether more is better.
    more: bool,
}

/// Prints what each took, then the ratios. The runners are the host, the native route, FastAPI.
pub fn print(finishes: &[Finish]) {
    println!(
        "A page of 100 listings over TCP, {CONNECTIONS} connections; memory is the most that the process ever had, and \
         what it had at the end.\n"
    );
    println!("| server | requests per second | p50 | p99 | processor time each | memory |");
    println!("|---|---|---|---|---|---|");
    for finish in finishes {
        println!("{}", row(finish));
    }
    println!("\n| `stoflow serve`, beside | ratio | promised | aimed for |\n|---|---|---|---|");
    let [host, native, fastapi, ..] = finishes else {
        panic!("three run");
    };
    let memory = |finish: &Finish| finish.peak_bytes as f64;
    for bar in [
        Bar {
            what: "a native route's requests per second",
            ratio: host.rate() / native.rate(),
            promised: 0.5,
            aimed: Some(0.7),
            more: true,
        },
        Bar {
            what: "FastAPI's requests per second",
            ratio: host.rate() / fastapi.rate(),
            promised: 15.0,
            aimed: None,
            more: true,
        },
        Bar {
            what: "FastAPI's memory at its most",
            ratio: memory(host) / memory(fastapi),
            promised: 1.0,
            aimed: None,
            more: false,
        },
    ] {
        println!("{}", bar.row());
    }
}

fn row(finish: &Finish) -> String {
    let millis = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    format!(
        "| {} | {:.0} | {:.1} ms | {:.1} ms | {:.2} ms | {:.0} MB, {:.0} MB |",
        finish.name,
        finish.rate(),
        millis(finish.took.median()),
        millis(finish.took.p99()),
        millis(finish.cpu_each()),
        megabytes(finish.peak_bytes),
        megabytes(finish.bytes),
    )
}

impl Bar {
    fn row(&self) -> String {
        let verdict = |number: f64| {
            let is_reached = if self.more {
                self.ratio >= number
            } else {
                self.ratio <= number
            };
            let sign = if self.more { "≥" } else { "≤" };
            let said = if is_reached { "reached" } else { "not reached" };
            format!("{sign} {number} ×: {said}")
        };
        let (promised, aimed) = (verdict(self.promised), self.aimed.map(verdict));
        format!(
            "| {} | {:.2} × | {promised} | {} |",
            self.what,
            self.ratio,
            aimed.unwrap_or_default()
        )
    }
}
