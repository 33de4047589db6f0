//! Orders, with what the world can do to them.

use std::fmt::Write;

use super::time;
use crate::core::Core;
use crate::html::escape;
use crate::market::order::Order;

/// The rows of the table, the latest first.
pub(super) fn rows(core: &Core) -> String {
    let mut rows = String::new();
    for order in core.market.orders.values().rev() {
        let Some(shop) = core.market.shops.get(&order.shop_id) else {
            continue;
        };
        let _ = writeln!(
            rows,
            "<tr><td>{id}<td>{shop}<td>{buyer}, {country}<td>{status}<td>{articles}\
             <td class=number>{total}<td>{created}<td>{updated}<td>{actions}",
            id = order.id,
            shop = escape(&shop.name),
            buyer = escape(&order.buyer.name),
            country = escape(&order.buyer.country),
            status = escape(order.status()),
            articles = articles(order),
            total = shop.currency.display(order.grand_total()),
            created = time(order.created),
            updated = time(order.updated),
            actions = actions(order),
        );
    }
    if rows.is_empty() {
        rows.push_str("<tr><td colspan=9 class=none>no orders yet: buy an active listing");
    }
    rows
}

fn articles(order: &Order) -> String {
    let sales = order.sales.iter();
    let written = sales.map(|sale| format!("{} × {}", sale.quantity, escape(&sale.title)));
    written.collect::<Vec<_>>().join("<br>")
}

/// What can happen to the order as it stands.
fn actions(order: &Order) -> String {
    let is_canceled = order.canceled.is_some();
    let can_refund = order.paid.is_some() && order.refunded() < order.grand_total();
    let can_deliver = order.shipped.is_some() && order.delivered.is_none();
    let possible = [
        ("pay", "Pay", order.paid.is_none() && !is_canceled, ""),
        (
            "cancel",
            "Cancel",
            !is_canceled && order.shipped.is_none(),
            "",
        ),
        ("deliver", "Deliver", can_deliver && !is_canceled, ""),
        (
            "refund",
            "Refund",
            can_refund,
            "<label>How much <input name=amount inputmode=decimal size=6 placeholder=all></label>",
        ),
    ];
    let mut forms = String::new();
    for (action, name, _, more) in possible.iter().filter(|(_, _, possible, _)| *possible) {
        let _ = write!(
            forms,
            "<form data-post=orders/{id}><input type=hidden name=action value={action}>{more}\
             <button>{name}<span class=hidden> order {id}</span></button></form>",
            id = order.id,
        );
    }
    forms
}
