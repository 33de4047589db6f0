//! Etsy's receipt into the contract's order. One status word of Etsy's holds three things at once,
//! one name is buyer and addressee, and text has entities in it: whatever reads orders would have to
//! know all that again if it were not settled here.

mod address;
mod document;
mod line;
pub mod page;
mod status;
mod sums;

use super::text::decode;
use crate::id::Id;
use document::Document;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::types::{
    Buyer, CancellationState, FulfillmentState, Money, Order, OrderLine, Shipment,
};
use sums::Sums;

/// Members that are said elsewhere in the order, or are nobody's business who reads it: where the
/// buyer's payment is confirmed to, and who the seller is.
const NOT_CARRIED: [&str; 5] = [
    "create_timestamp",
    "payment_email",
    "seller_email",
    "seller_user_id",
    "update_timestamp",
];

/// The contract's order; `None` where even the id is missing. What the contract has no field for is
/// in the extension, what is known of each line under its `transactions`.
#[must_use]
pub fn order(receipt: &Object<'_>) -> Option<Order> {
    let id = Id::parse(&receipt.text("receipt_id")?)?.to_string();
    let text = |name: &str| receipt.words(name).map(|text| decode(&text));
    let status_text = receipt.text("status").unwrap_or_default();
    let is_paid = receipt.boolean("is_paid");
    let is_shipped = receipt.boolean("is_shipped");
    let cancellation = status::cancellation(&status_text);
    let transactions = receipt.objects("transactions");
    let mut sums = Sums::read(receipt, &transactions);
    let lines = lines(&transactions, &sums.currency, is_shipped, cancellation);
    sums.complete(&lines);
    let is_digital = is_digital(&transactions);
    let name = text("name");
    let ship_to = (!is_digital).then(|| address::address(receipt));
    let is_gift = receipt.boolean("is_gift");
    let giver = text("gift_sender");
    let buyer = Buyer {
        id: receipt.words("buyer_user_id"),
        // Of a gift the name is the addressee's.
        name: giver.clone().filter(|_| is_gift == Some(true)).or(name),
        email: receipt.words("buyer_email"),
    };
    let created = timestamp(receipt, ["created_timestamp", "create_timestamp"]);
    let updated = timestamp(receipt, ["updated_timestamp", "update_timestamp"]);
    let ship_by = transactions.iter().filter_map(line::ship_by).min();
    let (note, gift_message) = (text("message_from_buyer"), text("gift_message"));
    let shipments = shipments(receipt);
    let mut extension = Document::default();
    if is_gift == Some(true) {
        extension.add("is_gift", "true");
        extension.add_text("gift_sender", giver.as_deref());
    }
    extension.add_text(
        "message_from_seller",
        text("message_from_seller").as_deref(),
    );
    if ship_to.as_ref().is_some_and(address::is_withheld) {
        extension.add("address_withheld", "true");
    }
    for (name, json) in &sums.odd {
        extension.add(name, json);
    }
    receipt.skip(&NOT_CARRIED);
    extension.add_list("transactions", transactions.iter().map(line::extension));
    extension.add_all(receipt.unread());
    let money = |amount: stoflow_plugin_sdk::Decimal| Money {
        amount: amount.to_string(),
        currency: sums.currency.clone(),
    };
    Some(Order {
        id,
        payment: status::payment(&status_text, is_paid, sums.refund()),
        fulfillment: status::fulfillment(is_shipped),
        cancellation,
        status_text,
        buyer,
        ship_to,
        lines,
        subtotal: money(sums.subtotal),
        shipping: money(sums.shipping),
        tax: money(sums.tax),
        discount: money(sums.discount),
        total: money(sums.total),
        refunded: sums.refunded.map(money),
        shipments,
        note,
        gift_message,
        created_at: created.or(updated).unwrap_or_default(),
        updated_at: updated.or(created).unwrap_or_default(),
        ship_by,
        extension: extension.finish(),
    })
}

/// The ids of the lines that nothing is sent of.
#[must_use]
pub fn digital_lines(receipt: &Object<'_>) -> Vec<String> {
    let transactions = receipt.objects("transactions");
    let digital = transactions
        .iter()
        .enumerate()
        .filter(|(_, transaction)| transaction.boolean("is_digital") == Some(true));
    digital
        .map(|(place, transaction)| line::id(transaction, place))
        .collect()
}

/// Whether Etsy has been told that it was sent.
#[must_use]
pub fn is_shipped(order: &Order) -> bool {
    matches!(
        order.fulfillment,
        FulfillmentState::Shipped | FulfillmentState::Delivered
    )
}

fn lines(
    transactions: &[Object<'_>],
    currency: &str,
    is_shipped: Option<bool>,
    cancellation: CancellationState,
) -> Vec<OrderLine> {
    let nothing_left = cancellation == CancellationState::Cancelled;
    let is_shipped = if nothing_left { Some(true) } else { is_shipped };
    transactions
        .iter()
        .enumerate()
        .map(|(place, transaction)| line::line(transaction, place, currency, is_shipped))
        .collect()
}

/// Whether nothing of it is sent. An order whose lines are missing may need a parcel.
fn is_digital(transactions: &[Object<'_>]) -> bool {
    let mut digital = transactions
        .iter()
        .map(|transaction| transaction.boolean("is_digital") == Some(true));
    !transactions.is_empty() && digital.all(|is_digital| is_digital)
}

/// The first of two names for a time, in milliseconds.
fn timestamp(object: &Object<'_>, names: [&str; 2]) -> Option<i64> {
    let [newer, older] = names;
    let older = object.integer(older);
    let seconds = object.integer(newer).or(older)?;
    seconds.checked_mul(1000).filter(|timestamp| *timestamp > 0)
}

fn shipments(receipt: &Object<'_>) -> Option<Vec<Shipment>> {
    receipt.raw("shipments")?;
    let shipments = receipt.objects("shipments");
    let shipment = |shipment: &Object<'_>| Shipment {
        id: shipment.words("receipt_shipping_id"),
        carrier: shipment.words("carrier_name").map(|text| decode(&text)),
        tracking_code: shipment.words("tracking_code").map(|text| decode(&text)),
        shipped_at: shipment
            .integer("shipment_notification_timestamp")
            .and_then(|seconds| seconds.checked_mul(1000)),
        lines: Vec::new(),
    };
    Some(shipments.iter().map(shipment).collect())
}

#[cfg(test)]
mod tests;
