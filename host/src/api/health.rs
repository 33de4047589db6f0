//! `/healthz` and `/readyz`: what whoever runs the daemon looks at, without a key.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::host::Host;

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Health {
    /// `ok`.
    status: String,
}

/// Seconds until it is worth looking again.
const AGAIN: u32 = 1;

pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Health";
    vec![
        Route::new(
            Method::GET,
            "/healthz",
            Permission::Anybody,
            (TAG, "Says that the process lives"),
            healthz,
        )
        .replies::<Health>(200, "It lives."),
        Route::new(
            Method::GET,
            "/readyz",
            Permission::Anybody,
            (TAG, "Says whether requests should be sent here"),
            readyz,
        )
        .replies::<Health>(
            200,
            "The store is open, the plugins are ready, and nobody is stopping it.",
        )
        .fails(&[ProblemKind::Unavailable]),
    ]
}

fn ok() -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
    })
}

async fn healthz() -> Json<Health> {
    ok()
}

async fn readyz(State(host): State<Arc<Host>>) -> Result<Json<Health>, Problem> {
    host.readiness().map(|()| ok()).map_err(|why| {
        let mut problem = Problem::new(ProblemKind::Unavailable, format_args!("not ready: {why}"));
        problem.retry_after = Some(AGAIN);
        problem
    })
}
