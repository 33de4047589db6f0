//! Whose a fresh token is: the plugin's `auth.identify`, and why there is no answer.

use crate::accounts::Bearer;
use crate::api::errors::finished;
use crate::api::problem::{Problem, ProblemKind};
use crate::host::Host;
use crate::model::{Identity, PluginId};
use crate::plugins::CallRequest;

/// Asks the plugin whom a fresh token speaks for.
pub(super) async fn identify(
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
pub(super) struct NotIdentified(pub(super) Problem);

impl NotIdentified {
    /// Whether later the answer may be another one.
    pub(super) fn is_for_later(&self) -> bool {
        let kind = self.0.kind();
        matches!(kind, ProblemKind::Unavailable | ProblemKind::RateLimited)
    }

    /// What a seller can do something about: that they have no shop yet.
    pub(super) fn reasons(&self) -> Vec<&str> {
        let violations = self.0.violations.iter();
        violations
            .map(|violation| violation.message.as_str())
            .collect()
    }
}
