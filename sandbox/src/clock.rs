//! The sandbox's own time: the machine's clock moved by whoever tests expiry, or one that stands still.
//!
//! Everything that ages here (tokens, codes, limits, listings) asks this clock, so that a test of a
//! 90-day lifetime takes no time. It never goes back: what has expired stays expired. A clock that
//! stands still but for a tick with each request makes two runs of one script alike to the byte.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::options::Options;

/// The latest time that the clock can be moved to: the end of the year 2199.
pub(crate) const LATEST_MS: i64 = 7_258_118_399_000;

/// A clock that can be moved forward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) enum Clock {
    /// So many milliseconds ahead of the machine's clock; the time is never before `least_ms`.
    Running { ahead_ms: i64, least_ms: i64 },
    /// A time that only ticks and moves change.
    Still { now_ms: i64, tick_ms: i64 },
}

impl Clock {
    /// The clock that the options ask for.
    pub(crate) fn new(options: &Options) -> Self {
        let machine = machine_ms();
        let start = options
            .start
            .map_or(machine, |seconds| seconds.saturating_mul(1000));
        let start = start.clamp(0, LATEST_MS);
        match options.tick {
            Some(tick) => Self::Still {
                now_ms: start,
                tick_ms: whole_ms(tick),
            },
            None => Self::Running {
                ahead_ms: start - machine,
                least_ms: start,
            },
        }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        match self {
            Self::Running { ahead_ms, least_ms } => {
                machine_ms().saturating_add(*ahead_ms).max(*least_ms)
            }
            Self::Still { now_ms, .. } => *now_ms,
        }
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.now_ms() / 1000
    }

    /// A request came: a clock that stands still ticks.
    pub(crate) fn tick(&mut self) {
        if let Self::Still { now_ms, tick_ms } = self {
            *now_ms = now_ms.saturating_add(*tick_ms).min(LATEST_MS);
        }
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, by: Duration) {
        let wanted = self.now_ms().saturating_add(whole_ms(by));
        self.set(wanted.min(LATEST_MS).max(self.now_ms()));
    }

    /// Moves the clock forward to a time in seconds since 1970, or says why not.
    pub(crate) fn move_to(&mut self, seconds: i64) -> Result<(), String> {
        let wanted = seconds.saturating_mul(1000);
        if wanted < self.now_ms() {
            return Err(format!(
                "the clock goes forward only: it is {} already",
                written(self.now())
            ));
        }
        if wanted > LATEST_MS {
            return Err(format!(
                "the clock goes to {} at most",
                written(LATEST_MS / 1000)
            ));
        }
        self.set(wanted);
        Ok(())
    }

    fn set(&mut self, wanted: i64) {
        match self {
            Self::Running { ahead_ms, least_ms } => {
                *ahead_ms = wanted - machine_ms();
                *least_ms = wanted;
            }
            Self::Still { now_ms, .. } => *now_ms = wanted,
        }
    }

    /// The same clock as it is now: one that runs never shows an earlier time than this again, also
    /// on a machine whose own clock is behind.
    pub(crate) fn saved(&self) -> Self {
        let now = self.now_ms();
        match self {
            Self::Running { ahead_ms, .. } => Self::Running {
                ahead_ms: *ahead_ms,
                least_ms: now,
            },
            still @ Self::Still { .. } => still.clone(),
        }
    }

    /// How many seconds the clock is ahead of the machine's; less than 0 where it is behind.
    pub(crate) fn ahead(&self) -> i64 {
        (self.now_ms() - machine_ms()) / 1000
    }
}

fn machine_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    whole_ms(since).min(LATEST_MS)
}

fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A time as people write it; a number where no calendar has it.
pub(crate) fn written(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |at| at.to_string())
}

/// The year of a time, in UTC.
pub(crate) fn year(seconds: i64) -> i64 {
    let at = Timestamp::from_second(seconds).unwrap_or_default();
    i64::from(at.to_zoned(TimeZone::UTC).year())
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

    fn running() -> Clock {
        Clock::new(&Options::default())
    }

    #[test]
    fn goes_forward_only_and_stops_at_its_end() {
        let mut clock = running();
        let before = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() >= before + 3600);
        assert!(
            clock
                .move_to(before)
                .is_err_and(|why| why.contains("forward"))
        );
        assert!(clock.move_to(i64::MAX).is_err());
        clock.advance(Duration::MAX);
        assert_eq!(clock.now_ms(), LATEST_MS);
    }

    #[test]
    fn stands_still_between_ticks() {
        let mut clock = Clock::new(&Options {
            start: Some(1_800_000_000),
            tick: Some(Duration::from_millis(250)),
            ..Options::default()
        });
        assert_eq!(clock.now_ms(), 1_800_000_000_000);
        clock.tick();
        assert_eq!(clock.now_ms(), 1_800_000_000_250);
        clock.move_to(1_800_000_060).unwrap();
        assert_eq!((clock.now(), year(clock.now())), (1_800_000_060, 2027));
    }

    #[test]
    fn begins_when_it_is_told_and_is_never_earlier_once_saved() {
        let start = Some(4_000_000_000);
        let clock = Clock::new(&Options {
            start,
            ..Options::default()
        });
        assert!((4_000_000_000..4_000_000_060).contains(&clock.now()));
        // As if the machine's clock had been set back by a day.
        let Clock::Running { ahead_ms, least_ms } = clock.saved() else {
            panic!("it runs");
        };
        let behind = Clock::Running {
            ahead_ms: ahead_ms - 86_400_000,
            least_ms,
        };
        assert_eq!(behind.now_ms(), least_ms);
    }
}
