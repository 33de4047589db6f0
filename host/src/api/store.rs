//! `/api/store`: check and export. Import is no route: it makes the store that a host, and with it
//! this API, stands on.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::io::ReaderStream;

use super::caller::Caller;
use super::master_key::{self, Rotate, Rotated};
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::host::Host;
use crate::store::Check;

/// What is kept, and the key that it is sealed under.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Store";
    vec![
        Route::new(
            Method::GET,
            "/api/store/check",
            Permission::Operator,
            (TAG, "Reads every record and says what is wrong"),
            check,
        )
        .replies::<Checked>(200, "What the check showed."),
        Route::new(
            Method::POST,
            "/api/store/export",
            Permission::Operator,
            (TAG, "Gives out a sealed copy of all records"),
            export,
        )
        .replies_with(200, "The sealed copy.", "application/octet-stream"),
        Route::new(
            Method::POST,
            "/api/store/master-key",
            Permission::Operator,
            (TAG, "Replaces the master key"),
            master_key::rotate,
        )
        .body::<Rotate>()
        .replies::<Rotated>(200, "The new key is in use.")
        .fails(&[ProblemKind::Conflict]),
    ]
}

/// What a check showed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    /// As the store is now.
    #[serde(flatten)]
    pub check: Check,
    /// What was found when it was opened; what was damaged then was made good.
    pub found_at_start: Vec<String>,
}

pub(super) async fn check(
    _: Caller,
    State(host): State<Arc<Host>>,
) -> Result<Json<Checked>, Problem> {
    Ok(Json(Checked {
        check: host.store.check().await?,
        found_at_start: host.store.findings().to_vec(),
    }))
}

/// The sealed file, as it is read.
pub(super) async fn export(_: Caller, State(host): State<Arc<Host>>) -> Result<Response, Problem> {
    let export = host.store.export().await?;
    let file = tokio::fs::File::from_std(export.file);
    let mut response = Body::from_stream(ReaderStream::new(file)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(export.bytes));
    Ok(response)
}
