//! Telling of a parcel once. Each success writes to the buyer, so before anything is sent the order is
//! read, and a parcel that it shows is not told of again. What was begun is noted first: where the
//! reply was lost, and where Etsy took the parcel and lost its tracking, the next call knows.

use super::whole;
use crate::api;
use crate::convert::order::{digital_lines, is_shipped};
use crate::convert::parcel::{Parcel, check_lines, not_shown, refused};
use crate::id::Id;
use crate::refusal::call;
use serde::{Deserialize, Serialize};
use stoflow_plugin_sdk::journal::Checkpoint;
use stoflow_plugin_sdk::orders::{ShipmentRequest, Shipped};
use stoflow_plugin_sdk::types::{CancellationState, Error, Order};

/// A parcel that Etsy is being told of: the journal's entry. It is gone once the order shows it.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Telling {
    /// Whether the order counted as sent before.
    was_shipped: bool,
    /// How many shipments it showed before.
    shipments: usize,
    /// Whether Etsy has answered that it was told.
    is_told: bool,
}

/// Tells Etsy, and through it the buyer, of a parcel that it does not know of yet.
pub(super) fn ship(shop: &Id, receipt: &Id, request: &ShipmentRequest) -> Result<Shipped, Error> {
    let parcel = Parcel::read(request)?;
    let (entry, begun) = Checkpoint::<Telling>::load(&parcel.key(receipt.as_str()))?;
    let reply = call(api::receipts::get(shop, receipt))?;
    let order = whole(&reply)?;
    check_lines(&request.lines, &order, &digital_lines(&reply.object()?))?;
    if parcel.is_told(&order) {
        entry.clear();
        let warnings = parcel.known(&order);
        return Ok(Shipped { order, warnings });
    }
    if begun.as_ref().is_some_and(|begun| begun.took(&order)) {
        let warnings = vec![not_shown()];
        return Ok(Shipped { order, warnings });
    }
    if order.cancellation == CancellationState::Cancelled {
        return Err(Error::Conflict(format!("order {receipt} is cancelled")));
    }
    let telling = Telling::of(&order);
    entry.save(&telling)?;
    match call(api::receipts::ship(shop, receipt, &parcel.body)) {
        Ok(reply) => {
            entry.save(&Telling {
                is_told: true,
                ..telling
            })?;
            // A reply that cannot be read is one all the same.
            let order = whole(&reply).or_else(|_| now(shop, receipt))?;
            Ok(done(&entry, parcel, order))
        }
        Err(Error::Uncertain(why)) => match now(shop, receipt) {
            Ok(order) if parcel.is_told(&order) => Ok(done(&entry, parcel, order)),
            _ => Err(Error::Uncertain(why)),
        },
        Err(error) => {
            entry.clear();
            Err(refused(error))
        }
    }
}

impl Telling {
    fn of(order: &Order) -> Self {
        Self {
            was_shipped: is_shipped(order),
            shipments: shipments(order),
            is_told: false,
        }
    }

    /// Whether Etsy took the parcel, though the order does not show its tracking: it said so, or the
    /// order has counted as sent since, and no other parcel is the reason.
    fn took(&self, order: &Order) -> bool {
        let is_unexplained = !self.was_shipped && shipments(order) <= self.shipments;
        self.is_told || (is_unexplained && is_shipped(order))
    }
}

fn shipments(order: &Order) -> usize {
    order.shipments.as_ref().map_or(0, Vec::len)
}

fn now(shop: &Id, receipt: &Id) -> Result<Order, Error> {
    whole(&call(api::receipts::get(shop, receipt))?)
}

/// The order shows the parcel, and the entry is not needed any more; or it is kept, because it alone
/// knows.
fn done(entry: &Checkpoint<Telling>, parcel: Parcel, order: Order) -> Shipped {
    let is_shown = parcel.is_told(&order);
    let mut warnings = parcel.warnings;
    if is_shown {
        entry.clear();
    } else {
        warnings.push(not_shown());
    }
    Shipped { order, warnings }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::order::order;
    use stoflow_plugin_sdk::Object;

    #[test]
    fn etsy_took_what_it_answered_or_what_made_the_order_sent() {
        let order = |json: &[u8]| order(&Object::parse(json).unwrap()).unwrap();
        let unsent = order(br#"{"receipt_id":1,"is_shipped":false}"#);
        let sent = order(br#"{"receipt_id":1,"is_shipped":true}"#);
        let other =
            order(br#"{"receipt_id":1,"is_shipped":true,"shipments":[{"tracking_code":"7"}]}"#);
        let begun = Telling::of(&unsent);
        assert!(begun.took(&sent));
        assert!(!begun.took(&unsent));
        // Another parcel was told of in between.
        assert!(!begun.took(&other));
        // It was sent before: that it still is says nothing of this parcel.
        assert!(!Telling::of(&sent).took(&sent));
        let told = Telling {
            is_told: true,
            ..Telling::of(&sent)
        };
        assert!(told.took(&unsent));
    }
}
