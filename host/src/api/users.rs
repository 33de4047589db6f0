//! `/api/users`: who has accounts or keys here, and a user forgotten with all that is kept of him. A user
//! is nothing of its own: he is there as long as something is his.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::accounts::let_go;
use super::caller::Caller;
use super::extract::Path;
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};
use crate::host::Host;
use crate::keys::KeyState;
use crate::model::{PluginId, UserId};

/// Users.
pub(super) fn routes() -> Vec<Route> {
    const TAG: &str = "Users";
    let unknown = [ProblemKind::UnknownUser];
    vec![
        Route::new(
            Method::GET,
            "/api/users",
            Permission::Caller,
            (TAG, "Lists the users; for a user's key, its own"),
            list,
        )
        .replies::<Vec<UserReport>>(200, "The users, in the order of their ids"),
        Route::new(
            Method::GET,
            "/api/users/{user}",
            Permission::Caller,
            (TAG, "Says what a user has"),
            show,
        )
        .replies::<UserReport>(200, "What the user has")
        .fails(&unknown),
        Route::new(
            Method::DELETE,
            "/api/users/{user}",
            Permission::Operator,
            (TAG, "Forgets a user with all that is kept of him"),
            forget,
        )
        .replies::<ForgottenUser>(200, "What was forgotten")
        .fails(&[ProblemKind::UnknownUser, ProblemKind::Conflict]),
    ]
}

/// What a user has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserReport {
    /// Who.
    pub user: UserId,
    /// Connected accounts.
    pub accounts: usize,
    /// Keys that open something.
    pub keys: usize,
}

/// What was forgotten of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForgottenUser {
    /// Who.
    pub user: UserId,
    /// Keys, also those that opened nothing any more.
    pub keys: usize,
    /// What became of each account, for people.
    pub accounts: Vec<String>,
    /// Consents that were begun and led to no account: their tokens are given back.
    pub consents: usize,
    /// Operations, with their results.
    pub operations: usize,
    /// Uploaded files.
    pub files: usize,
    /// Events.
    pub events: usize,
}

async fn list(
    caller: Caller,
    State(host): State<Arc<Host>>,
) -> Result<Json<Vec<UserReport>>, Problem> {
    reports(&host, caller.user()).map(Json)
}

/// Another's is as unknown as one that never was.
async fn show(
    caller: Caller,
    State(host): State<Arc<Host>>,
    Path(user): Path<String>,
) -> Result<Json<UserReport>, Problem> {
    let user: UserId = user.parse().map_err(|_| unknown(&user))?;
    if caller.user().is_some_and(|own| *own != user) {
        return Err(unknown(user.as_str()));
    }
    let report = reports(&host, Some(&user))?.pop();
    report.map(Json).ok_or_else(|| unknown(user.as_str()))
}

/// All users, or one, where anything is theirs.
fn reports(host: &Host, user: Option<&UserId>) -> Result<Vec<UserReport>, Problem> {
    let mut found: BTreeMap<UserId, (usize, usize)> = BTreeMap::new();
    for account in host.accounts.list(user)? {
        found.entry(account.user).or_default().0 += 1;
    }
    for status in host.keys.list(user) {
        if let Some(user) = &status.key.user {
            let counts = found.entry(user.clone()).or_default();
            counts.1 += usize::from(status.state == KeyState::Active);
        }
    }
    let reports = found
        .into_iter()
        .map(|(user, (accounts, keys))| UserReport {
            user,
            accounts,
            keys,
        });
    Ok(reports.collect())
}

/// The keys first, so that nothing new is begun; then each part in turn. One that fails leaves the
/// user there with what is left, and the same again goes on.
async fn forget(
    _: Caller,
    State(host): State<Arc<Host>>,
    Path(user): Path<String>,
) -> Result<Json<ForgottenUser>, Problem> {
    let user: UserId = user.parse().map_err(|_| unknown(&user))?;
    let keys = host.keys.forget(&user).await?;
    let mut accounts = Vec::new();
    for account in host.accounts.list(Some(&user))? {
        let done = let_go(&host, &account).await?;
        accounts.push(done.done);
    }
    let running = host.operations.unfinished_of(Some(&user));
    if running > 0 {
        return Err(still_running(&user, running));
    }
    let config = |plugin: &PluginId| host.config.plugin(plugin);
    let forgotten = ForgottenUser {
        keys,
        accounts,
        consents: host.consent.forget_user(&user, config).await?,
        operations: host.operations.forget_user(&user).await?,
        files: host.files.forget_user(&user).await?,
        // Last: that the accounts are gone was an event too.
        events: host.events.forget_user(&user).await?,
        user,
    };
    let requests = host.idempotency.forget_user(&forgotten.user).await?;
    if requests == 0 && forgotten.is_empty() {
        return Err(unknown(forgotten.user.as_str()));
    }
    Ok(Json(forgotten))
}

impl ForgottenUser {
    fn is_empty(&self) -> bool {
        let counts = [
            self.keys,
            self.accounts.len(),
            self.consents,
            self.operations,
            self.files,
            self.events,
        ];
        counts.iter().all(|count| *count == 0)
    }
}

fn still_running(user: &UserId, running: usize) -> Problem {
    let title = format_args!(
        "{running} operation(s) of {user} are still running; the keys and accounts are gone"
    );
    Problem::new(ProblemKind::Conflict, title).remedy("ask again when they have ended")
}

fn unknown(user: &str) -> Problem {
    let user: String = user.chars().take(128).collect();
    Problem::new(
        ProblemKind::UnknownUser,
        format_args!("nothing is kept of a user {user}"),
    )
}
