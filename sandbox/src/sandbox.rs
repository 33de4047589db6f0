//! A sandbox that runs inside a program: started, looked into, disturbed, stopped.

mod orders;
mod persistence;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::control::{self, ListingWish};
use crate::core::Core;
use crate::faults::Fault;
use crate::history::RequestRecord;
use crate::line::{Line, Lines};
use crate::market::seed::{NewSeller, Seller};
use crate::oauth::grants::TokenPair;
use crate::options::Options;
use crate::server::{self, Server};
use crate::state;
use crate::state_file::StateError;
use crate::webhooks;

/// How long [`Sandbox::stop`] waits for requests that are being answered.
const STOP_WAIT: Duration = Duration::from_secs(2);

/// Why a sandbox could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or may not be listened on.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; choose another port, or 0 for any")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key or the secret could not be told from ordinary text.
    #[error("{what} has {length} characters, at least 12 are needed")]
    Short {
        /// Which one.
        what: &'static str,
        /// How long it is.
        length: usize,
    },
    /// A redirect URI that no browser could be sent to.
    #[error("the redirect URI \"{uri}\" is not an address: {source}")]
    RedirectUri {
        /// The text that was given.
        uri: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// The state that it was to begin with.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What a control operation could not do, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ControlError(String);

/// A running sandbox. Dropping it stops it.
pub struct Sandbox {
    server: Arc<Server>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    /// Sends webhooks.
    sender: JoinHandle<()>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts a sandbox on 127.0.0.1, as a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError`] says which option cannot be served.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        check(&options)?;
        let port = options.port;
        let listen = |source| StartError::Listen { port, source };
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let server = Arc::new(Server::new(options, format!("http://{address}")));
        persistence::begin(&server)?;
        let router = Router::new()
            .fallback(server::serve)
            .with_state(Arc::clone(&server));
        let service = router.into_make_service_with_connect_info::<Line>();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stopped = async move {
                // A sandbox that is dropped drops the sender: that stops it as well.
                let _ = stopped.await;
            };
            let serving = axum::serve(Lines(listener), service).with_graceful_shutdown(stopped);
            if let Err(error) = serving.await {
                tracing::error!(%error, "the sandbox stopped");
            }
        });
        let sender = tokio::spawn(webhooks::run(Arc::clone(&server)));
        Ok(Self {
            server,
            stop: Some(stop),
            task,
            sender,
        })
    }

    /// Where it is reached: `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.server.base_url
    }

    /// The settings that it runs with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.server.options
    }

    /// Everything that it holds, as `GET /sandbox/state` shows it.
    #[must_use]
    pub fn state(&self) -> Value {
        state::state(&self.server.core(), self.url())
    }

    /// The bytes of an image that was uploaded.
    #[must_use]
    pub fn image(&self, listing_image_id: i64) -> Option<Bytes> {
        self.server
            .core()
            .market
            .images
            .get(&listing_image_id)
            .map(|image| image.bytes.clone())
    }

    /// The requests to the marketplace so far, oldest first, with raw headers.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.server.core().history.records().collect()
    }

    /// How many requests to the marketplace have come so far, those included that are not answered
    /// yet: a test that stops a client in the middle of one waits for this.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.server.begun.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.server.core().history.clear();
    }

    /// Queues a fault.
    ///
    /// # Errors
    ///
    /// A fault that could never hit anything.
    pub fn inject(&self, fault: Fault) -> Result<(), ControlError> {
        control::inject(&mut self.server.core(), fault).map_err(ControlError)
    }

    /// Forgets the queued faults.
    pub fn clear_faults(&self) {
        self.server.core().faults.clear();
    }

    /// Moves the sandbox's clock forward: tokens, limits and listings age.
    pub fn advance(&self, by: Duration) {
        self.server.core().advance(by);
    }

    /// Moves the sandbox's clock forward to a time in seconds since 1970.
    ///
    /// # Errors
    ///
    /// A time that is past.
    pub fn move_clock_to(&self, seconds: i64) -> Result<(), ControlError> {
        self.server.core().move_to(seconds).map_err(ControlError)
    }

    /// Lets every access token expire, and with `refresh` every refresh token; how many did.
    pub fn expire_tokens(&self, refresh: bool) -> usize {
        let mut core = self.server.core();
        let now = core.clock.now();
        core.grants.expire(refresh, now)
    }

    /// Begins anew, with the sellers of the seed and nothing else.
    pub fn reset(&self) {
        *self.server.core() = Core::new(&self.server.options);
    }

    /// Adds a seller with a shop.
    ///
    /// # Errors
    ///
    /// A name that is taken, or a country or currency that the sandbox does not have.
    pub fn add_seller(&self, seller: &NewSeller) -> Result<Seller, ControlError> {
        control::add_seller(&mut self.server.core(), seller).map_err(ControlError)
    }

    /// The sellers that there are, the one that a consent without a choice means first.
    #[must_use]
    pub fn sellers(&self) -> Vec<Seller> {
        let core = self.server.core();
        let shops = core.market.shops.values();
        shops
            .map(|shop| Seller {
                user_id: shop.user_id,
                shop_id: shop.id,
            })
            .collect()
    }

    /// Tokens of a seller without the consent page; all scopes where `scopes` is empty.
    ///
    /// # Errors
    ///
    /// A user or scope that does not exist.
    pub fn issue_tokens(&self, user_id: i64, scopes: &[&str]) -> Result<TokenPair, ControlError> {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let mut core = self.server.core();
        control::issue(
            &mut core,
            &self.server.options,
            &user_id.to_string(),
            &scopes,
        )
        .map_err(ControlError)
    }

    /// Puts a listing into a state that no seller's request brings about, such as `sold_out`,
    /// `expired`, or one that Etsy's document does not name.
    ///
    /// # Errors
    ///
    /// There is no such listing.
    pub fn set_listing_state(&self, listing_id: i64, state: &str) -> Result<(), ControlError> {
        let wish = ListingWish {
            listing_id,
            state: Some(state.to_owned()),
            frozen: None,
        };
        control::set_listing_state(&mut self.server.core(), &wish).map_err(ControlError)
    }

    /// Freezes a listing, so that it cannot be published, or thaws it.
    ///
    /// # Errors
    ///
    /// There is no such listing.
    pub fn set_frozen(&self, listing_id: i64, frozen: bool) -> Result<(), ControlError> {
        let wish = ListingWish {
            listing_id,
            state: None,
            frozen: Some(frozen),
        };
        control::set_listing_state(&mut self.server.core(), &wish).map_err(ControlError)
    }

    /// Stops it: no new requests, those being answered have two seconds. A state that cannot be
    /// written is said in the log.
    pub async fn stop(self) {
        if let Err(error) = self.run_until(std::future::ready(())).await {
            tracing::error!(%error, "the state is lost");
        }
    }

    /// Runs until `signal` completes, then stops and writes the state, if the options name a file.
    ///
    /// # Errors
    ///
    /// The state could not be written.
    pub async fn run_until(mut self, signal: impl Future<Output = ()>) -> Result<(), StateError> {
        signal.await;
        if let Some(stop) = self.stop.take() {
            // An error means that it stopped by itself.
            let _ = stop.send(());
        }
        if tokio::time::timeout(STOP_WAIT, &mut self.task)
            .await
            .is_err()
        {
            self.task.abort();
        }
        persistence::end(&self.server)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
        self.sender.abort();
    }
}

fn check(options: &Options) -> Result<(), StartError> {
    for (what, text) in [
        ("the client id", &options.client_id),
        ("the client secret", &options.client_secret),
    ] {
        if text.len() < 12 {
            return Err(StartError::Short {
                what,
                length: text.len(),
            });
        }
    }
    for uri in &options.redirect_uris {
        url::Url::parse(uri).map_err(|source| StartError::RedirectUri {
            uri: uri.clone(),
            source,
        })?;
    }
    Ok(())
}
