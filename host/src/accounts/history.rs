//! How an account's refreshes ended, as it is kept and told: what a person who asks why nothing
//! works is answered, and what keeps the host from asking an endpoint in trouble again and again.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{TokenError, schedule};
use crate::store::Record;

/// How a refresh ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefreshOutcome {
    /// With a new token, which is used.
    Refreshed,
    /// The marketplace has taken the connection back.
    Revoked,
    /// Nothing was done; later it may be.
    Transient,
    /// The app, or how it is set up here, is not what the marketplace takes.
    Misconfigured,
    /// The marketplace refuses, and this machine's clock is far from its.
    ClockWrong,
    /// A reply never came or cannot be read: nobody knows what was done.
    ResponseLost,
}

impl fmt::Display for RefreshOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refreshed => "refreshed",
            Self::Revoked => "revoked",
            Self::Transient => "transient",
            Self::Misconfigured => "misconfigured",
            Self::ClockWrong => "clock wrong",
            Self::ResponseLost => "response lost",
        })
    }
}

/// One refresh that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: RefreshOutcome,
    /// More of it, for people; no secret is in it. Empty where there is no more.
    #[serde(default)]
    pub words: String,
}

/// The refreshes of an account so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefreshHistory {
    /// The latest one.
    #[serde(default)]
    pub last: Option<Ended>,
    /// The latest one that failed.
    #[serde(default)]
    pub last_error: Option<Ended>,
    /// How many have failed in a row.
    #[serde(default)]
    pub failures: u32,
    /// Until when nobody asks, unless a person wants it so.
    #[serde(default)]
    pub next_try_at: Option<Timestamp>,
    /// By how many seconds this machine's clock was ahead of the marketplace's at the latest reply
    /// (negative: behind); `None` where the difference is nothing to speak of.
    #[serde(default)]
    pub clock_ahead_seconds: Option<i64>,
}

impl Record for RefreshHistory {
    const KIND: &'static str = "refresh_history";
}

impl RefreshHistory {
    /// A refresh has succeeded.
    pub(super) fn succeed(&mut self, at: Timestamp, words: String) {
        self.last = Some(Ended {
            at,
            outcome: RefreshOutcome::Refreshed,
            words,
        });
        self.failures = 0;
        self.next_try_at = None;
    }

    /// A refresh has failed; `asked` is how long the endpoint wants to be left alone, and `random`
    /// is from 0 to 1.
    pub(super) fn fail(&mut self, ended: Ended, asked: Option<Duration>, random: f64) {
        self.failures = self.failures.saturating_add(1);
        let wait = schedule::wait(self.failures, asked, random);
        self.next_try_at = ended.at.checked_add(wait).ok();
        self.last = Some(ended.clone());
        self.last_error = Some(ended);
    }

    /// A refresh has failed before anybody was asked: nobody has to be left alone.
    pub(super) fn fail_unasked(&mut self, ended: Ended) {
        self.next_try_at = None;
        self.last = Some(ended.clone());
        self.last_error = Some(ended);
    }

    /// Why nobody is asked now, and until when. A clock that stands before the failure has jumped:
    /// it keeps nobody waiting for years.
    pub(super) fn waits(&self, now: Timestamp) -> Option<(&Ended, Timestamp)> {
        let until = self.next_try_at?;
        let error = self.last_error.as_ref()?;
        (error.at <= now && now < until).then_some((error, until))
    }
}

/// The error that a refresh which ended so is for whoever wanted a token.
pub(super) fn error(outcome: RefreshOutcome, words: String) -> TokenError {
    match outcome {
        RefreshOutcome::Revoked => TokenError::NeedsConsent(words),
        RefreshOutcome::Misconfigured => TokenError::Misconfigured(words),
        RefreshOutcome::ClockWrong => TokenError::ClockWrong(words),
        RefreshOutcome::Refreshed | RefreshOutcome::Transient | RefreshOutcome::ResponseLost => {
            TokenError::Unavailable(words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn failed(second: i64) -> Ended {
        Ended {
            at: at(second),
            outcome: RefreshOutcome::Transient,
            words: "503".into(),
        }
    }

    #[test]
    fn failures_make_wait_longer_and_a_success_ends_the_wait() {
        let mut history = RefreshHistory::default();
        history.fail(failed(0), None, 1.0);
        assert!(history.waits(at(1)).is_some() && history.waits(at(2)).is_none());
        history.fail(failed(2), None, 1.0);
        assert!(history.waits(at(5)).is_some() && history.waits(at(6)).is_none());
        assert_eq!(history.failures, 2);
        history.succeed(at(6), String::new());
        assert_eq!((history.failures, history.waits(at(6))), (0, None));
        // What went wrong before is still told.
        assert_eq!(history.last_error, Some(failed(2)));
    }

    #[test]
    fn a_clock_that_jumped_back_keeps_nobody_waiting() {
        let mut history = RefreshHistory::default();
        history.fail(failed(0), Some(Duration::from_secs(3000)), 1.0);
        assert!(history.waits(at(2999)).is_some());
        assert_eq!(history.waits(at(-3600)), None);
    }

    #[test]
    fn what_was_never_asked_keeps_nobody_waiting() {
        let mut history = RefreshHistory::default();
        history.fail(failed(0), Some(Duration::from_secs(600)), 1.0);
        history.fail_unasked(failed(1));
        assert_eq!((history.failures, history.waits(at(1))), (1, None));
        assert!(history.last_error.is_some());
    }
}
