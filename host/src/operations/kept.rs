//! An operation in the store: what it is, under its user and the newest first; to whom it belongs, by
//! its id; its arguments until it ends; its result from then on. The large ones are records of their
//! own, so that a list reads none of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{ARGUMENT_BYTES_MAX, NotStarted, Operation, Operations, Reach};
use crate::model::{OperationId, UserId, tells_of};
use crate::store::{Commit, Key, Record, StoreError};

impl Record for Operation {
    const KIND: &'static str = "operation";
}

/// Whose an operation is.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OperationOwner {
    user: Option<UserId>,
}

impl Record for OperationOwner {
    const KIND: &'static str = "operation_owner";
}

/// With what an operation was asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Arguments {
    arguments: Box<RawValue>,
}

impl Record for Arguments {
    const KIND: &'static str = "operation_arguments";
}

/// What came of an operation.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OperationResult {
    /// `None` where it is not kept: it was too large, or somebody had to be forgotten.
    result: Option<Box<RawValue>>,
}

impl Record for OperationResult {
    const KIND: &'static str = "operation_result";
}

impl Arguments {
    pub(super) fn of(json: &[u8]) -> Result<Self, NotStarted> {
        if json.len() > ARGUMENT_BYTES_MAX {
            return Err(NotStarted::TooLarge(json.len()));
        }
        let arguments = serde_json::from_slice(json).map_err(NotStarted::Malformed)?;
        Ok(Self { arguments })
    }
}

impl OperationResult {
    pub(super) fn of(json: &[u8]) -> Self {
        let fits = json.len() <= ARGUMENT_BYTES_MAX;
        let result = fits.then(|| serde_json::from_slice(json).ok()).flatten();
        Self { result }
    }

    pub(super) fn tells_of(&self, ids: &[String]) -> bool {
        let result = self.result.as_ref();
        let result = result.and_then(|result| serde_json::from_str(result.get()).ok());
        result.is_some_and(|result: Value| tells_of(&result, ids))
    }
}

/// Adds what is kept of a new operation.
pub(super) fn begin(commit: Commit, operation: &Operation, arguments: &Arguments) -> Commit {
    let owner = OperationOwner {
        user: operation.order.user.clone(),
    };
    let key = operation.key();
    commit
        .put(&key, operation)
        .put(&key, arguments)
        .put(&owner_key(&operation.id), &owner)
}

/// Takes away all that is kept of an operation.
pub(super) fn forget(commit: Commit, operation: &Operation) -> Commit {
    let key = operation.key();
    commit
        .delete::<Operation>(&key)
        .delete::<Arguments>(&key)
        .delete::<OperationResult>(&key)
        .delete::<OperationOwner>(&owner_key(&operation.id))
}

impl Operation {
    pub(super) fn key(&self) -> Key {
        key(self.order.user.as_ref(), &self.id)
    }
}

impl Operations {
    /// An operation as it is in the store.
    pub(super) fn kept(
        &self,
        reach: Reach<'_>,
        id: &OperationId,
    ) -> Result<Option<Operation>, StoreError> {
        let store = &self.0.store;
        if let Some(user) = reach {
            return store.get(&key(Some(user), id));
        }
        let owner: Option<OperationOwner> = store.get(&owner_key(id))?;
        let Some(owner) = owner else { return Ok(None) };
        store.get(&key(owner.user.as_ref(), id))
    }

    /// The arguments of one that has not ended.
    ///
    /// # Errors
    /// The store's.
    pub fn arguments(&self, operation: &Operation) -> Result<Option<String>, StoreError> {
        let kept: Option<Arguments> = self.0.store.get(&operation.key())?;
        Ok(kept.map(|kept| kept.arguments.get().to_owned()))
    }

    /// The result of one that is done, as JSON. `None` where it is not kept: it was too large, or
    /// somebody of whom it told had to be forgotten.
    ///
    /// # Errors
    /// The store's.
    pub fn result(&self, operation: &Operation) -> Result<Option<Box<RawValue>>, StoreError> {
        let kept: Option<OperationResult> = self.0.store.get(&operation.key())?;
        Ok(kept.and_then(|kept| kept.result))
    }

    /// At most `limit` operations, of a user the newest first, behind the one that is given; of all
    /// users, user by user.
    ///
    /// # Errors
    /// The store's.
    pub fn page(
        &self,
        reach: Reach<'_>,
        after: Option<&OperationId>,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        let store = &self.0.store;
        let prefix = reach.map_or_else(Key::root, |user| Key::of([user.as_str()]));
        let after = match (after, reach) {
            (None, _) => None,
            (Some(id), Some(user)) => Some(key(Some(user), id)),
            (Some(id), None) => {
                let owner: Option<OperationOwner> = store.get(&owner_key(id))?;
                let Some(owner) = owner else {
                    return Ok(Vec::new());
                };
                Some(key(owner.user.as_ref(), id))
            }
        };
        let page = store.scan_page(&prefix, after.as_ref(), limit)?;
        Ok(page.into_iter().map(|(_, operation)| operation).collect())
    }
}

fn key(user: Option<&UserId>, id: &OperationId) -> Key {
    Key::of([user.map_or("", UserId::as_str), &id.newest_first()])
}

fn owner_key(id: &OperationId) -> Key {
    Key::of([id.as_str()])
}
