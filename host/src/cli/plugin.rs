//! `stoflow plugin`: install, list, show, set up and remove plugins.

use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::Failure;
use super::client::{Client, path};
use super::rows::rows;
use crate::api::PluginEntry;
use crate::config::PluginChange;
use crate::plugins::Inspection;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Install a plugin from its .wasm file
    Install(Install),
    /// List the installed plugins
    List {
        /// The reply as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a plugin's versions, its grant and how it is set up
    Show {
        /// The plugin: etsy
        plugin: String,
    },
    /// Set a plugin up: the app's credentials, settings, stand-ins
    Configure(Configure),
    /// Remove a plugin, all its versions and all that is set for it
    Remove {
        /// The plugin: etsy
        plugin: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Install {
    /// The component
    file: PathBuf,
    /// Grants all that it asks for, without a question
    #[arg(long, value_name = "WHAT")]
    grant: Option<Grant>,
    /// Makes it the active version, though another one is
    #[arg(long)]
    activate: bool,
    /// Replaces the same version with another content
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Grant {
    /// All that it asks for
    Asked,
}

#[derive(Debug, Args)]
pub(super) struct Configure {
    /// The plugin: etsy
    plugin: String,
    /// The app's id at the marketplace (Etsy: the keystring)
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The file that holds the app's secret (Etsy: the shared secret); - reads it from stdin
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// The file that holds the secrets of what the marketplace pushes (whsec_…), one or several; - reads
    /// them from stdin
    #[arg(long, value_name = "FILE")]
    webhook_secrets_file: Option<PathBuf>,
    /// The redirect URI, to the letter as the app has registered it
    #[arg(long, value_name = "URI")]
    redirect_uri: Option<String>,
    /// A scope that sellers are not asked for, though the plugin names it
    #[arg(long = "without-scope", value_name = "NAME")]
    without_scopes: Vec<String>,
    /// A scope that they are asked for again
    #[arg(long = "with-scope", value_name = "NAME")]
    with_scopes: Vec<String>,
    /// A stand-in for an origin of the marketplace: https://api.etsy.com=http://127.0.0.1:7010
    #[arg(long = "origin", value_name = "REAL=STAND-IN", value_parser = pair)]
    origins: Vec<(String, String)>,
    /// A setting of the plugin; without a value it is taken away
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    settings: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("there is no = in it")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) async fn run(client: &mut Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::Install(install) => self::install(client, install).await,
        Command::List { json } => list(client, json).await,
        Command::Show { plugin } => show(client, &plugin).await,
        Command::Configure(configure) => self::configure(client, configure).await,
        Command::Remove { plugin } => {
            let removed: Value = client
                .delete(&path(&["api", "plugins", &plugin], &[]))
                .await?;
            println!("Removed {plugin} {}", versions(&removed));
            Ok(())
        }
    }
}

fn versions(removed: &Value) -> String {
    let versions = removed
        .get("removed")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    versions
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

async fn install(client: &mut Client, install: Install) -> Result<(), Failure> {
    let file = install.file.display();
    let component = std::fs::read(&install.file).map_err(|error| Failure::io(file, &error))?;
    let inspection: Inspection = client
        .post_bytes("/api/plugins/inspect", component.clone())
        .await?;
    print_inspection(&inspection);
    let asks = inspection.needs_grant();
    if asks && install.grant.is_none() && !confirm("Grant this and install?")? {
        println!("Nothing was installed.");
        return Ok(());
    }
    let flag = |set: bool| set.then_some("true");
    let query = [
        ("grant", asks.then_some("asked")),
        ("activate", flag(install.activate)),
        ("replace", flag(install.replace)),
    ];
    let installed: Inspection = client
        .post_bytes(&path(&["api", "plugins"], &query), component)
        .await?;
    let (id, version) = named(&installed);
    match &installed.active {
        Some(active) if active != &version && !install.activate => {
            println!(
                "Installed. {id} {active} stays active; to change: install it again with --activate"
            );
        }
        _ => println!("Installed and active."),
    }
    let shown: Value = client.get(&path(&["api", "plugins", &id], &[])).await?;
    if asks
        && shown
            .pointer("/configuration/client_id")
            .is_none_or(Value::is_null)
    {
        println!(
            "  set the app's credentials: stoflow plugin configure {id} --client-id ID --client-secret-file FILE"
        );
    }
    Ok(())
}

fn named(inspection: &Inspection) -> (String, semver::Version) {
    let description = &inspection.installed.description;
    (description.id.to_string(), description.version.clone())
}

fn print_inspection(inspection: &Inspection) {
    let installed = &inspection.installed;
    let (id, version) = named(inspection);
    let digest = installed.sha256.get(..12).unwrap_or_default();
    println!(
        "{id} {version} · {} · sha256 {digest}…",
        kilobytes(installed.bytes)
    );
    println!("  {}", inspection.interfaces.join(", "));
    if inspection.asks.is_empty() {
        println!("  asks for nothing");
        return;
    }
    println!("  asks for");
    for ask in &inspection.asks {
        println!("    {} {}", if ask.granted { "✓" } else { "+" }, ask.text);
    }
}

fn kilobytes(bytes: u64) -> String {
    format!("{} KB", bytes.div_ceil(1000))
}

/// Asks for a yes; no is what is not one. Without a terminal there is nobody to ask.
fn confirm(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "nobody can be asked whether to grant it; say so with --grant asked",
        ));
    }
    print!("{question} [y/N] ");
    let flushed = io::stdout().flush();
    let mut answer = String::new();
    let read = flushed.and_then(|()| io::stdin().lock().read_line(&mut answer));
    read.map_err(|error| Failure::io("the answer cannot be read", &error))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn list(client: &mut Client, json: bool) -> Result<(), Failure> {
    let entries: Vec<PluginEntry> = client.get("/api/plugins").await?;
    if json {
        return super::print_json(&entries);
    }
    if entries.is_empty() {
        println!("No plugin is installed. Install one: stoflow plugin install FILE");
        return Ok(());
    }
    let lines = entries.iter().map(|entry| {
        let description = &entry.installed.description;
        vec![
            description.id.to_string(),
            description.version.to_string(),
            if entry.active { "active" } else { "installed" }.to_owned(),
            description.name.clone(),
            kilobytes(entry.installed.bytes),
        ]
    });
    print!(
        "{}",
        rows(
            &["PLUGIN", "VERSION", "STATE", "NAME", "SIZE"],
            &lines.collect::<Vec<_>>()
        )
    );
    Ok(())
}

async fn show(client: &mut Client, plugin: &str) -> Result<(), Failure> {
    let shown: Value = client.get(&path(&["api", "plugins", plugin], &[])).await?;
    super::print_json(&shown)
}

async fn configure(client: &mut Client, configure: Configure) -> Result<(), Failure> {
    let is_here = client.data_dir().is_some();
    let secret = |file: Option<&Path>| secret(file, is_here);
    let (client_secret, client_secret_file) = secret(configure.client_secret_file.as_deref())?;
    let (webhook_secrets, webhook_secrets_file) =
        secret(configure.webhook_secrets_file.as_deref())?;
    let change = PluginChange {
        client_id: configure.client_id,
        client_secret,
        client_secret_file,
        webhook_secrets,
        webhook_secrets_file,
        redirect_uri: configure.redirect_uri,
        without_scopes: configure.without_scopes.into_iter().collect(),
        with_scopes: configure.with_scopes.into_iter().collect(),
        origins: configure.origins.into_iter().collect::<BTreeMap<_, _>>(),
        settings: configure.settings.into_iter().collect::<BTreeMap<_, _>>(),
    };
    let plugin = &configure.plugin;
    let done: Value = client
        .post(
            &path(&["api", "plugins", plugin, "configuration"], &[]),
            &change,
        )
        .await?;
    let file = done.get("file").and_then(Value::as_str).unwrap_or_default();
    println!("Set in {file}");
    super::print_warnings(&done);
    Ok(())
}

/// A secret is never an argument: every process of the machine can read those. Its file's name is what
/// is set where the host is on this machine, else what the file holds.
fn secret(
    file: Option<&Path>,
    is_here: bool,
) -> Result<(Option<String>, Option<PathBuf>), Failure> {
    match file {
        None => Ok((None, None)),
        Some(file) if file == Path::new("-") => {
            let text =
                io::read_to_string(io::stdin()).map_err(|error| Failure::io("stdin", &error))?;
            Ok((Some(text.trim().to_owned()), None))
        }
        Some(file) if !is_here => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::io(file.display(), &error))?;
            Ok((Some(text.trim().to_owned()), None))
        }
        Some(file) => {
            let file =
                std::path::absolute(file).map_err(|error| Failure::io(file.display(), &error))?;
            Ok((None, Some(file)))
        }
    }
}
