//! `POST /api/{plugin}/call/{interface}/{function}`: anything a plugin exports. With
//! `Accept: text/event-stream` its steps come as they happen, then the result or the problem.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, HeaderValue, Method, header};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::caller::Caller;
use super::errors::finished;
use super::events::Step;
use super::extract::{Path, Query};
use super::form::CallForm;
use super::plugins::plugin_id;
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::contract::AccountNeed;
use crate::host::Host;
use crate::model::{Account, PluginId, UserId};
use crate::plugins::CallRequest;
use crate::runtime::Progress;

/// Functions of plugins.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::new(
        Method::POST,
        "/api/{plugin}/call/{interface}/{function}",
        Permission::Caller,
        ("Calls", "Calls a function of a plugin"),
        call,
    )]
}

/// Steps that wait for a client that reads slowly. A plugin that reports without an end must not
/// fill the host's memory; a person sees the last one.
const STEPS_HELD: usize = 64;

/// For whom a call is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallQuery {
    /// Whose accounts; the operator may leave it out where there is only one user.
    user: Option<UserId>,
    /// Id or alias; the only one there is, where it is left out.
    account: Option<String>,
    /// One of the plugin's sites.
    site: Option<String>,
}

pub(super) async fn call(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path((plugin, interface, function)): Path<(String, String, String)>,
    Query(query): Query<CallQuery>,
    headers: HeaderMap,
    form: CallForm,
) -> Result<Response, Problem> {
    let plugin = plugin_id(&host, &plugin)?;
    let mut request = CallRequest {
        site: query.site.clone(),
        assets: form.assets,
        ..CallRequest::new()
    };
    request.account = account(&host, &plugin, &interface, &function, &query)?;
    let streams = headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"));
    let running = Running {
        host,
        plugin,
        interface,
        function,
        arguments: form.arguments,
    };
    if streams {
        return Ok(running.stream(request).into_response());
    }
    let json = running.run(request).await?;
    Ok((
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        json,
    )
        .into_response())
}

/// The account that a call is for. A function that needs none is not asked about one.
fn account(
    host: &Host,
    plugin: &PluginId,
    interface: &str,
    function: &str,
    query: &CallQuery,
) -> Result<Option<Account>, Problem> {
    let active = host.plugins.active(plugin)?;
    let callee = active.linked.schema().function(interface, function)?;
    let need = active.account_need(callee);
    let named = query.account.is_some();
    match need {
        AccountNeed::None | AccountNeed::FreshToken if !named => Ok(None),
        AccountNeed::IfAny if !named => {
            // One that nobody names is taken only where there is no choice to be made.
            Ok(host
                .accounts
                .resolve(query.user.as_ref(), plugin, None)
                .ok())
        }
        _ => Ok(Some(host.accounts.resolve(
            query.user.as_ref(),
            plugin,
            query.account.as_deref(),
        )?)),
    }
}

struct Running {
    host: Arc<Host>,
    plugin: PluginId,
    interface: String,
    function: String,
    arguments: Bytes,
}

impl Running {
    async fn run(self, request: CallRequest) -> Result<Vec<u8>, Problem> {
        let call = request.call.clone();
        let account = request.account.as_ref().map(|account| account.id.clone());
        let active = self.host.plugins.active(&self.plugin)?;
        let done = self
            .host
            .plugins
            .call(
                &active,
                &self.interface,
                &self.function,
                &self.arguments,
                request,
            )
            .await;
        finished(
            done?,
            &call,
            &format!("{}.{}", self.interface, self.function),
        )
        .map_err(|problem| match (&account, &problem.remedy) {
            (Some(account), None) if problem.kind() == ProblemKind::ConsentNeeded => {
                let plugin = &self.plugin;
                problem.remedy(format_args!(
                    "stoflow account connect {plugin} --account {account}"
                ))
            }
            _ => problem,
        })
    }

    /// The steps while the call runs, then its result. The call goes on when nobody listens any
    /// more: an operation that broke off half way would have to be finished later.
    fn stream(
        self,
        mut request: CallRequest,
    ) -> Sse<impl stream::Stream<Item = Result<Event, Infallible>>> {
        let (progress, steps) = mpsc::channel::<Progress>(STEPS_HELD);
        request.progress = Some(progress);
        let running = tokio::spawn(self.run(request));
        let steps = ReceiverStream::new(steps).map(|progress| step_event(&progress));
        let end = stream::once(async move {
            match running.await {
                Ok(Ok(json)) => result_event(&json),
                Ok(Err(problem)) => problem_event(&problem),
                Err(_) => problem_event(&Problem::new(
                    ProblemKind::Internal,
                    "the call broke off; the log says why",
                )),
            }
        });
        Sse::new(steps.chain(end).map(Ok))
    }
}

fn step_event(progress: &Progress) -> Event {
    let step = Step {
        step: progress.step.clone(),
        done: progress.done,
        total: progress.total,
    };
    Event::default()
        .event("progress")
        .data(serde_json::to_string(&step).unwrap_or_default())
}

fn result_event(json: &[u8]) -> Event {
    Event::default()
        .event("result")
        .data(String::from_utf8_lossy(json))
}

fn problem_event(problem: &Problem) -> Event {
    Event::default()
        .event("problem")
        .data(serde_json::to_string(problem).unwrap_or_default())
}
