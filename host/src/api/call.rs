//! `POST /api/{plugin}/call/{interface}/{function}`: anything a plugin exports. With
//! `Accept: text/event-stream` its steps come as they happen, then the result or the problem.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::Method;

use super::caller::Caller;
use super::extract::{Path, Query};
use super::form::CallForm;
use super::idempotency::{Once, Repeats};
use super::invocation::{CALL_PROBLEMS, Invocation, Subject};
use super::operation::Usually;
use super::plugins::plugin_id;
use super::prefer::Preference;
use super::problem::Problem;
use super::route::{Permission, Route};
use crate::host::Host;

/// Functions of plugins.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::POST,
            "/api/{plugin}/call/{interface}/{function}",
            Permission::Caller,
            ("Calls", "Calls a function of a plugin"),
            call,
        )
        .query::<Subject>()
        .body::<serde_json::Map<String, serde_json::Value>>()
        .replies::<serde_json::Value>(200, "What the function returned.")
        .repeats(Repeats::Called(Usually::WithItsResult))
        .fails(CALL_PROBLEMS),
    ]
}

pub(super) async fn call(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path((plugin, interface, function)): Path<(String, String, String)>,
    Query(subject): Query<Subject>,
    wished: Preference,
    once: Option<Extension<Once>>,
    form: CallForm,
) -> Result<Response, Problem> {
    let plugin = plugin_id(&host, &plugin)?;
    let callee = (interface.as_str(), function.as_str());
    let once = once.map(|Extension(once)| once);
    let invocation = Invocation::new(&host, caller, &plugin, callee, subject, form)?;
    invocation
        .answer(host, (wished, Usually::WithItsResult), once)
        .await
}
