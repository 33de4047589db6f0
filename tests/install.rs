//! Installing: what is no plugin is refused by name, and nothing is left of it.

use serde_json::json;
use stoflow_host::api::ProblemKind;
use stoflow_host::host::{Host, Options};

use crate::stage::{Stage, compiled, component};

#[tokio::test]
async fn what_is_no_plugin_is_refused_and_leaves_nothing() {
    let stage = Stage::new();
    let core = wat::parse_str("(module)").unwrap();
    let empty = wat::parse_str("(component)").unwrap();
    let mut cut = component("guests/constant");
    cut.truncate(cut.len() / 2);
    let cases: [(&str, Vec<u8>, &str); 5] = [
        ("text", b"hello".to_vec(), ""),
        ("nothing", Vec::new(), ""),
        ("a core module", core, "core module"),
        ("another world", empty, "plugin"),
        ("half a file", cut, ""),
    ];
    for (what, bytes, hint) in cases {
        let problem = stage.install_bytes(bytes).await.unwrap_err();
        assert_eq!(
            problem.kind(),
            ProblemKind::InvalidPlugin,
            "{what}: {problem:?}"
        );
        assert!(problem.title.contains(hint), "{what}: {problem:?}");
    }
    assert_eq!(stage.get("/api/plugins").await.unwrap(), json!([]));
    let files = std::fs::read_dir(stage.data.path().join("plugins"))
        .unwrap()
        .count();
    assert_eq!(files, 0);
}

#[tokio::test]
async fn an_import_that_is_not_given_is_named() {
    let stage = Stage::new();
    let bytes = wat::parse_str(
        r#"(component (import "wasi:keyvalue/store@0.2.0" (instance (export "open" (func)))))"#,
    )
    .unwrap();
    let problem = stage.install_bytes(bytes).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::InvalidPlugin);
    assert!(
        problem.title.contains("wasi:keyvalue/store@0.2.0"),
        "{problem:?}"
    );
}

#[tokio::test]
async fn what_asks_for_something_waits_for_a_yes() {
    let stage = Stage::new();
    let inspection = stage.inspect("guests/caller").await;
    assert_eq!(inspection["asks"][0]["granted"], false);
    assert!(
        inspection["asks"][0]["text"]
            .as_str()
            .unwrap()
            .contains("https://api.example.com/v1/")
    );
    let problem = stage
        .install_without_grant("guests/caller")
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::NotGranted, "{problem:?}");
    assert_eq!(stage.get("/api/plugins").await.unwrap(), json!([]));

    stage.install("guests/caller").await.unwrap();
    assert_eq!(
        stage.inspect("guests/caller").await["asks"][0]["granted"],
        true
    );
    stage.install_without_grant("guests/caller").await.unwrap();
}

#[tokio::test]
async fn what_asks_for_nothing_is_not_asked_about_and_is_active_at_once() {
    let stage = Stage::new();
    let inspection = stage.inspect("guests/constant").await;
    assert_eq!(inspection["asks"], json!([]));
    stage
        .install_without_grant("guests/constant")
        .await
        .unwrap();
    let plugins = stage.get("/api/plugins").await.unwrap();
    assert_eq!(plugins[0]["description"]["id"], "constant");
    assert_eq!(plugins[0]["active"], true);
}

#[tokio::test]
async fn the_same_version_with_another_content_is_a_conflict() {
    let stage = Stage::of(&["constant"]).await;
    let mut other = component("guests/constant");
    // A custom section of its own at the end: another content, the same plugin.
    other.extend([0, 5, 4, b't', b'e', b's', b't']);
    let problem = stage
        .install_bytes_without_replace(other)
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Conflict, "{problem:?}");
    assert!(problem.title.contains("--replace"), "{problem:?}");
}

#[tokio::test]
async fn a_removed_plugin_leaves_neither_file_nor_setting() {
    let stage = Stage::of(&["caller"]).await;
    stage
        .post(
            "/api/plugins/caller/configuration",
            json!({"client_id": "an-id"}),
        )
        .await
        .unwrap();
    stage.delete("/api/plugins/caller").await.unwrap();
    assert_eq!(stage.get("/api/plugins").await.unwrap(), json!([]));
    let config = std::fs::read_to_string(stage.data.path().join("stoflow.toml")).unwrap();
    assert!(!config.contains("an-id"), "{config}");
    assert_eq!(
        std::fs::read_dir(stage.data.path().join("plugins"))
            .unwrap()
            .count(),
        0
    );
    let problem = stage.delete("/api/plugins/caller").await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::UnknownPlugin);
}

#[tokio::test]
async fn a_secret_too_short_to_guard_and_an_unknown_setting_are_refused() {
    let stage = Stage::of(&["caller"]).await;
    let configure = "/api/plugins/caller/configuration";
    let problem = stage
        .post(configure, json!({"client_secret": "hunter2"}))
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Configuration);
    assert!(
        problem.title.contains("guarded") && !format!("{problem:?}").contains("hunter2"),
        "{problem:?}"
    );
    let problem = stage
        .post(configure, json!({"settings": {"colour": "red"}}))
        .await
        .unwrap_err();
    assert!(problem.title.contains("colour"), "{problem:?}");
}

#[tokio::test]
async fn an_installed_file_that_was_changed_is_not_run() {
    let stage = Stage::of(&["constant"]).await;
    let folder = stage.data.path().join("plugins");
    let file = std::fs::read_dir(folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(&file, component("guests/spin")).unwrap();
    let stage = stage.reopen();
    let problem = stage
        .call("constant", "listings.list", json!({}))
        .await
        .unwrap_err();
    assert!(
        problem
            .title
            .contains("not the component that was installed"),
        "{problem:?}"
    );
}

#[tokio::test]
async fn who_waits_for_the_store_reads_what_was_set_meanwhile() {
    let stage = Stage::of(&["caller"]).await;
    let mut options = Options::new(stage.data.path());
    options.compiled_dir = Some(compiled());
    let waiting = std::thread::spawn(move || Host::open(&options).unwrap());
    stage
        .post(
            "/api/plugins/caller/configuration",
            json!({"client_id": "an-id"}),
        )
        .await
        .unwrap();
    // Given back only now: the other one has waited, or begins to now.
    stage.host.close().unwrap();
    let host = waiting.join().unwrap();
    let config = host.config.plugin(&"caller".parse().unwrap());
    assert_eq!(config.client_id.as_deref(), Some("an-id"));
}
