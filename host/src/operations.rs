//! Operations: calls that take long, that nobody has to wait for, and that a crash does not lose.
//!
//! What is asked for is on disk, its files too, before anybody is told that it will be done. It runs in
//! a task of its own; its steps are in memory, for whoever watches, and are written down rarely, because
//! nobody needs them after a crash. What came of it is kept for a week. One that broke off is gone on
//! with at the next start, with the same arguments, if its function may be called twice; one that may
//! not, and had begun, ends as uncertain instead.
//!
//! What is done is not known here: whoever starts an operation, or goes on with it, gives the work along.
//!
//! The mistakes that this prevents: a product that was taken and never published; a fee that is paid
//! twice because a program was killed; a client that goes away and takes the work with it; an operation
//! that brings the host down at every start.

mod carry;
mod kept;
mod live;
mod places;
mod sweep;

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use crate::clock::Clock;
use crate::files::{Files, NotKept};
use crate::locks::NamedLocks;
use crate::model::{AccountId, FileId, OperationId, PluginId, UserId};
use crate::runtime::{Assets, Progress};
use crate::store::{Commit, RECORD_BYTES_MAX, Store, StoreError};
use kept::Arguments;
use live::Live;
use places::Places;

pub use live::{Seen, Watch};
pub use sweep::BrokenOff;

/// Operations of one user that wait or run at a time.
pub const UNFINISHED_MAX: usize = 64;

/// The largest arguments of an operation. Larger things are files.
pub const ARGUMENT_BYTES_MAX: usize = RECORD_BYTES_MAX - (64 << 10);

/// How often one is begun again after crashes: what brings the host down must not do so for ever.
const ATTEMPTS_MAX: u32 = 5;

/// An operation as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Opaque; later ones are greater.
    pub id: OperationId,
    /// What it does, and for whom.
    #[serde(flatten)]
    pub order: Order,
    /// How far it is.
    pub state: OperationState,
    /// The last step that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Why it failed: a problem of the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<serde_json::Value>,
    /// How often it was begun.
    #[serde(default)]
    pub attempts: u32,
    /// The files that came with it, by the names that its arguments have for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FileId>,
}

/// What an operation does, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Whose it is; `None` for an operator's that is for no account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// For which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Of which plugin.
    pub plugin: PluginId,
    /// As the component has it.
    pub interface: String,
    /// As the component has it.
    pub function: String,
    /// One of the plugin's sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Whether it may be called again after it broke off.
    pub repeatable: bool,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// It waits or runs, or broke off and is gone on with.
    Running,
    /// It has a result.
    Done,
    /// It has a problem.
    Failed,
    /// Nobody knows whether it was done: the problem says what to do.
    Uncertain,
}

/// A step of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// What is being done.
    pub step: String,
    /// Steps that are done.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
}

impl From<&Progress> for Step {
    fn from(progress: &Progress) -> Self {
        Self {
            step: progress.step.clone(),
            done: progress.done,
            total: progress.total,
        }
    }
}

/// How the work of an operation ended: the result as JSON, or the problem.
pub type Ended = Result<Bytes, Failure>;

/// Why an operation has no result.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// A problem of the API.
    pub problem: serde_json::Value,
    /// Whether it may have been done nevertheless.
    pub uncertain: bool,
}

/// Why an operation was not taken. Nothing of it will be done.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// Its arguments are too large to be kept.
    #[error(
        "the arguments have {0} bytes; those of an operation have at most {ARGUMENT_BYTES_MAX}"
    )]
    TooLarge(usize),
    /// They are no JSON.
    #[error("the arguments are no JSON: {0}")]
    Malformed(serde_json::Error),
    /// The user has too many that are not finished.
    #[error("{UNFINISHED_MAX} operations of this user are waiting or running")]
    TooMany,
    /// One of its files cannot be kept.
    #[error(transparent)]
    File(#[from] NotKept),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whose operations are meant: a user's, or, for operators, everybody's.
pub type Reach<'a> = Option<&'a UserId>;

/// All operations. Clones are handles of the same ones.
#[derive(Debug, Clone)]
pub struct Operations(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    store: Store,
    files: Files,
    clock: Clock,
    places: Places,
    live: Mutex<HashMap<OperationId, Live>>,
    /// Held while a user's unfinished ones are counted and one is added.
    counting: NamedLocks,
}

impl Operations {
    /// Those of a store.
    pub fn new(store: Store, files: Files, clock: Clock) -> Self {
        Self(Arc::new(Parts {
            store,
            files,
            clock,
            places: Places::default(),
            live: Mutex::default(),
            counting: NamedLocks::default(),
        }))
    }

    /// Takes an operation and begins it: when this returns, it is on disk, with the changes of
    /// `also`. The work is given the arguments' files; it is asked for once it has a place.
    ///
    /// # Errors
    /// See [`NotStarted`].
    pub async fn start<W, F>(
        &self,
        order: Order,
        (arguments, assets): (&[u8], &Assets),
        also: impl FnOnce(Commit, &OperationId) -> Commit,
        work: W,
    ) -> Result<Operation, NotStarted>
    where
        W: FnOnce(Sender<Progress>) -> F + Send + 'static,
        F: Future<Output = Ended> + Send + 'static,
    {
        let text = Arguments::of(arguments)?;
        let owner = order.user.as_ref().map_or("", UserId::as_str).to_owned();
        let _counting = self.0.counting.hold(&owner).await;
        if self.unfinished_of(order.user.as_ref()) >= UNFINISHED_MAX {
            return Err(NotStarted::TooMany);
        }
        let now = self.0.clock.now();
        let mut operation = Operation {
            id: OperationId::random(now),
            state: OperationState::Running,
            step: None,
            created_at: now,
            finished_at: None,
            problem: None,
            // One that may not be called twice has not begun before it has its place.
            attempts: u32::from(order.repeatable),
            files: BTreeMap::new(),
            order,
        };
        let commit = self.keep_files(&mut operation, assets).await?;
        let commit = also(kept::begin(commit, &operation, &text), &operation.id);
        if let Err(error) = self.0.store.commit(commit).await {
            self.remove_files(&operation).await;
            return Err(error.into());
        }
        self.begin(operation.clone(), false, work);
        Ok(operation)
    }

    /// Goes on with one that broke off, of those of [`Operations::broken_off`].
    pub fn go_on<W, F>(&self, operation: Operation, work: W)
    where
        W: FnOnce(Sender<Progress>) -> F + Send + 'static,
        F: Future<Output = Ended> + Send + 'static,
    {
        self.begin(operation, true, work);
    }

    /// An operation with what is known of it now. `None` where there is none that may be seen.
    ///
    /// # Errors
    /// The store's.
    pub fn get(&self, reach: Reach<'_>, id: &OperationId) -> Result<Option<Operation>, StoreError> {
        let watch = self.watch(id);
        let mut found = self.kept(reach, id)?;
        if let (Some(operation), Some(watch)) = (&mut found, watch)
            && operation.state == OperationState::Running
        {
            operation.step = watch.seen().step.or(operation.step.take());
        }
        Ok(found)
    }

    /// How an operation goes, for as long as it runs in this process.
    pub fn watch(&self, id: &OperationId) -> Option<Watch> {
        self.live().get(id).map(Live::watch)
    }

    /// An operation once it has ended, or as it is after so long.
    ///
    /// # Errors
    /// The store's.
    pub async fn wait(
        &self,
        reach: Reach<'_>,
        id: &OperationId,
        at_most: Duration,
    ) -> Result<Option<Operation>, StoreError> {
        if let Some(mut watch) = self.watch(id) {
            let ended = async { while watch.next().await.is_some() {} };
            let _ = tokio::time::timeout(at_most, ended).await;
        }
        self.get(reach, id)
    }

    /// How many wait or run in this process.
    pub fn unfinished(&self) -> usize {
        self.live().len()
    }

    /// Returns when none waits or runs any more.
    pub async fn idle(&self) {
        loop {
            let watch = self.live().values().next().map(Live::watch);
            let Some(mut watch) = watch else { return };
            while watch.next().await.is_some() {}
        }
    }

    /// How many of one user's (`None`: of operators') wait or run in this process.
    pub fn unfinished_of(&self, user: Option<&UserId>) -> usize {
        let live = self.live();
        live.values()
            .filter(|live| live.user.as_ref() == user)
            .count()
    }

    fn live(&self) -> std::sync::MutexGuard<'_, HashMap<OperationId, Live>> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts its files on disk: they are read from there, now and after a crash alike.
    async fn keep_files(
        &self,
        operation: &mut Operation,
        assets: &Assets,
    ) -> Result<Commit, NotStarted> {
        let mut commit = Commit::new();
        for (key, name, file) in assets.files() {
            let file = file.try_clone().map_err(NotKept::from)?;
            let (user, id) = (operation.order.user.clone(), operation.id.clone());
            match self
                .0
                .files
                .write(user.as_ref(), name, Some(id), file)
                .await
            {
                Ok(kept) => {
                    commit = Files::put(commit, &kept);
                    operation.files.insert(key.to_owned(), kept.id);
                }
                Err(error) => {
                    self.remove_files(operation).await;
                    return Err(NotKept::from(error).into());
                }
            }
        }
        Ok(commit)
    }

    async fn remove_files(&self, operation: &Operation) {
        for file in operation.files.values() {
            self.0.files.remove(file).await;
        }
    }
}
