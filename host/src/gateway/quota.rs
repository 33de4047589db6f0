//! The sixth stage: waiting for the quotas that an endpoint counts against.
//!
//! Whoever waits stands in a line for one quota after the other, always in the same order: an
//! account's own before the app's, a short window before a long one. So nobody blocks those behind
//! him for a reason that is only his, and no two block each other. In a line a person comes before a
//! poll, and who came first comes first. A wait that is known to be too long is refused at once.

mod gate;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::call::CallContext;
use super::refusal::{Refusal, RefusalKind, seconds_up};
use crate::model::{AccountId, Endpoint, Grant, Lane, PluginId, Quota, QuotaScope, QuotaWindow};
use gate::Gate;

/// The longest known wait that is waited out.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A day's window, until the ledger of days is there: the last 24 hours hold at least what the day
/// since midnight does, so this is never too many.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How often gates that nobody needs are looked for.
const SWEEP_EVERY: u64 = 1024;

/// Whose quota: a plugin's, and within it an account's where accounts are counted each for itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    plugin: PluginId,
    name: String,
    account: Option<AccountId>,
}

/// A quota that a request counts against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) key: Key,
    limit: u32,
    window: Duration,
    /// As it was granted; `None` for the one of an endpoint without quotas.
    pub(super) quota: Option<Quota>,
}

/// The quotas of an endpoint, in the order in which they are waited for. An endpoint without any has
/// one of its own without a limit, so that there is something for a 429 to close.
pub(super) fn counted(
    call: &CallContext,
    grant: Option<&Grant>,
    endpoint: &Endpoint,
) -> Vec<Counted> {
    let key = |name: &str, account| Key {
        plugin: call.plugin.clone(),
        name: name.into(),
        account,
    };
    let granted = grant.map_or(&[][..], |grant| &grant.quotas);
    let mut all: Vec<Counted> = granted
        .iter()
        .filter(|quota| endpoint.quotas.contains(&quota.name))
        .map(|quota| Counted {
            key: key(
                &quota.name,
                match quota.scope {
                    QuotaScope::App => None,
                    QuotaScope::Account => call.seller.account().cloned(),
                },
            ),
            limit: quota.limit,
            window: window(&quota.window),
            quota: Some(quota.clone()),
        })
        .collect();
    if all.is_empty() {
        let name = format!("{}{}", endpoint.origin, endpoint.path_prefix);
        let window = Duration::from_secs(1);
        all.push(Counted {
            key: key(&name, None),
            limit: u32::MAX,
            window,
            quota: None,
        });
    }
    all.sort_by_key(|counted| {
        (
            counted.key.account.is_none(),
            counted.window,
            counted.key.name.clone(),
        )
    });
    all.dedup_by(|one, other| one.key == other.key);
    all
}

fn window(window: &QuotaWindow) -> Duration {
    match window {
        QuotaWindow::Sliding(seconds) => Duration::from_secs(u64::from(*seconds)),
        QuotaWindow::Day(_) => DAY,
    }
}

/// All quotas of all plugins.
#[derive(Debug, Default)]
pub(super) struct Quotas {
    lines: Mutex<HashMap<Key, Line>>,
    arrivals: AtomicU64,
}

#[derive(Debug)]
struct Line {
    gate: Gate,
    waiting: BTreeMap<Place, Arc<Notify>>,
}

/// Where somebody stands: persons first, then who came first.
type Place = (Lane, u64);

/// What a request got: for each of its quotas, in their order, its number there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    numbers: Vec<u64>,
}

/// What to do next.
enum Step {
    Go(Ticket),
    /// Until it is one's turn.
    Stand,
    /// At most so long.
    Wait {
        key: Key,
        delay: Duration,
    },
}

impl Quotas {
    /// Waits until a request may be made, and counts it.
    pub(super) async fn acquire(
        &self,
        counted: &[Counted],
        lane: Lane,
        deadline: Instant,
    ) -> Result<Ticket, Refusal> {
        let arrival = self.arrivals.fetch_add(1, Ordering::Relaxed);
        if arrival % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.sweep();
        }
        let turn = Arc::new(Notify::new());
        let standing = Standing {
            quotas: self,
            counted,
            place: (lane, arrival),
            turn,
        };
        loop {
            let until = match standing.step() {
                Step::Go(ticket) => return Ok(ticket),
                Step::Stand => deadline,
                Step::Wait { key, delay } => {
                    let until = Instant::now() + delay;
                    if delay > WAIT_MAX || until > deadline {
                        return Err(used_up(&key, delay));
                    }
                    until
                }
            };
            let waited = timeout_at(until, standing.turn.notified()).await;
            if waited.is_err() && until == deadline {
                return Err(too_late(counted));
            }
        }
    }

    /// Does something with the gates of these quotas, then lets those who wait look again.
    fn with(&self, counted: &[Counted], mut with: impl FnMut(usize, &Counted, &mut Gate)) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, counted) in counted.iter().enumerate() {
            if let Some(line) = lines.get_mut(&counted.key) {
                with(index, counted, &mut line.gate);
                line.wake();
            }
        }
    }

    /// What a reply's headers say of each quota.
    pub(super) fn learn(&self, counted: &[Counted], ticket: &Ticket, learned: &[Learned]) {
        let now = Instant::now();
        self.with(counted, |index, _, gate| {
            let Some(learned) = learned.get(index) else {
                return;
            };
            if let Some(limit) = learned.limit {
                gate.learn_limit(limit);
            }
            if let (Some(remaining), Some(number)) = (learned.remaining, ticket.numbers.get(index))
            {
                gate.learn_remaining(*number, remaining, now);
            }
        });
    }

    /// Lets nothing through one of them for a while.
    pub(super) fn close(&self, counted: &Counted, wait: Duration) {
        let now = Instant::now();
        self.with(std::slice::from_ref(counted), |_, _, gate| {
            gate.close(wait, now)
        });
    }

    fn sweep(&self) {
        let now = Instant::now();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|_, line| !line.waiting.is_empty() || !line.gate.is_idle(now));
    }
}

/// What a reply says of one quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Learned {
    pub(super) limit: Option<u32>,
    pub(super) remaining: Option<u32>,
}

impl Line {
    /// Whoever is first looks again.
    fn wake(&self) {
        if let Some((_, turn)) = self.waiting.first_key_value() {
            turn.notify_one();
        }
    }

    fn leave(&mut self, place: Place) {
        if self.waiting.remove(&place).is_some() {
            self.wake();
        }
    }
}

/// Somebody who waits. Leaves all lines when it is dropped: with a ticket, refused, or given up.
struct Standing<'a> {
    quotas: &'a Quotas,
    counted: &'a [Counted],
    place: Place,
    turn: Arc<Notify>,
}

impl Standing<'_> {
    fn step(&self) -> Step {
        let now = Instant::now();
        let mut lines = self
            .quotas
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (index, counted) in self.counted.iter().enumerate() {
            let line = lines.entry(counted.key.clone()).or_insert_with(|| Line {
                gate: Gate::new(counted.limit, counted.window),
                waiting: BTreeMap::new(),
            });
            if line.gate.window() != counted.window {
                line.gate = Gate::new(counted.limit, counted.window);
            }
            line.gate.declare(counted.limit);
            line.waiting
                .entry(self.place)
                .or_insert_with(|| Arc::clone(&self.turn));
            let first = line
                .waiting
                .first_key_value()
                .is_none_or(|(place, _)| *place == self.place);
            let step = if first {
                let delay = line.gate.delay(self.place.0, now);
                delay.map(|delay| Step::Wait {
                    key: counted.key.clone(),
                    delay,
                })
            } else {
                Some(Step::Stand)
            };
            if let Some(step) = step {
                self.leave(
                    &mut lines,
                    self.counted.get(index + 1..).unwrap_or_default(),
                );
                return step;
            }
        }
        let numbers = self
            .counted
            .iter()
            .filter_map(|counted| Some(lines.get_mut(&counted.key)?.gate.take(now)))
            .collect();
        Step::Go(Ticket { numbers })
    }

    fn leave(&self, lines: &mut HashMap<Key, Line>, counted: &[Counted]) {
        for counted in counted {
            if let Some(line) = lines.get_mut(&counted.key) {
                line.leave(self.place);
            }
        }
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        let mut lines = self
            .quotas
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.leave(&mut lines, self.counted);
    }
}

fn used_up(key: &Key, delay: Duration) -> Refusal {
    let seconds = seconds_up(delay);
    let what = format!("the quota {:?} of {} is used up", key.name, key.plugin);
    Refusal::new(RefusalKind::RateLimited(Some(delay)), what)
        .remedy(format!("try again in {seconds} s"))
}

fn too_late(counted: &[Counted]) -> Refusal {
    let names: Vec<&str> = counted
        .iter()
        .map(|counted| counted.key.name.as_str())
        .collect();
    let what = format!(
        "the call's time was over before its turn came for {}",
        names.join(", ")
    );
    Refusal::new(RefusalKind::RateLimited(None), what)
        .remedy("try again later: more requests wait than the marketplace allows")
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::super::call::Seller;
    use super::*;
    use crate::model::CallId;

    const SECOND: Duration = Duration::from_secs(1);

    fn quota(name: &str, scope: QuotaScope, seconds: u32, limit: u32) -> Quota {
        Quota {
            name: name.into(),
            scope,
            window: QuotaWindow::Sliding(seconds),
            limit,
            limit_header: None,
            remaining_header: None,
        }
    }

    fn call(seller: Seller) -> CallContext {
        CallContext {
            call: CallId::random(),
            plugin: "etsy".parse().unwrap(),
            config: Arc::default(),
            seller,
            lane: Lane::Person,
            network: true,
            deadline: Instant::now() + Duration::from_secs(30),
            record: Arc::default(),
        }
    }

    fn endpoint(quotas: &[&str]) -> Endpoint {
        Endpoint {
            origin: "https://a.test".into(),
            path_prefix: "/v3".into(),
            methods: vec![],
            credentials: vec![],
            quotas: quotas.iter().map(|name| (*name).to_owned()).collect(),
            cache_seconds: None,
        }
    }

    fn all(seller: Seller, quotas: Vec<Quota>) -> Vec<Counted> {
        let names: Vec<String> = quotas.iter().map(|quota| quota.name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let grant = Grant {
            quotas,
            ..Grant::nothing()
        };
        counted(&call(seller), Some(&grant), &endpoint(&names))
    }

    fn per_second(limit: u32) -> Vec<Counted> {
        all(
            Seller::None,
            vec![quota("second", QuotaScope::App, 1, limit)],
        )
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    #[test]
    fn quotas_are_waited_for_in_one_order() {
        let account = AccountId::random();
        let quotas = vec![
            quota("day", QuotaScope::App, 86_400, 10_000),
            quota("mine", QuotaScope::Account, 86_400, 100),
            quota("second", QuotaScope::App, 1, 10),
        ];
        let counted = all(Seller::Account(account.clone()), quotas);
        let names: Vec<&str> = counted
            .iter()
            .map(|counted| counted.key.name.as_str())
            .collect();
        assert_eq!(names, ["mine", "second", "day"]);
        assert_eq!(counted[0].key.account, Some(account));
        assert_eq!(counted[1].key.account, None);
    }

    #[test]
    fn an_endpoint_without_quotas_has_one_of_its_own() {
        let counted = counted(&call(Seller::None), None, &endpoint(&["unknown"]));
        assert_eq!(counted.len(), 1);
        assert_eq!(counted[0].limit, u32::MAX);
        assert_eq!(counted[0].key.name, "https://a.test/v3");
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_first_goes_first_and_a_person_before_a_poll() {
        let quotas = Arc::new(Quotas::default());
        let counted = Arc::new(per_second(1));
        quotas
            .acquire(&counted, Lane::Person, soon())
            .await
            .unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (name, lane) in [
            ("poll 1", Lane::Poll),
            ("poll 2", Lane::Poll),
            ("person 1", Lane::Person),
            ("person 2", Lane::Person),
        ] {
            let (quotas, counted, order) = (
                Arc::clone(&quotas),
                Arc::clone(&counted),
                Arc::clone(&order),
            );
            tasks.push(tokio::spawn(async move {
                quotas.acquire(&counted, lane, soon()).await.unwrap();
                order.lock().unwrap().push(name);
            }));
            tokio::task::yield_now().await;
        }
        join_all(tasks).await;
        assert_eq!(
            *order.lock().unwrap(),
            ["person 1", "person 2", "poll 1", "poll 2"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_wait_are_let_through_at_the_limit() {
        let quotas = Quotas::default();
        let counted = per_second(10);
        let began = Instant::now();
        let times = join_all((0..100).map(|_| async {
            quotas
                .acquire(&counted, Lane::Person, soon())
                .await
                .unwrap();
            Instant::now()
        }))
        .await;
        let mut times = times;
        times.sort();
        for pair in times.windows(11) {
            assert!(pair[10] - pair[0] >= SECOND);
        }
        assert!(began.elapsed() < 11 * SECOND, "{:?}", began.elapsed());
        assert!(
            quotas
                .lines
                .lock()
                .unwrap()
                .values()
                .all(|line| line.waiting.is_empty())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_has_to_wait_does_not_hold_up_the_others() {
        let quotas = Quotas::default();
        let made = || {
            vec![
                quota("app", QuotaScope::App, 1, 100),
                quota("mine", QuotaScope::Account, 10, 1),
            ]
        };
        let slow = all(Seller::Account(AccountId::random()), made());
        quotas.acquire(&slow, Lane::Person, soon()).await.unwrap();
        let began = Instant::now();
        let waits = quotas.acquire(&slow, Lane::Person, soon());
        let others = async {
            for _ in 0..50 {
                let other = all(Seller::Account(AccountId::random()), made());
                quotas.acquire(&other, Lane::Poll, soon()).await.unwrap();
            }
            began.elapsed()
        };
        let (waited, others) = tokio::join!(waits, others);
        waited.unwrap();
        assert!(others < SECOND, "{others:?}");
        assert!(began.elapsed() >= 10 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_known_to_be_too_long_is_refused_at_once() {
        let quotas = Quotas::default();
        let counted = per_second(10);
        quotas
            .acquire(&counted, Lane::Person, soon())
            .await
            .unwrap();
        quotas.close(&counted[0], Duration::from_secs(600));
        let began = Instant::now();
        let refusal = quotas
            .acquire(&counted, Lane::Person, soon())
            .await
            .unwrap_err();
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(
            refusal.kind,
            RefusalKind::RateLimited(Some(Duration::from_secs(600)))
        );
        assert!(refusal.remedy.contains("600 s"), "{}", refusal.remedy);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_stand_in_line_learn_of_a_closed_gate_at_once() {
        let quotas = Quotas::default();
        let counted = per_second(1);
        quotas
            .acquire(&counted, Lane::Person, soon())
            .await
            .unwrap();
        let waiting = join_all((0..20).map(|_| quotas.acquire(&counted, Lane::Poll, soon())));
        let closing = async {
            tokio::time::sleep(SECOND / 2).await;
            quotas.close(&counted[0], Duration::from_secs(3600));
            Instant::now()
        };
        let (all, closed) = tokio::join!(waiting, closing);
        assert!(all.iter().all(Result::is_err));
        assert_eq!(Instant::now(), closed);
    }

    #[tokio::test(start_paused = true)]
    async fn whose_time_is_over_while_standing_is_refused_then() {
        let quotas = Quotas::default();
        let counted = per_second(1);
        quotas
            .acquire(&counted, Lane::Person, soon())
            .await
            .unwrap();
        let began = Instant::now();
        let deadline = began + 3 * SECOND;
        let all = join_all((0..10).map(|_| quotas.acquire(&counted, Lane::Person, deadline))).await;
        assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 2);
        assert!(
            began.elapsed() <= 3 * SECOND + SECOND / 10,
            "{:?}",
            began.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_makes_room() {
        let quotas = Quotas::default();
        let counted = per_second(1);
        quotas
            .acquire(&counted, Lane::Person, soon())
            .await
            .unwrap();
        {
            let given_up = quotas.acquire(&counted, Lane::Person, soon());
            assert!(tokio::time::timeout(SECOND / 10, given_up).await.is_err());
        }
        quotas.acquire(&counted, Lane::Poll, soon()).await.unwrap();
        assert!(
            quotas
                .lines
                .lock()
                .unwrap()
                .values()
                .all(|line| line.waiting.is_empty())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn gates_that_nobody_needs_are_forgotten() {
        let quotas = Quotas::default();
        for _ in 0..2 * SWEEP_EVERY {
            let counted = all(
                Seller::Account(AccountId::random()),
                vec![quota("mine", QuotaScope::Account, 1, 9)],
            );
            quotas
                .acquire(&counted, Lane::Person, soon())
                .await
                .unwrap();
            tokio::time::advance(SECOND / 10).await;
        }
        assert!(quotas.lines.lock().unwrap().len() < 50);
    }
}
