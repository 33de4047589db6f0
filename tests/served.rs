//! What tests of the running daemon stand on: a sandbox in Etsy's place, two users with a connected shop
//! each, and the program itself, `stoflow serve`, as a process of its own that is asked over TCP.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use stoflow_host::api::{NOUNS, Problem, socket};
use stoflow_sandbox::{NewSeller, Options as SandboxOptions, Sandbox};
use tempfile::TempDir;

use crate::market::{configure, connect, connect_as};
use crate::stage::{Stage, compiled};

/// The users, each with a shop: `served.accounts` in the same order.
pub const USERS: [&str; 2] = ["u1", "u2"];

/// Whatever is waited for comes within this, or the test fails.
const WAIT: Duration = Duration::from_secs(30);

/// The daemon, what it stands on, and the marketplace.
pub struct Served {
    /// Without a slash at its end.
    pub url: String,
    pub sandbox: Sandbox,
    /// The accounts' ids, of [`USERS`].
    pub accounts: [String; 2],
    /// Keys of [`USERS`] that may do everything for them, as often as they like; empty until the
    /// daemon has run.
    pub keys: [String; 2],
    /// An operator's key.
    pub admin: String,
    pub data: TempDir,
    /// Where its compiled code is; the place of all tests, until a test says another one.
    pub compiled: PathBuf,
    child: Option<Child>,
}

/// Who asks: over TCP with a key, or over the socket as an operator.
#[derive(Clone)]
pub struct Asker {
    client: reqwest::Client,
    url: String,
    key: Option<String>,
}

/// A reply that was read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Served {
    /// The daemon, ready.
    pub async fn start() -> Self {
        Self::with("", |_| ()).await
    }

    /// The same with more in `stoflow.toml`, and with a sandbox that is otherwise.
    pub async fn with(toml: &str, change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let mut served = Self::stopped(toml, change).await;
        served.restart().await;
        served
    }

    /// All but the daemon.
    pub async fn stopped(toml: &str, change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let mut options = SandboxOptions {
            per_second: 100_000,
            per_day: 1_000_000,
            ..SandboxOptions::default()
        };
        change(&mut options);
        let sandbox = Sandbox::start(options).await.unwrap();
        let (data, accounts) = connected_shops(&sandbox).await;
        append(&data.path().join("stoflow.toml"), toml);
        sandbox.clear_requests();
        Self {
            url: String::new(),
            sandbox,
            accounts,
            keys: Default::default(),
            admin: String::new(),
            data,
            compiled: compiled(),
            child: None,
        }
    }

    /// Asks as this key, over TCP; without one as an operator, over the socket.
    pub fn client(&self, key: Option<&str>) -> Asker {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(60));
        let (client, url) = match key {
            Some(_) => (client, self.url.clone()),
            None => (
                client.unix_socket(socket::path(self.data.path())),
                "http://localhost".to_owned(),
            ),
        };
        Asker {
            client: client.build().unwrap(),
            url,
            key: key.map(ToOwned::to_owned),
        }
    }

    /// Asks over TCP without any key.
    pub fn stranger(&self) -> Asker {
        Asker {
            key: None,
            ..self.client(Some(""))
        }
    }

    pub async fn get(&self, key: Option<&str>, path: &str) -> Answer {
        self.client(key).get(path).await
    }

    pub async fn post(&self, key: Option<&str>, path: &str, body: &Value) -> Answer {
        self.client(key).post(path, body).await
    }

    pub async fn delete(&self, key: Option<&str>, path: &str) -> Answer {
        self.client(key).delete(path).await
    }

    /// The program on the same data directory.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.data.path(), arguments);
        command.env("STOFLOW_COMPILED_DIR", &self.compiled);
        command
    }

    /// Stops the daemon if it runs, and starts it again.
    pub async fn restart(&mut self) {
        if self.child.is_some() {
            self.stop();
        }
        let log = self.log_path();
        let log = std::fs::File::options().create(true).append(true).open(log);
        let mut child = self
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        self.child = Some(child);
        let url = line.trim().strip_prefix("Listening at ");
        let url = url.unwrap_or_else(|| panic!("it said {line:?} and logged {}", self.log()));
        self.url = url.to_owned();
        let (stranger, until) = (self.stranger(), Instant::now() + WAIT);
        while stranger.get("/readyz").await.status != 200 {
            assert!(Instant::now() < until, "it is not ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if self.admin.is_empty() {
            let nouns = NOUNS.iter().map(|(noun, _)| format!("{noun}:write"));
            let scopes: Vec<String> = nouns.collect();
            for (place, user) in USERS.into_iter().enumerate() {
                self.keys[place] = self.key(json!({ "user": user, "scopes": scopes })).await;
            }
            self.admin = self.key(json!({ "admin": true })).await;
        }
    }

    /// Makes a key, whose rate no test meets unless it says one.
    pub async fn key(&self, mut wanted: Value) -> String {
        let rate = json!({ "per_second": 100_000, "burst": 100_000 });
        let members = wanted.as_object_mut().unwrap();
        members.entry("rate").or_insert(rate);
        let made = self.post(None, "/api/keys", &wanted).await.json();
        made["secret"].as_str().unwrap().to_owned()
    }

    /// SIGKILL, at once.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            crate::child::kill(&mut child);
        }
    }

    /// SIGTERM, and how it ended.
    pub fn stop(&mut self) -> ExitStatus {
        self.tell(Signal::TERM);
        self.ended()
    }

    /// Sends it a signal.
    pub fn tell(&self, signal: Signal) {
        let id = self.process_id();
        kill_process(Pid::from_raw(id.cast_signed()).unwrap(), signal).unwrap();
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let until = Instant::now() + WAIT;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > until {
                crate::child::kill(&mut child);
                panic!("it does not end: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the system says of its process: `S (sleeping)`; nothing once it has ended and was seen to.
    pub fn state(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process_id()));
        let status = status.unwrap_or_default();
        let state = status.lines().find_map(|line| line.strip_prefix("State:"));
        state.unwrap_or_default().trim().to_owned()
    }

    pub fn process_id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// What all its runs have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.data.path().join("serve.log")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Asker {
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    /// A request that the test changes before it is sent.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let reply = request.send().await.unwrap();
        Answer {
            status: reply.status().as_u16(),
            headers: reply.headers().clone(),
            body: reply.bytes().await.unwrap(),
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.request(method, path);
        self.send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of a reply that has to be a success.
    pub fn json(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}", self.text());
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body of a reply that has to be a problem of this kind, whole as every problem is.
    pub fn problem(&self, slug: &str) -> Problem {
        let problem: Problem = serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()));
        assert_eq!(problem.kind().slug(), slug, "{}", self.text());
        assert_eq!(problem.status, self.status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert!(problem.correlation_id.is_some(), "{}", self.text());
        problem
    }

    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

/// The program on a data directory, without a person before it.
pub fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stoflow"));
    command
        .args(arguments)
        .env("STOFLOW_DATA_DIR", data)
        .env("STOFLOW_COMPILED_DIR", compiled())
        .env_remove("STOFLOW_LOG")
        .env_remove("STOFLOW_KEY")
        .stdin(Stdio::null());
    command
}

/// A data directory in which both users' shops are connected, given back by the host that made it.
async fn connected_shops(sandbox: &Sandbox) -> (TempDir, [String; 2]) {
    let stage = Stage::new();
    stage.install("plugins/etsy").await.unwrap();
    configure(&stage, sandbox).await;
    let other = NewSeller {
        shop_name: "TheOtherShop".into(),
        ..NewSeller::default()
    };
    let other = sandbox.add_seller(&other).unwrap();
    let [first, second] = USERS;
    let first = connect(&stage, first).await.unwrap();
    let second = connect_as(&stage, second, other.user_id).await.unwrap();
    let accounts = [first, second].map(|done| done["account"]["id"].as_str().unwrap().to_owned());
    stage.host.close().unwrap();
    (stage.data, accounts)
}

fn append(path: &Path, text: &str) {
    let before = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, format!("{before}\n{text}")).unwrap();
}
