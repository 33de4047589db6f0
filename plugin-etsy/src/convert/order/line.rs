//! What was bought: Etsy's transaction into a line. Its price is that of one piece, and among its
//! variations stand the buyer's answers, which are not choices of goods.

use super::document::Document;
use crate::convert::matrix_read::currency;
use crate::convert::matrix_read::{amount, quantity};
use crate::convert::text::decode;
use crate::limits::PERSONALIZATION;
use stoflow_plugin_sdk::types::{Attribute, AttributeValue, Money, OrderLine};
use stoflow_plugin_sdk::{Decimal, Object};

/// Members that are the order's, or the listing's: its whole description would come with every line.
const NOT_CARRIED: [&str; 6] = [
    "buyer_user_id",
    "create_timestamp",
    "created_timestamp",
    "description",
    "receipt_id",
    "seller_user_id",
];

/// What Etsy calls an answer to a listing that asks one thing only.
const ONLY_QUESTION: &str = "Personalization";

/// The line. `is_shipped` is the order's, `None` where that does not say.
pub(super) fn line(
    transaction: &Object<'_>,
    place: usize,
    fallback: &str,
    is_shipped: Option<bool>,
) -> OrderLine {
    let price = transaction.object("price");
    let unit = price.as_ref().and_then(amount).unwrap_or(Decimal::ZERO);
    let currency = price.as_ref().and_then(currency);
    let currency = currency.unwrap_or_else(|| fallback.to_owned());
    let quantity = quantity(transaction);
    let subtotal = unit.checked_mul(quantity).unwrap_or(Decimal::ZERO);
    let money = |amount: Decimal| Money {
        amount: amount.to_string(),
        currency: currency.clone(),
    };
    let variations = transaction.objects("variations");
    let (answers, choices): (Vec<_>, Vec<_>) = variations.iter().partition(|it| is_answer(it));
    let title = transaction.text("title").unwrap_or_default();
    OrderLine {
        id: id(transaction, place),
        listing_id: transaction.words("listing_id"),
        sku: transaction.words("sku").map(|sku| decode(sku.trim())),
        title: decode(&title),
        choices: choices.into_iter().filter_map(choice).collect(),
        quantity,
        unshipped: unshipped(transaction, quantity, is_shipped),
        unit_price: money(unit),
        subtotal: money(subtotal),
        personalization: answers.into_iter().filter_map(answer).collect(),
    }
}

/// By which shipments name a line. One that Etsy gave no id is named by its place: it has to be sent
/// all the same.
pub(super) fn id(transaction: &Object<'_>, place: usize) -> String {
    transaction
        .words("transaction_id")
        .unwrap_or_else(|| format!("line-{}", place + 1))
}

/// When it is expected to be sent, in milliseconds.
pub(super) fn ship_by(transaction: &Object<'_>) -> Option<i64> {
    let seconds = transaction.integer("expected_ship_date")?;
    seconds.checked_mul(1000).filter(|timestamp| *timestamp > 0)
}

/// What Etsy says of it beyond the line.
pub(super) fn extension(transaction: &Object<'_>) -> String {
    transaction.skip(&NOT_CARRIED);
    let mut document = Document::default();
    document.add_text(
        "transaction_id",
        transaction.words("transaction_id").as_deref(),
    );
    if let Some(is_digital) = transaction.boolean("is_digital") {
        document.add("is_digital", &is_digital.to_string());
    }
    if let Some(json) = transaction.raw("price")
        && transaction
            .object("price")
            .as_ref()
            .and_then(amount)
            .is_none()
    {
        document.add("price", json.get());
    }
    document.add_all(transaction.unread());
    document.finish().unwrap_or_else(|| "{}".to_owned())
}

fn unshipped(transaction: &Object<'_>, quantity: u32, is_shipped: Option<bool>) -> Option<u32> {
    if transaction.boolean("is_digital") == Some(true) {
        return Some(0);
    }
    is_shipped.map(|is_shipped| if is_shipped { 0 } else { quantity })
}

fn is_answer(variation: &Object<'_>) -> bool {
    variation.text("property_id").as_deref() == Some(PERSONALIZATION)
        || variation.words("question_id").is_some()
}

fn choice(variation: &Object<'_>) -> Option<Attribute> {
    let text = |name: &str| variation.words(name).map(|text| decode(&text));
    let key = variation.words("property_id");
    let name = text("formatted_name").or_else(|| key.clone())?;
    let value = AttributeValue {
        id: variation.words("value_id"),
        text: text("formatted_value").unwrap_or_default(),
        scale: None,
    };
    Some(Attribute {
        key,
        name,
        values: vec![value],
    })
}

/// The answer, with its question where a listing asks several.
fn answer(variation: &Object<'_>) -> Option<String> {
    let text = |name: &str| variation.words(name).map(|text| decode(&text));
    let answer = text("formatted_value")?;
    Some(match text("formatted_name") {
        Some(question) if question != ONLY_QUESTION => format!("{question}: {answer}"),
        _ => answer,
    })
}
