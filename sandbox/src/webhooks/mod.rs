//! Webhooks as Etsy sends them: who wants to know of what, and what has been told to whom.
//!
//! A webhook is a pointer: it names an event and a receipt, and whoever gets it reads the receipt. It
//! is sent until somebody answers with a success, at waits that grow by the sandbox's clock, under one
//! id and with a signature of its own for each attempt. Nothing here sends: `sender` does, so that no
//! reply waits for a listener.

mod delivery;
mod sender;
mod signature;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::ids::Ids;
pub use delivery::{Delivery, DeliveryAttempt, DeliveryStatus, WebhookEvent, WebhookFault};
pub(crate) use sender::run;

/// The waits before each attempt, in seconds, counted from the attempt before: Etsy's.
const WAITS: [i64; 8] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
/// How many deliveries are remembered.
const DELIVERIES_MAX: usize = 1_000;
/// How far back a timestamp is set that is to be too old, in seconds: no listener accepts an hour.
const OLD_SECONDS: i64 = 3_600;
/// Where a receipt is, in a webhook: Etsy's own address, whatever the sandbox's is. A listener takes
/// the path and never dials what somebody sent it.
const ORIGIN: &str = "https://api.etsy.com";

/// A listener.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) url: String,
    pub(crate) events: Vec<WebhookEvent>,
    secret: String,
}

/// All listeners and what was told to them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Webhooks {
    subscriptions: Vec<Subscription>,
    deliveries: VecDeque<Delivery>,
    /// What is wrong with the next ones.
    faults: VecDeque<WebhookFault>,
}

/// An attempt, ready to be sent.
#[derive(Debug)]
struct Outgoing {
    id: String,
    url: String,
    body: String,
    timestamp: i64,
    signature: String,
}

/// What is to be done now.
#[derive(Debug)]
enum Next {
    Send(Outgoing),
    /// Nothing is due for so many milliseconds.
    Wait(i64),
    Nothing,
}

impl Webhooks {
    /// Adds a listener and answers with its secret; all events where none are named.
    pub(crate) fn subscribe(
        &mut self,
        ids: &mut Ids,
        url: &str,
        events: &[String],
    ) -> Result<String, String> {
        check_url(url)?;
        let events = match events {
            [] => WebhookEvent::ALL.to_vec(),
            named => named
                .iter()
                .map(|name| WebhookEvent::named(name))
                .collect::<Result<_, _>>()?,
        };
        let secret = signature::secret(ids);
        self.subscriptions.push(Subscription {
            url: url.to_owned(),
            events,
            secret: secret.clone(),
        });
        Ok(secret)
    }

    /// Forgets all listeners, deliveries and faults.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// The oldest first.
    pub(crate) fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.iter()
    }

    pub(crate) fn faults(&self) -> impl Iterator<Item = &WebhookFault> {
        self.faults.iter()
    }

    /// Lets something be wrong with the next delivery that nothing is wrong with yet.
    pub(crate) fn disturb(&mut self, fault: WebhookFault) {
        self.faults.push_back(fault);
    }

    /// Sends a delivery once more from the beginning, as Etsy's portal can.
    pub(crate) fn replay(&mut self, id: &str, now_ms: i64) -> Result<(), String> {
        let mut deliveries = self.deliveries.iter_mut();
        let delivery = deliveries
            .find(|delivery| delivery.id == id)
            .ok_or_else(|| format!("there is no delivery \"{id}\""))?;
        delivery.attempts.clear();
        delivery.fault = None;
        delivery.status = DeliveryStatus::Pending;
        delivery.due_ms = Some(now_ms);
        Ok(())
    }

    /// Something happened to a receipt: everybody who wants to know of it is told.
    pub(crate) fn announce(
        &mut self,
        ids: &mut Ids,
        event: WebhookEvent,
        (shop_id, receipt_id): (i64, i64),
        now_ms: i64,
    ) {
        let path = format!("/v3/application/shops/{shop_id}/receipts/{receipt_id}");
        let payload = json!({
            "event_type": event.name(),
            "resource_url": format!("{ORIGIN}{path}"),
            "shop_id": shop_id,
        });
        for (index, listener) in self.subscriptions.iter().enumerate() {
            if !listener.events.contains(&event) {
                continue;
            }
            self.deliveries.push_back(Delivery {
                id: format!("msg_{}", ids.opaque(27)),
                url: listener.url.clone(),
                event,
                body: payload.to_string(),
                status: DeliveryStatus::Pending,
                due_ms: Some(now_ms),
                attempts: Vec::new(),
                fault: self.faults.pop_front(),
                subscription: index,
            });
        }
        self.forget();
    }

    /// Lets go of the oldest deliveries, finished or not, beyond what is remembered.
    fn forget(&mut self) {
        let surplus = self.deliveries.len().saturating_sub(DELIVERIES_MAX);
        self.deliveries.drain(..surplus);
    }

    /// Whether an attempt is due, or will be.
    pub(crate) fn is_waiting(&self) -> bool {
        self.deliveries
            .iter()
            .any(|delivery| delivery.due_ms.is_some())
    }

    /// The attempt that comes next: of those that are due the one that waits longest.
    fn next(&self, now_ms: i64) -> Next {
        let waiting = self.deliveries.iter().enumerate();
        let first = waiting
            .filter(|(index, delivery)| !self.is_held(*index, delivery))
            .filter_map(|(_, delivery)| Some((delivery.due_ms?, delivery)))
            .min_by_key(|(due_ms, _)| *due_ms);
        match first {
            Some((due_ms, _)) if due_ms > now_ms => Next::Wait(due_ms - now_ms),
            Some((_, delivery)) => self
                .outgoing(delivery, now_ms)
                .map_or(Next::Nothing, Next::Send),
            None => Next::Nothing,
        }
    }

    /// Whether a delivery lets the next one to its listener pass first.
    fn is_held(&self, index: usize, delivery: &Delivery) -> bool {
        let mut later = self.deliveries.iter().skip(index + 1);
        delivery.fault == Some(WebhookFault::OutOfOrder)
            && delivery.attempts.is_empty()
            && !later.any(|it| it.subscription == delivery.subscription && !it.attempts.is_empty())
    }

    fn outgoing(&self, delivery: &Delivery, now_ms: i64) -> Option<Outgoing> {
        let listener = self.subscriptions.get(delivery.subscription)?;
        let is_first = delivery.attempts.is_empty();
        let fault = delivery.fault.filter(|_| is_first);
        let mut timestamp = now_ms / 1000;
        if fault == Some(WebhookFault::OldTimestamp) {
            timestamp -= OLD_SECONDS;
        }
        let mut secret = listener.secret.clone();
        if fault == Some(WebhookFault::WrongSignature) {
            secret = signature::another(&secret);
        }
        Some(Outgoing {
            id: delivery.id.clone(),
            url: delivery.url.clone(),
            signature: signature::sign(&secret, &delivery.id, timestamp, &delivery.body)?,
            body: delivery.body.clone(),
            timestamp,
        })
    }

    /// What became of an attempt: the status that was answered, or why nothing was.
    fn settle(&mut self, id: &str, outcome: Result<u16, String>, now_ms: i64) {
        // It is gone where everything was reset while it was under way.
        let Some(delivery) = self.deliveries.iter_mut().find(|it| it.id == id) else {
            return;
        };
        let taken = matches!(outcome, Ok(200..=299));
        delivery.attempts.push(DeliveryAttempt {
            at_ms: now_ms,
            status: outcome.as_ref().ok().copied(),
            error: outcome.err(),
        });
        let once_more = delivery.fault == Some(WebhookFault::Twice);
        let wait = WAITS.get(delivery.attempts.len());
        (delivery.status, delivery.due_ms) = match (taken, wait) {
            (true, _) if once_more && !delivery.was_taken_before() => {
                (DeliveryStatus::Pending, Some(now_ms))
            }
            (true, _) => (DeliveryStatus::Delivered, None),
            (false, Some(seconds)) => (DeliveryStatus::Pending, Some(now_ms + seconds * 1000)),
            (false, None) => (DeliveryStatus::Failed, None),
        };
    }
}

/// Only listeners on this machine: a sandbox sends nothing to anybody else.
fn check_url(url: &str) -> Result<(), String> {
    let parsed = url::Url::parse(url).map_err(|error| format!("\"{url}\": {error}"))?;
    let is_loopback = match parsed.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if parsed.scheme() == "http" && is_loopback {
        return Ok(());
    }
    Err(format!("\"{url}\" is not http and on this machine"))
}

#[cfg(test)]
mod tests;
