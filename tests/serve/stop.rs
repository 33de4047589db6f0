//! How the daemon ends, and what of it a next one meets.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use stoflow_host::api::socket;
use stoflow_sandbox::{Fault, FaultKind};

use super::raw::Raw;
use crate::child::needs_linux;
use crate::compiling::bombs::{functions, with_module};
use crate::served::{Answer, Served, command};

#[tokio::test]
async fn told_to_stop_it_ends_well_and_takes_its_socket_away() {
    let mut served = Served::start().await;
    let path = socket::path(served.data.path());
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(served.stop().success(), "{}", served.log());
    assert!(!path.exists());
    served.restart().await;
    served.tell(Signal::INT);
    assert!(served.ended().success(), "{}", served.log());
}

#[tokio::test]
async fn a_second_one_is_told_which_process_has_the_data() {
    let served = Served::start().await;
    let second = command(served.data.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let mut second = tokio::process::Command::from(second);
    let output = second.output().await.unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(7), "{errors}");
    let holder = format!("process {}", served.process_id());
    assert!(errors.contains(&holder), "{errors}");
    assert_eq!(served.get(None, "/readyz").await.status, 200);
}

#[tokio::test]
async fn one_that_was_killed_leaves_a_socket_that_the_next_one_replaces() {
    let mut served = Served::start().await;
    served.kill();
    assert!(socket::path(served.data.path()).exists());
    served.restart().await;
    assert_eq!(served.get(None, "/api/plugins").await.status, 200);
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_and_nothing_stays() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    let second = command(data.path(), &["serve", "--listen", &address]);
    let output = tokio::process::Command::from(second)
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains(&address) && errors.contains("--listen"),
        "{errors}"
    );
    assert!(!socket::path(data.path()).exists());
}

/// A call that the marketplace takes so long to answer.
async fn slow_call(served: &Served, ms: u64) -> tokio::task::JoinHandle<Answer> {
    let slow = Fault::new(FaultKind::Slow).ms(ms);
    served.sandbox.inject(slow).unwrap();
    let (client, before) = (served.client(None), served.sandbox.begun());
    let path = format!(
        "/api/etsy/call/listings/list?account={}",
        served.accounts[0]
    );
    let call = tokio::spawn(async move { client.post(&path, &json!({})).await });
    while served.sandbox.begun() == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    call
}

#[tokio::test]
async fn told_to_stop_it_finishes_what_runs_and_takes_nothing_new() {
    let mut served = Served::start().await;
    let call = slow_call(&served, 2_000).await;
    let kept = served.stranger();
    assert_eq!(kept.get("/readyz").await.status, 200);
    // Half a head is no request that runs.
    let mut half = Raw::new(&served).await;
    half.send("GET /healthz HTTP/1.1\r\n").await;
    served.tell(Signal::TERM);
    // Whoever was connected is told that it is over, and to close.
    let told = loop {
        let told = kept.get("/readyz").await;
        if told.status != 200 {
            break told;
        }
    };
    assert_eq!((told.status, told.header("connection")), (503, "close"));
    call.await.unwrap().json();
    assert!(served.ended().success(), "{}", served.log());
    assert!(half.begun.elapsed() < Duration::from_secs(6));
    assert!(half.until_closed().await.0.is_empty());
    let address = served.url.trim_start_matches("http://").to_owned();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_takes_longer_than_the_grace_is_cut_and_said() {
    let mut served = Served::with("[server]\ngrace_seconds = 1\n", |_| ()).await;
    let call = slow_call(&served, 20_000).await;
    let begun = Instant::now();
    assert!(served.stop().success(), "{}", served.log());
    assert!(begun.elapsed() < Duration::from_secs(6));
    assert!(call.await.is_err(), "its client was answered");
    assert!(served.log().contains("cut=1"), "{}", served.log());
}

#[tokio::test]
async fn told_twice_it_ends_at_once() {
    let mut served = Served::start().await;
    let call = slow_call(&served, 20_000).await;
    let begun = Instant::now();
    served.tell(Signal::TERM);
    tokio::time::sleep(Duration::from_millis(200)).await;
    served.tell(Signal::TERM);
    let status = served.ended();
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(status.code(), Some(1), "{}", served.log());
    assert!(call.await.is_err(), "its client was answered");
    served.restart().await;
    assert_eq!(served.get(None, "/api/accounts").await.status, 200);
}

#[tokio::test]
async fn a_command_waits_for_a_daemon_that_comes_or_goes() {
    let mut served = Served::start().await;
    served.tell(Signal::TERM);
    let list = served.command(&["account", "list"]);
    let output = tokio::process::Command::from(list).output().await.unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    served.ended();
}

/// Whether a process has started another one that lives.
fn has_child(parent: u32) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut stats = processes.filter_map(|it| fs::read_to_string(it.path().join("stat")).ok());
    // `12 (name) S 1 ...`: its id, its name, its state, its parent.
    let is_its = |stat: String| {
        let rest = stat.rsplit(") ").next().unwrap_or_default().to_owned();
        rest.split(' ').nth(1) == Some(parent.to_string().as_str())
    };
    stats.any(is_its)
}

#[tokio::test]
async fn a_plugin_that_is_being_compiled_keeps_nobody_from_stopping() {
    needs_linux("which process it starts is read through /proc");
    let folder = tempfile::tempdir().unwrap();
    let mut served = Served::stopped("[server]\ngrace_seconds = 1", |_| ()).await;
    served.compiled = folder.path().to_owned();
    served.restart().await;
    let request = served.client(None);
    let request = request.request(http::Method::POST, "/api/plugins/inspect");
    let bomb = with_module(&functions(500_000));
    let request = request
        .header("content-type", "application/wasm")
        .body(bomb);
    let asking = tokio::spawn(request.send());
    let until = Instant::now() + Duration::from_secs(20);
    while !has_child(served.process_id()) {
        assert!(Instant::now() < until, "it compiles nothing");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let told = Instant::now();
    assert!(served.stop().success(), "{}", served.log());
    let took = told.elapsed();
    assert!(took < Duration::from_secs(6), "it took {took:?}");
    assert!(asking.await.unwrap().is_err());
}
