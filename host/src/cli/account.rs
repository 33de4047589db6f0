//! `stoflow account`: connect sellers' accounts, show, set up, refresh and disconnect them.

mod refresh;
mod set;
mod status;

use clap::Subcommand;
use serde_json::Value;

use super::Failure;
use super::client::{Client, path};
use super::connect::Connect;
use super::rows::rows;
use crate::api::Listed;
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

pub(super) async fn run(client: &mut Client, command: Command) -> Result<(), Failure> {
    match command {
        Command::Connect(connect) => super::connect::run(client, connect).await,
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

async fn list(client: &mut Client, user: Option<&str>, json: bool) -> Result<(), Failure> {
    let accounts = all(client, user).await?;
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

/// All pages of them.
async fn all(client: &mut Client, user: Option<&str>) -> Result<Vec<Account>, Failure> {
    let mut accounts = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let query = [
            ("user", user),
            ("limit", Some("1000")),
            ("cursor", cursor.as_deref()),
        ];
        let page: Listed<Account> = client.get(&path(&["api", "accounts"], &query)).await?;
        accounts.extend(page.items);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(accounts),
        }
    }
}

fn state(state: &AccountState) -> String {
    match state {
        AccountState::Connected => "connected".into(),
        AccountState::NeedsConsent(why) => format!("needs consent: {why}"),
    }
}
