//! The REST API: the one way in. The command line calls the same routes in process.

mod account_settings;
mod account_status;
mod accounts;
mod body;
mod call;
mod caller;
mod consent;
mod errors;
mod events;
mod form;
mod master_key;
mod page;
mod plugins;
mod problem;
mod refresh;
mod store;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub use account_status::{AccountReport, ReportedSetting, ReportedState, ReportedToken};
pub use caller::Caller;
pub use events::{Event, Events, Step};
pub use page::Page;
pub use plugins::Entry as PluginEntry;
pub use problem::{Problem, ProblemKind, Violation};
pub use refresh::Refreshed;
pub use store::Checked;

use crate::host::Host;

/// The largest body: a product's pictures and files with it.
const BODY_BYTES_MAX: usize = 512 << 20;

/// All routes. Each demands a [`Caller`] among the request's extensions — whoever serves the router
/// says who is asking — but the two that a seller's browser comes to, and the one that
/// marketplaces push to.
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
        .route("/api/store/master-key", post(master_key::rotate))
        .route("/api/accounts", get(accounts::list))
        .route(
            "/api/accounts/{account}",
            get(account_status::show).delete(accounts::disconnect),
        )
        .route("/api/accounts/{account}/refresh", post(refresh::one))
        .route("/api/accounts/refresh", post(refresh::idle))
        .route(
            "/api/accounts/{account}/settings",
            post(account_settings::set),
        )
        .route("/api/store/check", get(store::check))
        .route("/api/store/export", post(store::export))
        .route("/api/{plugin}/oauth/connect", post(consent::connect))
        .route("/api/{plugin}/oauth/callback", get(consent::callback))
        .route(
            "/api/{plugin}/oauth/confirm",
            post(consent::confirm).layer(DefaultBodyLimit::max(consent::FORM_BYTES_MAX)),
        )
        .route("/api/{plugin}/oauth/complete", post(consent::complete))
        .route(
            "/api/{plugin}/webhooks",
            post(webhooks::receive).layer(DefaultBodyLimit::max(webhooks::PUSH_BYTES_MAX)),
        )
        .route(
            "/api/{plugin}/call/{interface}/{function}",
            post(call::call),
        )
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(host)
}
