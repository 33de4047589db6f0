//! Clients over TCP: each has a connection of its own, which it keeps, and sends one request after the
//! other.
//!
//! They are written on hyper's connection and not on a client with a pool: a pool opens a second
//! connection or sends a request again without a word, and so hides what a load test looks for.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What is asked for, again and again.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    pub path: String,
    /// JSON; empty for none.
    pub body: Bytes,
    /// What `authorization` says; `None` for no key.
    pub bearer: Option<String>,
}

impl Asked {
    pub fn get(path: impl Into<String>, key: Option<&str>) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            body: Bytes::new(),
            bearer: key.map(|key| format!("Bearer {key}")),
        }
    }
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
    /// From the first byte sent to the last one read.
    pub took: Duration,
    /// Whether the server takes another request on this connection.
    pub goes_on: bool,
}

/// Why there is no whole answer.
#[derive(Debug)]
#[expect(dead_code, reason = "shown by a test that fails, in the debug text")]
pub enum Failed {
    /// Nobody takes connections.
    Refused(std::io::Error),
    /// The connection ended before a byte of the answer came.
    Unanswered(hyper::Error),
    /// The answer broke off.
    Cut(hyper::Error),
}

/// One connection.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Client {
    pub async fn connect(server: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(server).await.map_err(Failed::Refused)?;
        stream.set_nodelay(true).map_err(Failed::Refused)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Failed::Unanswered)?;
        // It ends with the sender; how it ends is told to the request that it ends.
        tokio::spawn(connection);
        Ok(Self {
            sender,
            host: server.to_string(),
        })
    }

    /// Sends it whole and reads the whole answer.
    pub async fn ask(&mut self, asked: &Asked) -> Result<Answer, Failed> {
        let began = Instant::now();
        self.sender.ready().await.map_err(Failed::Unanswered)?;
        let reply = self.sender.send_request(self.request(asked)).await;
        let (head, body) = reply.map_err(Failed::Unanswered)?.into_parts();
        let body = body.collect().await.map_err(Failed::Cut)?.to_bytes();
        let close = head.headers.get(header::CONNECTION);
        Ok(Answer {
            status: head.status,
            body,
            took: began.elapsed(),
            goes_on: close.is_none_or(|value| value != "close"),
        })
    }

    fn request(&self, asked: &Asked) -> Request<Full<Bytes>> {
        let mut request = Request::builder()
            .method(&asked.method)
            .uri(&asked.path)
            .header(header::HOST, &self.host);
        if let Some(bearer) = &asked.bearer {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        if !asked.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(asked.body.clone())).unwrap()
    }
}
