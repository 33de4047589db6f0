//! The program as a person meets it: exit codes, and errors that say what to do.

mod accounts;
mod keys;
mod store;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::market::{Market, USER};
use crate::stage::{compiled, target};

/// The program on a data directory, without a person before it.
pub struct Terminal {
    pub data: PathBuf,
    pub folder: tempfile::TempDir,
}

impl Terminal {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            data: folder.path().join("data"),
            folder,
        }
    }

    fn with_constant() -> Self {
        let terminal = Self::new();
        let constant = target().join("guests/constant.wasm");
        let (code, ..) = terminal.run(&["plugin", "install", constant.to_str().unwrap()]);
        assert_eq!(code, 0, "Build the guests first: cargo xtask plugins");
        terminal
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stoflow"));
        command
            .args(arguments)
            .env("STOFLOW_DATA_DIR", &self.data)
            .env("STOFLOW_COMPILED_DIR", compiled())
            .env_remove("STOFLOW_LOG")
            .stdin(Stdio::null());
        command
    }

    /// Exit code, stdout, stderr.
    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        said(self.command(arguments).output().unwrap())
    }

    /// What must fail, and with which words.
    pub fn fails(&self, arguments: &[&str], code: i32, words: &[&str]) {
        let (exit, _, errors) = self.run(arguments);
        assert_eq!(exit, code, "{arguments:?}: {errors}");
        for word in words {
            assert!(
                errors.contains(word),
                "{arguments:?}: {word:?} is not in {errors}"
            );
        }
    }
}

fn said(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn a_newcomer_is_told_what_to_do_next() {
    let terminal = Terminal::new();
    let (code, text, _) = terminal.run(&["plugin", "list"]);
    assert_eq!(code, 0);
    assert!(text.contains("stoflow plugin install"), "{text}");
    let (_, text, _) = terminal.run(&["account", "list"]);
    assert!(text.contains("stoflow account connect"), "{text}");
    terminal.fails(
        &["call", "etsy", "listings", "list"],
        5,
        &["no plugin etsy", "stoflow plugin install"],
    );
}

#[test]
fn help_is_there_at_every_step_and_names_what_there_is() {
    let terminal = Terminal::with_constant();
    let cases: [(&[&str], &[&str]); 5] = [
        (&["call", "--help"], &["stoflow plugin list", "<INTERFACE>"]),
        (
            &["call", "constant", "--help"],
            &["Constant · plugin constant 0.1.0", "listings", "publish"],
        ),
        (
            &["call", "constant", "listings", "--help"],
            &["get-product", "set-inventory"],
        ),
        (
            &["call", "constant", "listings", "list", "--help"],
            &["--state <STATE>", "sold-out", "--page.limit <N>", "--json"],
        ),
        (&["--help"], &["plugin", "account", "call", "Exit codes"]),
    ];
    for (arguments, words) in cases {
        let (code, text, errors) = terminal.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {errors}");
        for word in words {
            assert!(
                text.contains(word),
                "{arguments:?}: {word:?} is not in\n{text}"
            );
        }
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{arguments:?}:\n{text}"
        );
    }
}

#[test]
fn replies_are_a_table_for_people_and_json_for_programs() {
    let terminal = Terminal::with_constant();
    let (_, table, _) = terminal.run(&["call", "constant", "listings", "list"]);
    assert!(table.starts_with("ID   STATE"), "{table}");
    assert!(
        table.contains("18.50 EUR") && table.ends_with("1 of 1\n"),
        "{table}"
    );
    let (_, json, _) = terminal.run(&["call", "constant", "listings", "list", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["items"][0]["title"], "Stoneware mug");
}

#[test]
fn what_is_typed_wrong_is_named_and_what_was_meant_is_guessed() {
    let terminal = Terminal::with_constant();
    terminal.fails(
        &["call", "constant", "listngs", "list"],
        5,
        &["listngs", "did you mean `listings`"],
    );
    terminal.fails(
        &["call", "constant", "listings", "lst"],
        5,
        &["lst", "list"],
    );
    terminal.fails(
        &["call", "constant", "listings", "list", "--sate", "active"],
        2,
        &["--sate", "--state", "--help"],
    );
    terminal.fails(
        &["call", "constant", "listings", "list", "--state", "sold"],
        2,
        &["--state", "sold-out"],
    );
    terminal.fails(
        &[
            "call",
            "constant",
            "listings",
            "list",
            "--page.limit",
            "many",
        ],
        2,
        &["--page.limit"],
    );
    terminal.fails(
        &["call", "constant", "listings", "list", "--args", "{"],
        2,
        &["--args"],
    );
    terminal.fails(
        &[
            "call",
            "constant",
            "listings",
            "list",
            "--args",
            "@/no/file",
        ],
        2,
        &["/no/file"],
    );
    terminal.fails(
        &["call", "constant", "listings", "get", "7"],
        5,
        &["no listing 7"],
    );
    terminal.fails(
        &["plugin", "install", "/no/file.wasm"],
        1,
        &["/no/file.wasm"],
    );
    terminal.fails(
        &["account", "show", "acc_aaaaaaaaaaaaaaaa"],
        5,
        &["there is no account"],
    );
}

#[test]
fn what_asks_for_something_is_not_installed_without_a_yes() {
    let terminal = Terminal::new();
    let caller = target().join("guests/caller.wasm");
    let caller = caller.to_str().unwrap();
    terminal.fails(&["plugin", "install", caller], 2, &["--grant asked"]);
    let (_, text, _) = terminal.run(&["plugin", "list"]);
    assert!(text.contains("No plugin"), "{text}");
    let (code, text, _) = terminal.run(&["plugin", "install", caller, "--grant", "asked"]);
    assert_eq!(code, 0);
    assert!(
        text.contains("https://api.example.com/v1/ (GET, POST) with the seller's token"),
        "{text}"
    );
}

#[test]
fn a_data_directory_that_cannot_be_used_is_named() {
    let mut terminal = Terminal::new();
    let file = terminal.folder.path().join("file");
    fs::write(&file, "").unwrap();
    terminal.data = file.join("data");
    terminal.fails(&["plugin", "list"], 1, &["file/data", "--data-dir"]);
}

#[test]
fn another_master_key_opens_nothing_and_changes_nothing() {
    let terminal = Terminal::with_constant();
    let before = contents(&terminal.data);
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let output = terminal
        .command(&["plugin", "list"])
        .env("STOFLOW_MASTER_KEY", other)
        .output()
        .unwrap();
    let (code, _, errors) = said(output);
    assert_eq!(code, 1, "{errors}");
    assert!(
        errors.contains("master key") && errors.contains("Nothing was changed"),
        "{errors}"
    );
    assert!(!errors.contains(other));
    assert!(before == contents(&terminal.data), "something was changed");
    assert_eq!(terminal.run(&["plugin", "list"]).0, 0);
}

/// All files of a directory with their bytes; what only says who is there is left out.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "lock") {
                let bytes = fs::read(&path).unwrap();
                files.push((path, bytes));
            }
        }
    }
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_another_process_has_is_waited_for_and_then_named() {
    let market = Market::new().await;
    let terminal = Terminal {
        data: market.stage.data.path().to_owned(),
        folder: tempfile::tempdir().unwrap(),
    };
    let holder = std::process::id().to_string();
    tokio::task::spawn_blocking(move || {
        terminal.fails(&["plugin", "list"], 7, &["in use", &holder])
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_product_a_missing_picture_and_a_picture_that_is_none_are_each_said() {
    let mut market = Market::new().await;
    market.stage.host.close().unwrap();
    let data = std::mem::replace(&mut market.stage.data, tempfile::tempdir().unwrap());
    let terminal = Terminal {
        data: data.path().to_owned(),
        folder: tempfile::tempdir().unwrap(),
    };
    let folder = terminal.folder.path().to_owned();
    let mut product = crate::market::example("mug");
    let write = |name: &str, product: &serde_json::Value| {
        fs::write(folder.join(name), product.to_string()).unwrap();
        format!("@{}", folder.join(name).display())
    };
    let missing = write("missing.json", &product);
    fs::write(folder.join("text.jpg"), "this is no picture").unwrap();
    product["images"][0]["source"] = "asset:text.jpg".into();
    let text = write("text.json", &product);
    fs::File::create(folder.join("huge.jpg"))
        .unwrap()
        .set_len(33 << 20)
        .unwrap();
    product["images"][0]["source"] = "asset:huge.jpg".into();
    let huge = write("huge.json", &product);
    product["images"] = serde_json::json!([]);
    product["title"] = "x".repeat(141).into();
    let broken = write("broken.json", &product);
    let publish = |product: &str, code: i32, words: &[&str]| {
        let arguments = [
            "call",
            "etsy",
            "publish",
            "create",
            "--user",
            USER,
            "--key",
            "k",
            "--product",
            product,
            "--target",
            "active",
        ];
        terminal.fails(&arguments, code, words);
    };
    tokio::task::block_in_place(|| {
        publish(&missing, 2, &["mug.jpg", "No such file"]);
        publish(&text, 3, &["/product/images/0"]);
        publish(&huge, 2, &["huge.jpg", "32 MiB"]);
        publish(&broken, 3, &["/product/title", "141", "/product/images"]);
    });
    assert!(market.listings().is_empty(), "{:?}", market.operations());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_is_gone_is_said_with_what_to_look_at() {
    let mut market = Market::new().await;
    market.stage.host.close().unwrap();
    let data = std::mem::replace(&mut market.stage.data, tempfile::tempdir().unwrap());
    market.sandbox.stop().await;
    let terminal = Terminal {
        data: data.path().to_owned(),
        folder: tempfile::tempdir().unwrap(),
    };
    tokio::task::block_in_place(|| {
        terminal.fails(
            &["call", "etsy", "listings", "list", "--state", "active"],
            7,
            &["refused the connection", "whether it runs"],
        );
    });
}

#[test]
fn quotas_are_shown_and_what_nobody_knows_is_said_to_be_unknown() {
    let terminal = Terminal::new();
    let (code, text, _) = terminal.run(&["quota"]);
    assert_eq!(
        (code, text.trim()),
        (0, "No plugin has been granted a quota.")
    );
    let etsy = target().join("plugins/etsy.wasm");
    let (code, _, errors) = terminal.run(&[
        "plugin",
        "install",
        etsy.to_str().unwrap(),
        "--grant",
        "asked",
    ]);
    assert_eq!(code, 0, "{errors}");
    let (code, text, _) = terminal.run(&["quota"]);
    assert_eq!(code, 0);
    for words in ["APP", "LEFT", "etsy", "24 h", "0/", "–", "Nothing was sent"] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    let (code, text, _) = terminal.run(&["quota", "--json"]);
    let quotas: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (code, &quotas[0]["plugin"]),
        (0, &serde_json::json!("etsy"))
    );
    terminal.fails(&["quota", "etsy"], 2, &["unexpected argument"]);
}
