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

/// Goes on with what broke off, and clears away what is old, every hour until the host is gone.
///
/// # Errors
/// The store's: then not everything is gone on with.
pub async fn resume(host: &Arc<Host>) -> Result<(), Problem> {
    operation::resume(host).await?;
    tokio::spawn(clear(Arc::downgrade(host)));
    Ok(())
}

async fn clear(host: Weak<Host>) {
    let mut hours = tokio::time::interval(EVERY);
    loop {
        hours.tick().await;
        let Some(host) = host.upgrade() else { return };
        let cleared = [
            host.operations.sweep().await.map_err(Problem::from),
            host.files.sweep().await.map_err(Problem::from),
        ];
        for problem in cleared.into_iter().filter_map(Result::err) {
            tracing::warn!(why = problem.title, "what is old cannot be cleared away");
        }
    }
}
