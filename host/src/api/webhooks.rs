//! `POST /api/{plugin}/webhooks`: what marketplaces push. Anybody can reach it; what is not genuine is
//! told so and no more.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use super::extract::{Octets, Path};
use super::plugins::plugin_id;
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::host::Host;
use crate::webhooks::{Answer, NotReceived, Push};

pub(super) use crate::webhooks::PUSH_BYTES_MAX;

/// What marketplaces push.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::POST,
            "/api/{plugin}/webhooks",
            Permission::Anybody,
            ("Webhooks", "Takes what the marketplace pushes"),
            receive,
        )
        .body_bytes_max(PUSH_BYTES_MAX),
    ]
}

pub(super) async fn receive(
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Octets(body): Octets,
) -> Result<Response, Problem> {
    let plugin = plugin_id(&host, &plugin)?;
    let url = url(&headers, &uri);
    let push = Push {
        method: Method::POST.as_str(),
        url: &url,
        headers: &headers,
        body: &body,
    };
    let received = host
        .webhooks
        .receive(&host.plugins, &host.config, &plugin, push)
        .await?;
    Ok(received.answer.into_response())
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
            NotReceived::Failed => ProblemKind::Internal,
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
