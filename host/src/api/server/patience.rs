//! How long the other side of a connection is waited for: not long without a byte, and not for ever
//! with a byte now and then.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// Who is slower than this on the whole is no client that gets anywhere: the slowest mobile networks
/// are ten times as fast.
const BYTES_PER_SECOND: u64 = 1024;

/// What is waited for one direction of a connection. Only the time counts in which it is waited: how
/// long this side takes is not the other's fault.
#[derive(Debug)]
pub(super) struct Patience {
    /// The longest wait for anything at all.
    quiet: Duration,
    waited: Duration,
    moved: u64,
    wait: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Patience {
    pub(super) fn new(quiet: Duration) -> Self {
        Self {
            quiet,
            waited: Duration::ZERO,
            moved: 0,
            wait: None,
        }
    }

    /// Something moved.
    pub(super) fn moved(&mut self, bytes: usize) {
        if let Some((since, _)) = self.wait.take() {
            self.waited += since.elapsed();
        }
        self.moved = self.moved.saturating_add(bytes as u64);
    }

    /// Nothing moves. Ready once it is too long.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let left = self.left();
        let (_, sleep) = self
            .wait
            .get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(left))));
        sleep.as_mut().poll(context)
    }

    fn left(&self) -> Duration {
        let earned = Duration::from_secs(self.moved / BYTES_PER_SECOND);
        let whole = self.quiet.saturating_add(earned);
        whole.saturating_sub(self.waited).min(self.quiet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    /// How long it lasts with a client that moves so much every so often.
    async fn lasts(bytes: usize, every: Duration) -> Duration {
        let begun = Instant::now();
        let mut patience = Patience::new(Duration::from_secs(15));
        loop {
            let ended = poll_fn(|context| patience.poll_end(context));
            let ended = tokio::time::timeout(every, ended).await.is_ok();
            if ended || begun.elapsed() > Duration::from_secs(600) {
                return begun.elapsed();
            }
            patience.moved(bytes);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_nothing_and_who_sends_a_byte_a_second_are_given_up() {
        let nothing = lasts(0, Duration::from_secs(3600)).await;
        assert_eq!(nothing.as_secs(), 15);
        let byte = lasts(1, Duration::from_secs(1)).await;
        assert_eq!(byte.as_secs(), 15);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_slow_and_gets_on_is_waited_for() {
        let slow = lasts(4096, Duration::from_secs(2)).await;
        assert!(slow > Duration::from_secs(600), "{slow:?}");
    }
}
