//! An operation as it runs: its last step, for any number of those who watch. Nobody who watches slowly
//! holds it up, and what is watched for nobody costs nothing.

use tokio::sync::watch;

use super::Step;
use crate::model::UserId;

/// What is known of an operation that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Counts the steps that were told.
    pub number: u64,
    /// The last one.
    pub step: Option<Step>,
}

/// One that waits or runs.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) user: Option<UserId>,
    seen: watch::Receiver<Seen>,
}

impl Live {
    /// A new one, and by which its steps are told.
    pub(super) fn new(user: Option<UserId>, step: Option<Step>) -> (Self, watch::Sender<Seen>) {
        let (sender, seen) = watch::channel(Seen { number: 0, step });
        (Self { user, seen }, sender)
    }

    pub(super) fn watch(&self) -> Watch {
        Watch(self.seen.clone())
    }
}

/// Somebody who watches.
#[derive(Debug)]
pub struct Watch(watch::Receiver<Seen>);

impl Watch {
    /// What is known now.
    pub fn seen(&self) -> Seen {
        self.0.borrow().clone()
    }

    /// What is known when it changes next; steps that came between may be left out. `None` once the
    /// operation has ended, and what came of it is kept.
    pub async fn next(&mut self) -> Option<Seen> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().clone())
    }
}
