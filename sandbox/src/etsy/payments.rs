//! Payments of receipts.

use super::{Call, lookups, receipts, render};
use crate::core::Core;
use crate::market::order_money::Payment;
use crate::reply::{Refusal, Reply};

/// The payment of a receipt; none while it is not paid.
pub(super) fn by_receipt(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let order = receipts::own(core, call)?.id;
    show(core, call, |payment| payment.order_id == order)
}

/// The payments of the ids that there are.
pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let ids = call.input.query.ints("payment_ids").unwrap_or_default();
    show(core, call, |payment| ids.contains(&payment.id))
}

/// The payments that entries of the ledger are about, each once.
pub(super) fn by_ledger_entries(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?.id;
    let ids = call
        .input
        .query
        .ints("ledger_entry_ids")
        .unwrap_or_default();
    let entries = core.market.ledger.iter();
    let wanted: Vec<i64> = entries
        .filter(|entry| entry.shop_id == shop && ids.contains(&entry.id))
        .map(|entry| entry.payment_id)
        .collect();
    show(core, call, |payment| wanted.contains(&payment.id))
}

fn show(core: &Core, call: &Call<'_>, wanted: impl Fn(&Payment) -> bool) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let payments = core.market.payments.values();
    let shown = payments
        .filter(|payment| payment.shop_id == shop.id && wanted(payment))
        .map(|payment| render::payment(&core.market, shop, payment));
    Ok(Reply::ok(&render::all(shown.collect())))
}
