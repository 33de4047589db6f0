//! The way to a provider's token and revoke endpoints: the transport, as the `oauth2` crate wants
//! it. A reply is put on disk, sealed, as it came, before anybody tries to understand it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use http::{Method, StatusCode};
use oauth2::{HttpRequest, HttpResponse};
use url::Url;

use super::refresh::Reply;
use crate::config::PluginConfig;
use crate::model::AccountId;
use crate::secret::Secret;
use crate::store::{Commit, Key, Store, StoreError};
use crate::transport::{Body, NotSent, Outbound, Target, Transport, TransportError};

/// One exchange with an endpoint.
pub(super) struct Endpoint<'a> {
    transport: &'a Transport,
    config: &'a PluginConfig,
    /// Where a reply is kept before it is read.
    spool: Option<(&'a Store, &'a AccountId)>,
    status: Mutex<Option<StatusCode>>,
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
            status: Mutex::new(None),
        }
    }

    /// Keeps a good reply for this account before it is read.
    pub(super) fn spooled(mut self, store: &'a Store, account: &'a AccountId) -> Self {
        self.spool = Some((store, account));
        self
    }

    /// The status of the reply, if one came.
    pub(super) fn status(&self) -> Option<StatusCode> {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner)
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
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply.status);
        if let Some((store, account)) = self.spool.filter(|_| reply.status == StatusCode::OK) {
            let kept = Reply {
                body: Secret::new(String::from_utf8_lossy(&reply.body).into_owned()),
            };
            let commit = Commit::new().put(&Key::of([account.as_str()]), &kept);
            store.commit(commit).await?;
        }
        let mut response = HttpResponse::new(reply.body.to_vec());
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
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
