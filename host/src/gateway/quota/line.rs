//! Waiting for quotas.
//!
//! Whoever waits stands in a line for one quota after the other, always in the same order: an
//! account's own before the app's, a short window before a long one. So nobody blocks those behind
//! him for a reason that is only his, and no two block each other. In a line a person comes before a
//! poll, and who came first comes first. A wait that is known to be too long is refused at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::gate::Gate;
use super::{Counted, Key};
use crate::gateway::refusal::{Refusal, RefusalKind, seconds_up};
use crate::model::Lane;
use crate::telemetry;

/// The longest known wait that is waited out.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// How often gates that nobody needs are looked for.
const SWEEP_EVERY: u64 = 1024;

/// All quotas of all plugins.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Quotas {
    pub(super) lines: Mutex<HashMap<Key, Line>>,
    arrivals: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Line {
    pub(super) gate: Gate,
    waiting: BTreeMap<Place, Arc<Notify>>,
}

/// Where somebody stands: persons first, then who came first.
type Place = (Lane, u64);

/// What a request got: for each of its quotas, in their order, its number there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct Ticket {
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
    pub(in crate::gateway) async fn acquire(
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
    pub(in crate::gateway) fn learn(
        &self,
        counted: &[Counted],
        ticket: &Ticket,
        learned: &[Learned],
    ) {
        let now = Instant::now();
        self.with(counted, |index, counted, gate| {
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
            tell(counted, gate);
        });
    }

    /// Lets nothing through one of them for a while.
    pub(in crate::gateway) fn close(&self, counted: &Counted, wait: Duration) {
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

/// Tells what is left of an app's quota. An account's is told to nobody: there are too many.
fn tell(counted: &Counted, gate: &Gate) {
    if counted.quota.is_some() && counted.key.account.is_none() {
        let Key { plugin, name, .. } = &counted.key;
        telemetry::quota(plugin, name, gate.limit(), gate.left());
    }
}

/// What a reply says of one quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Learned {
    pub(in crate::gateway) limit: Option<u32>,
    pub(in crate::gateway) remaining: Option<u32>,
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
            line.gate.cap(counted.most);
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
            .filter_map(|counted| {
                let gate = &mut lines.get_mut(&counted.key)?.gate;
                let number = gate.take(now);
                tell(counted, gate);
                Some(number)
            })
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

    use super::super::tests::{all, quota};
    use super::*;
    use crate::gateway::Seller;
    use crate::model::{AccountId, QuotaScope};

    const SECOND: Duration = Duration::from_secs(1);

    fn per_second(limit: u32) -> Vec<Counted> {
        all(
            Seller::None,
            vec![quota("second", QuotaScope::App, 1, limit)],
        )
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
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
