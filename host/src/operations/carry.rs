//! An operation is carried out: it waits for its place, runs, tells its steps, and what came of it is
//! kept before anybody who watches is told that it has ended.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

use super::kept::{Arguments, OperationResult};
use super::live::{Live, Seen};
use super::{Ended, Failure, Operation, OperationState, Operations, Step};
use crate::files::Files;
use crate::runtime::Progress;
use crate::store::{Commit, StoreError};
use crate::telemetry;

/// Steps that wait to be told. Those that come faster are left out.
const STEPS_HELD: usize = 64;

/// How often a step is written down: for whoever looks after a crash.
const WRITTEN: Duration = Duration::from_secs(15);

impl Operations {
    /// Begins one that is kept, for the first time or `again`.
    pub(super) fn begin<W, F>(&self, operation: Operation, again: bool, work: W)
    where
        W: FnOnce(Sender<Progress>) -> F + Send + 'static,
        F: Future<Output = Ended> + Send + 'static,
    {
        let (live, seen) = Live::new(operation.order.user.clone(), operation.step.clone());
        self.live().insert(operation.id.clone(), live);
        let operations = self.clone();
        let how = if again { "resumed" } else { "begun" };
        telemetry::operation(&operation.order.plugin, how);
        tokio::spawn(telemetry::carried(async move {
            let id = operation.id.clone();
            if let Err(error) = operations.carry(operation, again, work, &seen).await {
                // It is as it was before: the next start goes on with it.
                tracing::error!(operation = %id, %error, "what came of an operation cannot be kept");
            }
            operations.live().remove(&id);
            drop(seen);
        }));
    }

    async fn carry<W, F>(
        &self,
        mut operation: Operation,
        again: bool,
        work: W,
        seen: &watch::Sender<Seen>,
    ) -> Result<(), StoreError>
    where
        W: FnOnce(Sender<Progress>) -> F,
        F: Future<Output = Ended> + Send + 'static,
    {
        let _place = self.0.places.take(operation.order.user.as_ref()).await;
        if again || !operation.order.repeatable {
            // From here on it may have happened.
            operation.attempts += 1;
            self.write(&operation).await?;
        }
        let (teller, steps) = mpsc::channel(STEPS_HELD);
        let running = tokio::spawn(telemetry::carried(work(teller)));
        match self.follow(&mut operation, running, steps, seen).await {
            Some(ended) => self.end(operation, ended).await,
            // The host is being stopped: the next start goes on with it.
            None => Ok(()),
        }
    }

    /// Tells the steps until the work has ended; `None` where it was broken off.
    async fn follow(
        &self,
        operation: &mut Operation,
        mut running: JoinHandle<Ended>,
        mut steps: Receiver<Progress>,
        seen: &watch::Sender<Seen>,
    ) -> Option<Ended> {
        let mut written = Instant::now();
        let mut is_told = true;
        loop {
            let progress = tokio::select! {
                ended = &mut running => return of_task(ended),
                progress = steps.recv(), if is_told => progress,
            };
            let Some(progress) = progress else {
                is_told = false;
                continue;
            };
            let step = Step::from(&progress);
            seen.send_modify(|seen| {
                seen.number += 1;
                seen.step = Some(step.clone());
            });
            operation.step = Some(step);
            if written.elapsed() > WRITTEN {
                written = Instant::now();
                // A step that is not written is told nevertheless.
                let _ = self.write(operation).await;
            }
        }
    }

    async fn write(&self, operation: &Operation) -> Result<(), StoreError> {
        let commit = Commit::new().put(&operation.key(), operation);
        self.0.store.commit(commit).await
    }

    /// Keeps what came of it; its arguments and files are not needed any more.
    pub(super) async fn end(
        &self,
        mut operation: Operation,
        ended: Ended,
    ) -> Result<(), StoreError> {
        let key = operation.key();
        let files = std::mem::take(&mut operation.files);
        operation.finished_at = Some(self.0.clock.now());
        let mut commit = Commit::new().delete::<Arguments>(&key);
        match ended {
            Ok(json) => {
                operation.state = OperationState::Done;
                commit = commit.put(&key, &OperationResult::of(&json));
            }
            Err(Failure { problem, uncertain }) => {
                operation.state = match uncertain {
                    true => OperationState::Uncertain,
                    false => OperationState::Failed,
                };
                operation.problem = Some(problem);
            }
        }
        for file in files.values() {
            commit = Files::forget(commit, operation.order.user.as_ref(), file);
        }
        let commit = commit.put(&key, &operation);
        self.0.store.commit(commit).await?;
        for file in files.values() {
            self.0.files.remove(file).await;
        }
        let (id, state) = (&operation.id, operation.state);
        telemetry::operation(&operation.order.plugin, name(state));
        tracing::info!(operation = %id, ?state, "an operation has ended");
        Ok(())
    }
}

/// A state, in a word.
fn name(state: OperationState) -> &'static str {
    match state {
        OperationState::Running => "running",
        OperationState::Done => "done",
        OperationState::Failed => "failed",
        OperationState::Uncertain => "uncertain",
    }
}

fn of_task(ended: Result<Ended, JoinError>) -> Option<Ended> {
    match ended {
        Ok(ended) => Some(ended),
        Err(error) if error.is_cancelled() => None,
        Err(_) => Some(Err(broken())),
    }
}

/// The work ended in a panic, which the log describes.
fn broken() -> Failure {
    Failure {
        problem: serde_json::json!({
            "type": "/problems/internal",
            "title": "the operation broke off; the log says why",
            "status": 500,
        }),
        uncertain: true,
    }
}
