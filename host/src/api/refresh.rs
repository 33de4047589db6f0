//! `/api/accounts/{account}/refresh`, `/api/accounts/refresh`: a new token now, because a person
//! wants one, and of all accounts that have idled for long.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::account_status::{AccountReport, report};
use super::caller::Caller;
use super::extract::Path;
use super::problem::Problem;
use crate::accounts::IdleRefresh;
use crate::host::Host;
use crate::model::AccountId;

/// What came of an idle account's refresh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Refreshed {
    /// Which account.
    pub account: AccountId,
    /// Why it has no new token; absent where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl From<IdleRefresh> for Refreshed {
    fn from(done: IdleRefresh) -> Self {
        Self {
            account: done.account,
            problem: done.outcome.err().map(Problem::from),
        }
    }
}

pub(super) async fn one(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(account): Path<String>,
) -> Result<Json<AccountReport>, Problem> {
    let account = caller.account(&host, &account)?;
    let config = host.config.plugin(&account.plugin);
    host.accounts.refresh(&account.id, &config).await?;
    report(&host, &account.id).map(Json)
}

/// One that fails is among the others: the request itself has succeeded.
pub(super) async fn idle(
    _: Caller,
    State(host): State<Arc<Host>>,
) -> Result<Json<Vec<Refreshed>>, Problem> {
    let done = host
        .accounts
        .refresh_idle(|plugin| host.config.plugin(plugin))
        .await?;
    Ok(Json(done.into_iter().map(Refreshed::from).collect()))
}
