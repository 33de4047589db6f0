//! The program killed, and its power cut, at random moments of a consent, a refresh and a call, the
//! moments inside the token endpoint's reply among them. No seller has to consent again because of
//! it, but where the marketplace had ended the old refresh token and its reply had not arrived: then
//! the account says so.

use std::collections::BTreeMap;
use std::fmt;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use stoflow_sandbox::{Fault, FaultKind, NewSeller, Options, RequestRecord, Rotation, Sandbox};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::disk::Disk;
use crate::market::{configure, consent};
use crate::seed::{Dice, seed};
use crate::stage::{Stage, compiled, rounds};

/// How long the last bytes of a reply may be under way, and the reply be read and synced, while the
/// sandbox has already handed them over. How often a round needed it is counted.
const TOLERANCE: Duration = Duration::from_millis(40);
const SHOPS: usize = 3;

/// What the program is doing when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    /// The consent of a seller whose account there is.
    Renew,
    /// That of a new one.
    Join,
    Leave,
    Refresh,
    Call,
}

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Kill,
    PowerCut,
}

/// One seller, and the account that is theirs once they have consented.
struct Seller {
    user: String,
    id: i64,
    account: String,
}

/// The shops of a sandbox, and a data directory for the program.
struct Town {
    sandbox: Sandbox,
    disk: Disk,
    sellers: Vec<Seller>,
    /// How long the program usually takes for anything.
    usual: Duration,
}

/// What became of a run of the program.
struct Ran {
    /// `None` if it was killed.
    code: Option<i32>,
    errors: String,
    /// When it was killed, in microseconds since 1970.
    killed_us: Option<u64>,
}

/// When to kill.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Never,
    After(Duration),
    /// So long after the sandbox has seen so many requests.
    InRequest(usize, Duration),
}

#[derive(Default)]
struct Tally {
    killed: BTreeMap<Work, u32>,
    ended_before: u32,
    in_token_reply: u32,
    consents_needed: u32,
    tolerance_used: u32,
    longest_under_way: Duration,
}

impl Town {
    async fn new(rotation: Rotation) -> Self {
        let options = Options {
            per_second: 0,
            per_day: 0,
            rotation,
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let disk = Disk::that_loses_power();
        let stage = Stage::with(|options| options.data_dir = disk.live().join("data"));
        stage.install("plugins/etsy").await.unwrap();
        configure(&stage, &sandbox).await;
        stage.host.close().unwrap();
        for number in 1..SHOPS {
            let seller = NewSeller {
                shop_name: format!("Shop{number}"),
                ..NewSeller::default()
            };
            sandbox.add_seller(&seller).unwrap();
        }
        disk.sync_all();
        let mut town = Self {
            sandbox,
            disk,
            sellers: Vec::new(),
            usual: Duration::ZERO,
        };
        for (number, seller) in town.sandbox.sellers().into_iter().take(SHOPS).enumerate() {
            let user = format!("u{number}");
            let ran = town.connect(&user, seller.user_id, Moment::Never).await;
            assert_eq!(ran.code, Some(0), "{}", ran.errors);
            let account = town.accounts().await.remove(&user).unwrap();
            town.sellers.push(Seller {
                user,
                id: seller.user_id,
                account: account.id,
            });
        }
        let began = Instant::now();
        town.call(&town.sellers[0].user, Moment::Never).await;
        town.usual = began.elapsed();
        town
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_stoflow"));
        command
            .args(arguments)
            .env("STOFLOW_DATA_DIR", self.disk.live().join("data"))
            .env("STOFLOW_COMPILED_DIR", compiled())
            .env_remove("STOFLOW_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Of the power cut, the kills have only that a sync costs nothing.
        self.disk.under(&mut command, None);
        let mut command = Command::from(command);
        command.kill_on_drop(true);
        command
    }

    /// The consent of a seller, their browser played by a plain client.
    async fn connect(&self, user: &str, seller: i64, moment: Moment) -> Ran {
        let arguments = [
            "account", "connect", "etsy", "--user", user, "--paste", "--yes",
        ];
        let mut child = self.command(&arguments).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let out = child.stdout.take().unwrap();
        let browser = async move {
            let mut lines = BufReader::new(out).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line.trim().starts_with("http") {
                    let address = consent(&format!("{}&user={seller}", line.trim())).await;
                    // The program may be gone by now.
                    let _ = input.write_all(format!("{address}\n").as_bytes()).await;
                }
            }
        };
        self.run(child, browser, moment).await
    }

    async fn call(&self, user: &str, moment: Moment) -> Ran {
        let arguments = ["call", "etsy", "shop", "get", "--user", user, "--json"];
        self.simple(&arguments, moment).await
    }

    async fn disconnect(&self, account: &str, moment: Moment) -> Ran {
        self.simple(&["account", "disconnect", account], moment)
            .await
    }

    async fn simple(&self, arguments: &[&str], moment: Moment) -> Ran {
        let mut child = self.command(arguments).spawn().unwrap();
        drop(child.stdin.take());
        let mut out = child.stdout.take().unwrap();
        let reader = async move {
            let _ = out.read_to_end(&mut Vec::new()).await;
        };
        self.run(child, reader, moment).await
    }

    /// Lets a program run to its end, or to the moment when it is killed.
    async fn run(&self, mut child: Child, reader: impl Future<Output = ()>, at: Moment) -> Ran {
        let before = self.sandbox.begun();
        let mut errors = child.stderr.take().unwrap();
        let work = async {
            let mut text = String::new();
            let ((), _) = tokio::join!(reader, errors.read_to_string(&mut text));
            text
        };
        let moment = async {
            match at {
                Moment::Never => tokio::time::sleep(Duration::from_secs(60)).await,
                Moment::After(wait) => tokio::time::sleep(wait).await,
                Moment::InRequest(count, wait) => {
                    while self.sandbox.begun() < before + count {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    tokio::time::sleep(wait).await;
                }
            }
        };
        let ended = tokio::select! {
            ended = work => Some(ended),
            () = moment => None,
        };
        if let Some(errors) = ended {
            let status = child.wait().await.unwrap();
            return Ran {
                code: status.code(),
                errors,
                killed_us: None,
            };
        }
        child.start_kill().unwrap();
        let killed_us = now_us();
        child.wait().await.unwrap();
        assert!(!matches!(at, Moment::Never), "the program hangs");
        Ran {
            code: None,
            errors: String::new(),
            killed_us: Some(killed_us),
        }
    }

    async fn accounts(&self) -> BTreeMap<String, Listed> {
        let mut command = self.command(&["account", "list", "--json"]);
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let accounts: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let listed = accounts.iter().map(|account| {
            let listed = Listed {
                id: text(&account["id"]),
                state: text(&account["state"]["state"]),
                reason: text(&account["state"]["reason"]),
            };
            (text(&account["user"]), listed)
        });
        listed.collect()
    }
}

/// An account as the program lists it.
#[derive(Debug)]
struct Listed {
    id: String,
    state: String,
    reason: String,
}

fn now_us() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_micros().try_into().unwrap()
}

/// The requests by which a token was rotated: a call asks for tokens with nothing but a refresh.
fn rotations(requests: &[RequestRecord]) -> impl Iterator<Item = &RequestRecord> {
    requests
        .iter()
        .filter(|request| request.operation.as_deref() == Some("token") && request.status == 200)
}

/// How long after the last byte of a reply that had told of a rotation the kill came; `None` where
/// that byte never left. An `Err` where no rotation explains a lost reply.
fn lost(requests: &[RequestRecord], killed_us: u64) -> Result<Duration, String> {
    let tolerance = u64::try_from(TOLERANCE.as_micros()).unwrap();
    let mut nearest = Err("no refresh had rotated the token".to_owned());
    for request in rotations(requests) {
        let whole =
            request.fault != Some(FaultKind::Cut) && request.sent_bytes > request.response_bytes;
        let Some(sent_us) = request.sent_us.filter(|_| whole) else {
            return Ok(Duration::ZERO);
        };
        if killed_us + tolerance < request.done_us {
            nearest = Err("the kill came before the rotation".to_owned());
        } else if killed_us > sent_us + tolerance {
            let late = Duration::from_micros(killed_us - sent_us);
            nearest = Err(format!(
                "the kill came {late:?} after the reply's last byte"
            ));
        } else {
            return Ok(Duration::from_micros(killed_us.saturating_sub(sent_us)));
        }
    }
    nearest
}

impl Tally {
    /// A new seller consents, and leaves again. What was said to be done is.
    async fn join_and_leave(&mut self, town: &Town, end: End, dice: &mut Dice, what: &str) {
        let what = format!("{what}, a seller joins and leaves");
        let seller = &town.sellers[dice.within(0..SHOPS as u64) as usize];
        let moment = match dice.one_in(2) {
            true => Moment::Never,
            false => self.moment(town, Work::Join, dice),
        };
        let ran = town.connect("new", seller.id, moment).await;
        self.ended(town, Work::Join, end, &ran, dice, &what);
        let listed = town.accounts().await.remove("new");
        let joined = listed.filter(|listed| listed.state == "connected");
        assert!(
            joined.is_some() || ran.code.is_none(),
            "{what}: it is forgotten"
        );
        let Some(joined) = joined else { return };
        let ran = town.call("new", Moment::Never).await;
        assert_eq!(ran.code, Some(0), "{what}: {}", ran.errors);
        let moment = self.moment(town, Work::Leave, dice);
        let ran = town.disconnect(&joined.id, moment).await;
        self.ended(town, Work::Leave, end, &ran, dice, &what);
        if town.accounts().await.contains_key("new") {
            assert!(ran.code.is_none(), "{what}: it is there again");
            let ran = town.call("new", Moment::Never).await;
            assert_eq!(ran.code, Some(0), "{what}: {}", ran.errors);
            let ran = town.disconnect(&joined.id, Moment::Never).await;
            assert_eq!(ran.code, Some(0), "{what}: {}", ran.errors);
        }
    }

    /// Counts how the program has ended, and cuts the power if that is the end.
    fn ended(&mut self, town: &Town, work: Work, end: End, ran: &Ran, dice: &mut Dice, what: &str) {
        town.sandbox.clear_faults();
        if end == End::PowerCut {
            let torn = dice.one_in(2);
            town.disk.cut(torn.then_some(dice));
        }
        match ran.killed_us {
            Some(_) => *self.killed.entry(work).or_default() += 1,
            None => {
                self.ended_before += 1;
                assert_eq!(ran.code, Some(0), "{what}: {}", ran.errors);
            }
        }
    }

    /// One end, and what the next starts find.
    async fn round(
        &mut self,
        town: &Town,
        rotation: Rotation,
        end: End,
        dice: &mut Dice,
        what: &str,
    ) {
        let seller = &town.sellers[dice.within(0..SHOPS as u64) as usize];
        if dice.one_in(5) {
            return self.join_and_leave(town, end, dice, what).await;
        }
        let work = *dice.one_of(&[Work::Renew, Work::Refresh, Work::Refresh, Work::Call]);
        let what = format!("{what}, {work:?} of {}", seller.user);
        town.sandbox.clear_requests();
        let moment = self.moment(town, work, dice);
        let ran = match work {
            Work::Renew => town.connect(&seller.user, seller.id, moment).await,
            _ => town.call(&seller.user, moment).await,
        };
        let requests = town.sandbox.requests();
        self.ended(town, work, end, &ran, dice, &what);
        let loss = ran
            .killed_us
            .filter(|_| work != Work::Renew)
            .map(|at| lost(&requests, at));
        self.in_token_reply += u32::from(matches!(loss, Some(Ok(Duration::ZERO))));
        let check = town.call(&seller.user, Moment::Never).await;
        let accounts = town.accounts().await;
        for other in &town.sellers {
            let listed = &accounts[&other.user];
            assert_eq!(listed.id, other.account, "{what}: another account");
            let may_ask = other.user == seller.user && check.code != Some(0);
            assert!(may_ask || listed.state == "connected", "{what}: {listed:?}");
        }
        if check.code == Some(0) {
            return;
        }
        let listed = &accounts[&seller.user];
        let why = format!("{what}: {listed:?}, {}", check.errors);
        assert_eq!(rotation, Rotation::AtOnce, "{why}");
        assert_eq!(listed.state, "needs_consent", "{why}");
        assert!(listed.reason.contains("response lost"), "{why}");
        assert!(check.errors.contains("response lost"), "{why}");
        let late = loss.unwrap_or_else(|| Err("nothing was killed".to_owned()));
        let late = late.unwrap_or_else(|error| panic!("{why}: {error}"));
        self.consents_needed += 1;
        self.tolerance_used += u32::from(!late.is_zero());
        self.longest_under_way = self.longest_under_way.max(late);
        // The seller does, and has the same account again.
        let ran = town.connect(&seller.user, seller.id, Moment::Never).await;
        assert_eq!(ran.code, Some(0), "{what}: {}", ran.errors);
        assert_eq!(
            town.accounts().await[&seller.user].id,
            seller.account,
            "{what}"
        );
    }

    /// Prepares what a work needs, and chooses when it is ended.
    fn moment(&self, town: &Town, work: Work, dice: &mut Dice) -> Moment {
        let usual = u64::try_from(town.usual.as_millis()).unwrap();
        let anywhere = Moment::After(Duration::from_millis(dice.within(0..usual + 20)));
        let kinds = match work {
            Work::Leave | Work::Call => return anywhere,
            // The call is refused, the token refreshed, the call repeated. After a reply that was
            // cut off, the program asks once more, two seconds later.
            Work::Refresh => {
                town.sandbox.expire_tokens(false);
                &[FaultKind::Cut, FaultKind::SlowAfter, FaultKind::Slow][..]
            }
            // The page, the token, whose it is.
            Work::Renew | Work::Join => &[FaultKind::SlowAfter, FaultKind::Slow],
        };
        let kind = *dice.one_of(kinds);
        if dice.one_in(4) {
            return anywhere;
        }
        let fault = Fault::new(kind).on("token").ms(dice.within(1..60));
        town.sandbox.inject(fault).unwrap();
        Moment::InRequest(2, Duration::from_millis(dice.within(0..60)))
    }
}

async fn ends(name: &str, default: u32, rotation: Rotation, end: End) {
    let rounds = rounds(name, default);
    let seed = seed(&format!("{end:?} of the program, {rotation:?}"), rounds);
    let town = Town::new(rotation).await;
    let mut tally = Tally::default();
    let began = Instant::now();
    for round in 0..u64::from(rounds) {
        let mut dice = Dice::of(seed, round);
        let what = format!("round {round} of seed {seed}");
        tally.round(&town, rotation, end, &mut dice, &what).await;
    }
    // No account says that it is connected with a token that is worth nothing.
    for seller in &town.sellers {
        let ran = town.call(&seller.user, Moment::Never).await;
        assert_eq!(ran.code, Some(0), "{}: {}", seller.user, ran.errors);
    }
    println!("{tally} in {:.0?}", began.elapsed());
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "killed {:?}, {} inside a token's reply, {} had ended before; {} had to consent again, \
             {} of them within {:?} after the last byte (longest {:?})",
            self.killed,
            self.in_token_reply,
            self.ended_before,
            self.consents_needed,
            self.tolerance_used,
            TOLERANCE,
            self.longest_under_way,
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kill_costs_a_consent_where_the_old_token_lives_until_the_new_one_is_used() {
    ends("ACCOUNT_KILLS", 12, Rotation::OnUse, End::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_old_token_dies_at_once_only_a_reply_that_was_lost_costs_a_consent() {
    ends("ACCOUNT_KILLS", 12, Rotation::AtOnce, End::Kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_costs_no_more_than_a_kill() {
    ends("POWER_CUTS", 10, Rotation::AtOnce, End::PowerCut).await;
}
