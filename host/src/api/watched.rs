//! What is logged and counted of a request to the API: its route's template, never its path or query, in
//! which accounts, codes of consents and buyers' orders stand.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use tracing::{Instrument, field};

use super::caller::Caller;
use super::correlation::CorrelationId;
use crate::telemetry;

/// Stands for the route of what has none.
const NONE: &str = "none";

/// Carries a request out under its id, in a span of its own, and counts it.
pub(super) async fn watch(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or(NONE, MatchedPath::as_str).to_owned();
    let caller = request.extensions().get::<Caller>();
    let id = CorrelationId::of_request(&request).call();
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        %id,
        %method,
        route,
        caller = caller.map_or("nobody", Caller::name),
        status = field::Empty,
        ms = field::Empty,
    );
    let began = Instant::now();
    let work = next.run(request).instrument(span.clone());
    let response = telemetry::within(id, work).await;
    let (status, elapsed) = (response.status().as_u16(), began.elapsed());
    span.record("status", status);
    span.record("ms", u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
    span.in_scope(|| tracing::info!("answered"));
    telemetry::request(&method, &route, status, elapsed);
    response
}

/// Notes a request that was refused before its route was looked for.
pub(super) fn refused(id: &CorrelationId, method: &Method, status: u16, began: Instant) {
    tracing::info!(%id, %method, status, "refused");
    telemetry::request(method, NONE, status, began.elapsed());
}
