//! `stoflow key`: keys to the API are made, shown and taken back.

use std::fmt::Write as _;
use std::num::NonZeroU32;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Failure;
use super::client::{Client, path};
use super::rows::rows;
use crate::api::{CreatedKey, KeyReport, NOUNS, ReportedKeyState};
use crate::model::KeyRate;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key: its text is printed once, alone on stdout, and kept nowhere
    #[command(after_help = scopes())]
    Create(Create),
    /// List the keys: whose they are, what they may do, when they were last used
    List {
        /// Only this user's
        #[arg(long)]
        user: Option<String>,
        /// The reply as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a key
    Show {
        /// Its id (key_…)
        id: String,
        /// The reply as JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a key back: it opens nothing from that moment on
    Revoke {
        /// Its id (key_…)
        id: String,
        /// The reply as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Whose accounts, listings and orders it reaches
    #[arg(long, required_unless_present = "admin", conflicts_with = "admin")]
    user: Option<String>,
    /// An operator's key: it reaches everybody's things and may do everything
    #[arg(long, conflicts_with = "scope")]
    admin: bool,
    /// What it may do: NOUN:read or NOUN:write, several times or separated by commas
    #[arg(long, value_delimiter = ',', required_unless_present = "admin")]
    scope: Vec<String>,
    /// What a person calls it
    #[arg(long)]
    name: Option<String>,
    /// How long it lives (90d, 12h), or until when (2027-01-31T00:00:00Z); for ever without
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Requests per second that it may make [default: 20]
    #[arg(long, value_name = "N", requires = "burst")]
    rate: Option<NonZeroU32>,
    /// Requests at once, after a pause [default: 60]
    #[arg(long, value_name = "N", requires = "rate")]
    burst: Option<NonZeroU32>,
    /// The reply as JSON, with the text
    #[arg(long)]
    json: bool,
}

/// What a scope may name, for the help.
fn scopes() -> String {
    let mut text =
        String::from("Scopes are NOUN:read, to look, and NOUN:write, to look and change. Nouns:\n");
    let widest = NOUNS.iter().map(|(noun, _)| noun.len()).max().unwrap_or(0);
    for (noun, opens) in NOUNS {
        // Writing into a string does not fail.
        let _ = writeln!(text, "  {noun:widest$}   {opens}");
    }
    text.push_str("and each interface that only a plugin has, by its name.");
    text
}

pub(super) async fn run(client: &mut Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::Create(create) => make(client, create).await,
        Command::List { user, json } => list(client, user.as_deref(), json).await,
        Command::Show { id, json } => {
            let key: KeyReport = client.get(&path(&["api", "keys", &id], &[])).await?;
            show(&key, json)
        }
        Command::Revoke { id, json } => {
            let key: KeyReport = client.delete(&path(&["api", "keys", &id], &[])).await?;
            if json {
                return super::print_json(&key);
            }
            println!("Revoked {}: it opens nothing any more.", key.key.id);
            Ok(())
        }
    }
}

async fn make(client: &mut Client, create: Create) -> Result<(), Failure> {
    let rate = create.rate.zip(create.burst);
    let rate = rate.map(|(per_second, burst)| KeyRate { per_second, burst });
    let wanted = json!({
        "user": create.user,
        "admin": create.admin,
        "scopes": create.scope,
        "name": create.name,
        "expires": create.expires,
        "rate": rate,
    });
    let created: CreatedKey = client.post("/api/keys", &wanted).await?;
    if create.json {
        return super::print_json(&created);
    }
    let key = &created.report.key;
    let until = key
        .expires_at
        .map_or_else(|| "for ever".to_owned(), |at| format!("until {at:.0}"));
    eprintln!(
        "Made {} for {}, {until}. Its text is shown only now:",
        key.id,
        whose(&created.report)
    );
    println!("{}", created.secret);
    Ok(())
}

async fn list(client: &mut Client, user: Option<&str>, json: bool) -> Result<(), Failure> {
    let keys: Vec<KeyReport> = client
        .get(&path(&["api", "keys"], &[("user", user)]))
        .await?;
    if json {
        return super::print_json(&keys);
    }
    if keys.is_empty() {
        println!(
            "There is no key. Make one: stoflow key create --user USER --scope listings:write"
        );
        return Ok(());
    }
    let lines = keys.iter().map(|report| {
        vec![
            report.key.id.to_string(),
            whose(report),
            report.key.name.clone().unwrap_or_default(),
            may(report),
            last_used(report),
            state(report),
        ]
    });
    let headings = ["KEY", "USER", "NAME", "MAY", "LAST USED", "STATE"];
    print!("{}", rows(&headings, &lines.collect::<Vec<_>>()));
    Ok(())
}

fn show(report: &KeyReport, json: bool) -> Result<(), Failure> {
    if json {
        return super::print_json(report);
    }
    let key = &report.key;
    let rate = key.rate.map_or_else(
        || "the usual number of requests".to_owned(),
        |rate| {
            format!(
                "{} requests a second, {} at once",
                rate.per_second, rate.burst
            )
        },
    );
    for (what, value) in [
        ("key", key.id.to_string()),
        ("user", whose(report)),
        ("name", key.name.clone().unwrap_or_default()),
        ("may", may(report)),
        ("makes", rate),
        ("created", format!("{:.0}", key.created_at)),
        ("last used", last_used(report)),
        ("state", state(report)),
    ] {
        println!("{what:<10} {}", super::text::one_line(&value));
    }
    Ok(())
}

fn whose(report: &KeyReport) -> String {
    let user = report.key.user.as_ref();
    user.map_or_else(|| "operators".to_owned(), ToString::to_string)
}

fn may(report: &KeyReport) -> String {
    if report.key.user.is_none() {
        return "everything".to_owned();
    }
    let scopes = report.key.scopes.iter().map(ToString::to_string);
    scopes.collect::<Vec<_>>().join(" ")
}

fn last_used(report: &KeyReport) -> String {
    let at = report.last_used_at;
    at.map_or_else(|| "never".to_owned(), |at| format!("{at:.0}"))
}

fn state(report: &KeyReport) -> String {
    match (report.state, report.revoked_at, report.key.expires_at) {
        (ReportedKeyState::Revoked, Some(at), _) => format!("revoked since {at:.0}"),
        (ReportedKeyState::Revoked, None, _) => "revoked".to_owned(),
        (ReportedKeyState::Expired, _, Some(at)) => format!("expired since {at:.0}"),
        (ReportedKeyState::Expired, _, None) => "expired".to_owned(),
        (ReportedKeyState::Active, _, Some(at)) => format!("active until {at:.0}"),
        (ReportedKeyState::Active, _, None) => "active".to_owned(),
    }
}
