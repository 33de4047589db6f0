//! Requests about receipts, which is what Etsy calls orders.

use super::{Form, url};
use crate::id::Id;
use stoflow_plugin_sdk::http::Request;

/// A page of the shop's receipts: those that `query` lets through.
#[must_use]
pub fn list(shop: &Id, query: Form) -> Request {
    let request = Request::get(url(&format!("/shops/{shop}/receipts")));
    query.into_iter().fold(request, |request, (name, value)| {
        request.query(&name, value)
    })
}

/// One receipt.
#[must_use]
pub fn get(shop: &Id, receipt: &Id) -> Request {
    Request::get(url(&format!("/shops/{shop}/receipts/{receipt}")))
}

/// Tells of a parcel. Not idempotent: each success writes to the buyer. In JSON, because Etsy takes
/// a form too, and loses the tracking with it.
#[must_use]
pub fn ship(shop: &Id, receipt: &Id, body: &impl serde::Serialize) -> Request {
    let path = format!("/shops/{shop}/receipts/{receipt}/tracking");
    Request::post(url(&path)).json(body)
}
