//! The money of orders: a payment for each that was paid, and the shop's ledger.
//!
//! A payment of Etsy's has three amounts: as it was paid, as it was posted when the order was sent, and
//! as refunds have adjusted it. The ledger has one entry for each movement, in order.

use serde::{Deserialize, Serialize};

use super::Market;
use crate::ids::{Ids, Kind};

/// The processing fee: so many parts of a hundred of what the buyer pays. Etsy's differs by country;
/// nobody should compute with this one.
const FEE_PERCENT: i64 = 4;

/// What a buyer paid for an order. Amounts are minor units of the shop's currency.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) id: i64,
    pub(crate) order_id: i64,
    pub(crate) shop_id: i64,
    pub(crate) gross: i64,
    pub(crate) fees: i64,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    /// Gross and fees when the order was sent.
    pub(crate) posted: Option<(i64, i64)>,
    pub(crate) adjustments: Vec<Adjustment>,
}

/// A refund as the payment sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Adjustment {
    pub(crate) id: i64,
    pub(crate) item_id: i64,
    pub(crate) amount: i64,
    /// What Etsy gives back of its fee.
    pub(crate) fees: i64,
    pub(crate) reason: String,
    pub(crate) created: i64,
}

/// What moved the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Movement {
    Payment,
    PaymentFee,
    Refund,
    RefundFee,
}

/// One line of a shop's ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LedgerEntry {
    pub(crate) id: i64,
    pub(crate) shop_id: i64,
    /// Counts within the shop.
    pub(crate) sequence: i64,
    pub(crate) movement: Movement,
    pub(crate) amount: i64,
    /// The shop's balance after it.
    pub(crate) balance: i64,
    pub(crate) created: i64,
    pub(crate) payment_id: i64,
    /// The entry that it belongs to, for a fee.
    pub(crate) parent: Option<i64>,
    /// The refund that it is, if it is one.
    pub(crate) adjustment_id: Option<i64>,
}

impl Payment {
    /// Gross and fees after all refunds; none where there were none.
    pub(crate) fn adjusted(&self) -> Option<(i64, i64)> {
        if self.adjustments.is_empty() {
            return None;
        }
        let gross: i64 = self.adjustments.iter().map(|it| it.amount).sum();
        let fees: i64 = self.adjustments.iter().map(|it| it.fees).sum();
        Some((self.gross - gross, self.fees - fees))
    }
}

/// A buyer's money arrives.
pub(super) fn receive(market: &mut Market, ids: &mut Ids, order_id: i64, now: i64) {
    let Some(order) = market.orders.get(&order_id) else {
        return;
    };
    let gross = order.grand_total();
    let payment = Payment {
        id: ids.next(Kind::Payment),
        order_id,
        shop_id: order.shop_id,
        gross,
        fees: gross * FEE_PERCENT / 100,
        created: now,
        updated: now,
        posted: order
            .is_digital()
            .then_some((gross, gross * FEE_PERCENT / 100)),
        adjustments: Vec::new(),
    };
    let entry = enter(market, ids, &payment, (Movement::Payment, gross), None, now);
    let fee = (Movement::PaymentFee, -payment.fees);
    enter(market, ids, &payment, fee, Some(entry), now);
    market.payments.insert(payment.id, payment);
}

/// A part of an order's payment goes back, and Etsy's fee for it.
pub(super) fn give_back(
    market: &mut Market,
    ids: &mut Ids,
    order_id: i64,
    (amount, reason): (i64, &str),
    now: i64,
) {
    let payments = market.payments.values_mut();
    let Some(payment) = payments.into_iter().find(|it| it.order_id == order_id) else {
        return;
    };
    let adjustment = Adjustment {
        id: ids.next(Kind::Adjustment),
        item_id: ids.next(Kind::AdjustmentItem),
        amount,
        fees: amount * FEE_PERCENT / 100,
        reason: reason.to_owned(),
        created: now,
    };
    let fees = adjustment.fees;
    payment.adjustments.push(adjustment);
    payment.updated = now;
    let payment = payment.clone();
    let entry = enter(
        market,
        ids,
        &payment,
        (Movement::Refund, -amount),
        None,
        now,
    );
    enter(
        market,
        ids,
        &payment,
        (Movement::RefundFee, fees),
        Some(entry),
        now,
    );
}

/// The order was sent: what is left of the payment is posted, once.
pub(super) fn post(market: &mut Market, order_id: i64, now: i64) {
    let mut payments = market.payments.values_mut();
    if let Some(payment) = payments.find(|it| it.order_id == order_id && it.posted.is_none()) {
        payment.posted = payment.adjusted().or(Some((payment.gross, payment.fees)));
        payment.updated = now;
    }
}

fn enter(
    market: &mut Market,
    ids: &mut Ids,
    payment: &Payment,
    (movement, amount): (Movement, i64),
    parent: Option<i64>,
    now: i64,
) -> i64 {
    let mut entries = market.ledger.iter().rev();
    let last = entries.find(|entry| entry.shop_id == payment.shop_id);
    let (sequence, balance) = last.map_or((0, 0), |entry| (entry.sequence, entry.balance));
    let is_refund = matches!(movement, Movement::Refund | Movement::RefundFee);
    let adjustment = payment.adjustments.last().filter(|_| is_refund);
    let id = ids.next(Kind::LedgerEntry);
    market.ledger.push(LedgerEntry {
        id,
        shop_id: payment.shop_id,
        sequence: sequence + 1,
        movement,
        amount,
        balance: balance + amount,
        created: now,
        payment_id: payment.id,
        parent,
        adjustment_id: adjustment.map(|adjustment| adjustment.id),
    });
    id
}
