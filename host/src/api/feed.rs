//! `/api/events`: what has happened, behind a cursor; as a page, or as a stream that goes on.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::response::sse::{Event as Told, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use http::{HeaderMap, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::caller::Caller;
use super::extract::Query;
use super::invocation::wants_events;
use super::listed::{Listed, no_cursor};
use super::prefer::last_event_id;
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::events::{Cursor, Event, EventKind, Gone, Wanted};
use crate::host::Host;
use crate::model::{AccountId, UserId};

/// How many are read at a time where nothing is said.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// A comment, so that nobody between takes a quiet stream for a dead one.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a stream lasts: whoever comes again shows his key again, and has missed nothing.
const STREAM: Duration = Duration::from_mins(5);

/// What has happened.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/api/events",
            Permission::read("events"),
            ("Events", "Tells what has happened, from a cursor on"),
            read,
        )
        .query::<EventsQuery>()
        .replies::<Listed<Happened>>(200, "Events, and the cursor behind them")
        .fails(&[ProblemKind::BadRequest, ProblemKind::CursorExpired]),
    ]
}

/// Something that has happened.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Happened {
    /// From the fact: the same fact has the same id for ever.
    id: String,
    /// `account.connected`, `account.needs_consent`, `account.disconnected`, `poll.wanted`; there will
    /// be more.
    #[serde(rename = "type")]
    #[schemars(with = "String")]
    kind: EventKind,
    /// When.
    at: String,
    /// Whose.
    #[schemars(with = "String")]
    user: UserId,
    /// To which account.
    #[schemars(with = "String")]
    account: AccountId,
    /// On which marketplace.
    plugin: String,
    /// More of it, by the type.
    data: Value,
    /// Behind this event: with it as `after` the reading goes on.
    cursor: String,
}

impl Happened {
    fn of((cursor, event): (Cursor, Event)) -> Self {
        Self {
            id: event.id,
            kind: event.kind,
            at: event.at.to_string(),
            user: event.user,
            account: event.account,
            plugin: event.plugin.to_string(),
            data: event.data,
            cursor: cursor.to_string(),
        }
    }
}

/// Which events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// The cursor behind the last event that was read. A page without one begins with the oldest
    /// event that is kept, a stream with the next that happens.
    after: Option<String>,
    /// How many at most: 1 to 1000.
    limit: Option<usize>,
    /// Of one type.
    #[serde(rename = "type")]
    #[schemars(with = "Option<String>")]
    kind: Option<EventKind>,
    /// Of one account, by its id.
    #[schemars(with = "Option<String>")]
    account: Option<AccountId>,
    /// Whose; for operators.
    #[schemars(with = "Option<String>")]
    user: Option<UserId>,
}

pub(super) async fn read(
    caller: Caller,
    State(host): State<Arc<Host>>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted {
        user: caller.whose(query.user)?,
        kind: query.kind,
        account: query.account,
    };
    let streams = wants_events(&headers);
    // A client that comes again says there what it has seen; its address is that of the beginning.
    let last = last_event_id(&headers)
        .filter(|_| streams)
        .map(str::to_owned);
    let after = match last.or(query.after) {
        Some(text) => Some(text.parse().map_err(|_| no_cursor(&text))?),
        None => None,
    };
    if streams {
        let after = after.unwrap_or_else(|| host.events.now());
        // Told now, where it can still be told by a status.
        host.events.page(&wanted, Some(after), 1)?;
        return Ok(stream(host, wanted, after).into_response());
    }
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let page = host.events.page(&wanted, after, limit)?;
    let cursor = page.cursor.to_string();
    let items: Vec<Happened> = page.events.into_iter().map(Happened::of).collect();
    let next = Some(cursor);
    if page.is_more {
        return Ok(Listed { items, next }.answer(&uri, "after"));
    }
    // What comes next is behind the cursor; there is no next page yet.
    Ok(Json(Listed { items, next }).into_response())
}

fn stream(
    host: Arc<Host>,
    wanted: Wanted,
    after: Cursor,
) -> Sse<impl Stream<Item = Result<Told, Infallible>> + use<>> {
    let reading = host.events.read(wanted, after);
    let end = Instant::now() + STREAM;
    let events = stream::unfold((host, reading), move |(host, mut reading)| async move {
        let next = tokio::select! {
            next = reading.next() => next.ok()?,
            () = host.stopping.begun() => return None,
            () = tokio::time::sleep_until(end) => return None,
        };
        let happened = Happened::of(next);
        let told = Told::default()
            .id(&happened.cursor)
            .data(serde_json::to_string(&happened).unwrap_or_default());
        Some((Ok(told), (host, reading)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))
}

impl From<Gone> for Problem {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Store(error) => error.into(),
            Gone::Never => Self::new(ProblemKind::BadRequest, gone)
                .remedy("leave the cursor out, and read what there is"),
            Gone::Swept => Self::new(ProblemKind::CursorExpired, gone).remedy(
                "read the state itself anew; leave the cursor out to begin with the oldest event",
            ),
        }
    }
}
