//! What a plugin writes to stdout and stderr, as bounded lines of the host's log.
//!
//! A plugin can neither flood the log (lines and calls have a size; what is over is counted) nor
//! forge it (control characters are escaped).

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// A longer line is cut.
const LINE_BYTES_MAX: usize = 16 << 10;

/// What one call may log in all.
const CALL_BYTES_MAX: usize = 64 << 10;

/// What one write may hand over.
const WRITE_BYTES_MAX: usize = 64 << 10;

/// The log of one call.
#[derive(Debug, Clone, Default)]
pub(super) struct PluginLog(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
    /// The end of the present line is left out.
    cut: bool,
    kept_bytes: usize,
    dropped_bytes: u64,
}

impl PluginLog {
    fn push(&self, bytes: &[u8]) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            lines.push(part);
        }
    }

    /// What the host has to say of the call, within the same bounds: a plugin can bring it about as
    /// often as it likes.
    pub(super) fn say(&self, text: &str) {
        self.push(b"\n");
        self.push(text.as_bytes());
        self.push(b"\n");
    }

    /// Logs what has no end of line, and how much was dropped. At the end of the call.
    pub(super) fn finish(&self) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.emit();
        if lines.dropped_bytes > 0 {
            tracing::warn!(
                target: "plugin",
                dropped_bytes = lines.dropped_bytes,
                "the plugin logged more than {CALL_BYTES_MAX} bytes in one call; the rest is dropped"
            );
            lines.dropped_bytes = 0;
        }
    }
}

impl Lines {
    /// `part` holds at most one end of line, at its end.
    fn push(&mut self, part: &[u8]) {
        let (text, ends) = match part.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (part, false),
        };
        let room = (LINE_BYTES_MAX - self.line.len().min(LINE_BYTES_MAX))
            .min(CALL_BYTES_MAX - self.kept_bytes.min(CALL_BYTES_MAX));
        let (kept, dropped) = text.split_at(text.len().min(room));
        self.line.extend_from_slice(kept);
        self.kept_bytes += kept.len();
        if !dropped.is_empty() {
            self.cut = true;
            self.dropped_bytes += dropped.len() as u64;
        }
        if ends {
            // An empty line costs too: a flood of them is a flood.
            self.kept_bytes += 1;
            self.emit();
        }
    }

    fn emit(&mut self) {
        let cut = std::mem::take(&mut self.cut);
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return;
        }
        let mark = if cut { " …" } else { "" };
        tracing::info!(target: "plugin", "{}{mark}", escaped(&line));
    }
}

/// Control characters would end a line or colour a terminal.
fn escaped(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\t' {
            out.push(' ');
        } else if c.is_control() || is_direction(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Marks that turn the direction of what follows on a terminal.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

impl IsTerminal for PluginLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for PluginLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    // wasmtime's own adapter keeps a queue that empty writes grow without bound (GHSA-5m8g).
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for PluginLog {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for PluginLog {
    async fn ready(&mut self) {}
}

impl AsyncWrite for PluginLog {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_not_kept() {
        let log = PluginLog::default();
        for _ in 0..1_000 {
            log.push(&[b'x'; 1_000]);
        }
        let lines = log.0.lock().unwrap();
        assert!(lines.kept_bytes <= CALL_BYTES_MAX);
        assert_eq!(lines.line.len(), LINE_BYTES_MAX);
        assert_eq!(lines.dropped_bytes, 1_000_000 - LINE_BYTES_MAX as u64);
    }

    #[test]
    fn short_lines_count_with_their_ends() {
        let log = PluginLog::default();
        log.push(&b"\n".repeat(CALL_BYTES_MAX));
        log.push(b"one more\n");
        let lines = log.0.lock().unwrap();
        assert!(lines.line.is_empty());
        assert_eq!(lines.dropped_bytes, 8);
    }

    #[test]
    fn nothing_that_steers_a_terminal_gets_through() {
        assert_eq!(escaped(b"a\x1b[31mb\r\tc"), "a\\u{1b}[31mb\\u{d} c");
        assert_eq!(escaped("\u{202e}x".as_bytes()), "\\u{202e}x");
        assert_eq!(escaped(&[0xff, b'a']), "\u{fffd}a");
    }
}
