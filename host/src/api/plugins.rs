//! `/api/plugins`: install, list, show, set up, remove.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::caller::Caller;
use super::extract::{Body, Octets, Path, Query};
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::config::{PluginChange, SetBy};
use crate::host::Host;
use crate::model::{Description, PluginId, Scope};
use crate::plugins::{Choice, Inspection, Installed};

/// Plugins, and what the operator sets for them.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Plugins";
    vec![
        Route::new(
            Method::GET,
            "/api/plugins",
            Permission::Operator,
            (TAG, "Lists installed plugins"),
            list,
        ),
        Route::new(
            Method::POST,
            "/api/plugins",
            Permission::Operator,
            (TAG, "Installs a plugin"),
            install,
        ),
        Route::new(
            Method::POST,
            "/api/plugins/inspect",
            Permission::Operator,
            (TAG, "Says what a plugin asks for, without installing it"),
            inspect,
        ),
        Route::new(
            Method::GET,
            "/api/plugins/{plugin}",
            Permission::Operator,
            (TAG, "Shows a plugin and what is set for it"),
            show,
        ),
        Route::new(
            Method::DELETE,
            "/api/plugins/{plugin}",
            Permission::Operator,
            (TAG, "Removes a plugin"),
            remove,
        ),
        Route::new(
            Method::GET,
            "/api/plugins/{plugin}/schema",
            Permission::Caller,
            (TAG, "Says what a plugin can be called for"),
            schema,
        ),
        Route::new(
            Method::POST,
            "/api/plugins/{plugin}/configuration",
            Permission::Operator,
            (TAG, "Sets a plugin up"),
            configure,
        ),
    ]
}

/// A plugin in a list.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The version.
    #[serde(flatten)]
    pub installed: Installed,
    /// Whether calls go to it.
    pub active: bool,
}

pub(super) async fn list(
    _: Caller,
    State(host): State<Arc<Host>>,
) -> Result<Json<Vec<Entry>>, Problem> {
    let versions = host.plugins.list()?;
    Ok(Json(
        versions
            .into_iter()
            .map(|(installed, active)| Entry { installed, active })
            .collect(),
    ))
}

pub(super) async fn inspect(
    _: Caller,
    State(host): State<Arc<Host>>,
    Octets(component): Octets,
) -> Result<Json<Inspection>, Problem> {
    Ok(Json(host.plugins.inspect(&component).await?))
}

/// How to install.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InstallQuery {
    /// Whether what it asks for is granted.
    #[serde(default = "present")]
    grant: Choice,
    /// Whether the version becomes the active one, though another one is.
    #[serde(default)]
    activate: bool,
    /// Whether the same version with another content is replaced.
    #[serde(default)]
    replace: bool,
}

fn present() -> Choice {
    Choice::Present
}

pub(super) async fn install(
    _: Caller,
    State(host): State<Arc<Host>>,
    Query(query): Query<InstallQuery>,
    Octets(component): Octets,
) -> Result<Json<Inspection>, Problem> {
    let installed = host
        .plugins
        .install(&component, query.grant, query.activate, query.replace)
        .await?;
    Ok(Json(installed))
}

/// What is shown of a plugin. Its secrets are not among it.
pub(super) async fn show(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = plugin_id(&host, &id)?;
    let versions: Vec<_> = host.plugins.list()?;
    let versions: Vec<_> = versions
        .into_iter()
        .filter(|(installed, _)| installed.description.id == id)
        .collect();
    if versions.is_empty() {
        return Err(host.plugins.unknown(id.as_str())?.into());
    }
    let config = host.config.plugin(&id);
    let entries: Vec<_> = versions
        .into_iter()
        .map(|(installed, active)| Entry { installed, active })
        .collect();
    Ok(Json(json!({
        "id": id,
        "versions": entries,
        "configuration": {
            "file": host.config.path(),
            "client_id": config.client_id,
            "client_secret": config.client_secret.as_ref().map(ToString::to_string),
            "webhook_secrets": config.webhook_secrets.len(),
            "redirect_uri": config.redirect_uri,
            "scopes_left_out": config.scopes_left_out,
            "origins": config.origins,
            "settings": config.settings,
            "grant": config.grant,
        },
    })))
}

/// The interfaces and functions of the active version, for help and flags.
pub(super) async fn schema(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = plugin_id(&host, &id)?;
    let plugin = host.plugins.active(&id)?;
    let description = &plugin.installed.description;
    Ok(Json(json!({
        "id": id,
        "name": description.name,
        "version": description.version,
        "shape": plugin.linked.schema().shape(),
    })))
}

pub(super) async fn configure(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    Body(change): Body<PluginChange>,
) -> Result<Json<Value>, Problem> {
    let id: PluginId = id
        .parse()
        .map_err(|error| Problem::new(ProblemKind::BadRequest, error))?;
    let mut warnings = Vec::new();
    if let Ok(installed) = host.plugins.active_installed(&id) {
        check_settings(&installed, &change)?;
        warnings = check_scopes(&installed, &change)?;
    }
    host.config.change(&id, &change)?;
    warnings.extend(outweighed(&host, &id, &change));
    Ok(Json(
        json!({ "id": id, "file": host.config.path(), "warnings": warnings }),
    ))
}

/// What of the change does nothing, because something weighs more than the file.
fn outweighed(host: &Host, id: &PluginId, change: &PluginChange) -> Vec<String> {
    let shown = host.config.shown();
    let above = |key: String| {
        let shown = shown.iter().find(|shown| shown.key == key)?;
        let is_above = !matches!(shown.set_by, SetBy::File | SetBy::Default);
        let place = shown.place.as_deref().filter(|_| is_above)?;
        Some(format!(
            "{key} is set by {place}, which weighs more than the file"
        ))
    };
    let keys = change.keys().into_iter();
    keys.filter_map(|key| above(format!("plugins.{id}.{key}")))
        .collect()
}

fn check_settings(installed: &Installed, change: &PluginChange) -> Result<(), Problem> {
    let Description { id, settings, .. } = &installed.description;
    let is_known = |name: &String| settings.iter().any(|setting| setting.name == *name);
    match change.settings.keys().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => {
            let names: Vec<_> = settings.iter().map(|s| s.name.as_str()).collect();
            let message = format!("{id} has no setting {name:?}; it has {}", names.join(", "));
            Err(Problem::new(ProblemKind::BadRequest, message))
        }
    }
}

/// Whether the scopes are the plugin's; and what it cannot do without one that it calls necessary.
/// Which functions that are, only the marketplace knows.
fn check_scopes(installed: &Installed, change: &PluginChange) -> Result<Vec<String>, Problem> {
    let id = &installed.description.id;
    let scopes = installed.provider.as_ref().map(|provider| &provider.scopes);
    let scopes: Vec<&Scope> = scopes.into_iter().flatten().collect();
    let mut named = change.without_scopes.iter().chain(&change.with_scopes);
    if let Some(name) = named.find(|name| !scopes.iter().any(|scope| scope.name == **name)) {
        let names: Vec<_> = scopes.iter().map(|scope| scope.name.as_str()).collect();
        let message = format!("{id} has no scope {name:?}; it has {}", names.join(", "));
        return Err(Problem::new(ProblemKind::BadRequest, message));
    }
    let needed = scopes.iter().filter(|scope| {
        let left_out = &change.without_scopes;
        !scope.optional
            && left_out.contains(&scope.name)
            && !change.with_scopes.contains(&scope.name)
    });
    let warning = |scope: &&Scope| {
        format!(
            "{id} calls {} necessary: without it sellers cannot let it {}, and the marketplace \
             refuses the functions that do",
            scope.name, scope.summary
        )
    };
    Ok(needed.map(warning).collect())
}

pub(super) async fn remove(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = plugin_id(&host, &id)?;
    let accounts = host.accounts.list(None)?;
    let accounts = accounts
        .iter()
        .filter(|account| account.plugin == id)
        .count();
    if accounts > 0 {
        return Err(crate::plugins::PluginsError::InUse { id, accounts }.into());
    }
    let removed = host.plugins.remove(&id).await?;
    let versions: Vec<_> = removed
        .iter()
        .map(|installed| &installed.description.version)
        .collect();
    Ok(Json(json!({ "id": id, "removed": versions })))
}

/// An id that cannot be one is as unknown as one that is not there.
pub(super) fn plugin_id(host: &Host, id: &str) -> Result<PluginId, Problem> {
    match id.parse() {
        Ok(id) => Ok(id),
        Err(_) => Err(host.plugins.unknown(id)?.into()),
    }
}
