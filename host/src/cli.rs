//! The command line: each command is a request to the API, and says in words what came of it.
//!
//! Flags, help and tables of `stoflow call` come from a plugin's [`Shape`](crate::contract::Shape)
//! alone, so they cannot drift from what the plugin does.

mod account;
mod browser;
mod call;
mod client;
mod compile;
mod configuration;
mod connect;
mod failure;
pub mod flag;
pub mod flags;
mod form;
pub mod help;
mod key;
mod phrase;
mod plugin;
mod quota;
mod rows;
mod serve;
mod store;
pub mod table;
mod text;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Config, Layers, LogFormat};
use crate::secret;
use crate::telemetry;
use client::{Client, Remote};
pub use failure::Failure;

/// Sell on marketplaces through plugins
#[derive(Debug, Parser)]
#[command(name = "stoflow", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Arguments {
    /// Where all is kept [env: STOFLOW_DATA_DIR] [~/.local/state/stoflow]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// A file of variables, as .env files are [env: STOFLOW_ENV_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,

    /// Logs error, warn, info, debug [env: STOFLOW_LOG] [default: warn]
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,

    /// The server to ask instead of this machine's: https://stoflow.example
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,

    /// Holds the key to the server [env: STOFLOW_KEY is the key itself]
    #[arg(long, global = true, value_name = "FILE", requires = "server")]
    key_file: Option<PathBuf>,

    /// Logs as text, json [env: STOFLOW_LOG_FORMAT] [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,

    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done · 1 the host failed · 2 the command is wrong · 3 the data are wrong ·
4 consent is missing or refused · 5 there is no such thing · 6 conflict, or something has to be
set up first · 7 try again later · 8 it may or may not have happened · 9 the plugin failed ·
10 not granted · 11 not supported · 12 the store is damaged";

#[derive(Debug, Subcommand)]
enum Command {
    /// Install, show, set up and remove plugins
    #[command(subcommand)]
    Plugin(plugin::Command),
    /// Connect sellers' accounts, look after them, disconnect them
    #[command(subcommand)]
    Account(account::Command),
    /// Make, show and revoke keys to the API
    #[command(subcommand)]
    Key(key::Command),
    /// Check the settings, and show those in force
    #[command(subcommand)]
    Config(configuration::Command),
    /// Check, export and import what is kept, replace its master key
    #[command(subcommand)]
    Store(store::Command),
    /// Show what marketplaces allow, and what is used and left of it
    Quota(quota::Arguments),
    /// Call a function of a plugin
    Call(call::Arguments),
    /// Serve the API over TCP, and to the commands given on this machine, until told to stop
    Serve(serve::Serve),
    /// Compile a component, for the program itself
    #[command(hide = true)]
    Compile(compile::Compile),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Command::Compile(compile) = &arguments.command {
        return compile.run();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no thread can be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(std::io::stderr().is_terminal());
            ExitCode::from(failure.exit_code())
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut layers = Layers::read(std::env::vars_os(), arguments.env_file.as_deref())?;
    if let Some(filter) = arguments.log {
        layers.flag("log.filter", "--log", filter);
    }
    if let Some(format) = arguments.log_format {
        layers.flag("log.format", "--log-format", format);
    }
    if let Command::Serve(serve) = &arguments.command {
        serve.lay_over(&mut layers);
    }
    let variable = |name: &str| layers.variable(name).or_else(|| std::env::var_os(name));
    let data_dir = config::data_dir(arguments.data_dir, variable);
    start_log(data_dir.as_deref(), &layers);
    secret::refuse_dumps();
    let mut client = match &arguments.server {
        Some(server) => {
            let server = Remote::new(server, arguments.key_file.as_deref(), &layers)?;
            Client::of_server(server, layers)
        }
        None => Client::new(data_dir.ok_or_else(no_data_dir)?, layers),
    };
    let done = match arguments.command {
        Command::Plugin(command) => plugin::run(&mut client, command).await,
        Command::Account(command) => account::run(&mut client, command).await,
        Command::Key(command) => key::run(&mut client, command).await,
        Command::Config(command) => configuration::run(&mut client, command).await,
        Command::Store(command) => store::run(&mut client, command).await,
        Command::Quota(arguments) => quota::run(&mut client, arguments).await,
        Command::Call(arguments) => call::run(&mut client, arguments).await,
        Command::Serve(_) => serve::run(&client).await,
        // Was run before there was a client.
        Command::Compile(_) => Ok(()),
    };
    let closed = client.release().await;
    done.and(closed)
}

/// Starts the log as it is set. What is wrong with the settings is said by who needs them.
fn start_log(data_dir: Option<&Path>, layers: &Layers) {
    let config = data_dir.and_then(|data_dir| Config::load(data_dir, layers).ok());
    let log = config.map(|config| config.log()).unwrap_or_default();
    telemetry::start(&log.filter, log.format == LogFormat::Json);
}

fn no_data_dir() -> Failure {
    Failure::usage("there is no data directory: give one with --data-dir, or set STOFLOW_DATA_DIR")
}

/// What only whoever is on the machine can do.
fn not_from_elsewhere() -> Failure {
    Failure::usage("this is not done with --server: do it on the server's own machine")
}

/// A reply as JSON, for people to read and programs too.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    println!(
        "{}",
        serde_json::to_string_pretty(value).map_err(Failure::reply)?
    );
    Ok(())
}

/// What a reply warns of, on stderr. Its words may be a marketplace's.
fn print_warnings(reply: &serde_json::Value) {
    let warnings = reply.get("warnings").and_then(|list| list.as_array());
    for warning in warnings.into_iter().flatten().filter_map(|w| w.as_str()) {
        eprintln!("warning: {}", text::one_line(warning));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_is_hidden_is_the_programs_own() {
        let command = Arguments::command();
        let hidden = command.get_subcommands().filter(|it| it.is_hide_set());
        let hidden: Vec<_> = hidden.map(clap::Command::get_name).collect();
        assert_eq!(hidden, ["compile"]);
    }
}
