//! Which connections there are and what each of them waits for: how many there may be, and who has to
//! go when one waits too long or another one needs the place.
//!
//! The mistake that this prevents is a slow client holding what a good one needs: a connection that has
//! sent no whole request is worth less than one that has, and the oldest of them goes first.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::config::ServerConfig;
use crate::telemetry;

/// Between two looks at who waits too long; the limits are kept to within it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The connections of a listener.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    per_address_max: usize,
    head_time: Duration,
    idle_time: Duration,
    begun: Instant,
    next: AtomicU64,
    open: Mutex<HashMap<u64, Arc<Line>>>,
}

/// What is known of a connection, for those who serve it and those who watch it.
#[derive(Debug)]
pub(super) struct Line {
    address: Option<IpAddr>,
    begun: Instant,
    /// Requests that are worked on or whose reply is being sent.
    running: AtomicUsize,
    /// Since when it waits, in milliseconds since `begun`, times two; odd while a head is coming.
    waits: AtomicU64,
    /// Whether the client takes nothing of what it is sent; then that has its own limit.
    is_stuck: AtomicBool,
    /// Where several requests share it, bytes between two of them are not the next one's head.
    is_shared: AtomicBool,
    cut: Notify,
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    places: Arc<Places>,
    pub(super) line: Arc<Line>,
}

/// A request of a connection, until its reply is sent or nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Running(Arc<Line>);

impl Places {
    pub(super) fn new(config: &ServerConfig, max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            per_address_max: config.connections_per_address_max,
            head_time: config.head_time(),
            idle_time: config.idle_time(),
            begun: Instant::now(),
            next: AtomicU64::new(0),
            open: Mutex::default(),
        })
    }

    /// A place for a connection; another one may have to go for it. `None` where all are at work, or
    /// its address has as many as it may have.
    pub(super) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let mut open = self.open();
        if self.has_enough(&open, address) {
            return None;
        }
        if open.len() >= self.max {
            let number = longest_waiting(&open)?;
            let line = open.remove(&number)?;
            line.cut.notify_one();
        }
        let line = Arc::new(Line::new(address, self.begun));
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        open.insert(number, Arc::clone(&line));
        drop(open);
        telemetry::connection(true);
        Some(Place {
            number,
            places: Arc::clone(self),
            line,
        })
    }

    /// Requests that run.
    pub(super) fn running(&self) -> usize {
        let open = self.open();
        open.values().map(|line| line.running()).sum()
    }

    /// Cuts, again and again, those that wait too long.
    pub(super) async fn watch(&self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let now = self.begun.elapsed() + LOOK_EVERY;
            self.cut(|line| match line.waiting() {
                Some((since, true)) => now.saturating_sub(since) >= self.head_time,
                Some((since, false)) => now.saturating_sub(since) >= self.idle_time,
                None => false,
            });
        }
    }

    /// Cuts those that have no request running.
    pub(super) fn cut_waiting(&self) {
        self.cut(|line| line.waiting().is_some());
    }

    fn cut(&self, is_over: impl Fn(&Line) -> bool) {
        let open = self.open();
        for line in open.values().filter(|line| is_over(line)) {
            line.cut.notify_one();
        }
    }

    /// Loopback's clients are this machine's, or those of a proxy on it.
    fn has_enough(&self, open: &HashMap<u64, Arc<Line>>, address: Option<IpAddr>) -> bool {
        let Some(address) = address.filter(|address| !address.to_canonical().is_loopback()) else {
            return false;
        };
        let same = open.values().filter(|line| line.address == Some(address));
        self.per_address_max > 0 && same.count() >= self.per_address_max
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Line>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one that has been sending a head for longest, else the one that has been idle for longest.
fn longest_waiting(open: &HashMap<u64, Arc<Line>>) -> Option<u64> {
    let waiting = open.iter().filter_map(|(number, line)| {
        let (since, is_head) = line.waiting()?;
        Some(((!is_head, since), *number))
    });
    waiting.min().map(|(_, number)| number)
}

impl Line {
    fn new(address: Option<IpAddr>, begun: Instant) -> Self {
        let line = Self {
            address,
            begun,
            running: AtomicUsize::new(0),
            waits: AtomicU64::new(0),
            is_stuck: AtomicBool::new(false),
            is_shared: AtomicBool::new(false),
            cut: Notify::new(),
        };
        // Who connects has something to say.
        line.waits_from_now(true);
        line
    }

    /// A request has come.
    pub(super) fn begins(self: &Arc<Self>, is_shared: bool) -> Running {
        self.is_shared.store(is_shared, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }

    /// The client has sent something.
    pub(super) fn has_read(&self) {
        let is_idle = matches!(self.waiting(), Some((_, false)));
        if is_idle && !self.is_shared.load(Ordering::Relaxed) {
            self.waits_from_now(true);
        }
    }

    /// Whether the client takes nothing of what it is sent.
    pub(super) fn set_stuck(&self, is_stuck: bool) {
        self.is_stuck.store(is_stuck, Ordering::Relaxed);
    }

    /// Comes back once it has to go.
    pub(super) async fn is_cut(&self) {
        self.cut.notified().await;
    }

    fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }

    /// Since when it waits for a request, and whether a head is coming; `None` while one runs or its
    /// reply is not taken.
    fn waiting(&self) -> Option<(Duration, bool)> {
        if self.running() > 0 || self.is_stuck.load(Ordering::Relaxed) {
            return None;
        }
        let waits = self.waits.load(Ordering::Relaxed);
        Some((Duration::from_millis(waits >> 1), waits & 1 == 1))
    }

    fn waits_from_now(&self, is_head: bool) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX >> 1);
        self.waits
            .store((now << 1) | u64::from(is_head), Ordering::Relaxed);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.waits_from_now(false);
        self.0.running.fetch_sub(1, Ordering::Release);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.open().remove(&self.number);
        telemetry::connection(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(max: usize) -> Arc<Places> {
        let config = ServerConfig {
            connections_per_address_max: 2,
            ..ServerConfig::default()
        };
        Places::new(&config, max)
    }

    fn is_cut(place: &Place) -> bool {
        let cut = std::pin::pin!(place.line.is_cut());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        cut.poll(&mut context).is_ready()
    }

    #[test]
    fn who_sends_no_whole_request_goes_before_who_idles_and_nobody_at_work_goes() {
        let places = places(3);
        let idle = places.take(None).unwrap();
        drop(idle.line.begins(false));
        let at_work = places.take(None).unwrap();
        let request = at_work.line.begins(false);
        let slow = places.take(None).unwrap();
        let first = places.take(None).unwrap();
        assert!(is_cut(&slow) && !is_cut(&idle) && !is_cut(&at_work));
        let _first = first.line.begins(false);
        let second = places.take(None).unwrap();
        assert!(is_cut(&idle) && !is_cut(&at_work));
        let _second = second.line.begins(false);
        assert!(places.take(None).is_none());
        assert_eq!(places.running(), 3);
        drop(request);
        assert!(places.take(None).is_some());
    }

    #[test]
    fn an_address_has_its_share_and_loopback_has_all() {
        let places = places(10);
        let far: IpAddr = "192.0.2.1".parse().unwrap();
        let near: IpAddr = "127.0.0.1".parse().unwrap();
        let taken: Vec<_> = (0..2).map(|_| places.take(Some(far)).unwrap()).collect();
        assert!(places.take(Some(far)).is_none());
        assert!(places.take("192.0.2.2".parse().ok()).is_some());
        let near: Vec<_> = (0..5).filter_map(|_| places.take(Some(near))).collect();
        assert_eq!(near.len(), 5);
        drop(taken);
        assert!(places.take(Some(far)).is_some());
    }

    #[test]
    fn a_byte_after_a_reply_begins_the_next_head() {
        let places = places(1);
        let place = places.take(None).unwrap();
        let is_head = || place.line.waiting().map(|(_, is_head)| is_head);
        assert_eq!(is_head(), Some(true));
        let request = place.line.begins(false);
        assert_eq!(is_head(), None);
        drop(request);
        assert_eq!(is_head(), Some(false));
        place.line.has_read();
        assert_eq!(is_head(), Some(true));
        drop(place.line.begins(true));
        place.line.has_read();
        assert_eq!(is_head(), Some(false), "several requests share it");
    }
}
