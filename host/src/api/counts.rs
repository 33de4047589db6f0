//! `GET /metrics`: what was counted, for Prometheus.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, header};

use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::telemetry;

/// Prometheus's text format.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/metrics",
            Permission::read("metrics"),
            ("Host", "Gives out what was counted, for Prometheus"),
            counts,
        )
        .replies_with(200, "Counters, gauges and durations.", MEDIA_TYPE)
        .fails(&[ProblemKind::Unavailable]),
    ]
}

async fn counts() -> Result<Response, Problem> {
    let text = telemetry::rendered().ok_or_else(|| {
        Problem::new(
            ProblemKind::Unavailable,
            "nothing is counted by a command; a daemon counts",
        )
        .remedy("ask one: stoflow serve")
    })?;
    let media_type = HeaderValue::from_static(MEDIA_TYPE);
    Ok(([(header::CONTENT_TYPE, media_type)], text).into_response())
}
