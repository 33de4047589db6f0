//! A call that becomes an operation: taken, kept, and answered with where to look, or with its result
//! for those who wait; and gone on with after the host was stopped.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use super::caller::Caller;
use super::idempotency::{Once, uncertain};
use super::invocation::{Invocation, json};
use super::operations::{OperationReport, steps_of};
use super::prefer::Preference;
use super::problem::{Problem, ProblemKind};
use crate::contract::{Facts, TimeLimit};
use crate::host::Host;
use crate::model::{CallId, OperationId, UserId};
use crate::operations::{Ended, Failure, NotStarted, Operation, OperationState, Order};
use crate::runtime::{Assets, CallError};

/// How long somebody waits who has not said how long: longer than any operation takes.
const TO_THE_END: Duration = Duration::from_mins(20);

/// How a call that may take long is answered where nothing is wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usually {
    /// With where to look.
    AtOnce,
    /// With its result, and what is done is done for whoever waits: it is no operation.
    WithItsResult,
}

impl Invocation {
    /// Makes the call and answers as is wished: with its result, with its steps, or, where it takes
    /// long, with the operation that it has become.
    ///
    /// # Errors
    /// As [`Invocation::run`], and where the operation cannot be kept.
    pub(super) async fn answer(
        self,
        host: Arc<Host>,
        (wished, usually): (Preference, Usually),
        once: Option<Once>,
    ) -> Result<Response, Problem> {
        let facts = self.facts(&host)?;
        // A repeat has to find it again.
        let is_wished = wished.at_once || wished.wait.is_some() || once.is_some();
        let takes_long = facts.time_limit == TimeLimit::Operation;
        if takes_long && (usually == Usually::AtOnce || is_wished) {
            let operation = self.begin(&host, once).await?;
            return answer(&host, operation, wished, usually).await;
        }
        if once.is_some_and(|once| once.broke_off) && !facts.repeatable {
            return Err(uncertain());
        }
        if wished.events {
            return Ok(self.stream(host).into_response());
        }
        Ok(json(self.run(&host).await?))
    }

    fn facts(&self, host: &Host) -> Result<Facts, Problem> {
        let active = host.plugins.active(&self.plugin)?;
        let callee = active
            .linked
            .schema()
            .function(&self.interface, &self.function)?;
        Ok(*callee.facts())
    }

    /// Takes the operation: arguments that do not fit are refused now and not later.
    async fn begin(self, host: &Arc<Host>, once: Option<Once>) -> Result<Operation, Problem> {
        let active = host.plugins.active(&self.plugin)?;
        let callee = active
            .linked
            .schema()
            .function(&self.interface, &self.function)?;
        callee.lower(&self.arguments).map_err(CallError::from)?;
        let account = self.account.as_ref();
        let order = Order {
            user: account
                .map(|account| account.user.clone())
                .or_else(|| self.caller.user().cloned()),
            account: account.map(|account| account.id.clone()),
            plugin: self.plugin.clone(),
            interface: self.interface.clone(),
            function: self.function.clone(),
            site: self.site.clone(),
            repeatable: callee.facts().repeatable,
        };
        let (arguments, assets) = (self.arguments.clone(), self.assets.clone());
        let also = move |commit, id: &OperationId| match &once {
            Some(once) => once.attempt.bind(commit, id),
            None => commit,
        };
        let working = Arc::clone(host);
        let work =
            move |progress| async move { ended(self.run_telling(&working, Some(progress)).await) };
        let taken = host
            .operations
            .start(order, (&arguments, &assets), also, work);
        Ok(taken.await?)
    }

    /// The call that an operation was, after the host was stopped.
    fn again(host: &Host, operation: &Operation) -> Result<Self, Problem> {
        let order = &operation.order;
        let account = match &order.account {
            None => None,
            Some(id) => Some(host.accounts.get(id)?.ok_or_else(|| {
                Problem::new(
                    ProblemKind::UnknownAccount,
                    format_args!(
                        "the account {id} was disconnected before the operation was finished"
                    ),
                )
            })?),
        };
        let arguments = host
            .operations
            .arguments(operation)?
            .ok_or_else(|| lost("its arguments"))?;
        Ok(Self {
            call: CallId::random(),
            plugin: order.plugin.clone(),
            interface: order.interface.clone(),
            function: order.function.clone(),
            arguments: Bytes::from(arguments),
            assets: files(host, operation)?,
            account,
            site: order.site.clone(),
            caller: Caller::Operator,
        })
    }
}

/// The files of an operation, as they are kept.
fn files(host: &Host, operation: &Operation) -> Result<Assets, Problem> {
    let user = operation.order.user.as_ref();
    let mut assets = Assets::default();
    for (key, file) in &operation.files {
        let kept = host
            .files
            .get(user, file)?
            .ok_or_else(|| lost("one of its files"))?;
        let added = host
            .files
            .read(file)
            .and_then(|content| assets.add_as(key.clone(), &kept.name, content));
        added.map_err(|error| {
            Problem::new(
                ProblemKind::Internal,
                format_args!("a file of the operation cannot be read: {error}"),
            )
        })?;
    }
    Ok(assets)
}

fn lost(what: &str) -> Problem {
    Problem::new(
        ProblemKind::Internal,
        format_args!("the operation cannot be gone on with: {what} is not kept"),
    )
}

/// Goes on with the operations that a stop of the host has broken off. Those that may not be done twice
/// end as uncertain.
///
/// # Errors
/// The store's.
pub(super) async fn resume(host: &Arc<Host>) -> Result<(), Problem> {
    let broken = host.operations.broken_off()?;
    for operation in broken.uncertain {
        let problem = left_open(&operation, "the host was stopped while it was being done");
        host.operations
            .give_up(operation, ended(Err(problem)))
            .await?;
    }
    for operation in broken.hopeless {
        let problem = left_open(
            &operation,
            "the host was stopped each time that it was begun",
        );
        host.operations
            .give_up(operation, ended(Err(problem)))
            .await?;
    }
    for operation in broken.again {
        match Invocation::again(host, &operation) {
            Ok(invocation) => {
                tracing::info!(operation = %operation.id, "an operation that broke off is gone on with");
                let working = Arc::clone(host);
                host.operations
                    .go_on(operation, move |progress| async move {
                        ended(invocation.run_telling(&working, Some(progress)).await)
                    });
            }
            Err(problem) => {
                host.operations
                    .give_up(operation, ended(Err(problem)))
                    .await?
            }
        }
    }
    Ok(())
}

fn left_open(operation: &Operation, why: &str) -> Problem {
    let order = &operation.order;
    Problem::new(
        ProblemKind::Uncertain,
        format_args!(
            "{}.{} may or may not have been done: {why}",
            order.interface, order.function
        ),
    )
    .remedy("look at the marketplace whether it was done; ask for it again if it was not")
}

fn ended(done: Result<Vec<u8>, Problem>) -> Ended {
    done.map(Bytes::from).map_err(|problem| Failure {
        uncertain: problem.kind() == ProblemKind::Uncertain,
        problem: serde_json::to_value(&problem).unwrap_or(Value::Null),
    })
}

/// How somebody is answered who has asked for an operation.
pub(super) async fn answer(
    host: &Arc<Host>,
    operation: Operation,
    wished: Preference,
    usually: Usually,
) -> Result<Response, Problem> {
    if wished.events {
        return Ok(steps_of(host, &operation, None).into_response());
    }
    let wait = match (wished.wait, usually) {
        (Some(wait), _) => Some(wait),
        (None, Usually::WithItsResult) if !wished.at_once => Some(TO_THE_END),
        (None, _) => None,
    };
    let (operation, is_waited_for) = match wait {
        None => (operation, false),
        Some(wait) => {
            // It has been taken under this owner; nobody else's is looked for.
            let user: Option<&UserId> = operation.order.user.as_ref();
            let found = host.operations.wait(user, &operation.id, wait).await?;
            (found.unwrap_or(operation), true)
        }
    };
    // Whoever does not wait is always answered alike, also by a repeat after its end.
    let mut response = if is_waited_for && operation.state != OperationState::Running {
        outcome(host, &operation)?
    } else {
        let report = OperationReport::of(host, &operation)?;
        (StatusCode::ACCEPTED, Json(report)).into_response()
    };
    let place = HeaderValue::from_str(&format!("/api/operations/{}", operation.id));
    if let Ok(place) = place {
        let name = match response.status() {
            StatusCode::ACCEPTED => header::LOCATION,
            _ => header::CONTENT_LOCATION,
        };
        response.headers_mut().insert(name, place);
    }
    if let Some(applied) = wished.applied() {
        response.headers_mut().insert("preference-applied", applied);
    }
    Ok(response)
}

/// The result of an operation that has ended, or its problem, as the call itself would have answered.
fn outcome(host: &Host, operation: &Operation) -> Result<Response, Problem> {
    if let Some(problem) = &operation.problem {
        let read: Option<Problem> = serde_json::from_value(problem.clone()).ok();
        let problem = read.unwrap_or_else(|| lost("its problem"));
        return Ok(problem.into_response());
    }
    let result = host.operations.result(operation)?;
    let result = result.ok_or_else(|| {
        Problem::new(
            ProblemKind::Conflict,
            "the operation was done; what it returned is not kept",
        )
    })?;
    Ok(json(result.get().as_bytes().to_vec()))
}

impl From<NotStarted> for Problem {
    fn from(error: NotStarted) -> Self {
        let kind = match &error {
            NotStarted::TooLarge(_) | NotStarted::Malformed(_) => ProblemKind::BadRequest,
            NotStarted::TooMany => ProblemKind::RateLimited,
            NotStarted::File(_) | NotStarted::Store(_) => ProblemKind::Internal,
        };
        let problem = Self::new(kind, &error);
        match &error {
            NotStarted::TooLarge(_) => {
                problem.remedy("send pictures as files, not in the arguments")
            }
            NotStarted::TooMany => {
                problem.remedy("wait until some have ended: GET /api/operations?state=running")
            }
            _ => problem,
        }
    }
}
