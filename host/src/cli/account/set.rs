//! `stoflow account set`: an account's own values of its plugin's settings.

use std::collections::BTreeMap;

use clap::Args;

use super::super::Failure;
use super::super::client::{Client, path};
use crate::api::AccountReport;

#[derive(Debug, Args)]
pub(in crate::cli) struct Set {
    /// Its id (acc_…) or USER/PLUGIN/SHOP
    account: String,
    /// A setting and its value
    #[arg(value_name = "NAME=VALUE", value_parser = pair, required_unless_present = "unset")]
    values: Vec<(String, String)>,
    /// Take the account's own value away: the operator's holds again, else the default
    #[arg(long, value_name = "NAME")]
    unset: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("there is no = in it")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(super) async fn run(client: &mut Client, set: Set) -> Result<(), Failure> {
    let mut changes: BTreeMap<String, Option<String>> = BTreeMap::new();
    let unset = set.unset.into_iter().map(|name| (name, None));
    let values = set.values.into_iter();
    for (name, value) in values.map(|(name, value)| (name, Some(value))).chain(unset) {
        if changes.insert(name.clone(), value).is_some() {
            return Err(Failure::usage(format_args!("{name} is named twice")));
        }
    }
    let path = path(&["api", "accounts", &set.account, "settings"], &[]);
    let report: AccountReport = client.post(&path, &changes).await.map_err(|failure| {
        failure.in_flags(|pointer| pointer.trim_start_matches('/').to_owned())
    })?;
    println!("Set for {}:", report.id);
    let mut any = false;
    for setting in &report.settings {
        if let Some(value) = &setting.value {
            any = true;
            println!("  {} = {value}", setting.name);
        }
    }
    if !any {
        println!("  nothing of its own");
    }
    Ok(())
}
