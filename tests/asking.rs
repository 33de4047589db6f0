//! Requests to the API as a client makes them: by whom, with which headers; and the whole answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;
use stoflow_host::api::{Caller, Problem};
use stoflow_host::model::{ApiKey, KeyId};
use tower::ServiceExt as _;

use crate::stage::{Stage, form, form_by};

/// A request that is being put together.
pub struct Asking<'a> {
    stage: &'a Stage,
    caller: Caller,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Waits until something is so.
///
/// # Panics
/// When it is not within half a minute.
pub async fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A key of a user's, with these scopes.
pub fn key_of(user: &str, scopes: &[&str]) -> Caller {
    Caller::Key(Arc::new(ApiKey {
        id: KeyId::random(),
        user: Some(user.parse().unwrap()),
        scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
        name: None,
        created_at: Timestamp::now(),
        expires_at: None,
        rate: None,
    }))
}

/// A request by the operator.
pub fn ask<'a>(stage: &'a Stage, method: Method, path: &str) -> Asking<'a> {
    Asking {
        stage,
        caller: Caller::Operator,
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

impl Asking<'_> {
    pub fn by(mut self, caller: &Caller) -> Self {
        self.caller = caller.clone();
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string().into_bytes())
    }

    /// Arguments with the files of `docs/examples` that they name.
    pub fn form(self, arguments: &Value) -> Self {
        let (media_type, body) = form(arguments);
        self.bytes(&media_type, body)
    }

    /// The same with another boundary.
    pub fn form_by(self, arguments: &Value, boundary: &str) -> Self {
        let (media_type, body) = form_by(arguments, boundary);
        self.bytes(&media_type, body)
    }

    pub fn bytes(mut self, media_type: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", media_type)
    }

    /// The answer, with its body still to come.
    pub async fn begun(self) -> http::Response<Body> {
        let stage = self.stage;
        stage.send(self.request()).await
    }

    fn request(self) -> Request<Body> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .extension(self.caller);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body)).unwrap()
    }

    /// Sends it to a host that is stopped, with all that it does, once `is_time` says so.
    pub async fn broken_off(self, is_time: impl Fn() -> bool) {
        let router = self.stage.router.clone();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.spawn(router.oneshot(self.request()));
        until(is_time).await;
        runtime.shutdown_background();
    }

    pub async fn answer(self) -> Answer {
        let (parts, body) = self.begun().await.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    pub fn problem(&self) -> Problem {
        assert!(self.status.is_client_error() || self.status.is_server_error());
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }
}
