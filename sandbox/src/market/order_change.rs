//! What happens to an order after it was bought: paid, sent, delivered, cancelled, refunded.
//!
//! As on Etsy, a cancellation and a refund leave `updated` where it was: a client that only asks for
//! what changed since does not see them.

use serde::{Deserialize, Serialize};

use super::Market;
use super::order::{Mail, Order, Refund, Shipment};
use super::order_purchase::amount;
use crate::ids::{Ids, Kind};

/// What the world does to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderAction {
    /// The buyer pays.
    Pay,
    /// The seller cancels in Etsy's own pages; what was paid goes back.
    Cancel,
    /// The seller sends money back.
    Refund,
    /// The carrier hands it over.
    Deliver,
}

/// A change of an order that no request of an application brings about.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderChange {
    /// What happens.
    pub action: OrderAction,
    /// How much is refunded, such as `5.00`; all that is left where it is none.
    #[serde(default)]
    pub amount: Option<String>,
    /// Whether a cancellation or refund moves `updated_timestamp`. On Etsy it does not.
    #[serde(default)]
    pub moves_updated: bool,
}

impl OrderChange {
    /// The change as it is on Etsy, of the whole amount.
    #[must_use]
    pub fn new(action: OrderAction) -> Self {
        Self {
            action,
            amount: None,
            moves_updated: false,
        }
    }
}

/// A parcel as the seller tells of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parcel {
    /// Carrier and code; without them the order is marked as sent and nothing more.
    pub(crate) tracking: Option<(String, String)>,
    pub(crate) note: Option<String>,
    pub(crate) copied: bool,
}

fn order(market: &mut Market, id: i64) -> Result<&mut Order, String> {
    market
        .orders
        .get_mut(&id)
        .ok_or_else(|| format!("there is no order {id}"))
}

/// The buyer pays. Files are delivered with the payment: an order of nothing else is sent by it.
pub(crate) fn pay(market: &mut Market, ids: &mut Ids, id: i64, now: i64) -> Result<(), String> {
    let order = order(market, id)?;
    if order.canceled.is_some() {
        return Err(format!("order {id} is cancelled"));
    }
    if order.paid.is_some() {
        return Err(format!("order {id} is paid"));
    }
    order.paid = Some(now);
    order.updated = now;
    if order.is_digital() {
        order.shipped = Some(now);
    }
    super::order_money::receive(market, ids, id, now);
    Ok(())
}

/// The seller cancels; what was paid goes back. The stock stays as it is: Etsy leaves it to the seller.
pub(crate) fn cancel(
    market: &mut Market,
    ids: &mut Ids,
    id: i64,
    moves_updated: bool,
    now: i64,
) -> Result<(), String> {
    let order = order(market, id)?;
    if order.canceled.is_some() {
        return Err(format!("order {id} is cancelled"));
    }
    order.canceled = Some(now);
    if moves_updated {
        order.updated = now;
    }
    let left = order.grand_total() - order.refunded();
    if order.paid.is_some() && left > 0 {
        give_back(market, ids, id, left, "Order cancelled", now);
    }
    Ok(())
}

/// The seller sends money back.
pub(crate) fn refund(
    market: &mut Market,
    ids: &mut Ids,
    id: i64,
    change: &OrderChange,
    now: i64,
) -> Result<(), String> {
    let shop_id = order(market, id)?.shop_id;
    let currency = market.shops.get(&shop_id).map(|shop| shop.currency);
    let order = order(market, id)?;
    if order.paid.is_none() {
        return Err(format!("order {id} is not paid"));
    }
    let left = order.grand_total() - order.refunded();
    let wanted = match (change.amount.as_deref(), currency) {
        (Some(text), Some(currency)) => amount(currency, "amount", Some(text))?,
        _ => left,
    };
    if wanted < 1 || wanted > left {
        return Err(format!(
            "amount {wanted} is not between 1 and the {left} that are left"
        ));
    }
    if change.moves_updated {
        order.updated = now;
    }
    give_back(market, ids, id, wanted, "Refund", now);
    Ok(())
}

fn give_back(market: &mut Market, ids: &mut Ids, id: i64, amount: i64, reason: &str, now: i64) {
    if let Some(order) = market.orders.get_mut(&id) {
        order.refunds.push(Refund {
            amount,
            created: now,
            reason: reason.to_owned(),
            note: None,
        });
    }
    super::order_money::give_back(market, ids, id, (amount, reason), now);
}

/// The carrier hands it over.
pub(crate) fn deliver(market: &mut Market, id: i64, now: i64) -> Result<(), String> {
    let order = order(market, id)?;
    if order.shipped.is_none() || order.canceled.is_some() {
        return Err(format!("order {id} is {}: it was not sent", order.status()));
    }
    if order.delivered.is_some() {
        return Err(format!("order {id} is delivered"));
    }
    order.delivered = Some(now);
    order.updated = now;
    Ok(())
}

/// The seller tells of a parcel, and Etsy writes to the buyer, each time.
pub(crate) fn ship(
    market: &mut Market,
    ids: &mut Ids,
    id: i64,
    parcel: Parcel,
    now: i64,
) -> Result<(), String> {
    let order = order(market, id)?;
    order.mails.push(Mail {
        sent: now,
        tracking_code: parcel.tracking.as_ref().map(|(_, code)| code.clone()),
        note: parcel.note,
        copied: parcel.copied,
    });
    if let Some((carrier, code)) = parcel.tracking {
        order.shipments.push(Shipment {
            id: ids.next(Kind::Shipment),
            carrier,
            code,
            notified: now,
        });
    }
    mark_shipped(market, id, true, now)
}

/// Whether an order counts as sent.
pub(crate) fn mark_shipped(
    market: &mut Market,
    id: i64,
    shipped: bool,
    now: i64,
) -> Result<(), String> {
    let order = order(market, id)?;
    order.shipped = if shipped {
        order.shipped.or(Some(now))
    } else {
        None
    };
    order.updated = now;
    if shipped {
        super::order_money::post(market, id, now);
    }
    Ok(())
}
