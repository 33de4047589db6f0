//! `/api/{plugin}/oauth`: a seller's consent, begun and completed.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::errors::finished;
use super::plugins::plugin_id;
use super::problem::{Problem, ProblemKind};
use crate::accounts::Bearer;
use crate::consent::{ConsentError, Returned};
use crate::host::Host;
use crate::model::{Identity, PluginId, UserId};
use crate::plugins::CallRequest;

/// Who begins it.
#[derive(Debug, Deserialize)]
pub(super) struct Connect {
    user: UserId,
}

pub(super) async fn connect(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    Json(body): Json<Connect>,
) -> Result<Json<Value>, Problem> {
    let plugin = plugin_id(&host, &plugin)?;
    host.plugins.active_installed(&plugin)?;
    let config = host.config.plugin(&plugin);
    let begun = host
        .consent
        .begin(&body.user, &plugin, &config, None)
        .await?;
    Ok(Json(json!({
        "url": begun.url,
        "redirect_uri": begun.redirect_uri,
        "expires_at": begun.expires_at,
    })))
}

/// Where the browser ended.
#[derive(Debug, Deserialize)]
pub(super) struct Complete {
    callback: String,
}

pub(super) async fn complete(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(plugin): Path<String>,
    Json(body): Json<Complete>,
) -> Result<Json<Value>, Problem> {
    let plugin = plugin_id(&host, &plugin)?;
    let config = host.config.plugin(&plugin);
    let returned = Returned {
        plugin: &plugin,
        address: &body.callback,
        began_by: None,
    };
    let identify = |token: Bearer| identify(&host, &plugin, token);
    match host.consent.complete(returned, &config, identify).await {
        Ok(connected) => Ok(Json(json!({
            "account": connected.account,
            "renewed": connected.renewed,
            "warnings": connected.warnings,
        }))),
        Err(error) => Err(failed(error)),
    }
}

/// Asks the plugin whom a fresh token speaks for.
async fn identify(
    host: &Host,
    plugin: &PluginId,
    token: Bearer,
) -> Result<Identity, NotIdentified> {
    let active = host
        .plugins
        .active(plugin)
        .map_err(|error| NotIdentified(error.into()))?;
    let request = CallRequest {
        fresh: Some(token),
        ..CallRequest::new()
    };
    let call = request.call.clone();
    let done = host
        .plugins
        .call(&active, "auth", "identify", b"{}", request)
        .await;
    let done = done.map_err(|rejected| NotIdentified(rejected.into()))?;
    let json = finished(done, &call, "auth.identify").map_err(NotIdentified)?;
    serde_json::from_slice(&json).map_err(|error| {
        NotIdentified(Problem::new(
            ProblemKind::PluginFailed,
            format_args!("auth.identify: {error}"),
        ))
    })
}

/// Why nobody knows whose a token is.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.title)]
struct NotIdentified(Problem);

fn failed(error: ConsentError) -> Problem {
    let title = error.to_string();
    match error {
        ConsentError::Identify(source) => {
            let mut problem = Problem::new(
                ProblemKind::ConsentFailed,
                format_args!("{title}: {source}"),
            );
            if let Some(cause) = source.downcast_ref::<NotIdentified>() {
                problem.remedy.clone_from(&cause.0.remedy);
                problem.correlation_id.clone_from(&cause.0.correlation_id);
            }
            problem
        }
        ConsentError::Misconfigured(_) => Problem::new(ProblemKind::Configuration, title),
        ConsentError::Unavailable(_) => Problem::new(ProblemKind::Unavailable, title),
        ConsentError::Store(error) => error.into(),
        _ => Problem::new(ProblemKind::ConsentFailed, title),
    }
}
