//! The command line as the client of a server elsewhere.

use std::process::Command;

use crate::served::{Served, command};

async fn said(command: Command) -> (Option<i32>, String, String) {
    let output = tokio::process::Command::from(command)
        .output()
        .await
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[tokio::test]
async fn what_cannot_be_asked_from_elsewhere_says_why_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str], key: &str| {
        let mut command = command(folder.path(), words);
        if !key.is_empty() {
            command.env("STOFLOW_KEY", key);
        }
        said(command)
    };
    let http = ["--server", "http://stoflow.example", "account", "list"];
    let (code, _, errors) = run(&http, "a-key").await;
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("clear text"), "{errors}");
    let local = "http://127.0.0.1:9";
    let (code, _, errors) = run(&["--server", local, "account", "list"], "").await;
    assert_eq!(code, Some(4), "{errors}");
    assert!(errors.contains("--key-file"), "{errors}");
    let (code, _, errors) = run(&["--server", local, "account", "list"], "a-key").await;
    assert_eq!(code, Some(7), "{errors}");
    assert!(!errors.contains("a-key"), "{errors}");
    for words in [
        &["store", "import", "x"][..],
        &["serve"],
        &["key", "rotate"],
    ] {
        let words = [&["--server", local], words].concat();
        let (code, _, errors) = run(&words, "a-key").await;
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains("own machine"), "{errors}");
    }
    let made = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(made, 0, "a data directory was begun");
}

#[tokio::test]
async fn a_key_that_opens_nothing_is_refused_by_the_server() {
    let served = Served::start().await;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "no-key-at-all\n").unwrap();
    let words = [
        "--server",
        &served.url,
        "--key-file",
        key.to_str().unwrap(),
        "account",
        "list",
    ];
    let (code, _, errors) = said(command(folder.path(), &words)).await;
    assert_eq!(code, Some(4), "{errors}");
    assert!(!errors.contains("no-key-at-all"), "{errors}");
}
