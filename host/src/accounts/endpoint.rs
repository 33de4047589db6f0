//! The way to a provider's token and revoke endpoints: the transport, as the `oauth2` crate wants
//! it. A reply is put on disk, sealed, as it came, before anybody tries to understand it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use oauth2::{HttpRequest, HttpResponse};
use url::Url;

use super::refresh::Reply;
use super::skew;
use crate::config::PluginConfig;
use crate::store::{Commit, Key, Store, StoreError};
use crate::transport::{Body, NotSent, Outbound, Target, Transport, TransportError, retry_after};

/// One exchange with an endpoint.
pub(super) struct Endpoint<'a> {
    transport: &'a Transport,
    config: &'a PluginConfig,
    /// Where a reply is kept before it is read.
    spool: Option<(&'a Store, Key)>,
    heard: Mutex<Heard>,
}

/// What a reply says beside its body.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heard {
    /// Its status; `None` where no reply came.
    pub(super) status: Option<StatusCode>,
    /// When it was made, by the server's clock.
    pub(super) date: Option<Timestamp>,
    /// How long the server wants to be left alone.
    pub(super) retry_after: Option<Duration>,
}

impl Heard {
    fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        let date = skew::date(headers);
        // Counted by the server's own clock, where it says what that shows.
        let now = date.map_or_else(SystemTime::now, SystemTime::from);
        let value = headers.get(RETRY_AFTER);
        let value = value.and_then(|value| value.to_str().ok());
        Self {
            status: Some(status),
            date,
            retry_after: value.and_then(|value| retry_after(value, now)),
        }
    }
}

/// Why there is no reply, or none that may be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum EndpointError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("its reply could not be kept: {0}")]
    Store(#[from] StoreError),
}

impl<'a> Endpoint<'a> {
    pub(super) fn new(transport: &'a Transport, config: &'a PluginConfig) -> Self {
        Self {
            transport,
            config,
            spool: None,
            heard: Mutex::default(),
        }
    }

    /// Keeps a good reply under this key before it is read.
    pub(super) fn spooled(mut self, store: &'a Store, key: Key) -> Self {
        self.spool = Some((store, key));
        self
    }

    /// The status of the reply, if one came.
    pub(super) fn status(&self) -> Option<StatusCode> {
        self.heard().status
    }

    /// What the reply says beside its body.
    pub(super) fn heard(&self) -> Heard {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, EndpointError> {
        let invalid = |why: &str| TransportError::from(NotSent::Invalid(why.to_owned()));
        let (parts, body) = request.into_parts();
        let url =
            Url::parse(&parts.uri.to_string()).map_err(|error| invalid(&error.to_string()))?;
        let mut outbound = Outbound::new(Method::POST, Target::of(&url, self.config));
        outbound.headers = parts.headers;
        outbound.body = Body::Collected(body.into());
        let reply = self.transport.send_small(outbound).await?;
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) =
            Heard::of(reply.status, &reply.headers);
        let mut response = HttpResponse::new(reply.body.to_vec());
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        if reply.status.is_success() {
            if let Some((store, key)) = &self.spool {
                let commit = Commit::new().put(key, &Reply::new(&reply.body));
                store.commit(commit).await?;
            }
            // A token is a token whatever the reply is called: to pass it over may cost the
            // connection.
            *response.status_mut() = StatusCode::OK;
            response.headers_mut().remove(CONTENT_TYPE);
        }
        Ok(response)
    }
}

impl<'c> oauth2::AsyncHttpClient<'c> for Endpoint<'_> {
    type Error = EndpointError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, EndpointError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.exchange(request))
    }
}
