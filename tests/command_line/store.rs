//! `stoflow store` as a person meets it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Terminal, said};

/// A terminal whose store has a record: a constant plugin.
fn exported() -> (Terminal, String) {
    let terminal = Terminal::with_constant();
    let file = terminal.folder.path().join("export");
    let file = file.to_str().unwrap().to_owned();
    let (code, output, errors) = terminal.run(&["store", "export", &file]);
    assert_eq!(code, 0, "{errors}");
    assert!(
        output.contains("Exported to") && output.contains("master key"),
        "{output}"
    );
    (terminal, file)
}

#[test]
fn an_export_is_for_its_owner_alone_and_is_not_overwritten_unasked() {
    let (terminal, file) = exported();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(&file).unwrap();
    terminal.fails(
        &["store", "export", &file],
        6,
        &["is there already", "--force"],
    );
    assert_eq!(terminal.run(&["store", "export", &file, "--force"]).0, 0);
    let piped = terminal
        .command(&["store", "export", "-"])
        .output()
        .unwrap();
    assert_eq!(piped.stdout, before);
    let nowhere = terminal.folder.path().join("nowhere/export");
    terminal.fails(
        &["store", "export", nowhere.to_str().unwrap()],
        1,
        &["nowhere/export"],
    );
}

#[test]
fn an_export_is_imported_where_no_store_is_under_the_key_that_it_is_sealed_under() {
    let (terminal, file) = exported();
    terminal.fails(&["store", "import", &file], 6, &["there is a store"]);
    let key = fs::read_to_string(terminal.data.join("master.key")).unwrap();
    let other = Terminal::new();
    let import = |key: Option<&str>| {
        let mut command = other.command(&["store", "import", &file]);
        if let Some(key) = key {
            command.env("STOFLOW_MASTER_KEY", key);
        }
        said(command.output().unwrap())
    };
    let (code, _, errors) = import(None);
    assert!(
        code == 1 && errors.contains("STOFLOW_MASTER_KEY"),
        "{code}: {errors}"
    );
    let (code, _, errors) = import(Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    assert!(
        code == 1 && errors.contains("does not open"),
        "{code}: {errors}"
    );
    assert!(!other.data.join("store").exists());
    let (code, output, errors) = import(Some(&key));
    assert!(code == 0 && output.contains("Imported"), "{code}: {errors}");
    let list = other
        .command(&["plugin", "list"])
        .env("STOFLOW_MASTER_KEY", &key)
        .output();
    let (_, listed, errors) = said(list.unwrap());
    assert!(listed.contains("constant"), "{listed}{errors}");
}

#[test]
fn a_check_says_what_there_is_and_what_was_made_good() {
    let terminal = Terminal::with_constant();
    let (code, output, errors) = terminal.run(&["store", "check"]);
    assert_eq!(code, 0, "{errors}");
    for words in [
        "The last commit is",
        "RECORDS",
        "plugin",
        "checkpoint",
        "commits.log",
    ] {
        assert!(output.contains(words), "{words}: {output}");
    }
    assert!(!output.contains("Found when"), "{output}");
    fs::write(terminal.data.join("store/checkpoint"), "damaged").unwrap();
    let (code, output, errors) = terminal.run(&["store", "check"]);
    assert_eq!(code, 0, "{errors}");
    assert!(
        output.contains("Found when") && output.contains("checkpoint is damaged"),
        "{output}"
    );
    let (_, json, _) = terminal.run(&["store", "check", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["findings"], serde_json::json!([]));
}

#[test]
fn a_store_that_cannot_be_made_good_is_refused_with_an_exit_code_of_its_own() {
    let terminal = Terminal::with_constant();
    for name in ["checkpoint", "commits.log", "clean"] {
        fs::write(terminal.data.join("store").join(name), "").unwrap();
    }
    terminal.fails(&["store", "check"], 12, &["commits.log is damaged"]);
}
