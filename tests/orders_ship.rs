//! Telling buyers that their orders are on the way: once, whatever happens to the request or to its
//! reply.

use serde_json::{Value, json};
use stoflow_host::api::{Problem, ProblemKind};
use stoflow_sandbox::{Buyer, Fault, FaultKind, OrderAction, Purchase};

use crate::market::{Market, USER, codes, connect, paths};
use crate::orders::{buy, change, get, mug};

/// The request that writes to the buyer.
const SHIP: &str = "createReceiptShipment";

async fn ship(market: &Market, id: &str, shipment: &Value) -> Result<Value, Problem> {
    let arguments = json!({ "id": id, "shipment": shipment });
    market.call("orders.ship", arguments).await
}

/// A parcel that can be followed.
pub fn tracked() -> Value {
    json!({ "tracking": { "carrier": "Royal Mail", "code": "RM 12 34" }, "note_to_buyer": "It's on the way" })
}

/// What Etsy wrote to the buyer.
pub fn mails(market: &Market, id: &str) -> Vec<Value> {
    let state = market.sandbox.state();
    let receipts = state["receipts"].as_array().unwrap();
    let receipt = receipts
        .iter()
        .find(|receipt| receipt["receipt_id"].as_i64() == id.parse().ok());
    receipt.unwrap()["sandbox_mails"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_buyer_is_told_once_and_asking_again_sends_nothing() {
    let market = Market::new().await;
    let id = buy(&market, mug(&market).await);
    market.sandbox.clear_requests();
    let shipped = ship(&market, &id, &tracked()).await.unwrap();
    assert_eq!(market.operations(), ["getShopReceipt", SHIP]);
    assert_eq!(codes(&shipped["warnings"]), Vec::<&str>::new());
    let order = &shipped["order"];
    assert_eq!(
        (&order["fulfillment"], &order["status_text"]),
        (&json!("shipped"), &json!("completed"))
    );
    let shipment = &order["shipments"][0];
    assert_eq!(
        (&shipment["carrier"], &shipment["tracking_code"]),
        (&json!("royal-mail"), &json!("RM 12 34"))
    );
    assert_eq!(order["lines"][0]["unshipped"], 0);
    let told = mails(&market, &id);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["note"], "It's on the way");
    market.sandbox.clear_requests();
    for code in ["RM 12 34", "rm1234"] {
        let again = json!({ "tracking": { "carrier": "royal-mail", "code": code } });
        let again = ship(&market, &id, &again).await.unwrap();
        assert_eq!(codes(&again["warnings"]), ["already-told"]);
        assert_eq!(again["order"], get(&market, &id).await);
    }
    assert_eq!(market.writes(), Vec::<String>::new());
    assert_eq!(mails(&market, &id).len(), 1);
    // Another parcel of the same order is another message.
    let second = json!({ "tracking": { "carrier": "royal-mail", "code": "RM 56" } });
    let second = ship(&market, &id, &second).await.unwrap();
    assert_eq!(second["order"]["shipments"].as_array().unwrap().len(), 2);
    assert_eq!(mails(&market, &id).len(), 2);
}

#[tokio::test]
async fn a_parcel_without_tracking_is_told_of_once() {
    let market = Market::new().await;
    let id = buy(&market, mug(&market).await);
    let shipped = ship(&market, &id, &json!({})).await.unwrap();
    assert_eq!(shipped["order"]["fulfillment"], "shipped");
    assert_eq!(shipped["order"]["shipments"], json!([]));
    let again = ship(&market, &id, &json!({})).await.unwrap();
    assert_eq!(codes(&again["warnings"]), ["already-told"]);
    assert_eq!(mails(&market, &id).len(), 1);
}

#[tokio::test]
async fn two_calls_at_once_tell_once() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    for shipment in [tracked(), json!({})] {
        let id = buy(&market, listing);
        let (first, second) =
            tokio::join!(ship(&market, &id, &shipment), ship(&market, &id, &shipment));
        let orders = [first.unwrap(), second.unwrap()].map(|shipped| shipped["order"].clone());
        assert_eq!(orders[0], orders[1]);
        assert_eq!(mails(&market, &id).len(), 1, "{shipment}");
    }
}

#[tokio::test]
async fn whatever_happens_to_the_request_the_buyer_is_told_once() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    for kind in [
        FaultKind::ErrorAfter,
        FaultKind::ErrorBefore,
        FaultKind::Cut,
        FaultKind::CutBefore,
        FaultKind::Html,
        FaultKind::Empty,
        FaultKind::RateLimited,
    ] {
        for shipment in [tracked(), json!({})] {
            for times in [1, 2] {
                let id = buy(&market, listing);
                let fault = Fault::new(kind).on(SHIP).times(times);
                market.sandbox.inject(fault).unwrap();
                let what = format!("{kind:?} {times} times: {shipment}");
                let mut tries = Vec::new();
                let shipped = loop {
                    match ship(&market, &id, &shipment).await {
                        Ok(shipped) => break shipped,
                        Err(problem) => tries.push(problem),
                    }
                    assert!(tries.len() < 4, "{what}: {tries:#?}");
                };
                assert_eq!(shipped["order"]["fulfillment"], "shipped", "{what}");
                assert_eq!(mails(&market, &id).len(), 1, "{what}: {tries:#?}");
                market.sandbox.clear_faults();
            }
        }
    }
}

#[tokio::test]
async fn a_reply_that_is_lost_is_looked_for_at_once() {
    let market = Market::new().await;
    let id = buy(&market, mug(&market).await);
    let lost = Fault::new(FaultKind::Cut).on(SHIP);
    market.sandbox.inject(lost).unwrap();
    market.sandbox.clear_requests();
    let shipped = ship(&market, &id, &tracked()).await.unwrap();
    assert_eq!(
        market.operations(),
        ["getShopReceipt", SHIP, "getShopReceipt"]
    );
    assert_eq!(shipped["order"]["shipments"][0]["carrier"], "royal-mail");
    // Where the look fails too, it is not known, and said so.
    let id = buy(&market, mug(&market).await);
    let lost = Fault::new(FaultKind::ErrorAfter).on(SHIP);
    market.sandbox.inject(lost).unwrap();
    let gone = Fault::new(FaultKind::CutBefore)
        .on("getShopReceipt")
        .skip(1)
        .times(100);
    market.sandbox.inject(gone).unwrap();
    let problem = ship(&market, &id, &tracked()).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Uncertain, "{problem:?}");
    market.sandbox.clear_faults();
    let again = ship(&market, &id, &tracked()).await.unwrap();
    assert_eq!(codes(&again["warnings"]), ["already-told"]);
    assert_eq!(mails(&market, &id).len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_shipment_is_named_before_anything_is_sent() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let id = buy(&market, listing);
    let line = get(&market, &id).await["lines"][0]["id"].clone();
    market.sandbox.clear_requests();
    for (shipment, expected) in [
        (
            json!({ "tracking": { "carrier": "usps", "code": " " } }),
            vec!["/shipment/tracking/code"],
        ),
        (
            json!({ "tracking": { "carrier": "", "code": "1" } }),
            vec!["/shipment/tracking/carrier"],
        ),
        (
            json!({ "extension": { "weight": "heavy", "colour": 1 } }),
            vec!["/shipment/extension/weight", "/shipment/extension/colour"],
        ),
        (
            json!({ "lines": [{ "line_id": "7", "quantity": 1 }] }),
            vec!["/shipment/lines/0/line_id"],
        ),
        (
            json!({ "lines": [{ "line_id": line, "quantity": 2 }] }),
            vec!["/shipment/lines/0/quantity"],
        ),
    ] {
        let problem = ship(&market, &id, &shipment).await.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
        assert_eq!(paths(&problem), expected, "{problem:?}");
    }
    let problem = ship(&market, "999999999", &json!({})).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::NotFound, "{problem:?}");
    assert_eq!(market.writes(), Vec::<String>::new());
    let whole = json!({ "lines": [{ "line_id": line, "quantity": 1 }] });
    ship(&market, &id, &whole).await.unwrap();
    assert_eq!(mails(&market, &id).len(), 1);
}

#[tokio::test]
async fn a_part_of_an_order_cannot_be_sent_and_a_cancelled_one_neither() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let mut two = Purchase::of(listing);
    two.items[0].quantity = 2;
    let id = market.sandbox.buy(&two).unwrap().to_string();
    let line = get(&market, &id).await["lines"][0]["id"].clone();
    let part = json!({ "lines": [{ "line_id": line, "quantity": 1 }] });
    let problem = ship(&market, &id, &part).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Unsupported, "{problem:?}");
    change(&market, &id, OrderAction::Cancel);
    let problem = ship(&market, &id, &tracked()).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Conflict, "{problem:?}");
    assert_eq!(mails(&market, &id), Vec::<Value>::new());
}

#[tokio::test]
async fn etsys_own_refusal_comes_in_its_words_and_can_be_mended() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let to_india = Purchase {
        buyer: Buyer {
            country: "IN".to_owned(),
            ..Buyer::default()
        },
        ..Purchase::of(listing)
    };
    let id = market.sandbox.buy(&to_india).unwrap().to_string();
    let problem = ship(&market, &id, &json!({})).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
    assert_eq!(paths(&problem), ["/shipment/tracking"]);
    assert_eq!(
        problem.violations[0].message,
        "A tracking number is required"
    );
    let shipped = ship(&market, &id, &tracked()).await.unwrap();
    assert_eq!(shipped["order"]["fulfillment"], "shipped");
    let unpaid = Purchase {
        paid: false,
        ..Purchase::of(listing)
    };
    let unpaid = market.sandbox.buy(&unpaid).unwrap().to_string();
    let problem = ship(&market, &unpaid, &json!({})).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Rejected, "{problem:?}");
    assert_eq!(mails(&market, &unpaid), Vec::<Value>::new());
}

#[tokio::test]
async fn a_carrier_that_etsy_does_not_know_is_another_one_with_a_warning() {
    let market = Market::new().await;
    let id = buy(&market, mug(&market).await);
    let shipment = json!({
        "tracking": { "carrier": "Uncle Bob's van", "code": "7" },
        "shipped_at": "2026-11-24T08:00:00Z",
        "extension": { "send_bcc": true, "weight": "420", "weight_units": "g" },
    });
    let shipped = ship(&market, &id, &shipment).await.unwrap();
    assert_eq!(codes(&shipped["warnings"]), ["unknown-carrier"]);
    assert_eq!(shipped["order"]["shipments"][0]["carrier"], "other");
    assert_eq!(mails(&market, &id)[0]["copied"], true);
}

#[tokio::test]
async fn without_the_sellers_leave_nobody_is_told_and_the_remedy_is_named() {
    let market = Market::new().await;
    let id = buy(&market, mug(&market).await);
    let narrow = json!({ "without_scopes": ["transactions_w"] });
    let configuration = "/api/plugins/etsy/configuration";
    market.stage.post(configuration, narrow).await.unwrap();
    connect(&market.stage, USER).await.unwrap();
    let problem = ship(&market, &id, &tracked()).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::ConsentNeeded, "{problem:?}");
    assert_eq!(mails(&market, &id), Vec::<Value>::new());
    let wide = json!({ "with_scopes": ["transactions_w"] });
    market.stage.post(configuration, wide).await.unwrap();
    connect(&market.stage, USER).await.unwrap();
    ship(&market, &id, &tracked()).await.unwrap();
    assert_eq!(mails(&market, &id).len(), 1);
}
