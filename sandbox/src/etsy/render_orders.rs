//! Etsy's JSON of receipts and of what was bought.
//!
//! People's words stand in it as HTML has them: an apostrophe is `&#39;`. Names, addresses, messages
//! and titles have to be decoded by whoever shows them.

use serde_json::{Value, json};

use crate::facts;
use crate::html::escape;
use crate::market::Market;
use crate::market::inventory::PropertyValues;
use crate::market::money::Currency;
use crate::market::order::{Answer, Buyer, Order, Refund, Sale, Shipment};

/// The document's `ShopReceipt`.
pub(crate) fn receipt(market: &Market, order: &Order) -> Value {
    let currency = super::render::currency(market, order.shop_id);
    let money = |amount: i64| currency.money(amount);
    let seller = market.users.get(&order.seller_id);
    let buyer = &order.buyer;
    let shown = |text: &str| (!order.address_withheld).then(|| escape(text));
    let sales = order
        .sales
        .iter()
        .map(|sale| transaction(currency, order, sale));
    json!({
        "receipt_id": order.id,
        "receipt_type": 0,
        "seller_user_id": order.seller_id,
        "seller_email": seller.map(|user| user.email.as_str()),
        "buyer_user_id": order.buyer_id,
        "buyer_email": buyer.email,
        "name": escape(&buyer.name),
        "first_line": shown(&buyer.first_line),
        "second_line": buyer.second_line.as_deref().and_then(shown),
        "city": shown(&buyer.city),
        "state": buyer.state.as_deref().and_then(shown),
        "zip": shown(&buyer.zip),
        "country_iso": shown(&buyer.country),
        "formatted_address": shown(&address(buyer)),
        "status": order.status(),
        "payment_method": if order.paid.is_some() { "cc" } else { "other" },
        "payment_email": null,
        "message_from_seller": null,
        "message_from_buyer": order.note.as_deref().map(escape),
        "message_from_payment": null,
        "is_paid": order.paid.is_some(),
        "is_shipped": order.shipped.is_some(),
        "create_timestamp": order.created,
        "created_timestamp": order.created,
        "update_timestamp": order.updated,
        "updated_timestamp": order.updated,
        "is_gift": order.gift_message.is_some(),
        "gift_message": escape(order.gift_message.as_deref().unwrap_or("")),
        "gift_sender": if order.gift_message.is_some() { escape(&buyer.name) } else { String::new() },
        "grandtotal": money(order.grand_total()),
        "subtotal": money(order.total_price() - order.discount),
        "total_price": money(order.total_price()),
        "total_shipping_cost": money(order.total_shipping()),
        "total_tax_cost": money(order.tax),
        "total_vat_cost": money(0),
        "discount_amt": money(order.discount),
        "gift_wrap_price": money(0),
        "shipments": order.shipments.iter().map(shipment).collect::<Vec<_>>(),
        "transactions": sales.collect::<Vec<_>>(),
        "refunds": order.refunds.iter().map(|it| refund(currency, it)).collect::<Vec<_>>(),
    })
}

/// The address as it stands on a parcel.
fn address(buyer: &Buyer) -> String {
    let place = [Some(&buyer.zip), Some(&buyer.city), buyer.state.as_ref()];
    let place: Vec<&str> = place.into_iter().flatten().map(String::as_str).collect();
    let second = buyer.second_line.as_deref();
    let lines = [Some(buyer.name.as_str()), Some(&buyer.first_line), second];
    let mut lines: Vec<&str> = lines.into_iter().flatten().collect();
    let place = place.join(" ");
    lines.extend([place.as_str(), &buyer.country]);
    lines.join("\n")
}

/// The document's `ShopReceiptTransaction`.
pub(crate) fn transaction(currency: Currency, order: &Order, sale: &Sale) -> Value {
    let days = sale.processing_days;
    let expected = order
        .paid
        .zip(days)
        .map(|(paid, (_, most))| paid + most * facts::DAY);
    let first = order.sales.first().is_some_and(|first| first.id == sale.id);
    let discount = if first { order.discount } else { 0 };
    json!({
        "transaction_id": sale.id,
        "title": escape(&sale.title),
        "description": escape(&sale.description),
        "seller_user_id": order.seller_id,
        "buyer_user_id": order.buyer_id,
        "create_timestamp": order.created,
        "created_timestamp": order.created,
        "paid_timestamp": order.paid,
        "shipped_timestamp": order.shipped,
        "quantity": sale.quantity,
        "listing_image_id": sale.image_id,
        "receipt_id": order.id,
        "is_digital": sale.is_digital,
        "file_data": sale.files.join(", "),
        "listing_id": sale.listing_id,
        "transaction_type": "listing",
        "product_id": sale.product_id,
        "sku": sale.sku,
        "price": currency.money(sale.price),
        "shipping_cost": currency.money(sale.shipping),
        "variations": variations(sale),
        "product_data": sale.properties.iter().map(super::render::property_values).collect::<Vec<_>>(),
        "shipping_profile_id": sale.shipping_profile,
        "min_processing_days": days.map(|(least, _)| least),
        "max_processing_days": days.map(|(_, most)| most),
        "shipping_method": sale.shipping_method.as_deref().map(escape),
        "shipping_upgrade": null,
        "expected_ship_date": expected,
        "buyer_coupon": 0.0,
        "shop_coupon": currency.decimal(discount),
    })
}

/// What the buyer chose, and what the buyer answered.
fn variations(sale: &Sale) -> Vec<Value> {
    let chosen = |property: &PropertyValues| {
        json!({
            "property_id": property.property_id,
            "value_id": property.value_ids.first(),
            "formatted_name": escape(&property.name),
            "formatted_value": escape(&property.values.join(", ")),
            "question_id": null,
        })
    };
    let answered = |answer: &Answer| {
        json!({
            "property_id": facts::PERSONALIZATION_PROPERTY,
            "value_id": null,
            "formatted_name": escape(&answer.question),
            "formatted_value": escape(&answer.text),
            "question_id": answer.question_id,
        })
    };
    let chosen = sale.properties.iter().map(chosen);
    chosen.chain(sale.answers.iter().map(answered)).collect()
}

fn shipment(shipment: &Shipment) -> Value {
    json!({
        "receipt_shipping_id": shipment.id,
        "shipment_notification_timestamp": shipment.notified,
        "carrier_name": shipment.carrier,
        "tracking_code": shipment.code,
    })
}

fn refund(currency: Currency, refund: &Refund) -> Value {
    json!({
        "amount": currency.money(refund.amount),
        "created_timestamp": refund.created,
        "reason": refund.reason,
        "note_from_issuer": refund.note,
        "status": "completed",
    })
}

/// The document's `User` for a buyer, as the shops see them that were bought from.
pub(crate) fn buyer(order: &Order) -> Value {
    let (first, last) = order
        .buyer
        .name
        .split_once(' ')
        .unwrap_or((&order.buyer.name, ""));
    json!({
        "user_id": order.buyer_id,
        "primary_email": order.buyer.email,
        "first_name": escape(first),
        "last_name": escape(last),
        "image_url_75x75": null,
    })
}
