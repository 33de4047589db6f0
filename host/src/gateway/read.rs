//! The reply on its way to the plugin: how large it may be, and how slow.
//!
//! The mistake that this prevents is a marketplace, or whoever answers in its name, that holds a
//! call, its memory and its connection for as long as it likes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::HeaderMap;
use tokio::time::{Instant, timeout};

use super::call::{CallContext, CallRecord};
use super::refusal::{Refusal, RefusalKind};
use crate::transport::InboundStream;

/// One reply, decompressed. Ten times the largest page of a marketplace.
const REPLY_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// All replies of a call together.
const CALL_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Header fields of a reply.
const FIELDS_MAX: usize = 100;

/// Names and values of all header fields of a reply together.
const FIELD_BYTES_MAX: usize = 32 * 1024;

/// The time over which slowness is measured, and the bytes that have to come in it: 1 KiB/s.
const WINDOW: Duration = Duration::from_secs(10);
const WINDOW_BYTES_MIN: u64 = 10 * 1024;

/// All of the waiting for one reply's body.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Refuses headers that are too many or too large.
pub(super) fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers.len() > FIELDS_MAX || size > FIELD_BYTES_MAX {
        let what = format!(
            "the reply's headers are {} fields of {size} bytes",
            headers.len()
        );
        return Err(Refusal::new(RefusalKind::ReplyHeaders, what));
    }
    Ok(())
}

/// The body, ended by a refusal where it is too large or too slow. Only time in which the plugin
/// waits for the marketplace counts, not time in which the plugin does something else.
pub(super) fn bounded(
    call: &CallContext,
    body: InboundStream,
) -> impl Stream<Item = Result<Bytes, Refusal>> + Send + use<> {
    let reader = Reader {
        body,
        record: Arc::clone(&call.record),
        deadline: call.deadline,
        length: 0,
        waited: Duration::ZERO,
        window_waited: Duration::ZERO,
        window_bytes: 0,
    };
    stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        match reader.next().await? {
            Ok(piece) => Some((Ok(piece), Some(reader))),
            Err(refusal) => Some((Err(refusal), None)),
        }
    })
}

struct Reader {
    body: InboundStream,
    record: Arc<CallRecord>,
    deadline: Instant,
    length: u64,
    waited: Duration,
    window_waited: Duration,
    window_bytes: u64,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Bytes, Refusal>> {
        loop {
            let began = Instant::now();
            let left = self.deadline.saturating_duration_since(began);
            if left.is_zero() {
                return Some(Err(refusal(
                    RefusalKind::Deadline,
                    "the call's time is over",
                )));
            }
            let patience = left.min(WINDOW.saturating_sub(self.window_waited));
            let piece = timeout(patience, self.body.next()).await;
            let bytes = match &piece {
                Ok(Some(Ok(piece))) => piece.len() as u64,
                _ => 0,
            };
            if let Err(refusal) = self.wait(began.elapsed(), bytes) {
                return Some(Err(refusal));
            }
            match piece {
                Ok(Some(Ok(piece))) if piece.is_empty() => {}
                Ok(Some(Ok(piece))) => return Some(self.take(piece)),
                Ok(Some(Err(error))) => return Some(Err(error.into())),
                Ok(None) => return None,
                Err(_) => {}
            }
        }
    }

    /// Counts time that was waited, and looks whether enough came in it.
    fn wait(&mut self, waited: Duration, bytes: u64) -> Result<(), Refusal> {
        self.waited += waited;
        self.window_waited += waited;
        self.window_bytes += bytes;
        if self.window_waited >= WINDOW {
            if self.window_bytes < WINDOW_BYTES_MIN {
                let what = "the reply comes at less than 1 KiB/s";
                return Err(refusal(RefusalKind::ReplyBroken, what));
            }
            self.window_waited = Duration::ZERO;
            self.window_bytes = 0;
        }
        if self.waited >= WAIT_MAX {
            let what = "the reply took more than 60 s";
            return Err(refusal(RefusalKind::ReplyBroken, what));
        }
        Ok(())
    }

    fn take(&mut self, piece: Bytes) -> Result<Bytes, Refusal> {
        self.length += piece.len() as u64;
        if self.length > REPLY_BYTES_MAX {
            let what = "the reply is larger than 8 MiB";
            return Err(refusal(RefusalKind::ReplyTooLarge, what));
        }
        count(&self.record, piece)
    }
}

/// A piece of a reply, counted among all that the call reads.
pub(super) fn count(record: &CallRecord, piece: Bytes) -> Result<Bytes, Refusal> {
    if record.read(piece.len()) > CALL_BYTES_MAX {
        let what = "the replies of this call are larger than 32 MiB together";
        return Err(refusal(RefusalKind::CallTooLarge, what)
            .remedy("ask for less in one call: smaller pages, fewer items"));
    }
    Ok(piece)
}

fn refusal(kind: RefusalKind, what: &str) -> Refusal {
    Refusal::new(kind, what)
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt;

    use super::super::call::Seller;
    use super::*;
    use crate::model::{CallId, Lane};
    use crate::transport::ReadError;

    fn call() -> CallContext {
        CallContext {
            call: CallId::random(),
            plugin: "etsy".parse().unwrap(),
            config: Arc::default(),
            seller: Seller::None,
            lane: Lane::Person,
            network: true,
            deadline: Instant::now() + Duration::from_secs(900),
            record: Arc::default(),
        }
    }

    /// Pieces of this size, each so long after the one before.
    fn pieces(count: usize, size: usize, pause: Duration) -> InboundStream {
        Box::pin(stream::iter(0..count).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok(Bytes::from(vec![b'x'; size]))
        }))
    }

    async fn read(call: &CallContext, body: InboundStream) -> Result<u64, RefusalKind> {
        bounded(call, body)
            .try_fold(0, |sum, piece| async move { Ok(sum + piece.len() as u64) })
            .await
            .map_err(|refusal| refusal.kind)
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_may_be_8_mib_and_a_call_32() {
        let call = call();
        let mib = 1024 * 1024;
        for _ in 0..4 {
            let whole = pieces(8, mib, Duration::ZERO);
            assert_eq!(read(&call, whole).await, Ok(REPLY_BYTES_MAX));
        }
        let more = pieces(1, 1, Duration::ZERO);
        assert_eq!(read(&call, more).await, Err(RefusalKind::CallTooLarge));
        assert_eq!(call.record.spent().bytes, CALL_BYTES_MAX + 1);
        let endless = pieces(usize::MAX, mib, Duration::ZERO);
        assert_eq!(
            read(&self::call(), endless).await,
            Err(RefusalKind::ReplyTooLarge)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_a_second_is_cut_after_a_window() {
        let began = Instant::now();
        let slow = pieces(1000, 1, Duration::from_secs(1));
        assert_eq!(read(&call(), slow).await, Err(RefusalKind::ReplyBroken));
        assert!(
            began.elapsed() <= WINDOW + Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
        let silent: InboundStream = Box::pin(stream::pending());
        assert_eq!(read(&call(), silent).await, Err(RefusalKind::ReplyBroken));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_but_steady_reply_may_take_a_minute() {
        let steady = |seconds| pieces(seconds, 2048, Duration::from_secs(1));
        assert_eq!(read(&call(), steady(55)).await, Ok(55 * 2048));
        assert_eq!(
            read(&call(), steady(65)).await,
            Err(RefusalKind::ReplyBroken)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_the_plugin_takes_for_itself_does_not_count() {
        let body = pieces(20, 100, Duration::ZERO);
        let call = call();
        let mut pieces = Box::pin(bounded(&call, body));
        let mut count = 0;
        while let Some(piece) = pieces.next().await {
            piece.unwrap();
            count += 1;
            tokio::time::sleep(Duration::from_secs(9)).await;
        }
        assert_eq!(count, 20);
    }

    #[tokio::test(start_paused = true)]
    async fn the_calls_deadline_ends_the_reading() {
        let call = CallContext {
            deadline: Instant::now() + Duration::from_secs(3),
            ..call()
        };
        let silent: InboundStream = Box::pin(stream::pending());
        assert_eq!(read(&call, silent).await, Err(RefusalKind::Deadline));
    }

    #[tokio::test]
    async fn a_reply_that_breaks_off_ends_with_that() {
        let broken: InboundStream = Box::pin(stream::iter([
            Ok(Bytes::from("{")),
            Err(ReadError::Cut("reset".into())),
            Ok(Bytes::from("never")),
        ]));
        let all: Vec<_> = bounded(&call(), broken).collect().await;
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].as_ref().unwrap_err().kind, RefusalKind::ReplyBroken);
    }

    #[test]
    fn headers_without_end_are_refused() {
        let mut headers = HeaderMap::new();
        for number in 0..100 {
            headers.insert(
                http::HeaderName::try_from(format!("x-{number}")).unwrap(),
                1.into(),
            );
        }
        assert!(check_headers(&headers).is_ok());
        headers.insert("y", 1.into());
        assert_eq!(
            check_headers(&headers).unwrap_err().kind,
            RefusalKind::ReplyHeaders
        );
        let mut headers = HeaderMap::new();
        headers.insert("x", "x".repeat(FIELD_BYTES_MAX).parse().unwrap());
        assert!(check_headers(&headers).is_err());
    }
}
