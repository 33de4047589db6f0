//! Replies that are used again: which, for whom, how long, and what becomes of them when something is
//! wrong.

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use jiff::SignedDuration;
use stoflow_host::clock::Clock;
use stoflow_host::gateway::{RefusalKind, Replies};
use stoflow_host::model::{QuotaScope, QuotaWindow};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::server::{Server, raw, reply};
use super::*;

const LIFE_SECONDS: u32 = 3_600;

/// A place for kept replies, and a clock.
struct Place {
    directory: TempDir,
    clock: Clock,
}

impl Place {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            clock: Clock::default(),
        }
    }

    /// A plugin whose endpoint is cacheable, with a gateway of its own: another run of the program.
    fn plugin(&self, origin: &str) -> Plugin {
        let mut plugin = Plugin::at(origin);
        let endpoint = plugin.endpoint();
        endpoint
            .credentials
            .retain(|credential| *credential != Credential::UserToken);
        endpoint.cache_seconds = Some(LIFE_SECONDS);
        let key = Zeroizing::new([5; 32]);
        let replies = Replies::open(self.directory.path(), key, self.clock.clone()).unwrap();
        let gateway = Gateway::new(Transport::new(), plugin.tokens.clone());
        plugin.gateway = Arc::new(gateway.keeping(replies));
        plugin
    }

    fn files(&self) -> Vec<PathBuf> {
        let folder = self.directory.path().join("market");
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    fn seconds_pass(&self, seconds: i64) {
        self.clock.jump(SignedDuration::from_secs(seconds));
    }
}

impl Plugin {
    fn endpoint(&mut self) -> &mut Endpoint {
        &mut self.config.grant.as_mut().unwrap().endpoints[0]
    }

    async fn text(&self, path: &str) -> String {
        let reply = self.call().get(path).await.unwrap();
        String::from_utf8(read(reply).await.unwrap().to_vec()).unwrap()
    }
}

/// Counts its requests in what it answers.
async fn counting(headers: &'static [(&'static str, &'static str)]) -> Server {
    Server::start(move |_, before| reply(200, headers, format!("reply {before}"))).await
}

#[tokio::test]
async fn the_same_request_of_any_account_is_answered_by_the_kept_reply() {
    let server = counting(&[("content-type", "text/plain"), ("link", "next")]).await;
    let place = Place::new();
    let mut plugin = place.plugin(&server.origin);
    assert_eq!(plugin.text("/v3/nodes?page=1").await, "reply 0");
    plugin.account = AccountId::random();
    let call = plugin.call();
    let again = call.get("/v3/nodes?page=1").await.unwrap();
    assert_eq!(
        (again.status(), &again.headers()["link"]),
        (http::StatusCode::OK, &"next".parse().unwrap())
    );
    assert_eq!(read(again).await.unwrap(), "reply 0");
    let spent = call.spent();
    assert_eq!((spent.requests, spent.bytes), (0, 7));
    assert_eq!(plugin.text("/v3/nodes?page=2").await, "reply 1");
    assert_eq!(plugin.text("/v3/nodes?page=1").await, "reply 0");
}

#[tokio::test]
async fn another_header_method_or_body_is_another_request() {
    let server = counting(&[]).await;
    let plugin = Place::new().plugin(&server.origin);
    let request = |method: &str, name: &str, value: &str, body: &'static str| {
        Request::builder()
            .method(method)
            .uri(format!("{REAL}/v3/nodes"))
            .header(name, value)
            .body(full(body))
            .unwrap()
    };
    let mut asked = 0;
    for (method, name, value, body, is_kept) in [
        ("GET", "accept-language", "de", "", true),
        ("GET", "accept-language", "en", "", true),
        ("GET", "cache-control", "max-age=60", "", true),
        ("GET", "cache-control", "no-cache", "", false),
        ("GET", "cache-control", "max-age=0, No-Store", "", false),
        ("GET", "accept", "text/plain", "body", false),
        ("POST", "accept", "text/plain", "", false),
        ("HEAD", "accept", "text/plain", "", false),
    ] {
        for _ in 0..2 {
            plugin
                .call()
                .send(request(method, name, value, body))
                .await
                .unwrap();
        }
        asked += if is_kept { 1 } else { 2 };
        assert_eq!(server.seen().len(), asked, "{method} {name}: {value}");
    }
}

#[tokio::test]
async fn what_a_plugin_asks_for_anew_takes_the_kept_ones_place() {
    let server = counting(&[]).await;
    let plugin = Place::new().plugin(&server.origin);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 0");
    let anew = Request::builder()
        .uri(format!("{REAL}/v3/nodes"))
        .header("cache-control", "no-cache")
        .body(full(""))
        .unwrap();
    let reply = plugin.call().send(anew).await.unwrap();
    assert_eq!(read(reply).await.unwrap(), "reply 1");
    assert_eq!(plugin.text("/v3/nodes").await, "reply 1");
}

#[tokio::test]
async fn nothing_that_a_sellers_token_went_with_is_kept() {
    let server = counting(&[]).await;
    let place = Place::new();
    let mut plugin = place.plugin(&server.origin);
    // As an operator's hand could write it into stoflow.toml: installing refuses it.
    plugin.endpoint().credentials.push(Credential::UserToken);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 0");
    assert_eq!(plugin.text("/v3/nodes").await, "reply 1");
    assert_eq!(place.files(), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn only_a_whole_public_200_with_data_and_without_a_secret_is_kept() {
    for (status, headers, body) in [
        (404, &[][..], "none"),
        (206, &[], "part"),
        (204, &[], ""),
        (200, &[], ""),
        (200, &[("content-type", "application/json")], "{\"count\":"),
        (
            200,
            &[("content-type", "application/problem+JSON; charset=utf-8")],
            "[1",
        ),
        (200, &[("content-type", "Text/HTML")], "<p>We will be back"),
        (200, &[("cache-control", "max-age=60, no-store")], "x"),
        (200, &[("cache-control", "PRIVATE")], "x"),
        (200, &[("cache-control", "no-cache=\"set-cookie\"")], "x"),
        (200, &[("vary", "accept, *")], "x"),
        (200, &[], CLIENT_SECRET),
        (200, &[("x-echo", CLIENT_SECRET)], "x"),
    ] {
        let server = Server::start(move |_, _| reply(status, headers, body)).await;
        let place = Place::new();
        let plugin = place.plugin(&server.origin);
        for _ in 0..2 {
            plugin.text("/v3/nodes").await;
        }
        assert_eq!(server.seen().len(), 2, "{status} {headers:?} {body}");
        assert_eq!(place.files(), [] as [PathBuf; 0]);
    }
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_an_error_and_not_kept() {
    let origin = raw(|mut connection, number| async move {
        let length = if number == 0 { 100 } else { 4 };
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(b"four").await.unwrap();
    })
    .await;
    let plugin = Place::new().plugin(&origin);
    let refusal = plugin.call().get("/v3/nodes").await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::ReplyBroken);
    assert_eq!(plugin.text("/v3/nodes").await, "four");
}

#[tokio::test]
async fn a_kept_reply_costs_no_quota() {
    let server = counting(&[]).await;
    let plugin = Place::new().plugin(&server.origin).quotas(vec![Quota {
        name: "day".into(),
        scope: QuotaScope::App,
        window: QuotaWindow::Day("UTC".into()),
        limit: 1,
        limit_header: None,
        remaining_header: None,
    }]);
    for _ in 0..10 {
        assert_eq!(plugin.text("/v3/nodes").await, "reply 0");
    }
    let refusal = plugin.call().get("/v3/others").await.unwrap_err();
    assert!(
        matches!(refusal.kind, RefusalKind::RateLimited(_)),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn another_run_finds_it_and_a_damaged_one_is_asked_for_again() {
    let log = crate::log::capture();
    let server = counting(&[]).await;
    let place = Place::new();
    assert_eq!(
        place.plugin(&server.origin).text("/v3/nodes").await,
        "reply 0"
    );
    assert_eq!(
        place.plugin(&server.origin).text("/v3/nodes").await,
        "reply 0"
    );
    let [file] = &place.files()[..] else {
        panic!("{:?}", place.files())
    };
    let mut bytes = fs::read(file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(file, bytes).unwrap();
    // Half a file, as a kill leaves it.
    let half = file.with_extension("reply.1-0.new");
    fs::write(&half, b"half").unwrap();
    let plugin = place.plugin(&server.origin);
    assert!(!half.exists());
    assert_eq!(plugin.text("/v3/nodes").await, "reply 1");
    assert_eq!(plugin.text("/v3/nodes").await, "reply 1");
    assert!(log.text().contains("a kept reply is not used"));
}

#[tokio::test]
async fn what_stands_in_a_files_place_is_neither_followed_nor_waited_for() {
    let server = counting(&[]).await;
    let place = Place::new();
    let plugin = place.plugin(&server.origin);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 0");
    let file = place.files().remove(0);
    let elsewhere = place.directory.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert_eq!(plugin.text("/v3/nodes").await, "reply 1");
    fs::remove_file(&file).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &file,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    assert_eq!(plugin.text("/v3/nodes").await, "reply 2");
}

#[tokio::test]
async fn it_lives_as_long_as_the_endpoint_says_and_no_clock_makes_it_younger() {
    let server = counting(&[]).await;
    let place = Place::new();
    let mut plugin = place.plugin(&server.origin);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 0");
    place.seconds_pass(i64::from(LIFE_SECONDS) - 10);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 0");
    place.seconds_pass(20);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 1");
    // A clock that is set back: it would come from the future.
    place.seconds_pass(-60);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 2");
    // A later version's grant that allows a shorter life.
    place.seconds_pass(30);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 2");
    plugin.endpoint().cache_seconds = Some(20);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 3");
    plugin.endpoint().cache_seconds = None;
    assert_eq!(plugin.text("/v3/nodes").await, "reply 4");
    plugin.endpoint().cache_seconds = Some(0);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 5");
}

#[tokio::test]
async fn another_app_credential_or_plugin_does_not_find_it() {
    let server = counting(&[]).await;
    let place = Place::new();
    let mut plugin = place.plugin(&server.origin);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 0");
    let app = plugin.config.client_id.replace("another-app".into());
    assert_eq!(plugin.text("/v3/nodes").await, "reply 1");
    plugin.config.client_id = app;
    assert_eq!(plugin.text("/v3/nodes").await, "reply 0");
    let credentials = std::mem::take(&mut plugin.endpoint().credentials);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 2");
    plugin.endpoint().credentials = credentials;
    let mut call = plugin.call();
    call.context.plugin = "other".parse().unwrap();
    assert_eq!(
        read(call.get("/v3/nodes").await.unwrap()).await.unwrap(),
        "reply 3"
    );
    plugin.endpoint().path_prefix = "/v4".into();
    let refusal = plugin.call().get("/v3/nodes").await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NotGranted);
}

#[tokio::test]
async fn a_plugin_that_is_no_more_leaves_nothing() {
    let server = counting(&[]).await;
    let place = Place::new();
    let plugin = place.plugin(&server.origin);
    plugin.text("/v3/nodes").await;
    assert_eq!(place.files().len(), 1);
    plugin.gateway.forget_plugin(&"other".parse().unwrap());
    assert_eq!(plugin.text("/v3/nodes").await, "reply 0");
    plugin.gateway.forget_plugin(&"market".parse().unwrap());
    assert_eq!(place.files(), [] as [PathBuf; 0]);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 1");
}

/// A server that answers when the gate is opened, and counts.
async fn gated(status: u16, headers: &'static str) -> (String, Arc<Semaphore>, Arc<AtomicU64>) {
    let (gate, asked) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicU64::new(0)));
    let (open, count) = (Arc::clone(&gate), Arc::clone(&asked));
    let origin = raw(move |mut connection, _| {
        let (open, count) = (Arc::clone(&open), Arc::clone(&count));
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            open.acquire().await.unwrap().forget();
            open.add_permits(1);
            let reply = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: 4\r\nconnection: close\r\n{headers}\r\nsame"
            );
            connection.write_all(reply.as_bytes()).await.unwrap();
        }
    })
    .await;
    (origin, gate, asked)
}

/// So many callers at once, all of whom ask before the first has an answer.
async fn at_once(plugin: &Plugin, callers: u32, gate: &Semaphore) {
    let calls = (0..callers).map(|_| plugin.text("/v3/nodes"));
    let (texts, ()) = tokio::join!(join_all(calls), async { gate.add_permits(1) });
    assert!(texts.iter().all(|text| text == "same"));
}

#[tokio::test]
async fn a_thousand_callers_of_a_page_that_is_not_kept_make_one_request() {
    let callers = crate::stage::rounds("KEPT_CALLERS", 1_000);
    println!("{callers} callers");
    let (origin, gate, asked) = gated(200, "").await;
    let plugin = Place::new().plugin(&origin);
    at_once(&plugin, callers, &gate).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_waited_and_not_kept() {
    let (origin, gate, asked) = gated(404, "").await;
    let plugin = Place::new().plugin(&origin);
    at_once(&plugin, 100, &gate).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(plugin.text("/v3/nodes").await, "same");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_reply_that_is_not_for_others_is_asked_for_by_each() {
    let (origin, gate, asked) = gated(200, "cache-control: private\r\n").await;
    let plugin = Place::new().plugin(&origin);
    at_once(&plugin, 20, &gate).await;
    assert_eq!(asked.load(Ordering::SeqCst), 20);
}

#[tokio::test]
async fn who_asks_and_is_stopped_leaves_the_turn_to_the_next() {
    let (origin, gate, asked) = gated(200, "").await;
    let plugin = Place::new().plugin(&origin);
    let mut stopped = plugin.call();
    stopped.context.deadline = Instant::now() + Duration::from_millis(200);
    let (refused, text, ()) =
        tokio::join!(stopped.get("/v3/nodes"), plugin.text("/v3/nodes"), async {
            while asked.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            gate.add_permits(1);
        });
    let kind = refused.unwrap_err().kind;
    assert!(
        matches!(kind, RefusalKind::Deadline | RefusalKind::Timeout),
        "{kind:?}"
    );
    assert_eq!(text, "same");
}

#[tokio::test]
async fn an_old_reply_does_for_a_week_while_the_marketplace_is_in_trouble() {
    let log = crate::log::capture();
    let server = Server::start(|_, before| match before {
        0 => reply(200, &[], "old"),
        _ => reply(503, &[("retry-after", "3600")], "down"),
    })
    .await;
    let place = Place::new();
    let plugin = place.plugin(&server.origin);
    assert_eq!(plugin.text("/v3/nodes").await, "old");
    place.seconds_pass(i64::from(LIFE_SECONDS) + 1);
    assert_eq!(plugin.text("/v3/nodes").await, "old");
    assert!(log.text().contains("an old one is used"));
    let asked = server.seen().len();
    // It is left alone for a moment.
    assert_eq!(plugin.text("/v3/nodes").await, "old");
    assert_eq!(server.seen().len(), asked);
    assert_eq!(plugin.text("/v3/others").await, "down");
    place.seconds_pass(7 * 24 * 3_600);
    assert_eq!(plugin.text("/v3/nodes").await, "down");
}

#[tokio::test]
async fn an_old_reply_does_where_nobody_answers_and_a_refusal_is_no_trouble() {
    let server = counting(&[]).await;
    let place = Place::new();
    let plugin = place.plugin(&server.origin);
    assert_eq!(plugin.text("/v3/nodes").await, "reply 0");
    place.seconds_pass(i64::from(LIFE_SECONDS) + 1);
    let mut unable = place.plugin(&server.origin);
    unable.config.client_secret = None;
    let refusal = unable.call().get("/v3/nodes").await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Credential);
    let gone =
        Server::start(|_, before| reply(if before == 0 { 200 } else { 410 }, &[], "text")).await;
    let plugin = place.plugin(&gone.origin);
    assert_eq!(plugin.text("/v3/nodes").await, "text");
    place.seconds_pass(i64::from(LIFE_SECONDS) + 1);
    let reply = plugin.call().get("/v3/nodes").await.unwrap();
    assert_eq!(reply.status(), 410);
}

/// Nobody may read in the directory which pages a plugin asks for.
#[tokio::test]
async fn a_files_name_tells_nothing() {
    let server = counting(&[]).await;
    let place = Place::new();
    place
        .plugin(&server.origin)
        .text("/v3/nodes/very-private")
        .await;
    let named = |path: &Path| path.to_string_lossy().contains("private");
    let files = place.files();
    assert!(files.iter().all(|file| !named(file)) && files.len() == 1);
    let bytes = fs::read(&files[0]).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"private"));
}
