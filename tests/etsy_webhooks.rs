//! What Etsy pushes, handed to the plugin: a push leads to the poll job that reads what happened, and to
//! nothing else.

use base64::Engine as _;
use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;

use crate::market::Market;

async fn receive(market: &Market, body: &[u8]) -> Value {
    let body = base64::engine::general_purpose::STANDARD.encode(body);
    let request = json!({
        "method": "POST",
        "url": "https://stoflow.example/webhooks/etsy",
        "headers": [["webhook-id", "msg_1"]],
        "body": body,
    });
    let received = market.call("webhooks.receive", json!({ "request": request }));
    received.await.unwrap()
}

#[tokio::test]
async fn a_push_leads_to_the_job_that_reads_it_and_its_address_to_nothing() {
    let market = Market::new().await;
    for (event, job) in [
        ("order.paid", "orders"),
        ("order.shipped", "orders"),
        ("order.delivered", "orders"),
        ("order.canceled", "cancelled-orders"),
        ("ORDER_PAID", "orders"),
    ] {
        let push = json!({
            "event_type": event,
            "resource_url": format!("{}/v3/application/shops/1/receipts/2", market.sandbox.url()),
            "shop_id": 9_007_199_254_740_993_u64,
        });
        let outcome = receive(&market, push.to_string().as_bytes()).await;
        let account = json!({ "shop_id": "9007199254740993" });
        let notice = json!({ "poll": { "account": account, "job": job } });
        assert_eq!(outcome["notices"], json!([notice]), "{event}");
        assert_eq!(outcome["response"]["status"], 200, "{event}");
    }
    assert!(market.sandbox.requests().is_empty());
}

#[tokio::test]
async fn an_event_that_nobody_knows_is_taken_and_what_is_no_push_is_refused() {
    let market = Market::new().await;
    let unknown = br#"{"event_type":"listing.favorited","shop_id":7}"#;
    let outcome = receive(&market, unknown).await;
    assert_eq!(outcome["notices"], json!([]));
    assert_eq!(outcome["response"]["status"], 200);
    let malformed: [&[u8]; 5] = [b"", b"<html>", b"[]", b"{}", b"\xff\xfe"];
    for body in malformed {
        let outcome = receive(&market, body).await;
        assert_eq!(outcome["notices"], json!([]));
        assert_eq!(outcome["response"]["status"], 400, "{outcome}");
    }
}

#[tokio::test]
async fn the_host_checks_pushes_and_a_person_asks_for_them() {
    let market = Market::new().await;
    let verified = market.call("webhooks.verified_by", json!({})).await;
    assert_eq!(verified.unwrap(), "standard_webhooks");
    let url = json!({ "url": "https://stoflow.example/webhooks/etsy" });
    let problem = market.call("webhooks.subscribe", url).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Unsupported, "{problem:?}");
    assert!(problem.title.contains("webhook portal"), "{problem:?}");
}
