//! A function of a plugin, asked for: which, with what, for whom and by whom. Every way in makes one of
//! it, so that none of them finds the account or reads the plugin's answer in a way of its own.

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, HeaderValue, header};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;

use super::caller::Caller;
use super::errors::finished;
use super::events::Step;
use super::files;
use super::form::CallForm;
use super::problem::{Problem, ProblemKind};
use crate::contract::{AccountNeed, Function};
use crate::host::Host;
use crate::model::{Account, CallId, PluginId, UserId};
use crate::plugins::{ActivePlugin, CallRequest};
use crate::runtime::{Assets, Progress};
use crate::telemetry;

/// Steps that wait for a client that reads slowly. A plugin that reports without an end must not
/// fill the host's memory; a person sees the last one.
const STEPS_HELD: usize = 64;

/// How a call fails, besides as every route may.
pub(super) const CALL_PROBLEMS: &[ProblemKind] = &[
    ProblemKind::UnknownPlugin,
    ProblemKind::UnknownFunction,
    ProblemKind::UnknownAccount,
    ProblemKind::UnknownFile,
    ProblemKind::AccountNeeded,
    ProblemKind::InvalidPlugin,
    ProblemKind::NotGranted,
    ProblemKind::Configuration,
    ProblemKind::InvalidArguments,
    ProblemKind::ConsentNeeded,
    ProblemKind::Forbidden,
    ProblemKind::NotFound,
    ProblemKind::Invalid,
    ProblemKind::Conflict,
    ProblemKind::Precondition,
    ProblemKind::RateLimited,
    ProblemKind::Unavailable,
    ProblemKind::Uncertain,
    ProblemKind::Rejected,
    ProblemKind::Unexpected,
    ProblemKind::Unsupported,
    ProblemKind::PluginFailed,
    ProblemKind::PluginTimeout,
];

/// For whom a call is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Subject {
    /// Whose accounts; an operator may leave it out where there is only one user.
    pub(super) user: Option<UserId>,
    /// Id or alias; the only one there is, where it is left out.
    pub(super) account: Option<String>,
    /// One of the plugin's sites.
    pub(super) site: Option<String>,
}

/// A call that has not been made yet.
#[derive(Debug)]
pub(super) struct Invocation {
    /// By which it is found in the log.
    pub(super) call: CallId,
    pub(super) plugin: PluginId,
    /// As the component has it.
    pub(super) interface: String,
    /// As the component has it.
    pub(super) function: String,
    /// The object of arguments, as JSON that nobody has looked at yet.
    pub(super) arguments: Bytes,
    /// The files given with it.
    pub(super) assets: Assets,
    /// The seller's account, where there is one.
    pub(super) account: Option<Account>,
    /// One of the plugin's sites.
    pub(super) site: Option<String>,
    /// Who asks.
    pub(super) caller: Caller,
}

impl Invocation {
    /// Of a function of the active version.
    ///
    /// # Errors
    /// There is no such plugin or function, or no account to call it for, or the caller may not.
    pub(super) fn new(
        host: &Host,
        caller: Caller,
        plugin: &PluginId,
        (interface, function): (&str, &str),
        subject: Subject,
        form: CallForm,
    ) -> Result<Self, Problem> {
        let active = host.plugins.active(plugin)?;
        let callee = active.linked.schema().function(interface, function)?;
        Self::of(host, caller, &active, callee, subject, form)
    }

    /// Of a function that has been found.
    ///
    /// # Errors
    /// There is no account to call it for, or the caller may not.
    pub(super) fn of(
        host: &Host,
        caller: Caller,
        active: &ActivePlugin,
        callee: &Function,
        subject: Subject,
        mut form: CallForm,
    ) -> Result<Self, Problem> {
        caller.demand(&callee.key_scope())?;
        let plugin = active.installed.description.id.clone();
        let account = account(host, &caller, active, callee, &plugin, &subject)?;
        files::attach(host, caller.user(), &form.arguments, &mut form.assets)?;
        Ok(Self {
            call: telemetry::current().unwrap_or_else(CallId::random),
            plugin,
            interface: callee.interface().to_owned(),
            function: callee.name().to_owned(),
            arguments: form.arguments,
            assets: form.assets,
            account,
            site: subject.site,
            caller,
        })
    }

    /// Makes the call and waits: what the function returns, as JSON.
    ///
    /// # Errors
    /// As the plugin, the gateway or the runtime says.
    pub(super) async fn run(self, host: &Host) -> Result<Vec<u8>, Problem> {
        self.run_telling(host, None).await
    }

    /// The same, telling its steps as they happen.
    ///
    /// # Errors
    /// As [`Invocation::run`].
    pub(super) async fn run_telling(
        self,
        host: &Host,
        progress: Option<Sender<Progress>>,
    ) -> Result<Vec<u8>, Problem> {
        let account = self.account.as_ref().map(|account| account.id.clone());
        let request = CallRequest {
            call: self.call.clone(),
            account: self.account,
            site: self.site,
            assets: self.assets,
            progress,
            ..CallRequest::new()
        };
        let active = host.plugins.active(&self.plugin)?;
        let (interface, function) = (&self.interface, &self.function);
        let calling = host
            .plugins
            .call(&active, interface, function, &self.arguments, request);
        let done = calling.await?;
        finished(done, &self.call, &format!("{interface}.{function}")).map_err(|problem| {
            match (&account, &problem.remedy) {
                (Some(account), None) if problem.kind() == ProblemKind::ConsentNeeded => {
                    let plugin = &self.plugin;
                    problem.remedy(format_args!(
                        "stoflow account connect {plugin} --account {account}"
                    ))
                }
                _ => problem,
            }
        })
    }

    /// The steps while the call runs, then its result. The call goes on when nobody listens any
    /// more: an operation that broke off half way would have to be finished later.
    pub(super) fn stream(
        self,
        host: Arc<Host>,
    ) -> Sse<impl stream::Stream<Item = Result<Event, Infallible>>> {
        let (progress, steps) = mpsc::channel::<Progress>(STEPS_HELD);
        let running = async move { self.run_telling(&host, Some(progress)).await };
        let running = tokio::spawn(telemetry::carried(running));
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

/// Whether a client wants the steps as they happen (HTML Living Standard §9.2).
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"))
}

/// A reply of JSON that is written already.
pub(super) fn json(json: Vec<u8>) -> Response {
    let media_type = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, media_type)], json).into_response()
}

/// The account that a call is for. A function that needs none is not asked about one.
fn account(
    host: &Host,
    caller: &Caller,
    active: &ActivePlugin,
    callee: &Function,
    plugin: &PluginId,
    subject: &Subject,
) -> Result<Option<Account>, Problem> {
    let user = caller.whose(subject.user.clone())?;
    let named = subject.account.as_deref();
    match active.account_need(callee) {
        AccountNeed::None | AccountNeed::FreshToken if named.is_none() => Ok(None),
        AccountNeed::IfAny if named.is_none() => {
            // One that nobody names is taken only where there is no choice to be made.
            Ok(host.accounts.resolve(user.as_ref(), plugin, None).ok())
        }
        _ => {
            let found = host.accounts.resolve(user.as_ref(), plugin, named)?;
            Ok(Some(found))
        }
    }
}

fn step_event(progress: &Progress) -> Event {
    let step = Step::from(progress);
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
