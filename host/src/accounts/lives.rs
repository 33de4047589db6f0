//! How long tokens live by the clock that never jumps, beside what the records say by the one that
//! may.
//!
//! It is known of tokens that were refreshed in this process; a start begins with none, and until the
//! next refresh the records' times alone hold. A machine that sleeps stops this clock too: there the
//! marketplace's refusal is what ends a token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::AccountId;

/// The lives of the tokens in use.
#[derive(Default)]
pub(super) struct Lives(Mutex<HashMap<AccountId, Life>>);

struct Life {
    /// Of the token.
    generation: u64,
    ends_at: Instant,
}

impl Lives {
    /// A token that was asked for at `asked_at` lives so long.
    pub(super) fn begin(
        &self,
        account: &AccountId,
        generation: u64,
        asked_at: Instant,
        life: Duration,
    ) {
        let Some(ends_at) = asked_at.checked_add(life) else {
            return;
        };
        let life = Life {
            generation,
            ends_at,
        };
        self.lock().insert(account.clone(), life);
    }

    /// What is left of a token's life; `None` where that is not known.
    pub(super) fn left(
        &self,
        account: &AccountId,
        generation: u64,
        now: Instant,
    ) -> Option<Duration> {
        let lives = self.lock();
        let life = lives.get(account)?;
        (life.generation == generation).then(|| life.ends_at.saturating_duration_since(now))
    }

    pub(super) fn forget(&self, account: &AccountId) {
        self.lock().remove(account);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AccountId, Life>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_ends_by_itself_and_belongs_to_one_token() {
        let (lives, account, now) = (Lives::default(), AccountId::random(), Instant::now());
        let second = Duration::from_secs(1);
        lives.begin(&account, 2, now, second);
        assert_eq!(lives.left(&account, 2, now), Some(second));
        assert_eq!(
            lives.left(&account, 2, now + second * 2),
            Some(Duration::ZERO)
        );
        assert_eq!(lives.left(&account, 3, now), None);
        assert_eq!(lives.left(&AccountId::random(), 2, now), None);
        lives.forget(&account);
        assert_eq!(lives.left(&account, 2, now), None);
    }
}
