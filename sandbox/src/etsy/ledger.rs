//! A shop's ledger: one entry for each movement of money, within a time that has to be named.

use super::{Call, lookups, receipts, render};
use crate::core::Core;
use crate::market::order_money::LedgerEntry;
use crate::reply::{Refusal, Reply};

/// The entries of a time, the latest first.
pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let created = receipts::range(&call.input.query, "min_created", "max_created")?;
    let entries: Vec<&LedgerEntry> = core
        .market
        .ledger
        .iter()
        .rev()
        .filter(|entry| entry.shop_id == shop.id && created.contains(&entry.created))
        .collect();
    Ok(receipts::paged(call, &entries, |entry| {
        render::ledger_entry(&core.market, shop, entry)
    }))
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let id = call.input.id("ledger_entry_id");
    let mut entries = core.market.ledger.iter();
    let entry = entries
        .find(|entry| entry.shop_id == shop.id && entry.id == id)
        .ok_or_else(|| Refusal::missing("ledger entry", id))?;
    Ok(Reply::ok(&render::ledger_entry(&core.market, shop, entry)))
}
