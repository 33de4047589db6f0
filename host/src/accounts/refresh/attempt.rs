//! One refresh, step by step: what is put on disk before and after each.

use std::time::{Duration, Instant};

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::super::endpoint::{Endpoint, Heard};
use super::super::history::{self, Ended, RefreshHistory, RefreshOutcome};
use super::super::provider::{Provider, Refusal};
use super::super::token::{Issued, Token};
use super::super::{Accounts, TokenError, account_key, skew};
use super::interrupted::{Refreshing, Reply};
use crate::config::PluginConfig;
use crate::model::Account;
use crate::secret::Secret;
use crate::store::{Commit, Key};
use crate::telemetry;

/// After a reply was lost, the same request goes out once more, but not into the same trouble.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// A refresh that somebody has the turn for.
pub(super) struct Attempt<'a> {
    pub(super) accounts: &'a Accounts,
    provider: Provider<'a>,
    config: &'a PluginConfig,
    pub(super) key: Key,
    pub(super) account: Account,
    token: Token,
    /// The generation of the token's record.
    pub(super) written: u64,
    pub(super) history: RefreshHistory,
    asked_at: Timestamp,
    /// The same by the clock that never jumps; `None` for a reply to a request of an earlier
    /// process.
    asked: Option<Instant>,
    /// What the latest reply says beside its body.
    heard: Heard,
    /// Why a reply, this time or an earlier time, is lost.
    lost: Option<String>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        accounts: &'a Accounts,
        provider: Provider<'a>,
        config: &'a PluginConfig,
        account: Account,
        token: Token,
        written: u64,
    ) -> Result<Self, TokenError> {
        let history = accounts.history(&account.id);
        Ok(Self {
            accounts,
            provider,
            config,
            key: account_key(&account.id),
            account,
            token,
            written,
            history: history.map_err(|error| TokenError::store(&error))?,
            asked_at: accounts.clock.now(),
            asked: None,
            heard: Heard::default(),
            lost: None,
        })
    }

    /// Goes on with one that was interrupted: with the reply, if it came; otherwise it is known
    /// that one may be lost.
    pub(super) async fn take_up(&mut self) -> Result<Option<Token>, TokenError> {
        let store = &self.accounts.store;
        let begun: Option<Refreshing> = store.get(&self.key).map_err(|e| TokenError::store(&e))?;
        let Some(begun) = begun.filter(|begun| begun.generation == self.token.generation) else {
            return Ok(None);
        };
        let reply: Option<Reply> = store.get(&self.key).map_err(|e| TokenError::store(&e))?;
        let read = reply.map(|reply| self.provider.read_kept(&reply.body()));
        let lost = match read {
            Some(Ok(issued)) => {
                self.asked_at = begun.begun_at;
                return self.finish(issued).await.map(Some);
            }
            Some(Err(refusal @ Refusal::TokenType { .. })) => {
                return Err(self.give_up(refusal).await);
            }
            Some(Err(Refusal::Lost(why))) => why,
            _ => "the host was stopped before the reply came".to_owned(),
        };
        let lost = begun.lost.unwrap_or(lost);
        tracing::warn!(account = %self.account.id, why = %lost, "a refresh was interrupted, and its reply is lost");
        self.lost = Some(lost);
        Ok(None)
    }

    /// Puts the intent on disk.
    pub(super) async fn begin(&mut self) -> Result<(), TokenError> {
        if self.token.refresh_token.is_none() {
            let why = format!(
                "{} gave a token that cannot be refreshed, and it has ended or is refused",
                self.account.plugin
            );
            return Err(self.disconnect(RefreshOutcome::Revoked, why).await);
        }
        self.asked_at = self.accounts.clock.now();
        let intent = self.intent(self.lost.clone());
        let commit = Commit::new()
            .put(&self.key, &intent)
            .delete::<Reply>(&self.key);
        self.commit(commit).await
    }

    /// Asks for the next token: once more where the reply is lost, and then with the refresh token
    /// before, where the marketplace may not have replaced it in truth.
    pub(super) async fn ask(&mut self) -> Result<Issued, Refusal> {
        let Some(refresh_token) = self.token.refresh_token.clone() else {
            return Err(Refusal::Grant("there is no refresh token".to_owned()));
        };
        let mut outcome = self.ask_with(&refresh_token).await;
        // Into lasting trouble it goes once only.
        if let (Err(Refusal::Lost(why)), 0) = (&outcome, self.history.failures) {
            tracing::warn!(account = %self.account.id, %why, "the reply to a refresh was lost; asking once more");
            self.lost.get_or_insert_with(|| why.clone());
            tokio::time::sleep(AGAIN_AFTER).await;
            outcome = self.ask_with(&refresh_token).await;
        }
        let replaced = self.token.replaced_refresh_token.clone();
        let (Err(Refusal::Grant(why)), Some(replaced)) = (&outcome, replaced) else {
            return outcome;
        };
        tracing::warn!(account = %self.account.id, %why, "a refresh token was refused whose access token is not known to have worked; asking with the one before");
        match self.ask_with(&replaced).await {
            Err(Refusal::Grant(_)) => outcome,
            Ok(issued) => {
                self.token.refresh_token = Some(replaced);
                Ok(issued)
            }
            unknown => unknown,
        }
    }

    async fn ask_with(&mut self, refresh_token: &Secret) -> Result<Issued, Refusal> {
        let endpoint = Endpoint::new(&self.accounts.transport, self.config)
            .spooled(&self.accounts.store, self.key.clone());
        self.asked = Some(Instant::now());
        let outcome = self.provider.refresh(&endpoint, refresh_token).await;
        self.heard = endpoint.heard();
        outcome
    }

    /// Puts the new token on disk: from then on it is used.
    pub(super) async fn finish(&mut self, issued: Issued) -> Result<Token, TokenError> {
        let now = self.accounts.clock.now();
        if let Some(asked) = self.asked {
            // A clock that has jumped since counts from where it stands.
            let since = SignedDuration::try_from(asked.elapsed()).unwrap_or(SignedDuration::ZERO);
            self.asked_at = now.checked_sub(since).unwrap_or(now);
        }
        let ahead = skew::ahead(now, self.heard.date);
        let is_dead = issued.expires_in.is_some_and(|life| !life.is_positive());
        let granted = self.provider.granted();
        let mut next = Token::following(Some(&self.token), issued, self.asked_at, granted);
        self.note_clock(ahead);
        let error = match ahead.filter(|_| is_dead) {
            Some(ahead) => {
                let plugin = &self.account.plugin;
                let words = clock_words(&format!("{plugin} issued a dead token"), ahead);
                next.expires_at = next.issued_at;
                self.fail(RefreshOutcome::ClockWrong, words.clone());
                Some(TokenError::ClockWrong(words))
            }
            None => {
                self.history
                    .succeed(now, ahead.map(skew::words).unwrap_or_default());
                None
            }
        };
        self.keep(&next).await?;
        if let Some(error) = error {
            return Err(error);
        }
        self.say_refreshed(&next, ahead);
        Ok(next)
    }

    fn say_refreshed(&self, next: &Token, ahead: Option<SignedDuration>) {
        let id = &self.account.id;
        if self.asked.is_some() {
            let now = self.accounts.clock.now();
            self.accounts.lives.begin(id, next, now, Instant::now());
        }
        let outcome = RefreshOutcome::Refreshed;
        tracing::info!(account = %id, generation = next.generation, %outcome, "token refreshed");
        telemetry::refresh(&self.account.plugin, outcome.to_string());
        if let Some(ahead) = ahead {
            tracing::warn!(account = %id, ahead_s = ahead.as_secs(), "{}; set it", skew::words(ahead));
        }
    }

    /// No token: only a grant that is refused needs the seller.
    pub(super) async fn give_up(&mut self, refusal: Refusal) -> TokenError {
        let ahead = skew::ahead(self.accounts.clock.now(), self.heard.date);
        self.note_clock(ahead);
        match refusal {
            Refusal::Grant(words) => {
                let (outcome, why) = match self.lost.take() {
                    None => (RefreshOutcome::Revoked, words),
                    Some(lost) => (
                        RefreshOutcome::ResponseLost,
                        format!(
                            "response lost: an earlier reply never came ({lost}), and now {words}"
                        ),
                    ),
                };
                self.disconnect(outcome, why).await
            }
            Refusal::Lost(why) => {
                self.lost.get_or_insert_with(|| why.clone());
                self.withdraw(RefreshOutcome::ResponseLost, why).await
            }
            Refusal::TokenType {
                words,
                refresh_token,
            } => self.keep_refresh_token(words, refresh_token).await,
            Refusal::NotDone(why) | Refusal::Misconfigured(why)
                if ahead.is_some() && refused(self.heard.status) =>
            {
                let why = clock_words(&why, ahead.unwrap_or_default());
                self.withdraw(RefreshOutcome::ClockWrong, why).await
            }
            Refusal::NotDone(why) => self.withdraw(RefreshOutcome::Transient, why).await,
            Refusal::Misconfigured(why) => self.withdraw(RefreshOutcome::Misconfigured, why).await,
        }
    }

    /// There is no new token this time: the intent goes, unless a reply is unaccounted for.
    async fn withdraw(&mut self, outcome: RefreshOutcome, why: String) -> TokenError {
        self.fail(outcome, why.clone());
        let commit = match self.lost.take() {
            Some(lost) => Commit::new().put(&self.key, &self.intent(Some(lost))),
            None => Commit::new().delete::<Refreshing>(&self.key),
        };
        let commit = commit
            .delete::<Reply>(&self.key)
            .put(&self.key, &self.history);
        let done = self.commit(commit).await;
        done.err().unwrap_or_else(|| history::error(outcome, why))
    }

    /// The access token is of no use, but the refresh token that came with it is the account's.
    async fn keep_refresh_token(
        &mut self,
        why: String,
        refresh_token: Option<Secret>,
    ) -> TokenError {
        self.fail(RefreshOutcome::Misconfigured, why.clone());
        let mut commit = Commit::new()
            .put(&self.key, &self.history)
            .delete::<Refreshing>(&self.key)
            .delete::<Reply>(&self.key);
        if let Some(refresh_token) = refresh_token {
            commit = commit
                .expect_generation::<Token>(&self.key, self.written)
                .put(&self.key, &self.token.with_refresh_token(refresh_token));
        }
        let done = self.commit(commit).await;
        done.err().unwrap_or(TokenError::Misconfigured(why))
    }

    /// Notes what the latest reply shows of the clock, if one came.
    fn note_clock(&mut self, ahead: Option<SignedDuration>) {
        if self.heard.status.is_some() {
            self.history.clock_ahead_seconds = ahead.map(|ahead| ahead.as_secs());
        }
    }

    /// Notes and logs how it ended.
    pub(super) fn fail(&mut self, outcome: RefreshOutcome, words: String) {
        let account = &self.account.id;
        tracing::warn!(%account, %outcome, why = %words, "a token could not be refreshed");
        telemetry::refresh(&self.account.plugin, outcome.to_string());
        let ended = Ended {
            at: self.accounts.clock.now(),
            outcome,
            words,
        };
        let was_asked = self.heard.status.is_some() || outcome != RefreshOutcome::Misconfigured;
        if was_asked {
            self.history
                .fail(ended, self.heard.retry_after, rand::random());
        } else {
            self.history.fail_unasked(ended);
        }
    }

    fn intent(&self, lost: Option<String>) -> Refreshing {
        Refreshing {
            generation: self.token.generation,
            begun_at: self.asked_at,
            lost,
        }
    }

    pub(super) async fn commit(&self, commit: Commit) -> Result<(), TokenError> {
        let store = &self.accounts.store;
        store
            .commit(commit)
            .await
            .map_err(|error| TokenError::store(&error))
    }
}

/// Whether the endpoint understood the request and said no. A server in trouble or asked too often
/// says nothing about clocks.
fn refused(status: Option<StatusCode>) -> bool {
    status.is_some_and(|status| {
        status.is_client_error()
            && status != StatusCode::TOO_MANY_REQUESTS
            && status != StatusCode::REQUEST_TIMEOUT
    })
}

fn clock_words(why: &str, ahead: SignedDuration) -> String {
    format!(
        "{why}; {}: set it (timedatectl set-ntp true), the account stays connected",
        skew::words(ahead)
    )
}
