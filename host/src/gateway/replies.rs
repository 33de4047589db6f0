//! Replies that are used again, for endpoints that declare it (`cache-seconds`): a marketplace's
//! taxonomy is two megabytes that change twice a year, and is asked for by everybody.
//!
//! A reply is used again for the same URL and headers, for any account, so only what no seller's token
//! went with is kept, and nothing that the marketplace calls private. Many who ask at once make one
//! request, and share what comes of it, a refusal too. Where the marketplace is in trouble, what was
//! kept is used for a week longer: an old taxonomy is better than none.
//!
//! The mistakes that this prevents: one seller's reply that another one sees; a page that a thousand
//! calls fetch a thousand times; a kept page that is damaged, or that nobody ever asks for anew.

mod answer;
mod flights;
mod shelf;
mod wanted;

pub use shelf::ReplyKey;

pub(super) use answer::{Answer, Fetched};
pub(super) use wanted::Wanted;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::refusal::{Refusal, RefusalKind};
use crate::clock::Clock;
use crate::model::PluginId;
use answer::Lives;
use flights::{Flight, Flights, Landed};
use shelf::Shelf;

/// Replies in memory at a time, on their way to those who asked; each has 8 MiB at most. Who comes
/// when there is no room asks the marketplace, as if nothing were ever kept.
const IN_MEMORY_MAX: usize = 32;

/// How long a reply is used beyond its life, where the marketplace gives no other.
const STALE_MAX: Duration = Duration::from_hours(7 * 24);

/// How long a marketplace that gave none is left alone before it is asked again, where there is an
/// old one: whoever asks meanwhile need not wait for it to fail.
const TROUBLE: Duration = Duration::from_mins(1);

/// The replies that are kept.
#[derive(Clone)]
pub struct Replies {
    shelf: Arc<Shelf>,
    flights: Flights,
    room: Arc<Semaphore>,
    clock: Clock,
}

/// What there is for a request.
pub(super) enum Found {
    /// Its reply.
    Answer(Arc<Answer>),
    /// What became of the request of somebody who asked for the same at the same time.
    Refused(Refusal),
    /// Nothing: the caller asks, and others who want the same wait until its turn is over.
    Turn(Turn),
    /// Nothing that could be shared: the caller asks for itself.
    Alone,
}

/// The right to ask for a reply that others wait for. Where it is dropped, the next of them has it.
pub(super) struct Turn {
    replies: Replies,
    wanted: Wanted,
    flight: Flight,
    room: OwnedSemaphorePermit,
}

impl Replies {
    /// Those in a directory, which is made where it is missing; they live by this clock.
    ///
    /// # Errors
    /// The directory cannot be used.
    pub fn open(directory: &Path, key: ReplyKey, clock: Clock) -> std::io::Result<Self> {
        Ok(Self {
            shelf: Arc::new(Shelf::open(directory, key)?),
            flights: Flights::default(),
            room: Arc::new(Semaphore::new(IN_MEMORY_MAX)),
            clock,
        })
    }

    /// Forgets all of a plugin's.
    pub(super) fn forget(&self, plugin: &PluginId) {
        self.shelf.forget(plugin);
    }

    /// What there is for a request; waits for whoever asks for the same.
    pub(super) async fn find(&self, wanted: Wanted) -> Found {
        let asked_at = Instant::now();
        if let Some(answer) = self.usable(self.shelf.in_memory(&wanted), &wanted) {
            return Found::Answer(answer);
        }
        let flight = self.flights.board(wanted.name()).await;
        match flight.landed_since(asked_at) {
            Some(Landed::Answer(answer)) => return Found::Answer(answer),
            Some(Landed::Refused(refusal)) => return Found::Refused(refusal),
            Some(Landed::Alone) => return Found::Alone,
            None => {}
        }
        if let Some(answer) = self.usable(self.kept(&wanted).await, &wanted) {
            return Found::Answer(answer);
        }
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            return Found::Alone;
        };
        Found::Turn(Turn {
            replies: self.clone(),
            wanted,
            flight,
            room,
        })
    }

    /// What is kept, however old.
    async fn kept(&self, wanted: &Wanted) -> Option<Arc<Answer>> {
        if let Some(answer) = self.shelf.in_memory(wanted) {
            return Some(answer);
        }
        if !self.shelf.has(wanted) {
            return None;
        }
        let room = Arc::clone(&self.room).try_acquire_owned().ok()?;
        let (shelf, wanted) = (Arc::clone(&self.shelf), wanted.clone());
        let read = tokio::task::spawn_blocking(move || shelf.read(&wanted, room));
        let read = read.await.unwrap_or_else(|error| Err(error.into()));
        read.inspect_err(|error| tracing::warn!(%error, "a kept reply is not used"))
            .ok()
    }

    /// Without it the next who asks makes a request, so a failure is only logged.
    async fn keep(&self, wanted: Wanted, answer: &Arc<Answer>) {
        let (shelf, answer) = (Arc::clone(&self.shelf), Arc::clone(answer));
        let put = tokio::task::spawn_blocking(move || shelf.put(&wanted, &answer));
        if let Err(error) = put.await.unwrap_or_else(|error| Err(error.into())) {
            tracing::warn!(%error, "a reply is not kept");
        }
    }

    /// An answer that is young enough, or that has to do while the marketplace is in trouble.
    fn usable(&self, answer: Option<Arc<Answer>>, wanted: &Wanted) -> Option<Arc<Answer>> {
        let answer = answer.filter(|_| !wanted.anew)?;
        let age = answer.age(self.clock.now(), Instant::now())?;
        let trouble =
            || self.shelf.was_in_trouble(wanted, TROUBLE) && age < wanted.life + STALE_MAX;
        (age < wanted.life || trouble()).then_some(answer)
    }

    /// What is kept beyond its life, where that is not too long ago.
    async fn stale(&self, wanted: &Wanted) -> Option<Arc<Answer>> {
        let answer = self.kept(wanted).await.filter(|_| !wanted.anew)?;
        let age = answer.age(self.clock.now(), Instant::now())?;
        (age < wanted.life + STALE_MAX).then_some(answer)
    }
}

impl Turn {
    /// Ends the turn with what the marketplace said, and answers with what is to be used.
    ///
    /// # Errors
    /// The request's own refusal, where nothing is kept that could stand in.
    pub(super) async fn end(
        self,
        fetched: Result<Fetched, Refusal>,
    ) -> Result<Arc<Answer>, Refusal> {
        let Self {
            replies,
            wanted,
            mut flight,
            room,
        } = self;
        let in_trouble = match &fetched {
            Ok(fetched) => fetched.is_trouble(),
            Err(refusal) => is_trouble(refusal.kind),
        };
        if in_trouble && let Some(stale) = replies.stale(&wanted).await {
            let said = match &fetched {
                Ok(fetched) => fetched.status().to_string(),
                Err(refusal) => refusal.what.clone(),
            };
            tracing::warn!(said, "the marketplace gives no reply; an old one is used");
            replies.shelf.trouble(&wanted);
            flight.land(Landed::Answer(Arc::clone(&stale)));
            return Ok(stale);
        }
        let fetched = fetched.inspect_err(|refusal| {
            if is_everybodys(refusal.kind) {
                flight.land(Landed::Refused(refusal.clone()));
            }
        })?;
        let may_be_shared = fetched.may_be_shared();
        let may_be_kept = fetched.may_be_kept();
        let lives = Lives {
            kept_at: replies.clock.now(),
            since: Instant::now(),
        };
        let answer = Arc::new(fetched.into_answer(lives, room));
        if may_be_kept {
            replies.keep(wanted, &answer).await;
        }
        flight.land(if may_be_shared {
            Landed::Answer(Arc::clone(&answer))
        } else {
            Landed::Alone
        });
        Ok(answer)
    }
}

/// Whether a refusal says that the marketplace gives no reply now, and not that the request is wrong.
fn is_trouble(kind: RefusalKind) -> bool {
    matches!(
        kind,
        RefusalKind::RateLimited(_)
            | RefusalKind::Unavailable
            | RefusalKind::Dns
            | RefusalKind::Connect
            | RefusalKind::ConnectTimeout
            | RefusalKind::Tls
            | RefusalKind::Lost
            | RefusalKind::Timeout
            | RefusalKind::ReplyBroken
            | RefusalKind::ReplyEncoding
    )
}

/// Whether a refusal holds for all who ask for the same, and not only for this call: for its time, its
/// turn, and what it has read already.
fn is_everybodys(kind: RefusalKind) -> bool {
    !matches!(
        kind,
        RefusalKind::Deadline
            | RefusalKind::Timeout
            | RefusalKind::RateLimited(_)
            | RefusalKind::CallTooLarge
    )
}
