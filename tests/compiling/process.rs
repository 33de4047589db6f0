//! The process that compiles, seen from outside.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::program;
use crate::child::{kill, needs_linux};
use crate::served;
use crate::stage::target;

const BOUNDS: [&str; 3] = [
    "compile",
    "--memory-bytes=1073741824",
    "--processor-seconds=60",
];

fn within_ten_seconds(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process has the limits of [`BOUNDS`].
fn is_limited(process: u32) -> bool {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).unwrap_or_default();
    let has = |name: &str, most: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name));
        line.is_some_and(|line| line.split_whitespace().next() == Some(most))
    };
    has("Max address space", "1073741824")
        && has("Max cpu time", "60")
        && has("Max core file size", "0")
        && has("Max file size", "0")
        && has("Max open files", "16")
        && fs::read_to_string(format!("/proc/{process}/oom_score_adj")).unwrap() == "1000\n"
}

#[test]
fn it_is_limited_before_it_reads() {
    needs_linux("a process's limits are read through /proc");
    let mut child = Command::new(program())
        .args(BOUNDS)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    within_ten_seconds("it has no limits", || is_limited(child.id()));
    kill(&mut child);
}

#[test]
fn it_ends_with_who_has_started_it() {
    needs_linux("a process's limits are read through /proc");
    let mut parent = Command::new("/bin/sh")
        .args(["-c", "exec 3<&0; \"$0\" \"$@\" <&3 & echo $!; wait"])
        .arg(program())
        .args(BOUNDS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = parent.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let process: u32 = line.trim().parse().unwrap();
    within_ten_seconds("it has no limits", || is_limited(process));
    // Its input stays open, so that it is not the input's end that ends it.
    let input = parent.stdin.take();
    kill(&mut parent);
    let is_gone = || {
        let status = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
        status.map_or(true, |status| status.contains(") Z "))
    };
    within_ten_seconds("it lives on", is_gone);
    drop(input);
}

#[test]
fn what_is_wrong_is_one_line_and_nothing_else_is_written() {
    for component in [
        b"hello".to_vec(),
        Vec::new(),
        wat::parse_str("(module)").unwrap(),
    ] {
        let mut child = Command::new(program())
            .args(BOUNDS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&component).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.len() > 20 && words.lines().count() == 1, "{words:?}");
    }
}

#[test]
fn a_daemon_whose_program_was_removed_still_compiles() {
    needs_linux("elsewhere a program that was replaced is the new one");
    let folder = tempfile::tempdir_in(target()).unwrap();
    let (program, data) = (folder.path().join("stoflow"), folder.path().join("data"));
    fs::hard_link(super::program(), &program).unwrap();
    let mut daemon = Command::new(&program)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("STOFLOW_DATA_DIR", &data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = daemon.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    assert!(line.starts_with("Listening"), "{line}");
    fs::remove_file(&program).unwrap();
    let guest = target().join("guests/constant.wasm");
    let install = ["plugin", "install", guest.to_str().unwrap()];
    let output = served::command(&data, &install).output().unwrap();
    kill(&mut daemon);
    assert!(output.status.success(), "{output:?}");
    let compiled = fs::read_dir(data.join("compiled")).unwrap();
    assert_eq!(compiled.count(), 1);
}
