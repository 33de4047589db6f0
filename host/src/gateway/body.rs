//! A request's body: collected while it is small, so that it can be sent again, and streamed when
//! it is not.
//!
//! A body that is not as long as was declared is refused, before it is sent where it is collected and
//! by breaking the request off where it is streamed: a shorter or longer one would make the server
//! read the next request in the wrong place.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, future, stream};
use http_body_util::BodyExt;

use super::GatewayBody;
use super::call::CallRecord;
use super::refusal::{Refusal, RefusalKind};
use crate::transport::Body;

/// The largest body that is collected.
pub(super) const COLLECTED_BYTES_MAX: usize = 256 * 1024;

/// A body that is ready to be sent.
#[derive(Debug)]
pub(super) enum RequestBody {
    /// As often as needed.
    Collected(Bytes),
    /// Once; `None` when that is done.
    Streamed(Option<Body>),
}

impl RequestBody {
    /// Whether it can be sent more than once.
    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self, Self::Collected(_))
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Collected(bytes) if bytes.is_empty())
    }

    /// It, to be sent. `None` where it was a stream and is used up.
    pub(super) fn take(&mut self) -> Option<Body> {
        match self {
            Self::Collected(bytes) if bytes.is_empty() => Some(Body::Empty),
            Self::Collected(bytes) => Some(Body::Collected(bytes.clone())),
            Self::Streamed(body) => body.take(),
        }
    }
}

/// Reads up to [`COLLECTED_BYTES_MAX`] and one piece more.
pub(super) async fn prepare(
    body: GatewayBody,
    declared: Option<u64>,
    record: &Arc<CallRecord>,
) -> Result<RequestBody, Refusal> {
    // Frames that are no data are trailers, which are not sent; pieces without bytes are dropped,
    // because a stack below may keep every one of them.
    let mut pieces = body
        .into_data_stream()
        .filter(|piece| future::ready(piece.as_ref().map_or(true, |bytes| !bytes.is_empty())));
    let mut begun = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        begun.extend_from_slice(&piece.map_err(broken)?);
        record.active();
        if declared.is_some_and(|declared| begun.len() as u64 > declared) {
            return Err(mismatch(declared));
        }
        if begun.len() > COLLECTED_BYTES_MAX {
            let begun = Ok(begun.freeze());
            let all = stream::once(future::ready(begun)).chain(pieces);
            let body = measured(all, declared, Arc::clone(record));
            let body = Body::Streamed(Box::pin(body), declared);
            return Ok(RequestBody::Streamed(Some(body)));
        }
    }
    if declared.is_some_and(|declared| begun.len() as u64 != declared) {
        return Err(mismatch(declared));
    }
    Ok(RequestBody::Collected(begun.freeze()))
}

type Piece = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The pieces, followed by an error where they are not what was declared. The error is kept beside
/// the call, because the transport can only say that the request broke off.
fn measured(
    pieces: impl Stream<Item = Result<Bytes, Refusal>> + Send + 'static,
    declared: Option<u64>,
    record: Arc<CallRecord>,
) -> impl Stream<Item = Piece> + Send {
    let refuse = move |refusal: Refusal| -> Piece {
        record.refuse(&refusal);
        Err(Box::new(refusal))
    };
    stream::unfold(
        (Box::pin(pieces), Some(0_u64), refuse),
        move |(mut pieces, sent, refuse)| async move {
            let sent = sent?;
            let (piece, sent) = match pieces.next().await {
                Some(Err(refusal)) => (refuse(broken(refusal)), None),
                Some(Ok(piece)) => {
                    let now = sent.saturating_add(piece.len() as u64);
                    if declared.is_some_and(|declared| now > declared) {
                        (refuse(mismatch(declared)), None)
                    } else {
                        (Ok(piece), Some(now))
                    }
                }
                None if declared.is_some_and(|declared| sent != declared) => {
                    (refuse(mismatch(declared)), None)
                }
                None => return None,
            };
            Some((piece, (pieces, sent, refuse)))
        },
    )
}

fn broken(refusal: Refusal) -> Refusal {
    Refusal::new(
        RefusalKind::RequestBody,
        format!("its body broke off: {}", refusal.what),
    )
}

fn mismatch(declared: Option<u64>) -> Refusal {
    let declared = declared.unwrap_or_default();
    let what = format!("its body has not the {declared} bytes that its content-length declares");
    Refusal::new(RefusalKind::RequestBody, what)
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;
    use http_body::Frame;
    use http_body_util::StreamBody;

    use super::*;

    fn body(pieces: Vec<Result<Bytes, Refusal>>) -> GatewayBody {
        StreamBody::new(stream::iter(pieces).map(|piece| piece.map(Frame::data))).boxed_unsync()
    }

    fn pieces(count: usize, size: usize) -> Vec<Result<Bytes, Refusal>> {
        (0..count)
            .map(|_| Ok(Bytes::from(vec![b'x'; size])))
            .collect()
    }

    async fn prepared(
        pieces: Vec<Result<Bytes, Refusal>>,
        declared: Option<u64>,
    ) -> Result<RequestBody, Refusal> {
        prepare(body(pieces), declared, &Arc::default()).await
    }

    async fn streamed(body: RequestBody) -> Result<usize, String> {
        let mut body = body;
        let Some(Body::Streamed(stream, _)) = body.take() else {
            panic!("{body:?}")
        };
        assert!(body.take().is_none());
        let sum = stream.try_fold(0, |sum, piece| future::ready(Ok(sum + piece.len())));
        sum.await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_collected_and_can_be_sent_again() {
        for (pieces, declared) in [
            (pieces(0, 0), None),
            (pieces(0, 0), Some(0)),
            (pieces(3, 10), Some(30)),
            (pieces(4, 64 * 1024), None),
        ] {
            let mut body = prepared(pieces, declared).await.unwrap();
            assert!(body.is_repeatable());
            let first = format!("{:?}", body.take().unwrap());
            assert_eq!(first, format!("{:?}", body.take().unwrap()));
        }
    }

    #[tokio::test]
    async fn a_larger_one_streams_once() {
        let body = prepared(pieces(5, 64 * 1024), Some(5 * 64 * 1024))
            .await
            .unwrap();
        assert!(!body.is_repeatable());
        assert_eq!(streamed(body).await, Ok(5 * 64 * 1024));
    }

    #[tokio::test]
    async fn a_body_of_another_length_than_declared_is_refused() {
        for (pieces, declared) in [(pieces(1, 4), 5), (pieces(1, 6), 5), (pieces(0, 0), 1)] {
            let refusal = prepared(pieces, Some(declared)).await.unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::RequestBody);
        }
        for declared in [300_000, 400_000] {
            let body = prepared(pieces(7, 50_000), Some(declared)).await;
            let failed = match body {
                Ok(body) => streamed(body).await.unwrap_err(),
                Err(refusal) => refusal.to_string(),
            };
            assert!(failed.contains("content-length"), "{failed}");
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_refused() {
        let abort = || Err(Refusal::new(RefusalKind::RequestBody, "dropped"));
        let refusal = prepared(vec![abort()], None).await.unwrap_err();
        assert!(refusal.what.contains("dropped"), "{refusal}");
        let mut late = pieces(6, 50_000);
        late.push(abort());
        let record = Arc::new(CallRecord::default());
        let large = prepare(body(late), None, &record).await.unwrap();
        assert!(streamed(large).await.unwrap_err().contains("dropped"));
        assert!(record.refusal().unwrap().what.contains("dropped"));
    }

    #[tokio::test]
    async fn pieces_without_bytes_are_dropped() {
        let mut many = pieces(1000, 0);
        many.extend(pieces(1, 3));
        let mut body = prepared(many, Some(3)).await.unwrap();
        assert!(matches!(body.take(), Some(Body::Collected(bytes)) if bytes == "xxx"));
    }
}
