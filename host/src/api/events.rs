//! The client's side of an event stream: what a call says while it runs.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use super::problem::Problem;
pub use crate::operations::Step;

/// One event of a call.
#[derive(Debug)]
pub enum Event {
    /// It goes on.
    Progress(Step),
    /// It is done; the result as JSON.
    Result(Bytes),
    /// It failed.
    Problem(Box<Problem>),
}

/// Reads events (HTML Living Standard §9.2) from a reply's body.
#[derive(Debug)]
pub struct Events<S> {
    body: S,
    buffer: BytesMut,
}

impl<S, E> Events<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::fmt::Display,
{
    /// Of this body.
    pub fn new(body: S) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
        }
    }

    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Event, String>> {
        loop {
            if let Some(end) = find(&self.buffer, b"\n\n") {
                let block = self.buffer.split_to(end + 2);
                match parse(&block) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            match self.body.next().await? {
                Ok(chunk) => self.buffer.extend_from_slice(&chunk),
                Err(error) => return Some(Err(error.to_string())),
            }
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// `None` for a comment or an event that is not known.
fn parse(block: &[u8]) -> Option<Result<Event, String>> {
    let text = String::from_utf8_lossy(block);
    let (mut name, mut data) = ("", String::new());
    for line in text.lines() {
        if let Some(value) = line.strip_prefix("event:") {
            name = value.trim_start();
        } else if let Some(value) = line.strip_prefix("data:") {
            if !data.is_empty() {
                data.push('\n');
            }
            data.push_str(value.strip_prefix(' ').unwrap_or(value));
        }
    }
    let unreadable = |error: serde_json::Error| format!("the event {name} cannot be read: {error}");
    match name {
        "progress" => Some(
            serde_json::from_str(&data)
                .map(Event::Progress)
                .map_err(unreadable),
        ),
        "result" => Some(Ok(Event::Result(Bytes::from(data)))),
        "problem" => Some(
            serde_json::from_str(&data)
                .map(Event::Problem)
                .map_err(unreadable),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    #[tokio::test]
    async fn events_are_read_wherever_the_chunks_end() {
        let text = b": hello\n\nevent: progress\ndata: {\"step\":\"a\",\"done\":1,\"total\":2}\n\nevent: result\ndata: {}\n\n";
        for size in 1..text.len() {
            let chunks = text
                .chunks(size)
                .map(|chunk| Ok::<_, String>(Bytes::copy_from_slice(chunk)));
            let mut events = Events::new(stream::iter(chunks.collect::<Vec<_>>()));
            assert!(
                matches!(events.next().await, Some(Ok(Event::Progress(step))) if step.done == 1)
            );
            assert!(matches!(events.next().await, Some(Ok(Event::Result(json))) if json == "{}"));
            assert!(events.next().await.is_none());
        }
    }
}
