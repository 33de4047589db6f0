//! `stoflow store`: check, export and import what is kept, and replace the key that it is sealed under.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Failure;
use super::client::{Client, Daemon};
use super::rows::rows;
use crate::api::{Checked, ProblemKind};
use crate::host::Host;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read every record, log and checkpoint, and say what is not as it was written
    Check {
        /// The reply as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write all records into one sealed file, which opens with the master key
    Export(Export),
    /// Make the store of a data directory that has none from an export
    Import {
        /// What `stoflow store export` wrote
        file: PathBuf,
    },
    /// Replace the master key that all is sealed under, while everything is in use; the old one opens
    /// nothing afterwards
    RotateKey {
        /// The file of the new key, made if it is not there; needed where the present one does not
        /// lie beside the store
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Where to write it; - for stdout
    file: PathBuf,
    /// Replaces the file if it is there
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(client: &mut Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::Check { json } => check(client, json).await,
        Command::Export(Export { file, .. }) if file.as_os_str() == "-" => to_stdout(client).await,
        Command::Export(export) => to_file(client, &export).await,
        Command::Import { file } => import(client, &file).await,
        Command::RotateKey { to } => rotate_key(client, to).await,
    }
}

async fn check(client: &mut Client, json: bool) -> Result<(), Failure> {
    let Checked {
        check,
        found_at_start,
    } = client.get("/api/store/check").await?;
    if json {
        let shown = Checked {
            check: check.clone(),
            found_at_start,
        };
        super::print_json(&shown)?;
    } else {
        println!("The last commit is {}.", check.last_commit);
        for (headings, counts) in [
            (["KIND", "RECORDS"], &check.records),
            (["FILE", "BYTES"], &check.files),
        ] {
            print!("\n{}", rows(&headings, &lines(counts)));
        }
        print_findings("Found when it was opened:", &found_at_start);
        print_findings("Not as it was written:", &check.findings);
    }
    match check.findings.len() {
        0 => Ok(()),
        count => Err(Failure::of(
            ProblemKind::Damaged,
            format_args!("{count} finding(s): something in the store is not as it was written"),
        )
        .remedy("what is damaged is made good, or named, at the next start".to_owned())),
    }
}

fn lines(counts: &BTreeMap<String, u64>) -> Vec<Vec<String>> {
    let lines = counts.iter();
    lines
        .map(|(name, count)| vec![name.clone(), count.to_string()])
        .collect()
}

fn print_findings(heading: &str, findings: &[String]) {
    if findings.is_empty() {
        return;
    }
    println!("\n{heading}");
    for finding in findings {
        println!("  {finding}");
    }
}

async fn to_stdout(client: &mut Client) -> Result<(), Failure> {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        return Err(Failure::usage(
            "an export is no text for a terminal: name a file, or send it to a program",
        ));
    }
    client
        .download("/api/store/export", &mut stdout.lock())
        .await
}

/// Written beside its place, readable by this user only, and there once all of it is on disk.
async fn to_file(client: &mut Client, export: &Export) -> Result<(), Failure> {
    let Export { file, force } = export;
    let failed = |error: io::Error| Failure::io(file.display(), &error);
    let exists = || {
        let message = format_args!("{} is there already", file.display());
        Failure::of(ProblemKind::Conflict, message).remedy("--force replaces it".to_owned())
    };
    if !force && file.exists() {
        return Err(exists());
    }
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    client.download("/api/store/export", &mut beside).await?;
    beside.as_file().sync_all().map_err(failed)?;
    let written = match force {
        true => beside.persist(file),
        false => beside.persist_noclobber(file),
    };
    written.map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => exists(),
        _ => failed(error.error),
    })?;
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(failed)?;
    println!(
        "Exported to {}. Keep the master key apart from it.",
        file.display()
    );
    Ok(())
}

/// Not asked of the API: what answers it stands on the store that is made here.
async fn import(client: &mut Client, file: &Path) -> Result<(), Failure> {
    let data_dir = client.data_dir().ok_or_else(super::not_from_elsewhere)?;
    if let Some(daemon) = Daemon::find(data_dir).await {
        let daemon = daemon.process();
        let message = format_args!("the daemon, {daemon}, has this data directory's store open");
        return Err(Failure::of(ProblemKind::Conflict, message)
            .remedy("an export goes where no store is: name another data directory".to_owned()));
    }
    let imported = Host::import(data_dir, client.layers(), file)?;
    let count: u64 = imported.records.values().sum();
    println!(
        "Imported {count} records, up to commit {}. stoflow.toml and the plugins' files are not in an export: put them there too.",
        imported.last_commit
    );
    Ok(())
}

async fn rotate_key(client: &mut Client, to: Option<PathBuf>) -> Result<(), Failure> {
    if client.data_dir().is_none() {
        // Where the key's file has to be, and who may read it, is seen on that machine alone.
        return Err(super::not_from_elsewhere());
    }
    // The host may run elsewhere than where the person stands.
    let to = to.map(std::path::absolute).transpose();
    let to = to.map_err(|error| Failure::usage(format_args!("--to: {error}")))?;
    let done: Value = client
        .post("/api/store/master-key", &json!({ "to": to }))
        .await?;
    let lines = done.get("done").and_then(Value::as_array);
    for line in lines.into_iter().flatten() {
        println!("{}", line.as_str().unwrap_or_default());
    }
    Ok(())
}
