//! `stoflow call`: a function of a plugin. Its flags, its help and the table of its reply come from
//! what the plugin itself exports.

use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Failure;
use super::client::{Client, path};
use super::flags::{self, FlagError, Source, Words};
use super::form::Form;
use super::help;
use super::table::{self, Setting};
use crate::api::{ProblemKind, Step};
use crate::contract::{FunctionShape, InterfaceShape, NameError, Shape};

/// Where a terminal does not say how wide it is.
const COLUMNS: usize = 100;

/// The largest file that arguments are read from.
const FILE_BYTES_MAX: u64 = 8 << 20;

#[derive(Debug, clap::Args)]
#[command(
    disable_help_flag = true,
    override_usage = "stoflow call <PLUGIN> <INTERFACE> <FUNCTION> [OPTIONS]"
)]
pub(super) struct Arguments {
    /// The plugin (etsy), the interface (listings), the function (list) and its flags; --help at
    /// each of them says what there is
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PLUGIN INTERFACE FUNCTION [OPTIONS]"
    )]
    words: Vec<String>,
}

/// What the API says of a plugin's functions.
#[derive(Debug, Deserialize)]
struct Schema {
    id: String,
    name: String,
    version: String,
    shape: Shape,
}

impl Schema {
    fn plugin(&self) -> help::Plugin<'_> {
        help::Plugin {
            id: &self.id,
            name: &self.name,
            version: &self.version,
        }
    }
}

pub(super) async fn run(client: &mut Client, arguments: Arguments) -> Result<(), Failure> {
    let mut words = arguments.words.into_iter();
    let Some(plugin) = words.next().filter(|word| !is_help(word)) else {
        return print(HELP);
    };
    let schema: Schema = client
        .get(&path(&["api", "plugins", &plugin, "schema"], &[]))
        .await?;
    let columns = columns();
    let Some(name) = words.next().filter(|word| !is_help(word)) else {
        return print(&help::of_plugin(schema.plugin(), &schema.shape, columns));
    };
    let interface = schema.shape.interface(&name).map_err(unknown)?;
    let Some(name) = words.next().filter(|word| !is_help(word)) else {
        return print(&help::of_interface(
            schema.plugin(),
            &schema.shape,
            interface,
            columns,
        ));
    };
    let function = interface.function(&name).map_err(unknown)?;
    let words: Vec<String> = words.collect();
    match flags::parse(&schema.shape, function, &words, &mut read) {
        Ok(Words::Help) => print(&help::of_function(
            schema.plugin(),
            &schema.shape,
            interface,
            function,
            columns,
        )),
        Ok(Words::Call(call)) => self::call(client, &schema, interface, function, call).await,
        Err(error) => Err(misread(&error, &schema, interface, function)),
    }
}

const HELP: &str = "\
Call a function of a plugin

Usage: stoflow call <PLUGIN> <INTERFACE> <FUNCTION> [OPTIONS]

  stoflow plugin list                    which plugins there are
  stoflow call <PLUGIN> --help           its interfaces
  stoflow call <PLUGIN> <INTERFACE> --help
  stoflow call <PLUGIN> <INTERFACE> <FUNCTION> --help
";

fn is_help(word: &str) -> bool {
    matches!(word, "--help" | "-h" | "help")
}

fn unknown(error: NameError) -> Failure {
    Failure::of(ProblemKind::UnknownFunction, error)
}

fn misread(
    error: &FlagError,
    schema: &Schema,
    interface: &InterfaceShape,
    function: &FunctionShape,
) -> Failure {
    let help = format!(
        "stoflow call {} {} {} --help",
        schema.id, interface.name, function.name
    );
    Failure::usage(error).remedy(format!("what there is: {help}"))
}

async fn call(
    client: &mut Client,
    schema: &Schema,
    interface: &InterfaceShape,
    function: &FunctionShape,
    call: flags::Call,
) -> Result<(), Failure> {
    let arguments = Value::Object(call.arguments);
    let form = Form::new(&arguments, &folder(&call.files)).await?;
    let query = [
        ("user", call.user.as_deref()),
        ("account", call.account.as_deref()),
    ];
    let target = path(
        &["api", &schema.id, "call", &interface.name, &function.name],
        &query,
    );
    let mut progress = Progress::new();
    let reply = client
        .watch(&target, &form.media_type, form.body, |step| {
            progress.show(&step)
        })
        .await;
    progress.end();
    let reply = reply.map_err(|failure| failure.in_flags(flags::flag_of))?;
    let reply: Value = serde_json::from_slice(&reply).map_err(Failure::reply)?;
    if call.json {
        return super::print_json(&reply);
    }
    let setting = Setting {
        shape: &schema.shape,
        now: Timestamp::now(),
        columns: columns(),
    };
    print(&table::reply(setting, function, &reply))
}

/// Where files named by arguments lie: beside the file that the arguments came from.
fn folder(files: &[String]) -> PathBuf {
    let folder = files.first().and_then(|file| Path::new(file).parent());
    folder.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

fn read(source: Source<'_>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match source {
        Source::File(file) => std::fs::File::open(file)?
            .take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)?,
        Source::Input => io::stdin()
            .lock()
            .take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)?,
    };
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!(
            "it has more than {} MiB",
            FILE_BYTES_MAX >> 20
        )));
    }
    Ok(bytes)
}

fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    size.ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
        .unwrap_or(COLUMNS)
}

/// Prints a text. A pipe that nobody reads any more is no error: `… | head` is what people do.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| {
        if text.ends_with('\n') {
            stdout.flush()
        } else {
            stdout.write_all(b"\n")
        }
    });
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io("stdout", &error))
        }
        _ => Ok(()),
    }
}

/// The line that says how far an operation is.
struct Progress {
    terminal: bool,
    shown: bool,
}

impl Progress {
    fn new() -> Self {
        Self {
            terminal: io::stderr().is_terminal(),
            shown: false,
        }
    }

    /// On a terminal one line that changes; elsewhere nothing, because a script has no use for it.
    fn show(&mut self, step: &Step) {
        if self.terminal {
            self.shown = true;
            eprint!("\r\x1b[2K  [{}/{}] {}", step.done, step.total, step.step);
        }
    }

    fn end(&self) {
        if self.shown {
            eprint!("\r\x1b[2K");
        }
    }
}
