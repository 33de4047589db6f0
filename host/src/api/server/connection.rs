//! One connection: HTTP/1.1 or HTTP/2 within bounds, until its client goes, it has to make room, or the
//! server is stopped.
//!
//! `axum::serve` has none of these bounds: half a header would be waited for for ever.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Version};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};

use super::front::{Entry, Front};
use super::places::{Line, Place, Running};
use super::wire::Wire;
use crate::config::ServerConfig;
use crate::host::Stopping;

/// All headers of a request together, first line included; larger ones are answered with 431.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// Headers of a request.
const HEADERS_MAX: usize = 64;

/// Requests at once on a connection of HTTP/2.
const STREAMS_MAX: u32 = 50;

/// What every connection of a server is served with.
#[derive(Clone)]
pub(super) struct Serving {
    pub(super) front: Arc<Front>,
    pub(super) config: Arc<ServerConfig>,
    /// When connections are to end, once what they have begun is finished.
    pub(super) closing: Stopping,
}

impl Serving {
    /// Serves a connection to its end.
    pub(super) async fn serve<S>(self, stream: S, place: Place, entry: Entry)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let line = Arc::clone(&place.line);
        let wire = Wire::new(stream, Arc::clone(&line), self.config.reply_time());
        let front = Arc::clone(&self.front);
        let requests = Arc::clone(&line);
        let service = service_fn(move |request: Request<Incoming>| {
            let front = Arc::clone(&front);
            let running = begun(&requests, &request);
            async move {
                let response = front.answer(request.map(Body::new), entry).await;
                Ok::<_, Infallible>(response.map(|body| Reply {
                    body,
                    _running: running,
                }))
            }
        });
        let builder = builder();
        let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(wire), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = line.is_cut() => None,
            () = self.closing.begun() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection.as_mut() => Some(ended),
                    () = line.is_cut() => None,
                }
            }
        };
        if let Some(Err(error)) = ended {
            tracing::debug!(%error, "a connection broke off");
        }
    }
}

fn begun(line: &Arc<Line>, request: &Request<Incoming>) -> Running {
    line.begins(request.version() >= Version::HTTP_2)
}

/// The times that hyper knows are not used: its limit for a head is one for idle connections too, and
/// begins only once it knows which HTTP it is. [`Places`](super::places::Places) has both.
fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS_MAX);
    builder
}

/// A reply's body. While it is sent, its request runs.
struct Reply {
    body: Body,
    _running: Running,
}

impl http_body::Body for Reply {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
