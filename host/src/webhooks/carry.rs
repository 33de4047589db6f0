//! What follows from a push, after it was answered: done once each, and kept until it is.
//!
//! A notice is a hint. That there is something to read is told as an event. That a consent is taken back
//! is believed when the marketplace refuses a refresh, and only then. A person who is to be erased is
//! taken out of what the host keeps of calls: results of operations, answers to requests with a key,
//! events. What a plugin left in its journal is the plugin's: by its contract no person's data.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Webhooks;
use super::kept::{self, Carried, KEPT, KeptNotice, KeptPush, PendingPush};
use crate::accounts::TokenError;
use crate::events::{EventKind, News};
use crate::model::{Account, AccountRef, Notice, PluginId, PollNotice};
use crate::store::{Commit, Key, StoreError};

/// The first wait after something could not be done; it doubles up to an hour.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(1);

/// How long it is tried.
const TRIED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Pushes that are kept at most, of all plugins.
const PUSHES_MAX: usize = 10_000;

/// Changes in one commit.
const BATCH: usize = 200;

impl Webhooks {
    /// Does what is due of what pushes have asked for.
    ///
    /// # Errors
    /// The store's: what is not done is done the next time.
    pub async fn carry_pending(self: &Arc<Self>) -> Result<(), StoreError> {
        for key in kept::pending(&self.store)? {
            self.carry(&key).await?;
        }
        Ok(())
    }

    /// Does what is due of one push. Nobody else does the same meanwhile.
    pub(super) async fn carry(&self, key: &Key) -> Result<(), StoreError> {
        let _turn = self.carrying.hold(key.as_str()).await;
        let Some(mut push) = self.store.get::<KeptPush>(key)? else {
            let commit = Commit::new().delete::<PendingPush>(key);
            return self.store.commit(commit).await;
        };
        for place in 0..push.notices.len() {
            let now = self.clock.now();
            let Some(notice) = push.notices.get(place).filter(|one| one.is_due(now)) else {
                continue;
            };
            let (outcome, news) = self.follow(&push, notice).await?;
            if let Some(notice) = push.notices.get_mut(place) {
                notice.note(outcome, push.received_at, now);
            }
            self.events
                .commit(kept::put(Commit::new(), &push), news)
                .await?;
        }
        Ok(())
    }

    /// What comes of a notice, `None` where it has to be tried again, and what is to be told of it.
    async fn follow(
        &self,
        push: &KeptPush,
        notice: &KeptNotice,
    ) -> Result<(Option<Carried>, Vec<News>), StoreError> {
        let plugin = &push.plugin;
        match &notice.notice {
            Notice::Poll(poll) => {
                let accounts = self.meant(plugin, &poll.account)?;
                let news = accounts.iter().map(|account| wanted(push, poll, account));
                let news = news.collect();
                let ids = accounts.into_iter().map(|account| account.id).collect();
                Ok((Some(Carried::Told(ids).unless_empty()), news))
            }
            Notice::Revoked(account) => {
                let accounts = self.meant(plugin, account)?;
                Ok((self.ask(plugin, accounts).await, Vec::new()))
            }
            Notice::Erase(ids) => {
                let erased = self.operations.erase(plugin, ids).await?
                    + self.idempotency.erase(ids).await?
                    + self.events.erase(plugin, ids).await?;
                tracing::info!(%plugin, erased, "a person was erased");
                Ok((Some(Carried::Erased(erased)), Vec::new()))
            }
        }
    }

    /// The accounts that a marketplace means by one of its ids.
    fn meant(&self, plugin: &PluginId, meant: &AccountRef) -> Result<Vec<Account>, StoreError> {
        let mut accounts = self.accounts.list(None)?;
        accounts.retain(|account| {
            let identity = &account.identity;
            account.plugin == *plugin
                && match meant {
                    AccountRef::Id(id) => identity.id == *id,
                    AccountRef::ShopId(id) => identity.shop_id.as_ref() == Some(id),
                }
        });
        Ok(accounts)
    }

    /// Whether the marketplace still takes the accounts' refresh tokens; `None` where it does not say.
    async fn ask(&self, plugin: &PluginId, accounts: Vec<Account>) -> Option<Carried> {
        let config = self.config.plugin(plugin);
        let (mut connected, mut ended) = (Vec::new(), Vec::new());
        for account in accounts {
            match self.accounts.refresh(&account.id, &config).await {
                Ok(_) => connected.push(account.id),
                Err(TokenError::NeedsConsent(_)) => ended.push(account.id),
                // Disconnected meanwhile.
                Err(TokenError::Unknown(_)) => {}
                Err(error) => {
                    tracing::warn!(account = %account.id, %error, "whether a consent was taken back is not known yet");
                    return None;
                }
            }
        }
        Some(Carried::Asked { connected, ended }.unless_empty())
    }

    /// Forgets those from which nothing is to follow any more, and which are old or too many.
    ///
    /// # Errors
    /// The store's.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut done: Vec<KeptPush> = self
            .store
            .scan(&Key::root())?
            .into_iter()
            .map(|(_, push)| push)
            .collect();
        done.retain(KeptPush::is_done);
        done.sort_by_key(|push| std::cmp::Reverse(push.received_at));
        let is_old = |push: &KeptPush| now.duration_since(push.received_at) > KEPT;
        let old = done
            .iter()
            .enumerate()
            .filter(|(place, push)| *place >= PUSHES_MAX || is_old(push));
        let old: Vec<&KeptPush> = old.map(|(_, push)| push).collect();
        for batch in old.chunks(BATCH) {
            let commit = Commit::new();
            let commit = batch.iter().fold(commit, |commit, push| {
                commit.delete::<KeptPush>(&push.key())
            });
            self.store.commit(commit).await?;
        }
        Ok(())
    }

    /// The pushes that are kept, of a plugin; the latest first.
    ///
    /// # Errors
    /// The store's.
    pub fn received(&self, plugin: &PluginId) -> Result<Vec<KeptPush>, StoreError> {
        let kept = self.store.scan(&Key::of([plugin.as_str()]))?;
        let mut pushes: Vec<KeptPush> = kept.into_iter().map(|(_, push)| push).collect();
        pushes.sort_by_key(|push| std::cmp::Reverse(push.received_at));
        Ok(pushes)
    }
}

impl KeptNotice {
    /// Notes what came of it, or when it is tried again.
    fn note(&mut self, outcome: Option<Carried>, received_at: Timestamp, now: Timestamp) {
        self.attempts = self.attempts.saturating_add(1);
        let is_late = now.duration_since(received_at) > TRIED;
        self.outcome = outcome.or(is_late.then_some(Carried::GivenUp));
        if self.outcome.is_none() {
            let doubled = FIRST_WAIT * 2_i32.saturating_pow(self.attempts.min(8) - 1);
            self.next_try_at = now.checked_add(doubled.min(WAIT_MAX)).ok();
            return;
        }
        self.next_try_at = None;
        self.done_at = Some(now);
        if let Notice::Erase(ids) = &mut self.notice {
            ids.clear();
        }
    }
}

impl Carried {
    fn unless_empty(self) -> Self {
        match &self {
            Self::Told(accounts) if accounts.is_empty() => Self::Nobody,
            Self::Asked { connected, ended } if connected.is_empty() && ended.is_empty() => {
                Self::Nobody
            }
            _ => self,
        }
    }
}

/// The news that an account's job is to be run.
fn wanted(push: &KeptPush, poll: &PollNotice, account: &Account) -> News {
    let fact = format!("{} {}", push.id, poll.job);
    let data = json!({ "job": poll.job });
    News::of(account, EventKind::PollWanted, fact, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn erase() -> KeptNotice {
        KeptNotice::new(Notice::Erase(vec!["buyer-1".into()]))
    }

    #[test]
    fn what_cannot_be_done_waits_longer_each_time_and_is_given_up_after_a_week() {
        let mut notice = erase();
        let mut waits = Vec::new();
        for _ in 0..12 {
            notice.note(None, at(0), at(10));
            let until = notice.next_try_at.unwrap();
            assert!(!notice.is_due(at(10)) && notice.is_due(until));
            waits.push(until.duration_since(at(10)).as_secs());
        }
        assert_eq!(waits[..3], [30, 60, 120]);
        assert!(waits.is_sorted() && waits[11] == 3_600, "{waits:?}");
        notice.note(None, at(0), at(7 * 86_400 + 1));
        assert_eq!(notice.outcome, Some(Carried::GivenUp));
        assert!(!notice.is_due(at(i64::from(u32::MAX))));
    }

    #[test]
    fn a_person_who_was_erased_is_named_nowhere() {
        let mut notice = erase();
        notice.note(Some(Carried::Erased(2)), at(0), at(1));
        assert_eq!(notice.notice, Notice::Erase(Vec::new()));
        assert_eq!((notice.done_at, notice.next_try_at), (Some(at(1)), None));
    }
}
