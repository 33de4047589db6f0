//! From the start of the process to the end of its first result: `stoflow call`, as a person types it,
//! on data that are there and with compiled code in the cache.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::samples::Samples;
use crate::stage::target;
use crate::table::{Bars, Table, Unit};

const RUNS: usize = 60;
const WARM_UP: usize = 5;

pub fn run(table: &mut Table) {
    eprintln!("stoflow call, {RUNS} times");
    // On the disk that is built on: where `/tmp` is memory, a sync would cost nothing.
    let data = tempfile::tempdir_in(target()).unwrap();
    let constant = target().join("guests/constant.wasm");
    let constant = constant.to_str().unwrap();
    stoflow(
        data.path(),
        &["plugin", "install", constant, "--grant", "asked"],
    );
    let (mut results, mut versions) = (Samples::default(), Samples::default());
    for round in 0..WARM_UP + RUNS {
        if round == WARM_UP {
            (results, versions) = Default::default();
        }
        let began = Instant::now();
        let reply = stoflow(
            data.path(),
            &["call", "constant", "listings", "list", "--json"],
        );
        results.add(began.elapsed());
        assert!(reply.contains("Stoneware mug"), "{reply}");
        let began = Instant::now();
        stoflow(data.path(), &["--version"]);
        versions.add(began.elapsed());
    }
    let bars = Bars {
        bar: 60.0,
        mark: 40.0,
    };
    let what = "`stoflow call` from start to end, compiled code cached";
    table.time(what, &results, Unit::Millis, Some(bars));
    table.part(
        "`stoflow call`",
        "a process that only says its version",
        versions.median(),
    );
}

/// The program as `cargo build --release` leaves it.
fn program() -> PathBuf {
    target().join("release/stoflow")
}

/// Runs it to its end; what it printed.
fn stoflow(data: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program())
        .args(arguments)
        .env_clear()
        .env("STOFLOW_DATA_DIR", data)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}
