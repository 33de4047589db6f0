//! How long tokens live by the clock that never jumps, beside what the records say by the one that
//! may.
//!
//! It is known of tokens that were issued in this process; a start begins with none, and until the
//! next refresh the records' times alone hold. A machine that sleeps stops this clock too: there the
//! marketplace's refusal is what ends a token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::token::Token;
use crate::model::AccountId;

/// The lives of the tokens in use.
#[derive(Default)]
pub(super) struct Lives(Mutex<HashMap<AccountId, Life>>);

struct Life {
    /// Of the token; together with its end by the record, so that no other token is meant.
    generation: u64,
    expires_at: Timestamp,
    ends_at: Instant,
}

impl Lives {
    /// A token has just been issued: it is `at`, and `now` by the clock that never jumps.
    pub(super) fn begin(&self, account: &AccountId, token: &Token, at: Timestamp, now: Instant) {
        let left = token.expires_at.duration_since(at);
        let left = left.clamp(SignedDuration::ZERO, token.life().max(SignedDuration::ZERO));
        let Some(ends_at) = now.checked_add(left.unsigned_abs()) else {
            return;
        };
        let life = Life {
            generation: token.generation,
            expires_at: token.expires_at,
            ends_at,
        };
        self.lock().insert(account.clone(), life);
    }

    /// What is left of a token's life; `None` where that is not known.
    pub(super) fn left(
        &self,
        account: &AccountId,
        token: &Token,
        now: Instant,
    ) -> Option<Duration> {
        let lives = self.lock();
        let life = lives.get(account)?;
        let is_its = (life.generation, life.expires_at) == (token.generation, token.expires_at);
        is_its.then(|| life.ends_at.saturating_duration_since(now))
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
    use crate::secret::Secret;

    fn token(generation: u64, seconds: i64) -> Token {
        Token {
            access_token: Secret::new("access".into()),
            refresh_token: None,
            replaced_refresh_token: None,
            generation,
            issued_at: Timestamp::UNIX_EPOCH,
            expires_at: Timestamp::from_second(seconds).unwrap(),
            refresh_life: None,
            refresh_expires_at: None,
        }
    }

    #[test]
    fn a_life_ends_by_itself_and_belongs_to_one_token() {
        let (lives, account, now) = (Lives::default(), AccountId::random(), Instant::now());
        let seconds = Duration::from_secs;
        let at = Timestamp::from_second(2).unwrap();
        lives.begin(&account, &token(2, 10), at, now);
        let left = |token: &Token, later: u64| lives.left(&account, token, now + seconds(later));
        assert_eq!(left(&token(2, 10), 0), Some(seconds(8)));
        assert_eq!(left(&token(2, 10), 9), Some(Duration::ZERO));
        assert_eq!(left(&token(3, 10), 0), None);
        assert_eq!(left(&token(2, 11), 0), None);
        assert_eq!(lives.left(&AccountId::random(), &token(2, 10), now), None);
        lives.forget(&account);
        assert_eq!(lives.left(&account, &token(2, 10), now), None);
    }

    #[test]
    fn a_clock_that_jumps_while_it_is_noted_makes_no_life_longer() {
        let (lives, account, now) = (Lives::default(), AccountId::random(), Instant::now());
        let before = Timestamp::from_second(-3600).unwrap();
        lives.begin(&account, &token(1, 10), before, now);
        let left = lives.left(&account, &token(1, 10), now);
        assert_eq!(left, Some(Duration::from_secs(10)));
    }
}
