//! Etsy's JSON of payments and of the ledger.

use serde_json::{Value, json};

use crate::market::Market;
use crate::market::order_money::{Adjustment, LedgerEntry, Movement, Payment};
use crate::market::shop::Shop;

/// The document's `Payment`.
pub(crate) fn payment(market: &Market, shop: &Shop, payment: &Payment) -> Value {
    let order = market.orders.get(&payment.order_id);
    let money = |amount: i64| shop.currency.money(amount);
    let three = |amounts: Option<(i64, i64)>| {
        amounts.map(|(gross, fees)| [money(gross), money(fees), money(gross - fees)])
    };
    let [posted_gross, posted_fees, posted_net] = nulls(three(payment.posted));
    let [adjusted_gross, adjusted_fees, adjusted_net] = nulls(three(payment.adjusted()));
    let adjustments = payment.adjustments.iter();
    let adjustments = adjustments.map(|it| adjustment(shop, payment, it));
    let buyer = order.map(|order| order.buyer_id);
    let address = order.map(|order| order.address_id);
    json!({
        "payment_id": payment.id,
        "buyer_user_id": buyer,
        "shop_id": shop.id,
        "receipt_id": payment.order_id,
        "amount_gross": money(payment.gross),
        "amount_fees": money(payment.fees),
        "amount_net": money(payment.gross - payment.fees),
        "posted_gross": posted_gross,
        "posted_fees": posted_fees,
        "posted_net": posted_net,
        "adjusted_gross": adjusted_gross,
        "adjusted_fees": adjusted_fees,
        "adjusted_net": adjusted_net,
        "currency": shop.currency.code,
        "shop_currency": shop.currency.code,
        "buyer_currency": shop.currency.code,
        "shipping_user_id": buyer,
        "shipping_address_id": address,
        "billing_address_id": address,
        "status": if payment.posted.is_some() { "settled" } else { "authed" },
        "shipped_timestamp": order.and_then(|order| order.shipped),
        "create_timestamp": payment.created,
        "created_timestamp": payment.created,
        "update_timestamp": payment.updated,
        "updated_timestamp": payment.updated,
        "payment_adjustments": adjustments.collect::<Vec<_>>(),
    })
}

fn nulls(amounts: Option<[Value; 3]>) -> [Value; 3] {
    amounts.unwrap_or([Value::Null, Value::Null, Value::Null])
}

/// The document's `PaymentAdjustment`: its amounts are whole numbers of minor units, not `Money`.
fn adjustment(shop: &Shop, payment: &Payment, adjustment: &Adjustment) -> Value {
    let item = json!({
        "payment_adjustment_id": adjustment.id,
        "payment_adjustment_item_id": adjustment.item_id,
        "adjustment_type": "REFUND",
        "amount": adjustment.amount,
        "shop_amount": adjustment.amount,
        "transaction_id": null,
        "bill_payment_id": null,
        "created_timestamp": adjustment.created,
        "updated_timestamp": adjustment.created,
    });
    json!({
        "payment_adjustment_id": adjustment.id,
        "payment_id": payment.id,
        "status": "PROCESSED",
        "is_success": true,
        "user_id": shop.user_id,
        "reason_code": adjustment.reason,
        "total_adjustment_amount": adjustment.amount,
        "shop_total_adjustment_amount": adjustment.amount,
        "buyer_total_adjustment_amount": adjustment.amount,
        "total_fee_adjustment_amount": adjustment.fees,
        "create_timestamp": adjustment.created,
        "created_timestamp": adjustment.created,
        "update_timestamp": adjustment.created,
        "updated_timestamp": adjustment.created,
        "payment_adjustment_items": [item],
    })
}

/// The document's `PaymentAccountLedgerEntry`.
pub(crate) fn ledger_entry(market: &Market, shop: &Shop, entry: &LedgerEntry) -> Value {
    let kind = match entry.movement {
        Movement::Payment => "PAYMENT",
        Movement::PaymentFee => "PAYMENT_PROCESSING_FEE",
        Movement::Refund => "REFUND",
        Movement::RefundFee => "REFUND_PROCESSING_FEE",
    };
    let payment = market.payments.get(&entry.payment_id);
    let adjustments = payment.map_or_else(Vec::new, |payment| {
        let of_entry = payment.adjustments.iter();
        of_entry
            .filter(|it| Some(it.id) == entry.adjustment_id)
            .map(|it| adjustment(shop, payment, it))
            .collect()
    });
    json!({
        "entry_id": entry.id,
        // A shop has one ledger.
        "ledger_id": shop.id,
        "sequence_number": entry.sequence,
        "amount": entry.amount,
        "currency": shop.currency.code,
        "description": kind,
        "balance": entry.balance,
        "create_date": entry.created,
        "created_timestamp": entry.created,
        "ledger_type": kind,
        "reference_type": "payment",
        "reference_id": entry.payment_id.to_string(),
        "parent_entry_id": entry.parent.unwrap_or_default(),
        "payment_adjustments": adjustments,
    })
}
