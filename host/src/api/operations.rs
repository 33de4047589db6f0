//! `/api/operations`: what was asked for and takes long, how far it is, and what came of it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::caller::Caller;
use super::extract::{Path, Query};
use super::listed::{Listed, no_cursor};
use super::prefer::last_event_id;
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::host::Host;
use crate::model::{AccountId, OperationId, UserId};
use crate::operations::{Operation, OperationState, Step, Watch};

/// How many are listed at a time where nothing is said.
const LIMIT: usize = 50;
const LIMIT_MAX: usize = 200;

/// How many are looked at for one page of those that fit.
const LOOKED_AT_MAX: usize = 5_000;

/// A comment, so that nobody between takes a quiet stream for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The id of the last event of a stream.
const END: &str = "end";

/// What takes long. Whoever may begin something is told what came of it, so that one operation of his
/// user's takes no scope of its own; to list all of them does.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Operations";
    vec![
        Route::new(
            Method::GET,
            "/api/operations",
            Permission::read("operations"),
            (TAG, "Lists operations, the newest first"),
            list,
        )
        .query::<ListQuery>()
        .replies::<Listed<OperationReport>>(200, "Operations without their results")
        .fails(&[ProblemKind::BadRequest]),
        Route::new(
            Method::GET,
            "/api/operations/{operation}",
            Permission::Caller,
            (TAG, "Says how far an operation is, and what came of it"),
            show,
        )
        .replies::<OperationReport>(200, "The operation")
        .fails(&[ProblemKind::UnknownOperation]),
        Route::new(
            Method::GET,
            "/api/operations/{operation}/events",
            Permission::Caller,
            (
                TAG,
                "Tells an operation's steps as they happen, then its result or problem",
            ),
            events,
        )
        .replies_with(
            200,
            "The events progress, then result or problem",
            "text/event-stream",
        )
        .replies_empty(
            204,
            "Everything has been told: Last-Event-ID was that of the end",
        )
        .fails(&[ProblemKind::UnknownOperation]),
    ]
}

/// An operation, as it is told.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OperationReport {
    /// Its id.
    #[schemars(with = "String")]
    id: OperationId,
    /// `running`, `done`, `failed` or `uncertain`.
    #[schemars(with = "String")]
    state: OperationState,
    /// Of which plugin.
    plugin: String,
    /// `publish.create`.
    function: String,
    /// Whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    user: Option<UserId>,
    /// For which account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    account: Option<AccountId>,
    /// The last step that was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Step>,
    /// When it was asked for.
    #[schemars(with = "String")]
    created_at: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    finished_at: Option<Timestamp>,
    /// What the function returned. Not in lists, nor where it is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    result: Option<Box<RawValue>>,
    /// Why it failed, or what to do where nobody knows whether it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Value>,
}

impl OperationReport {
    /// With the result.
    pub(super) fn of(host: &Host, operation: &Operation) -> Result<Self, Problem> {
        let result = match operation.state {
            OperationState::Done => host.operations.result(operation)?,
            _ => None,
        };
        Ok(Self {
            result,
            ..Self::without_result(operation)
        })
    }

    fn without_result(operation: &Operation) -> Self {
        let order = &operation.order;
        Self {
            id: operation.id.clone(),
            state: operation.state,
            plugin: order.plugin.to_string(),
            function: format!("{}.{}", order.interface, order.function),
            user: order.user.clone(),
            account: order.account.clone(),
            step: operation.step.clone(),
            created_at: operation.created_at,
            finished_at: operation.finished_at,
            result: None,
            problem: operation.problem.clone(),
        }
    }
}

/// Which operations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Whose; for operators.
    #[schemars(with = "Option<String>")]
    user: Option<UserId>,
    /// `running`, `done`, `failed` or `uncertain`.
    #[schemars(with = "Option<String>")]
    state: Option<OperationState>,
    /// Of one account, by its id.
    #[schemars(with = "Option<String>")]
    account: Option<AccountId>,
    /// How many at most: 1 to 200.
    limit: Option<usize>,
    /// Where the next page begins, as the page before says.
    cursor: Option<String>,
}

pub(super) async fn list(
    caller: Caller,
    State(host): State<Arc<Host>>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let user = caller.whose(query.user.clone())?;
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let mut after: Option<OperationId> = match &query.cursor {
        Some(cursor) => Some(cursor.parse().map_err(|_| no_cursor(cursor))?),
        None => None,
    };
    let (mut found, mut looked_at, mut is_more) = (Vec::new(), 0, true);
    while is_more && found.len() < limit && looked_at < LOOKED_AT_MAX {
        let page = host.operations.page(user.as_ref(), after.as_ref(), limit)?;
        is_more = page.len() == limit;
        looked_at += page.len();
        for operation in page {
            if found.len() == limit {
                is_more = true;
                break;
            }
            after = Some(operation.id.clone());
            if query.fits(&operation) {
                found.push(OperationReport::without_result(&operation));
            }
        }
    }
    let next = after.filter(|_| is_more).map(|id| id.to_string());
    Ok(Listed { items: found, next }.answer(&uri, "cursor"))
}

impl ListQuery {
    fn fits(&self, operation: &Operation) -> bool {
        let account = operation.order.account.as_ref();
        self.state.is_none_or(|state| state == operation.state)
            && self
                .account
                .as_ref()
                .is_none_or(|wanted| account == Some(wanted))
    }
}

pub(super) async fn show(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<Json<OperationReport>, Problem> {
    let operation = found(&host, &caller, &id)?;
    Ok(Json(OperationReport::of(&host, &operation)?))
}

pub(super) async fn events(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let operation = found(&host, &caller, &id)?;
    let last = last_event_id(&headers);
    if last == Some(END) {
        // A browser then asks no more (HTML Living Standard §9.2.3).
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(steps_of(&host, &operation, last).into_response())
}

/// The operation of that id, if the caller may see it. What is another user's is unknown.
fn found(host: &Host, caller: &Caller, id: &str) -> Result<Operation, Problem> {
    let unknown = || {
        let title = format_args!("there is no operation {id}").to_string();
        Problem::new(ProblemKind::UnknownOperation, title)
            .remedy("those that have ended are kept for seven days: GET /api/operations")
    };
    let id: OperationId = id.parse().map_err(|_| unknown())?;
    let found = host.operations.get(caller.user(), &id)?;
    found.ok_or_else(unknown)
}

/// The steps of an operation from now on, then its end. Whoever has seen the last step, by its number,
/// is not told it again.
pub(super) fn steps_of(
    host: &Arc<Host>,
    operation: &Operation,
    last_seen: Option<&str>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let watch = host.operations.watch(&operation.id);
    let now = watch.as_ref().map(Watch::seen);
    let first = now.filter(|seen| last_seen != Some(seen.number.to_string().as_str()));
    let first = first.and_then(|seen| Some(progress(seen.number, &seen.step?)));
    let following = Following {
        host: Arc::clone(host),
        user: operation.order.user.clone(),
        id: operation.id.clone(),
        watch,
        is_told: false,
    };
    let rest = stream::unfold(following, |mut following| async move {
        Some((following.next().await?, following))
    });
    let events = stream::StreamExt::chain(stream::iter(first), rest);
    let events = stream::StreamExt::map(events, Ok);
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))
}

struct Following {
    host: Arc<Host>,
    user: Option<UserId>,
    id: OperationId,
    watch: Option<Watch>,
    /// Whether the end has been told.
    is_told: bool,
}

impl Following {
    async fn next(&mut self) -> Option<Event> {
        if self.is_told {
            return None;
        }
        while let Some(watch) = &mut self.watch {
            match watch.next().await {
                Some(seen) => {
                    if let Some(step) = &seen.step {
                        return Some(progress(seen.number, step));
                    }
                }
                None => self.watch = None,
            }
        }
        self.is_told = true;
        self.end()
    }

    /// `None` where it has not ended: the host is being stopped, and goes on with it later.
    fn end(&self) -> Option<Event> {
        let operations = &self.host.operations;
        let operation = operations.get(self.user.as_ref(), &self.id).ok()??;
        let (name, data) = match (operation.state, &operation.problem) {
            (OperationState::Running, _) => return None,
            (_, Some(problem)) => ("problem", problem.to_string()),
            (_, None) => {
                let result = operations.result(&operation).ok()?;
                let result = result.map_or("null".to_owned(), |json| json.get().to_owned());
                ("result", result)
            }
        };
        Some(Event::default().id(END).event(name).data(data))
    }
}

fn progress(number: u64, step: &Step) -> Event {
    Event::default()
        .id(number.to_string())
        .event("progress")
        .data(serde_json::to_string(step).unwrap_or_default())
}
