//! The places in which operations run: a few for each user, and not too many in all, so that nobody's
//! hundred products keep another's one waiting, and people's calls find places beside them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::model::UserId;

/// Operations that run at a time, of all users.
const ALL: usize = 16;

/// And of one user.
const EACH: usize = 4;

/// All places.
#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    // Weak: the last who holds or waits takes a user's along.
    each: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _all: Option<OwnedSemaphorePermit>,
    _each: Option<OwnedSemaphorePermit>,
    _of: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL)),
            each: Mutex::default(),
        }
    }
}

impl Places {
    /// Waits for a place of a user's.
    pub(super) async fn take(&self, user: Option<&UserId>) -> Place {
        let of = self.of(user.map_or("", UserId::as_str));
        // None is ever closed: an error would only mean that one runs beside others.
        let each = Arc::clone(&of).acquire_owned().await.ok();
        let all = Arc::clone(&self.all).acquire_owned().await.ok();
        Place {
            _all: all,
            _each: each,
            _of: of,
        }
    }

    fn of(&self, user: &str) -> Arc<Semaphore> {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        each.retain(|_, places| places.strong_count() > 0);
        let known = each.get(user).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let places = Arc::new(Semaphore::new(EACH));
            each.insert(user.to_owned(), Arc::downgrade(&places));
            places
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn one_user_never_takes_all_places_and_all_together_take_no_more_than_there_are() {
        let places = Places::default();
        let user = |number: usize| -> UserId { format!("u{number}").parse().unwrap() };
        let mut held = Vec::new();
        for _ in 0..EACH {
            held.push(places.take(Some(&user(0))).await);
        }
        assert!(places.take(Some(&user(0))).now_or_never().is_none());
        for number in 1..ALL / EACH {
            for _ in 0..EACH {
                held.push(places.take(Some(&user(number))).await);
            }
        }
        assert!(places.take(Some(&user(99))).now_or_never().is_none());
        held.clear();
        assert!(places.take(Some(&user(99))).now_or_never().is_some());
        drop(places.take(None).await);
        assert!(places.each.lock().unwrap().len() <= 2);
    }
}
