//! What time it is. One clock for all who compare times with kept ones, so that a test can let it
//! jump as a machine's clock does.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// The system's clock, moved by what a test says. Clones are handles of the same one.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The time, in UTC.
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed));
        let now = Timestamp::now();
        now.checked_add(ahead).unwrap_or(now)
    }

    /// Lets it jump forwards, or with a negative duration back.
    pub fn jump(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.ahead_ms.fetch_add(by, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handle_sees_a_jump() {
        let clock = Clock::default();
        let other = clock.clone();
        clock.jump(SignedDuration::from_hours(1));
        assert!(other.now().duration_since(Timestamp::now()) > SignedDuration::from_mins(59));
        other.jump(SignedDuration::from_hours(-2));
        assert!(clock.now() < Timestamp::now());
    }
}
