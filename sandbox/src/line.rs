//! Connections that can be cut on purpose, in the middle of a reply or before it, and that say when
//! a reply has left.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use crate::history::now_us;

/// A listener whose connections can be cut.
#[derive(Debug)]
pub(crate) struct Lines(pub(crate) TcpListener);

/// A connection.
#[derive(Debug)]
pub(crate) struct Stream {
    tcp: TcpStream,
    line: Line,
}

/// The handle that cuts a connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_cut: AtomicBool,
    /// Of the reply that leaves now.
    sent: Mutex<Arc<Sent>>,
}

/// What of a reply has been handed to its connection.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    at_us: AtomicU64,
    bytes: AtomicUsize,
}

impl Sent {
    /// When the latest byte was; none before the first.
    pub(crate) fn at_us(&self) -> Option<u64> {
        Some(self.at_us.load(Ordering::Acquire)).filter(|at| *at > 0)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }
}

impl Line {
    /// The next reply begins: from now on what is written is counted for it.
    pub(crate) fn next_reply(&self) -> Arc<Sent> {
        let sent = Arc::<Sent>::default();
        *self.sent() = Arc::clone(&sent);
        sent
    }

    fn sent(&self) -> MutexGuard<'_, Arc<Sent>> {
        self.0.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, bytes: usize) {
        let sent = self.sent();
        sent.at_us.store(now_us(), Ordering::Release);
        sent.bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    /// From now on nothing more is written: the client sees the connection end.
    pub(crate) fn cut(&self) {
        self.0.is_cut.store(true, Ordering::Release);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.is_cut.load(Ordering::Acquire) {
            return Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "cut on purpose",
            ));
        }
        Ok(())
    }
}

impl Listener for Lines {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        let (tcp, address) = Listener::accept(&mut self.0).await;
        // Small replies go out at once; where it cannot be set they are only slower.
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        (
            Stream {
                tcp,
                line: Line::default(),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().line.clone()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.line.check()?;
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = written {
            self.line.count(written);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
