//! Accounts that nobody uses: refreshed well before their refresh tokens die, so that a seller who
//! comes back after a season need not consent again.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::MissedTickBehavior;

use super::refresh::Wanted;
use super::token::Token;
use super::{Accounts, TokenError, account_key};
use crate::config::PluginConfig;
use crate::model::{Account, AccountId, AccountState, PluginId};
use crate::store::StoreError;

/// How many are refreshed at once: nobody waits for it, and a token endpoint has limits.
const AT_ONCE: usize = 4;

/// What came of an idle account's refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdleRefresh {
    /// Which account.
    pub account: AccountId,
    /// The generation of its new token, or why it has none.
    pub outcome: Result<u64, TokenError>,
}

impl Accounts {
    /// Refreshes every account that is due for it though nobody uses it, a few at a time, and forgets
    /// the tombstones that are old. One that fails stops no other, and is tried again in a later
    /// round.
    ///
    /// # Errors
    /// The store's, where it cannot be read who is due.
    pub async fn refresh_idle(
        &self,
        config: impl Fn(&PluginId) -> Arc<PluginConfig>,
    ) -> Result<Vec<IdleRefresh>, StoreError> {
        let commit = self.without_old_tombstones()?;
        if !commit.is_empty() {
            self.store.commit(commit).await?;
        }
        let due = self.due()?;
        let refreshes = due.into_iter().map(|(account, generation)| {
            let config = config(&account.plugin);
            async move {
                let wanted = Wanted::OtherThan(generation);
                let done = self.token(&account.id, &config, wanted).await;
                IdleRefresh {
                    account: account.id,
                    outcome: done.map(|bearer| bearer.generation),
                }
            }
        });
        Ok(stream::iter(refreshes)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await)
    }

    /// Refreshes idle accounts round by round until `stop`. A round that goes wrong is logged and the next one comes in its time. Stopping in the middle of a
    /// round loses nothing: a refresh that was begun ends by itself.
    pub async fn keep_idle_alive(
        &self,
        config: impl Fn(&PluginId) -> Arc<PluginConfig>,
        every: Duration,
        stop: impl Future<Output = ()>,
    ) {
        let mut rounds = tokio::time::interval(every);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let work = async {
            loop {
                rounds.tick().await;
                match self.refresh_idle(&config).await {
                    Ok(done) => say(&done),
                    Err(error) => {
                        tracing::error!(%error, "idle accounts cannot be looked after");
                    }
                }
            }
        };
        tokio::select! {
            () = stop => {}
            () = work => {}
        }
    }

    /// The accounts that are due, with their tokens' generations. Those that wait after a failure
    /// are not.
    fn due(&self) -> Result<Vec<(Account, u64)>, StoreError> {
        let now = self.clock.now();
        let mut due = Vec::new();
        for account in self.list(None)? {
            if account.state != AccountState::Connected {
                continue;
            }
            let token: Option<Token> = self.store.get(&account_key(&account.id))?;
            let Some(token) = token else { continue };
            let is_due = token
                .idle_due(&account.id, now)
                .is_some_and(|due| due <= now);
            if is_due && self.history(&account.id)?.waits(now).is_none() {
                due.push((account, token.generation));
            }
        }
        Ok(due)
    }
}

fn say(done: &[IdleRefresh]) {
    if !done.is_empty() {
        let failed = done.iter().filter(|one| one.outcome.is_err()).count();
        let refreshed = done.len() - failed;
        tracing::info!(refreshed, failed, "idle accounts looked after");
    }
}
