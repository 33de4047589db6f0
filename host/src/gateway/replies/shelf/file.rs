//! A kept reply as a file: what it begins with, how it is authenticated, and that nothing else is
//! ever read from one.

use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use super::super::answer::Answer;
use super::super::wanted::Name;

/// Begins every file; another layout has another one.
const MAGIC: &[u8; 16] = b"stoflow-reply-1\n";

const SUM_BYTES: usize = 32;

/// The largest file: the largest reply that is read (8 MiB), its headers, and what stands before them.
pub(super) const FILE_BYTES_MAX: u64 = (8 << 20) + (128 << 10);

/// What kept replies are authenticated and named with.
pub type ReplyKey = Zeroizing<[u8; 32]>;

/// What a file holds.
pub(super) struct Content {
    pub(super) kept_at: Timestamp,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The name of what depends on these parts: each with its length, so that no two lists read alike.
pub(super) fn name(key: &ReplyKey, parts: &[&[u8]]) -> Name {
    let mut sum = keyed(key, b"name");
    for part in parts {
        sum.update(&(part.len() as u64).to_be_bytes());
        sum.update(part);
    }
    sum.finalize().into_bytes().into()
}

/// A file's bytes; `None` for headers that do not fit its layout, which no reply has.
pub(super) fn seal(key: &ReplyKey, name: &Name, answer: &Answer) -> Option<Vec<u8>> {
    let mut content = Vec::with_capacity(answer.body.len() + 4_096);
    content.extend(answer.lives.kept_at.as_millisecond().to_be_bytes());
    content.extend(u16::try_from(answer.headers.len()).ok()?.to_be_bytes());
    for (field, value) in &answer.headers {
        for text in [field.as_str().as_bytes(), value.as_bytes()] {
            content.extend(u16::try_from(text.len()).ok()?.to_be_bytes());
            content.extend(text);
        }
    }
    content.extend(&answer.body);
    let sum = sum(key, name, &content).finalize().into_bytes();
    Some([MAGIC.as_slice(), &sum, &content].concat())
}

/// What a file holds, if it is one of this name and as it was written.
pub(super) fn open(key: &ReplyKey, name: &Name, file: &[u8]) -> Option<Content> {
    let (magic, rest) = file.split_at_checked(MAGIC.len())?;
    let (written, content) = rest.split_at_checked(SUM_BYTES)?;
    if magic != MAGIC {
        return None;
    }
    sum(key, name, content).verify_slice(written).ok()?;
    let mut rest = content;
    let kept_at = i64::from_be_bytes(*take(&mut rest)?);
    let fields = u16::from_be_bytes(*take(&mut rest)?);
    let mut headers = HeaderMap::new();
    for _ in 0..fields {
        let field = HeaderName::from_bytes(text(&mut rest)?).ok()?;
        let value = HeaderValue::from_bytes(text(&mut rest)?).ok()?;
        headers.append(field, value);
    }
    Some(Content {
        kept_at: Timestamp::from_millisecond(kept_at).ok()?,
        headers,
        body: Bytes::copy_from_slice(rest),
    })
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(taken)
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u16::from_be_bytes(*take(rest)?);
    let (text, left) = rest.split_at_checked(length.into())?;
    *rest = left;
    Some(text)
}

/// Binds the content to the name under which it lies.
fn sum(key: &ReplyKey, name: &Name, content: &[u8]) -> Hmac<Sha256> {
    let mut sum = keyed(key, b"file");
    sum.update(MAGIC);
    sum.update(name);
    sum.update(content);
    sum
}

fn keyed(key: &ReplyKey, purpose: &[u8]) -> Hmac<Sha256> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (byte, of_key) in block.iter_mut().zip(key.iter()) {
        *byte = *of_key;
    }
    let mut keyed = Hmac::<Sha256>::new(&block);
    block.as_mut_slice().zeroize();
    keyed.update(purpose);
    keyed
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use http::StatusCode;
    use tokio::sync::Semaphore;

    use super::super::super::answer::Lives;
    use super::*;

    const NAME: Name = [7; 32];

    fn key() -> ReplyKey {
        Zeroizing::new([3; 32])
    }

    fn answer() -> Answer {
        let mut headers = HeaderMap::new();
        headers.append("content-type", HeaderValue::from_static("application/json"));
        headers.append("link", HeaderValue::from_bytes(b"one\xff").unwrap());
        headers.append("link", HeaderValue::from_static("two"));
        Answer {
            status: StatusCode::OK,
            headers,
            body: Bytes::from_static(b"{\"count\":0}"),
            lives: Lives {
                kept_at: "2026-11-25T21:00:00.123Z".parse().unwrap(),
                since: Instant::now(),
            },
            _room: Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap(),
        }
    }

    #[test]
    fn a_reply_comes_back_as_it_was() {
        let answer = answer();
        let file = seal(&key(), &NAME, &answer).unwrap();
        let content = open(&key(), &NAME, &file).unwrap();
        assert_eq!(content.kept_at, answer.lives.kept_at);
        assert_eq!(content.headers, answer.headers);
        assert_eq!(content.body, answer.body);
    }

    #[test]
    fn a_changed_byte_another_length_another_name_and_another_key_are_noticed() {
        let file = seal(&key(), &NAME, &answer()).unwrap();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(open(&key(), &NAME, &changed).is_none(), "byte {at}");
            assert!(open(&key(), &NAME, &file[..at]).is_none(), "{at} bytes");
        }
        let longer = [file.as_slice(), b"x"].concat();
        assert!(open(&key(), &NAME, &longer).is_none());
        assert!(open(&key(), &[8; 32], &file).is_none());
        assert!(open(&Zeroizing::new([4; 32]), &NAME, &file).is_none());
    }

    #[test]
    fn parts_that_read_alike_have_different_names() {
        let names = [
            name(&key(), &[b"ab", b"c"]),
            name(&key(), &[b"a", b"bc"]),
            name(&key(), &[b"abc"]),
            name(&key(), &[b"abc", b""]),
            name(&Zeroizing::new([4; 32]), &[b"abc"]),
        ];
        for (at, one) in names.iter().enumerate() {
            assert_eq!(
                names.iter().filter(|other| *other == one).count(),
                1,
                "{at}"
            );
        }
    }
}
