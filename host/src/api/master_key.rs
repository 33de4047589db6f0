//! `/api/store/master-key`: the key that the store is sealed under is replaced.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::extract::Body;
use super::problem::Problem;
use crate::host::Host;

/// Where the new key lies; beside the store without a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    #[serde(default)]
    to: Option<PathBuf>,
}

/// A store under another key.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Rotated {
    /// How many records were sealed again.
    records: u64,
    /// For people: what was done and what is left to do, a line each.
    done: Vec<String>,
}

pub(super) async fn rotate(
    _: Caller,
    State(host): State<Arc<Host>>,
    Body(body): Body<Rotate>,
) -> Result<Json<Rotated>, Problem> {
    let rotated = host.rotate_master_key(body.to).await?;
    Ok(Json(Rotated {
        records: rotated.records,
        done: rotated.told(),
    }))
}
