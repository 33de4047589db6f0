//! The searches of replies that are kept prepared, by account: preparing one costs more than using
//! it. They hold tokens, so an account that is forgotten takes its own along, for good: a call that
//! still runs meanwhile must not bring it back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::scrub::Needles;
use crate::model::AccountId;

/// For how many accounts a search is kept; more are prepared again when they come.
const KEPT_MAX: usize = 64;

/// How long it is known that an account was forgotten: longer than any call that has begun before may
/// take. Ids are never given again.
const FORGOTTEN: Duration = Duration::from_hours(1);

/// The searches of the accounts of late.
#[derive(Default)]
pub(super) struct Searches(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    needles: HashMap<AccountId, Arc<Needles>>,
    forgotten: HashMap<AccountId, Instant>,
}

impl Searches {
    pub(super) fn get(&self, account: &AccountId) -> Option<Arc<Needles>> {
        self.kept().needles.get(account).cloned()
    }

    pub(super) fn put(&self, account: &AccountId, needles: &Arc<Needles>) {
        let mut kept = self.kept();
        if kept.forgotten.contains_key(account) {
            return;
        }
        if kept.needles.len() >= KEPT_MAX && !kept.needles.contains_key(account) {
            kept.needles.clear();
        }
        kept.needles.insert(account.clone(), Arc::clone(needles));
    }

    /// Neither has one of this account nor takes one again.
    pub(super) fn forget(&self, account: &AccountId) {
        self.forget_at(account, Instant::now());
    }

    fn forget_at(&self, account: &AccountId, now: Instant) {
        let mut kept = self.kept();
        kept.needles.remove(account);
        kept.forgotten
            .retain(|_, at| now.saturating_duration_since(*at) < FORGOTTEN);
        kept.forgotten.insert(account.clone(), now);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn needles() -> Arc<Needles> {
        let secret = Secret::new("a-token-of-some-length".to_owned());
        Arc::new(Needles::new(vec![secret]).unwrap())
    }

    #[test]
    fn a_forgotten_account_has_no_search_even_if_a_call_ends_later() {
        let (searches, account, other) = (
            Searches::default(),
            AccountId::random(),
            AccountId::random(),
        );
        searches.put(&account, &needles());
        searches.put(&other, &needles());
        assert!(searches.get(&account).is_some());
        searches.forget(&account);
        searches.put(&account, &needles());
        assert!(searches.get(&account).is_none() && searches.get(&other).is_some());
    }

    #[test]
    fn who_was_forgotten_long_ago_is_not_remembered_for_that() {
        let (searches, now) = (Searches::default(), Instant::now());
        for minutes in [0, 59, 61] {
            let at = now + Duration::from_mins(minutes);
            searches.forget_at(&AccountId::random(), at);
        }
        assert_eq!(searches.kept().forgotten.len(), 2);
    }

    #[test]
    fn no_more_are_kept_than_the_limit() {
        let searches = Searches::default();
        for _ in 0..=KEPT_MAX {
            searches.put(&AccountId::random(), &needles());
        }
        assert!(searches.kept().needles.len() <= KEPT_MAX);
    }
}
