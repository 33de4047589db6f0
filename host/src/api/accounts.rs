//! `/api/accounts`: list, show, disconnect.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::problem::{Problem, ProblemKind};
use crate::accounts::{Revocation, alias};
use crate::host::Host;
use crate::model::{Account, UserId};

/// Whose accounts.
#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    user: Option<UserId>,
}

pub(super) async fn list(
    _: Caller,
    State(host): State<Arc<Host>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<Account>>, Problem> {
    Ok(Json(host.accounts.list(query.user.as_ref())?))
}

/// The account with the state of its token; the token itself is nowhere among it.
pub(super) async fn show(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(account): Path<String>,
) -> Result<Json<Value>, Problem> {
    let account = host.accounts.named(&account)?;
    let token = host.accounts.token_status(&account.id)?;
    let alias = alias(&account);
    Ok(Json(json!({
        "alias": alias,
        "account": account,
        "token": token.map(|token| json!({
            "issued_at": token.issued_at,
            "expires_at": token.expires_at,
            "refresh_expires_at": token.refresh_expires_at,
            "generation": token.generation,
        })),
    })))
}

pub(super) async fn disconnect(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(account): Path<String>,
) -> Result<Json<Value>, Problem> {
    let account = host.accounts.named(&account)?;
    let config = host.config.plugin(&account.plugin);
    let done = host.consent.disconnect(&account.id, &config).await?;
    host.gateway.forget(&account.id);
    let Some(done) = done else {
        return Err(Problem::new(
            ProblemKind::UnknownAccount,
            format_args!("there is no account {}", account.id),
        ));
    };
    let revoked = match done.revocation {
        Revocation::Done => "its token was revoked".to_owned(),
        Revocation::NotOffered => {
            "the marketplace offers no way to revoke its token; the seller can remove the app in the settings there".to_owned()
        }
        Revocation::Failed(why) => format!("its token could not be revoked at the marketplace: {why}"),
        Revocation::Nothing => "it had no token".to_owned(),
    };
    let name = &done.account.identity.name;
    Ok(Json(json!({
        "account": done.account.id,
        "done": format!("Disconnected {name} ({}): all that was kept of it is forgotten; {revoked}.", done.account.id),
    })))
}
