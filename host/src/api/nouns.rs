//! What a key's scopes can name. A scope that opens nothing, because its noun was mistyped, would be
//! found out when it is needed.

use super::keys::wrong;
use super::problem::Problem;
use crate::contract::{kebab_case, nearest};
use crate::host::Host;
use crate::model::{KeyScope, KeyScopes};

/// Each noun, and what it opens: to look with `read`, to change with `write`.
pub const NOUNS: &[(&str, &str)] = &[
    (
        "accounts",
        "connecting sellers' accounts, their state and settings",
    ),
    (
        "listings",
        "products and listings: rules, previews, publication, pictures, stock, categories",
    ),
    ("orders", "orders, and telling buyers of shipments"),
    (
        "shop",
        "the shop, its sections, shipping profiles and other policies",
    ),
    ("polling", "what is looked for regularly, and looking now"),
    (
        "operations",
        "the list of publications and whatever else takes long; one of them any key is told",
    ),
    ("events", "what has happened: orders, listings, accounts"),
    ("webhooks", "which pushes of the marketplace are taken"),
    ("plugins", "what plugins say of themselves"),
    (
        "metrics",
        "what was counted, of all users together, for Prometheus",
    ),
];

/// The scopes of these texts.
///
/// # Errors
/// One has not the form, or its noun is neither in the table nor an interface of a plugin.
pub(super) fn read_scopes(host: &Host, texts: &[String]) -> Result<KeyScopes, Problem> {
    let mut scopes = KeyScopes::new();
    for (index, text) in texts.iter().enumerate() {
        let pointer = format!("/scopes/{index}");
        let scope = text.parse::<KeyScope>();
        let scope = scope.map_err(|error| wrong(&pointer, "form", error.to_string()))?;
        if !is_known(host, &scope.noun) {
            return Err(wrong(&pointer, "unknown", unknown(&scope.noun)));
        }
        scopes.insert(scope);
    }
    Ok(scopes)
}

fn is_known(host: &Host, noun: &str) -> bool {
    NOUNS.iter().any(|(known, _)| *known == noun) || is_interface(host, noun)
}

/// Whether an active plugin has such an interface, which only its own functions are in.
fn is_interface(host: &Host, noun: &str) -> bool {
    let plugins = host.plugins.list().unwrap_or_default();
    let active = plugins.iter().filter(|(_, is_active)| *is_active);
    let mut active =
        active.filter_map(|(installed, _)| host.plugins.active(&installed.description.id).ok());
    active.any(|plugin| {
        let interfaces = plugin.linked.schema().interfaces();
        let mut names = interfaces.iter().map(|interface| &interface.shape().name);
        names.any(|name| kebab_case(name) == noun)
    })
}

fn unknown(noun: &str) -> String {
    let names: Vec<&str> = NOUNS.iter().map(|(noun, _)| *noun).collect();
    let all = names.join(", ");
    match nearest(noun, names.iter().copied()) {
        Some(meant) => format!("there is no {noun:?}: did you mean {meant}? There are {all}"),
        None => format!("there is no {noun:?}; there are {all}, and interfaces of plugins"),
    }
}
