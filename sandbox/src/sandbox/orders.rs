//! The handle's buyers and listeners.

use super::{ControlError, Sandbox};
use crate::core::Core;
use crate::market::order_change::OrderChange;
use crate::market::order_purchase::Purchase;
use crate::trade;
use crate::webhooks::{Delivery, WebhookFault};

impl Sandbox {
    /// Lets a buyer buy; the receipt's id.
    ///
    /// # Errors
    ///
    /// Something that cannot be bought, and why.
    pub fn buy(&self, purchase: &Purchase) -> Result<i64, ControlError> {
        trade::buy(&mut self.server.core(), purchase).map_err(ControlError)
    }

    /// Lets an order be paid, cancelled, refunded, delivered.
    ///
    /// # Errors
    ///
    /// There is no such order, or this cannot happen to it.
    pub fn change_order(&self, receipt_id: i64, change: &OrderChange) -> Result<(), ControlError> {
        trade::change(&mut self.server.core(), receipt_id, change).map_err(ControlError)
    }

    /// Adds a listener on this machine to webhooks, as Etsy's portal does; all events where `events`
    /// is empty. The secret that they are signed with.
    ///
    /// # Errors
    ///
    /// An address that is not `http` and of this machine, or an event that Etsy does not have.
    pub fn subscribe(&self, url: &str, events: &[&str]) -> Result<String, ControlError> {
        let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
        let mut core = self.server.core();
        let Core { webhooks, ids, .. } = &mut *core;
        webhooks.subscribe(ids, url, &events).map_err(ControlError)
    }

    /// The webhooks so far, sent or waiting, the oldest first; the last thousand are remembered.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        let core = self.server.quiet_core();
        core.webhooks.deliveries().cloned().collect()
    }

    /// Lets something be wrong with the next webhook.
    pub fn disturb_webhook(&self, fault: WebhookFault) {
        self.server.core().webhooks.disturb(fault);
    }
}
