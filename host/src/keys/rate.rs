//! How many requests a key may make: so many per second, spread by the generic cell rate algorithm,
//! and so many at once after a pause. One client that runs wild must not take the others' places.

use std::time::Duration;

use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::model::KeyRate;

/// The system's. The one that governor prefers spends 60 ms on finding out how fast the processor
/// counts, which is longer than a command takes.
const CLOCK: MonotonicClock = MonotonicClock;

/// What is left after a request, or that it was one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// What the key may make.
    pub rate: KeyRate,
    /// How many more it may make now.
    pub remaining: u32,
    /// How long to wait, where it was one too many.
    pub wait: Option<Duration>,
}

impl Spent {
    /// The seconds in which all that a key may make at once comes back.
    pub fn window_seconds(&self) -> u32 {
        self.rate.burst.get().div_ceil(self.rate.per_second.get())
    }

    /// The seconds until it may make all of it again.
    pub fn full_in_seconds(&self) -> u32 {
        let spent = self.rate.burst.get().saturating_sub(self.remaining);
        spent.div_ceil(self.rate.per_second.get())
    }

    /// The seconds to wait, where it was one too many: at least one.
    pub fn wait_seconds(&self) -> Option<u32> {
        let seconds = |wait: Duration| u32::try_from(wait.as_millis().div_ceil(1000));
        self.wait
            .map(|wait| seconds(wait).unwrap_or(u32::MAX).max(1))
    }
}

/// What one key, or one address, may still do.
pub(super) struct Limit {
    rate: KeyRate,
    limiter: RateLimiter<NotKeyed, InMemoryState, MonotonicClock, StateInformationMiddleware>,
}

impl Limit {
    pub(super) fn new(rate: KeyRate) -> Self {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        Self {
            rate,
            limiter: RateLimiter::direct_with_clock(quota, CLOCK).with_middleware(),
        }
    }

    pub(super) fn spend(&self) -> Spent {
        let (remaining, wait) = match self.limiter.check() {
            Ok(left) => (left.remaining_burst_capacity(), None),
            Err(until) => (0, Some(until.wait_time_from(CLOCK.now()))),
        };
        Spent {
            rate: self.rate,
            remaining,
            wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_goes_down_to_a_wait() {
        // One comes back in 1 s: the three are spent before.
        let limit = Limit::new(KeyRate::new(1, 3));
        let spent: Vec<Spent> = (0..4).map(|_| limit.spend()).collect();
        let left: Vec<u32> = spent.iter().map(|spent| spent.remaining).collect();
        assert_eq!(left, [2, 1, 0, 0]);
        assert_eq!(spent[2].wait, None);
        assert_eq!(spent[3].wait_seconds(), Some(1));
        assert_eq!(
            (spent[0].window_seconds(), spent[0].full_in_seconds()),
            (3, 1)
        );
        assert_eq!(spent[3].full_in_seconds(), 3);
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_that_suffice() {
        let spent = |wait| Spent {
            rate: KeyRate::new(1, 1),
            remaining: 0,
            wait,
        };
        for (wait, told) in [(0, 1), (1, 1), (1000, 1), (1001, 2)] {
            let wait = Some(Duration::from_millis(wait));
            assert_eq!(spent(wait).wait_seconds(), Some(told));
        }
        assert_eq!(spent(None).wait_seconds(), None);
        assert_eq!(spent(Some(Duration::MAX)).wait_seconds(), Some(u32::MAX));
    }
}
