//! `stoflow serve`: the API over TCP and over the socket in the data directory, until it is told to
//! stop.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use super::client::{self, Client};
use crate::api::{ProblemKind, Server, resume};
use crate::config::Layers;
use crate::host::{Host, HostError, Upkeep};
use crate::telemetry;

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address and port to listen at [env: STOFLOW_SERVER__LISTEN] [default: 127.0.0.1:7100]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

impl Serve {
    /// What the flags set.
    pub(super) fn lay_over(&self, layers: &mut Layers) {
        if let Some(address) = self.listen {
            layers.flag("server.listen", "--listen", address.to_string());
        }
    }
}

pub(super) async fn run(client: &Client) -> Result<(), Failure> {
    let data_dir = client.data_dir().ok_or_else(super::not_from_elsewhere)?;
    let options = client::options(data_dir, client.layers());
    if let Err(error) = telemetry::begin() {
        tracing::warn!(%error, "nothing is counted");
    }
    // Before anything is opened: who is told to stop meanwhile closes it again.
    let mut signals = Signals::new()?;
    let open = tokio::task::spawn_blocking(move || Host::open(&options));
    let host = Arc::new(open.await.map_err(Failure::reply)??);
    let served = until_told(&host, &mut signals).await;
    let closed = tokio::task::spawn_blocking(move || host.close()).await;
    let closed = closed.map_err(Failure::reply)?;
    served.and(closed.map_err(|error| HostError::Store(error).into()))
}

async fn until_told(host: &Arc<Host>, signals: &mut Signals) -> Result<(), Failure> {
    let config = host.config.server();
    if !config.listen.ip().is_loopback() {
        tracing::warn!(
            address = %config.listen,
            "keys and all else travel in clear text to this address; put a proxy with TLS before it"
        );
    }
    let grace = config.grace();
    resume(host).await?;
    let server = Server::start(host, config).await;
    let server = server.map_err(|error| Failure::of(ProblemKind::Internal, error))?;
    let upkeep = Upkeep::start(host);
    announce(server.address());
    signals.next().await;
    tracing::info!("no more connections are taken; what runs is finished");
    let cut = tokio::select! {
        cut = server.stop() => cut,
        () = signals.next() => {
            host.plugins.stop_compiling();
            return Err(Failure::of(
                ProblemKind::Internal,
                "told to stop twice: what ran was cut",
            ));
        }
    };
    if cut > 0 {
        tracing::warn!(cut, "requests took longer than the grace and were cut");
    }
    upkeep.ended().await;
    // What is not finished then is gone on with at the next start.
    let _ = tokio::time::timeout(grace, host.operations.idle()).await;
    Ok(())
}

/// Who has started it reads where it listens; who reads no more has not asked for it.
fn announce(address: SocketAddr) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "Listening at http://{address}").and_then(|()| out.flush());
}

/// What tells the process to stop: a terminal, or whoever has started it.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::io("signals cannot be listened for", &error))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
