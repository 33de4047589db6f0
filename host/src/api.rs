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
mod errors;
mod events;
mod extract;
mod form;
mod functions;
mod health;
mod invocation;
mod keys;
mod listed;
mod master_key;
mod nouns;
mod openapi;
mod page;
mod plugins;
mod polling;
mod problem;
mod problem_pages;
mod quotas;
mod refresh;
mod reserved;
mod route;
mod server;
pub mod socket;
mod store;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;

pub use account_status::{AccountReport, ReportedSetting, ReportedState, ReportedToken};
pub use authenticate::authenticate;
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
pub use server::{Server, ServerError};
pub use store::Checked;

use crate::host::Host;
use route::{Permission, Route};

/// The largest body: a product's pictures and files with it.
const BODY_BYTES_MAX: usize = 512 << 20;

/// All routes. Whoever serves the router says who is asking: a [`Caller`] among the request's
/// extensions.
pub fn router(host: Arc<Host>) -> Router {
    route::router(routes())
        .fallback(route::guarded(Permission::Caller, problem::no_route))
        .method_not_allowed_fallback(route::guarded(Permission::Caller, problem::no_method))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(coding::refuse_coded))
        .layer(middleware::from_fn(correlation::correlate))
        .with_state(host)
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
        keys::routes(),
        plugins::routes(),
        store::routes(),
        quotas::routes(),
        configuration::routes(),
        health::routes(),
        openapi::routes(),
        problem_pages::routes(),
    ];
    parts.into_iter().flatten().collect()
}
