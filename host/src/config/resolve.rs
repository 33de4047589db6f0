//! From a plugin's table to what is used of it: secrets read from their files, and what no type says
//! looked through.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::fault::Fault;
use super::file::check_origin;
use super::places::{Places, joined};
use super::plugin::{PluginTable, SECRET_BYTES_MIN};
use super::{PluginConfig, webhook};
use crate::model::PluginId;
use crate::secret::Secret;

/// Where a key of the plugin's table is.
pub(super) type PlaceOf<'a> = &'a dyn Fn(&str) -> String;

/// What is used of a table. What is wrong in it is added to the faults, and left out.
pub(super) fn resolve(
    table: &PluginTable,
    place: PlaceOf<'_>,
    faults: &mut Vec<Fault>,
) -> PluginConfig {
    let secret = client_secret(table, place);
    let client_secret = secret.unwrap_or_else(|fault| {
        faults.push(fault);
        None
    });
    let webhook_secrets = webhook::secrets(
        table.webhook_secrets.as_deref(),
        table.webhook_secrets_file.as_deref(),
        place,
    );
    let webhook_secrets = webhook_secrets.unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    });
    for (real, stand_in) in &table.origins {
        for origin in [real, stand_in] {
            if let Err(message) = check_origin(origin) {
                faults.push(Fault::new(place(&joined("origins", real)), message));
            }
        }
    }
    if table.rate_limits.contradict() {
        let second = place("rate_limits.per_second");
        faults.push(Fault::new(
            place("rate_limits.per_day"),
            format!("allows fewer requests a day than {second} a second"),
        ));
    }
    PluginConfig {
        client_id: table.client_id.clone(),
        client_secret,
        webhook_secrets,
        redirect_uri: table.redirect_uri.clone(),
        scopes_left_out: table.scopes_left_out.clone(),
        origins: table.origins.clone(),
        settings: table.settings.clone(),
        rate_limits: table.rate_limits,
        polling: table.polling,
        grant: table.grant.clone(),
    }
}

fn client_secret(table: &PluginTable, place: PlaceOf<'_>) -> Result<Option<Secret>, Fault> {
    let (key, text) = match (&table.client_secret, &table.client_secret_file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(beside("client_secret", place)),
        (Some(secret), None) => ("client_secret", Secret::new(secret.clone())),
        (None, Some(file)) => {
            let key = "client_secret_file";
            let text = read_secret(file, key, place)?;
            (key, Secret::new(text.expose().trim().to_owned()))
        }
    };
    let bytes = text.expose().len();
    if bytes < SECRET_BYTES_MIN {
        let message = format!(
            "has {bytes} bytes; one shorter than {SECRET_BYTES_MIN} cannot be guarded, because \
             replies are searched for it"
        );
        return Err(Fault::new(place(key), message));
    }
    Ok(Some(text))
}

/// The text of a secret's file.
pub(super) fn read_secret(file: &Path, key: &str, place: PlaceOf<'_>) -> Result<Secret, Fault> {
    let text = fs::read_to_string(file);
    text.map(Secret::new)
        .map_err(|error| Fault::new(place(key), format!("{}: {error}", file.display())))
}

/// A secret stands beside the file that is to hold it.
pub(super) fn beside(key: &str, place: PlaceOf<'_>) -> Fault {
    let file = place(&format!("{key}_file"));
    Fault::new(
        place(key),
        format!("stands beside {file}; keep one of them"),
    )
}

/// Where two marketplaces send browsers to one address, the answer of one can be passed off as the
/// other's (RFC 9700 §4.4).
pub(super) fn check_redirects(
    plugins: &BTreeMap<PluginId, Arc<PluginConfig>>,
    places: &Places,
    faults: &mut Vec<Fault>,
) {
    let place = |id: &PluginId| places.place(&format!("plugins.{id}.redirect_uri"));
    let mut seen = BTreeMap::new();
    for (id, plugin) in plugins {
        let Some(uri) = &plugin.redirect_uri else {
            continue;
        };
        let address = uri.split(['?', '#']).next().unwrap_or_default();
        if let Some(other) = seen.insert(address, id) {
            let message = format!(
                "is that of {other}, too ({}); each marketplace needs an address of its own",
                place(other)
            );
            faults.push(Fault::new(place(id), message));
        }
    }
}

/// What does nothing as it stands: it may be right later, with another version of the plugin.
pub(super) fn warnings(id: &PluginId, plugin: &PluginConfig, place: PlaceOf<'_>) -> Vec<Fault> {
    let Some(grant) = &plugin.grant else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let scopes = grant.provider.iter().flat_map(|provider| &provider.scopes);
    let scopes: Vec<&str> = scopes.map(|scope| scope.name.as_str()).collect();
    let left_out = plugin.scopes_left_out.iter();
    for name in left_out.filter(|name| !scopes.contains(&name.as_str())) {
        all.push(Fault::new(
            place("scopes_left_out"),
            format!(
                "names {name:?}, which is none of {id}'s scopes {}",
                scopes.join(", ")
            ),
        ));
    }
    let mut real: BTreeSet<String> = grant.endpoints.iter().map(|e| e.origin.clone()).collect();
    let consent = grant.provider.iter().flat_map(|provider| {
        let revoke = provider.revoke_url.iter();
        [&provider.authorize_url, &provider.token_url]
            .into_iter()
            .chain(revoke)
    });
    real.extend(consent.filter_map(|url| {
        let url = url::Url::parse(url).ok()?;
        Some(url.origin().ascii_serialization())
    }));
    for origin in plugin.origins.keys().filter(|key| !real.contains(*key)) {
        let known: Vec<&str> = real.iter().map(String::as_str).collect();
        all.push(Fault::new(
            place(&joined("origins", origin)),
            format!(
                "stands for an origin that {id} is not granted; those are {}",
                known.join(", ")
            ),
        ));
    }
    all
}
