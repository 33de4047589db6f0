//! The program under load, over TCP: many clients at once, slow ones beside them, and an end in the
//! middle of it.
//!
//! What is measured is printed for `docs/test-record.md`. Times are only held in a long run: there
//! the bars stand, and nothing else runs beside it.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Signal, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::clients::{Answer, Asked, Client, Failed};
use crate::served::{Served, USERS};
use crate::stage::rounds;

/// Connections of those who read.
const READERS: usize = 200;

/// What the process may take, in bytes.
const MEMORY_BYTES_MAX: u64 = 150_000_000;

/// Within which a head that was not sent whole is cut, by its client's clock.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// When a slow client gives up waiting to be cut.
const GIVEN_UP: Duration = Duration::from_secs(30);

/// What a normal request may take, at the 99th percentile, beside slow clients.
const NORMAL_P99_MAX: Duration = Duration::from_millis(100);

/// What is read: of the marketplace and of the host itself.
fn reads(key: &str) -> Vec<Asked> {
    [
        "/api/etsy/listings/active?limit=25",
        "/api/etsy/shop",
        "/api/accounts",
        "/api/etsy/listings/draft?limit=5",
        "/api/etsy/connection/status",
        "/api/etsy/orders?limit=5",
        "/healthz",
    ]
    .map(|path| Asked::get(path, Some(key)))
    .to_vec()
}

/// How the requests of many clients went.
#[derive(Debug, Default)]
struct Went {
    took: Vec<Duration>,
    /// Those that were sent before the server was told to end, and answered afterwards.
    ran_on: usize,
    /// Requests that a server which stops had not begun, and those that found nobody.
    turned_away: usize,
    /// What must not be.
    wrong: Vec<String>,
}

impl Went {
    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.ran_on += other.ran_on;
        self.turned_away += other.turned_away;
        self.wrong.extend(other.wrong);
    }

    /// An answer that came whole.
    fn answered(&mut self, asked: &Asked, answer: &Answer) {
        self.took.push(answer.took);
        if !answer.status.is_success() {
            let text = String::from_utf8_lossy(&answer.body);
            self.wrong
                .push(format!("{}: {}: {text}", asked.path, answer.status));
        }
    }

    fn quantile(&self, part: f64) -> Duration {
        let mut sorted = self.took.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        sorted
            .get((last as f64 * part).round() as usize)
            .copied()
            .unwrap_or_default()
    }

    #[track_caller]
    fn demand_nothing_wrong(&self) {
        let few: Vec<_> = self.wrong.iter().take(5).collect();
        assert!(few.is_empty(), "{} went wrong: {few:?}", self.wrong.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_readers_at_once_fail_nowhere_and_take_little_memory() {
    let seconds = rounds("LOAD_SECONDS", 3);
    more_files();
    let served = Served::start().await;
    let keys = keys(&served).await;
    let end = Instant::now() + Duration::from_secs(seconds.into());
    let stop = Stop::new();
    let went = read_until(&served, &keys, &stop, end).await;
    went.demand_nothing_wrong();
    let peak = peak_bytes(served.process_id());
    println!(
        "{READERS} connections of mixed reads for {seconds} s: {} requests, p50 {:?}, p99 {:?}, memory {} MB at its most",
        went.took.len(),
        went.quantile(0.5),
        went.quantile(0.99),
        peak / 1_000_000,
    );
    assert!(went.took.len() >= READERS, "{} answers", went.took.len());
    assert!(peak < MEMORY_BYTES_MAX, "{peak} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_under_load_loses_no_request_that_runs() {
    more_files();
    let mut served = Served::start().await;
    let keys = keys(&served).await;
    let stop = Stop::new();
    let end = Instant::now() + Duration::from_secs(60);
    let (went, ()) = tokio::join!(read_until(&served, &keys, &stop, end), async {
        stop.once_answered(READERS).await;
        stop.now();
        served.tell(Signal::TERM);
    });
    let status = served.ended();
    went.demand_nothing_wrong();
    println!(
        "ended under {READERS} connections: {} requests answered, {} of which ran at the end, {} turned away",
        went.took.len(),
        went.ran_on,
        went.turned_away,
    );
    assert!(went.ran_on > 0, "nothing ran when the end came");
    assert!(status.success(), "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_cut_and_do_not_slow_others() {
    let count = rounds("SLOW_CLIENTS", 200);
    more_files();
    let served = Served::start().await;
    let keys = keys(&served).await;
    let server = address(&served);
    let mut slow = JoinSet::new();
    for _ in 0..count {
        slow.spawn(slow_client(server));
    }
    let (normal, lasted) = tokio::join!(
        normal_client(server, &keys[0], Duration::from_secs(8)),
        slow.join_all()
    );
    normal.demand_nothing_wrong();
    let longest = lasted.into_iter().max().unwrap_or_default();
    let p99 = normal.quantile(0.99);
    println!(
        "{count} slow clients: the last was cut after {longest:?}; beside them {} normal requests, p50 {:?}, p99 {p99:?}",
        normal.took.len(),
        normal.quantile(0.5),
    );
    assert!(longest < GIVEN_UP, "somebody was not cut");
    assert!(!normal.took.is_empty());
    // Beside other tests a time says nothing of the program.
    if count >= 1_000 {
        assert!(longest <= HEAD_TIME_MAX, "{longest:?}");
        assert!(p99 < NORMAL_P99_MAX, "{p99:?}");
    }
}

/// When the server was told to end, for those who ask it.
#[derive(Debug)]
struct Stop {
    told: OnceLock<Instant>,
    /// As many places as there were answers.
    answered: Semaphore,
}

/// How long before the end a request has to be sent to be one that runs: what lies in the socket unread
/// when the server closes an idle connection, HTTP/1.1 cannot tell from one that was never sent
/// (RFC 9112 §9.5).
const UNREAD: Duration = Duration::from_millis(250);

impl Stop {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            told: OnceLock::new(),
            answered: Semaphore::new(0),
        })
    }

    fn now(&self) {
        self.told.get_or_init(Instant::now);
    }

    fn is_told(&self) -> bool {
        self.told.get().is_some()
    }

    /// Waits until so many requests have been answered.
    async fn once_answered(&self, count: usize) {
        let count = u32::try_from(count).unwrap();
        self.answered.acquire_many(count).await.unwrap().forget();
    }

    /// Whether the server may not have begun a request that was sent then.
    fn may_miss(&self, sent: Instant) -> bool {
        self.told.get().is_some_and(|told| sent + UNREAD > *told)
    }

    /// Whether a request that was sent then ran when the server was told.
    fn came_after(&self, sent: Instant) -> bool {
        self.told.get().is_some_and(|told| sent < *told)
    }
}

/// All readers, until this time or until the server has gone.
async fn read_until(served: &Served, keys: &[String; 2], stop: &Arc<Stop>, end: Instant) -> Went {
    let mut readers = JoinSet::new();
    for (number, key) in keys.iter().cycle().take(READERS).enumerate() {
        let (mut asked, stop) = (reads(key), Arc::clone(stop));
        // Not all of them ask for the same at the same time.
        let first = number % asked.len();
        asked.rotate_left(first);
        readers.spawn(read(address(served), asked, stop, end));
    }
    let mut went = Went::default();
    for one in readers.join_all().await {
        went.add(one);
    }
    went
}

/// One reader, who takes a new connection when the server closes his.
async fn read(server: SocketAddr, asked: Vec<Asked>, stop: Arc<Stop>, end: Instant) -> Went {
    let mut went = Went::default();
    let mut client = None;
    for asked in asked.iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        let sent = Instant::now();
        let failed = match ask(&mut client, server, asked).await {
            Ok(answer) => {
                went.answered(asked, &answer);
                went.ran_on += usize::from(stop.came_after(sent));
                stop.answered.add_permits(1);
                if !answer.goes_on {
                    client = None;
                }
                continue;
            }
            Err(failed) => failed,
        };
        match failed {
            Failed::Refused(_) if stop.is_told() => went.turned_away += 1,
            Failed::Unanswered(_) if stop.may_miss(sent) => went.turned_away += 1,
            failed => went.wrong.push(format!("{}: {failed:?}", asked.path)),
        }
        break;
    }
    went
}

async fn ask(
    client: &mut Option<Client>,
    server: SocketAddr,
    asked: &Asked,
) -> Result<Answer, Failed> {
    let open = match client.take() {
        Some(open) => open,
        None => Client::connect(server).await?,
    };
    client.insert(open).ask(asked).await
}

/// Half a head, then a byte a second; how long until the server has enough of it.
async fn slow_client(server: SocketAddr) -> Duration {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let began = Instant::now();
    let half = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ";
    let mut open = stream.write_all(half).await.is_ok();
    let mut said = [0; 1024];
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    while open && began.elapsed() < GIVEN_UP {
        tokio::select! {
            // It may say why before it closes.
            read = stream.read(&mut said) => open = read.is_ok_and(|count| count > 0),
            _ = ticks.tick() => open = stream.write_all(b"a").await.is_ok(),
        }
    }
    began.elapsed()
}

/// Somebody who asks one thing after the other, without a hurry.
async fn normal_client(server: SocketAddr, key: &str, time: Duration) -> Went {
    let (mut went, mut client) = (Went::default(), None);
    let asked = reads(key);
    let end = Instant::now() + time;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for asked in asked.iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        ticks.tick().await;
        match ask(&mut client, server, asked).await {
            Ok(answer) => went.answered(asked, &answer),
            Err(failed) => went.wrong.push(format!("{}: {failed:?}", asked.path)),
        }
    }
    went
}

/// Each user's key, which may ask as often as it likes.
async fn keys(served: &Served) -> [String; 2] {
    let operator = served.client(None);
    let mut keys = USERS.map(str::to_owned);
    for key in &mut keys {
        let wanted = json!({
            "user": key,
            "scopes": ["listings:read", "shop:read", "orders:read", "accounts:read"],
            "rate": { "per_second": 1_000_000, "burst": 1_000_000 },
        });
        let made = operator.post("/api/keys", &wanted).await.json();
        *key = made["secret"].as_str().unwrap().to_owned();
    }
    keys
}

fn address(served: &Served) -> SocketAddr {
    let authority = served.url.strip_prefix("http://").unwrap();
    authority.parse().unwrap()
}

/// As many open files as the system allows, for this process and the server that it starts.
fn more_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// The most memory that a process ever had, in bytes.
fn peak_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}
