//! What buyers, carriers and sellers do to orders: the change itself, and the telling of it.
//!
//! Everything that changes an order's course comes through here, and what is told follows from what
//! changed: no way to pay or to ship can forget to tell whoever listens.

use crate::core::Core;
use crate::market::order_change::{self, OrderAction, OrderChange, Parcel};
use crate::market::order_purchase::{self, Purchase};
use crate::webhooks::WebhookEvent;

/// Buys, and pays where the buyer pays at once; the receipt's id.
pub(crate) fn buy(core: &mut Core, purchase: &Purchase) -> Result<i64, String> {
    let now = core.clock.now();
    core.market.age(now);
    let id = order_purchase::buy(&mut core.market, &mut core.ids, purchase, now)?;
    if purchase.paid {
        pay(core, id, now)?;
    }
    Ok(id)
}

/// Does to an order what only the world does.
pub(crate) fn change(core: &mut Core, id: i64, change: &OrderChange) -> Result<(), String> {
    let now = core.clock.now();
    telling(core, id, |core| {
        let Core { market, ids, .. } = core;
        match change.action {
            OrderAction::Pay => order_change::pay(market, ids, id, now),
            OrderAction::Cancel => order_change::cancel(market, ids, id, change.moves_updated, now),
            OrderAction::Refund => order_change::refund(market, ids, id, change, now),
            OrderAction::Deliver => order_change::deliver(market, id, now),
        }
    })
}

/// The order is paid.
pub(crate) fn pay(core: &mut Core, id: i64, now: i64) -> Result<(), String> {
    telling(core, id, |core| {
        order_change::pay(&mut core.market, &mut core.ids, id, now)
    })
}

/// The seller tells of a parcel.
pub(crate) fn ship(core: &mut Core, id: i64, parcel: Parcel, now: i64) -> Result<(), String> {
    telling(core, id, |core| {
        order_change::ship(&mut core.market, &mut core.ids, id, parcel, now)
    })
}

/// The seller says that it was sent, or takes that back; nobody is written to.
pub(crate) fn mark_shipped(
    core: &mut Core,
    id: i64,
    shipped: bool,
    now: i64,
) -> Result<(), String> {
    telling(core, id, |core| {
        order_change::mark_shipped(&mut core.market, id, shipped, now)
    })
}

/// Makes a change and announces what has happened by it that had not before.
fn telling(
    core: &mut Core,
    id: i64,
    change: impl FnOnce(&mut Core) -> Result<(), String>,
) -> Result<(), String> {
    let before = happened(core, id);
    change(core)?;
    let now_ms = core.clock.now_ms();
    let shop = core.market.orders.get(&id).map(|order| order.shop_id);
    for event in happened(core, id) {
        if let (Some(shop), false) = (shop, before.contains(&event)) {
            core.webhooks
                .announce(&mut core.ids, event, (shop, id), now_ms);
        }
    }
    Ok(())
}

/// What has happened to an order of what Etsy tells.
fn happened(core: &Core, id: i64) -> Vec<WebhookEvent> {
    let Some(order) = core.market.orders.get(&id) else {
        return Vec::new();
    };
    let events = [
        (WebhookEvent::Paid, order.paid),
        (WebhookEvent::Shipped, order.shipped),
        (WebhookEvent::Delivered, order.delivered),
        (WebhookEvent::Canceled, order.canceled),
    ];
    let happened = events.into_iter().filter(|(_, at)| at.is_some());
    happened.map(|(event, _)| event).collect()
}
