//! `stoflow key`: the master key that the store is sealed under.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::Failure;
use super::client::{Client, path};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Replace the master key, while everything is in use; the old one opens nothing afterwards
    Rotate {
        /// The file of the new key, made if it is not there; needed where the present one does not
        /// lie beside the store
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

pub(super) async fn run(client: &mut Client, command: Command) -> Result<(), Failure> {
    let Command::Rotate { to } = command;
    if client.data_dir().is_none() {
        // Where the key's file has to be, and who may read it, is seen on that machine alone.
        return Err(super::not_from_elsewhere());
    }
    // The host may run elsewhere than where the person stands.
    let to = to.map(std::path::absolute).transpose();
    let to = to.map_err(|error| Failure::usage(format_args!("--to: {error}")))?;
    let rotate = path(&["api", "store", "master-key"], &[]);
    let done: Value = client.post(&rotate, &json!({ "to": to })).await?;
    for line in done
        .get("done")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        println!("{}", line.as_str().unwrap_or_default());
    }
    Ok(())
}
