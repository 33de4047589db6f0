//! `/api/config`: the settings that are in force, each with where it comes from. Secrets are stars.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::route::{Permission, Route};
use crate::config::{Fault, Shown};
use crate::host::Host;

/// What the operator sets.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/api/config",
            Permission::Operator,
            (
                "Host",
                "Shows the settings in force, and where each comes from",
            ),
            show,
        )
        .replies::<Configuration>(200, "The settings; secrets are stars"),
    ]
}

/// The settings that are in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Configuration {
    /// `stoflow.toml`, which need not be there.
    #[schemars(with = "String")]
    pub file: PathBuf,
    /// Every setting.
    pub settings: Vec<Shown>,
    /// What does nothing as it stands.
    pub warnings: Vec<Fault>,
}

async fn show(State(host): State<Arc<Host>>) -> Json<Configuration> {
    let mut warnings = host.config.warnings().to_vec();
    let settings = host.config.shown().to_vec();
    warnings.extend(settings.iter().filter_map(|shown| unknown(&host, shown)));
    Json(Configuration {
        file: host.config.path().to_owned(),
        settings,
        warnings,
    })
}

/// A plugin's setting that the plugin does not know.
fn unknown(host: &Host, shown: &Shown) -> Option<Fault> {
    let rest = shown.key.strip_prefix("plugins.")?;
    let (id, name) = rest.split_once(".settings.")?;
    let installed = host.plugins.active_installed(&id.parse().ok()?).ok()?;
    let known: Vec<&str> = installed
        .description
        .settings
        .iter()
        .map(|setting| setting.name.as_str())
        .collect();
    (!known.contains(&name)).then(|| Fault {
        place: shown.place.clone().unwrap_or_else(|| shown.key.clone()),
        message: format!("{id} has no setting {name:?}; it has {}", known.join(", ")),
    })
}
