//! A plugin is compiled in a process of its own: whatever a component does to the compiler, the host
//! goes on, and says what was wrong.

pub mod bombs;
mod process;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use stoflow_host::api::{Problem, ProblemKind};
use stoflow_host::runtime::{Bounds, Compiler};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::served::Served;
use crate::stage::{Stage, component, rounds};
use bombs::{blocks, branches, functions, with_module};

/// A stage whose components are compiled by a program, and where nothing is compiled yet.
struct Bed {
    stage: Stage,
    folder: TempDir,
}

impl Bed {
    /// By the real program, within these bounds.
    fn within(bounds: Bounds) -> Self {
        Self::of(|_| program(), bounds)
    }

    /// By a script, that is given the real program's path as `$STOFLOW`.
    fn by(script: &str, bounds: Bounds) -> Self {
        let write = |folder: &Path| {
            let (text, path) = (folder.join("script"), folder.join("compiler"));
            let (program, place) = (program(), folder.display());
            let head = format!("#!/bin/sh\nSTOFLOW='{}'\ncd '{place}'\n", program.display());
            fs::write(&text, head + script + "\n").unwrap();
            fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
            // By another process: what this one has open to write, another test's child may have
            // too, and then it is not started.
            let copied = Command::new("cp").arg(&text).arg(&path).status();
            assert!(copied.unwrap().success());
            path
        };
        Self::of(write, bounds)
    }

    fn of(program: impl FnOnce(&Path) -> PathBuf, bounds: Bounds) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = program(folder.path());
        let stage = Stage::with(|options| {
            options.compiled_dir = Some(folder.path().join("compiled"));
            options.compiler = Some(Compiler { program, bounds });
        });
        Self { stage, folder }
    }

    /// The problem that installing a component ends with, which leaves nothing behind.
    async fn refuses(&self, component: Vec<u8>) -> Problem {
        let before = self.stage.get("/api/plugins").await.unwrap();
        let kept = self.kept();
        let problem = self.stage.install_bytes(component).await.unwrap_err();
        assert_eq!(self.stage.get("/api/plugins").await.unwrap(), before);
        assert_eq!(self.kept(), kept, "{problem:?}");
        problem
    }

    /// The same in a task of its own.
    fn refusing(self: &Arc<Self>, component: Vec<u8>) -> JoinHandle<Problem> {
        let bed = Arc::clone(self);
        tokio::spawn(async move { bed.refuses(component).await })
    }

    /// How many components' code is kept.
    fn kept(&self) -> usize {
        fs::read_dir(self.folder.path().join("compiled"))
            .unwrap()
            .count()
    }

    /// What the script has written there; waits for it.
    async fn told(&self, name: &str) -> String {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            match fs::read_to_string(self.folder.path().join(name)) {
                Ok(text) if text.ends_with('\n') => return text,
                _ => assert!(Instant::now() < until, "{name} is not told"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_stoflow"))
}

#[tokio::test]
async fn what_was_compiled_elsewhere_runs_and_is_kept() {
    let bed = Bed::within(Bounds::default());
    bed.stage.install("guests/constant").await.unwrap();
    assert_eq!(bed.kept(), 1);
    bed.stage
        .call("constant", "listings.list", json!({}))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_does_not_compile_is_told_in_the_compilers_words_wherever_it_ran() {
    let here = Stage::new();
    let bed = Bed::within(Bounds::default());
    let cases = [
        ("(module (memory i64 1))", "memory64"),
        ("(module (memory 1) (memory 1))", "multiple memories"),
        ("(module (memory 1 1 shared))", "threads"),
        ("(module (tag))", "exceptions"),
        ("(module (func (result i32) i64.const 1))", "type mismatch"),
    ];
    for (text, words) in cases {
        let bad = with_module(&wat::parse_str(text).unwrap());
        let problem = bed.refuses(bad.clone()).await;
        assert_eq!(problem.kind(), ProblemKind::InvalidPlugin, "{problem:?}");
        assert!(problem.title.contains(words), "{text}: {problem:?}");
        let same = here.install_bytes(bad).await.unwrap_err();
        assert_eq!(problem.title, same.title);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_is_stopped_at_its_limit_while_other_calls_go_on() {
    let seconds = Bounds {
        processor_seconds: 1,
        ..Bounds::default()
    };
    let bytes = Bounds {
        memory_bytes: 256 << 20,
        ..Bounds::default()
    };
    let (time, memory) = ("more processor time than 1 s", "more memory than 256 MiB");
    let rounds = rounds("COMPILE_BOMBS", 1);
    println!("{rounds} rounds of 4 bombs");
    for _ in 0..rounds {
        refuses_beside_calls(seconds, functions(500_000), time).await;
        refuses_beside_calls(seconds, blocks(900_000), time).await;
        refuses_beside_calls(seconds, branches(1_800_000), time).await;
        refuses_beside_calls(bytes, functions(500_000), memory).await;
    }
}

async fn refuses_beside_calls(bounds: Bounds, bomb: Vec<u8>, limit: &str) {
    let bed = Arc::new(Bed::within(bounds));
    bed.stage.install("guests/constant").await.unwrap();
    let installing = bed.refusing(with_module(&bomb));
    let mut calls = 0;
    while !installing.is_finished() {
        let started = Instant::now();
        let call = bed.stage.call("constant", "listings.list", json!({}));
        call.await.unwrap();
        let took = started.elapsed();
        assert!(
            took < Duration::from_secs(2),
            "a call beside it took {took:?}"
        );
        calls += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let problem = installing.await.unwrap();
    assert_eq!(problem.kind(), ProblemKind::InvalidPlugin, "{problem:?}");
    assert!(problem.title.contains(limit), "{problem:?}");
    assert!(calls > 20, "{calls} calls beside it");
}

#[tokio::test]
async fn a_compiler_that_does_not_end_is_ended() {
    let bounds = Bounds {
        time: Duration::from_secs(1),
        ..Bounds::default()
    };
    let bed = Bed::by("echo $$ > pid; exec sleep 600", bounds);
    let problem = bed.refuses(component("guests/constant")).await;
    assert!(problem.title.contains("more time than 1 s"), "{problem:?}");
    let process = format!("/proc/{}", bed.told("pid").await.trim());
    assert!(!Path::new(&process).exists(), "it is still there");
}

#[tokio::test]
async fn a_compiler_that_never_stops_writing_is_cut() {
    let bounds = Bounds {
        code_bytes: 1 << 20,
        ..Bounds::default()
    };
    let bed = Bed::by("exec cat /dev/zero", bounds);
    let problem = bed.refuses(component("guests/constant")).await;
    assert!(
        problem.title.contains("more code than 1 MiB"),
        "{problem:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_that_is_killed_is_no_fault_of_the_plugins_and_the_next_install_works() {
    let script = "echo $$ > pid; exec \"$STOFLOW\" \"$@\"";
    let bed = Arc::new(Bed::by(script, Bounds::default()));
    let installing = bed.refusing(with_module(&functions(500_000)));
    end(&bed.told("pid").await);
    let problem = installing.await.unwrap();
    assert_eq!(problem.kind(), ProblemKind::Internal, "{problem:?}");
    assert!(
        problem.title.contains("ended by somebody else"),
        "{problem:?}"
    );
    bed.stage.install("guests/constant").await.unwrap();
}

#[tokio::test]
async fn what_is_no_code_is_not_loaded() {
    for script in [
        "echo hello",
        "exit 0",
        "head -c 5000 /dev/zero",
        // Code of another component's, cut in half.
        "\"$STOFLOW\" \"$@\" > all; head -c 20000 all",
    ] {
        let bed = Bed::by(script, Bounds::default());
        let problem = bed.refuses(component("guests/constant")).await;
        assert_eq!(
            problem.kind(),
            ProblemKind::Internal,
            "{script}: {problem:?}"
        );
        assert!(
            problem.title.contains("no code that runs here"),
            "{script}: {problem:?}"
        );
    }
}

#[tokio::test]
async fn a_compiler_that_crashes_refuses_that_plugin() {
    for script in ["kill -SEGV $$", "echo it broke >&2; exit 101", "exit 1"] {
        let bed = Bed::by(script, Bounds::default());
        let problem = bed.refuses(component("guests/constant")).await;
        assert_eq!(
            problem.kind(),
            ProblemKind::InvalidPlugin,
            "{script}: {problem:?}"
        );
        assert!(
            problem.title.contains("the compiler failed"),
            "{script}: {problem:?}"
        );
    }
}

#[tokio::test]
async fn a_compiler_that_is_not_there_is_named() {
    let bed = Bed::of(|_| "/nowhere/stoflow".into(), Bounds::default());
    let problem = bed.refuses(component("guests/constant")).await;
    assert_eq!(problem.kind(), ProblemKind::Internal, "{problem:?}");
    assert!(problem.title.contains("/nowhere/stoflow"), "{problem:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_has_nothing_of_the_hosts() {
    crate::child::needs_linux("what a process has is read through /proc");
    let script = "echo $$ > pid; exec sleep 600";
    let bed = Arc::new(Bed::by(script, Bounds::default()));
    let installing = bed.refusing(component("guests/constant"));
    let id = bed.told("pid").await;
    let process = Path::new("/proc").join(id.trim());
    while fs::read_to_string(process.join("comm")).unwrap() != "sleep\n" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let variables = fs::read_to_string(process.join("environ")).unwrap();
    // What a shell sets itself, and one of ours.
    let known = ["PWD", "OLDPWD", "SHLVL", "_", "RAYON_NUM_THREADS"];
    for variable in variables.split_terminator('\0') {
        let name = variable.split('=').next().unwrap();
        assert!(known.contains(&name), "{variable}");
    }
    let files = fs::read_dir(process.join("fd")).unwrap();
    let files = files.map(|file| fs::read_link(file.unwrap().path()).unwrap());
    let files: Vec<_> = files.collect();
    // Beside its pipes it has what whoever started the host has left open, and nothing that the host
    // has opened.
    let data = fs::canonicalize(bed.stage.data.path()).unwrap();
    let is_hosts =
        |file: &PathBuf| file.starts_with(&data) || file.to_str().unwrap().starts_with("socket:");
    assert!(files.len() >= 3 && !files.iter().any(is_hosts), "{files:?}");
    let is_open = |file: fs::DirEntry| fs::read_link(file.path()).is_ok_and(|it| is_hosts(&it));
    let mut own = fs::read_dir("/proc/self/fd").unwrap();
    assert!(
        own.any(|file| is_open(file.unwrap())),
        "the host has nothing"
    );
    end(&id);
    installing.await.unwrap();
}

/// SIGKILL to a process, by its id.
fn end(id: &str) {
    let id = rustix::process::Pid::from_raw(id.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_daemon_that_has_compiled_has_no_more_memory_than_before() {
    crate::child::needs_linux("the peak of a process is read through /proc");
    let folder = tempfile::tempdir().unwrap();
    let mut served = Served::stopped("", |_| ()).await;
    served.compiled = folder.path().join("compiled");
    served.restart().await;
    let compiled = peak_mib(&served);
    let entries = fs::read_dir(&served.compiled).unwrap().count();
    assert_eq!(entries, 1, "it has compiled nothing");
    served.restart().await;
    let found = peak_mib(&served);
    assert!(
        compiled < found + 25,
        "{compiled} MiB, and {found} MiB where it found code"
    );
}

/// The most memory that a daemon ever had.
fn peak_mib(served: &Served) -> u64 {
    let status = format!("/proc/{}/status", served.process_id());
    let status = fs::read_to_string(status).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kib >> 10
}
