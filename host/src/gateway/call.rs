//! For whom a request is made, and what the call has done so far.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::refusal::Refusal;
use super::scrub::Needles;
use crate::accounts::Bearer;
use crate::config::PluginConfig;
use crate::model::{AccountId, CallId, Lane, PluginId};

/// One call of a plugin, as far as its requests are concerned.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// Its id, in every log line.
    pub call: CallId,
    /// Whose grant holds.
    pub plugin: PluginId,
    /// The grant and the app's credentials, as they were when the call began.
    pub config: Arc<PluginConfig>,
    /// For which seller.
    pub seller: Seller,
    /// Who waits for it.
    pub lane: Lane,
    /// Whether it may use the network at all; `plugin.describe` may not.
    pub network: bool,
    /// When it has to be done.
    pub deadline: Instant,
    /// What it has done so far.
    pub record: Arc<CallRecord>,
}

/// For whom a call speaks.
#[derive(Debug, Clone)]
pub enum Seller {
    /// Nobody: endpoints that take a seller's token are asked without one.
    None,
    /// An account.
    Account(AccountId),
    /// Somebody who has just consented and is no account yet (`auth.identify`).
    Fresh(Bearer),
}

impl Seller {
    /// The account, where there is one.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Account(account) => Some(account),
            Self::None | Self::Fresh(_) => None,
        }
    }
}

/// What a call's requests came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests that were sent, repeats included.
    pub requests: u32,
    /// How many of them were repeats.
    pub retried: u32,
    /// Bytes of replies, decompressed.
    pub bytes: u64,
    /// Places in replies where a credential stood and was starred out.
    pub starred: u32,
}

/// What a call's requests have done so far, shared with the bodies that are still being read.
#[derive(Debug)]
pub struct CallRecord {
    began: Instant,
    activity_millis: AtomicU64,
    requests: AtomicU32,
    retried: AtomicU32,
    bytes: AtomicU64,
    starred: AtomicU32,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    refusal: Option<Refusal>,
    refused_generation: Option<u64>,
    needles: Option<Arc<Needles>>,
}

impl Default for CallRecord {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            activity_millis: AtomicU64::new(0),
            requests: AtomicU32::new(0),
            retried: AtomicU32::new(0),
            bytes: AtomicU64::new(0),
            starred: AtomicU32::new(0),
            kept: Mutex::default(),
        }
    }
}

impl CallRecord {
    /// What the requests came to so far.
    pub fn spent(&self) -> Spent {
        Spent {
            requests: self.requests.load(Ordering::Relaxed),
            retried: self.retried.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            starred: self.starred.load(Ordering::Relaxed),
        }
    }

    /// The call's first refusal: the reason that belongs beside whatever the plugin says.
    pub fn refusal(&self) -> Option<Refusal> {
        self.kept(|kept| kept.refusal.clone())
    }

    /// When last something went out or came in, for the limit on a call without progress.
    pub fn last_activity(&self) -> Instant {
        self.began + Duration::from_millis(self.activity_millis.load(Ordering::Relaxed))
    }

    /// Something happened: the call makes progress.
    pub fn active(&self) {
        let millis = self.began.elapsed().as_millis();
        self.activity_millis
            .fetch_max(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn refuse(&self, refusal: &Refusal) {
        self.kept(|kept| {
            kept.refusal.get_or_insert_with(|| refusal.clone());
        });
    }

    pub(super) fn sent(&self, attempt: u32) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if attempt > 1 {
            self.retried.fetch_add(1, Ordering::Relaxed);
        }
        self.active();
    }

    /// Adds to the bytes read and answers what they are now.
    pub(super) fn read(&self, bytes: usize) -> u64 {
        self.active();
        let bytes = bytes as u64;
        self.bytes
            .fetch_add(bytes, Ordering::Relaxed)
            .saturating_add(bytes)
    }

    pub(super) fn starred(&self, places: usize) {
        let places = u32::try_from(places).unwrap_or(u32::MAX);
        self.starred.fetch_add(places, Ordering::Relaxed);
    }

    /// Whether a refused token is the first that this call saw refused. A second one in a row is not
    /// refreshed: it is not the token that is wrong then, and each refresh costs the app a token.
    pub(super) fn may_refresh(&self, generation: u64) -> bool {
        self.kept(|kept| *kept.refused_generation.get_or_insert(generation) == generation)
    }

    pub(super) fn needles(&self) -> Option<Arc<Needles>> {
        self.kept(|kept| kept.needles.clone())
    }

    pub(super) fn set_needles(&self, needles: Arc<Needles>) {
        self.kept(|kept| kept.needles = Some(needles));
    }

    fn kept<T>(&self, with: impl FnOnce(&mut Kept) -> T) -> T {
        with(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::super::refusal::RefusalKind;
    use super::*;

    #[test]
    fn the_first_refusal_is_kept() {
        let record = CallRecord::default();
        record.refuse(&Refusal::new(RefusalKind::NotGranted, "first"));
        record.refuse(&Refusal::new(RefusalKind::Lost, "second"));
        assert_eq!(record.refusal().unwrap().what, "first");
    }

    #[test]
    fn only_the_first_generation_that_was_refused_is_refreshed() {
        let record = CallRecord::default();
        assert!(record.may_refresh(4));
        assert!(
            record.may_refresh(4),
            "a request beside it saw the same token refused"
        );
        assert!(!record.may_refresh(5));
    }

    #[tokio::test(start_paused = true)]
    async fn activity_moves_forward() {
        let record = CallRecord::default();
        let began = record.last_activity();
        tokio::time::advance(Duration::from_secs(7)).await;
        record.sent(1);
        record.sent(2);
        assert_eq!(record.read(10), 10);
        assert_eq!(record.last_activity(), began + Duration::from_secs(7));
        let spent = Spent {
            requests: 2,
            retried: 1,
            bytes: 10,
            starred: 0,
        };
        assert_eq!(record.spent(), spent);
    }
}
