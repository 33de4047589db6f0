//! `stoflow account connect`: a person at a terminal, a script, and a browser beside them.

#![cfg(test)]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Stdio};

use rustix::pty;
use serde_json::json;
use stoflow_sandbox::{NewSeller, Options, Sandbox};

use crate::browser::{Browser, Shown};
use crate::command_line::Terminal;
use crate::market::configure;
use crate::stage::Stage;

/// A terminal on a data directory where the Etsy plugin is set up, and the sandbox.
struct Desk {
    terminal: Terminal,
    sandbox: Sandbox,
    redirect_uri: String,
    _data: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let redirect_uri = format!("http://localhost:{port}/etsy/callback");
        let options = Options {
            per_second: 0,
            per_day: 0,
            redirect_uris: vec![redirect_uri.clone()],
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let stage = Stage::new();
        stage.install("plugins/etsy").await.unwrap();
        configure(&stage, &sandbox).await;
        let change = json!({ "redirect_uri": redirect_uri });
        let configured = stage.post("/api/plugins/etsy/configuration", change).await;
        configured.unwrap();
        stage.host.close().unwrap();
        let terminal = Terminal {
            data: stage.data.path().to_owned(),
            folder: tempfile::tempdir().unwrap(),
        };
        Self {
            terminal,
            sandbox,
            redirect_uri,
            _data: stage.data,
        }
    }

    /// Begins to connect, with what `stdin` is.
    fn connect(&self, more: &[&str], stdin: Stdio) -> Connecting {
        let arguments = [&["account", "connect", "etsy", "--no-browser"], more].concat();
        let mut command = self.terminal.command(&arguments);
        let spawned = command.stdin(stdin).stdout(Stdio::piped()).spawn();
        let mut child = spawned.unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut connecting = Connecting {
            child,
            stdout,
            url: String::new(),
        };
        connecting.until("Consent here:\n\n  ");
        let mut url = String::new();
        connecting.stdout.read_line(&mut url).unwrap();
        connecting.url = url.trim().to_owned();
        connecting
    }

    fn accounts(&self) -> Vec<serde_json::Value> {
        let (code, json, errors) = self.terminal.run(&["account", "list", "--json"]);
        assert_eq!(code, 0, "{errors}");
        serde_json::from_str(&json).unwrap()
    }
}

/// The command, while it waits.
struct Connecting {
    child: Child,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Connecting {
    /// Reads past a text.
    fn until(&mut self, text: &str) {
        let mut seen = Vec::new();
        while !seen.ends_with(text.as_bytes()) {
            let mut byte = [0];
            let read = self.stdout.read(&mut byte).unwrap();
            let said = || String::from_utf8_lossy(&seen).into_owned();
            assert_eq!(read, 1, "{text:?} is not in {:?}", said());
            seen.extend(byte);
        }
    }

    /// The seller's browser, which presses a button of the marketplace's and comes back.
    async fn browse(&self, decision: &str) -> Shown {
        let url = format!("{}&{decision}", self.url);
        Browser::new().follow(&url).await
    }

    /// Exit code, and what else was said.
    fn end(mut self) -> (i32, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code().unwrap(), rest)
    }
}

/// A terminal's two ends: a person's keyboard, and what the command takes for one.
fn keyboard() -> (File, Stdio) {
    let person = pty::openpt(pty::OpenptFlags::RDWR | pty::OpenptFlags::NOCTTY).unwrap();
    pty::grantpt(&person).unwrap();
    pty::unlockpt(&person).unwrap();
    let name = pty::ptsname(&person, Vec::new()).unwrap();
    let command = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap());
    (person.into(), command.unwrap().into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_connects_with_yes_and_a_stray_visit_ends_nothing() {
    let desk = Desk::new().await;
    for done in [
        "Connected Vieux Paris as acc_",
        "Renewed Vieux Paris as acc_",
    ] {
        let connecting = desk.connect(&["--user", "u1", "--yes"], Stdio::null());
        for stray in ["", "?code=c&state=forged", "?code=c"] {
            let page = Browser::new()
                .get(&format!("{}{stray}", desk.redirect_uri))
                .await;
            page.is_page(200, &["Nobody here waits"]);
        }
        let page = connecting.browse("auto=1").await;
        page.is_page(200, &["“Vieux Paris” is connected", "Stoflow user “u1”"]);
        let (code, said) = connecting.end();
        assert!(code == 0 && said.contains(done), "{code}: {said}");
    }
    assert_eq!(desk.accounts().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_and_without_yes_nothing_is_begun() {
    let desk = Desk::new().await;
    for more in [&["--no-browser"], &["--paste"]] {
        let arguments = [&["account", "connect", "etsy", "--user", "u1"], &more[..]].concat();
        desk.terminal
            .fails(&arguments, 2, &["nobody can be asked", "--yes"]);
    }
    let arguments = ["account", "connect", "etsy", "--yes"];
    desk.terminal.fails(&arguments, 2, &["--user"]);
    assert_eq!(desk.sandbox.begun(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_at_a_terminal_is_asked_and_others_use_the_store_meanwhile() {
    let desk = Desk::new().await;
    for (typed, code, done) in [
        ("n\n", 4, ""),
        ("what?\n", 4, ""),
        ("\n", 0, "Connected Vieux Paris as acc_"),
        ("y\n", 0, "Renewed Vieux Paris as acc_"),
    ] {
        let (mut person, stdin) = keyboard();
        let mut connecting = desk.connect(&["--user", "u1"], stdin);
        let page = connecting.browse("auto=1").await;
        page.is_page(
            200,
            &["Go back to the terminal", "Nothing is connected yet"],
        );
        let question = match done {
            "Renewed Vieux Paris as acc_" => {
                "Renew the connection of shop \"Vieux Paris\" to user u1"
            }
            _ => "Connect shop \"Vieux Paris\" to user u1?",
        };
        connecting.until(question);
        connecting.until("[Y/n] ");
        let before = desk.accounts().len();
        person.write_all(typed.as_bytes()).unwrap();
        let (exit, said) = connecting.end();
        assert_eq!(exit, code, "{typed:?}: {said}");
        assert!(said.contains(done), "{said}");
        assert_eq!(desk.accounts().len(), if code == 0 { 1 } else { before });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_may_be_pasted_where_the_browser_is_elsewhere() {
    let desk = Desk::new().await;
    let mut connecting = desk.connect(&["--user", "u1", "--yes", "--paste"], Stdio::piped());
    let page = Browser::new()
        .get(&format!("{}&auto=1", connecting.url))
        .await;
    connecting.until("Paste the address that the browser ended at: ");
    let mut stdin = connecting.child.stdin.take().unwrap();
    writeln!(stdin, "{}", page.location()).unwrap();
    let (code, said) = connecting.end();
    assert!(
        code == 0 && said.contains("Connected Vieux Paris"),
        "{code}: {said}"
    );
    let mut connecting = desk.connect(&["--user", "u1", "--yes", "--paste"], Stdio::piped());
    let mut stdin = connecting.child.stdin.take().unwrap();
    writeln!(stdin, "{}", page.location()).unwrap();
    assert_eq!(connecting.end().0, 4, "an answer counts once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_another_shop_are_said_at_the_terminal_and_in_the_browser() {
    let desk = Desk::new().await;
    let yes = ["--user", "u1", "--yes"];
    let connecting = desk.connect(&yes, Stdio::null());
    let page = connecting.browse("decision=deny").await;
    page.is_page(200, &["Nothing was connected", "The terminal says why"]);
    assert_eq!(connecting.end().0, 4);
    let connecting = desk.connect(&yes, Stdio::null());
    connecting
        .browse("auto=1")
        .await
        .is_page(200, &["is connected"]);
    assert_eq!(connecting.end().0, 0);
    let before = desk.accounts();
    let id = before[0]["id"].as_str().unwrap();
    let other = NewSeller {
        shop_name: "Another Shop".into(),
        ..NewSeller::default()
    };
    let other = desk.sandbox.add_seller(&other).unwrap();
    let connecting = desk.connect(&["--account", id, "--yes"], Stdio::null());
    let page = connecting
        .browse(&format!("auto=1&user={}", other.user_id))
        .await;
    page.is_page(200, &["Nothing was connected"]);
    assert_eq!(connecting.end().0, 6);
    assert_eq!(desk.accounts(), before);
    let connecting = desk.connect(
        &["--account", "u1/etsy/vieux-paris", "--yes"],
        Stdio::null(),
    );
    connecting
        .browse("auto=1")
        .await
        .is_page(200, &["is connected"]);
    assert_eq!(connecting.end().0, 0);
    assert_eq!(desk.accounts()[0]["id"], id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_is_left_out_by_its_name_and_taken_back() {
    let desk = Desk::new().await;
    let configure = |more: &[&str]| {
        let arguments = [&["plugin", "configure", "etsy"], more].concat();
        desk.terminal.run(&arguments)
    };
    let scope = || {
        let mut connecting = desk.connect(&["--user", "u1", "--yes"], Stdio::null());
        let url = url::Url::parse(&connecting.url).unwrap();
        connecting.child.kill().unwrap();
        connecting.child.wait().unwrap();
        let scope = url.query_pairs().find(|(name, _)| name == "scope");
        scope.unwrap().1.into_owned()
    };
    let all = "listings_r listings_w listings_d shops_r shops_w transactions_r transactions_w";
    assert_eq!(scope(), all);
    let (code, _, errors) = configure(&["--without-scope", "orders_r"]);
    assert_eq!(code, 2, "{errors}");
    assert!(
        errors.contains("\"orders_r\"") && errors.contains("transactions_r"),
        "{errors}"
    );
    let (code, _, errors) = configure(&[
        "--without-scope",
        "transactions_r",
        "--without-scope",
        "listings_d",
    ]);
    assert_eq!(code, 0, "{errors}");
    assert!(
        errors.contains("warning: etsy calls transactions_r necessary")
            && errors.contains("see your orders"),
        "{errors}"
    );
    assert_eq!(
        scope(),
        "listings_r listings_w shops_r shops_w transactions_w"
    );
    let file = std::fs::read_to_string(desk.terminal.data.join("stoflow.toml")).unwrap();
    assert!(
        file.contains("scopes_left_out = [\"listings_d\", \"transactions_r\"]"),
        "{file}"
    );
    let (code, _, errors) = configure(&[
        "--with-scope",
        "transactions_r",
        "--with-scope",
        "listings_d",
    ]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(scope(), all);
}
