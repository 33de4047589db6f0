//! Every setting there is, in one list: its key in `stoflow.toml`, its variables, its default. What is
//! read, what is shown and what docs/configuration.md says are compared with it.

use crate::model::PluginId;

/// What a variable's text is turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A text that is never shown.
    Secret,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// Texts: in a variable with commas or white space between them.
    List,
    /// Texts by name: `settings.who_made`.
    Map,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The key in `stoflow.toml`; `*` stands for a plugin's id.
    pub key: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What holds where nobody sets it, as it is written; empty for nothing.
    pub default: &'static str,
    /// Its other variable: whole, or for a plugin's setting what stands behind `ETSY_`.
    pub short: Option<&'static str>,
    /// What it does, in a line.
    pub says: &'static str,
}

const fn setting(
    key: &'static str,
    kind: Kind,
    default: &'static str,
    short: Option<&'static str>,
    says: &'static str,
) -> Setting {
    Setting {
        key,
        kind,
        default,
        short,
        says,
    }
}

/// All of them, in the order in which they are shown.
pub const SETTINGS: &[Setting] = &[
    setting(
        "log.filter",
        Kind::Text,
        "warn",
        Some("STOFLOW_LOG"),
        "What is logged: error, warn, info, debug, trace, or by module: `warn,stoflow_host=debug`",
    ),
    setting(
        "log.format",
        Kind::Text,
        "text",
        Some("STOFLOW_LOG_FORMAT"),
        "How it is logged: `text` for people, `json` for programs",
    ),
    setting(
        "server.listen",
        Kind::Text,
        "127.0.0.1:7100",
        None,
        "The address and port at which `stoflow serve` listens; the flag is `--listen`",
    ),
    setting(
        "server.hosts",
        Kind::List,
        "",
        None,
        "Names, with or without a port, under which it is reached besides loopback ones: those of the proxy before it",
    ),
    setting(
        "server.cors_origins",
        Kind::List,
        "",
        None,
        "Origins whose pages may use the API from a browser",
    ),
    setting(
        "server.connections_max",
        Kind::Number,
        "2048",
        None,
        "Connections at once",
    ),
    setting(
        "server.connections_per_address_max",
        Kind::Number,
        "64",
        None,
        "Connections at once of one address that is no loopback one; 0 for as many as there are",
    ),
    setting(
        "server.requests_max",
        Kind::Number,
        "512",
        None,
        "Requests worked on at once",
    ),
    setting(
        "server.head_seconds",
        Kind::Number,
        "10",
        None,
        "Seconds that a request's head may take",
    ),
    setting(
        "server.idle_seconds",
        Kind::Number,
        "75",
        None,
        "Seconds that a connection is kept between two requests",
    ),
    setting(
        "server.body_seconds",
        Kind::Number,
        "15",
        None,
        "Seconds in which nothing of a body comes, until it is given up",
    ),
    setting(
        "server.reply_seconds",
        Kind::Number,
        "30",
        None,
        "Seconds in which nothing of a reply is taken, until it is given up",
    ),
    setting(
        "server.grace_seconds",
        Kind::Number,
        "25",
        None,
        "Seconds that running requests have to finish when it is stopped",
    ),
    setting(
        "consent.return_origins",
        Kind::List,
        "",
        None,
        "Origins of your own pages to which a browser may be sent back after consent",
    ),
    setting(
        "plugins.*.client_id",
        Kind::Text,
        "",
        Some("API_KEY"),
        "The app's id at the marketplace",
    ),
    setting(
        "plugins.*.client_secret",
        Kind::Secret,
        "",
        Some("API_SECRET"),
        "The app's secret",
    ),
    setting(
        "plugins.*.client_secret_file",
        Kind::Text,
        "",
        None,
        "The file that holds it instead",
    ),
    setting(
        "plugins.*.webhook_secrets",
        Kind::Secret,
        "",
        None,
        "The secrets by which the marketplace's pushes are known, with white space between them",
    ),
    setting(
        "plugins.*.webhook_secrets_file",
        Kind::Text,
        "",
        None,
        "The file that holds them instead",
    ),
    setting(
        "plugins.*.redirect_uri",
        Kind::Text,
        "",
        Some("REDIRECT_URI"),
        "The `redirect_uri` of consent, to the letter as the marketplace knows it; unset, \
         `http://localhost:3000/<id>/callback`",
    ),
    setting(
        "plugins.*.scopes_left_out",
        Kind::List,
        "",
        None,
        "Scopes that sellers are not asked for",
    ),
    setting(
        "plugins.*.rate_limits.per_second",
        Kind::Number,
        "",
        Some("RATE_LIMIT_PER_SECOND"),
        "At most so many requests a second, however many the marketplace allows",
    ),
    setting(
        "plugins.*.rate_limits.per_day",
        Kind::Number,
        "",
        Some("RATE_LIMIT_PER_DAY"),
        "At most so many requests a day, however many the marketplace allows",
    ),
    setting(
        "plugins.*.polling.orders_minutes",
        Kind::Number,
        "5",
        Some("POLLING_INTERVAL_ORDERS"),
        "Minutes between looks for new orders",
    ),
    setting(
        "plugins.*.polling.listings_minutes",
        Kind::Number,
        "15",
        Some("POLLING_INTERVAL_LISTINGS"),
        "Minutes between looks at listings",
    ),
    setting(
        "plugins.*.polling.low_stock_quantity",
        Kind::Number,
        "5",
        Some("POLLING_LOW_STOCK_THRESHOLD"),
        "From how many pieces down a listing's stock is low",
    ),
    setting(
        "plugins.*.origins",
        Kind::Map,
        "",
        None,
        "Stand-ins: real origin = the one that is dialled instead",
    ),
    setting(
        "plugins.*.settings",
        Kind::Map,
        "",
        None,
        "The plugin's own settings, which `stoflow plugin show` lists",
    ),
];

/// Variables of a plugin that are no setting of their own, but part of one; what stands behind
/// `ETSY_`, the setting, and what it does.
pub const FORMER: &[(&str, &str, &str)] = &[
    (
        "API_BASE",
        "plugins.*.origins",
        "A base URL; its origin is dialled instead of the one of the plugin's endpoints",
    ),
    (
        "OAUTH_BASE",
        "plugins.*.origins",
        "A base URL; its origin is dialled instead of the one of the page of consent",
    ),
    (
        "SCOPE_<SCOPE>",
        "plugins.*.scopes_left_out",
        "`false`: sellers are not asked for the scope; `true`: they are, whatever else leaves it out",
    ),
];

/// What [`FORMER`] scopes begin with.
pub(super) const FORMER_SCOPE: &str = "SCOPE_";

/// Variables that are no setting of `stoflow.toml`, with what each does.
pub const OTHERS: &[(&str, &str)] = &[
    (
        "STOFLOW_DATA_DIR",
        "Where all is kept, `stoflow.toml` too; the flag is `--data-dir`, the default \
         `$XDG_STATE_HOME/stoflow`, else `~/.local/state/stoflow`",
    ),
    (
        "STOFLOW_ENV_FILE",
        "A file of variables, as `.env` files are; the flag is `--env-file`. No other is read",
    ),
    (
        "STOFLOW_MASTER_KEY",
        "The key that all is sealed under, 32 bytes in base64",
    ),
    ("STOFLOW_MASTER_KEY_FILE", "The file that holds it instead"),
    ("STOFLOW_KEY", "The key to the server that `--server` names"),
    (
        "STOFLOW_COMPILED_DIR",
        "Where compiled plugins are kept, instead of in the data directory",
    ),
];

/// What variables of this repository's own tests begin with: their processes inherit them.
pub(super) const TESTS: &[&str] = &[
    "STOFLOW_ROUNDS_",
    "STOFLOW_SEED",
    "STOFLOW_SHIM_",
    "STOFLOW_TEST_",
    "STOFLOW_CHILD_",
];

/// What the names of plugins' settings' variables begin with.
const PLUGINS: &str = "STOFLOW_PLUGINS__";

impl Setting {
    /// The variable that every setting has: `STOFLOW_`, and its key in capitals with `__` for each
    /// dot; `<ID>` stands for a plugin's id and `<NAME>` for a name in a map. `None` for origins,
    /// which a variable's name cannot spell.
    pub fn variable(&self) -> Option<String> {
        if self.key == "plugins.*.origins" {
            return None;
        }
        let key = self.key.to_ascii_uppercase();
        let key = key.replace('.', "__").replace('*', "<ID>");
        let name = if self.kind == Kind::Map {
            "__<NAME>"
        } else {
            ""
        };
        Some(format!("STOFLOW_{key}{name}"))
    }

    /// Its other variable, with `<ID>` for a plugin's id.
    pub fn short_variable(&self) -> Option<String> {
        let short = self.short?;
        Some(match self.of_plugin() {
            Some(_) => format!("<ID>_{short}"),
            None => short.to_owned(),
        })
    }

    /// The key below a plugin's table; `None` for what is no plugin's.
    pub(super) fn of_plugin(&self) -> Option<&'static str> {
        self.key.strip_prefix("plugins.*.")
    }

    /// The key in a plugin's table, or its own.
    pub(super) fn key_for(&self, plugin: Option<&PluginId>) -> String {
        match plugin {
            Some(id) => self.key.replace('*', id.as_str()),
            None => self.key.to_owned(),
        }
    }
}

/// A setting that a variable's name means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meant {
    pub(super) kind: Kind,
    /// The keys on the way to it.
    pub(super) keys: Vec<String>,
}

/// The setting with this variable, of those that begin with `STOFLOW_`.
pub(super) fn meant(variable: &str) -> Option<Meant> {
    if let Some(rest) = variable.strip_prefix(PLUGINS) {
        let (id, rest) = rest.split_once("__")?;
        let id: PluginId = id.to_ascii_lowercase().replace('_', "-").parse().ok()?;
        if capitals(&id) != variable.get(PLUGINS.len()..PLUGINS.len() + id.as_str().len())? {
            return None;
        }
        return of_plugin(&id, rest);
    }
    let setting = SETTINGS.iter().find(|setting| {
        setting.of_plugin().is_none()
            && (setting.variable().as_deref() == Some(variable) || setting.short == Some(variable))
    })?;
    Some(Meant {
        kind: setting.kind,
        keys: split(setting.key),
    })
}

fn of_plugin(id: &PluginId, rest: &str) -> Option<Meant> {
    for setting in SETTINGS {
        let Some(key) = setting.of_plugin() else {
            continue;
        };
        let name = key.to_ascii_uppercase().replace('.', "__");
        let mut keys = vec!["plugins".to_owned(), id.to_string()];
        keys.extend(split(key));
        if setting.kind != Kind::Map && name == rest {
            return Some(Meant {
                kind: setting.kind,
                keys,
            });
        }
        let entry = rest
            .strip_prefix(&name)
            .and_then(|rest| rest.strip_prefix("__"))
            .filter(|entry| !entry.is_empty() && setting.variable().is_some());
        if let (Kind::Map, Some(entry)) = (setting.kind, entry) {
            keys.push(entry.to_ascii_lowercase());
            return Some(Meant {
                kind: Kind::Text,
                keys,
            });
        }
    }
    None
}

/// The setting that a plugin's short variable means: `API_KEY` of `ETSY_API_KEY`.
pub(super) fn meant_short(id: &PluginId, short: &str) -> Option<Meant> {
    let setting = SETTINGS
        .iter()
        .find(|setting| setting.of_plugin().is_some() && setting.short == Some(short))?;
    Some(Meant {
        kind: setting.kind,
        keys: split(&setting.key_for(Some(id))),
    })
}

/// What a plugin's variables begin with, without the `_`.
pub(super) fn capitals(id: &PluginId) -> String {
    id.as_str().to_ascii_uppercase().replace('-', "_")
}

/// The variable that somebody most likely meant who wrote one that means nothing.
pub(super) fn nearest(variable: &str, plugins: &[PluginId]) -> Option<String> {
    /// Letters that may be wrong, missing, too many or exchanged: with more it is another word.
    const WRONG_MAX: usize = 2;

    let others = OTHERS.iter().map(|(name, _)| (*name).to_owned());
    let settings = SETTINGS.iter().flat_map(|setting| {
        let names = [setting.variable(), setting.short_variable()];
        names.into_iter().flatten().flat_map(|name| {
            if !name.contains("<ID>") {
                return vec![name];
            }
            let filled = plugins.iter().map(|id| name.replace("<ID>", &capitals(id)));
            filled.collect()
        })
    });
    let former = plugins.iter().flat_map(|id| {
        let names = FORMER.iter().map(|(name, ..)| *name);
        names.map(move |name| format!("{}_{name}", capitals(id)))
    });
    others
        .chain(settings)
        .chain(former)
        .map(|name| (strsim::damerau_levenshtein(variable, &name), name))
        .filter(|(wrong, _)| *wrong <= WRONG_MAX)
        .min_by_key(|(wrong, _)| *wrong)
        .map(|(_, name)| name)
}

fn split(key: &str) -> Vec<String> {
    key.split('.').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(meant: Option<Meant>) -> Option<String> {
        meant.map(|meant| meant.keys.join("."))
    }

    #[test]
    fn a_variable_means_one_setting_by_a_rule() {
        for (variable, key) in [
            ("STOFLOW_LOG__FORMAT", Some("log.format")),
            ("STOFLOW_LOG_FORMAT", Some("log.format")),
            ("STOFLOW_LOG", Some("log.filter")),
            (
                "STOFLOW_PLUGINS__ETSY__CLIENT_ID",
                Some("plugins.etsy.client_id"),
            ),
            (
                "STOFLOW_PLUGINS__E_BAY__RATE_LIMITS__PER_DAY",
                Some("plugins.e-bay.rate_limits.per_day"),
            ),
            (
                "STOFLOW_PLUGINS__ETSY__SETTINGS__WHO_MADE",
                Some("plugins.etsy.settings.who_made"),
            ),
            ("STOFLOW_PLUGINS__ETSY__SETTINGS__", None),
            ("STOFLOW_PLUGINS__ETSY__ORIGINS__X", None),
            ("STOFLOW_PLUGINS__etsy__CLIENT_ID", None),
            ("STOFLOW_PLUGINS__ETSY__CLIENTID", None),
            ("STOFLOW_PLUGINS__1__CLIENT_ID", None),
            ("STOFLOW_LOGS", None),
        ] {
            assert_eq!(keys(meant(variable)).as_deref(), key, "{variable}");
        }
        let etsy: PluginId = "etsy".parse().unwrap();
        assert_eq!(
            keys(meant_short(&etsy, "API_KEY")).as_deref(),
            Some("plugins.etsy.client_id")
        );
        assert!(meant_short(&etsy, "API_KEYS").is_none());
    }

    #[test]
    fn no_two_settings_have_one_variable() {
        let mut names = Vec::new();
        for setting in SETTINGS {
            names.extend(setting.variable());
            names.extend(setting.short_variable());
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_misspelt_variable_has_a_near_one() {
        let etsy: PluginId = "etsy".parse().unwrap();
        let near = |name: &str| nearest(name, std::slice::from_ref(&etsy));
        assert_eq!(near("ETSY_API_KEEY").as_deref(), Some("ETSY_API_KEY"));
        assert_eq!(near("STOFLOW_DATADIR").as_deref(), Some("STOFLOW_DATA_DIR"));
        assert_eq!(near("STOFLOW_X"), None);
    }
}
