//! Arguments as a request to a function's route: some in the path, the others in the query or the body.

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use stoflow_host::api::{Caller, Problem};
use stoflow_host::contract::Route;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::served::Asker;
use crate::stage::{Stage, form};

/// A request to a route.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: &'static str,
    /// With the query.
    pub target: String,
    /// Media type and content.
    pub body: Option<(String, Vec<u8>)>,
}

impl Asked {
    /// With these arguments.
    pub fn of(route: &Route, arguments: &Map<String, Value>) -> Self {
        let mut arguments = arguments.clone();
        let segments = route.path.split('/').map(|segment| {
            let name = segment
                .strip_prefix('{')
                .and_then(|it| it.strip_suffix('}'));
            let Some(name) = name else {
                return segment.to_owned();
            };
            let value = arguments.remove(name).unwrap_or_else(|| panic!("{name}"));
            encoded(value.as_str().unwrap())
        });
        let path: Vec<String> = segments.collect();
        let target = format!("/api/etsy{}", path.join("/"));
        let method = route.method.as_str();
        if matches!(method, "GET" | "DELETE") {
            let mut query = Serializer::new(String::new());
            pairs(&arguments, &mut query);
            let target = format!("{target}?{}", query.finish());
            let body = None;
            return Self {
                method,
                target,
                body,
            };
        }
        let json = Value::Object(arguments);
        let body = match json.to_string().contains("\"asset:") {
            true => form(&json),
            false => ("application/json".to_owned(), json.to_string().into_bytes()),
        };
        Self {
            method,
            target,
            body: Some(body),
        }
    }

    /// An address.
    pub fn get(target: &str) -> Self {
        Self {
            method: "GET",
            target: target.to_owned(),
            body: None,
        }
    }

    pub async fn send(&self, stage: &Stage) -> Result<Value, Problem> {
        let (status, _, body) = self.exchange(stage).await;
        match status.is_success() {
            true => Ok(body),
            false => Err(serde_json::from_value(body).unwrap()),
        }
    }

    /// Over TCP or the socket.
    pub async fn send_by(&self, asker: &Asker) -> Result<Value, Problem> {
        let method = self.method.parse().unwrap();
        let mut request = asker
            .request(method, &self.target)
            .header("prefer", "wait=60");
        if let Some((media_type, bytes)) = &self.body {
            request = request
                .header(header::CONTENT_TYPE, media_type)
                .body(bytes.clone());
        }
        let answer = asker.send(request).await;
        match answer.status {
            200..300 => Ok(answer.json()),
            _ => Err(serde_json::from_slice(&answer.body).unwrap()),
        }
    }

    /// Status, headers and JSON.
    pub async fn exchange(&self, stage: &Stage) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder()
            // What takes long is waited for.
            .header("prefer", "wait=60")
            .method(self.method)
            .uri(&self.target)
            .header("prefer", "wait=60")
            .extension(Caller::Operator);
        let mut content = Body::empty();
        if let Some((media_type, bytes)) = &self.body {
            request = request.header(header::CONTENT_TYPE, media_type);
            content = Body::from(bytes.clone());
        }
        exchange(stage, request.body(content).unwrap()).await
    }
}

/// What is at an address.
pub async fn get(stage: &Stage, target: &str) -> Result<Value, Problem> {
    Asked::get(target).send(stage).await
}

/// Status, headers and JSON of a reply.
pub async fn exchange(stage: &Stage, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
    let (head, body) = stage.send(request).await.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let json = serde_json::from_slice(&bytes)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)));
    (head.status, head.headers, json)
}

/// As one segment of a path.
pub fn encoded(text: &str) -> String {
    let text: String = byte_serialize(text.as_bytes()).collect();
    text.replace('+', "%20")
}

/// A record's fields are parameters of their own.
fn pairs(arguments: &Map<String, Value>, query: &mut Serializer<'_, String>) {
    for (name, value) in arguments {
        match value {
            Value::Object(fields) => pairs(fields, query),
            Value::Array(items) => {
                for item in items {
                    query.append_pair(name, &text(item));
                }
            }
            value => {
                query.append_pair(name, &text(value));
            }
        }
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
