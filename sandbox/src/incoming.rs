//! A request, read whole before anything is decided.

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};

use crate::input::Part;
use crate::reply::Refusal;

/// The largest body; Etsy's limits for files and images are below it.
const BODY_MAX: usize = 64 * 1024 * 1024;

/// A request with its body.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The parts of a multipart body, or why it could not be read.
    pub(crate) parts: Option<Result<Vec<Part>, String>>,
}

impl Incoming {
    /// Reads a request.
    pub(crate) async fn read(request: Request) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, BODY_MAX)
            .collect()
            .await
            .map_err(|error| {
                Refusal::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "Request body could not be read",
                )
                .because(error.to_string())
            })?;
        let mut incoming = Self {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or("").to_owned(),
            headers: head.headers,
            body: body.to_bytes(),
            parts: None,
        };
        if incoming
            .header(CONTENT_TYPE.as_str())
            .starts_with("multipart/")
        {
            incoming.parts = Some(incoming.read_parts().await);
        }
        Ok(incoming)
    }

    /// A header's text; empty where it is absent or no text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    async fn read_parts(&self) -> Result<Vec<Part>, String> {
        let mut request = Request::new(axum::body::Body::from(self.body.clone()));
        *request.headers_mut() = self.headers.clone();
        // The limit above is the only one.
        request.extensions_mut().clear();
        let disable = axum::extract::DefaultBodyLimit::disable();
        disable.apply(&mut request);
        let mut multipart = Multipart::from_request(request, &())
            .await
            .map_err(|error| error.body_text())?;
        let mut parts = Vec::new();
        while let Some(field) = multipart
            .next_field()
            .await
            .map_err(|error| error.body_text())?
        {
            let name = field.name().unwrap_or("").to_owned();
            let filename = field.file_name().map(str::to_owned);
            let bytes = field.bytes().await.map_err(|error| error.body_text())?;
            // Of a repeated name the last counts, as in a form.
            parts.retain(|known: &Part| known.name != name);
            parts.push(Part {
                name,
                filename,
                bytes,
            });
        }
        Ok(parts)
    }
}
