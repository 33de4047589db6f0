//! The three ways to the API: the host inside this process, the daemon that has the data directory, and
//! a server elsewhere. A request and its reply are the same by each of them, streams included.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use tower::ServiceExt;

use super::daemon::Daemon;
use super::remote::Remote;
use crate::api::{self, Caller};
use crate::cli::Failure;
use crate::config::Layers;
use crate::host::{Host, HostError, Options};
use crate::runtime::Compiler;
use crate::store::{LOCK_WAIT, StoreError};

/// How often it is looked again whether who has the data directory has given it back or listens.
const AGAIN: Duration = Duration::from_millis(50);

/// A way to the API.
pub(super) enum Door {
    /// No daemon has the data directory: the host is opened in this process.
    Here(Arc<Host>, Router),
    /// The daemon that has it.
    Daemon(Daemon),
    /// A server elsewhere.
    Remote(Remote),
}

impl Door {
    /// The door of a data directory: its daemon, or the host itself. Whoever has the data directory
    /// and does not listen may be starting, stopping, or another command, and is waited for.
    pub(super) async fn of(data_dir: &Path, layers: &Layers) -> Result<Self, Failure> {
        let until = Instant::now() + LOCK_WAIT;
        loop {
            if let Some(daemon) = Daemon::find(data_dir).await {
                return Ok(Self::Daemon(daemon));
            }
            let mut options = options(data_dir, layers);
            options.lock_wait = Duration::ZERO;
            match Host::open(&options) {
                Err(HostError::Store(StoreError::Locked { .. })) if Instant::now() < until => {
                    tokio::time::sleep(AGAIN).await;
                }
                opened => {
                    let host = Arc::new(opened?);
                    let router = api::router(Arc::clone(&host));
                    return Ok(Self::Here(host, router));
                }
            }
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// There is no reply.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Failure> {
        match self {
            Self::Here(_, router) => {
                request.extensions_mut().insert(Caller::Operator);
                match router.clone().oneshot(request).await {
                    Ok(response) => Ok(response),
                    Err(never) => match never {},
                }
            }
            Self::Daemon(daemon) => daemon.send(request).await,
            Self::Remote(remote) => remote.send(request).await,
        }
    }
}

/// With what a host is opened on a data directory.
pub(in crate::cli) fn options(data_dir: &Path, layers: &Layers) -> Options {
    let mut options = Options::new(data_dir);
    // Tests and the demo share one, so that fresh data do not mean compiling again.
    let compiled = layers.variable("STOFLOW_COMPILED_DIR");
    options.compiled_dir = compiled.map(PathBuf::from);
    options.layers = layers.clone();
    options.compiler = Some(Compiler::own());
    options
}
