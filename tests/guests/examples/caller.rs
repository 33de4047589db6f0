//! Sends the one request that it is told to, and returns what came: `listings.get` with a JSON
//! object of `method`, `scheme`, `authority`, `path`, `headers`, `body`. What it asks for is what
//! tests need: an API at a documentation address, a private address, and credentials.

use serde::Deserialize;
use stoflow_plugin_sdk::plugin::{
    self, Credential, Description, Endpoint, Methods, Quota, QuotaScope, QuotaWindow, SecretHeader,
};
use stoflow_plugin_sdk::types::{Error, Listing};
use stoflow_plugin_sdk::{Listings, Plugin, export};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, IncomingBody, Method, OutgoingBody, OutgoingRequest, Scheme};

struct Caller;

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    scheme: Option<String>,
    authority: String,
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
}

impl Plugin for Caller {
    fn describe() -> Description {
        let header = SecretHeader {
            name: "x-api-key".into(),
            template: "{client-id}:{client-secret}".into(),
        };
        let endpoint = |origin: &str, path_prefix: &str, credentials: Vec<Credential>| Endpoint {
            origin: origin.into(),
            path_prefix: path_prefix.into(),
            methods: Methods::GET | Methods::POST,
            credentials,
            quotas: vec!["second".into()],
            cache_seconds: None,
        };
        let both = vec![Credential::UserToken, Credential::Header(header)];
        Description {
            endpoints: vec![
                endpoint("https://api.example.com", "/v1/", both),
                endpoint("https://localhost", "/", Vec::new()),
                endpoint("https://10.0.0.1", "/", Vec::new()),
                endpoint("https://[::1]", "/", Vec::new()),
            ],
            quotas: vec![Quota {
                name: "second".into(),
                scope: QuotaScope::App,
                window: QuotaWindow::Sliding(1),
                limit: 1000,
                limit_header: None,
                remaining_header: None,
            }],
            ..plugin::describe("caller", "Caller", "0.1.0")
        }
    }
}

impl Listings for Caller {
    fn get(id: String) -> Result<Listing, Error> {
        let asked: Asked =
            serde_json::from_str(&id).map_err(|error| Error::Unexpected(error.to_string()))?;
        let reply = send(&asked).map_err(Error::Unavailable)?;
        Err(Error::NotFound(reply))
    }
}

fn send(asked: &Asked) -> Result<String, String> {
    let fields = Fields::new();
    for (name, value) in &asked.headers {
        fields
            .append(name, value.as_bytes())
            .map_err(|error| format!("header {name}: {error:?}"))?;
    }
    let request = OutgoingRequest::new(fields);
    let method = match asked.method.as_deref() {
        None | Some("GET") => Method::Get,
        Some("POST") => Method::Post,
        Some("TRACE") => Method::Trace,
        Some("CONNECT") => Method::Connect,
        Some(other) => Method::Other(other.into()),
    };
    let scheme = if asked.scheme.as_deref() == Some("http") {
        Scheme::Http
    } else {
        Scheme::Https
    };
    request.set_method(&method).map_err(|()| "method")?;
    request.set_scheme(Some(&scheme)).map_err(|()| "scheme")?;
    request
        .set_authority(Some(&asked.authority))
        .map_err(|()| "authority")?;
    request
        .set_path_with_query(Some(&asked.path))
        .map_err(|()| "path")?;
    let body = request.body().map_err(|()| "body")?;
    let future = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    if !asked.body.is_empty() {
        let stream = body.write().map_err(|()| "stream")?;
        let written = stream.blocking_write_and_flush(asked.body.as_bytes());
        drop(stream);
        written.map_err(|error| format!("{error:?}"))?;
    }
    OutgoingBody::finish(body, None).map_err(|error| format!("{error:?}"))?;
    future.subscribe().block();
    let reply = future
        .get()
        .ok_or("no reply")?
        .map_err(|()| "taken")?
        .map_err(|error| format!("{error:?}"))?;
    let mut text = format!("{}\n", reply.status());
    for (name, value) in reply.headers().entries() {
        text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(&value)));
    }
    let body = reply.consume().map_err(|()| "consumed")?;
    text.push_str(&String::from_utf8_lossy(&read(&body)?));
    Ok(text)
}

fn read(body: &IncomingBody) -> Result<Vec<u8>, String> {
    let stream = body.stream().map_err(|()| "stream")?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(chunk) => bytes.extend(chunk),
            Err(wasip2::io::streams::StreamError::Closed) => return Ok(bytes),
            Err(error) => return Err(format!("{error:?}")),
        }
    }
}

export!(Caller: Listings);
