//! What a daemon owes without being asked: accounts that nobody uses are refreshed before their tokens
//! die, consents that nobody finished are given back, and the active plugins are ready before the first
//! request wants one.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::Host;
use crate::telemetry;

/// Between two looks for accounts that have idled: a refresh is due for days before it is too late.
const IDLE_EVERY: Duration = Duration::from_secs(60 * 60);

/// Between two looks for consents that were left: an offer stands for ten minutes.
const SWEEP_EVERY: Duration = Duration::from_secs(10 * 60);

/// The rounds that run until the host is stopped.
#[derive(Debug)]
pub struct Upkeep {
    rounds: JoinSet<()>,
}

impl Upkeep {
    /// Begins them. They end by themselves once [`Host::stopping`] has begun.
    pub fn start(host: &Arc<Host>) -> Self {
        let mut rounds = JoinSet::new();
        let warm = Arc::clone(host);
        rounds.spawn_blocking(move || warm.plugins_ready());
        let idle = Arc::clone(host);
        rounds.spawn(async move {
            let config = |plugin: &_| idle.config.plugin(plugin);
            let stop = idle.stopping.begun();
            idle.accounts
                .keep_idle_alive(config, IDLE_EVERY, stop)
                .await;
        });
        let sweep = Arc::clone(host);
        rounds.spawn(async move { until_stopped(&sweep, sweeps(&sweep)).await });
        let counts = Arc::clone(host);
        rounds.spawn(async move { until_stopped(&counts, telemetry::tidied()).await });
        Self { rounds }
    }

    /// Waits until all have ended.
    pub async fn ended(mut self) {
        while let Some(ended) = self.rounds.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a round of the daemon's own ended by itself");
            }
        }
    }
}

async fn until_stopped(host: &Host, work: impl Future<Output = ()>) {
    tokio::select! {
        () = host.stopping.begun() => {}
        () = work => {}
    }
}

/// Leaving in the middle loses nothing: what a sweep gives back it forgets only afterwards.
async fn sweeps(host: &Host) {
    let mut rounds = tokio::time::interval(SWEEP_EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        let installed = match host.plugins.list() {
            Ok(installed) => installed,
            Err(error) => {
                tracing::error!(%error, "consents that were left cannot be looked after");
                continue;
            }
        };
        for (plugin, _) in installed.into_iter().filter(|(_, active)| *active) {
            let id = &plugin.description.id;
            if let Err(error) = host.consent.sweep(id, &host.config.plugin(id)).await {
                tracing::error!(plugin = %id, %error, "consents that were left cannot be given back");
            }
        }
    }
}
