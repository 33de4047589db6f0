//! The settings: which layer weighs more, what is wrong with them and where, and that no secret is
//! shown. What they do is in [`effects`].

mod effects;
mod listed;
mod program;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde_json::Value;
use stoflow_host::config::{Config, Layers, LogFormat, PluginConfig, SetBy, Shown};
use tempfile::TempDir;

/// A secret that must not be seen anywhere.
const SECRET: &str = "hunter2hunter2hunter2";

/// What Etsy's plugin is granted, as far as the settings look at it.
const GRANT: &str = r#"
[plugins.etsy.grant.provider]
authorize_url = "https://www.etsy.com/oauth/connect"
token_url = "https://api.etsy.com/v3/public/oauth/token"
redirect = "url"
client_authentication = "body"
access_token_seconds = 3600
refresh_token_seconds = 7776000
scopes = [{ name = "listings_r", summary = "see" }, { name = "listings_d", summary = "delete" }]

[[plugins.etsy.grant.endpoints]]
origin = "https://api.etsy.com"
path_prefix = "/v3/application/"
"#;

/// The three layers of a test.
#[derive(Default)]
struct Setup<'a> {
    file: &'a str,
    env_file: Option<&'a str>,
    variables: &'a [(&'a str, &'a str)],
    flags: &'a [(&'static str, &'static str, &'a str)],
}

impl Setup<'_> {
    /// The configuration, or all that is wrong with it, a line each, with files by their names alone.
    fn load(&self) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let loaded = self.load_in(&folder);
        let prefix = format!("{}/", folder.path().display());
        loaded.map_err(|lines| {
            let lines = lines.into_iter();
            lines.map(|line| line.replace(&prefix, "")).collect()
        })
    }

    fn load_in(&self, folder: &TempDir) -> Result<Config, Vec<String>> {
        let lines = |error: stoflow_host::config::ConfigError| -> Vec<String> {
            let faults = error.faults().into_iter();
            faults
                .map(|fault| format!("{}: {}", fault.place, fault.message))
                .collect()
        };
        fs::write(folder.path().join("stoflow.toml"), self.file).unwrap();
        let env_file = folder.path().join("variables.env");
        if let Some(text) = self.env_file {
            fs::write(&env_file, text).unwrap();
        }
        let named = self.env_file.map(|_| env_file.as_path());
        let mut layers = layers(self.variables, named).map_err(lines)?;
        for (key, flag, value) in self.flags {
            layers.flag(key, flag, *value);
        }
        Config::load(folder.path(), &layers).map_err(lines)
    }

    fn faults(&self) -> Vec<String> {
        self.load().err().unwrap_or_default()
    }
}

fn layers(
    variables: &[(&str, &str)],
    env_file: Option<&Path>,
) -> Result<Layers, stoflow_host::config::ConfigError> {
    let pairs = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Layers::read(pairs, env_file)
}

fn etsy(config: &Config) -> std::sync::Arc<PluginConfig> {
    config.plugin(&"etsy".parse().unwrap())
}

fn shown(config: &Config, key: &str) -> Shown {
    let all = config.shown();
    let found = all.iter().find(|shown| shown.key == key);
    found
        .unwrap_or_else(|| panic!("{key} is not shown"))
        .clone()
}

#[test]
fn a_flag_weighs_more_than_a_variable_that_more_than_its_file_and_that_more_than_stoflow_toml() {
    let file =
        "[plugins.etsy]\nclient_id = \"file\"\n[log]\nfilter = \"error\"\nformat = \"json\"\n";
    let env_file = Some("\nETSY_API_KEY=env-file\nSTOFLOW_LOG__FILTER=info\n");
    let variables = &[("STOFLOW_PLUGINS__ETSY__CLIENT_ID", "variable")][..];
    let flags = &[("log.filter", "--log", "debug")][..];
    let steps = [
        (
            Setup {
                file,
                ..Setup::default()
            },
            "file",
            "error",
        ),
        (
            Setup {
                file,
                env_file,
                ..Setup::default()
            },
            "env-file",
            "info",
        ),
        (
            Setup {
                file,
                env_file,
                variables,
                flags: &[],
            },
            "variable",
            "info",
        ),
        (
            Setup {
                file,
                env_file,
                variables,
                flags,
            },
            "variable",
            "debug",
        ),
    ];
    for (setup, id, filter) in steps {
        let config = setup.load().unwrap();
        assert_eq!(etsy(&config).client_id.as_deref(), Some(id));
        assert_eq!(config.log().filter, filter);
        assert_eq!(config.log().format, LogFormat::Json);
    }
}

#[test]
fn what_is_shown_says_what_set_it_and_where() {
    let setup = Setup {
        file: "[log]\nfilter = \"info\"\n[plugins.etsy]\nredirect_uri = \"https://a.example/cb\"\n",
        env_file: Some("# mine\nETSY_RATE_LIMIT_PER_DAY=500\n"),
        variables: &[("ETSY_API_KEY", "k")],
        flags: &[("log.format", "--log-format", "json")],
    };
    let folder = tempfile::tempdir().unwrap();
    let config = setup.load_in(&folder).unwrap();
    let file = |name: &str, line: &str| Some(format!("{}/{name}:{line}", folder.path().display()));
    for (key, value, set_by, place) in [
        (
            "log.filter",
            Value::from("info"),
            SetBy::File,
            file("stoflow.toml", "2"),
        ),
        (
            "log.format",
            "json".into(),
            SetBy::Flag,
            Some("--log-format".into()),
        ),
        (
            "consent.return_origins",
            Value::Array(vec![]),
            SetBy::Default,
            None,
        ),
        (
            "plugins.etsy.client_id",
            "k".into(),
            SetBy::Environment,
            Some("ETSY_API_KEY".into()),
        ),
        (
            "plugins.etsy.client_secret",
            Value::Null,
            SetBy::Default,
            None,
        ),
        (
            "plugins.etsy.redirect_uri",
            "https://a.example/cb".into(),
            SetBy::File,
            file("stoflow.toml", "4"),
        ),
        (
            "plugins.etsy.rate_limits.per_day",
            500.into(),
            SetBy::EnvFile,
            file("variables.env", "2: ETSY_RATE_LIMIT_PER_DAY"),
        ),
        (
            "plugins.etsy.polling.orders_minutes",
            5.into(),
            SetBy::Default,
            None,
        ),
    ] {
        let shown = shown(&config, key);
        assert_eq!(
            (shown.value, shown.set_by, shown.place),
            (value, set_by, place),
            "{key}"
        );
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once_each_with_its_line() {
    let setup = Setup {
        file: "[log]\nformat = \"xml\"\nfilters = \"x\"\n\n[consent]\nreturn_origins = [\n  \
               \"https://app.example\",\n  \"http://app.example\",\n]\n\n[plugins.etsy]\n\
               client_secret = \"short\"\nclient_id = 7\norigins = { \"https://a.example\" = \"x\" }\n\
               rate_limits = { per_second = 10, per_day = 5 }\n",
        variables: &[("STOFLOW_PLUGINS__EBAY__POLLING__ORDERS_MINUTES", "often")],
        ..Setup::default()
    };
    let faults = setup.faults();
    for (place, words) in [
        ("stoflow.toml:2: ", "xml"),
        ("stoflow.toml:3: ", "filters"),
        ("stoflow.toml:8: consent.return_origins[1]: ", "not https"),
        (
            "stoflow.toml:12: plugins.etsy.client_secret: ",
            "has 5 bytes",
        ),
        ("stoflow.toml:13: ", "integer"),
        (
            "stoflow.toml:14: plugins.etsy.origins.\"https://a.example\": ",
            "no origin",
        ),
        (
            "stoflow.toml:15: plugins.etsy.rate_limits.per_day: ",
            "fewer requests a day",
        ),
        (
            "STOFLOW_PLUGINS__EBAY__POLLING__ORDERS_MINUTES: ",
            "no whole number",
        ),
    ] {
        let found = faults
            .iter()
            .any(|fault| fault.starts_with(place) && fault.contains(words));
        assert!(found, "{place}{words} is not in {faults:#?}");
    }
    assert_eq!(faults.len(), 8, "{faults:#?}");
}

#[test]
fn what_contradicts_itself_is_named_by_both_places() {
    let grant = format!("[plugins.etsy]\n{GRANT}");
    let cases: [(Setup<'_>, &[&str]); 6] = [
        (
            Setup {
                file: "[plugins.etsy]\nclient_secret = \"a-secret-long-enough\"\n\
                       client_secret_file = \"/f\"\n",
                ..Setup::default()
            },
            &[
                "stoflow.toml:2: plugins.etsy.client_secret: ",
                "stoflow.toml:3: ",
            ],
        ),
        (
            Setup {
                file: "[plugins.etsy]\n",
                variables: &[
                    ("ETSY_API_KEY", "one"),
                    ("STOFLOW_PLUGINS__ETSY__CLIENT_ID", "two"),
                ],
                ..Setup::default()
            },
            &[
                "ETSY_API_KEY",
                "STOFLOW_PLUGINS__ETSY__CLIENT_ID",
                "both set plugins.etsy.client_id",
            ],
        ),
        (
            Setup {
                file: "[plugins.etsy]\n",
                variables: &[
                    ("ETSY_API_SECRET", "a-secret-long-enough"),
                    ("STOFLOW_PLUGINS__ETSY__CLIENT_SECRET_FILE", "/f"),
                ],
                ..Setup::default()
            },
            &[
                "ETSY_API_SECRET: ",
                "STOFLOW_PLUGINS__ETSY__CLIENT_SECRET_FILE",
            ],
        ),
        (
            Setup {
                file: "[plugins.etsy]\nredirect_uri = \"https://a.example/cb\"\n[plugins.ebay]\n",
                variables: &[("EBAY_REDIRECT_URI", "https://a.example/cb?m=ebay")],
                ..Setup::default()
            },
            &[
                "EBAY_REDIRECT_URI",
                "stoflow.toml:2: plugins.etsy.redirect_uri",
            ],
        ),
        (
            Setup {
                file: &grant,
                variables: &[
                    ("ETSY_API_BASE", "https://api.etsy.com/v2"),
                    ("ETSY_OAUTH_BASE", "http://127.0.0.1:1/login"),
                ],
                ..Setup::default()
            },
            &[
                "ETSY_API_BASE: has the path /v2",
                "ETSY_OAUTH_BASE: has the path /login",
            ],
        ),
        (
            Setup {
                env_file: Some("ETSY_API_KEY=one\nETSY_API_KEY=two\n"),
                ..Setup::default()
            },
            &["variables.env:2: ETSY_API_KEY: stands in line 1, too"],
        ),
    ];
    for (setup, words) in cases {
        let faults = setup.faults().join("\n");
        for word in words {
            assert!(faults.contains(word), "{word:?} is not in {faults:?}");
        }
        assert!(!faults.contains("a-secret-long-enough"), "{faults}");
    }
}

#[test]
fn a_secret_of_a_heavier_layer_takes_the_place_of_the_file_that_holds_one() {
    let config = Setup {
        file: "[plugins.etsy]\nclient_secret_file = \"/nowhere\"\n",
        variables: &[("ETSY_API_SECRET", SECRET)],
        ..Setup::default()
    };
    let config = config.load().unwrap();
    let secret = etsy(&config).client_secret.clone().unwrap();
    assert_eq!(secret.expose(), SECRET);
    assert_eq!(
        shown(&config, "plugins.etsy.client_secret_file").value,
        Value::Null
    );
}

#[test]
fn a_value_of_the_wrong_type_is_named_by_the_variable_that_says_it() {
    for (name, value, words) in [
        ("STOFLOW_LOG__FORMAT", "xml", "unknown variant"),
        ("ETSY_RATE_LIMIT_PER_SECOND", "0", "nonzero"),
        ("ETSY_RATE_LIMIT_PER_DAY", "-1", "no whole number"),
        ("ETSY_POLLING_INTERVAL_ORDERS", "5m", "no whole number"),
        (
            "ETSY_POLLING_LOW_STOCK_THRESHOLD",
            "99999999999",
            "expected u32",
        ),
        (
            "STOFLOW_CONSENT__RETURN_ORIGINS",
            "https://a.example, b.example",
            "no origin",
        ),
        ("ETSY_SCOPE_LISTINGS_D", "no", "neither true nor false"),
        (
            "ETSY_SCOPE_LISTINGS_X",
            "false",
            "no scope of etsy, which are listings_r, listings_d",
        ),
        ("ETSY_API_SECRET", "hunter2", "has 7 bytes"),
        ("ETSY_API_KEEY", "hunter2", "ETSY_API_KEY is one"),
    ] {
        let setup = Setup {
            file: GRANT,
            variables: &[(name, value)],
            ..Setup::default()
        };
        let faults = setup.faults();
        assert_eq!(faults.len(), 1, "{name}: {faults:?}");
        assert!(faults[0].starts_with(&format!("{name}: ")), "{faults:?}");
        assert!(faults[0].contains(words), "{faults:?}");
        assert!(!faults[0].contains("hunter2"), "{faults:?}");
    }
}

#[test]
fn variables_of_other_programs_are_let_be_but_not_in_stoflows_own_file() {
    let quiet = Setup {
        file: GRANT,
        variables: &[
            ("ETSY_SHOP_NAME", "x"),
            ("DATABASE_URL", "x"),
            ("EBAY_API_KEY", "x"),
        ],
        ..Setup::default()
    };
    assert!(quiet.load().is_ok());
    let loud = Setup {
        file: GRANT,
        env_file: Some("DATABASE_URL=x\n\nETSY_SHOP_NAME=x\n"),
        ..Setup::default()
    };
    let faults = loud.faults();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(
        faults[0].starts_with("variables.env:3: ETSY_SHOP_NAME: "),
        "{faults:?}"
    );
}

#[test]
fn no_secret_is_shown_and_none_is_in_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), SECRET).unwrap();
    let path = file.path().to_str().unwrap();
    let webhook = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let variables = [
        ("ETSY_API_SECRET", SECRET),
        ("STOFLOW_PLUGINS__ETSY__WEBHOOK_SECRETS", webhook),
        ("STOFLOW_PLUGINS__EBAY__CLIENT_SECRET_FILE", path),
    ];
    let setup = Setup {
        file: GRANT,
        variables: &variables,
        ..Setup::default()
    };
    let config = setup.load().unwrap();
    assert_eq!(shown(&config, "plugins.etsy.client_secret").value, "***");
    assert_eq!(shown(&config, "plugins.etsy.webhook_secrets").value, "***");
    let texts = [
        serde_json::to_string(&*config.shown()).unwrap(),
        format!("{config:?}"),
        format!("{:?}", layers(&variables, None).unwrap()),
    ];
    for text in &texts {
        assert!(
            !text.contains("hunter2") && !text.contains("C2FVsBQI"),
            "{text}"
        );
    }
    // Written where a number, a list or nothing of the kind belongs.
    for wrong in [
        "[plugins.etsy]\nclient_secret = 4815162342481516\n",
        "[plugins.etsy]\nclient_secret = [\"hunter2hunter2\"]\n",
        "[plugins.etsy]\nclient_secret = \"hunter2hunter2\nx = 1\n",
    ] {
        let setup = Setup {
            file: wrong,
            ..Setup::default()
        };
        let faults = setup.faults().join("\n");
        assert!(faults.contains("stoflow.toml:2"), "{faults}");
        assert!(
            !faults.contains("hunter2") && !faults.contains("4815"),
            "{faults}"
        );
    }
}
