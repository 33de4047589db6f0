//! The pictures that a product names by URL, fetched for one call.
//!
//! A plugin must not reach with them what its grant does not name: only what the caller's arguments
//! name is fetched, and only in a call that may use the network. Otherwise `open` would be a way
//! out to any server, with anything in the URL.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use url::Url;
use wasmtime::component::Val;

use super::assets::{ASSET_BYTES_MAX, Asset, Fault};
use super::limits::{FETCHED_BYTES_MAX, FETCHES_MAX};
use super::spool::{Spool, SpoolError};
use crate::gateway::CallContext;
use crate::transport::{NotSent, Outbound, Target, Transport, TransportError};

/// How much of a URL is shown in the log.
const SHOWN_CHARS_MAX: usize = 200;

/// What one call has fetched. A picture is looked at before it is sent, so each is opened twice at
/// least: it is fetched once.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    /// The call's arguments, in which a source has to stand.
    arguments: Arc<Vec<Val>>,
    pictures: HashMap<String, Arc<Asset>>,
    fetches: u32,
    bytes: u64,
}

/// Why there is no picture: what the plugin is told, and what the log is.
#[derive(Debug)]
pub(super) struct NotFetched {
    pub(super) fault: Fault,
    pub(super) why: String,
}

impl NotFetched {
    fn new(fault: Fault, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { fault, why }
    }
}

impl Fetched {
    /// Nothing yet.
    pub(super) fn new(arguments: Arc<Vec<Val>>) -> Self {
        Self {
            arguments,
            ..Self::default()
        }
    }

    /// The picture at a URL.
    pub(super) async fn open(
        &mut self,
        transport: &Transport,
        call: &CallContext,
        source: &str,
    ) -> Result<Asset, NotFetched> {
        if let Some(picture) = self.pictures.get(source) {
            return Ok(picture.opened());
        }
        let refused = |why: &str| Err(NotFetched::new(Fault::Refused, why));
        if !call.network {
            return refused("this function may not use the network");
        }
        if !self.arguments.iter().any(|value| names(value, source)) {
            return refused("the call's arguments do not name it");
        }
        if self.fetches >= FETCHES_MAX || self.bytes >= FETCHED_BYTES_MAX {
            return refused("the call has fetched as much as it may");
        }
        self.fetches += 1;
        let picture = fetch(transport, call, source).await?;
        self.bytes += picture.size();
        let opened = picture.opened();
        self.pictures.insert(source.to_owned(), Arc::new(picture));
        Ok(opened)
    }
}

/// Whether a value of the arguments is this source, or is a document in which it stands as a text.
fn names(value: &Val, source: &str) -> bool {
    match value {
        Val::String(text) => text == source || text.contains(&format!("\"{source}\"")),
        Val::List(items) | Val::Tuple(items) => items.iter().any(|item| names(item, source)),
        Val::Record(fields) => fields.iter().any(|(_, field)| names(field, source)),
        Val::Variant(_, payload) | Val::Option(payload) => {
            payload.as_ref().is_some_and(|value| names(value, source))
        }
        _ => false,
    }
}

/// Fetches a picture into an unlinked file.
async fn fetch(
    transport: &Transport,
    call: &CallContext,
    source: &str,
) -> Result<Asset, NotFetched> {
    let url = Url::parse(source);
    let url = url.map_err(|error| NotFetched::new(Fault::Missing, error.to_string()))?;
    if url.scheme() != "https" {
        return Err(NotFetched::new(Fault::Refused, "it is not https"));
    }
    let request = Outbound::new(http::Method::GET, Target::of(&url, &call.config));
    let reply = transport.send(request).await.map_err(not_sent)?;
    call.record.active();
    let status = reply.status;
    match status.as_u16() {
        200 => {}
        404 | 410 => return Err(NotFetched::new(Fault::Missing, status.to_string())),
        _ => return Err(NotFetched::new(Fault::Unavailable, status.to_string())),
    }
    let said = media_type(&reply.headers);
    let unavailable = |error: String| NotFetched::new(Fault::Unavailable, error);
    let spool = Spool::new(ASSET_BYTES_MAX).await;
    let mut spool = spool.map_err(|error| unavailable(error.to_string()))?;
    let mut body = reply.body;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| unavailable(error.to_string()))?;
        spool.push(&piece).await.map_err(|error| match error {
            SpoolError::TooLarge { .. } => NotFetched::new(Fault::Refused, error.to_string()),
            SpoolError::Io(_) => unavailable(error.to_string()),
        })?;
        call.record.active();
    }
    let file = spool.finish().await;
    let asset = file
        .and_then(|file| Asset::new(url.path(), file))
        .map_err(|error| unavailable(error.to_string()))?;
    if !may_be(&said, asset.content_type()) {
        let why = format!("it is no {said}, though it says so");
        return Err(NotFetched::new(Fault::Refused, why));
    }
    Ok(asset)
}

/// What a reply says that it is, without parameters; empty where it says nothing.
fn media_type(headers: &HeaderMap) -> String {
    let said = headers.get(CONTENT_TYPE);
    let said = said.and_then(|value| value.to_str().ok());
    let essence = said.unwrap_or_default().split(';').next();
    essence.unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a content may be what it says: a page that asks to log in, sent as a picture, is none. Only
/// what has a mark in its first bytes can be told; SVG is text and has none.
fn may_be(said: &str, content: &str) -> bool {
    let kind = |media_type: &str| media_type.split('/').next().unwrap_or_default().to_owned();
    let has_mark = matches!(kind(said).as_str(), "image" | "video" | "audio");
    !has_mark || said == "image/svg+xml" || kind(said) == kind(content)
}

fn not_sent(error: TransportError) -> NotFetched {
    let fault = match &error {
        TransportError::NotSent(
            NotSent::Address { .. }
            | NotSent::OwnAddress(_)
            | NotSent::Literal(_)
            | NotSent::NotAllowed(_),
        ) => Fault::Refused,
        _ => Fault::Unavailable,
    };
    NotFetched::new(fault, error.to_string())
}

/// A source as the log may have it: what stands behind `?` is often a key to the picture.
pub(super) fn shown(source: &str) -> String {
    let open = source.split(['?', '#']).next().unwrap_or_default();
    open.chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "https://pictures.example/a.jpg";

    fn text(text: &str) -> Val {
        Val::String(text.into())
    }

    #[test]
    fn a_source_is_named_wherever_it_stands_in_the_arguments() {
        let image = Val::Record(vec![("source".into(), text(SOURCE))]);
        let product = Val::Record(vec![
            ("title".into(), text("a mug")),
            ("images".into(), Val::List(vec![image])),
        ]);
        assert!(names(&product, SOURCE));
        let chosen = Val::Variant("picture".into(), Some(Box::new(text(SOURCE))));
        assert!(names(&Val::Option(Some(Box::new(chosen))), SOURCE));
        assert!(names(&text(&format!(r#"{{"video":"{SOURCE}"}}"#)), SOURCE));
    }

    #[test]
    fn what_a_plugin_puts_together_is_not_named() {
        let product = Val::List(vec![text("a mug"), text(SOURCE), Val::Option(None)]);
        for source in [
            "https://pictures.example/a.jpg?stolen=1",
            "https://pictures.example/a",
            "https://evil.example/a.jpg",
            "",
        ] {
            assert!(!names(&product, source), "{source}");
        }
        assert!(!names(
            &text("see https://evil.example/x for more"),
            "https://evil.example/x"
        ));
    }

    #[test]
    fn what_says_that_it_is_a_picture_has_a_pictures_content() {
        for (said, content, is_it) in [
            ("image/jpeg", "image/jpeg", true),
            ("image/jpeg", "image/png", true),
            ("image/jpeg", "text/html", false),
            ("image/png", "application/octet-stream", false),
            ("video/mp4", "image/gif", false),
            ("image/svg+xml", "text/xml", true),
            ("application/octet-stream", "image/png", true),
            ("application/pdf", "application/octet-stream", true),
            ("", "image/png", true),
        ] {
            assert_eq!(may_be(said, content), is_it, "{said} {content}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(media_type(&headers), "");
        headers.insert(CONTENT_TYPE, "Image/JPEG ; q=1".parse().unwrap());
        assert_eq!(media_type(&headers), "image/jpeg");
    }

    #[test]
    fn the_log_has_no_key_of_a_signed_address() {
        assert_eq!(
            shown("https://pictures.example/a.jpg?signature=abc#x"),
            "https://pictures.example/a.jpg"
        );
        assert_eq!(shown(&"x".repeat(1000)).len(), SHOWN_CHARS_MAX);
    }
}
