//! `/openapi.json`: what the API is, as OpenAPI 3.1. It is made from the list that the router is made
//! from and from the schemas of the installed plugins, so that it cannot say what is not so.

mod functions;
mod operations;
mod parameters;
mod problems;
mod values;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::functions::endpoints;
use super::problem::Problem;
use super::route::{Permission, Route};
use crate::host::Host;
use crate::plugins::{ActivePlugin, PluginsError};
use functions::Functions;
use operations::Operations;
use values::put;

/// What stands under each heading.
const TAGS: &[(&str, &str)] = &[
    ("Consent", "A seller lets the host act for his shop."),
    ("Accounts", "Sellers' connections to marketplaces."),
    ("Products", "From a product to a listing that buyers see."),
    ("Listings", "What is on a marketplace."),
    ("Orders", "What buyers have bought."),
    (
        "Shop",
        "The seller's shop, its sections, and what it lacks.",
    ),
    (
        "Policies",
        "Shipping profiles and the other rules that a seller keeps on a marketplace.",
    ),
    (
        "Categories",
        "Under what a marketplace lists goods, and what it asks for there.",
    ),
    ("Calls", "Functions of plugins, by their names."),
    (
        "Operations",
        "What was asked for and takes long: how far it is, and what came of it.",
    ),
    (
        "Files",
        "Pictures that are uploaded before the product that names them.",
    ),
    (
        "Events",
        "What has happened, to be read on from where one stood.",
    ),
    ("Polling", "What is looked for regularly."),
    ("Quotas", "What marketplaces allow, and what is left of it."),
    ("Webhooks", "What marketplaces push."),
    (
        "Plugins",
        "Marketplaces' plugins, and what the operator sets for them.",
    ),
    (
        "Store",
        "What is kept, and the key that it is sealed under.",
    ),
    ("Keys", "Keys to the API."),
    ("Users", "Who has accounts or keys here."),
    (
        "Host",
        "The host itself: its settings, and what it has counted.",
    ),
    ("Health", "Whether the host lives and is ready."),
    ("Documentation", "This document and its pages."),
];

/// The path that stands for all functions, whose place theirs take.
const ANY_FUNCTION: &str = "/api/{plugin}/call/{interface}/{function}";

/// The document.
pub(super) fn routes() -> Vec<Route> {
    let kept = Arc::new(Kept::default());
    let show = async move |_: Caller, State(host): State<Arc<Host>>| show(&host, &kept);
    vec![
        Route::new(
            Method::GET,
            "/openapi.json",
            Permission::Reader,
            ("Documentation", "Describes the API as OpenAPI 3.1"),
            show,
        )
        .replies_with(200, "The document.", "application/json"),
    ]
}

fn show(host: &Host, kept: &Kept) -> Result<Response, Problem> {
    let document = kept.document(host)?;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], document).into_response())
}

/// The document as it is now.
pub(super) fn document_of(host: &Host) -> Result<Value, Problem> {
    Ok(document(&super::routes(), &active(host)?))
}

/// The document as it was last made, and for which plugins.
#[derive(Default)]
struct Kept(Mutex<Option<(Vec<String>, Bytes)>>);

impl Kept {
    /// Made again only where other versions are active than before.
    fn document(&self, host: &Host) -> Result<Bytes, Problem> {
        let plugins = active(host)?;
        let digests: Vec<String> = plugins.iter().map(|p| p.installed.sha256.clone()).collect();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, document)) = kept.as_ref().filter(|(of, _)| *of == digests) {
            return Ok(document.clone());
        }
        let json = Bytes::from(document(&super::routes(), &plugins).to_string());
        *kept = Some((digests, json.clone()));
        Ok(json)
    }
}

/// The plugins that can be called. One that cannot be loaded any more has no functions.
fn active(host: &Host) -> Result<Vec<Arc<ActivePlugin>>, PluginsError> {
    let versions = host.plugins.list()?.into_iter();
    let active = versions.filter(|(_, is_active)| *is_active);
    let loaded = active.filter_map(|(installed, _)| {
        let id = installed.description.id;
        host.plugins.active(&id).ok()
    });
    Ok(loaded.collect())
}

/// Whether a route stands for a function of any plugin. Where there are plugins, theirs take its place.
fn is_any_function(route: &Route) -> bool {
    let mut at = endpoints().map(|endpoint| endpoint.path("{plugin}"));
    route.path == ANY_FUNCTION || at.any(|path| route.path == path)
}

/// The document of these routes and plugins.
fn document(routes: &[Route], plugins: &[Arc<ActivePlugin>]) -> Value {
    let ids = plugins
        .iter()
        .map(|p| p.installed.description.id.to_string());
    let mut operations = Operations::new(ids.collect());
    let mut paths = Map::new();
    for route in routes
        .iter()
        .filter(|route| plugins.is_empty() || !is_any_function(route))
    {
        let operation = operations.operation(route);
        enter(&mut paths, &route.path, route.method.as_str(), operation);
    }
    let mut tags: Vec<Value> = TAGS
        .iter()
        .map(|(name, says)| json!({ "name": name, "description": says }))
        .collect();
    let mut components = Map::new();
    for plugin in plugins {
        let functions = Functions::of(plugin);
        tags.extend(functions.tags());
        functions.enter(&mut operations, &mut paths, &mut components);
    }
    components.extend(operations.components());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Stoflow",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
        },
        "servers": [{ "url": "/" }],
        "tags": once_each(tags),
        "paths": paths,
        "components": { "schemas": components, "securitySchemes": { "key": {
            "type": "http", "scheme": "bearer",
            "description": "A key made by `stoflow key create`: `Authorization: Bearer sk_…`.",
        }, "browser": {
            "type": "http", "scheme": "basic",
            "description": "For the pages of the documentation: any name, and a key as the password.",
        } } },
    })
}

const DESCRIPTION: &str = "\
Sellers' shops on marketplaces, by one API for all of them.\n\n\
Every request but a few needs a key (`Authorization: Bearer sk_…`). Every failure is problem+json \
(RFC 9457) with a stable `type`; `/problems/…` says what each means.";

/// Puts an operation under its path.
fn enter(paths: &mut Map<String, Value>, path: &str, method: &str, operation: Value) {
    let entry = paths.entry(path).or_insert_with(|| json!({}));
    put(entry, &method.to_ascii_lowercase(), operation);
}

/// Each heading once, as OpenAPI demands (3.1.1 §4.8.1): two plugins may call themselves alike, and their
/// functions then stand under the same.
fn once_each(mut tags: Vec<Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    tags.retain(|tag| seen.insert(tag.get("name").cloned()));
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_of_one_name_share_their_headings() {
        let tag = |name: &str, says: &str| json!({ "name": name, "description": says });
        let all = vec![
            tag("Shop: orders", "a"),
            tag("Keys", "b"),
            tag("Shop: orders", "c"),
        ];
        let kept = once_each(all);
        assert_eq!(kept, [tag("Shop: orders", "a"), tag("Keys", "b")]);
    }
}
