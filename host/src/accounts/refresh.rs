//! Refreshing a token exactly once, and losing none on the way.
//!
//! Where refresh tokens rotate, a reply that is lost is a connection that is lost. So the intent is
//! on disk before the request goes out, the reply as it came before it is read, and the new token
//! before anyone uses it; whatever was interrupted is gone on with at the next need. The work runs
//! in a task of its own: a caller that gives up takes nobody's token along.
//!
//! The clock may jump: each jump costs an account one refresh at most, because what is issued then
//! lives by the clock as it is then, and nobody is disconnected by it, because a refresh token that
//! looks dead is tried nevertheless.

mod attempt;
mod consent;
mod interrupted;

use std::time::Instant;

use tokio::sync::OwnedMutexGuard;

use super::history::{self, Ended, RefreshHistory, RefreshOutcome};
use super::provider::Provider;
use super::token::Token;
use super::{Accounts, Bearer, TokenError, account_key};
use crate::config::PluginConfig;
use crate::locks::NamedLocks;
use crate::model::{Account, AccountId, AccountState};
use crate::store::{Commit, StoreError};
use crate::telemetry;
use attempt::Attempt;

pub(super) use interrupted::{Refreshing, Reply};

/// What a caller needs of a token.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// That it is good for a while.
    Fresh,
    /// That it is not the one which the marketplace has refused, or which has idled too long.
    OtherThan(u64),
    /// The same, whatever went wrong just now: a person has asked.
    NowOtherThan(u64),
}

/// Whose turn it is to change the token of an account.
#[derive(Default)]
pub(super) struct Turns(NamedLocks);

/// Held by the one who changes it.
pub(super) type HeldTurn = OwnedMutexGuard<()>;

impl Turns {
    /// Waits for one's turn.
    pub(super) async fn take(&self, account: &AccountId) -> HeldTurn {
        self.0.hold(account.as_str()).await
    }
}

impl Accounts {
    /// A token that is wanted: the one that is there, or the next.
    pub(super) async fn token(
        &self,
        account: &AccountId,
        config: &PluginConfig,
        wanted: Wanted,
    ) -> Result<Bearer, TokenError> {
        let (_, token, _) = self.found(account, wanted)?;
        if self.meets(account, &token, wanted) {
            return Ok(token.bearer());
        }
        let turn = self.turns.take(account).await;
        let (_, token, _) = self.found(account, wanted)?;
        if self.meets(account, &token, wanted) {
            return Ok(token.bearer());
        }
        // Whoever waited while it failed, or comes soon after, has that answer: not a thousand
        // requests to a server in trouble.
        if let Some(error) = self.refused_for_now(account, wanted)? {
            return self.instead(account, error, &token, wanted);
        }
        let (accounts, id, config) = (self.clone(), account.clone(), config.clone());
        let work = tokio::spawn(telemetry::carried(async move {
            let done = accounts.replace(&id, &config, wanted).await;
            drop(turn);
            done
        }));
        match work.await {
            Ok(Ok(next)) => Ok(next.bearer()),
            Ok(Err(error)) => self.instead(account, error, &token, wanted),
            Err(_) => Err(TokenError::Unavailable(
                "the host is being stopped".to_owned(),
            )),
        }
    }

    /// Replaces the token; the caller has the turn.
    async fn replace(
        &self,
        id: &AccountId,
        config: &PluginConfig,
        wanted: Wanted,
    ) -> Result<Token, TokenError> {
        let (account, token, written) = self.found(id, wanted)?;
        let plugin = account.plugin.clone();
        let provider = match Provider::new(&plugin, config) {
            Ok(provider) => provider,
            Err(why) => return Err(self.not_set_up(&account, why).await),
        };
        let mut attempt = Attempt::new(self, provider, config, account, token, written)?;
        if let Some(next) = attempt.take_up().await? {
            if next.is_alive(self.clock.now(), None) {
                return Ok(next);
            }
            // It has ended while the host was stopped: now nothing is left to be taken up.
            return Box::pin(self.replace(id, config, wanted)).await;
        }
        attempt.begin().await?;
        match attempt.ask().await {
            Ok(issued) => attempt.finish(issued).await,
            Err(refusal) => Err(attempt.give_up(refusal).await),
        }
    }

    /// The account, its token, and the generation of the token's record. Of one that needs consent,
    /// only a person tries whether it is so.
    fn found(&self, id: &AccountId, wanted: Wanted) -> Result<(Account, Token, u64), TokenError> {
        let (account, token, written) = self.kept(id)?;
        match &account.state {
            AccountState::NeedsConsent(why) if !matches!(wanted, Wanted::NowOtherThan(_)) => {
                Err(TokenError::NeedsConsent(why.clone()))
            }
            _ => Ok((account, token, written)),
        }
    }

    fn meets(&self, account: &AccountId, token: &Token, wanted: Wanted) -> bool {
        let left = self.lives.left(account, token, Instant::now());
        let fresh = token.is_fresh(account, self.clock.now(), left);
        match wanted {
            // What cannot be refreshed is used until the marketplace refuses it: our clock alone
            // disconnects nobody.
            Wanted::Fresh => {
                fresh || (token.refresh_token.is_none() && left.is_none_or(|left| !left.is_zero()))
            }
            Wanted::OtherThan(known) => token.generation != known && fresh,
            Wanted::NowOtherThan(known) => token.generation != known,
        }
    }

    /// Why nobody is asked now.
    fn refused_for_now(
        &self,
        account: &AccountId,
        wanted: Wanted,
    ) -> Result<Option<TokenError>, TokenError> {
        if matches!(wanted, Wanted::NowOtherThan(_)) {
            return Ok(None);
        }
        let history = self
            .history(account)
            .map_err(|error| TokenError::store(&error))?;
        let waits = history.waits(self.clock.now());
        Ok(waits.map(|(ended, until)| {
            let words = format!("{}; it is asked again at {until:.0}", ended.words);
            history::error(ended.outcome, words)
        }))
    }

    /// What a caller gets whose refresh failed for now: the old token, if the marketplace still
    /// takes it.
    fn instead(
        &self,
        account: &AccountId,
        error: TokenError,
        token: &Token,
        wanted: Wanted,
    ) -> Result<Bearer, TokenError> {
        let left = self.lives.left(account, token, Instant::now());
        let alive = token.is_alive(self.clock.now(), left);
        match wanted {
            Wanted::Fresh if alive && error.spares_the_old_token() => Ok(token.bearer()),
            _ => Err(error),
        }
    }

    /// How an account's refreshes have ended.
    pub(super) fn history(&self, account: &AccountId) -> Result<RefreshHistory, StoreError> {
        Ok(self.store.get(&account_key(account))?.unwrap_or_default())
    }

    /// Nobody could be asked: what the configuration lacks is kept for who asks for the status.
    async fn not_set_up(&self, account: &Account, why: String) -> TokenError {
        let mut history = match self.history(&account.id) {
            Ok(history) => history,
            Err(error) => return TokenError::store(&error),
        };
        let known = history.last.as_ref().is_some_and(|last| last.words == why);
        if known {
            // It is on disk already; every call would write it again.
            return TokenError::Misconfigured(why);
        }
        let outcome = RefreshOutcome::Misconfigured;
        tracing::warn!(account = %account.id, %outcome, %why, "a token could not be refreshed");
        telemetry::refresh(&account.plugin, outcome.to_string());
        history.fail_unasked(Ended {
            at: self.clock.now(),
            outcome: RefreshOutcome::Misconfigured,
            words: why.clone(),
        });
        let commit = Commit::new().put(&account_key(&account.id), &history);
        match self.store.commit(commit).await {
            Ok(()) => TokenError::Misconfigured(why),
            Err(error) => TokenError::store(&error),
        }
    }

    /// Forgets the refresh token that was replaced by the one of this generation: the marketplace
    /// has taken the access token that came with it.
    pub(super) async fn forget_replaced(
        &self,
        account: &AccountId,
        generation: u64,
    ) -> Result<(), StoreError> {
        let _turn = self.turns.take(account).await;
        let key = account_key(account);
        let found = self.store.get_with_generation::<Token>(&key)?;
        let Some((mut token, written)) = found.filter(|(token, _)| {
            token.generation == generation && token.replaced_refresh_token.is_some()
        }) else {
            return Ok(());
        };
        token.replaced_refresh_token = None;
        let commit = Commit::new()
            .expect_generation::<Token>(&key, written)
            .put(&key, &token);
        self.store.commit(commit).await
    }
}
