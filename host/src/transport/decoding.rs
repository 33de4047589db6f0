//! A reply's body, decompressed on the way and bounded in how far it may grow.
//!
//! Whoever searches or measures a body has to have it decompressed; what is in an encoding that was
//! not asked for is refused, because nobody could.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, future};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use tokio::io::AsyncRead;
use tokio_util::io::{ReaderStream, StreamReader};

use super::error::ReadError;
use super::message::InboundStream;

/// What is asked for in `accept-encoding`.
pub(super) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip, br, deflate");

/// How many times its size a body may become. Pages of JSON reach 20; only bombs reach 1,000.
const RATIO_MAX: u64 = 100;

/// Below this the ratio is not looked at: a short body of one repeated byte is no bomb.
const RATIO_FREE_BYTES: u64 = 64 * 1024;

/// The size of the pieces in which decompressed bytes come.
const PIECE_BYTES: usize = 32 * 1024;

/// A body as the connection yields it.
type Raw = Pin<Box<dyn Stream<Item = Result<Bytes, ReadError>> + Send>>;

/// An encoding that is understood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Encoding {
    Identity,
    Gzip,
    Brotli,
    Deflate,
}

/// The body as it was before `content-encoding`, and the headers to match.
pub(super) fn decoded(headers: &mut HeaderMap, raw: Raw) -> Result<InboundStream, ReadError> {
    let encoding = encoding(headers)?;
    headers.remove(CONTENT_ENCODING);
    let empty = headers
        .get(CONTENT_LENGTH)
        .is_some_and(|length| length == "0");
    if encoding == Encoding::Identity || empty {
        return Ok(raw);
    }
    headers.remove(CONTENT_LENGTH);
    let received = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&received);
    let counted = raw.map_ok(move |bytes| {
        count.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        bytes
    });
    let counted: Raw = if encoding == Encoding::Brotli {
        Box::pin(without_large_window(counted))
    } else {
        Box::pin(counted)
    };
    let reader = StreamReader::new(counted.map_err(io::Error::other));
    Ok(match encoding {
        Encoding::Identity => Box::pin(futures_util::stream::empty()),
        Encoding::Gzip => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            bounded(decoder, received)
        }
        Encoding::Brotli => bounded(BrotliDecoder::new(reader), received),
        Encoding::Deflate => bounded(ZlibDecoder::new(reader), received),
    })
}

/// What `content-encoding` says. One encoding at most: nobody sends more but to hide something.
fn encoding(headers: &HeaderMap) -> Result<Encoding, ReadError> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let Some(value) = values.next() else {
        return Ok(Encoding::Identity);
    };
    let text = String::from_utf8_lossy(value.as_bytes())
        .trim()
        .to_ascii_lowercase();
    match (text.as_str(), values.next()) {
        ("" | "identity", None) => Ok(Encoding::Identity),
        ("gzip" | "x-gzip", None) => Ok(Encoding::Gzip),
        ("br", None) => Ok(Encoding::Brotli),
        ("deflate", None) => Ok(Encoding::Deflate),
        _ => Err(ReadError::Encoding(text.chars().take(40).collect())),
    }
}

/// Refuses brotli's "large window" form, which RFC 7932 does not know: its first byte alone makes
/// a decoder allocate up to 1 GiB.
fn without_large_window(
    raw: impl Stream<Item = Result<Bytes, ReadError>>,
) -> impl Stream<Item = Result<Bytes, ReadError>> {
    let mut begun = false;
    raw.and_then(move |bytes| {
        let first = if begun { None } else { bytes.first() };
        let large = first.is_some_and(|byte| byte & 0x7f == 0x11);
        begun |= first.is_some();
        future::ready(if large {
            Err(ReadError::Damaged("brotli with a large window".into()))
        } else {
            Ok(bytes)
        })
    })
}

/// What a decoder yields, cut where it grows beyond [`RATIO_MAX`].
fn bounded(decoder: impl AsyncRead + Send + 'static, received: Arc<AtomicU64>) -> InboundStream {
    let mut yielded = 0_u64;
    let pieces = ReaderStream::with_capacity(decoder, PIECE_BYTES).map(move |piece| {
        let piece = piece.map_err(read_error)?;
        yielded = yielded.saturating_add(piece.len() as u64);
        let most = received.load(Ordering::Relaxed).saturating_mul(RATIO_MAX);
        if yielded > RATIO_FREE_BYTES && yielded > most {
            return Err(ReadError::Ratio(RATIO_MAX));
        }
        Ok(piece)
    });
    Box::pin(pieces)
}

/// The error of the connection where it was that, else of the decoder.
fn read_error(error: io::Error) -> ReadError {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<ReadError>())
    {
        Some(read) => read.clone(),
        None => ReadError::Damaged(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder};
    use tokio::io::AsyncWriteExt;

    use super::*;

    async fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzipEncoder::new(Vec::new());
        encoder.write_all(plain).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    }

    async fn read(encoding: &str, body: Vec<u8>, piece: usize) -> Result<Vec<u8>, ReadError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, encoding.parse().unwrap());
        headers.insert(CONTENT_LENGTH, body.len().into());
        let pieces: Vec<_> = body
            .chunks(piece.max(1))
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        let stream = decoded(&mut headers, Box::pin(futures_util::stream::iter(pieces)))?;
        assert!(!headers.contains_key(CONTENT_ENCODING));
        stream
            .try_fold(Vec::new(), |mut all, piece| {
                all.extend_from_slice(&piece);
                future::ready(Ok(all))
            })
            .await
    }

    #[tokio::test]
    async fn every_encoding_that_is_asked_for_is_undone_however_it_is_cut() {
        let plain: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut brotli = BrotliEncoder::new(Vec::new());
        brotli.write_all(&plain).await.unwrap();
        brotli.shutdown().await.unwrap();
        let brotli = brotli.into_inner();
        let mut zlib = ZlibEncoder::new(Vec::new());
        zlib.write_all(&plain).await.unwrap();
        zlib.shutdown().await.unwrap();
        let zlib = zlib.into_inner();
        let gzip = gzip(&plain).await;
        for piece in [1, 7, 1000, usize::MAX] {
            assert_eq!(read("gzip", gzip.clone(), piece).await.unwrap(), plain);
            assert_eq!(read("br", brotli.clone(), piece).await.unwrap(), plain);
            assert_eq!(read("deflate", zlib.clone(), piece).await.unwrap(), plain);
            assert_eq!(read("identity", plain.clone(), piece).await.unwrap(), plain);
        }
    }

    #[tokio::test]
    async fn a_bomb_is_cut_and_a_short_repetitive_body_is_not() {
        let short = vec![b'a'; 60_000];
        assert_eq!(
            read("gzip", gzip(&short).await, usize::MAX).await.unwrap(),
            short
        );
        let bomb = gzip(&vec![0; 4 << 20]).await;
        assert!(bomb.len() < 8192);
        assert_eq!(
            read("gzip", bomb, usize::MAX).await,
            Err(ReadError::Ratio(RATIO_MAX))
        );
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_an_error_and_never_silence() {
        let whole = gzip(b"a page").await;
        let cut = whole[..whole.len() - 3].to_vec();
        assert!(matches!(
            read("gzip", cut, 100).await,
            Err(ReadError::Damaged(_))
        ));
        let plain = b"no gzip at all".to_vec();
        assert!(matches!(
            read("gzip", plain, 100).await,
            Err(ReadError::Damaged(_))
        ));
        for encoding in ["zstd", "compress", "gzip, gzip", "aes128gcm"] {
            let error = read(encoding, b"x".to_vec(), 1).await.unwrap_err();
            assert_eq!(error, ReadError::Encoding(encoding.into()));
        }
        let large = vec![0x11, 30, 0, 0, 0];
        assert!(matches!(
            read("br", large, 100).await,
            Err(ReadError::Damaged(_))
        ));
    }
}
