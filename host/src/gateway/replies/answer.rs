//! A whole reply in memory: what may become of it, and how old it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderMap, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use jiff::Timestamp;
use serde::de::IgnoredAny;
use tokio::sync::OwnedSemaphorePermit;

use super::super::call::CallRecord;
use super::super::{GatewayBody, read};
use crate::gateway::Refusal;

/// One piece of a body on its way to the plugin.
const PIECE_BYTES: usize = 64 << 10;

/// A reply as it came, searched for secrets.
pub(in super::super) struct Fetched {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// Places where a secret stood.
    starred: usize,
}

impl Fetched {
    /// The whole of a reply; `starred` counts what was found in it.
    ///
    /// # Errors
    /// It breaks off, or is larger than a reply may be.
    pub(in super::super) async fn of(
        reply: Response<GatewayBody>,
        starred: &AtomicUsize,
    ) -> Result<Self, Refusal> {
        let (parts, body) = reply.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Self {
            status: parts.status,
            headers: parts.headers,
            body,
            starred: starred.load(Ordering::Relaxed),
        })
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether the marketplace says that it gives no reply now.
    pub(super) fn is_trouble(&self) -> bool {
        self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS
    }

    /// Whether it is for all who have asked for the same at the same time. One that echoes a secret is
    /// for nobody but the call that the secret went with.
    pub(super) fn may_be_shared(&self) -> bool {
        self.starred == 0 && !has_directive(&self.headers, &["no-store", "private"])
    }

    /// Whether it is for those who ask later, too.
    pub(super) fn may_be_kept(&self) -> bool {
        let varies = self.headers.get_all(VARY).iter();
        let mut varies = varies.filter_map(|value| value.to_str().ok());
        self.status == StatusCode::OK
            && self.may_be_shared()
            && self.is_data()
            && !has_directive(&self.headers, &["no-cache"])
            // Of all else that it may vary by, the request's headers are part of its name.
            && !varies.any(|names| names.contains('*'))
    }

    /// Whether it is what was asked for, as far as can be told: what stands in front of a marketplace in
    /// trouble answers 200 with nothing, half a document, or a page for people, and that would be
    /// believed until its life ends.
    fn is_data(&self) -> bool {
        let media_type = self.headers.get(CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_ascii_lowercase();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let is_json = essence == "application/json" || essence.ends_with("+json");
        !self.body.is_empty()
            && essence != "text/html"
            && (!is_json || serde_json::from_slice::<IgnoredAny>(&self.body).is_ok())
    }

    pub(super) fn into_answer(self, lives: Lives, room: OwnedSemaphorePermit) -> Answer {
        Answer {
            status: self.status,
            headers: self.headers,
            body: self.body,
            lives,
            _room: room,
        }
    }
}

/// Whether a `cache-control` has one of these directives.
pub(super) fn has_directive(headers: &HeaderMap, wanted: &[&str]) -> bool {
    let values = headers.get_all(CACHE_CONTROL).iter();
    let mut directives = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.split('=').next().unwrap_or_default().trim());
    directives.any(|directive| {
        wanted
            .iter()
            .any(|wanted| directive.eq_ignore_ascii_case(wanted))
    })
}

/// Since when an answer lives, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lives {
    /// By the clock that may jump.
    pub(super) kept_at: Timestamp,
    /// By the one that never does: since when this process has it.
    pub(super) since: Instant,
}

/// A reply for all who ask for it, in memory as long as one of them reads it.
pub(in super::super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) lives: Lives,
    pub(super) _room: OwnedSemaphorePermit,
}

impl Answer {
    /// How old it is, by the clock that says more: one that was set back makes nothing young. `None`
    /// where it would come from the future: then nobody knows.
    pub(super) fn age(&self, now: Timestamp, at: Instant) -> Option<Duration> {
        let by_record = Duration::try_from(now.duration_since(self.lives.kept_at)).ok()?;
        Some(by_record.max(at.saturating_duration_since(self.lives.since)))
    }

    /// It, for the one who has fetched it.
    pub(in super::super) fn fresh(self: &Arc<Self>) -> Response<GatewayBody> {
        self.reply(None)
    }

    /// It, for somebody who has not: counted among what the call reads.
    pub(in super::super) fn again(
        self: &Arc<Self>,
        record: &Arc<CallRecord>,
    ) -> Response<GatewayBody> {
        self.reply(Some(Arc::clone(record)))
    }

    fn reply(self: &Arc<Self>, record: Option<Arc<CallRecord>>) -> Response<GatewayBody> {
        let answer = Arc::clone(self);
        let pieces = stream::unfold((answer, 0), move |(answer, at)| {
            let record = record.clone();
            async move {
                let end = answer.body.len().min(at + PIECE_BYTES);
                if at == end {
                    return None;
                }
                let piece = answer.body.slice(at..end);
                let counted = match &record {
                    None => Ok(piece),
                    Some(record) => read::count(record, piece),
                };
                let next = if counted.is_ok() {
                    end
                } else {
                    answer.body.len()
                };
                Some((counted, (answer, next)))
            }
        });
        let body = StreamBody::new(pieces.map(|piece| piece.map(Frame::data)));
        let mut reply = Response::new(body.boxed_unsync());
        *reply.status_mut() = self.status;
        *reply.headers_mut() = self.headers.clone();
        reply
    }
}
