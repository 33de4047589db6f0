//! What a start and an hour bring: which operations broke off and are gone on with, which have ended
//! long ago, and what is to be forgotten of a person.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::kept::{self, OperationResult};
use super::{ATTEMPTS_MAX, Ended, Operation, OperationState, Operations};
use crate::model::{PluginId, UserId};
use crate::store::{Commit, Key, StoreError};

/// How long one that has ended is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many of a user's that have ended are kept.
const KEPT_MAX: usize = 5_000;

/// Changes in one commit.
const BATCH: usize = 200;

/// Operations that a stop of the host has broken off.
#[derive(Debug, Default)]
pub struct BrokenOff {
    /// To go on with.
    pub again: Vec<Operation>,
    /// That may have been done, and may not be done twice.
    pub uncertain: Vec<Operation>,
    /// That never came to an end, however often they were begun.
    pub hopeless: Vec<Operation>,
}

impl Operations {
    /// Those that a stop of the host has broken off.
    ///
    /// # Errors
    /// The store's.
    pub fn broken_off(&self) -> Result<BrokenOff, StoreError> {
        let mut broken = BrokenOff::default();
        for (_, operation) in self.0.store.scan::<Operation>(&Key::root())? {
            if operation.state != OperationState::Running || self.watch(&operation.id).is_some() {
                continue;
            }
            if operation.attempts >= ATTEMPTS_MAX {
                broken.hopeless.push(operation);
            } else if operation.order.repeatable || operation.attempts == 0 {
                broken.again.push(operation);
            } else {
                broken.uncertain.push(operation);
            }
        }
        Ok(broken)
    }

    /// Ends one that is not gone on with.
    ///
    /// # Errors
    /// The store's.
    pub async fn give_up(&self, operation: Operation, ended: Ended) -> Result<(), StoreError> {
        self.end(operation, ended).await
    }

    /// Forgets those that have ended long ago, and of each user's the oldest that are too many.
    ///
    /// # Errors
    /// The store's.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let all = self.0.store.scan::<Operation>(&Key::root())?;
        let all: Vec<Operation> = all.into_iter().map(|(_, operation)| operation).collect();
        self.forget(&old(&all, self.0.clock.now())).await
    }

    /// Forgets all of a user's that do not wait or run, as if they had ended long ago. How many.
    ///
    /// # Errors
    /// The store's.
    pub async fn forget_user(&self, user: &UserId) -> Result<usize, StoreError> {
        let all = self.0.store.scan(&Key::of([user.as_str()]))?;
        let all = all.into_iter().map(|(_, operation)| operation);
        let ended: Vec<Operation> = all
            .filter(|one: &Operation| self.watch(&one.id).is_none())
            .collect();
        self.forget(&ended).await?;
        Ok(ended.len())
    }

    async fn forget<T: Borrow<Operation>>(&self, operations: &[T]) -> Result<(), StoreError> {
        for batch in operations.chunks(BATCH) {
            let commit = Commit::new();
            let commit = batch
                .iter()
                .fold(commit, |commit, one| kept::forget(commit, one.borrow()));
            self.0.store.commit(commit).await?;
        }
        Ok(())
    }

    /// Forgets the results of a plugin's operations that tell of a person of these ids. How many.
    ///
    /// # Errors
    /// The store's.
    pub async fn erase(&self, plugin: &PluginId, ids: &[String]) -> Result<usize, StoreError> {
        let mut erased = 0;
        for (key, operation) in self.0.store.scan::<Operation>(&Key::root())? {
            let result: Option<OperationResult> = match operation.order.plugin == *plugin {
                true => self.0.store.get(&key)?,
                false => None,
            };
            let Some(result) = result else { continue };
            if result.tells_of(ids) {
                let commit = Commit::new().delete::<OperationResult>(&key);
                self.0.store.commit(commit).await?;
                erased += 1;
            }
        }
        Ok(erased)
    }
}

/// Those that are to be forgotten; `all` has each user's newest first.
fn old(all: &[Operation], now: Timestamp) -> Vec<&Operation> {
    let mut counts: BTreeMap<Option<&UserId>, usize> = BTreeMap::new();
    let ended = all.iter().filter_map(|one| Some((one, one.finished_at?)));
    let old = ended.filter(|(one, at)| {
        let count = counts.entry(one.order.user.as_ref()).or_default();
        *count += 1;
        *count > KEPT_MAX || now.duration_since(*at) > KEPT
    });
    old.map(|(one, _)| one).collect()
}
