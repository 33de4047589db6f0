//! `/api/store/master-key`: the key that the store is sealed under is replaced.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::extract::Body;
use super::problem::Problem;
use crate::host::Host;

/// Where the new key lies; beside the store without a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    #[serde(default)]
    to: Option<PathBuf>,
}

pub(super) async fn rotate(
    _: Caller,
    State(host): State<Arc<Host>>,
    Body(body): Body<Rotate>,
) -> Result<Json<Value>, Problem> {
    let rotated = host.rotate_master_key(body.to).await?;
    Ok(Json(
        json!({ "records": rotated.records, "done": rotated.told() }),
    ))
}
