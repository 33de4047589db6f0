//! The last stage: whether a request may be sent again, and when.
//!
//! The rule: what was not sent may be sent again whatever it is; what was answered with a passing
//! fault may be if it is idempotent; a POST whose fate is unknown never is.

use std::time::Duration;

use crate::model::Method;
use crate::transport::{NotSent, TransportError, full_jitter, throttled};

/// Attempts of one request, the first included.
pub(super) const ATTEMPTS_MAX: u32 = 3;

/// The ceiling of the first wait; it doubles.
const BASE: Duration = Duration::from_millis(250);

/// The ceiling of all waits, and the longest `Retry-After` that is waited for: somebody waits for
/// the call, and the plugin can say better what a long wait means.
const CAP: Duration = Duration::from_secs(5);

/// What came of an attempt.
#[derive(Debug)]
pub(super) enum Outcome<'a> {
    /// An answer with this status and what its `Retry-After` asks for.
    Answer(u16, Option<Duration>),
    /// None.
    Failure(&'a TransportError),
}

/// What the decision depends on besides the outcome.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) method: Method,
    /// Whether the body is there to be sent again.
    pub(super) repeatable: bool,
    /// From 1.
    pub(super) number: u32,
}

/// How long to wait before sending it again; `None`: not at all. `random` is from 0 to 1.
pub(super) fn wait(attempt: Attempt, outcome: &Outcome<'_>, random: f64) -> Option<Duration> {
    if !attempt.repeatable || attempt.number >= ATTEMPTS_MAX {
        return None;
    }
    match *outcome {
        Outcome::Failure(error) => may_repeat(attempt.method, error)
            .then(|| full_jitter(attempt.number, BASE, CAP, random)),
        Outcome::Answer(429 | 502 | 503 | 504, asked) if is_idempotent(attempt.method) => {
            let wait = throttled(attempt.number, BASE, CAP, asked, random);
            (wait <= CAP).then_some(wait)
        }
        Outcome::Answer(..) => None,
    }
}

fn may_repeat(method: Method, error: &TransportError) -> bool {
    match error {
        TransportError::NotSent(reason) => match reason {
            NotSent::Dns { .. } | NotSent::Connect(_) | NotSent::ConnectTimeout => true,
            // None of these passes by itself.
            NotSent::Address { .. }
            | NotSent::OwnAddress(_)
            | NotSent::Literal(_)
            | NotSent::NotAllowed(_)
            | NotSent::Tls(_)
            | NotSent::Invalid(_) => false,
        },
        // A read may be repeated. A PUT or DELETE could be too, but its second answer (404) would
        // hide that the first had succeeded.
        TransportError::Unknown(_) => matches!(method, Method::Get | Method::Head),
        // It has waited long already, or it was answered.
        TransportError::Timeout(_) | TransportError::Read(_) => false,
    }
}

/// RFC 9110 §9.2.2. PATCH is not.
fn is_idempotent(method: Method) -> bool {
    match method {
        Method::Get | Method::Head | Method::Put | Method::Delete => true,
        Method::Post | Method::Patch => false,
    }
}

/// How many repeats a plugin's requests have earned: one for each five requests, so that a
/// marketplace that is down is not asked three times as much as one that is up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    fifths: u32,
}

impl Budget {
    /// Repeats that can be saved up.
    const REPEATS_MAX: u32 = 20;

    /// A request was made.
    pub(super) fn earn(&mut self) {
        self.fifths = (self.fifths + 1).min(Self::REPEATS_MAX * 5);
    }

    /// A repeat is wanted; whether there is one.
    pub(super) fn spend(&mut self) -> bool {
        let left = self.fifths.checked_sub(5);
        self.fifths = left.unwrap_or(self.fifths);
        left.is_some()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            fifths: Self::REPEATS_MAX * 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Method; 6] = [
        Method::Get,
        Method::Head,
        Method::Put,
        Method::Delete,
        Method::Post,
        Method::Patch,
    ];

    fn first(method: Method) -> Attempt {
        Attempt {
            method,
            repeatable: true,
            number: 1,
        }
    }

    fn repeated(outcome: &Outcome<'_>) -> Vec<Method> {
        ALL.into_iter()
            .filter(|method| wait(first(*method), outcome, 0.5).is_some())
            .collect()
    }

    #[test]
    fn what_was_not_sent_is_repeated_whatever_it_is() {
        for reason in [
            NotSent::Connect("refused".into()),
            NotSent::ConnectTimeout,
            NotSent::Dns {
                host: "a".into(),
                reason: "b".into(),
            },
        ] {
            assert_eq!(repeated(&Outcome::Failure(&reason.into())), ALL);
        }
        for reason in [
            NotSent::Tls("expired".into()),
            NotSent::OwnAddress("a".into()),
        ] {
            assert_eq!(repeated(&Outcome::Failure(&reason.into())), []);
        }
    }

    #[test]
    fn what_has_an_unknown_fate_is_repeated_only_if_it_reads() {
        let lost = TransportError::Unknown("reset".into());
        assert_eq!(
            repeated(&Outcome::Failure(&lost)),
            [Method::Get, Method::Head]
        );
        let late = TransportError::Timeout(Duration::from_secs(60));
        assert_eq!(repeated(&Outcome::Failure(&late)), []);
    }

    #[test]
    fn a_passing_fault_is_repeated_if_it_is_idempotent() {
        for status in [429, 502, 503, 504] {
            assert_eq!(
                repeated(&Outcome::Answer(status, None)),
                ALL[..4],
                "{status}"
            );
        }
        for status in [200, 301, 400, 401, 404, 409, 500, 501] {
            assert_eq!(repeated(&Outcome::Answer(status, None)), [], "{status}");
        }
    }

    #[test]
    fn not_more_than_three_times_not_a_stream_and_not_after_a_long_wait() {
        let outcome = Outcome::Answer(503, None);
        let attempt = |number, repeatable| Attempt {
            method: Method::Get,
            repeatable,
            number,
        };
        assert!(wait(attempt(2, true), &outcome, 0.0).is_some());
        assert!(wait(attempt(3, true), &outcome, 0.0).is_none());
        assert!(wait(attempt(1, false), &outcome, 0.0).is_none());
        let asked = |seconds| Outcome::Answer(429, Some(Duration::from_secs(seconds)));
        assert_eq!(
            wait(attempt(1, true), &asked(3), 0.0),
            Some(Duration::from_secs(3))
        );
        assert_eq!(wait(attempt(1, true), &asked(6), 0.0), None);
    }

    #[test]
    fn repeats_are_earned() {
        let mut budget = Budget::default();
        assert_eq!((0..100).filter(|_| budget.spend()).count(), 20);
        for _ in 0..9 {
            budget.earn();
        }
        assert!(budget.spend());
        assert!(!budget.spend());
    }
}
