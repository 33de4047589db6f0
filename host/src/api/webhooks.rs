//! `/api/{plugin}/webhooks`: what marketplaces push, and their challenges. Anybody can reach it; what is
//! not genuine is told so and no more. Operators see what was taken, and what came of it.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::extract::{Octets, Path, Query};
use super::listed::{Listed, no_cursor};
use super::plugins::plugin_id;
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::host::Host;
use crate::model::Notice;
use crate::webhooks::{Answer, KeptNotice, KeptPush, NotReceived, Push};

pub(super) use crate::webhooks::PUSH_BYTES_MAX;

/// How many are listed at a time where nothing is said.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// What marketplaces push.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Webhooks";
    const PATH: &str = "/api/{plugin}/webhooks";
    let anybody = || Permission::Anybody;
    vec![
        Route::new(
            Method::POST,
            PATH,
            anybody(),
            (TAG, "Takes what the marketplace pushes"),
            receive,
        )
        .body_of("*/*")
        .replies_with(200, "As the plugin answers the marketplace.", "*/*")
        .body_bytes_max(PUSH_BYTES_MAX)
        .fails(NOT_RECEIVED),
        Route::new(
            Method::GET,
            PATH,
            anybody(),
            (
                TAG,
                "Answers the marketplace's challenge, as the plugin does",
            ),
            receive,
        )
        .replies_with(200, "As the plugin answers the marketplace.", "*/*")
        .fails(NOT_RECEIVED),
        Route::new(
            Method::GET,
            "/api/{plugin}/webhooks/received",
            Permission::Operator,
            (
                TAG,
                "Lists the pushes that were taken, and what came of them",
            ),
            received,
        )
        .query::<ReceivedQuery>()
        .replies::<Listed<PushReport>>(200, "Pushes, the latest first")
        .fails(&[ProblemKind::BadRequest, ProblemKind::UnknownPlugin]),
    ]
}

/// How a push is not received.
const NOT_RECEIVED: &[ProblemKind] = &[
    ProblemKind::BadRequest,
    ProblemKind::Unauthenticated,
    ProblemKind::UnknownPlugin,
    ProblemKind::UnknownFunction,
    ProblemKind::NotGranted,
    ProblemKind::InvalidPlugin,
    ProblemKind::Unavailable,
];

pub(super) async fn receive(
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    Octets(body): Octets,
) -> Result<Response, Problem> {
    let plugin = plugin_id(&host, &plugin)?;
    let url = url(&headers, &uri);
    let push = Push {
        method: method.as_str(),
        url: &url,
        headers: &headers,
        body: &body,
    };
    let received = host.webhooks.receive(&host.plugins, &plugin, push).await?;
    Ok(received.answer.into_response())
}

/// Which pushes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceivedQuery {
    /// How many at most: 1 to 1000.
    limit: Option<usize>,
    /// Where the next page begins, as the page before says.
    cursor: Option<String>,
}

/// A push that was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PushReport {
    /// What its sender calls it, or a digest of it.
    id: String,
    /// When it came.
    received_at: String,
    /// What follows from it.
    notices: Vec<NoticeReport>,
}

/// One thing that follows from a push.
#[derive(Debug, Serialize, JsonSchema)]
struct NoticeReport {
    /// `poll`, `revoked` or `erase`.
    asks: &'static str,
    /// The job to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    /// What came of it: `told`, `asked`, `erased`, `nobody`, `given_up`; none while it is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Value>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<String>,
    /// How often it was tried.
    attempts: u32,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try_at: Option<String>,
}

impl From<KeptPush> for PushReport {
    fn from(push: KeptPush) -> Self {
        Self {
            id: push.id,
            received_at: push.received_at.to_string(),
            notices: push.notices.into_iter().map(NoticeReport::from).collect(),
        }
    }
}

impl From<KeptNotice> for NoticeReport {
    /// Whom it is about is nobody's business here.
    fn from(kept: KeptNotice) -> Self {
        let (asks, job) = match kept.notice {
            Notice::Poll(poll) => ("poll", Some(poll.job)),
            Notice::Revoked(_) => ("revoked", None),
            Notice::Erase(_) => ("erase", None),
        };
        let outcome = kept
            .outcome
            .map(|outcome| serde_json::to_value(outcome).unwrap_or_default());
        Self {
            asks,
            job,
            outcome,
            done_at: kept.done_at.map(|at| at.to_string()),
            attempts: kept.attempts,
            next_try_at: kept.next_try_at.map(|at| at.to_string()),
        }
    }
}

pub(super) async fn received(
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<ReceivedQuery>,
) -> Result<Response, Problem> {
    let plugin = plugin_id(&host, &plugin)?;
    let pushes = host.webhooks.received(&plugin)?;
    let begin = match &query.cursor {
        None => 0,
        Some(cursor) => {
            let place = pushes.iter().position(|push| push.id == *cursor);
            place.ok_or_else(|| no_cursor(cursor))? + 1
        }
    };
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let is_more = pushes.len() > begin + limit;
    let page: Vec<KeptPush> = pushes.into_iter().skip(begin).take(limit).collect();
    let next = page.last().filter(|_| is_more).map(|push| push.id.clone());
    let items: Vec<PushReport> = page.into_iter().map(PushReport::from).collect();
    Ok(Listed { items, next }.answer(&uri, "cursor"))
}

/// The address as the marketplace knows it: that of the proxy in front, which takes https. A stranger
/// may name any host; nothing but the plugin's own check depends on it.
fn url(headers: &HeaderMap, uri: &Uri) -> String {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    format!("https://{}{path}", host.unwrap_or("localhost"))
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let octets = HeaderValue::from_static("application/octet-stream");
        let content_type = HeaderValue::from_str(&self.content_type).unwrap_or(octets);
        (status, [(header::CONTENT_TYPE, content_type)], self.body).into_response()
    }
}

impl From<NotReceived> for Problem {
    fn from(error: NotReceived) -> Self {
        let kind = match error {
            NotReceived::Rejected(rejected) => return rejected.into(),
            NotReceived::NoSecret { .. } | NotReceived::Busy => ProblemKind::Unavailable,
            NotReceived::Malformed(_) => ProblemKind::BadRequest,
            NotReceived::NotGenuine => ProblemKind::Unauthenticated,
            NotReceived::Failed | NotReceived::NotKept(_) => ProblemKind::Internal,
        };
        let problem = Self::new(kind, &error);
        match &error {
            NotReceived::NoSecret { plugin } => problem.remedy(format_args!(
                "set the secret that the marketplace gave: stoflow plugin configure {plugin} \
                 --webhook-secrets-file FILE"
            )),
            _ => problem,
        }
    }
}
