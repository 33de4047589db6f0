//! What Etsy pushes: that something happened to an order of a shop, and where to read it. The place is
//! never read: the shop's own orders say what happened, and an address that somebody else wrote is
//! nobody's errand.

use crate::id::Id;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::webhooks::{AccountRef, Notice, PollNotice};

/// What a push is about.
#[derive(Debug, PartialEq, Eq)]
pub enum Push {
    /// This poll job of the shop has something to read.
    Poll(Notice),
    /// An event that this version does not know, which is no reason to have it sent again.
    Unknown,
    /// Not in a form of Etsy's.
    Malformed(&'static str),
}

/// Reads a push: `event_type` and `shop_id`; in an older form the event is in capitals and the rest under
/// `data`.
#[must_use]
pub fn push(body: &[u8]) -> Push {
    let Ok(push) = Object::parse(body) else {
        return Push::Malformed("the body is no JSON object");
    };
    let Some(event) = push.words("event_type") else {
        return Push::Malformed("the body names no event_type");
    };
    let Some(job) = job(&event) else {
        return Push::Unknown;
    };
    let data = push.object("data");
    let shop = push.words("shop_id");
    let shop = shop.or_else(|| data.as_ref().and_then(|data| data.words("shop_id")));
    let url = push.words("resource_url");
    let url = url.or_else(|| data.as_ref().and_then(|data| data.words("resource_url")));
    let shop = shop.or_else(|| url.as_deref().and_then(shop_in_url));
    let Some(shop) = shop.as_deref().and_then(Id::parse) else {
        return Push::Malformed("the body names no shop_id");
    };
    Push::Poll(Notice::Poll(PollNotice {
        account: AccountRef::ShopId(shop.to_string()),
        job: job.to_owned(),
    }))
}

/// The job that reads what an event tells of.
fn job(event: &str) -> Option<&'static str> {
    match event.to_ascii_lowercase().replace('_', ".").as_str() {
        "order.paid" | "order.shipped" | "order.delivered" => Some("orders"),
        // Etsy does not count a cancellation as a change of the order.
        "order.canceled" | "order.cancelled" => Some("cancelled-orders"),
        _ => None,
    }
}

/// The shop in the path of a resource: `…/shops/7/receipts/9`.
fn shop_in_url(url: &str) -> Option<String> {
    let (_, after) = url.split_once("/shops/")?;
    let shop = after.split(['/', '?']).next()?;
    Some(shop.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(shop: &str, job: &str) -> Push {
        Push::Poll(Notice::Poll(PollNotice {
            account: AccountRef::ShopId(shop.into()),
            job: job.into(),
        }))
    }

    #[test]
    fn an_event_leads_to_the_job_that_reads_it() {
        for (event, job) in [
            ("order.paid", "orders"),
            ("order.shipped", "orders"),
            ("order.delivered", "orders"),
            ("order.canceled", "cancelled-orders"),
            ("ORDER_PAID", "orders"),
            ("ORDER_CANCELED", "cancelled-orders"),
        ] {
            let body = format!(
                r#"{{"event_type":"{event}","resource_url":"https://evil.example/x","shop_id":9007199254740993}}"#
            );
            assert_eq!(push(body.as_bytes()), poll("9007199254740993", job));
        }
    }

    #[test]
    fn the_older_form_is_read_too() {
        let older =
            br#"{"event_id":"e","event_type":"ORDER_PAID","created_at":"2025-12-01T00:00:00Z",
            "data":{"shop_id":"7","receipt_id":9}}"#;
        assert_eq!(push(older), poll("7", "orders"));
        let pointer = br#"{"event_type":"order.paid","data":{"resource_url":
            "https://api.etsy.com/v3/application/shops/8/receipts/9"}}"#;
        assert_eq!(push(pointer), poll("8", "orders"));
    }

    #[test]
    fn what_nobody_knows_is_told_from_what_nobody_can_read() {
        assert_eq!(
            push(br#"{"event_type":"listing.sold","shop_id":7}"#),
            Push::Unknown
        );
        for body in [
            "",
            "[]",
            "{}",
            "<html>",
            r#"{"event_type":null,"shop_id":7}"#,
            r#"{"event_type":{},"shop_id":7}"#,
            r#"{"event_type":"order.paid"}"#,
            r#"{"event_type":"order.paid","shop_id":"../7"}"#,
            r#"{"event_type":"order.paid","resource_url":"https://x/shops/"}"#,
            r#"{"event_type":"order.paid","data":[]}"#,
        ] {
            assert!(
                matches!(push(body.as_bytes()), Push::Malformed(_)),
                "{body}"
            );
        }
    }
}
