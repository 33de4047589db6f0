//! Telling the buyer that a parcel is on its way: the one call of Etsy's that must not be repeated.
//!
//! Each success writes to the buyer. A body that is not JSON is taken and not read: the receipt is
//! sent, the tracking is lost, and the reply looks like any other.

use super::{Call, lookups, receipts};
use crate::core::Core;
use crate::facts;
use crate::input::Fields;
use crate::market::order::Order;
use crate::market::order_change::Parcel;
use crate::market::shop::Shop;
use crate::reply::{Refusal, Reply};
use crate::trade;

pub(super) fn create(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let order = receipts::own(core, call)?;
    check_sendable(order)?;
    let body = &call.input.body;
    let tracking = tracking(body)?;
    if tracking.is_none() && needs_tracking(shop, order) {
        return Err(Refusal::bad("A tracking number is required"));
    }
    let parcel = Parcel {
        tracking,
        note: body.text("note_to_buyer").map(str::to_owned),
        copied: body.flag("send_bcc").unwrap_or(false),
    };
    trade::ship(core, order.id, parcel, call.now).map_err(Refusal::bad)?;
    receipts::get(core, call)
}

fn check_sendable(order: &Order) -> Result<(), Refusal> {
    let refuse = |why: &str| Err(Refusal::bad(format!("Receipt {} {why}", order.id)));
    if order.canceled.is_some() {
        return refuse("is canceled");
    }
    if order.paid.is_none() {
        return refuse("is not paid");
    }
    Ok(())
}

/// Carrier and code, if both were sent.
fn tracking(body: &Fields) -> Result<Option<(String, String)>, Refusal> {
    let text = |name: &str| body.text(name).unwrap_or("").trim().to_owned();
    let (carrier, code) = (text("carrier_name"), text("tracking_code"));
    match (carrier.is_empty(), code.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => Err(Refusal::bad("A carrier name is required")),
        (false, true) => Err(Refusal::bad("A tracking number is required")),
        (false, false) if !facts::is_carrier(&carrier) => Err(Refusal::bad(format!(
            "Invalid carrier_name '{carrier}', use 'other' for carriers that are not supported"
        ))),
        (false, false) => Ok(Some((carrier, code))),
    }
}

/// Orders within the United States beyond ten dollars, and all to India.
fn needs_tracking(shop: &Shop, order: &Order) -> bool {
    if order.is_digital() {
        return false;
    }
    let domestic = shop.country == "US" && order.buyer.country == "US";
    let dollars = facts::TRACKED_DOLLARS;
    order.buyer.country == "IN" || domestic && shop.currency.is_over(order.grand_total(), dollars)
}
