//! What whoever serves the API for long begins with: what a stop has broken off is gone on with, and
//! from then on what is old is cleared away. A command that carries the host inside itself does neither:
//! it would end before what it began.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::operation;
use super::problem::Problem;
use crate::host::Host;

/// How often what is old is cleared away.
const EVERY: Duration = Duration::from_hours(1);

/// How often it is looked for pushes from which something still is to follow.
const CARRIED: Duration = Duration::from_secs(15);

/// Goes on with what broke off, and until the host is gone does what pushes ask for and clears away what
/// is old.
///
/// # Errors
/// The store's: then not everything is gone on with.
pub async fn resume(host: &Arc<Host>) -> Result<(), Problem> {
    host.files.clear_left().await?;
    operation::resume(host).await?;
    tokio::spawn(clear(Arc::downgrade(host)));
    tokio::spawn(carry(Arc::downgrade(host)));
    Ok(())
}

/// Does what pushes have asked for and could not be done at once.
async fn carry(host: Weak<Host>) {
    let mut rounds = tokio::time::interval(CARRIED);
    loop {
        rounds.tick().await;
        let Some(host) = host.upgrade() else { return };
        if let Err(error) = host.webhooks.carry_pending().await {
            tracing::warn!(%error, "what pushes ask for is not done yet");
        }
    }
}

async fn clear(host: Weak<Host>) {
    let mut hours = tokio::time::interval(EVERY);
    loop {
        hours.tick().await;
        let Some(host) = host.upgrade() else { return };
        let cleared = [
            host.operations.sweep().await.map_err(Problem::from),
            host.idempotency.sweep().await.map_err(Problem::from),
            host.events.sweep().await.map_err(Problem::from),
            host.webhooks.sweep().await.map_err(Problem::from),
            host.files.sweep().await.map_err(Problem::from),
        ];
        for problem in cleared.into_iter().filter_map(Result::err) {
            tracing::warn!(why = problem.title, "what is old cannot be cleared away");
        }
    }
}
