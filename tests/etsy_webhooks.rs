//! What Etsy pushes, handed to the plugin: a push leads to the poll job that reads what happened, and to
//! nothing else.

use base64::Engine as _;
use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_sandbox::OrderAction;

use crate::market::Market;
use crate::orders::{buy, change, mug};

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
async fn what_the_sandbox_pushes_of_an_order_leads_to_a_poll_that_finds_it() {
    let market = Market::new().await;
    // Nobody listens there: what would be delivered is handed over here.
    market
        .sandbox
        .subscribe("http://127.0.0.1:9/etsy", &[])
        .unwrap();
    let listing = mug(&market).await;
    let (sent, cancelled) = (buy(&market, listing), buy(&market, listing));
    let shipment = json!({ "id": sent, "shipment": {} });
    market.call("orders.ship", shipment).await.unwrap();
    change(&market, &sent, OrderAction::Deliver);
    change(&market, &cancelled, OrderAction::Cancel);
    let shop = market.sandbox.sellers()[0].shop_id.to_string();
    let mut jobs = Vec::new();
    for delivery in market.sandbox.deliveries() {
        let outcome = receive(&market, delivery.body.as_bytes()).await;
        assert_eq!(outcome["response"]["status"], 200, "{}", delivery.body);
        let [notice] = outcome["notices"].as_array().unwrap().as_slice() else {
            panic!("{outcome}")
        };
        assert_eq!(notice["poll"]["account"], json!({ "shop_id": shop }));
        let job = notice["poll"]["job"].as_str().unwrap().to_owned();
        let window = json!({ "start": "2020-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z" });
        let fetch = json!({ "job": job, "window": window });
        let batch = market.call("poll.fetch", fetch).await.unwrap();
        let ids = batch["items"].as_array().unwrap().iter();
        let ids: Vec<&Value> = ids.map(|item| &item["order"]["id"]).collect();
        assert!(
            ids.iter()
                .any(|id| delivery.body.contains(id.as_str().unwrap())),
            "{ids:?}"
        );
        jobs.push(job);
    }
    let expected = ["orders", "orders", "orders", "orders", "cancelled-orders"];
    assert_eq!(jobs, expected);
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
