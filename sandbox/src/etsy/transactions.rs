//! Transactions: the articles of receipts, found by receipt, listing or shop.

use serde_json::Value;

use super::{Call, lookups, receipts, render};
use crate::core::Core;
use crate::market::order::{Order, Sale};
use crate::reply::{Refusal, Reply};

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let id = call.input.id("transaction_id");
    let (order, sale) = of_shop(core, shop.id)
        .find(|(_, sale)| sale.id == id)
        .ok_or_else(|| Refusal::missing("transaction", id))?;
    Ok(Reply::ok(&render::transaction(shop.currency, order, sale)))
}

pub(super) fn by_receipt(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let currency = lookups::own_shop(core, call)?.currency;
    let order = receipts::own(core, call)?;
    let sales = order.sales.iter();
    let shown = sales.map(|sale| render::transaction(currency, order, sale));
    Ok(Reply::ok(&render::all(shown.collect())))
}

pub(super) fn by_listing(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = call.input.id("listing_id");
    let shop = lookups::own_shop(core, call)?.id;
    let is_known = of_shop(core, shop).any(|(_, sale)| sale.listing_id == listing);
    if !is_known {
        // A listing that is gone still has its transactions; one that never was has none.
        lookups::own_listing(core, call)?;
    }
    page(core, call, |sale| sale.listing_id == listing)
}

pub(super) fn by_shop(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    page(core, call, |_| true)
}

/// Everything that a shop sold, the oldest first.
fn of_shop(core: &Core, shop: i64) -> impl Iterator<Item = (&Order, &Sale)> {
    let orders = core.market.orders.values();
    orders
        .filter(move |order| order.shop_id == shop)
        .flat_map(|order| order.sales.iter().map(move |sale| (order, sale)))
}

/// One page of a shop's sales, the latest first.
fn page(core: &Core, call: &Call<'_>, wanted: impl Fn(&Sale) -> bool) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let mut sales: Vec<(&Order, &Sale)> = of_shop(core, shop.id)
        .filter(|(_, sale)| wanted(sale))
        .collect();
    sales.sort_by_key(|(order, sale)| (-order.created, -sale.id));
    let shown = |(order, sale): &(&Order, &Sale)| -> Value {
        render::transaction(shop.currency, order, sale)
    };
    Ok(receipts::paged(call, &sales, shown))
}
