//! `/api/accounts/{account}/settings`: an account's own values, checked against what its plugin says
//! can be set. A name that nobody reads would be a setting that silently does nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::account_status::{AccountReport, report};
use super::caller::Caller;
use super::extract::{Body, Path};
use super::problem::{Problem, ProblemKind, Violation};
use crate::contract::{nearest, same_name};
use crate::host::Host;
use crate::model::{PluginId, Setting};

/// A setting is an id, a name or a word.
const VALUE_CHARS_MAX: usize = 500;

/// Values by the settings' names; null takes one away.
pub(super) type Values = BTreeMap<String, Option<String>>;

/// Sets, and with null unsets, values: all of them, or where one is wrong none.
pub(super) async fn set(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(account): Path<String>,
    Body(values): Body<Values>,
) -> Result<Json<AccountReport>, Problem> {
    let account = caller.account(&host, &account)?;
    let installed = host.plugins.active_installed(&account.plugin)?;
    let known = &installed.description.settings;
    let mut checked = BTreeMap::new();
    let mut violations = Vec::new();
    for (name, value) in values {
        // What an earlier version read can be taken away for ever.
        let is_left = value.is_none() && account.settings.contains_key(&name);
        match wrong(&account.plugin, known, &name, value.as_deref()) {
            Some((code, message)) if !is_left => violations.push(Violation {
                path: format!("/{name}"),
                code: code.to_owned(),
                message,
            }),
            _ => {
                let setting = find(known, &name);
                checked.insert(setting.map_or(name, |setting| setting.name.clone()), value);
            }
        }
    }
    if !violations.is_empty() {
        let title = "the settings are not those of the plugin; nothing was set";
        let mut problem = Problem::new(ProblemKind::InvalidArguments, title);
        problem.violations = violations;
        return Err(problem);
    }
    host.accounts.set(&account.id, &checked).await?;
    report(&host, &account.id).map(Json)
}

fn find<'a>(known: &'a [Setting], name: &str) -> Option<&'a Setting> {
    known.iter().find(|setting| same_name(&setting.name, name))
}

/// What is wrong with one: a code for programs and a sentence for people.
fn wrong(
    plugin: &PluginId,
    known: &[Setting],
    name: &str,
    value: Option<&str>,
) -> Option<(&'static str, String)> {
    let Some(setting) = find(known, name) else {
        return Some(("unknown", unknown(plugin, known, name)));
    };
    if !setting.per_account {
        let message = format!(
            "{name} is set for all accounts: stoflow plugin configure {plugin} --set {name}=VALUE"
        );
        return Some(("not_per_account", message));
    }
    let value = value?;
    if value.trim().is_empty() {
        return Some((
            "empty",
            format!("{name} is empty; --unset {name} takes it away"),
        ));
    }
    if value.chars().count() > VALUE_CHARS_MAX || value.chars().any(char::is_control) {
        let message = format!("{name} takes one line of at most {VALUE_CHARS_MAX} characters");
        return Some(("value", message));
    }
    None
}

fn unknown(plugin: &PluginId, known: &[Setting], name: &str) -> String {
    let own = known.iter().filter(|setting| setting.per_account);
    let names: Vec<&str> = own.map(|setting| setting.name.as_str()).collect();
    if names.is_empty() {
        return format!("{plugin} has no settings of accounts");
    }
    let all = names.join(", ");
    match nearest(name, names.iter().copied()) {
        Some(meant) => {
            format!("{plugin} has no setting {name:?}: did you mean {meant}? It has {all}")
        }
        None => format!("{plugin} has no setting {name:?}; it has {all}"),
    }
}
