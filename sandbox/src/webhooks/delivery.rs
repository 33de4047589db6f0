//! One webhook to one listener, from its event to its last attempt.

use serde::{Deserialize, Serialize};

/// What Etsy tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WebhookEvent {
    /// An order was paid.
    #[serde(rename = "order.paid")]
    Paid,
    /// The seller cancelled an order.
    #[serde(rename = "order.canceled")]
    Canceled,
    /// An order was sent.
    #[serde(rename = "order.shipped")]
    Shipped,
    /// The carrier handed an order over.
    #[serde(rename = "order.delivered")]
    Delivered,
}

/// What is wrong with one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookFault {
    /// It is sent once more, under the same id, after it was taken.
    Twice,
    /// It waits until the next one to the same listener was sent.
    OutOfOrder,
    /// Its first attempt is signed with another secret.
    WrongSignature,
    /// Its first attempt is an hour old, and signed as that.
    OldTimestamp,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// An attempt is due, or will be.
    Pending,
    /// Somebody answered with a success.
    Delivered,
    /// Nobody did, eight times.
    Failed,
}

/// One webhook to one listener.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// The `webhook-id`, the same in every attempt.
    pub id: String,
    /// Where it goes.
    pub url: String,
    /// What it tells of.
    pub event: WebhookEvent,
    /// The body, to the byte.
    pub body: String,
    /// How it stands.
    pub status: DeliveryStatus,
    /// When the next attempt is due, in milliseconds since 1970 by the sandbox's clock.
    pub due_ms: Option<i64>,
    /// What has been tried.
    pub attempts: Vec<DeliveryAttempt>,
    /// What is wrong with it on purpose.
    pub fault: Option<WebhookFault>,
    pub(super) subscription: usize,
}

/// One attempt to deliver a webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveryAttempt {
    /// When, in milliseconds since 1970 by the sandbox's clock.
    pub at_ms: i64,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why there was none.
    pub error: Option<String>,
}

impl Delivery {
    /// Whether an attempt before the last was answered with a success.
    pub(super) fn was_taken_before(&self) -> bool {
        let before = self.attempts.iter().rev().skip(1);
        before
            .filter_map(|attempt| attempt.status)
            .any(|status| (200..=299).contains(&status))
    }
}

impl WebhookEvent {
    /// All events that Etsy has.
    pub const ALL: [Self; 4] = [Self::Paid, Self::Canceled, Self::Shipped, Self::Delivered];

    /// The event as Etsy writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Paid => "order.paid",
            Self::Canceled => "order.canceled",
            Self::Shipped => "order.shipped",
            Self::Delivered => "order.delivered",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|event| event.name() == name)
            .ok_or_else(|| format!("there is no event \"{name}\""))
    }
}
