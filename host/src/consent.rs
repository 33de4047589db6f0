//! How a seller's consent becomes an account: granted provider → state and PKCE → the marketplace's
//! page → code → token → who it speaks for → an offer → somebody's yes → account; and how an account
//! is disconnected.
//!
//! The mistakes that this prevents: a link that was sent to somebody else connecting their shop to
//! the sender's user (what came of a consent is only an offer, until the person who gave it, or the
//! one who began it, has read whose shop becomes whose), a code used twice, an answer of one
//! marketplace taken for another's (each has a redirect path of its own), tokens that nobody keeps
//! and nobody gave back.

mod answer;
mod begin;
mod callback;
mod decide;
mod error;
mod forget;
mod give_back;
mod offer;
mod party;
mod pending;
mod return_to;

pub use answer::Returned;
pub use begin::{Begun, Wish, default_redirect_uri};
pub use decide::Declined;
pub use error::{BeginError, ConsentError};
pub use offer::Offered;
pub use party::Party;
pub use return_to::{ReturnTo, ReturnToError};

use jiff::{SignedDuration, Timestamp};

use crate::accounts::{Accounts, Revocation};
use crate::config::PluginConfig;
use crate::model::{Account, AccountId};
use crate::store::{Store, StoreError};

/// How long a seller has to say yes to the marketplace, and then how long somebody has to confirm.
pub const LIFE: SignedDuration = SignedDuration::from_mins(10);
/// What began so far ahead of the clock was begun by a clock that has jumped back since: nobody
/// knows how old it is.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(1);
/// How long what was used is remembered, to tell a replay from a fabrication.
const USED_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// Runs consents.
#[derive(Clone)]
pub struct Consent {
    store: Store,
    accounts: Accounts,
}

/// What disconnecting an account did.
#[derive(Debug, Clone, PartialEq)]
pub struct Disconnected {
    /// The account, as it was.
    pub account: Account,
    /// What became of its token at the marketplace. The host has forgotten it in any case.
    pub revocation: Revocation,
}

impl Consent {
    /// Over the accounts of a store.
    pub fn new(store: Store, accounts: Accounts) -> Self {
        Self { store, accounts }
    }

    /// Disconnects an account: takes its tokens back at the marketplace where that is possible, and
    /// forgets them, the account, its settings and what its user was offered of the same seller.
    /// `None` without such an account.
    ///
    /// # Errors
    /// The store's: then nothing is forgotten.
    pub async fn disconnect(
        &self,
        account: &AccountId,
        config: &PluginConfig,
    ) -> Result<Option<Disconnected>, StoreError> {
        let done = self.accounts.disconnect(account, config).await?;
        if let Some((account, _)) = &done {
            self.let_go_of(account, config).await?;
        }
        Ok(done.map(|(account, revocation)| Disconnected {
            account,
            revocation,
        }))
    }

    fn now(&self) -> Timestamp {
        self.accounts.clock().now()
    }
}

impl std::fmt::Debug for Consent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Consent")
    }
}

/// Until when something that began at `at` may be gone on with.
fn end(at: Timestamp) -> Timestamp {
    at.checked_add(LIFE).unwrap_or(Timestamp::MAX)
}

/// Whether something that began at `at` may still be gone on with.
fn is_alive(at: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(at);
    age <= LIFE && age >= -CLOCK_TOLERANCE
}

/// Whether something of `at` need not be remembered any more. A clock that was years ahead for a
/// moment leaves nothing behind for ever.
fn is_over(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() > USED_LIFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_minutes_are_ten_minutes_by_a_clock_that_jumps_either_way() {
        let at = |seconds: i64| Timestamp::from_second(1_000_000 + seconds).unwrap();
        for (seconds, alive) in [
            (0, true),
            (600, true),
            (601, false),
            (-60, true),
            (-61, false),
            (10 * 366 * 86_400, false),
            (-10 * 366, false),
        ] {
            assert_eq!(is_alive(at(0), at(seconds)), alive, "{seconds}");
        }
        assert!(!is_over(at(0), at(86_400)) && is_over(at(0), at(86_401)));
        assert!(is_over(at(0), at(-86_401)));
    }
}
