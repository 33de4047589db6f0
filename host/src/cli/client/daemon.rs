//! The daemon of this data directory, asked over its socket.

use std::path::{Path, PathBuf};

use axum::body::Body;
use http::{HeaderValue, Request, Response, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::api::{ProblemKind, socket};
use crate::cli::Failure;

/// A daemon that listens.
pub(in crate::cli) struct Daemon {
    data_dir: PathBuf,
    /// The connection by which it was found.
    found: Option<UnixStream>,
}

impl Daemon {
    /// The daemon of a data directory; `None` where none listens. Whoever may not ask one that does
    /// may not open the store either, and is told so there.
    pub(in crate::cli) async fn find(data_dir: &Path) -> Option<Self> {
        match socket::connect(data_dir).await {
            Ok(found) => Some(Self {
                data_dir: data_dir.to_owned(),
                found: Some(found),
            }),
            Err(error) => {
                tracing::debug!(%error, "no daemon listens");
                None
            }
        }
    }

    /// The daemon's process, as the system knows it.
    pub(in crate::cli) fn process(&self) -> String {
        let peer = self.found.as_ref().and_then(|found| found.peer_cred().ok());
        match peer.and_then(|peer| peer.pid()) {
            Some(process) => format!("process {process}"),
            None => "another process".to_owned(),
        }
    }

    /// Sends a request on a connection of its own: a command has a few of them.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Failure> {
        let stream = match self.found.take() {
            Some(found) => found,
            None => socket::connect(&self.data_dir).await.map_err(|error| {
                Failure::of(
                    ProblemKind::Unavailable,
                    format_args!("the daemon listens no more: {error}"),
                )
            })?,
        };
        let local = HeaderValue::from_static("localhost");
        request.headers_mut().insert(header::HOST, local);
        let is_safe = request.method().is_safe();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Failure::reply)?;
        let connection = tokio::spawn(connection);
        let reply = sender.send_request(request).await;
        drop(connection);
        reply
            .map(|reply| reply.map(Body::new))
            .map_err(|error| broke_off(&error, is_safe))
    }
}

/// What a request did whose reply did not come, only the daemon's store knows.
pub(super) fn broke_off(error: &dyn std::error::Error, is_safe: bool) -> Failure {
    let kind = match is_safe {
        true => ProblemKind::Unavailable,
        false => ProblemKind::Uncertain,
    };
    Failure::of(
        kind,
        format_args!("the connection ended before the reply: {error}"),
    )
}
