//! The REST API: the one way in. The command line calls the same routes in process.

mod account_settings;
mod account_status;
mod accounts;
mod body;
mod call;
mod caller;
mod connection;
mod consent;
mod correlation;
mod errors;
mod events;
mod feed;
mod files;
mod form;
mod functions;
mod health;
mod idempotency;
mod invocation;
mod listed;
mod master_key;
mod operation;
mod operations;
mod page;
mod plugins;
mod prefer;
mod problem;
mod refresh;
mod resume;
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
pub use caller::Caller;
pub use connection::{Connection, Connections};
pub use correlation::{CORRELATION_ID, CorrelationId};
pub use events::{Event, Events, Step};
pub use listed::Listed;
pub use page::Page;
pub use plugins::Entry as PluginEntry;
pub use problem::{Problem, ProblemKind, Violation};
pub use refresh::Refreshed;
pub use resume::resume;
pub use server::{Server, ServerError};
pub use store::Checked;

use crate::host::Host;
use route::Route;

/// The largest body: a product's pictures and files with it.
const BODY_BYTES_MAX: usize = 512 << 20;

/// All routes. Whoever serves the router says who is asking: a [`Caller`] among the request's
/// extensions.
pub fn router(host: Arc<Host>) -> Router {
    route::router(routes(), &host)
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
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
        webhooks::routes(),
        accounts::routes(),
        operations::routes(),
        files::routes(),
        feed::routes(),
        plugins::routes(),
        store::routes(),
        health::routes(),
    ];
    parts.into_iter().flatten().collect()
}
