//! An order: what a buyer bought of one shop, paid for, and was sent. Etsy calls it a receipt.
//!
//! What was bought is kept as it was then: a listing that changes or goes afterwards changes no order.
//! Amounts are minor units of the shop's currency, times are seconds since 1970.

use serde::{Deserialize, Serialize};

use super::inventory::PropertyValues;

/// Who buys, and where it is sent. Absent fields have the values of `Buyer::default()`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Buyer {
    /// The recipient's name. The default one has an apostrophe, which Etsy sends as an HTML entity.
    pub name: String,
    /// Null in replies where it is none: Etsy grants it case by case.
    pub email: Option<String>,
    /// Street and number.
    pub first_line: String,
    /// Floor, flat, company.
    pub second_line: Option<String>,
    /// The city.
    pub city: String,
    /// The state or province, where addresses have one.
    pub state: Option<String>,
    /// The postal code.
    pub zip: String,
    /// The country, ISO 3166-1 alpha-2.
    pub country: String,
}

impl Default for Buyer {
    fn default() -> Self {
        Self {
            name: "Nora O'Connell".to_owned(),
            email: Some("nora@example.com".to_owned()),
            first_line: "12 rue de l'Échiquier".to_owned(),
            second_line: None,
            city: "Paris".to_owned(),
            state: None,
            zip: "75010".to_owned(),
            country: "FR".to_owned(),
        }
    }
}

/// What one buyer bought of one shop at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) shop_id: i64,
    pub(crate) seller_id: i64,
    pub(crate) buyer_id: i64,
    pub(crate) address_id: i64,
    pub(crate) buyer: Buyer,
    /// Whether Etsy keeps the address from the application.
    pub(crate) address_withheld: bool,
    pub(crate) created: i64,
    /// What `min_last_modified` compares with; not every change moves it.
    pub(crate) updated: i64,
    /// Whether the payment, while there is none, is under way.
    pub(crate) processing: bool,
    pub(crate) paid: Option<i64>,
    pub(crate) shipped: Option<i64>,
    pub(crate) delivered: Option<i64>,
    pub(crate) canceled: Option<i64>,
    pub(crate) note: Option<String>,
    pub(crate) gift_message: Option<String>,
    pub(crate) sales: Vec<Sale>,
    pub(crate) discount: i64,
    pub(crate) tax: i64,
    pub(crate) shipments: Vec<Shipment>,
    pub(crate) refunds: Vec<Refund>,
    /// What Etsy wrote to the buyer about shipments.
    pub(crate) mails: Vec<Mail>,
}

/// One article of an order. Etsy calls it a transaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sale {
    pub(crate) id: i64,
    pub(crate) listing_id: i64,
    pub(crate) product_id: i64,
    pub(crate) sku: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) image_id: Option<i64>,
    pub(crate) quantity: i64,
    /// Of one piece.
    pub(crate) price: i64,
    /// Of all its pieces.
    pub(crate) shipping: i64,
    pub(crate) shipping_profile: Option<i64>,
    pub(crate) shipping_method: Option<String>,
    /// The least and the most days until it is sent.
    pub(crate) processing_days: Option<(i64, i64)>,
    pub(crate) properties: Vec<PropertyValues>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) is_digital: bool,
    pub(crate) files: Vec<String>,
}

/// What a buyer answered to a seller's question.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// None where nobody asked: a listing of before its questions.
    pub(crate) question_id: Option<i64>,
    pub(crate) question: String,
    pub(crate) text: String,
}

/// A parcel that the seller told of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Shipment {
    pub(crate) id: i64,
    pub(crate) carrier: String,
    pub(crate) code: String,
    pub(crate) notified: i64,
}

/// Money that went back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub(crate) amount: i64,
    pub(crate) created: i64,
    pub(crate) reason: String,
    pub(crate) note: Option<String>,
}

/// A message of Etsy's to the buyer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) sent: i64,
    /// The code that it tells, if the shipment has one.
    pub(crate) tracking_code: Option<String>,
    pub(crate) note: Option<String>,
    /// Whether the seller got a copy.
    pub(crate) copied: bool,
}

impl Order {
    /// Prices times quantities.
    pub(crate) fn total_price(&self) -> i64 {
        self.sales
            .iter()
            .map(|sale| sale.price * sale.quantity)
            .sum()
    }

    pub(crate) fn total_shipping(&self) -> i64 {
        self.sales.iter().map(|sale| sale.shipping).sum()
    }

    /// What the buyer pays.
    pub(crate) fn grand_total(&self) -> i64 {
        self.total_price() - self.discount + self.tax + self.total_shipping()
    }

    pub(crate) fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// Whether nothing of it needs a parcel.
    pub(crate) fn is_digital(&self) -> bool {
        self.sales.iter().all(|sale| sale.is_digital)
    }

    /// The document's word for where the order is. A cancelled order is that and nothing else.
    pub(crate) fn status(&self) -> &'static str {
        let refunded = self.refunded();
        if self.canceled.is_some() {
            "canceled"
        } else if refunded > 0 && refunded >= self.grand_total() {
            "fully refunded"
        } else if refunded > 0 {
            "partially refunded"
        } else if self.paid.is_none() {
            if self.processing {
                "payment processing"
            } else {
                "open"
            }
        } else if self.shipped.is_none() {
            "paid"
        } else {
            "completed"
        }
    }
}
