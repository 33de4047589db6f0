//! The same route without a plugin: the client, the request and the mapping are the same, all
//! compiled natively; the arguments and the reply are serde's.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::Deserialize;
use stoflow_host::transport::{Allowed, Outbound, Target, Transport};
use stoflow_plugin_etsy::convert::listing::listing_page;
use stoflow_sandbox::RequestRecord;
use url::Url;

use crate::listing::Page;

/// What the transport says itself.
const TRANSPORTS_OWN: [&str; 4] = ["host", "accept-encoding", "content-length", "connection"];

/// The marketplace as a program without plugins would know it.
pub struct Native {
    transport: Transport,
    origin: String,
    path: String,
    /// The token and the app's key among them.
    headers: HeaderMap,
}

#[derive(Deserialize)]
struct Arguments {
    state: String,
    page: Asked,
}

#[derive(Deserialize)]
struct Asked {
    limit: u32,
}

impl Native {
    /// Asks as the plugin did, by the record of its request: the same shop, headers and credentials.
    pub fn like(origin: &str, record: &RequestRecord) -> Arc<Self> {
        let headers = record.headers.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        });
        Self::new(origin.to_owned(), record.path.clone(), headers.collect())
    }

    /// Asks this origin for this path, with these headers but for the transport's own.
    pub fn new(origin: String, path: String, mut headers: HeaderMap) -> Arc<Self> {
        for name in TRANSPORTS_OWN {
            headers.remove(name);
        }
        Arc::new(Self {
            transport: Transport::new(),
            origin,
            path,
            headers,
        })
    }

    /// The route, as a call and by its own path.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/api/etsy/call/listings/list", post(list))
            .route("/api/etsy/listings/active", get(active))
            .with_state(Arc::clone(self))
    }

    /// The marketplace's page, whole.
    pub async fn fetch(&self, state: &str, limit: u32) -> Bytes {
        let query = format!("state={state}&limit={limit}&offset=0&includes=Images");
        let url = format!("{}{}?{query}", self.origin, self.path);
        let target = Target {
            url: Url::parse(&url).unwrap(),
            allowed: Allowed::Named(self.origin.parse().unwrap()),
        };
        let mut outbound = Outbound::new(Method::GET, target);
        outbound.headers = self.headers.clone();
        let mut reply = self.transport.send(outbound).await.unwrap();
        assert!(reply.status.is_success(), "{}", reply.status);
        let mut whole = BytesMut::new();
        while let Some(piece) = reply.body.try_next().await.unwrap() {
            whole.extend_from_slice(&piece);
        }
        whole.freeze()
    }
}

async fn list(
    State(native): State<Arc<Native>>,
    Json(asked): Json<Arguments>,
) -> impl IntoResponse {
    answer(&native, &asked.state, &asked.page).await
}

async fn active(State(native): State<Arc<Native>>, Query(page): Query<Asked>) -> impl IntoResponse {
    answer(&native, "active", &page).await
}

async fn answer(native: &Native, state: &str, page: &Asked) -> impl IntoResponse + use<> {
    let reply = native.fetch(state, page.limit.clamp(1, 100)).await;
    ([(header::CONTENT_TYPE, "application/json")], mapped(&reply))
}

/// From the marketplace's JSON to the contract's.
pub fn mapped(reply: &[u8]) -> Vec<u8> {
    let page = listing_page(reply).unwrap();
    serde_json::to_vec(&Page::from(&page)).unwrap()
}
