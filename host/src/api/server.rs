//! The server of `stoflow serve`: the API over TCP and over the socket in the data directory, with bounds
//! for everything that a client can draw out, and a stop that finishes what runs.

mod admission;
mod connection;
mod cors;
mod front;
mod hosts;
mod listening;
mod open_files;
mod patience;
mod places;
mod upload;
mod wire;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::socket;
use crate::config::ServerConfig;
use crate::host::{Host, Stopping};
use connection::Serving;
use front::Front;
use listening::Listening;
use places::Places;

/// How long clients may go on after a stop has begun, each told to close with its next reply: what they
/// had sent already is answered.
const DRAIN: Duration = Duration::from_millis(500);

/// How often it is looked whether what runs has finished.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened at.
    #[error("{address} cannot be listened at: {source}; choose another with --listen")]
    Listen {
        /// As it was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The socket cannot be made.
    #[error("the socket {path} cannot be made: {source}")]
    Socket {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    host: Arc<Host>,
    data_dir: PathBuf,
    address: SocketAddr,
    config: Arc<ServerConfig>,
    places: [Arc<Places>; 2],
    /// When no more connections are taken.
    listening: Stopping,
    /// When connections are to end.
    closing: Stopping,
    tasks: JoinSet<()>,
    /// Ends when whatever was to be finished is.
    finished: mpsc::Receiver<Infallible>,
}

impl Server {
    /// Listens, and answers from here on. It has to be called in a runtime of tokio's.
    ///
    /// # Errors
    /// The address is taken, or the socket cannot be made.
    pub async fn start(host: &Arc<Host>, config: Arc<ServerConfig>) -> Result<Self, ServerError> {
        let address = config.listen;
        let failed = |source| ServerError::Listen { address, source };
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        let data_dir = host.data_dir().to_owned();
        let unix = socket::listen(&data_dir).map_err(|source| ServerError::Socket {
            path: socket::path(&data_dir),
            source,
        })?;
        let max = open_files::connections_max(config.connections_max);
        // The socket has its own: who floods the port does not shut out the operator.
        let places = [(); 2].map(|()| Places::new(&config, max));
        let (alive, finished) = mpsc::channel(1);
        let router = super::router(Arc::clone(host));
        let front = Front::new(Arc::clone(host), router, &config, alive.clone());
        let (listening, closing) = (Stopping::default(), Stopping::default());
        let serving = Serving {
            front: Arc::new(front),
            config: Arc::clone(&config),
            closing: closing.clone(),
        };
        let [tcp_places, unix_places] = &places;
        let mut tasks = JoinSet::new();
        for places in &places {
            let places = Arc::clone(places);
            tasks.spawn(async move { places.watch().await });
        }
        let listen = |places: &Arc<Places>| Listening {
            serving: serving.clone(),
            places: Arc::clone(places),
            until: listening.clone(),
            alive: alive.clone(),
        };
        tasks.spawn(listen(tcp_places).tcp(tcp));
        tasks.spawn(listen(unix_places).unix(unix));
        Ok(Self {
            host: Arc::clone(host),
            data_dir,
            address,
            config,
            places,
            listening,
            closing,
            tasks,
            finished,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets what runs finish, and ends. How many requests were cut because
    /// they took longer than the grace.
    pub async fn stop(mut self) -> usize {
        self.host.stopping.begin();
        self.listening.begin();
        socket::remove(&self.data_dir);
        let until = tokio::time::Instant::now() + self.config.grace();
        tokio::time::sleep(DRAIN.min(self.config.grace())).await;
        self.closing.begin();
        // Whoever has sent half a head is not waited for.
        let at_rest = async {
            while self.running() > 0 {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            for places in &self.places {
                places.cut_waiting();
            }
            // Nothing is ever sent: it ends with the last sender.
            while self.finished.recv().await.is_some() {}
        };
        let in_time = tokio::time::timeout_at(until, at_rest).await.is_ok();
        let cut = if in_time { 0 } else { self.running() };
        // Its thread cannot be cut.
        self.host.plugins.stop_compiling();
        self.tasks.shutdown().await;
        cut
    }

    fn running(&self) -> usize {
        self.places.iter().map(|places| places.running()).sum()
    }
}
