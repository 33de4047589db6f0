//! How many requests are worked on at once. A request has its place only once all of it is here: a
//! thousand that come a byte a second take none from those that are whole.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::problem::{Problem, ProblemKind};

/// How long a request waits for its place.
const WAIT: Duration = Duration::from_secs(5);

/// Seconds until a place may be free.
const AGAIN: u32 = 2;

/// One request's admission.
#[derive(Debug)]
pub(super) struct Admission {
    places: Arc<Semaphore>,
    held: Mutex<Option<OwnedSemaphorePermit>>,
    is_refused: AtomicBool,
    is_slow: AtomicBool,
}

impl Admission {
    pub(super) fn new(places: &Arc<Semaphore>) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::clone(places),
            held: Mutex::default(),
            is_refused: AtomicBool::new(false),
            is_slow: AtomicBool::new(false),
        })
    }

    /// Waits for a place, which is kept until this is dropped. `false` where there is none.
    pub(super) async fn admit(self: Arc<Self>) -> bool {
        let place = Arc::clone(&self.places).acquire_owned();
        match tokio::time::timeout(WAIT, place).await {
            Ok(Ok(place)) => {
                *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
                true
            }
            _ => {
                self.is_refused.store(true, Ordering::Relaxed);
                false
            }
        }
    }

    /// Its body was given up.
    pub(super) fn was_slow(&self) {
        self.is_slow.store(true, Ordering::Relaxed);
    }

    /// What the client is told whatever came of the request: the handler only knows that its body
    /// could not be read.
    pub(super) fn problem(&self) -> Option<Problem> {
        if self.is_slow.load(Ordering::Relaxed) {
            return Some(
                Problem::new(
                    ProblemKind::RequestTimeout,
                    "the request's body did not come in time; nothing was done",
                )
                .remedy("send it again, on a better connection"),
            );
        }
        self.is_refused.load(Ordering::Relaxed).then(|| {
            let mut problem = Problem::new(
                ProblemKind::Unavailable,
                "too many requests are worked on; nothing was done",
            );
            problem.retry_after = Some(AGAIN);
            problem
        })
    }
}
