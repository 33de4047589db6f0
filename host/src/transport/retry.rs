//! When to try again: pure arithmetic, with randomness and time as arguments.

use std::time::{Duration, SystemTime};

/// The longest wait that `Retry-After` can ask for. Marketplaces ask for a day when a day's quota
/// is used up; more than that is a mistake or an attack.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How long to wait before attempt `attempt` (the first repeat is 1) after a passing fault: anything
/// from nothing to a ceiling that doubles, so that many who failed together do not return together.
/// `random` is from 0 to 1.
pub fn full_jitter(attempt: u32, base: Duration, cap: Duration, random: f64) -> Duration {
    ceiling(attempt, base, cap).mul_f64(random.clamp(0.0, 1.0))
}

/// The same after the marketplace said that it was too much: never less than half of the ceiling,
/// because a wait near zero meets the same closed window, and never less than it asked for.
pub fn throttled(
    attempt: u32,
    base: Duration,
    cap: Duration,
    asked: Option<Duration>,
    random: f64,
) -> Duration {
    let half = ceiling(attempt, base, cap) / 2;
    let jittered = half + half.mul_f64(random.clamp(0.0, 1.0));
    jittered.max(asked.unwrap_or_default())
}

fn ceiling(attempt: u32, base: Duration, cap: Duration) -> Duration {
    let doubled = 1_u32
        .checked_shl(attempt.saturating_sub(1))
        .unwrap_or(u32::MAX);
    base.saturating_mul(doubled).min(cap)
}

/// What `Retry-After` asks for (RFC 9110 §10.2.3): seconds, or a date in one of the three forms of
/// §5.6.7, of which one in the past is no wait. `None` for anything else; at most
/// [`RETRY_AFTER_MAX`].
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds is a long wait all the same.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let date = httpdate::parse_http_date(value).ok()?;
        date.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_millis(200);
    const CAP: Duration = Duration::from_secs(5);

    #[test]
    fn jitter_is_between_nothing_and_a_ceiling_that_doubles_up_to_the_cap() {
        for (attempt, ceiling) in [
            (1, 200),
            (2, 400),
            (3, 800),
            (5, 3200),
            (6, 5000),
            (99, 5000),
        ] {
            assert_eq!(full_jitter(attempt, BASE, CAP, 0.0), Duration::ZERO);
            let most = full_jitter(attempt, BASE, CAP, 1.0);
            assert_eq!(most, Duration::from_millis(ceiling), "attempt {attempt}");
        }
        assert_eq!(full_jitter(u32::MAX, Duration::MAX, CAP, 2.0), CAP);
        assert_eq!(full_jitter(0, BASE, CAP, -1.0), Duration::ZERO);
    }

    #[test]
    fn a_throttled_wait_is_never_near_zero_nor_less_than_asked() {
        assert_eq!(
            throttled(1, BASE, CAP, None, 0.0),
            Duration::from_millis(100)
        );
        assert_eq!(
            throttled(1, BASE, CAP, None, 1.0),
            Duration::from_millis(200)
        );
        let asked = Some(Duration::from_secs(30));
        assert_eq!(throttled(1, BASE, CAP, asked, 0.5), Duration::from_secs(30));
    }

    #[test]
    fn retry_after_is_seconds_or_one_of_three_dates() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:07 GMT").unwrap();
        for (value, seconds) in [
            ("0", 0),
            ("1", 1),
            (" 120 ", 120),
            ("86400", 86_400),
            ("86401", 86_400),
            ("99999999999999999999999999", 86_400),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 30),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 30),
            ("Sun Nov  6 08:49:37 1994", 30),
            ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
            ("Sat, 06 Nov 2094 08:49:00 GMT", 86_400),
        ] {
            let expected = Some(Duration::from_secs(seconds));
            assert_eq!(retry_after(value, now), expected, "{value:?}");
        }
        for value in [
            "",
            "-1",
            "1.5",
            "soon",
            "1s",
            "+1",
            "０",
            "Sun, 99 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(retry_after(value, now), None, "{value:?}");
        }
    }
}
