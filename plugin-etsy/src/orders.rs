//! What buyers have bought.

mod ship;

use crate::convert::keyset::Place;
use crate::convert::order::order;
use crate::convert::order::page::{Page, Query};
use crate::id::Id;
use crate::limits::PAGE;
use crate::refusal::call;
use crate::settings::shop;
use crate::{Etsy, api};
use stoflow_plugin_sdk::Orders;
use stoflow_plugin_sdk::http::Response;
use stoflow_plugin_sdk::orders::{OrderFilter, OrderPage, ShipmentRequest, Shipped};
use stoflow_plugin_sdk::types::{Error, Order, PageRequest};

impl Orders for Etsy {
    fn list(filter: OrderFilter, page: PageRequest) -> Result<OrderPage, Error> {
        list(&Query::of(&filter), &page)
    }

    fn get(id: String) -> Result<Order, Error> {
        let reply = call(api::receipts::get(&shop()?, &parse_id(&id)?))?;
        whole(&reply)
    }

    fn ship(id: String, shipment: ShipmentRequest) -> Result<Shipped, Error> {
        ship::ship(&shop()?, &parse_id(&id)?, &shipment)
    }
}

fn list(query: &Query, page: &PageRequest) -> Result<OrderPage, Error> {
    let shop = shop()?;
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let found = receipts(&shop, query, &query.start(page.cursor.as_deref())?, limit)?;
    Ok(OrderPage {
        items: found.orders,
        next: found.next.map(|next| query.cursor(&next)),
        total: found.total,
    })
}

/// Orders from a place in a list on.
pub(crate) struct Found {
    /// In the list's order.
    pub(crate) orders: Vec<Order>,
    /// Where the list goes on.
    pub(crate) next: Option<Place>,
    /// How many the whole list has: known at its beginning only.
    pub(crate) total: Option<u64>,
}

/// Up to `limit` orders that were not seen before the place, in one request.
pub(crate) fn receipts(
    shop: &Id,
    query: &Query,
    place: &Place,
    limit: u32,
) -> Result<Found, Error> {
    let asked = place.asks(limit);
    let reply = call(api::receipts::list(shop, query.form(place, asked)))?;
    let page = Page::read(&reply.body).map_err(|error| reply.unexpected(&error.to_string()))?;
    let total = page.count.filter(|_| *place == Place::default());
    let (orders, next) = page.after(query, place, asked);
    Ok(Found {
        orders,
        next,
        total,
    })
}

/// The order in a reply about it alone, which tells of all its shipments.
fn whole(reply: &Response) -> Result<Order, Error> {
    let read = order(&reply.object()?);
    let mut order = read.ok_or_else(|| reply.unexpected("a receipt without an id"))?;
    order.shipments.get_or_insert_default();
    Ok(order)
}

fn parse_id(text: &str) -> Result<Id, Error> {
    Id::parse(text)
        .ok_or_else(|| Error::NotFound(format!("Etsy has no order {text:?}: its ids are numbers")))
}
