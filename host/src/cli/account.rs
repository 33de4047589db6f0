//! `stoflow account`: connect sellers' accounts, show, set up, refresh and disconnect them.

mod refresh;
mod set;
mod status;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use url::Url;

use super::Failure;
use super::browser::{self, Callback};
use super::client::{Client, path};
use super::rows::rows;
use crate::model::{Account, AccountState};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Connect a seller's account: opens the marketplace's consent page
    Connect(Connect),
    /// List the accounts
    List {
        /// Only this user's
        #[arg(long)]
        user: Option<String>,
        /// The reply as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show whether an account works, since when, and its token, refreshes and settings
    #[command(visible_alias = "show")]
    Status(status::Status),
    /// Set, or take away, an account's own values of its plugin's settings
    Set(set::Set),
    /// Get a new token of an account now, or of all accounts that have idled for long
    Refresh(refresh::Refresh),
    /// Disconnect an account: its tokens are revoked where the marketplace can, and forgotten
    Disconnect {
        /// Its id (acc_…) or USER/PLUGIN/SHOP
        account: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Connect {
    /// The plugin: etsy
    plugin: String,
    /// Whose account it will be
    #[arg(long)]
    user: String,
    /// Paste the address that the browser ends at, instead of listening for it
    #[arg(long)]
    paste: bool,
    /// Only print the address, do not open a browser
    #[arg(long)]
    no_browser: bool,
}

pub(super) async fn run(client: &mut Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::Connect(connect) => self::connect(client, connect).await,
        Command::List { user, json } => list(client, user.as_deref(), json).await,
        Command::Status(status) => status::run(client, status).await,
        Command::Set(set) => set::run(client, set).await,
        Command::Refresh(refresh) => refresh::run(client, refresh).await,
        Command::Disconnect { account } => {
            let done: Value = client
                .delete(&path(&["api", "accounts", &account], &[]))
                .await?;
            println!(
                "{}",
                done.get("done")
                    .and_then(Value::as_str)
                    .unwrap_or("Disconnected.")
            );
            Ok(())
        }
    }
}

async fn connect(client: &mut Client, connect: Connect) -> Result<(), Failure> {
    let begin = path(&["api", &connect.plugin, "oauth", "connect"], &[]);
    let begun: Value = client
        .post(&begin, &json!({ "user": connect.user }))
        .await?;
    let text = |name: &str| begun.get(name).and_then(Value::as_str).unwrap_or_default();
    let redirect = Url::parse(text("redirect_uri")).ok();
    let listening = match redirect.filter(|_| !connect.paste) {
        Some(redirect) => Callback::listen(&redirect).await?,
        None => None,
    };
    // A person may take minutes: others can use the store meanwhile.
    client.release().await?;
    let url = text("url");
    println!("Consent here:\n\n  {url}\n");
    if !connect.no_browser && !connect.paste {
        browser::open(url);
    }
    let (address, page) = match listening {
        Some(callback) => {
            println!("Waiting for the browser to come back …");
            let (address, page) = callback.wait().await?;
            (address, Some(page))
        }
        None => (browser::paste()?, None),
    };
    let complete = path(&["api", &connect.plugin, "oauth", "complete"], &[]);
    let completed: Result<Value, Failure> = client
        .post(&complete, &json!({ "callback": address }))
        .await;
    if let Some(page) = page {
        page.answer(completed.is_ok()).await;
    }
    print_connected(&completed?)
}

fn print_connected(completed: &Value) -> Result<(), Failure> {
    let account = completed.get("account").cloned().unwrap_or_default();
    let account: Account = serde_json::from_value(account).map_err(Failure::reply)?;
    println!("Connected {} as {}", account.identity.name, account.id);
    for warning in completed
        .get("warnings")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        eprintln!("warning: {}", warning.as_str().unwrap_or_default());
    }
    Ok(())
}

async fn list(client: &mut Client, user: Option<&str>, json: bool) -> Result<(), Failure> {
    let accounts: Vec<Account> = client
        .get(&path(&["api", "accounts"], &[("user", user)]))
        .await?;
    if json {
        return super::print_json(&accounts);
    }
    if accounts.is_empty() {
        println!(
            "No account is connected. Connect one: stoflow account connect PLUGIN --user USER"
        );
        return Ok(());
    }
    let lines = accounts.iter().map(|account| {
        vec![
            account.id.to_string(),
            account.user.to_string(),
            account.plugin.to_string(),
            account.identity.name.clone(),
            format!("{:.0}", account.since),
            state(&account.state),
        ]
    });
    print!(
        "{}",
        rows(
            &["ACCOUNT", "USER", "PLUGIN", "SHOP", "SINCE", "STATE"],
            &lines.collect::<Vec<_>>()
        )
    );
    Ok(())
}

fn state(state: &AccountState) -> String {
    match state {
        AccountState::Connected => "connected".into(),
        AccountState::NeedsConsent(why) => format!("needs consent: {why}"),
    }
}
