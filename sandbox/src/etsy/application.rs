//! The operations about the application itself.

use axum::http::StatusCode;
use serde_json::json;

use super::Call;
use crate::core::Core;
use crate::reply::{Refusal, Reply};

/// The id of the one application that the sandbox knows.
const APPLICATION_ID: i64 = 1;

pub(super) fn ping(_: &mut Core, _: &Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::ok(&json!({ "application_id": APPLICATION_ID })))
}

pub(super) fn token_scopes(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let token = call.input.body.text("token").unwrap_or("");
    match core.grants.scopes(token, call.now) {
        Some(scopes) => Ok(Reply::ok(&json!({ "scopes": scopes }))),
        None => Err(Refusal::oauth(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "access token is invalid or expired",
        )),
    }
}
