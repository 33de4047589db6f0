//! From the text of `stoflow.toml` and the layers above it to what is set: read, laid over, looked
//! through. Whatever is wrong is gathered, each with its place.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml_edit::Document;

use super::fault::{ConfigError, Fault};
use super::former::Former;
use super::layer::Layers;
use super::places::{self, Places};
use super::plugin::PluginTable;
use super::resolve::{check_redirects, resolve, warnings};
use super::shown::{Shown, shown};
use super::{ConsentConfig, LogConfig, PluginConfig, ServerConfig, overlay};
use crate::model::PluginId;

/// Faults after which reading ends: the rest follows from them, or is another file.
const FAULTS_MAX: usize = 32;

/// What is set, as it is used.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) log: LogConfig,
    pub(super) consent: Arc<ConsentConfig>,
    pub(super) server: Arc<ServerConfig>,
    pub(super) plugins: BTreeMap<PluginId, Arc<PluginConfig>>,
    pub(super) shown: Arc<[Shown]>,
    pub(super) warnings: Arc<[Fault]>,
}

/// The file, as it stands there. It has no `Debug`: it may hold secrets.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tables {
    #[serde(default)]
    pub(super) log: LogConfig,
    #[serde(default)]
    pub(super) consent: ConsentConfig,
    #[serde(default)]
    pub(super) server: ServerConfig,
    #[serde(default)]
    pub(super) plugins: BTreeMap<PluginId, PluginTable>,
}

/// Reads all of it.
pub(super) fn read(path: &Path, text: &str, layers: &Layers) -> Result<Set, ConfigError> {
    let (text, mut faults) = readable(path, text)?;
    let document = Document::parse(text.as_str())
        .map_err(|error| faulty(path, &text, error.span(), error.message()))?;
    let mut places = Places::of(path, &text, &document);
    let value: Value = toml_edit::de::from_str(&text)
        .map_err(|error| faulty(path, &text, error.span(), error.message()))?;
    let mut tables = overlay::lay_over(value, layers, &mut places, &mut faults);
    for (id, table) in &mut tables.plugins {
        let mut former = Former {
            id,
            table,
            places: &mut places,
            faults: &mut faults,
        };
        former.apply(layers);
    }
    check(&tables, &places, &mut faults);
    let mut plugins = BTreeMap::new();
    let mut warned = Vec::new();
    for (id, table) in &tables.plugins {
        let place = |key: &str| places.place(&format!("plugins.{id}.{key}"));
        let plugin = resolve(table, &place, &mut faults);
        warned.extend(warnings(id, &plugin, &place));
        plugins.insert(id.clone(), Arc::new(plugin));
    }
    check_redirects(&plugins, &places, &mut faults);
    if !faults.is_empty() {
        return Err(ConfigError::Faults(faults));
    }
    let ids: Vec<&PluginId> = plugins.keys().collect();
    let shown = shown(&starred(&mut tables)?, &ids, &places).into();
    Ok(Set {
        log: tables.log,
        consent: Arc::new(tables.consent),
        server: Arc::new(tables.server),
        plugins,
        shown,
        warnings: warned.into(),
    })
}

/// What no type says of the tables that are no plugin's.
fn check(tables: &Tables, places: &Places, faults: &mut Vec<Fault>) {
    if let Err((index, message)) = tables.consent.check() {
        let key = format!("consent.return_origins[{index}]");
        faults.push(Fault::new(places.place(&key), message));
    }
    if let Err((key, message)) = tables.server.check() {
        let key = format!("server.{key}");
        faults.push(Fault::new(places.place(&key), message));
    }
}

/// The tables with stars for secrets.
fn starred(tables: &mut Tables) -> Result<Value, ConfigError> {
    let stars = |secret: &mut Option<String>| {
        if secret.is_some() {
            *secret = Some("***".to_owned());
        }
    };
    for table in tables.plugins.values_mut() {
        stars(&mut table.client_secret);
        stars(&mut table.webhook_secrets);
    }
    serde_json::to_value(tables)
        .map_err(|error| ConfigError::one("stoflow.toml", error.to_string()))
}

/// The text without what cannot be read in it, and what that is. Lines stay where they are.
///
/// # Errors
/// It is no TOML, or something is wrong without which the rest means something else.
fn readable(path: &Path, text: &str) -> Result<(String, Vec<Fault>), ConfigError> {
    let (mut text, mut faults) = (text.to_owned(), Vec::new());
    loop {
        let Err(error) = toml_edit::de::from_str::<Tables>(&text) else {
            return Ok((text, faults));
        };
        let offset = error.span().map_or(0, |span| span.start);
        let document = Document::parse(text.as_str());
        let written = document
            .as_ref()
            .ok()
            .and_then(|document| places::at(document, offset));
        let key = written.as_ref().map(|written| written.key.as_str());
        let message = if key.is_some_and(is_secret) {
            "has to be a text, in quotation marks"
        } else {
            error.message()
        };
        faults.push(fault(path, &text, offset, message));
        let rest = written.map(|written| without(&text, written.range));
        match rest.filter(|rest| Document::parse(rest.as_str()).is_ok()) {
            Some(rest) if faults.len() < FAULTS_MAX => text = rest,
            _ => return Err(ConfigError::Faults(faults)),
        }
    }
}

/// What a wrong type's error would quote.
fn is_secret(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    matches!(last, "client_secret" | "webhook_secrets")
}

fn without(text: &str, range: Range<usize>) -> String {
    let before = text.get(..range.start).unwrap_or_default();
    let gone = text.get(range.clone()).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    let blank = gone.chars().filter(|c| *c == '\n');
    before.chars().chain(blank).chain(after.chars()).collect()
}

fn fault(path: &Path, text: &str, offset: usize, message: &str) -> Fault {
    let line = places::line(text, offset);
    Fault::new(format!("{}:{line}", path.display()), message.trim())
}

/// The file is no TOML.
pub(super) fn faulty(
    path: &Path,
    text: &str,
    span: Option<Range<usize>>,
    message: &str,
) -> ConfigError {
    let offset = span.map_or(0, |span| span.start);
    ConfigError::Faults(vec![fault(path, text, offset, message)])
}

/// The plugins that a document names.
pub(super) fn plugins(value: &Value) -> BTreeSet<PluginId> {
    let plugins = value.get("plugins").and_then(Value::as_object);
    let names = plugins.into_iter().flat_map(|plugins| plugins.keys());
    names.filter_map(|name| name.parse().ok()).collect()
}
