//! Control endpoints for buyers: `POST /sandbox/orders` and `POST /sandbox/orders/{receipt_id}`.

use serde_json::{Value, json};

use super::read;
use crate::core::Core;
use crate::incoming::Incoming;
use crate::market::order_change::OrderChange;
use crate::market::order_purchase::Purchase;
use crate::reply::Refusal;
use crate::trade;

/// Buys.
pub(super) fn buy(core: &mut Core, incoming: &Incoming) -> Result<Value, Refusal> {
    let purchase: Purchase = read(incoming)?;
    let id = trade::buy(core, &purchase).map_err(Refusal::bad)?;
    Ok(json!({ "receipt_id": id }))
}

/// Changes the order that `path`, after `orders/`, names.
pub(super) fn change(core: &mut Core, incoming: &Incoming, path: &str) -> Result<Value, Refusal> {
    let id: i64 = path
        .parse()
        .map_err(|_| Refusal::bad(format!("\"{path}\" is no receipt id")))?;
    let change: OrderChange = read(incoming)?;
    trade::change(core, id, &change).map_err(Refusal::bad)?;
    Ok(json!({}))
}
