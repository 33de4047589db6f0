//! `stoflow account refresh`: a new token now, or of all accounts that have idled for long — what a
//! timer runs where no daemon does.

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::super::Failure;
use super::super::client::{Client, path};
use crate::api::{AccountReport, Refreshed};

#[derive(Debug, Args)]
pub(in crate::cli) struct Refresh {
    /// Its id (acc_…) or USER/PLUGIN/SHOP
    #[arg(required_unless_present = "idle", conflicts_with = "idle")]
    account: Option<String>,
    /// All accounts that nobody has used for a third of their refresh token's life
    #[arg(long)]
    idle: bool,
}

pub(super) async fn run(client: &mut Client, refresh: Refresh) -> Result<(), Failure> {
    match refresh.account {
        Some(account) => one(client, &account).await,
        None => idle(client).await,
    }
}

async fn one(client: &mut Client, account: &str) -> Result<(), Failure> {
    let path = path(&["api", "accounts", account, "refresh"], &[]);
    let report: AccountReport = client.post(&path, &json!({})).await?;
    print!("{}", super::status::page(&report, Timestamp::now()));
    Ok(())
}

/// Every account is told; the first that failed is the command's failure, so that a timer notices.
async fn idle(client: &mut Client) -> Result<(), Failure> {
    let path = path(&["api", "accounts", "refresh"], &[]);
    let done: Vec<Refreshed> = client.post(&path, &json!({})).await?;
    if done.is_empty() {
        println!("No account has idled for long enough.");
    }
    let mut failure = None;
    for refreshed in done {
        match refreshed.problem {
            None => println!("{}: refreshed", refreshed.account),
            Some(problem) => {
                println!("{}: {}", refreshed.account, problem.title);
                failure.get_or_insert(problem);
            }
        }
    }
    failure.map_or(Ok(()), |problem| Err(problem.into()))
}
