//! Searches replies for the secrets, so that a page which echoes its request gives nothing away.
//!
//! Searched for, in bodies and header values: each secret as it is, in base64 (both alphabets, all
//! three alignments), in hexadecimal, and all of these with any of their characters escaped for a
//! URL, JSON, JavaScript or HTML. What is found is replaced by stars of the same length and an alarm
//! is logged. It is not cut off, because a reply that mentions a secret is usually a marketplace's
//! error that the plugin has to read, and stars tell whoever caused it on purpose no more than a cut
//! would; lengths stay right, and JSON stays JSON.
//!
//! The search knows nothing of other transformations (reversed, encrypted, one character a line): it
//! guards against careless pages, and the grant against malicious ones.

mod needles;
mod unit;

pub(super) use needles::Needles;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::BytesMut;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderMap, HeaderValue};

use super::refusal::Refusal;
use bytes::Bytes;

/// Whether replies are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scrub {
    /// Always.
    #[default]
    On,
    /// Never. For the one test that shows that the search finds something: with it, plugins can read
    /// every credential that a marketplace echoes.
    Off,
}

/// Stars out what is found in header values; how many were found.
pub(super) fn scrub_headers(needles: &Needles, headers: &mut HeaderMap) -> usize {
    let mut found = 0;
    for value in headers.values_mut() {
        let mut text = value.as_bytes().to_vec();
        let here = needles.star(&mut text);
        if here > 0 {
            found += here;
            // Stars and what was a value before are a value.
            *value =
                HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static("***"));
        }
    }
    found
}

/// The pieces of a body with what is found starred out, however it is cut over them. `alarm` is told
/// how many were found, each time.
pub(super) fn scrubbed(
    needles: Arc<Needles>,
    body: impl Stream<Item = Result<Bytes, Refusal>> + Send + 'static,
    alarm: impl Fn(usize) + Send + 'static,
) -> impl Stream<Item = Result<Bytes, Refusal>> + Send {
    let window = Window {
        needles,
        alarm,
        held: Bytes::new(),
        safe: VecDeque::new(),
    };
    stream::unfold(Some((Box::pin(body), window)), |state| async move {
        let (mut body, mut window) = state?;
        loop {
            if let Some(piece) = window.safe.pop_front() {
                return Some((Ok(piece), Some((body, window))));
            }
            match body.next().await {
                Some(Ok(piece)) => window.push(piece),
                // What is held is given up: nobody knows what would have followed it.
                Some(Err(refusal)) => return Some((Err(refusal), None)),
                None => return window.end().map(|rest| (Ok(rest), None)),
            }
        }
    })
}

/// What has come and may still turn out to be the beginning of a secret.
struct Window<A> {
    needles: Arc<Needles>,
    alarm: A,
    held: Bytes,
    /// What comes before it, and holds none.
    safe: VecDeque<Bytes>,
}

impl<A: Fn(usize)> Window<A> {
    /// Takes a piece in; what is safe by now goes out.
    fn push(&mut self, mut piece: Bytes) {
        let reach = self.needles.reach();
        if piece.len() > reach && !self.is_suspect(&piece) {
            // Nearly every piece of nearly every page: nothing of it is copied.
            let rest = piece.split_off(piece.len() - reach);
            let held = std::mem::replace(&mut self.held, rest);
            self.give_out(held);
            self.give_out(piece);
            return;
        }
        let mut text = BytesMut::with_capacity(self.held.len() + piece.len());
        text.extend_from_slice(&self.held);
        text.extend_from_slice(&piece);
        // Twice the reach, so that pieces of one byte do not search everything again each time.
        if text.len() > 2 * reach {
            self.star(&mut text);
            let safe = text.split_to(text.len() - reach).freeze();
            self.give_out(safe);
        }
        self.held = text.freeze();
    }

    /// Whether something is found in a piece, or over the seam to what is held: what begins there ends
    /// within reach.
    fn is_suspect(&self, piece: &[u8]) -> bool {
        let reached = piece.get(..self.needles.reach()).unwrap_or(piece);
        let seam = [&self.held, reached].concat();
        self.needles.are_in(&seam) || self.needles.are_in(piece)
    }

    /// Gives out the rest.
    fn end(&mut self) -> Option<Bytes> {
        let mut text = BytesMut::from(std::mem::take(&mut self.held));
        self.star(&mut text);
        (!text.is_empty()).then(|| text.freeze())
    }

    fn star(&self, text: &mut [u8]) {
        let found = self.needles.star(text);
        if found > 0 {
            (self.alarm)(found);
        }
    }

    fn give_out(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.safe.push_back(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::TryStreamExt;

    use super::*;
    use crate::secret::Secret;

    const TOKEN: &str = "12345678.a-secret_token/with+all~kinds=";

    fn needles() -> Arc<Needles> {
        Arc::new(Needles::new(vec![Secret::new(TOKEN.into())]).unwrap())
    }

    async fn through(pieces: Vec<Vec<u8>>) -> (Vec<u8>, usize) {
        let found = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&found);
        let body = stream::iter(pieces.into_iter().map(|piece| Ok(Bytes::from(piece))));
        let alarm = move |number| {
            count.fetch_add(number, Ordering::Relaxed);
        };
        let all: Vec<Bytes> = scrubbed(needles(), body, alarm)
            .try_collect()
            .await
            .unwrap();
        (all.concat(), found.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn a_secret_is_found_however_it_is_cut() {
        let page = format!("{{\"token\": \"{TOKEN}\", \"rest\": 1}}").into_bytes();
        let starred = format!(
            "{{\"token\": \"{}\", \"rest\": 1}}",
            "*".repeat(TOKEN.len())
        );
        for cut in 0..=page.len() {
            let (one, two) = page.split_at(cut);
            let (read, found) = through(vec![one.to_vec(), two.to_vec()]).await;
            assert_eq!(String::from_utf8(read).unwrap(), starred, "cut at {cut}");
            assert_eq!(found, 1);
        }
        for size in [1, 2, 3, 7, 20] {
            let pieces = page.chunks(size).map(<[u8]>::to_vec).collect();
            assert_eq!(
                through(pieces).await.0,
                starred.as_bytes(),
                "pieces of {size}"
            );
        }
    }

    #[tokio::test]
    async fn a_secret_far_into_a_long_page_is_found_at_every_place() {
        let reach = needles().reach();
        for offset in (0..3 * reach).step_by(13) {
            let mut page = vec![b'x'; offset];
            page.extend_from_slice(TOKEN.as_bytes());
            page.extend(vec![b'y'; 4 * reach]);
            let pieces = page.chunks(100).map(<[u8]>::to_vec).collect();
            let (read, found) = through(pieces).await;
            assert_eq!(read.len(), page.len());
            assert_eq!(found, 1, "offset {offset}");
            let start = read.iter().position(|byte| *byte == b'*');
            assert_eq!(start, Some(offset));
        }
    }

    #[tokio::test]
    async fn a_secret_is_found_over_the_seam_of_two_long_pieces() {
        let reach = needles().reach();
        for cut in 0..=TOKEN.len() {
            let mut page = vec![b'x'; 3 * reach];
            page.extend_from_slice(TOKEN.as_bytes());
            page.extend(vec![b'y'; 3 * reach]);
            let (one, two) = page.split_at(3 * reach + cut);
            let (read, found) = through(vec![one.to_vec(), two.to_vec()]).await;
            assert_eq!((read.len(), found), (page.len(), 1), "cut at {cut}");
            let starred = read.get(3 * reach..3 * reach + TOKEN.len());
            assert!(starred.unwrap().iter().all(|byte| *byte == b'*'));
            assert_eq!(
                read.iter().filter(|byte| **byte == b'*').count(),
                TOKEN.len()
            );
        }
    }

    #[tokio::test]
    async fn a_long_page_without_a_secret_is_not_copied() {
        let page = Bytes::from(vec![b'x'; 10 * needles().reach()]);
        let body = stream::iter([Ok(page.clone())]);
        let read: Vec<Bytes> = scrubbed(needles(), body, |_| ())
            .try_collect()
            .await
            .unwrap();
        assert_eq!(read.concat(), page);
        assert_eq!(read[0].as_ptr(), page.as_ptr());
    }

    #[tokio::test]
    async fn a_page_without_a_secret_passes_unchanged() {
        let page: Vec<u8> = (0..100_000_u32)
            .flat_map(|n| format!("{n}\\/%2F&#47;").into_bytes())
            .collect();
        let pieces = page.chunks(8192).map(<[u8]>::to_vec).collect();
        assert_eq!(through(pieces).await, (page, 0));
    }

    #[tokio::test]
    async fn what_is_held_when_the_reply_breaks_off_is_given_up() {
        let body = stream::iter([
            Ok(Bytes::from("12345678.a-sec")),
            Err(Refusal::new(super::super::RefusalKind::ReplyBroken, "cut")),
        ]);
        let read: Vec<_> = scrubbed(needles(), body, |_| ()).collect().await;
        assert_eq!(read.len(), 1);
        assert!(read[0].is_err());
    }

    #[test]
    fn header_values_are_searched_too() {
        let mut headers = HeaderMap::new();
        let location = format!("https://a.test/?t={}", TOKEN.replace('/', "%2F"));
        headers.insert("location", location.parse().unwrap());
        headers.insert("x-plain", "nothing".parse().unwrap());
        assert_eq!(scrub_headers(&needles(), &mut headers), 1);
        assert_eq!(
            headers["location"],
            format!("https://a.test/?t={}", "*".repeat(TOKEN.len() + 2))
        );
        assert_eq!(headers["x-plain"], "nothing");
    }
}
