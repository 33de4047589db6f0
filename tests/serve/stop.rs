//! How the daemon ends, and what of it a next one meets.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use stoflow_host::api::socket;

use crate::served::{Served, command};

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
