//! A command says the same whether it is the daemon that answers it or this process: every command, done
//! and refused.
//!
//! Two worlds are made alike, each with a sandbox of its own; what differs between any two of them (ids,
//! times, ports) is made the same before it is compared.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Output, Stdio};

use jiff::Timestamp;

use crate::market::{consent, examples};
use crate::served::Served;
use crate::stage::target;

/// A command, in the order in which they are given.
struct Row {
    words: &'static [&'static str],
    how: How,
}

#[derive(PartialEq)]
enum How {
    /// Every figure is the same.
    Same,
    /// Figures are those of the clock, of the disk, or of chance.
    ButFigures,
    /// So are keys.
    ButKeys,
    /// A person consents meanwhile.
    Consenting,
}

use How::{ButFigures, ButKeys, Consenting, Same};

const fn row(words: &'static [&'static str], how: How) -> Row {
    Row { words, how }
}

/// `{1}` is the first user's account, `{spin}` a plugin's file, `{new}` a file that is not there,
/// `{secret}` one that holds a secret, `{coat}` a product's.
const ROWS: &[Row] = &[
    // First, because a host counts from its start and a daemon's lasts longer than a command.
    row(&["quota"], Same),
    row(&["quota", "--json"], Same),
    row(&["plugin", "list"], Same),
    row(&["plugin", "list", "--json"], ButFigures),
    row(&["plugin", "install", "{spin}"], Same),
    row(&["plugin", "install", "{spin}", "--grant", "asked"], Same),
    row(&["plugin", "install", "{secret}"], Same),
    row(&["plugin", "show", "etsy"], ButFigures),
    row(&["plugin", "show", "nothing"], Same),
    row(
        &["plugin", "configure", "etsy", "--set", "who-made=i_did"],
        Same,
    ),
    row(&["plugin", "configure", "etsy", "--set", "nothing=1"], Same),
    row(
        &[
            "plugin",
            "configure",
            "etsy",
            "--client-secret-file",
            "{secret}",
        ],
        Same,
    ),
    row(&["plugin", "remove", "spin"], Same),
    row(&["plugin", "remove", "spin"], Same),
    row(&["account", "list", "--user", "u1"], Same),
    row(&["account", "list", "--user", "u2", "--json"], Same),
    row(&["account", "list", "--user", "nobody"], Same),
    row(&["account", "status", "{1}"], ButFigures),
    row(&["account", "status", "{1}", "--json"], ButFigures),
    row(&["account", "status", "acc_aaaaaaaaaaaaaaaa"], Same),
    row(&["account", "set", "{1}", "who-made=someone_else"], Same),
    row(&["account", "set", "{1}", "nothing=1"], Same),
    row(&["account", "refresh", "{1}"], ButFigures),
    row(&["account", "refresh", "--idle"], Same),
    row(&["account", "connect", "etsy", "--user", "u9"], Same),
    row(
        &["account", "connect", "nothing", "--user", "u9", "--yes"],
        Same,
    ),
    row(
        &[
            "account", "connect", "etsy", "--user", "u1", "--yes", "--paste",
        ],
        Consenting,
    ),
    row(&["call"], Same),
    row(&["call", "etsy", "--help"], Same),
    row(
        &["call", "etsy", "listings", "list", "--user", "u1"],
        ButFigures,
    ),
    row(
        &[
            "call",
            "etsy",
            "listings",
            "list",
            "--account",
            "{1}",
            "--json",
        ],
        ButFigures,
    ),
    row(
        &[
            "call",
            "etsy",
            "listings",
            "get",
            "--account",
            "{1}",
            "--id",
            "1",
        ],
        Same,
    ),
    row(&["call", "etsy", "listings", "nothing"], Same),
    row(&["call", "etsy", "listings", "list", "--nothing"], Same),
    row(&["call", "nothing", "listings", "list"], Same),
    row(
        &[
            "call",
            "etsy",
            "publish",
            "create",
            "--account",
            "{1}",
            "--key",
            "k1",
            "--product",
            "@{coat}",
            "--target",
            "draft",
        ],
        ButFigures,
    ),
    row(&["account", "disconnect", "{1}"], Same),
    row(&["account", "disconnect", "{1}"], Same),
    row(
        &["key", "create", "--user", "u1", "--scope", "listings:read"],
        ButKeys,
    ),
    row(
        &["key", "create", "--user", "u1", "--scope", "nothing:read"],
        Same,
    ),
    row(&["key", "list"], ButKeys),
    row(&["key", "list", "--user", "nobody"], Same),
    row(&["key", "show", "key_aaaaaaaa"], Same),
    row(&["key", "revoke", "key_aaaaaaaa"], Same),
    row(&["config", "check"], Same),
    // Not the server's own: a daemon shows the flags that it was started with.
    row(&["config", "show", "consent"], Same),
    row(&["config", "show", "nothing"], Same),
    row(&["store", "rotate-key"], Same),
    row(&["store", "check"], ButFigures),
    row(&["store", "check", "--json"], ButFigures),
    row(&["store", "export", "{new}"], Same),
    row(&["store", "export", "{new}"], Same),
];

/// Those that are no request to the API, and why.
const APART: &[(&str, &str)] = &[
    ("serve", "it is the daemon"),
    (
        "store import",
        "it makes a store where there is none, so no daemon has it",
    ),
];

struct World {
    served: Served,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let mut served = Served::stopped("", |_| ()).await;
        // Accounts are listed by their ids, which are chance.
        while served.accounts[0] > served.accounts[1] {
            served = Served::stopped("", |_| ()).await;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("secret"),
            "a-secret-long-enough-for-an-app",
        )
        .unwrap();
        Self { served, folder }
    }

    fn word(&self, word: &str) -> String {
        let file = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let spin = target().join("guests/spin.wasm");
        let coat = examples().join("coat.json");
        word.replace("{1}", &self.served.accounts[0])
            .replace("{spin}", spin.to_str().unwrap())
            .replace("{coat}", coat.to_str().unwrap())
            .replace("{new}", &file("new"))
            .replace("{secret}", &file("secret"))
    }

    /// Exit code, stdout and stderr as one text, without what differs between two worlds.
    async fn says(&self, row: &Row) -> String {
        let words: Vec<String> = row.words.iter().map(|word| self.word(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = match row.how {
            Consenting => self.consenting(&words).await,
            _ => {
                let command = self.served.command(&words);
                tokio::process::Command::from(command)
                    .output()
                    .await
                    .unwrap()
            }
        };
        let text = format!(
            "exit {}\n{}---\n{}",
            output.status.code().unwrap_or(-1),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        );
        self.without_differences(&text, &row.how)
    }

    async fn consenting(&self, words: &[&str]) -> Output {
        let mut command = self.served.command(words);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.lines().any(|line| line.starts_with("  http")) {
            assert_ne!(out.read_line(&mut said).unwrap(), 0, "{said}");
        }
        let url = said.lines().find(|line| line.starts_with("  http"));
        let callback = consent(url.unwrap().trim()).await;
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{callback}").unwrap();
        out.read_to_string(&mut said).unwrap();
        let mut output = child.wait_with_output().unwrap();
        output.stdout = said.into_bytes();
        output
    }

    fn without_differences(&self, text: &str, how: &How) -> String {
        // The mark of a store in which nothing was written since it was opened, which one that is open
        // for longer has not.
        let is_mark = |line: &&str| !line.trim().trim_matches('"').starts_with("clean");
        let lines: Vec<&str> = text.lines().filter(is_mark).collect();
        let mut text = lines.join("\n");
        for (what, word) in [
            (self.served.accounts[0].as_str(), "ACCOUNT-1"),
            (self.served.accounts[1].as_str(), "ACCOUNT-2"),
            (self.served.sandbox.url(), "SANDBOX"),
            (self.served.data.path().to_str().unwrap(), "DATA"),
            (self.folder.path().to_str().unwrap(), "FOLDER"),
        ] {
            text = text.replace(what, word);
        }
        let is_part = |letter: char| letter.is_alphanumeric() || "-:._+?=&%/_".contains(letter);
        let mut plain = String::new();
        for word in text.split_inclusive(|letter| !is_part(letter)) {
            let bare = word.trim_end_matches(|letter| letter == ':' || !is_part(letter));
            let end = &word[bare.len()..];
            let bare = match bare {
                time if time.parse::<Timestamp>().is_ok() => "TIME",
                address if address.contains("?response_type=") => "ADDRESS",
                account if account.starts_with("acc_") => "ACCOUNT",
                key if *how == ButKeys && (key.starts_with("key_") || key.starts_with("sk_")) => {
                    "KEY"
                }
                other => other,
            };
            plain.push_str(bare);
            plain.push_str(end);
        }
        if *how != Same {
            let figures = |letter: char| letter.is_ascii_digit();
            let parts: Vec<&str> = plain
                .split(figures)
                .filter(|part| !part.is_empty())
                .collect();
            plain = parts.join("#");
            // Columns are as wide as their figures.
            plain = plain
                .split(' ')
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" ");
        }
        plain
    }
}

#[tokio::test]
async fn a_command_says_the_same_with_a_daemon_and_without_one() {
    let (mut alone, mut attended) = tokio::join!(World::new(), World::new());
    for world in [&mut alone, &mut attended] {
        // Its first start makes the tests' keys.
        world.served.restart().await;
    }
    alone.served.stop();
    for row in ROWS {
        let (here, daemon) = tokio::join!(alone.says(row), attended.says(row));
        assert_eq!(here, daemon, "{:?}", row.words);
        let code: Option<i32> = here.lines().next().and_then(|line| line[5..].parse().ok());
        assert!(code.is_some() || row.how != Same, "{here}");
    }
    assert!(attended.served.stop().success());
    // What the daemon's own commands left is the same, too.
    let last = row(&["account", "list", "--user", "u1"], Same);
    assert_eq!(alone.says(&last).await, attended.says(&last).await);
}

#[test]
fn every_command_is_compared() {
    let mut missing = BTreeSet::new();
    for command in leaves(&[]) {
        let words: Vec<&str> = command.split(' ').collect();
        let is_compared = ROWS.iter().any(|row| row.words.starts_with(&words));
        let is_apart = APART.iter().any(|(apart, _)| *apart == command);
        if !is_compared && !is_apart {
            missing.insert(command);
        }
    }
    assert!(missing.is_empty(), "no row for {missing:?}");
    assert!(leaves(&["store"]).contains(&"store export".to_owned()));
}

/// The commands below this one that have none below them. One that help does not show is the program's
/// own: nobody gives it, so it has nothing to say.
fn leaves(path: &[&str]) -> Vec<String> {
    let mut words = path.to_vec();
    words.push("--help");
    let folder = tempfile::tempdir().unwrap();
    let output = crate::served::command(folder.path(), &words)
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let list = help.split_once("\nCommands:\n").map(|(_, list)| list);
    let Some(list) = list else {
        return vec![path.join(" ")];
    };
    let names = list.lines().take_while(|line| !line.is_empty());
    let names = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    let below = names.filter(|name| *name != "help");
    below
        .flat_map(|name| leaves(&[path, &[name]].concat()))
        .collect()
}

#[tokio::test]
async fn an_import_says_who_has_the_data_open() {
    let world = World::new().await;
    let mut served = world.served;
    served.restart().await;
    let export = world.folder.path().join("export");
    let export = export.to_str().unwrap();
    for (words, code) in [
        (["store", "export", export], 0),
        (["store", "import", export], 6),
    ] {
        let output = tokio::process::Command::from(served.command(&words));
        let output = { output }.output().await.unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{errors}");
        let holder = format!("process {}", served.process_id());
        assert!(code == 0 || errors.contains(&holder), "{errors}");
    }
}
