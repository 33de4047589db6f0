//! The REST API: the one way in. The command line calls the same routes in process.

mod accounts;
mod call;
mod caller;
mod consent;
mod errors;
mod events;
mod form;
mod plugins;
mod problem;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub use caller::Caller;
pub use events::{Event, Events, Step};
pub use plugins::Entry as PluginEntry;
pub use problem::{Problem, ProblemKind, Violation};
pub use store::Checked;

use crate::host::Host;

/// The largest body: a product's pictures and files with it.
const BODY_BYTES_MAX: usize = 512 << 20;

/// All routes. Each demands a [`Caller`] among the request's extensions: whoever serves the router
/// says who is asking.
pub fn router(host: Arc<Host>) -> Router {
    Router::new()
        .route("/api/plugins", get(plugins::list).post(plugins::install))
        .route("/api/plugins/inspect", post(plugins::inspect))
        .route(
            "/api/plugins/{id}",
            get(plugins::show).delete(plugins::remove),
        )
        .route("/api/plugins/{id}/schema", get(plugins::schema))
        .route("/api/plugins/{id}/configuration", post(plugins::configure))
        .route("/api/accounts", get(accounts::list))
        .route(
            "/api/accounts/{account}",
            get(accounts::show).delete(accounts::disconnect),
        )
        .route("/api/store/check", get(store::check))
        .route("/api/store/export", post(store::export))
        .route("/api/{plugin}/oauth/connect", post(consent::connect))
        .route("/api/{plugin}/oauth/complete", post(consent::complete))
        .route(
            "/api/{plugin}/call/{interface}/{function}",
            post(call::call),
        )
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(host)
}
