//! No secret lies in clear in the data directory, ever, and of an account that was disconnected none
//! is left in the host's memory: a host in a process of its own goes through consents, refreshes that
//! work and that fail, calls, and a disconnection, while its parent reads its files and its memory.
//! The same search finds a token while a call is under way: it bites.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aho_corasick::AhoCorasick;
use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use stoflow_host::api::{self, Caller};
use stoflow_host::host::{Host, Options};
use stoflow_sandbox::{
    CLIENT_SECRET, Fault, FaultKind, NewSeller, Options as SandboxOptions, Rotation, Sandbox,
};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::child::{self, Told, kill};
use crate::disk::files;
use crate::market::{configure, consent};
use crate::secrets::shapes;
use crate::stage::{Stage, compiled};

const DATA: &str = "STOFLOW_CHILD_DATA";
/// As much of a secret as is worth something to who finds it.
const PIECE: usize = 16;

/// A host that is asked line by line: `METHOD PATH BODY`, answered with the status and the reply.
#[test]
#[ignore = "run by the tests of this module as a process of its own"]
fn host() {
    let Some(data) = std::env::var_os(DATA).map(PathBuf::from) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut options = Options::new(data);
    options.compiled_dir = Some(compiled());
    let host = Arc::new(Host::open(&options).unwrap());
    let router = api::router(Arc::clone(&host));
    // Not std's stdin, whose buffer would keep what the parent sends.
    let mut input = File::open("/dev/stdin").unwrap();
    child::say("open");
    while let Some(line) = line(&mut input) {
        let mut fields = line.splitn(3, ' ');
        let mut field = || fields.next().unwrap_or_default().to_owned();
        let request = Request::builder()
            .method(field().as_str())
            .uri(field())
            .header(header::CONTENT_TYPE, "application/json")
            .extension(Caller::Operator)
            .body(Body::from(field()))
            .unwrap();
        let router = router.clone();
        let answer = runtime.block_on(async {
            // As a server does: not on the thread that waits.
            let asked = tokio::spawn(async move {
                let response = router.oneshot(request).await.unwrap();
                let status = response.status().as_u16();
                let body = response.into_body().collect().await.unwrap().to_bytes();
                format!("{status} {}", String::from_utf8_lossy(&body))
            });
            asked.await.unwrap()
        });
        child::say(&answer);
    }
    host.close().unwrap();
    child::say("closed");
}

fn line(input: &mut File) -> Option<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while input.read(&mut byte).unwrap() == 1 {
        if byte == [b'\n'] {
            return Some(String::from_utf8(line).unwrap());
        }
        line.push(byte[0]);
    }
    None
}

/// The host in its process, and the sandbox that it talks to in ours.
struct Watched {
    child: Child,
    input: Option<ChildStdin>,
    told: Told,
    data: TempDir,
    sandbox: Sandbox,
    /// Every secret that the sandbox has given out or been sent.
    known: BTreeSet<String>,
}

impl Watched {
    async fn new() -> Self {
        let options = SandboxOptions {
            per_second: 0,
            per_day: 0,
            keep_bodies: true,
            // A reply that is cut off costs no consent.
            rotation: Rotation::OnUse,
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let other = NewSeller {
            shop_name: "Other".to_owned(),
            ..NewSeller::default()
        };
        sandbox.add_seller(&other).unwrap();
        let data = tempfile::tempdir().unwrap();
        let stage = Stage::with(|options| options.data_dir = data.path().to_owned());
        stage.install("plugins/etsy").await.unwrap();
        configure(&stage, &sandbox).await;
        stage.host.close().unwrap();
        let (child, input, told) = start(data.path());
        Self {
            child,
            input: Some(input),
            told,
            data,
            sandbox,
            known: BTreeSet::new(),
        }
    }

    fn send(&mut self, method: &str, path: &str, body: &Value) {
        let line = format!("{method} {path} {body}\n");
        let input = self.input.as_mut().unwrap();
        input.write_all(line.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    fn answer(&self) -> (u16, Value) {
        let answer = self.told.next().unwrap();
        let (status, body) = answer.split_once(' ').unwrap();
        (status.parse().unwrap(), serde_json::from_str(body).unwrap())
    }

    fn ask(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.send(method, path, body);
        self.answer()
    }

    fn call(&mut self, user: &str) -> u16 {
        let path = format!("/api/etsy/call/shop/get?user={user}");
        self.ask("POST", &path, &json!({})).0
    }

    /// The consent of a seller; the account's id.
    async fn connect(&mut self, user: &str, seller: i64) -> String {
        let path = "/api/etsy/oauth/connect";
        let (status, begun) = self.ask("POST", path, &json!({ "user": user }));
        assert_eq!(status, 200, "{begun}");
        let url = format!("{}&user={seller}", begun["url"].as_str().unwrap());
        let callback = consent(&url).await;
        let path = "/api/etsy/oauth/complete";
        let answer = json!({ "user": user, "callback": callback });
        let (status, offered) = self.ask("POST", path, &answer);
        assert_eq!(status, 200, "{offered}");
        let decision = json!({ "user": user, "consent": offered["consent"] });
        let (status, done) = self.ask("POST", path, &decision);
        assert_eq!(status, 200, "{done}");
        done["account"]["id"].as_str().unwrap().to_owned()
    }

    /// Refreshes that work, whose reply is cut off, and that the marketplace refuses for now.
    async fn refresh(&mut self, user: &str) {
        for fault in [None, Some(FaultKind::Cut), Some(FaultKind::ErrorBefore)] {
            self.sandbox.expire_tokens(false);
            if let Some(kind) = fault {
                // Of what was lost or failed, the host asks once more.
                let times = if kind == FaultKind::ErrorBefore { 2 } else { 1 };
                let fault = Fault::new(kind).on("token").times(times);
                self.sandbox.inject(fault).unwrap();
            }
            let status = self.call(user);
            let works = fault != Some(FaultKind::ErrorBefore);
            assert_eq!(status == 200, works, "{fault:?}: {status}");
        }
        self.sandbox.clear_faults();
        // The host waits a little before it asks again.
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.call(user) != 200 {
            assert!(Instant::now() < deadline, "it never asks again");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The secrets of the requests since this was asked before.
    fn secrets(&mut self) -> BTreeSet<String> {
        let mut secrets = BTreeSet::new();
        for request in self.sandbox.requests() {
            let is_token = request.operation.as_deref() == Some("token");
            for body in [&request.request_body, &request.response_body] {
                let body = body.as_deref().filter(|_| is_token).unwrap_or_default();
                secrets.extend(named(body));
            }
            for (name, value) in &request.headers {
                if name == "authorization" {
                    secrets.insert(value.trim_start_matches("Bearer ").to_owned());
                }
            }
        }
        self.sandbox.clear_requests();
        self.known.extend(secrets.clone());
        secrets
    }

    /// Which of the secrets lie in the data directory, in any disguise, and where.
    fn on_disk(&self) -> Vec<String> {
        let app = CLIENT_SECRET.to_owned();
        let secrets: Vec<&String> = self.known.iter().chain([&app]).collect();
        let mut needles = Vec::new();
        for (index, secret) in secrets.iter().enumerate() {
            needles.extend(disguises(secret).into_iter().map(|needle| (index, needle)));
        }
        let search = AhoCorasick::new(needles.iter().map(|(_, needle)| needle)).unwrap();
        let mut found = Vec::new();
        let files = files(self.data.path());
        assert!(files.len() > 5, "{files:?}");
        for path in files {
            // sled replaces its snapshots while we look.
            let bytes = fs::read(&path).unwrap_or_default();
            for hit in search.find_iter(&bytes) {
                let secret = secrets[needles[hit.pattern().as_usize()].0];
                // There the operator has put it.
                if path.ends_with("stoflow.toml") && *secret == app {
                    continue;
                }
                found.push(format!("{} at {}", path.display(), hit.start()));
            }
        }
        found
    }

    /// Where in the host's memory a piece of any of these secrets lies.
    fn in_memory(&self, secrets: &BTreeSet<String>) -> Vec<String> {
        let pieces = secrets.iter().flat_map(|secret| {
            let plain = secret.as_bytes().chunks_exact(PIECE).map(<[u8]>::to_vec);
            plain.chain(disguises(secret))
        });
        let search = AhoCorasick::new(pieces).unwrap();
        let process = Path::new("/proc").join(self.child.id().to_string());
        let memory = File::open(process.join("mem")).unwrap();
        let mut found = Vec::new();
        let maps = BufReader::new(File::open(process.join("maps")).unwrap());
        for map in maps.lines() {
            let map = map.unwrap();
            let (range, rest) = map.split_once(' ').unwrap();
            if rest.starts_with("rw") {
                let (from, to) = range.split_once('-').unwrap();
                let number = |text| u64::from_str_radix(text, 16).unwrap();
                find(&memory, number(from)..number(to), &search, |at| {
                    found.push(format!("{at:x} in {map}"));
                });
            }
        }
        found
    }

    /// The sealed export of all that there is, put among the files that are searched.
    fn export(&self) {
        let exported = self.data.path().join("exported");
        let done = Command::new(env!("CARGO_BIN_EXE_stoflow"))
            .args(["store", "export"])
            .arg(&exported)
            .env("STOFLOW_DATA_DIR", self.data.path())
            .env("STOFLOW_COMPILED_DIR", compiled())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{errors}");
        assert!(fs::metadata(exported).unwrap().len() > 0);
    }

    fn kill(&mut self) {
        kill(&mut self.child);
    }
}

fn start(data: &Path) -> (Child, ChildStdin, Told) {
    let mut command = child::command("leaks::host");
    let mut child = command.env(DATA, data).spawn().unwrap();
    let told = Told::of(&mut child);
    let input = child.stdin.take().unwrap();
    assert_eq!(told.next().as_deref(), Some("open"));
    (child, input, told)
}

/// Reads memory piece by piece, each with the end of the one before.
fn find(
    memory: &File,
    range: std::ops::Range<u64>,
    search: &AhoCorasick,
    mut found: impl FnMut(u64),
) {
    const STEP: usize = 1 << 20;
    let overlap = search.max_pattern_len() as u64;
    let mut bytes = vec![0; STEP];
    let mut at = range.start;
    while at < range.end {
        let wanted = usize::try_from(range.end - at).unwrap().min(STEP);
        // What is mapped and cannot be read holds nothing that could be found.
        let Ok(read) = memory.read_at(&mut bytes[..wanted], at) else {
            return;
        };
        for hit in search.find_iter(&bytes[..read]) {
            found(at + hit.start() as u64);
        }
        if read == 0 || at + read as u64 >= range.end {
            return;
        }
        at += (read as u64).saturating_sub(overlap).max(1);
    }
}

/// The secret values of a form or of a JSON document.
fn named(body: &str) -> Vec<String> {
    let names = ["access_token", "refresh_token", "code", "code_verifier"];
    if let Ok(Value::Object(fields)) = serde_json::from_str(body) {
        let values = names.iter().filter_map(|name| fields.get(*name)?.as_str());
        return values.map(str::to_owned).collect();
    }
    url::form_urlencoded::parse(body.as_bytes())
        .filter(|(name, _)| names.contains(&name.as_ref()))
        .map(|(_, value)| value.into_owned())
        .collect()
}

fn disguises(secret: &str) -> Vec<Vec<u8>> {
    let mut disguises: Vec<Vec<u8>> = shapes(secret).into_iter().map(String::into_bytes).collect();
    disguises.push(hex::encode(secret).into_bytes());
    disguises.push(hex::encode_upper(secret).into_bytes());
    let wide = |to_bytes: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(to_bytes).collect();
    disguises.push(wide(u16::to_le_bytes));
    disguises.push(wide(u16::to_be_bytes));
    disguises
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_ever_in_clear_on_disk_and_none_of_a_disconnected_account_anywhere() {
    child::needs_linux("the host's memory is read through /proc");
    let mut watched = Watched::new().await;
    let sellers = watched.sandbox.sellers();
    let leaving = watched.connect("u1", sellers[0].user_id).await;
    let mut theirs = watched.secrets();
    watched.connect("u2", sellers[1].user_id).await;
    assert_eq!(watched.call("u2"), 200);
    watched.secrets();
    assert_eq!(watched.call("u1"), 200);
    watched.refresh("u1").await;
    theirs.extend(watched.secrets());
    watched.sandbox.expire_tokens(false);
    assert_eq!(watched.call("u2"), 200);
    watched.secrets();
    assert!(theirs.len() >= 8, "{} secrets", theirs.len());
    assert_eq!(watched.on_disk(), [""; 0]);

    // The refreshes of the one have let the tokens of the other expire.
    assert_eq!(watched.call("u1"), 200);
    theirs.extend(watched.secrets());

    // While it is used, the token is in memory: the search sees it.
    let slow = Fault::new(FaultKind::SlowAfter).on("getShop").ms(1_000);
    watched.sandbox.inject(slow).unwrap();
    watched.send("POST", "/api/etsy/call/shop/get?user=u1", &json!({}));
    while !watched
        .sandbox
        .requests()
        .iter()
        .any(|request| request.operation.as_deref() == Some("getShop"))
    {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    theirs.extend(watched.secrets());
    let found = watched.in_memory(&theirs);
    assert!(!found.is_empty(), "the search finds nothing");
    assert_eq!(watched.answer().0, 200);

    let path = format!("/api/accounts/{leaving}");
    let (status, done) = watched.ask("DELETE", &path, &json!(null));
    assert_eq!(status, 200, "{done}");
    // Its connections are given up, and end in tasks of their own.
    let deadline = Instant::now() + Duration::from_secs(5);
    let found = loop {
        let found = watched.in_memory(&theirs);
        if found.is_empty() || Instant::now() > deadline {
            break found;
        }
    };
    assert!(found.is_empty(), "{} places: {found:#?}", found.len());
    assert_eq!(watched.on_disk(), [""; 0]);

    assert_eq!(watched.call("u2"), 200);
    watched.secrets();
    watched.kill();
    assert_eq!(watched.on_disk(), [""; 0]);
    let (child, input, told) = start(watched.data.path());
    (watched.child, watched.input, watched.told) = (child, Some(input), told);
    assert_eq!(watched.call("u2"), 200);
    watched.secrets();
    assert_eq!(watched.on_disk(), [""; 0]);
    drop(watched.input.take());
    assert_eq!(watched.told.next().as_deref(), Some("closed"));
    watched.child.wait().unwrap();
    watched.export();
    assert_eq!(watched.on_disk(), [""; 0]);
}

#[test]
fn the_program_leaves_no_core_dump() {
    child::needs_linux("the program's limits are read through /proc");
    let data = tempfile::tempdir().unwrap();
    // It waits for the secret that it is to read.
    let mut child = Command::new(env!("CARGO_BIN_EXE_stoflow"))
        .args(["plugin", "configure", "etsy", "--client-secret-file", "-"])
        .env("STOFLOW_DATA_DIR", data.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let limits = Path::new("/proc")
        .join(child.id().to_string())
        .join("limits");
    let deadline = Instant::now() + Duration::from_secs(10);
    let none = || {
        let limits = fs::read_to_string(&limits).unwrap();
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"));
        let fields: Vec<&str> = line.unwrap().split_whitespace().collect();
        fields[4..6] == ["0", "0"]
    };
    while !none() {
        assert!(Instant::now() < deadline, "it would leave one");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill(&mut child);
}
