//! What a test stands on: a host on a fresh data directory, and its API asked in process, as the
//! command line asks it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, Response, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use stoflow_host::api::{self, Caller, Problem};
use stoflow_host::host::{Host, Options};
use tempfile::TempDir;
use tower::ServiceExt;

/// A host, with its data directory.
pub struct Stage {
    pub host: Arc<Host>,
    pub router: Router,
    pub data: TempDir,
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// A built component: `guests/spin`, `plugins/etsy`.
pub fn component(name: &str) -> Vec<u8> {
    let path = target().join(format!("{name}.wasm"));
    fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}. Build it first: cargo xtask plugins",
            path.display()
        )
    })
}

/// One place for all tests, so that each component is compiled once.
pub fn compiled() -> PathBuf {
    target().join("tests-compiled")
}

/// Rounds of a repeated test: `cargo xtask test` sets them, `default` is for a plain `cargo test`.
pub fn rounds(name: &str, default: u32) -> u32 {
    let set = std::env::var(format!("STOFLOW_ROUNDS_{name}")).ok();
    set.map_or(default, |text| text.parse().unwrap())
}

impl Stage {
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    /// A host whose options or data directory the test changes first.
    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut options = Options::new(data.path());
        options.compiled_dir = Some(compiled());
        change(&mut options);
        let host = Arc::new(Host::open(&options).unwrap());
        let router = api::router(Arc::clone(&host));
        Self { host, router, data }
    }

    /// A host with guests installed and granted what they ask for.
    pub async fn of(guests: &[&str]) -> Self {
        let stage = Self::new();
        for guest in guests {
            stage.install(&format!("guests/{guest}")).await.unwrap();
        }
        stage
    }

    pub async fn install(&self, name: &str) -> Result<Value, Problem> {
        self.install_bytes(component(name)).await
    }

    pub async fn install_bytes(&self, component: Vec<u8>) -> Result<Value, Problem> {
        self.ask(
            Method::POST,
            "/api/plugins?grant=asked&replace=true",
            "application/wasm",
            component,
        )
        .await
    }

    pub async fn install_without_grant(&self, name: &str) -> Result<Value, Problem> {
        self.ask(
            Method::POST,
            "/api/plugins",
            "application/wasm",
            component(name),
        )
        .await
    }

    pub async fn install_bytes_without_replace(
        &self,
        component: Vec<u8>,
    ) -> Result<Value, Problem> {
        self.ask(
            Method::POST,
            "/api/plugins?grant=asked",
            "application/wasm",
            component,
        )
        .await
    }

    /// Installs a version and makes it the active one, whatever is active now.
    pub async fn activate(&self, name: &str) {
        let path = "/api/plugins?grant=asked&activate=true&replace=true";
        self.ask(Method::POST, path, "application/wasm", component(name))
            .await
            .unwrap();
    }

    pub async fn inspect(&self, name: &str) -> Value {
        self.ask(
            Method::POST,
            "/api/plugins/inspect",
            "application/wasm",
            component(name),
        )
        .await
        .unwrap()
    }

    /// Closes the host and opens another one on the same data.
    pub fn reopen(self) -> Self {
        self.host.close().unwrap();
        let mut options = Options::new(self.data.path());
        options.compiled_dir = Some(compiled());
        let host = Arc::new(Host::open(&options).unwrap());
        let router = api::router(Arc::clone(&host));
        Self {
            host,
            router,
            data: self.data,
        }
    }

    pub async fn get(&self, path: &str) -> Result<Value, Problem> {
        self.ask(Method::GET, path, "application/json", Vec::new())
            .await
    }

    pub async fn post(&self, path: &str, body: Value) -> Result<Value, Problem> {
        self.ask(
            Method::POST,
            path,
            "application/json",
            body.to_string().into_bytes(),
        )
        .await
    }

    /// A form, or whatever else is no JSON.
    pub async fn post_form(
        &self,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Value, Problem> {
        self.ask(Method::POST, path, media_type, body).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value, Problem> {
        self.ask(Method::DELETE, path, "application/json", Vec::new())
            .await
    }

    /// Calls a function.
    pub async fn call(
        &self,
        plugin: &str,
        function: &str,
        arguments: Value,
    ) -> Result<Value, Problem> {
        let function = function.replace('.', "/");
        self.post(&format!("/api/{plugin}/call/{function}"), arguments)
            .await
    }

    /// `listings.get`, by which guests are told what to do; their answer is the error's text.
    pub async fn provoke(&self, guest: &str, what: &str) -> Problem {
        self.call(guest, "listings.get", json!({ "id": what }))
            .await
            .unwrap_err()
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Value, Problem> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, media_type)
            // What takes long is waited for.
            .header("prefer", "wait=60")
            .extension(Caller::Operator)
            .body(Body::from(body))
            .unwrap();
        let response = self.send(request).await;
        let is_ok = response.status().is_success();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        if is_ok {
            return Ok(serde_json::from_slice(&bytes).unwrap());
        }
        Err(serde_json::from_slice(&bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes))))
    }

    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl Stage {
    /// Calls a function with the files of `docs/examples` that its arguments name.
    pub async fn call_with_files(
        &self,
        plugin: &str,
        function: &str,
        arguments: Value,
    ) -> Result<Value, Problem> {
        let (media_type, body) = form(&arguments);
        let path = format!("/api/{plugin}/call/{}", function.replace('.', "/"));
        self.ask(Method::POST, &path, &media_type, body).await
    }
}

/// A form of arguments and of the files of `docs/examples` that they name: its media type and its bytes.
pub fn form(arguments: &Value) -> (String, Vec<u8>) {
    form_by(arguments, "the-boundary-of-a-test")
}

/// The same with a boundary of the client's choice.
pub fn form_by(arguments: &Value, boundary: &str) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    let mut part = |head: &str, content: &[u8]| {
        body.extend(
            format!("--{boundary}\r\ncontent-disposition: form-data; {head}\r\n\r\n").bytes(),
        );
        body.extend(content);
        body.extend(b"\r\n");
    };
    let text = arguments.to_string();
    part("name=\"arguments\"", text.as_bytes());
    for file in fs::read_dir(crate::market::examples()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if text.contains(&format!("\"asset:{name}\"")) {
            part(
                &format!("name=\"file\"; filename=\"{name}\""),
                &fs::read(&path).unwrap(),
            );
        }
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// The problem that a response is.
pub async fn problem(response: Response<Body>) -> Problem {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)))
}
