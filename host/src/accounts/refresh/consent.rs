//! The account's state as refreshes change it: the seller is needed, or is not needed after all.

use serde_json::json;

use super::super::TokenError;
use super::super::history::RefreshOutcome;
use super::super::token::Token;
use super::attempt::Attempt;
use super::interrupted::{Refreshing, Reply};
use crate::events::{EventKind, News};
use crate::model::{Account, AccountState};
use crate::store::{Commit, Record as _, StoreError};

/// What becomes of an account without a consent.
fn news(account: &Account) -> News {
    let (kind, data) = match &account.state {
        AccountState::Connected => {
            let data = json!({ "name": account.identity.name, "renewed": true });
            (EventKind::AccountConnected, data)
        }
        AccountState::NeedsConsent(why) => {
            let data = json!({ "name": account.identity.name, "reason": why });
            (EventKind::AccountNeedsConsent, data)
        }
    };
    News::of(account, kind, account.since, data)
}

impl Attempt<'_> {
    /// Says that the seller is needed. The tokens are kept: the refusal may be the marketplace's
    /// mistake.
    pub(super) async fn disconnect(&mut self, outcome: RefreshOutcome, why: String) -> TokenError {
        self.fail(outcome, why.clone());
        let commit = || {
            Commit::new()
                .put(&self.key, &self.history)
                .delete::<Refreshing>(&self.key)
                .delete::<Reply>(&self.key)
        };
        // A person has tried whether it is so: since when and why stays what it was.
        if let AccountState::NeedsConsent(known) = &self.account.state {
            let done = self.commit(commit()).await;
            return done
                .err()
                .unwrap_or(TokenError::NeedsConsent(known.clone()));
        }
        tracing::warn!(account = %self.account.id, %outcome, "the seller has to consent again");
        let state = AccountState::NeedsConsent(why.clone());
        match self.change_state(&state, commit).await {
            Ok(()) => TokenError::NeedsConsent(why),
            Err(error) => error,
        }
    }

    /// Puts the next token on disk, and where the seller had been needed, that the account is
    /// connected.
    pub(super) async fn keep(&self, next: &Token) -> Result<(), TokenError> {
        let commit = || {
            Commit::new()
                .expect_generation::<Token>(&self.key, self.written)
                .put(&self.key, next)
                .put(&self.key, &self.history)
                .delete::<Refreshing>(&self.key)
                .delete::<Reply>(&self.key)
        };
        if self.account.state == AccountState::Connected {
            return self.commit(commit()).await;
        }
        tracing::info!(account = %self.account.id, "the marketplace takes the refresh token after all");
        self.change_state(&AccountState::Connected, commit).await
    }

    /// Changes the account's state together with what `commit` holds.
    async fn change_state(
        &self,
        state: &AccountState,
        commit: impl Fn() -> Commit,
    ) -> Result<(), TokenError> {
        let store = &self.accounts.store;
        loop {
            let found = store.get_with_generation::<Account>(&self.key);
            let found = found.map_err(|error| TokenError::store(&error))?;
            let Some((mut account, generation)) = found else {
                return Err(TokenError::Unknown(self.account.id.clone()));
            };
            account.state = state.clone();
            account.since = self.accounts.clock.now();
            let commit = commit()
                .expect_generation::<Account>(&self.key, generation)
                .put(&self.key, &account);
            let news = news(&account);
            match self.accounts.events.commit(commit, vec![news]).await {
                // Its settings have changed meanwhile.
                Err(StoreError::Conflict { kind, .. }) if kind == Account::KIND => {}
                done => return done.map_err(|error| TokenError::store(&error)),
            }
        }
    }
}
