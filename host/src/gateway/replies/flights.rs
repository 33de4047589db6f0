//! One request for all who want the same: the first asks, the others wait and share what comes of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use tokio::sync::OwnedMutexGuard;

use super::answer::Answer;
use super::wanted::Name;
use crate::gateway::Refusal;

/// What became of a request.
#[derive(Clone)]
pub(super) enum Landed {
    /// For all who waited.
    Answer(Arc<Answer>),
    /// For all who waited: asked again at once, the marketplace would say the same to each of them.
    Refused(Refusal),
    /// A reply that is not for others: each asks for itself.
    Alone,
}

/// What the last one of a name left for those who waited, and when.
type Last = Option<(Instant, Landed)>;

/// The requests that are under way.
#[derive(Clone, Default)]
pub(super) struct Flights {
    // Weak: the last holder or waiter takes it along, with what was left in it.
    flights: Arc<Mutex<HashMap<Name, Weak<tokio::sync::Mutex<Last>>>>>,
}

/// The right to ask, until it is dropped.
pub(super) struct Flight(OwnedMutexGuard<Last>);

impl Flights {
    /// Waits until nobody else asks for this.
    pub(super) async fn board(&self, name: &Name) -> Flight {
        let flight = {
            let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
            let known = flights.get(name).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                flights.retain(|_, flight| flight.strong_count() > 0);
                let flight = Arc::default();
                flights.insert(*name, Arc::downgrade(&flight));
                flight
            })
        };
        Flight(flight.lock_owned().await)
    }
}

impl Flight {
    /// What became of a request that ended after `asked_at`: one for which the caller has waited.
    pub(super) fn landed_since(&self, asked_at: Instant) -> Option<Landed> {
        let (at, landed) = self.0.as_ref()?;
        (*at >= asked_at).then(|| landed.clone())
    }

    /// Leaves for those who wait what became of it.
    pub(super) fn land(&mut self, landed: Landed) {
        *self.0 = Some((Instant::now(), landed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn who_waited_shares_what_came_of_it_and_who_comes_later_asks() {
        let flights = Flights::default();
        let name = [1; 32];
        let asked_at = Instant::now();
        let mut first = flights.board(&name).await;
        assert!(first.landed_since(asked_at).is_none());
        let mut second = Box::pin(flights.board(&name));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(flights.board(&[2; 32]).now_or_never().is_some());
        first.land(Landed::Alone);
        drop(first);
        let second = second.await;
        assert!(matches!(second.landed_since(asked_at), Some(Landed::Alone)));
        let later = Instant::now() + std::time::Duration::from_millis(1);
        assert!(second.landed_since(later).is_none());
    }

    #[tokio::test]
    async fn a_turn_that_is_given_up_is_the_next_ones() {
        let flights = Flights::default();
        let asked_at = Instant::now();
        drop(flights.board(&[1; 32]).await);
        assert!(
            flights
                .board(&[1; 32])
                .await
                .landed_since(asked_at)
                .is_none()
        );
        assert!(flights.flights.lock().unwrap().len() <= 1);
    }
}
