//! A host that is asked over TCP by who has a key, and by an operator beside it in process: so that its
//! clock can be moved, and its keys made without a command for each.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use stoflow_host::api::Server;
use stoflow_host::clock::Clock;
use stoflow_host::config::ServerConfig;

use crate::served::Answer;
use crate::stage::Stage;

/// A host that is served over TCP, and an operator beside it in process.
pub struct Gate {
    pub stage: Stage,
    pub clock: Clock,
    /// Lives as long as the gate: what it serves ends with it.
    _server: Server,
    client: reqwest::Client,
    url: String,
}

impl Gate {
    pub async fn new() -> Self {
        let clock = Clock::default();
        let own = clock.clone();
        Self::of(Stage::with(|options| options.clock = own), clock).await
    }

    pub async fn of(stage: Stage, clock: Clock) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ServerConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            ..ServerConfig::default()
        };
        let server = Server::start(&stage.host, Arc::new(config)).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            url: format!("http://{}", server.address()),
            stage,
            clock,
            _server: server,
            client,
        }
    }

    /// Asks with an `Authorization` of this text.
    pub async fn ask(
        &self,
        (method, path): (Method, &str),
        authorization: Option<&str>,
        body: &Value,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        // What takes long is waited for.
        request = request.header("prefer", "wait=60");
        if let Some(text) = authorization {
            request = request.header("authorization", text);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let reply = request.send().await.unwrap();
        Answer {
            status: reply.status().as_u16(),
            headers: reply.headers().clone(),
            body: reply.bytes().await.unwrap(),
        }
    }

    pub async fn ask_as(&self, secret: &str, method: Method, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {secret}");
        self.ask((method, path), Some(&bearer), body).await
    }

    pub async fn get(&self, path: &str, secret: &str) -> Answer {
        self.ask_as(secret, Method::GET, path, &Value::Null).await
    }

    /// The host closed and opened again, and served.
    pub async fn reopened(self) -> Self {
        let Self {
            stage,
            clock,
            _server: server,
            ..
        } = self;
        server.stop().await;
        Self::of(stage.reopen(), clock).await
    }

    /// A key, made by an operator: its id and text.
    pub async fn key(&self, wanted: Value) -> (String, String) {
        let made = self.stage.post("/api/keys", wanted).await.unwrap();
        let member = |name: &str| made[name].as_str().unwrap().to_owned();
        (member("id"), member("secret"))
    }

    pub async fn key_of(&self, user: &str, scopes: &[&str]) -> (String, String) {
        self.key(json!({ "user": user, "scopes": scopes })).await
    }
}
