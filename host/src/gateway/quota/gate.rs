//! One quota of one marketplace as arithmetic: how many requests were made in the window, when the
//! next may be, what the marketplace says about it. Time comes in as an argument; nothing waits here.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::Lane;

/// Windows up to this length are counted here and paced; for longer ones what the marketplace says
/// is left comes first, because it also counts what other programs and earlier runs used.
const SHORT: Duration = Duration::from_secs(60);

/// Into how many slices a window is cut. A slice counts until its last moment is a window ago, so a
/// window is never exceeded, and the count needs no more memory for a larger limit.
const SLICES: u32 = 32;

/// After a marketplace said that nothing is left of a long window, one request is let through this
/// often to see whether there is some again: long windows are themselves made of slices.
const PROBE: Duration = Duration::from_secs(15 * 60);

/// The longest that a gate stays closed because of one reply: a wrong `Retry-After` does not stop a
/// marketplace for a day.
const CLOSED_MAX: Duration = Duration::from_secs(60 * 60);

/// A limit on requests in a window.
#[derive(Debug)]
pub(super) struct Gate {
    declared: u32,
    /// What the marketplace allows: as declared, until a reply says otherwise.
    allowed: u32,
    /// The most that the operator lets through, however much is allowed.
    most: u32,
    /// What holds: the smaller of both.
    limit: u32,
    window: Duration,
    /// Slices with their first moment and their requests, the oldest first.
    slices: VecDeque<(Instant, u32)>,
    in_slices: u32,
    /// Requests so far; a request's number is what this was with it.
    number: u64,
    reported: Option<Reported>,
    closed_until: Option<Instant>,
    last: Option<Instant>,
}

/// What is known of a quota at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) limit: u32,
    /// Requests in the window.
    pub(super) used: u32,
    /// As the marketplace said, less what was sent since.
    pub(super) left: Option<u32>,
    /// How long ago it said that.
    pub(super) said: Option<Duration>,
    /// For how long nothing is let through.
    pub(super) closed: Option<Duration>,
}

/// What the marketplace said was used of the window.
#[derive(Debug, Clone, Copy)]
struct Reported {
    /// In the reply to this request.
    number: u64,
    used: u32,
    at: Instant,
}

impl Gate {
    /// `limit` requests in `window`; `u32::MAX` for a gate that only the marketplace closes.
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        Self {
            declared: limit,
            allowed: limit.max(1),
            most: u32::MAX,
            limit: limit.max(1),
            window: window.max(Duration::from_millis(1)),
            slices: VecDeque::new(),
            in_slices: 0,
            number: 0,
            reported: None,
            closed_until: None,
            last: None,
        }
    }

    /// Takes over a limit that was granted anew; what was learned of the old one is forgotten.
    pub(super) fn declare(&mut self, limit: u32) {
        if self.declared != limit {
            self.declared = limit;
            self.allowed = limit.max(1);
            self.reported = None;
        }
        self.limit = self.allowed.min(self.most);
    }

    /// Never lets more through than this, whatever a reply says.
    pub(super) fn cap(&mut self, most: Option<NonZeroU32>) {
        self.most = most.map_or(u32::MAX, NonZeroU32::get);
        self.limit = self.allowed.min(self.most);
    }

    /// How long until the next request may be made; `None` for now.
    pub(super) fn delay(&mut self, lane: Lane, now: Instant) -> Option<Duration> {
        self.forget(now);
        let closed = self
            .closed_until
            .map(|until| until.saturating_duration_since(now));
        let full = self.full(now);
        let paced = self.paced(lane).map(|at| at.saturating_duration_since(now));
        let longest = closed.max(full).max(paced).unwrap_or_default();
        (!longest.is_zero()).then_some(longest)
    }

    /// Counts a request; its number.
    pub(super) fn take(&mut self, now: Instant) -> u64 {
        let width = self.window / SLICES;
        match self.slices.back_mut() {
            Some((begun, count)) if now < *begun + width => *count += 1,
            _ => self.slices.push_back((now, 1)),
        }
        self.in_slices += 1;
        self.number += 1;
        self.last = Some(now);
        self.number
    }

    /// Lets nothing through until then.
    pub(super) fn close(&mut self, wait: Duration, now: Instant) {
        let until = now + wait.min(CLOSED_MAX);
        self.closed_until = self.closed_until.max(Some(until));
    }

    /// The limit in a reply's header. Zero is none.
    pub(super) fn learn_limit(&mut self, limit: u32) {
        if limit > 0 {
            self.allowed = limit;
            self.limit = limit.min(self.most);
        }
    }

    /// What is left, in the header of the reply to request `number`. Of a short window it is out of
    /// date by the time that it is read.
    pub(super) fn learn_remaining(&mut self, number: u64, remaining: u32, now: Instant) {
        let newer = self
            .reported
            .is_none_or(|reported| reported.number < number);
        if newer && self.window > SHORT {
            let used = self.allowed.saturating_sub(remaining);
            self.reported = Some(Reported {
                number,
                used,
                at: now,
            });
        }
    }

    /// What holds in a window.
    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    /// How much of it is left, by the marketplace's count where it has told it.
    pub(super) fn left(&self) -> u32 {
        let used = self.reported.map_or(self.in_slices, |reported| {
            let since = u32::try_from(self.number - reported.number).unwrap_or(u32::MAX);
            reported.used.saturating_add(since)
        });
        self.limit.saturating_sub(used)
    }

    /// The length of the window.
    pub(super) fn window(&self) -> Duration {
        self.window
    }

    /// What is known now.
    pub(super) fn known(&mut self, now: Instant) -> Known {
        self.forget(now);
        let left = self.reported.map(|reported| {
            let since = u32::try_from(self.number - reported.number).unwrap_or(u32::MAX);
            self.limit
                .saturating_sub(reported.used.saturating_add(since))
        });
        let closed = self.closed_until.filter(|until| *until > now);
        Known {
            limit: self.limit,
            used: self.in_slices,
            left,
            said: self.reported.map(|it| now.saturating_duration_since(it.at)),
            closed: closed.map(|until| until - now),
        }
    }

    /// Whether nothing is known that a new gate would not know.
    pub(super) fn is_idle(&mut self, now: Instant) -> bool {
        self.forget(now);
        self.slices.is_empty() && self.closed_until.is_none_or(|until| until <= now)
    }

    fn forget(&mut self, now: Instant) {
        let kept = self.window + self.window / SLICES;
        while let Some((begun, count)) = self.slices.front().copied() {
            if begun + kept > now {
                break;
            }
            self.in_slices -= count;
            self.slices.pop_front();
        }
    }

    /// How long until a request fits into the window.
    fn full(&mut self, now: Instant) -> Option<Duration> {
        let Some(reported) = self.reported else {
            return self.counted(self.limit, now);
        };
        self.said(reported, now).max(self.counted(self.most, now))
    }

    /// How long until fewer than this many requests made here are in the window.
    fn counted(&self, limit: u32, now: Instant) -> Option<Duration> {
        let oldest = self.slices.front().filter(|_| self.in_slices >= limit)?.0;
        let free = oldest + self.window + self.window / SLICES;
        Some(free.saturating_duration_since(now))
    }

    /// How long, by what the marketplace said.
    fn said(&mut self, reported: Reported, now: Instant) -> Option<Duration> {
        let since = u32::try_from(self.number - reported.number).unwrap_or(u32::MAX);
        if reported.used.saturating_add(since) < self.limit {
            return None;
        }
        let probe = (reported.at + PROBE).saturating_duration_since(now);
        if probe.is_zero() {
            // Room for this one, until its reply says more.
            let used = self.limit - 1;
            self.reported = Some(Reported {
                number: self.number,
                used,
                at: now,
            });
        }
        Some(probe)
    }

    /// When the next request of this lane is due: polls are spread over a short window, so that a
    /// person who comes finds room in it.
    fn paced(&self, lane: Lane) -> Option<Instant> {
        match lane {
            Lane::Person => None,
            Lane::Poll if self.window > SHORT => None,
            Lane::Poll => Some(self.last? + self.window / self.limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// When each of `count` requests in this lane is let through, from one moment on.
    fn times(gate: &mut Gate, lane: Lane, count: usize, start: Instant) -> Vec<Duration> {
        let mut now = start;
        (0..count)
            .map(|_| {
                while let Some(delay) = gate.delay(lane, now) {
                    now += delay;
                }
                gate.take(now);
                now - start
            })
            .collect()
    }

    #[test]
    fn no_window_ever_holds_more_than_the_limit() {
        for limit in [1, 3, 10, 150] {
            for lane in [Lane::Person, Lane::Poll] {
                let mut gate = Gate::new(limit, SECOND);
                let times = times(&mut gate, lane, 5 * limit as usize, Instant::now());
                for pair in times.windows(limit as usize + 1) {
                    let span = pair[limit as usize] - pair[0];
                    assert!(span >= SECOND, "{limit} {lane:?}: {span:?}");
                }
                let last = times.last().unwrap();
                assert!(
                    *last <= 5 * SECOND + SECOND / 4,
                    "{limit} {lane:?} took {last:?}"
                );
            }
        }
    }

    #[test]
    fn a_person_gets_the_window_at_once_and_polls_are_spread_over_it() {
        let now = Instant::now();
        let persons = times(&mut Gate::new(10, SECOND), Lane::Person, 10, now);
        assert_eq!(persons[9], Duration::ZERO);
        let polls = times(&mut Gate::new(10, SECOND), Lane::Poll, 10, now);
        assert_eq!(polls[1], SECOND / 10);
        assert_eq!(polls[9], SECOND * 9 / 10);
    }

    #[test]
    fn the_operators_limit_holds_whatever_a_reply_says() {
        let now = Instant::now();
        let mut gate = Gate::new(10, SECOND);
        gate.cap(NonZeroU32::new(2));
        gate.learn_limit(150);
        let gaps = times(&mut gate, Lane::Person, 3, now);
        assert_eq!(gaps[1], Duration::ZERO);
        assert!(gaps[2] >= SECOND, "{gaps:?}");
        // A marketplace that allows less is obeyed.
        gate.learn_limit(1);
        let later = now + 10 * SECOND;
        let gaps = times(&mut gate, Lane::Person, 2, later);
        assert!(gaps[1] >= SECOND, "{gaps:?}");
        // Of a day, what others used of it counts, too.
        let mut day = Gate::new(10_000, DAY);
        day.cap(NonZeroU32::new(100));
        let number = day.take(now);
        day.learn_limit(10_000);
        day.learn_remaining(number, 9_901, now);
        assert_eq!(day.delay(Lane::Person, now), None);
        let number = day.take(now);
        day.learn_remaining(number, 9_900, now);
        assert!(day.delay(Lane::Person, now).is_some());
        day.cap(None);
        assert_eq!(day.delay(Lane::Person, now), None);
    }

    #[test]
    fn a_closed_gate_opens_when_it_said_and_within_the_hour() {
        let now = Instant::now();
        let mut gate = Gate::new(10, SECOND);
        gate.close(Duration::from_secs(7), now);
        gate.close(Duration::from_secs(3), now);
        assert_eq!(gate.delay(Lane::Person, now), Some(Duration::from_secs(7)));
        assert_eq!(gate.delay(Lane::Person, now + Duration::from_secs(7)), None);
        gate.close(DAY, now);
        assert_eq!(gate.delay(Lane::Person, now), Some(CLOSED_MAX));
    }

    #[test]
    fn a_learned_limit_holds_until_another_is_granted() {
        let now = Instant::now();
        let mut gate = Gate::new(2, SECOND);
        gate.learn_limit(0);
        gate.learn_limit(4);
        gate.declare(2);
        assert_eq!(times(&mut gate, Lane::Person, 4, now)[3], Duration::ZERO);
        gate.declare(1);
        assert!(gate.delay(Lane::Person, now).is_some());
    }

    #[test]
    fn what_the_marketplace_says_is_left_of_a_day_comes_before_our_own_count() {
        let now = Instant::now();
        let mut gate = Gate::new(10_000, DAY);
        let number = gate.take(now);
        gate.learn_remaining(number, 2, now);
        assert_eq!(gate.delay(Lane::Person, now), None);
        let first = gate.take(now);
        assert_eq!(gate.delay(Lane::Person, now), None);
        let second = gate.take(now);
        assert!(
            gate.delay(Lane::Person, now).is_some(),
            "both were used since"
        );
        gate.learn_remaining(second, 5, now);
        gate.learn_remaining(first, 0, now);
        assert_eq!(
            gate.delay(Lane::Person, now),
            None,
            "an older reply changes nothing"
        );
    }

    #[test]
    fn what_is_known_is_told_and_nothing_else() {
        let now = Instant::now();
        let mut gate = Gate::new(100, DAY);
        let nothing = Known {
            limit: 100,
            used: 0,
            left: None,
            said: None,
            closed: None,
        };
        assert_eq!(gate.known(now), nothing);
        let number = gate.take(now);
        gate.learn_limit(200);
        gate.learn_remaining(number, 50, now);
        gate.take(now);
        gate.close(SECOND, now);
        let known = gate.known(now);
        assert_eq!((known.limit, known.used, known.left), (200, 2, Some(49)));
        assert_eq!(
            (known.said, known.closed),
            (Some(Duration::ZERO), Some(SECOND))
        );
        assert_eq!(gate.known(now + SECOND).closed, None);
        assert_eq!(gate.known(now + 2 * DAY).used, 0);
    }

    #[test]
    fn a_day_that_is_used_up_is_probed_once_in_a_while() {
        let now = Instant::now();
        let mut gate = Gate::new(10_000, DAY);
        let number = gate.take(now);
        gate.learn_remaining(number, 0, now);
        assert_eq!(gate.delay(Lane::Person, now), Some(PROBE));
        let later = now + PROBE;
        assert_eq!(gate.delay(Lane::Person, later), None);
        let probe = gate.take(later);
        assert_eq!(
            gate.delay(Lane::Person, later),
            Some(PROBE),
            "one, not all who wait"
        );
        gate.learn_remaining(probe, 500, later);
        assert_eq!(gate.delay(Lane::Person, later), None);
    }

    #[test]
    fn what_is_left_of_a_second_is_out_of_date_when_it_is_read() {
        let now = Instant::now();
        let mut gate = Gate::new(10, SECOND);
        let number = gate.take(now);
        gate.learn_remaining(number, 0, now);
        assert_eq!(gate.delay(Lane::Person, now), None);
    }

    #[test]
    fn an_idle_gate_is_one_without_memory() {
        let now = Instant::now();
        let mut gate = Gate::new(10, SECOND);
        assert!(gate.is_idle(now));
        gate.take(now);
        assert!(!gate.is_idle(now));
        assert!(gate.is_idle(now + 2 * SECOND));
        gate.close(10 * SECOND, now);
        assert!(!gate.is_idle(now + 2 * SECOND));
    }

    #[test]
    fn odd_limits_do_no_harm() {
        let now = Instant::now();
        for (limit, window) in [
            (0, SECOND),
            (u32::MAX, SECOND),
            (1, Duration::ZERO),
            (u32::MAX, DAY),
        ] {
            let mut gate = Gate::new(limit, window);
            for _ in 0..3 {
                gate.delay(Lane::Poll, now);
                gate.take(now);
            }
            gate.learn_limit(u32::MAX);
            gate.learn_remaining(3, u32::MAX, now);
            gate.delay(Lane::Person, now);
        }
    }
}
