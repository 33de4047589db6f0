//! The sandbox's own time: the machine's clock, moved forward by whoever tests expiry.
//!
//! Everything that ages here (tokens, codes, limits, listings) asks this clock, so that a test of a
//! 90-day lifetime takes no time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, ToSpan, tz::TimeZone};

/// The furthest that the clock may be advanced in all: a century.
const FURTHEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// A clock that can be advanced.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    ahead: Duration,
}

impl Clock {
    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from((since + self.ahead).as_millis()).unwrap_or(i64::MAX)
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.now_ms() / 1000
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.ahead = self.ahead.saturating_add(by).min(FURTHEST);
    }

    /// How far the clock is ahead of the machine's.
    pub(crate) fn ahead(&self) -> Duration {
        self.ahead
    }
}

/// The same time of day some calendar months later, in seconds since 1970.
pub(crate) fn months_later(seconds: i64, months: i64) -> i64 {
    let day_based = seconds.saturating_add(months.saturating_mul(30 * 86_400));
    Timestamp::from_second(seconds)
        .ok()
        .and_then(|at| at.to_zoned(TimeZone::UTC).checked_add(months.months()).ok())
        .map_or(day_based, |later| later.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_months_are_calendar_months() {
        // 2026-10-31 12:00 UTC → 2027-02-28 12:00 UTC.
        assert_eq!(months_later(1_793_448_000, 4), 1_803_816_000);
    }

    #[test]
    fn advances_and_stops_at_its_end() {
        let mut clock = Clock::default();
        let before = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() >= before + 3600);
        clock.advance(Duration::MAX);
        assert_eq!(clock.ahead(), FURTHEST);
    }
}
