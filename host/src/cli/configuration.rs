//! `stoflow config`: whether the settings can be used, and what is in force. Neither needs a store or a
//! daemon: they are asked for only where something has to be known of plugins.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Failure;
use super::client::{Client, Daemon};
use super::rows::rows;
use crate::api::{Configuration, ProblemKind, Violation};
use crate::config::{Config, ConfigError, Fault, SetBy, Shown};
use crate::telemetry;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say all that is wrong with stoflow.toml, variables and flags
    Check,
    /// Show the settings in force, and where each comes from
    Show(Show),
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Only those that begin so: log, plugins.etsy
    #[arg(default_value = "", hide_default_value = true)]
    key: String,
    /// The reply as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(client: &mut Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::Check => check(client).await,
        Command::Show(show) => self::show(client, &show).await,
    }
}

async fn check(client: &mut Client) -> Result<(), Failure> {
    let mut configuration = own(client).await?;
    let filter = configuration
        .settings
        .iter()
        .find(|s| s.key == "log.filter");
    let filter = filter.and_then(|shown| Some((shown, shown.value.as_str()?)));
    if let Some((shown, Err(error))) =
        filter.map(|(shown, filter)| (shown, telemetry::check_filter(filter)))
    {
        configuration.warnings.push(Fault {
            place: shown.place.clone().unwrap_or_default(),
            message: format!("the log's filter is not understood: {error}"),
        });
    }
    if client.has_store() {
        let known: Configuration = client.get("/api/config").await?;
        for warning in known.warnings {
            if !configuration.warnings.contains(&warning) {
                configuration.warnings.push(warning);
            }
        }
    }
    if !configuration.warnings.is_empty() {
        return Err(ConfigError::Faults(configuration.warnings).into());
    }
    let set = |by: &[SetBy]| {
        let settings = configuration.settings.iter();
        settings.filter(|shown| by.contains(&shown.set_by)).count()
    };
    println!(
        "{}: nothing is wrong. Set in the file: {}, by variables: {}, by flags: {}.",
        configuration.file.display(),
        set(&[SetBy::File]),
        set(&[SetBy::Environment, SetBy::EnvFile]),
        set(&[SetBy::Flag]),
    );
    Ok(())
}

async fn show(client: &mut Client, show: &Show) -> Result<(), Failure> {
    let mut configuration = in_force(client).await?;
    configuration
        .settings
        .retain(|shown| is_below(&shown.key, &show.key));
    if configuration.settings.is_empty() {
        let message = format_args!("there is no setting {:?}", show.key);
        return Err(Failure::of(ProblemKind::BadRequest, message)
            .remedy("stoflow config show names all that there are".to_owned()));
    }
    if show.json {
        return super::print_json(&configuration);
    }
    let lines: Vec<Vec<String>> = configuration.settings.iter().map(line).collect();
    print!("{}", rows(&["SETTING", "VALUE", "FROM"], &lines));
    Ok(())
}

/// What the daemon runs with, where there is one: it may have been started with other variables.
async fn in_force(client: &mut Client) -> Result<Configuration, Failure> {
    if let Some(data_dir) = client.data_dir()
        && Daemon::find(data_dir).await.is_some()
    {
        return client.get("/api/config").await;
    }
    own(client).await
}

/// What this process would run with, or a server runs with.
async fn own(client: &mut Client) -> Result<Configuration, Failure> {
    let Some(data_dir) = client.data_dir() else {
        return client.get("/api/config").await;
    };
    let config = Config::load(data_dir, client.layers())?;
    Ok(Configuration {
        file: config.path().to_owned(),
        settings: config.shown().to_vec(),
        warnings: config.warnings().to_vec(),
    })
}

fn is_below(key: &str, asked: &str) -> bool {
    let rest = key.strip_prefix(asked);
    rest.is_some_and(|rest| asked.is_empty() || rest.is_empty() || rest.starts_with('.'))
}

fn line(shown: &Shown) -> Vec<String> {
    let value = match &shown.value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let parts = list.iter().map(|part| {
                part.as_str()
                    .map_or_else(|| part.to_string(), str::to_owned)
            });
            parts.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    let from = shown.place.clone().unwrap_or_else(|| "default".to_owned());
    vec![shown.key.clone(), value, from]
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let faults = error.faults();
        let mut failure = Self::of(ProblemKind::Configuration, title(&error, &faults));
        if faults.len() > 1 {
            failure.violations(faults.into_iter().map(|fault| Violation {
                path: fault.place,
                code: "setting".to_owned(),
                message: fault.message,
            }));
        }
        failure
    }
}

fn title(error: &ConfigError, faults: &[Fault]) -> String {
    match faults {
        [_] => error.to_string(),
        all => format!("{} settings cannot be used", all.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_asks_for_itself_and_what_is_below_it() {
        assert!(is_below("plugins.etsy.client_id", ""));
        assert!(is_below("plugins.etsy.client_id", "plugins.etsy"));
        assert!(is_below("log.filter", "log.filter"));
        assert!(!is_below("plugins.etsy2.client_id", "plugins.etsy"));
    }
}
