//! When a token is refreshed, and when not yet: pure arithmetic that takes the time and the account
//! as arguments.
//!
//! The mistakes that it prevents: accounts that were connected together and refresh together for
//! ever after, a token endpoint in trouble that is asked by every call, and a refresh token that
//! dies because nobody called for a season.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::model::AccountId;
use crate::transport::throttled;

/// How long a token has to be good for when it is given out: as long as a slow call takes.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// How much earlier than that some accounts refresh than others.
const JITTER_MAX: SignedDuration = SignedDuration::from_secs(60);

/// The wait after a first failure; it doubles with each.
const WAIT_BASE: Duration = Duration::from_secs(2);
/// The longest wait of our own: at most so long after it is back, an endpoint is asked again, and
/// while it is in trouble it hears of an account at most sixty times an hour.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(120);
/// The longest wait that the endpoint may ask for.
const WAIT_ASKED_MAX: Duration = Duration::from_secs(3600);

/// Of a refresh token's life, what passes before an idle account is refreshed, and by how much more
/// accounts are spread.
const IDLE_PART: i32 = 3;
const IDLE_SPREAD_PART: i32 = 12;

/// A clock that is so far behind the time of issue has jumped, and says nothing about ages.
pub(super) const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// How long before its end a token is replaced: a minute, and up to another by account and
/// generation; at most half of a short life.
pub(super) fn margin(account: &AccountId, generation: u64, life: SignedDuration) -> SignedDuration {
    let jitter = part(JITTER_MAX, spread(account, generation));
    MARGIN.saturating_add(jitter).min(life / 2)
}

/// How long nobody asks after so many failures in a row: growing, jittered, and no shorter than the
/// endpoint asked for. `random` is from 0 to 1.
pub(super) fn wait(failures: u32, asked: Option<Duration>, random: f64) -> SignedDuration {
    let asked = asked.map(|asked| asked.min(WAIT_ASKED_MAX));
    let wait = throttled(failures, WAIT_BASE, WAIT_MAX, asked, random);
    SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX)
}

/// When a token that nobody uses is refreshed all the same: after a third of the refresh token's
/// life since the last refresh, spread over another twelfth by account.
pub(super) fn idle_due(
    account: &AccountId,
    refreshed_at: Timestamp,
    refresh_life: SignedDuration,
) -> Timestamp {
    let later = part(refresh_life / IDLE_SPREAD_PART, spread(account, 0));
    let after = (refresh_life / IDLE_PART).saturating_add(later);
    refreshed_at.checked_add(after).unwrap_or(Timestamp::MAX)
}

/// From 0 to 1, the same for the same account and number, and for any others something else.
fn spread(account: &AccountId, number: u64) -> f64 {
    let mut hash = Sha256::new();
    hash.update(account.as_str());
    hash.update(number.to_be_bytes());
    let hash = hash.finalize();
    let first = hash
        .iter()
        .take(4)
        .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
    f64::from(first) / f64::from(u32::MAX)
}

/// `spread` of a duration, to the millisecond.
fn part(whole: SignedDuration, spread: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(whole.as_secs_f64() * spread).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_that_were_connected_together_refresh_at_different_times() {
        let hour = SignedDuration::from_hours(1);
        let accounts: Vec<AccountId> = (0..100).map(|_| AccountId::random()).collect();
        let margins: Vec<f64> = accounts
            .iter()
            .map(|account| margin(account, 1, hour).as_secs_f64())
            .collect();
        assert!(
            margins
                .iter()
                .all(|seconds| (60.0..=120.0).contains(seconds))
        );
        let in_half = margins.iter().filter(|seconds| **seconds < 90.0).count();
        assert!((20..=80).contains(&in_half), "{in_half} of 100 in one half");
        assert_eq!(margin(&accounts[0], 7, hour), margin(&accounts[0], 7, hour));
        assert_ne!(margin(&accounts[0], 7, hour), margin(&accounts[0], 8, hour));
    }

    #[test]
    fn a_short_life_is_used_for_its_half_at_least() {
        let margin = |seconds| margin(&AccountId::random(), 1, SignedDuration::from_secs(seconds));
        assert_eq!(margin(20), SignedDuration::from_secs(10));
        assert_eq!(margin(0), SignedDuration::ZERO);
    }

    #[test]
    fn waits_grow_and_end_at_a_bound_that_the_endpoint_may_raise() {
        let seconds = |failures, asked: Option<u64>, random| {
            wait(failures, asked.map(Duration::from_secs), random).as_secs_f64()
        };
        assert_eq!((seconds(1, None, 0.0), seconds(1, None, 1.0)), (1.0, 2.0));
        assert_eq!((seconds(4, None, 0.0), seconds(4, None, 1.0)), (8.0, 16.0));
        assert_eq!(
            (seconds(99, None, 0.0), seconds(99, None, 1.0)),
            (60.0, 120.0)
        );
        assert_eq!(seconds(1, Some(600), 0.5), 600.0);
        assert_eq!(seconds(1, Some(86_400), 0.5), 3600.0);
    }

    #[test]
    fn an_hour_of_trouble_is_a_bounded_number_of_requests() {
        let (mut passed, mut requests) = (0.0, 0_u32);
        while passed < 3600.0 {
            requests += 1;
            passed += wait(requests, None, 0.0).as_secs_f64();
        }
        assert!(requests <= 66, "{requests}");
    }

    #[test]
    fn an_idle_account_is_due_between_a_third_and_five_twelfths_of_the_life() {
        let at = Timestamp::UNIX_EPOCH;
        let life = SignedDuration::from_hours(24 * 90);
        for _ in 0..50 {
            let due = idle_due(&AccountId::random(), at, life).duration_since(at);
            let days = due.as_secs_f64() / 86_400.0;
            assert!((30.0..=37.5).contains(&days), "{days}");
        }
        assert_eq!(
            idle_due(&AccountId::random(), Timestamp::MAX, life),
            Timestamp::MAX
        );
    }
}
