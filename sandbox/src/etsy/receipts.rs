//! Receipts: found by time and by what happened to them, read, marked.

use serde_json::Value;

use super::{Call, listings, lookups, render};
use crate::core::Core;
use crate::input::Fields;
use crate::market::order::Order;
use crate::reply::{Refusal, Reply};
use crate::trade;

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?.id;
    let query = &call.input.query;
    let created = range(query, "min_created", "max_created")?;
    let modified = range(query, "min_last_modified", "max_last_modified")?;
    let mut orders: Vec<&Order> = core
        .market
        .orders
        .values()
        .filter(|order| order.shop_id == shop && happened(order, query))
        .filter(|order| created.contains(&order.created) && modified.contains(&order.updated))
        .collect();
    match query.text("sort_on") {
        Some("updated") => orders.sort_by_key(|order| (order.updated, order.id)),
        Some("receipt_id") => orders.sort_by_key(|order| order.id),
        _ => orders.sort_by_key(|order| (order.created, order.id)),
    }
    if matches!(
        query.text("sort_order"),
        None | Some("desc" | "descending" | "down")
    ) {
        orders.reverse();
    }
    let shown = |order: &&Order| render::receipt(&core.market, order);
    Ok(paged(call, &orders, shown))
}

/// The times from one parameter to another, both included.
pub(super) fn range(
    query: &Fields,
    from: &str,
    to: &str,
) -> Result<std::ops::RangeInclusive<i64>, Refusal> {
    let (first, last) = (query.int(from), query.int(to));
    if let (Some(first), Some(last)) = (first, last)
        && first > last
    {
        return Err(Refusal::bad(format!(
            "'{from}' (got '{first}') cannot be greater than '{to}' (got '{last}')"
        )));
    }
    Ok(first.unwrap_or(0)..=last.unwrap_or(i64::MAX))
}

/// Whether what the filters ask for happened, or did not; an absent filter asks nothing.
fn happened(order: &Order, query: &Fields) -> bool {
    [
        ("was_paid", order.paid),
        ("was_shipped", order.shipped),
        ("was_delivered", order.delivered),
        ("was_canceled", order.canceled),
    ]
    .into_iter()
    .all(|(filter, at)| {
        query
            .flag(filter)
            .is_none_or(|wanted| wanted == at.is_some())
    })
}

/// One page; `count` is of all pages.
pub(super) fn paged<T>(call: &Call<'_>, all: &[T], shown: impl Fn(&T) -> Value) -> Reply {
    let number = |name: &str| usize::try_from(call.input.query.int(name).unwrap_or_default());
    let (limit, offset) = (number("limit").unwrap_or(25), number("offset").unwrap_or(0));
    let page = all.iter().skip(offset).take(limit).map(shown);
    Reply::ok(&render::page(all.len(), page.collect()))
}

/// The receipt of the path, if it is of the caller's shop.
pub(super) fn own<'a>(core: &'a Core, call: &Call<'_>) -> Result<&'a Order, Refusal> {
    let shop = lookups::own_shop(core, call)?.id;
    let id = call.input.id("receipt_id");
    core.market
        .orders
        .get(&id)
        .filter(|order| order.shop_id == shop)
        .ok_or_else(|| Refusal::missing("receipt", id))
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let order = own(core, call)?;
    Ok(Reply::ok(&render::receipt(&core.market, order)))
}

/// Marks a receipt as paid or sent by hand, which is for payments outside Etsy.
pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let order = own(core, call)?;
    let (id, is_paid) = (order.id, order.paid.is_some());
    if order.canceled.is_some() {
        return Err(Refusal::bad(format!("Receipt {id} is canceled")));
    }
    let body = &call.input.body;
    match body.flag("was_paid") {
        Some(true) if !is_paid => trade::pay(core, id, call.now).map_err(Refusal::bad)?,
        Some(false) if is_paid => {
            return Err(
                Refusal::bad(format!("Receipt {id} is paid through Etsy Payments"))
                    .because("a payment that arrived cannot be unsaid"),
            );
        }
        _ => {}
    }
    if let Some(shipped) = body.flag("was_shipped") {
        trade::mark_shipped(core, id, shipped, call.now).map_err(Refusal::bad)?;
    }
    get(core, call)
}

/// The listings of a receipt that are still there.
pub(super) fn listings(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let order = own(core, call)?;
    let bought = listings::newest_first(core, |listing| {
        order.sales.iter().any(|sale| sale.listing_id == listing.id)
    });
    Ok(paged(call, &bought, |listing| {
        listings::plain(core, call, listing)
    }))
}
