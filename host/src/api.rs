//! The REST API: the one way in. The command line calls the same routes in process.

mod account_settings;
mod account_status;
mod accounts;
mod authenticate;
mod call;
mod caller;
mod coding;
mod configuration;
mod connection;
mod consent;
mod correlation;
mod counts;
mod docs;
mod errors;
mod events;
mod extract;
mod feed;
mod files;
mod form;
mod functions;
mod health;
mod idempotency;
mod invocation;
mod keys;
mod listed;
mod master_key;
mod nouns;
mod openapi;
mod operation;
mod operations;
mod page;
mod plugins;
mod polling;
mod prefer;
mod problem;
mod problem_pages;
mod quotas;
mod refresh;
mod reserved;
mod resume;
mod route;
mod server;
pub mod socket;
mod store;
mod users;
mod watched;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use http::Method;

pub use account_status::{AccountReport, ReportedSetting, ReportedState, ReportedToken};
pub use caller::Caller;
pub use configuration::Configuration;
pub use connection::{Connection, Connections};
pub use correlation::{CORRELATION_ID, CorrelationId};
pub use events::{Event, Events, Step};
pub use keys::{CreatedKey, KeyReport, ReportedKeyState};
pub use listed::Listed;
pub use nouns::NOUNS;
pub use page::Page;
pub use plugins::Entry as PluginEntry;
pub use polling::{Job, Polling, Run, Runs, Strategy, Window};
pub use problem::{Problem, ProblemKind, Violation};
pub use quotas::ReportedQuota;
pub use refresh::Refreshed;
pub use resume::resume;
pub use server::{Server, ServerError};
pub use store::Checked;
pub use users::{ForgottenUser, UserReport};

use crate::host::Host;
use route::{Permission, Route};

/// The largest body: a product's pictures and files with it.
const BODY_BYTES_MAX: usize = 512 << 20;

/// All routes. Whoever serves the router says who is asking: a [`Caller`] among the request's
/// extensions.
pub fn router(host: Arc<Host>) -> Router {
    route::router(routes(), &host)
        .fallback(route::guarded(Permission::Caller, problem::no_route))
        .method_not_allowed_fallback(route::guarded(Permission::Caller, problem::no_method))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(coding::refuse_coded))
        .layer(middleware::from_fn(watched::watch))
        .layer(middleware::from_fn(correlation::correlate))
        .with_state(host)
}

/// The method and the path of every route, parameters in braces: what a test goes through that is to
/// miss none.
pub fn all_routes() -> Vec<(Method, String)> {
    let routes = routes().into_iter();
    routes
        .map(|route| (route.method, route.path.into_owned()))
        .collect()
}

/// Every route that there is, under the headings of the documentation.
fn routes() -> Vec<Route> {
    let parts = [
        consent::routes(),
        connection::routes(),
        call::routes(),
        functions::routes(),
        polling::routes(),
        webhooks::routes(),
        accounts::routes(),
        operations::routes(),
        files::routes(),
        feed::routes(),
        keys::routes(),
        users::routes(),
        plugins::routes(),
        store::routes(),
        configuration::routes(),
        health::routes(),
        quotas::routes(),
        counts::routes(),
        openapi::routes(),
        docs::routes(),
        problem_pages::routes(),
    ];
    parts.into_iter().flatten().collect()
}
