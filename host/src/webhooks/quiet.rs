//! What the log has of pushes that are not believed: anybody can send them, and must not fill it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::PluginId;

/// How long nothing more is said of the same.
const SILENCE: Duration = Duration::from_secs(10);

/// When something was last said, by plugin and what it was.
#[derive(Debug, Default)]
pub(super) struct Quiet(Mutex<HashMap<(PluginId, &'static str), Instant>>);

impl Quiet {
    /// Whether it may be said now; then it was.
    pub(super) fn may_say(&self, plugin: &PluginId, what: &'static str, now: Instant) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = said.get(&(plugin.clone(), what));
        if last.is_some_and(|last| now.saturating_duration_since(*last) < SILENCE) {
            return false;
        }
        said.insert((plugin.clone(), what), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_said_once_in_a_while() {
        let (quiet, now) = (Quiet::default(), Instant::now());
        let (etsy, ebay) = ("etsy".parse().unwrap(), "ebay".parse().unwrap());
        assert!(quiet.may_say(&etsy, "time", now));
        assert!(!quiet.may_say(&etsy, "time", now + SILENCE / 2));
        assert!(quiet.may_say(&etsy, "signature", now));
        assert!(quiet.may_say(&ebay, "time", now));
        assert!(quiet.may_say(&etsy, "time", now + SILENCE));
    }
}
