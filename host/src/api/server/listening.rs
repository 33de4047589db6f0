//! Taking connections, until the server is stopped.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;

use super::connection::Serving;
use super::front::Entry;
use super::places::Places;
use crate::host::Stopping;

/// How long it waits when the system has no file for a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// What is said where there is no place, before a request is read; whether it is heard is not waited for.
const CROWDED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/problem+json\r\nretry-after: 2\r\nconnection: close\r\n\
    content-length: 112\r\n\r\n\
    {\"type\":\"/problems/unavailable\",\"title\":\"there is no place for another connection\",\"status\":503,\"retry_after\":2}";

/// A listener's loop.
pub(super) struct Listening {
    pub(super) serving: Serving,
    pub(super) places: Arc<Places>,
    pub(super) until: Stopping,
    pub(super) alive: mpsc::Sender<Infallible>,
}

impl Listening {
    pub(super) async fn tcp(self, listener: TcpListener) {
        while let Some(taken) = self.next(|| listener.accept()).await {
            let Some((stream, from)) = self.is_taken(taken).await else {
                continue;
            };
            // Replies are small and whole: nothing is gained by waiting for more.
            let _ = stream.set_nodelay(true);
            let at = stream.local_addr().map_or(from.ip(), |at| at.ip());
            let from = from.ip();
            self.serve(stream, Some(from), Entry::Tcp { at, from });
        }
    }

    pub(super) async fn unix(self, listener: UnixListener) {
        while let Some(taken) = self.next(|| listener.accept()).await {
            if let Some((stream, _)) = self.is_taken(taken).await {
                self.serve(stream, None, Entry::Socket);
            }
        }
    }

    /// `None` once it is stopped, and no client is left that the system has connected and nobody has
    /// taken yet.
    async fn next<T, F: Future<Output = T>>(&self, accept: impl Fn() -> F) -> Option<T> {
        tokio::select! {
            biased;
            () = self.until.begun() => accept().now_or_never(),
            taken = accept() => Some(taken),
        }
    }

    async fn is_taken<T>(&self, taken: io::Result<T>) -> Option<T> {
        match taken {
            Ok(taken) => Some(taken),
            Err(error) => {
                // Of one client that has gone, or of a process that has no more files.
                tracing::warn!(%error, "a connection cannot be taken");
                tokio::time::sleep(PAUSE).await;
                None
            }
        }
    }

    fn serve<S>(&self, mut stream: S, from: Option<IpAddr>, entry: Entry)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(place) = self.places.take(from) else {
            tracing::warn!("there is no place for another connection");
            let _ = stream.write_all(CROWDED).now_or_never();
            return;
        };
        let (serving, alive) = (self.serving.clone(), self.alive.clone());
        tokio::spawn(async move {
            serving.serve(stream, place, entry).await;
            drop(alive);
        });
    }
}
