//! Which pushes were received of late. In memory: a push is believed for ten minutes at most, and what
//! one that comes again after a restart would ask for, a poll, is the same the second time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A push is believed from five minutes before its time until five after it.
const BELIEVED: Duration = Duration::from_mins(10);

/// Those of a busy ten minutes. Were there more, the oldest would be taken for new ones.
const SEEN_MAX: usize = 10_000;

/// The pushes of late, by plugin and id.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<HashMap<String, Instant>>);

impl Seen {
    pub(super) fn has(&self, name: &str, now: Instant) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = seen.get(name);
        at.is_some_and(|at| now.saturating_duration_since(*at) < BELIEVED)
    }

    pub(super) fn add(&self, name: String, now: Instant) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= SEEN_MAX {
            seen.retain(|_, at| now.saturating_duration_since(*at) < BELIEVED);
        }
        if seen.len() >= SEEN_MAX {
            let oldest = seen.iter().min_by_key(|(_, at)| **at);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|oldest| seen.remove(&oldest));
        }
        seen.insert(name, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_known_for_as_long_as_it_would_be_believed() {
        let (seen, now) = (Seen::default(), Instant::now());
        seen.add("etsy 1".into(), now);
        assert!(seen.has("etsy 1", now));
        assert!(seen.has("etsy 1", now + BELIEVED - Duration::from_secs(1)));
        assert!(!seen.has("etsy 1", now + BELIEVED));
        assert!(!seen.has("etsy 2", now));
    }

    #[test]
    fn the_oldest_makes_room() {
        let (seen, now) = (Seen::default(), Instant::now());
        for number in 0..=SEEN_MAX {
            seen.add(
                number.to_string(),
                now + Duration::from_micros(number as u64),
            );
        }
        let later = now + Duration::from_secs(1);
        assert!(!seen.has("0", later) && seen.has("1", later));
        assert!(seen.0.lock().unwrap().len() <= SEEN_MAX);
        seen.add("last".into(), now + BELIEVED * 2);
        assert_eq!(seen.0.lock().unwrap().len(), 1);
    }
}
