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
        &["store", "rotate-key"],
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

#[tokio::test]
async fn with_a_key_a_command_says_from_elsewhere_what_it_says_here() {
    let served = Served::start().await;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let key_file = key.to_str().unwrap().to_owned();
    let coat = crate::market::examples().join("coat.json");
    let coat = format!("@{}", coat.display());
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "a-secret-long-enough-for-an-app").unwrap();
    let ask = |who: &str, words: &[&str]| {
        std::fs::write(&key, who).unwrap();
        let way = ["--server", &served.url, "--key-file", &key_file];
        said(command(folder.path(), &[&way, words].concat()))
    };
    for words in [
        &["account", "list"][..],
        &["account", "list", "--json"],
        &["plugin", "list"],
        &["call", "etsy", "listings", "list", "--user", "u1"],
        &["account", "status", "acc_aaaaaaaaaaaaaaaa"],
    ] {
        let here = said(served.command(words)).await;
        assert_eq!(ask(&served.admin, words).await, here, "{words:?}");
    }
    // Progress and pictures come and go by it too.
    let publish = [
        "call",
        "etsy",
        "publish",
        "create",
        "--key",
        "k1",
        "--product",
        &coat,
    ];
    let (code, text, errors) = ask(
        &served.keys[0],
        &[&publish[..], &["--target", "draft"]].concat(),
    )
    .await;
    assert_eq!(code, Some(0), "{errors}");
    assert!(text.contains("draft"), "{text}");
    let (code, _, errors) = ask(&served.keys[1], &["account", "status", &served.accounts[0]]).await;
    assert_eq!(
        code,
        Some(5),
        "another user's account is one that is not there: {errors}"
    );
    let (code, _, errors) = ask(&served.keys[0], &["store", "check"]).await;
    assert_eq!(code, Some(10), "{errors}");
    // The secret's file is on this machine, so what it holds is sent.
    let configure = [
        "plugin",
        "configure",
        "etsy",
        "--client-secret-file",
        secret.to_str().unwrap(),
    ];
    let (code, _, errors) = ask(&served.admin, &configure).await;
    assert_eq!(code, Some(0), "{errors}");
    let toml = std::fs::read_to_string(served.data.path().join("stoflow.toml")).unwrap();
    assert!(toml.contains("a-secret-long-enough-for-an-app"));
    let export = folder.path().join("export");
    let (code, _, errors) = ask(
        &served.admin,
        &["store", "export", export.to_str().unwrap()],
    )
    .await;
    assert_eq!(code, Some(0), "{errors}");
    assert!(std::fs::metadata(export).unwrap().len() > 1000);
}
