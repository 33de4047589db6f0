//! Refreshing a token exactly once, and losing none on the way.
//!
//! Where refresh tokens rotate, a reply that is lost is a connection that is lost. So the intent is
//! on disk before the request goes out, the reply as it came before it is read, and the new token
//! before anyone uses it; whatever was interrupted is gone on with at the next need. The work runs
//! in a task of its own: a caller that gives up takes nobody's token along.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::provider::{Provider, Refusal};
use super::token::{Issued, Token};
use super::{Accounts, Bearer, TokenError, account_key};
use crate::config::PluginConfig;
use crate::model::{Account, AccountId, AccountState};
use crate::secret::{Secret, in_record};
use crate::store::{Commit, Record, StoreError};

/// After a reply was lost, the same request goes out once more, but not into the same trouble.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// A refresh that was begun and not finished.
#[derive(Serialize, Deserialize)]
pub(super) struct Refreshing {
    /// Of the token that it replaces.
    generation: u64,
    begun_at: Timestamp,
    /// Why nobody knows what became of it, where that is known.
    #[serde(default)]
    lost: Option<String>,
}

impl Record for Refreshing {
    const KIND: &'static str = "refreshing";
}

/// A token endpoint's reply as it came, until it is understood.
#[derive(Serialize, Deserialize)]
pub(super) struct Reply {
    #[serde(with = "in_record")]
    pub(super) body: Secret,
}

impl Record for Reply {
    const KIND: &'static str = "token_reply";
}

/// What a caller needs of a token.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// That it is good for a while.
    Fresh,
    /// That it is not the one which the marketplace has refused.
    OtherThan(u64),
}

impl Wanted {
    fn is_met(self, token: &Token, now: Timestamp) -> bool {
        match self {
            Self::Fresh => token.is_fresh(now),
            Self::OtherThan(refused) => token.generation != refused && token.is_fresh(now),
        }
    }
}

/// Whose turn it is to change the token of an account.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<Turn>>>>);

/// Held by the one who changes it.
#[derive(Default)]
pub(super) struct Turn {
    failure: Option<(Instant, TokenError)>,
}

pub(super) type HeldTurn = tokio::sync::OwnedMutexGuard<Turn>;

impl Turns {
    /// Waits for one's turn.
    pub(super) async fn take(&self, account: &AccountId) -> HeldTurn {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(account.clone()).or_default())
        };
        turn.lock_owned().await
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
        let waiting_since = Instant::now();
        let (_, token, _) = self.connected(account)?;
        if wanted.is_met(&token, self.clock.now()) {
            return Ok(token.bearer());
        }
        let mut turn = self.turns.take(account).await;
        let (_, token, _) = self.connected(account)?;
        if wanted.is_met(&token, self.clock.now()) {
            return Ok(token.bearer());
        }
        // Whoever waited while it failed has had this answer: not a thousand requests to a server
        // in trouble.
        if let Some((_, failure)) = turn.failure.as_ref().filter(|(at, _)| *at >= waiting_since) {
            return self.instead(failure.clone(), &token, wanted);
        }
        let (accounts, account, config) = (self.clone(), account.clone(), config.clone());
        let work = tokio::spawn(async move {
            let done = accounts.refresh(&account, &config).await;
            turn.failure = done
                .as_ref()
                .err()
                .map(|error| (Instant::now(), error.clone()));
            done
        });
        match work.await {
            Ok(Ok(next)) => Ok(next.bearer()),
            Ok(Err(error)) => self.instead(error, &token, wanted),
            Err(_) => Err(TokenError::Unavailable(
                "the host is being stopped".to_owned(),
            )),
        }
    }

    /// Replaces the token; the caller has the turn.
    async fn refresh(&self, id: &AccountId, config: &PluginConfig) -> Result<Token, TokenError> {
        let (account, token, written) = self.connected(id)?;
        let plugin = account.plugin.clone();
        let provider = Provider::new(&plugin, config).map_err(TokenError::Misconfigured)?;
        let mut refresh = Refresh {
            accounts: self,
            provider,
            config,
            key: account_key(id),
            account,
            token,
            written,
            asked_at: self.clock.now(),
            lost: None,
        };
        if let Some(next) = refresh.take_up().await? {
            return Ok(next);
        }
        refresh.begin().await?;
        let outcome = match refresh.ask().await {
            Err(Refusal::Lost(why)) => {
                tracing::warn!(account = %id, %why, "the reply to a refresh was lost; asking once more");
                refresh.lost.get_or_insert(why);
                tokio::time::sleep(AGAIN_AFTER).await;
                refresh.ask().await
            }
            outcome => outcome,
        };
        match outcome {
            Ok(issued) => refresh.finish(issued).await,
            Err(refusal) => Err(refresh.give_up(refusal).await),
        }
    }

    /// What a caller gets whose refresh failed for now: the old token, if the marketplace still
    /// takes it.
    fn instead(
        &self,
        error: TokenError,
        token: &Token,
        wanted: Wanted,
    ) -> Result<Bearer, TokenError> {
        let alive = token.is_alive(self.clock.now());
        match (&error, wanted) {
            (TokenError::Unavailable(_), Wanted::Fresh) if alive => Ok(token.bearer()),
            _ => Err(error),
        }
    }
}

/// One refresh, step by step.
struct Refresh<'a> {
    accounts: &'a Accounts,
    provider: Provider<'a>,
    config: &'a PluginConfig,
    key: crate::store::Key,
    account: Account,
    token: Token,
    /// The generation of the token's record.
    written: u64,
    asked_at: Timestamp,
    /// Why a reply, this time or an earlier time, is lost.
    lost: Option<String>,
}

impl Refresh<'_> {
    /// Goes on with one that was interrupted: with the reply, if it came; otherwise it is known
    /// that one may be lost.
    async fn take_up(&mut self) -> Result<Option<Token>, TokenError> {
        let store = &self.accounts.store;
        let begun: Option<Refreshing> = store.get(&self.key).map_err(|e| TokenError::store(&e))?;
        let Some(begun) = begun.filter(|begun| begun.generation == self.token.generation) else {
            return Ok(None);
        };
        let reply: Option<Reply> = store.get(&self.key).map_err(|e| TokenError::store(&e))?;
        if let Some(issued) = reply.and_then(|reply| Provider::read_kept(&reply.body)) {
            self.asked_at = begun.begun_at;
            return self.finish(issued).await.map(Some);
        }
        let interrupted = || "the host was stopped before the reply came".to_owned();
        self.lost = Some(begun.lost.unwrap_or_else(interrupted));
        Ok(None)
    }

    /// Puts the intent on disk.
    async fn begin(&mut self) -> Result<(), TokenError> {
        if self.token.refresh_token.is_none() {
            let why = format!(
                "{} gave a token that cannot be refreshed, and it has expired",
                self.account.plugin
            );
            return Err(self.disconnect(why).await);
        }
        self.asked_at = self.accounts.clock.now();
        let intent = self.intent(self.lost.clone());
        let commit = Commit::new()
            .put(&self.key, &intent)
            .delete::<Reply>(&self.key);
        self.commit(commit).await
    }

    async fn ask(&self) -> Result<Issued, Refusal> {
        let Some(refresh_token) = &self.token.refresh_token else {
            return Err(Refusal::Grant("there is no refresh token".to_owned()));
        };
        let endpoint = Endpoint::new(&self.accounts.transport, self.config)
            .spooled(&self.accounts.store, &self.account.id);
        self.provider.refresh(&endpoint, refresh_token).await
    }

    /// Puts the new token on disk: from then on it is used.
    async fn finish(&mut self, issued: Issued) -> Result<Token, TokenError> {
        let granted = self.provider.granted();
        let next = Token::following(Some(&self.token), issued, self.asked_at, granted);
        let commit = Commit::new()
            .expect_generation::<Token>(&self.key, self.written)
            .put(&self.key, &next)
            .delete::<Refreshing>(&self.key)
            .delete::<Reply>(&self.key);
        self.commit(commit).await?;
        tracing::info!(account = %self.account.id, generation = next.generation, "token refreshed");
        Ok(next)
    }

    /// No token: only a grant that is refused needs the seller.
    async fn give_up(&mut self, refusal: Refusal) -> TokenError {
        match refusal {
            Refusal::Grant(words) => {
                let why = match self.lost.take() {
                    None => words,
                    Some(lost) => format!(
                        "response lost: an earlier reply never came ({lost}), and now {words}"
                    ),
                };
                self.disconnect(why).await
            }
            Refusal::Lost(why) => {
                let lost = self.lost.take().unwrap_or_else(|| why.clone());
                let commit = Commit::new()
                    .put(&self.key, &self.intent(Some(lost)))
                    .delete::<Reply>(&self.key);
                self.commit(commit)
                    .await
                    .err()
                    .unwrap_or(TokenError::Unavailable(why))
            }
            Refusal::NotDone(why) => self
                .withdraw()
                .await
                .err()
                .unwrap_or(TokenError::Unavailable(why)),
            Refusal::Misconfigured(why) => self
                .withdraw()
                .await
                .err()
                .unwrap_or(TokenError::Misconfigured(why)),
        }
    }

    /// Nothing was done this time: the intent goes, unless an earlier reply is still unaccounted for.
    async fn withdraw(&mut self) -> Result<(), TokenError> {
        let commit = match self.lost.take() {
            Some(lost) => Commit::new().put(&self.key, &self.intent(Some(lost))),
            None => Commit::new().delete::<Refreshing>(&self.key),
        };
        self.commit(commit).await
    }

    /// Says that the seller is needed. The tokens are kept: the refusal may be the marketplace's
    /// mistake.
    async fn disconnect(&mut self, why: String) -> TokenError {
        tracing::warn!(account = %self.account.id, %why, "the seller has to consent again");
        loop {
            let found = self
                .accounts
                .store
                .get_with_generation::<Account>(&self.key);
            let (mut account, generation) = match found {
                Ok(Some(found)) => found,
                Ok(None) => return TokenError::Unknown(self.account.id.clone()),
                Err(error) => return TokenError::store(&error),
            };
            account.state = AccountState::NeedsConsent(why.clone());
            account.since = self.accounts.clock.now();
            let commit = Commit::new()
                .expect_generation::<Account>(&self.key, generation)
                .put(&self.key, &account)
                .delete::<Refreshing>(&self.key)
                .delete::<Reply>(&self.key);
            match self.accounts.store.commit(commit).await {
                // Its settings have changed meanwhile.
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return TokenError::store(&error),
                Ok(()) => return TokenError::NeedsConsent(why),
            }
        }
    }

    fn intent(&self, lost: Option<String>) -> Refreshing {
        Refreshing {
            generation: self.token.generation,
            begun_at: self.asked_at,
            lost,
        }
    }

    async fn commit(&self, commit: Commit) -> Result<(), TokenError> {
        let store = &self.accounts.store;
        store
            .commit(commit)
            .await
            .map_err(|error| TokenError::store(&error))
    }
}
