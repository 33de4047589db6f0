//! How commands reach the API: through the daemon that has the data directory, or the host inside this
//! process, opened at the first request and given back while a person is waited for, or a server
//! elsewhere. What a command says is the same by each of them.

mod daemon;
mod door;
mod remote;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Method, Request, Response, header};
use http_body_util::BodyExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) use daemon::Daemon;
pub(super) use door::options;
pub(super) use remote::Remote;

use super::Failure;
use crate::api::{self, Problem};
use crate::config::Layers;
use crate::host::HostError;
use door::Door;

/// The API, for one command.
pub(super) struct Client {
    way: Way,
    layers: Layers,
    open: Option<Door>,
}

/// Where the API is looked for.
enum Way {
    /// In this data directory.
    Local(PathBuf),
    /// At a server.
    Server(Remote),
}

impl Client {
    /// The API of a data directory.
    pub(super) fn new(data_dir: PathBuf, layers: Layers) -> Self {
        Self {
            way: Way::Local(data_dir),
            layers,
            open: None,
        }
    }

    /// The API of a server.
    pub(super) fn of_server(server: Remote, layers: Layers) -> Self {
        Self {
            way: Way::Server(server),
            layers,
            open: None,
        }
    }

    /// A request without a body, its reply read as JSON.
    pub(super) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        self.json(Method::GET, path, "application/json", Body::empty())
            .await
    }

    pub(super) async fn delete<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        self.json(Method::DELETE, path, "application/json", Body::empty())
            .await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(Failure::reply)?;
        self.json(Method::POST, path, "application/json", Body::from(body))
            .await
    }

    pub(super) async fn post_bytes<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        self.json(Method::POST, path, "application/wasm", Body::from(body))
            .await
    }

    /// Where all is kept; `None` where that is on a server.
    pub(super) fn data_dir(&self) -> Option<&Path> {
        match &self.way {
            Way::Local(data_dir) => Some(data_dir),
            Way::Server(_) => None,
        }
    }

    /// What is set outside `stoflow.toml`.
    pub(super) fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Whether there is anything to be asked about: without a store nothing is installed.
    pub(super) fn has_store(&self) -> bool {
        self.data_dir()
            .is_some_and(|data_dir| data_dir.join("store").is_dir())
    }

    /// Asks for a file and writes it down as it comes.
    pub(super) async fn download(
        &mut self,
        path: &str,
        to: &mut impl Write,
    ) -> Result<(), Failure> {
        let request = request(
            Method::POST,
            path,
            "application/json",
            "application/octet-stream",
            Body::empty(),
        )?;
        let response = self.send(request).await?;
        let mut chunks = response.into_body().into_data_stream();
        let failed = |error: io::Error| Failure::io("what was asked for cannot be written", &error);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(Failure::reply)?;
            to.write_all(&chunk).map_err(failed)?;
        }
        to.flush().map_err(failed)
    }

    async fn json<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        media_type: &str,
        body: Body,
    ) -> Result<T, Failure> {
        let request = request(method, path, media_type, "application/json", body)?;
        let bytes = self.collect(request).await?;
        serde_json::from_slice(&bytes).map_err(Failure::reply)
    }

    async fn collect(&mut self, request: Request<Body>) -> Result<Bytes, Failure> {
        let response = self.send(request).await?;
        let bytes = response
            .into_body()
            .collect()
            .await
            .map_err(Failure::reply)?;
        Ok(bytes.to_bytes())
    }

    /// Sends a request; a problem is this command's failure.
    async fn send(&mut self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        let response = self.door().await?.send(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let bytes = response
            .into_body()
            .collect()
            .await
            .map_err(Failure::reply)?
            .to_bytes();
        Err(serde_json::from_slice::<Problem>(&bytes).map_or_else(Failure::reply, Failure::from))
    }

    /// A call whose steps are shown while it runs; its result as JSON.
    pub(super) async fn watch(
        &mut self,
        path: &str,
        media_type: &str,
        body: Body,
        mut on_progress: impl FnMut(api::Step),
    ) -> Result<Bytes, Failure> {
        let request = request(Method::POST, path, media_type, "text/event-stream", body)?;
        let response = self.send(request).await?;
        let mut events = api::Events::new(response.into_body().into_data_stream());
        while let Some(event) = events.next().await {
            match event.map_err(Failure::reply)? {
                api::Event::Progress(step) => on_progress(step),
                api::Event::Result(json) => return Ok(json),
                api::Event::Problem(problem) => return Err((*problem).into()),
            }
        }
        Err(Failure::reply("it ended before the result"))
    }

    async fn door(&mut self) -> Result<&mut Door, Failure> {
        let door = match self.open.take() {
            Some(door) => door,
            None => match &self.way {
                Way::Local(data_dir) => Door::of(data_dir, &self.layers).await?,
                Way::Server(server) => Door::Remote(server.clone()),
            },
        };
        Ok(self.open.insert(door))
    }

    /// Gives the store back, if it is this process that has it. The next request opens it again, or
    /// asks the daemon that has it by then.
    pub(super) async fn release(&mut self) -> Result<(), Failure> {
        let Some(Door::Here(host, _)) = self.open.take() else {
            return Ok(());
        };
        let closed = tokio::task::spawn_blocking(move || host.close()).await;
        let closed = closed.map_err(Failure::reply)?;
        closed.map_err(|error| Failure::from(HostError::Store(error)))
    }
}

fn request(
    method: Method,
    path: &str,
    media_type: &str,
    accept: &str,
    body: Body,
) -> Result<Request<Body>, Failure> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, media_type)
        .header(header::ACCEPT, accept)
        .body(body)
        .map_err(|error| Failure::usage(format_args!("{path:?} cannot be asked for: {error}")))
}

/// A path with its query, each part encoded.
pub(super) fn path(segments: &[&str], query: &[(&str, Option<&str>)]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        path.extend(
            url::form_urlencoded::byte_serialize(segment.as_bytes())
                .map(|part| part.replace('+', "%20")),
        );
    }
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in query {
        if let Some(value) = value {
            pairs.append_pair(name, value);
        }
    }
    let query = pairs.finish();
    if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    }
}
