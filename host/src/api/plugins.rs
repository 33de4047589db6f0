//! `/api/plugins`: install, list, show, set up, remove.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::extract::{Body, Octets, Path, Query};
use super::problem::{Problem, ProblemKind};
use super::reserved;
use super::route::{Permission, Route};
use crate::config::{PluginChange, SetBy};
use crate::contract::Shape;
use crate::host::Host;
use crate::model::{Description, Grant, PluginId, Scope};
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
        )
        .replies::<Vec<Entry>>(200, "All versions."),
        Route::new(
            Method::POST,
            "/api/plugins",
            Permission::Operator,
            (TAG, "Installs a plugin"),
            install,
        )
        .query::<InstallQuery>()
        .body_of("application/wasm")
        .replies::<Inspection>(200, "It is installed.")
        .fails(&[
            ProblemKind::InvalidPlugin,
            ProblemKind::NotGranted,
            ProblemKind::Conflict,
            ProblemKind::Configuration,
        ]),
        Route::new(
            Method::POST,
            "/api/plugins/inspect",
            Permission::Operator,
            (TAG, "Says what a plugin asks for, without installing it"),
            inspect,
        )
        .body_of("application/wasm")
        .replies::<Inspection>(200, "What it is and asks for.")
        .fails(&[ProblemKind::InvalidPlugin]),
        Route::new(
            Method::GET,
            "/api/plugins/{plugin}",
            Permission::Operator,
            (TAG, "Shows a plugin and what is set for it"),
            show,
        )
        .replies::<Shown>(200, "Its versions and its configuration.")
        .fails(&[ProblemKind::UnknownPlugin]),
        Route::new(
            Method::DELETE,
            "/api/plugins/{plugin}",
            Permission::Operator,
            (TAG, "Removes a plugin"),
            remove,
        )
        .replies::<Removed>(200, "It is gone.")
        .fails(&[ProblemKind::UnknownPlugin, ProblemKind::Conflict]),
        Route::new(
            Method::GET,
            "/api/plugins/{plugin}/schema",
            Permission::Caller,
            (TAG, "Says what a plugin can be called for"),
            schema,
        )
        .replies::<Callable>(200, "Its interfaces, functions and types.")
        .fails(&[
            ProblemKind::UnknownPlugin,
            ProblemKind::NotGranted,
            ProblemKind::InvalidPlugin,
        ]),
        Route::new(
            Method::POST,
            "/api/plugins/{plugin}/configuration",
            Permission::Operator,
            (TAG, "Sets a plugin up"),
            configure,
        )
        .body::<PluginChange>()
        .replies::<Configured>(200, "It is set.")
        .fails(&[ProblemKind::Configuration]),
    ]
}

/// A plugin in a list.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
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
    let inspection = host.plugins.inspect(&component).await?;
    refuse_reserved(&inspection)?;
    Ok(Json(inspection))
}

fn refuse_reserved(inspection: &Inspection) -> Result<(), Problem> {
    reserved::refuse(&inspection.installed.description.id, &super::routes())
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
    refuse_reserved(&host.plugins.inspect(&component).await?)?;
    let installed = host
        .plugins
        .install(&component, query.grant, query.activate, query.replace)
        .await?;
    Ok(Json(installed))
}

/// What is shown of a plugin. Its secrets are not among it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ShownPlugin")]
pub(super) struct Shown {
    id: PluginId,
    versions: Vec<Entry>,
    configuration: Configuration,
}

/// What the operator has set for a plugin.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PluginConfiguration")]
struct Configuration {
    /// Where it stands.
    file: PathBuf,
    client_id: Option<String>,
    /// As stars, where there is one.
    client_secret: Option<String>,
    /// How many there are.
    webhook_secrets: usize,
    redirect_uri: Option<String>,
    /// Scopes that sellers are not asked for.
    scopes_left_out: BTreeSet<String>,
    /// Stand-ins by real origin.
    origins: BTreeMap<String, String>,
    settings: BTreeMap<String, String>,
    grant: Option<Grant>,
}

pub(super) async fn show(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Problem> {
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
    let entries = versions.into_iter();
    let entries = entries.map(|(installed, active)| Entry { installed, active });
    Ok(Json(Shown {
        versions: entries.collect(),
        configuration: Configuration {
            file: host.config.path().to_owned(),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.as_ref().map(ToString::to_string),
            webhook_secrets: config.webhook_secrets.len(),
            redirect_uri: config.redirect_uri.clone(),
            scopes_left_out: config.scopes_left_out.clone(),
            origins: config.origins.clone(),
            settings: config.settings.clone(),
            grant: config.grant.clone(),
        },
        id,
    }))
}

/// What the active version can be called for, for help and flags.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Callable {
    id: PluginId,
    name: String,
    version: semver::Version,
    shape: Shape,
}

pub(super) async fn schema(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<Json<Callable>, Problem> {
    let id = plugin_id(&host, &id)?;
    let plugin = host.plugins.active(&id)?;
    let description = &plugin.installed.description;
    Ok(Json(Callable {
        id,
        name: description.name.clone(),
        version: description.version.clone(),
        shape: plugin.linked.schema().shape().clone(),
    }))
}

/// What was set, and where.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Configured {
    id: PluginId,
    file: PathBuf,
    /// What the plugin cannot do any more.
    warnings: Vec<String>,
}

pub(super) async fn configure(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    Body(change): Body<PluginChange>,
) -> Result<Json<Configured>, Problem> {
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
    Ok(Json(Configured {
        id,
        file: host.config.path().to_owned(),
        warnings,
    }))
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

/// What was removed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Removed {
    id: PluginId,
    /// The versions that there were.
    removed: Vec<semver::Version>,
}

pub(super) async fn remove(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<Json<Removed>, Problem> {
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
    let versions = removed.into_iter();
    let versions = versions.map(|installed| installed.description.version);
    Ok(Json(Removed {
        id,
        removed: versions.collect(),
    }))
}

/// An id that cannot be one is as unknown as one that is not there.
pub(super) fn plugin_id(host: &Host, id: &str) -> Result<PluginId, Problem> {
    match id.parse() {
        Ok(id) => Ok(id),
        Err(_) => Err(host.plugins.unknown(id)?.into()),
    }
}
