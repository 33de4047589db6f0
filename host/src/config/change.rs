//! What a command changes in one plugin's part of `stoflow.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml_edit::{Item, Table};

use super::places::joined;

/// What a command changes for one plugin; `None` leaves as it is. It has no `Debug`: it may hold the
/// app's secret.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginChange {
    /// The app's id at the marketplace.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The app's secret.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// The file that holds it.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// The secrets of the marketplace's pushes, with white space between them.
    #[serde(default)]
    pub webhook_secrets: Option<String>,
    /// The file that holds them.
    #[serde(default)]
    pub webhook_secrets_file: Option<PathBuf>,
    /// The `redirect_uri` of consent.
    #[serde(default)]
    pub redirect_uri: Option<String>,
    /// Scopes that sellers are not asked for any more.
    #[serde(default)]
    pub without_scopes: BTreeSet<String>,
    /// Scopes that they are asked for again.
    #[serde(default)]
    pub with_scopes: BTreeSet<String>,
    /// Stand-ins by real origin; an empty text takes one away.
    #[serde(default)]
    pub origins: BTreeMap<String, String>,
    /// Settings by name; an empty text takes one away.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

impl PluginChange {
    /// The keys of the plugin's table that it changes. A secret has that of either form.
    pub fn keys(&self) -> Vec<String> {
        let scopes = !self.without_scopes.is_empty() || !self.with_scopes.is_empty();
        let secret = self.client_secret.is_some() || self.client_secret_file.is_some();
        let webhooks = self.webhook_secrets.is_some() || self.webhook_secrets_file.is_some();
        let plain = [
            (self.client_id.is_some(), "client_id"),
            (secret, "client_secret"),
            (secret, "client_secret_file"),
            (webhooks, "webhook_secrets"),
            (webhooks, "webhook_secrets_file"),
            (self.redirect_uri.is_some(), "redirect_uri"),
            (scopes, "scopes_left_out"),
        ];
        let plain = plain.into_iter().filter(|(is_changed, _)| *is_changed);
        let mut keys: Vec<String> = plain.map(|(_, key)| key.to_owned()).collect();
        keys.extend(self.origins.keys().map(|name| joined("origins", name)));
        keys.extend(self.settings.keys().map(|name| joined("settings", name)));
        keys
    }
}

/// Writes a change into the plugin's table.
pub(super) fn apply(table: &mut Table, change: &PluginChange) {
    let mut set = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            table.insert(key, toml_edit::value(value));
        }
    };
    set("client_id", change.client_id.as_deref());
    set("redirect_uri", change.redirect_uri.as_deref());
    apply_secret(
        table,
        ["client_secret", "client_secret_file"],
        change.client_secret.as_deref(),
        change.client_secret_file.as_deref(),
    );
    apply_secret(
        table,
        ["webhook_secrets", "webhook_secrets_file"],
        change.webhook_secrets.as_deref(),
        change.webhook_secrets_file.as_deref(),
    );
    apply_scopes(table, change);
    apply_map(table, "origins", &change.origins);
    apply_map(table, "settings", &change.settings);
}

/// A secret, or the file that holds it: one takes the other's place.
fn apply_secret(
    table: &mut Table,
    [key, file_key]: [&str; 2],
    secret: Option<&str>,
    file: Option<&Path>,
) {
    if secret.is_some() || file.is_some() {
        table.remove(key);
        table.remove(file_key);
    }
    if let Some(secret) = secret {
        table.insert(key, toml_edit::value(secret));
    }
    if let Some(file) = file {
        table.insert(file_key, toml_edit::value(file.display().to_string()));
    }
}

fn apply_scopes(table: &mut Table, change: &PluginChange) {
    if change.without_scopes.is_empty() && change.with_scopes.is_empty() {
        return;
    }
    let before = table.get("scopes_left_out").and_then(Item::as_array);
    let before = before
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str());
    let mut left_out: BTreeSet<String> = before.map(str::to_owned).collect();
    left_out.extend(change.without_scopes.iter().cloned());
    left_out.retain(|name| !change.with_scopes.contains(name));
    if left_out.is_empty() {
        table.remove("scopes_left_out");
    } else {
        let names: toml_edit::Array = left_out.into_iter().collect();
        table.insert("scopes_left_out", toml_edit::value(names));
    }
}

fn apply_map(table: &mut Table, key: &str, changes: &BTreeMap<String, String>) {
    if changes.is_empty() {
        return;
    }
    let item = table
        .entry(key)
        .or_insert_with(|| Item::Table(Table::new()));
    let Some(map) = item.as_table_like_mut() else {
        return;
    };
    for (name, value) in changes {
        if value.is_empty() {
            map.remove(name);
        } else {
            map.insert(name, toml_edit::value(value));
        }
    }
}
