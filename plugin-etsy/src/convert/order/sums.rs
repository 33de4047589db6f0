//! What an order comes to. An amount that cannot be read exactly is worked out from the others, and
//! travels as Etsy wrote it: guessing a price is worse than saying that it is odd.

use super::status::Refund;
use crate::convert::matrix_read::{amount, currency};
use stoflow_plugin_sdk::types::OrderLine;
use stoflow_plugin_sdk::{Decimal, Object};

/// ISO 4217's code for "no currency": where not one amount names any.
const NO_CURRENCY: &str = "XXX";

/// The amounts of a receipt.
#[derive(Debug)]
pub(super) struct Sums {
    pub(super) currency: String,
    /// Of the lines, before discounts.
    pub(super) subtotal: Decimal,
    pub(super) shipping: Decimal,
    pub(super) tax: Decimal,
    /// Never negative.
    pub(super) discount: Decimal,
    pub(super) total: Decimal,
    pub(super) refunded: Option<Decimal>,
    /// What could not be read: member and value.
    pub(super) odd: Vec<(&'static str, String)>,
    has_subtotal: bool,
    has_total: bool,
}

impl Sums {
    /// Reads a receipt's amounts. `complete` works out what is missing.
    pub(super) fn read(receipt: &Object<'_>, transactions: &[Object<'_>]) -> Self {
        let mut reader = Reader {
            receipt,
            currency: None,
            odd: Vec::new(),
        };
        let total = reader.amount("grandtotal");
        let subtotal = reader.amount("total_price");
        let shipping = reader.amount("total_shipping_cost");
        let tax = reader.amount("total_tax_cost");
        let discount = reader.amount("discount_amt");
        let refunded = reader.refunds();
        let of_line = |transaction: &Object<'_>| currency(&transaction.object("price")?);
        let currency = reader
            .currency
            .or_else(|| transactions.iter().find_map(of_line));
        Self {
            currency: currency.unwrap_or_else(|| NO_CURRENCY.to_owned()),
            subtotal: subtotal.unwrap_or(Decimal::ZERO),
            shipping: shipping.unwrap_or(Decimal::ZERO),
            tax: tax.unwrap_or(Decimal::ZERO),
            discount: discount.map_or(Decimal::ZERO, positive),
            total: total.unwrap_or(Decimal::ZERO),
            refunded,
            odd: reader.odd,
            has_subtotal: subtotal.is_some(),
            has_total: total.is_some(),
        }
    }

    /// Works out what Etsy did not say, from the lines and from each other.
    pub(super) fn complete(&mut self, lines: &[OrderLine]) {
        if !self.has_subtotal {
            let subtotals = lines
                .iter()
                .filter_map(|line| line.subtotal.amount.parse().ok());
            self.subtotal = Decimal::checked_sum(subtotals).unwrap_or(Decimal::ZERO);
        }
        if !self.has_total {
            let added = Decimal::checked_sum([self.subtotal, self.shipping, self.tax]);
            let total = added.and_then(|added| added.checked_sub(self.discount));
            self.total = total.unwrap_or(Decimal::ZERO);
        }
    }

    /// What went back, of the total.
    pub(super) fn refund(&self) -> Option<Refund> {
        Some(Refund {
            refunded: self.refunded?,
            total: self.total,
        })
    }
}

struct Reader<'r, 'a> {
    receipt: &'r Object<'a>,
    /// Of the first amount that names one.
    currency: Option<String>,
    odd: Vec<(&'static str, String)>,
}

impl Reader<'_, '_> {
    fn amount(&mut self, name: &'static str) -> Option<Decimal> {
        let json = self.receipt.raw(name)?;
        let money = self.receipt.object(name);
        let found = money.as_ref().and_then(amount);
        match found {
            Some(_) => self.note(money.as_ref()),
            None => self.odd.push((name, json.get().to_owned())),
        }
        found
    }

    /// The sum of the refunds, where there are any; they travel whole, for their reasons.
    fn refunds(&mut self) -> Option<Decimal> {
        let refunds = self.receipt.objects("refunds");
        if refunds.is_empty() {
            return None;
        }
        if let Some(json) = self.receipt.raw("refunds") {
            self.odd.push(("refunds", json.get().to_owned()));
        }
        let mut amounts = Vec::new();
        for refund in &refunds {
            let money = refund.object("amount");
            self.note(money.as_ref());
            amounts.extend(money.as_ref().and_then(amount).map(positive));
        }
        Decimal::checked_sum(amounts)
    }

    fn note(&mut self, money: Option<&Object<'_>>) {
        if self.currency.is_none() {
            self.currency = money.and_then(currency);
        }
    }
}

/// Without its sign: some of Etsy's amounts that are taken off are negative.
fn positive(amount: Decimal) -> Decimal {
    if amount.is_negative() {
        Decimal::ZERO.checked_sub(amount).unwrap_or(Decimal::ZERO)
    } else {
        amount
    }
}
