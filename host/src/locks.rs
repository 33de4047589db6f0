//! Locks by name: whoever holds one has that name to himself, and a name that nobody holds or waits
//! for leaves nothing behind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

/// A set of named locks, first come first served.
#[derive(Debug, Clone, Default)]
pub struct NamedLocks {
    // Weak: the last holder or waiter takes the lock with it.
    locks: Arc<Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>>,
}

impl NamedLocks {
    /// Waits for the name; it is free again when the guard is dropped.
    pub async fn hold(&self, name: &str) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.retain(|_, lock| lock.strong_count() > 0);
            let known = locks.get(name).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let lock = Arc::new(tokio::sync::Mutex::new(()));
                locks.insert(name.to_owned(), Arc::downgrade(&lock));
                lock
            })
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_name_is_held_by_one_and_others_are_free() {
        let locks = NamedLocks::default();
        let first = locks.hold("a").await;
        assert!(locks.hold("a").now_or_never().is_none());
        assert!(locks.hold("b").now_or_never().is_some());
        drop(first);
        assert!(locks.hold("a").now_or_never().is_some());
    }
}
