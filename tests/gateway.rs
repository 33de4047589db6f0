//! The gateway against real servers on loopback, each a stand-in that the configuration names.

mod answers;
mod echoes;
mod kept;
mod refusals;
mod repeats;
mod server;
mod waits;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use stoflow_host::accounts::{Bearer, TokenError};
use stoflow_host::config::PluginConfig;
use stoflow_host::gateway::{
    CallContext, CallRecord, Gateway, GatewayBody, Refusal, Scrub, Seller, Spent, TokenFuture,
    Tokens,
};
use stoflow_host::model::{
    AccountId, CallId, Credential, Endpoint, Grant, Lane, Method, Quota, SecretHeader,
};
use stoflow_host::secret::Secret;
use stoflow_host::transport::Transport;
use tokio::time::Instant;

const REAL: &str = "https://api.market.test";
const CLIENT_ID: &str = "public-keystring";
const CLIENT_SECRET: &str = "the-apps+shared/secret";

/// The seller's token of a generation.
fn token(generation: u64) -> String {
    format!("12345678.sellers-token_{generation}~of/this+generation=")
}

/// Tokens that count how often they are refreshed.
#[derive(Default)]
struct Counted {
    generation: AtomicU64,
    refreshes: AtomicU64,
    /// Instead of a token.
    error: Mutex<Option<TokenError>>,
}

impl Counted {
    fn now(&self) -> Result<Bearer, TokenError> {
        if let Some(error) = self.error.lock().unwrap().clone() {
            return Err(error);
        }
        let generation = self.generation.load(Ordering::SeqCst);
        Ok(Bearer {
            token: Secret::new(token(generation)),
            generation,
        })
    }
}

impl Tokens for Counted {
    fn bearer<'a>(&'a self, _: &'a AccountId, _: &'a PluginConfig) -> TokenFuture<'a> {
        Box::pin(async { self.now() })
    }

    fn refreshed<'a>(
        &'a self,
        _: &'a AccountId,
        _: &'a PluginConfig,
        refused: u64,
    ) -> TokenFuture<'a> {
        Box::pin(async move {
            let raced = self.generation.compare_exchange(
                refused,
                refused + 1,
                Ordering::SeqCst,
                Ordering::SeqCst,
            );
            if raced.is_ok() {
                self.refreshes.fetch_add(1, Ordering::SeqCst);
            }
            self.now()
        })
    }
}

/// A gateway, a configuration whose marketplace is at `origin`, and calls of one account.
struct Plugin {
    gateway: Arc<Gateway>,
    tokens: Arc<Counted>,
    config: PluginConfig,
    account: AccountId,
}

impl Plugin {
    fn at(origin: &str) -> Self {
        Self::with(origin, Scrub::On)
    }

    fn with(origin: &str, scrub: Scrub) -> Self {
        let tokens = Arc::new(Counted::default());
        let endpoint = Endpoint {
            origin: REAL.into(),
            path_prefix: "/v3".into(),
            methods: vec![
                Method::Get,
                Method::Head,
                Method::Post,
                Method::Put,
                Method::Patch,
                Method::Delete,
            ],
            credentials: vec![
                Credential::UserToken,
                Credential::Header(SecretHeader {
                    name: "x-api-key".into(),
                    template: "{client-id}:{client-secret}".into(),
                }),
            ],
            quotas: vec!["second".into(), "day".into()],
            cache_seconds: None,
        };
        let config = PluginConfig {
            client_id: Some(CLIENT_ID.into()),
            client_secret: Some(Secret::new(CLIENT_SECRET.into())),
            origins: BTreeMap::from([(REAL.into(), origin.into())]),
            grant: Some(Grant {
                endpoints: vec![endpoint],
                quotas: vec![],
                provider: None,
            }),
            ..PluginConfig::default()
        };
        Self {
            gateway: Arc::new(Gateway::with_scrub(Transport::new(), tokens.clone(), scrub)),
            tokens,
            config,
            account: AccountId::random(),
        }
    }

    fn quotas(mut self, quotas: Vec<Quota>) -> Self {
        self.config.grant.as_mut().unwrap().quotas = quotas;
        self
    }

    fn call(&self) -> Call {
        Call {
            gateway: Arc::clone(&self.gateway),
            context: CallContext {
                call: CallId::random(),
                plugin: "market".parse().unwrap(),
                config: Arc::new(self.config.clone()),
                seller: Seller::Account(self.account.clone()),
                lane: Lane::Person,
                network: true,
                deadline: Instant::now() + Duration::from_secs(30),
                record: Arc::new(CallRecord::default()),
            },
        }
    }
}

/// One call of the plugin.
#[derive(Clone)]
struct Call {
    gateway: Arc<Gateway>,
    context: CallContext,
}

impl Call {
    async fn send(&self, request: Request<GatewayBody>) -> Result<Response<GatewayBody>, Refusal> {
        self.gateway.send(&self.context, request).await
    }

    async fn get(&self, path: &str) -> Result<Response<GatewayBody>, Refusal> {
        self.send(request("GET", path, Bytes::new())).await
    }

    async fn post(
        &self,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Response<GatewayBody>, Refusal> {
        self.send(request("POST", path, body.into())).await
    }

    fn spent(&self) -> Spent {
        self.context.record.spent()
    }

    fn refusal(&self) -> Option<Refusal> {
        self.context.record.refusal()
    }
}

/// A request to the marketplace, by the name that the plugin knows it by.
fn request(method: &str, path: &str, body: Bytes) -> Request<GatewayBody> {
    Request::builder()
        .method(method)
        .uri(format!("{REAL}{path}"))
        .body(full(body))
        .unwrap()
}

fn full(body: impl Into<Bytes>) -> GatewayBody {
    Full::new(body.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// The whole body.
async fn read(reply: Response<GatewayBody>) -> Result<Bytes, Refusal> {
    Ok(reply.into_body().collect().await?.to_bytes())
}
