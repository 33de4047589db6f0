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
        "server.key_requests_per_second",
        Kind::Number,
        "20",
        None,
        "Requests a second of a key that has no number of its own",
    ),
    setting(
        "server.key_burst",
        Kind::Number,
        "60",
        None,
        "Requests at once of such a key, after a pause",
    ),
    setting(
        "server.head_seconds",
        Kind::Number,
        "9",
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
