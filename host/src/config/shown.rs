//! What is in force, setting by setting, with where each comes from: what `stoflow config show` and
//! `GET /api/config` say. Secrets are stars from the beginning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::layer::Layer;
use super::places::{Places, joined};
use super::setting::{Kind, SETTINGS, Setting};
use crate::model::PluginId;

/// What sets a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SetBy {
    /// Nobody.
    Default,
    /// `stoflow.toml`.
    File,
    /// A file of variables.
    EnvFile,
    /// A variable.
    Environment,
    /// A flag.
    Flag,
}

/// A setting that is in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ShownSetting")]
pub struct Shown {
    /// Its key in `stoflow.toml`.
    pub key: String,
    /// The value, stars for a secret; `null` where there is none.
    pub value: Value,
    /// What sets it.
    pub set_by: SetBy,
    /// File and line, variable, or flag; `null` for a default.
    pub place: Option<String>,
}

/// All of them: those of `plugins` too, whose secrets are stars in `tables` already.
pub(super) fn shown(tables: &Value, plugins: &[&PluginId], places: &Places) -> Vec<Shown> {
    let mut all = Vec::new();
    for setting in SETTINGS.iter().filter(|s| s.of_plugin().is_none()) {
        add(&mut all, setting, None, tables, places);
    }
    for plugin in plugins {
        for setting in SETTINGS.iter().filter(|s| s.of_plugin().is_some()) {
            add(&mut all, setting, Some(plugin), tables, places);
        }
    }
    all
}

fn add(
    all: &mut Vec<Shown>,
    setting: &Setting,
    plugin: Option<&PluginId>,
    tables: &Value,
    places: &Places,
) {
    let key = setting.key_for(plugin);
    let value = key
        .split('.')
        .try_fold(tables, |table, key| table.get(key))
        .cloned()
        .unwrap_or(Value::Null);
    match value {
        Value::Object(entries) if setting.kind == Kind::Map => {
            let entries = entries.into_iter();
            all.extend(entries.map(|(name, value)| one(joined(&key, &name), value, places)));
        }
        _ if setting.kind == Kind::Map => {}
        value => all.push(one(key, value, places)),
    }
}

fn one(key: String, value: Value, places: &Places) -> Shown {
    let set_by = match places.layer(&key) {
        None => SetBy::Default,
        Some(Layer::File) => SetBy::File,
        Some(Layer::EnvFile) => SetBy::EnvFile,
        Some(Layer::Environment) => SetBy::Environment,
        Some(Layer::Flag) => SetBy::Flag,
    };
    Shown {
        value,
        set_by,
        place: places.origin(&key),
        key,
    }
}
