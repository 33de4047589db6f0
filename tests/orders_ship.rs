//! Telling buyers that their orders are on the way: once, whatever happens to the request, to its reply
//! or to the host.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stoflow_host::api::{Problem, ProblemKind};
use stoflow_sandbox::{Buyer, Fault, FaultKind, OrderAction, Purchase};

use crate::market::{Market, USER};
use crate::orders::{buy, change, get, mug};
use crate::seed::{Dice, seed};
use crate::stage::{compiled, rounds};

/// The request that writes to the buyer.
const SHIP: &str = "createReceiptShipment";

async fn ship(market: &Market, id: &str, shipment: &Value) -> Result<Value, Problem> {
    let arguments = json!({ "id": id, "shipment": shipment });
    market.call("orders.ship", arguments).await
}

fn tracked() -> Value {
    json!({ "tracking": { "carrier": "Royal Mail", "code": "RM 12 34" }, "note_to_buyer": "It's on the way" })
}

/// What Etsy wrote to the buyer.
fn mails(market: &Market, id: &str) -> Vec<Value> {
    let state = market.sandbox.state();
    let receipts = state["receipts"].as_array().unwrap();
    let receipt = receipts
        .iter()
        .find(|receipt| receipt["receipt_id"].to_string() == id);
    receipt.unwrap()["sandbox_mails"]
        .as_array()
        .unwrap()
        .clone()
}

fn codes(shipped: &Value) -> Vec<&str> {
    let warnings = shipped["warnings"].as_array().unwrap().iter();
    warnings
        .map(|warning| warning["code"].as_str().unwrap())
        .collect()
}

fn paths(problem: &Problem) -> Vec<&str> {
    let violations = problem.violations.iter();
    violations
        .map(|violation| violation.path.as_str())
        .collect()
}

#[tokio::test]
async fn a_buyer_is_told_once_and_asking_again_sends_nothing() {
    let market = Market::new().await;
    let id = buy(&market, mug(&market).await);
    market.sandbox.clear_requests();
    let shipped = ship(&market, &id, &tracked()).await.unwrap();
    assert_eq!(market.operations(), ["getShopReceipt", SHIP]);
    assert_eq!(codes(&shipped), Vec::<&str>::new());
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
        assert_eq!(codes(&again), ["already-told"]);
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
    assert_eq!(codes(&again), ["already-told"]);
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
    assert_eq!(codes(&again), ["already-told"]);
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
            vec!["/shipment/extension/colour", "/shipment/extension/weight"],
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
    assert_eq!(codes(&shipped), ["unknown-carrier"]);
    assert_eq!(shipped["order"]["shipments"][0]["carrier"], "other");
    assert_eq!(mails(&market, &id)[0]["copied"], true);
}

/// A market whose host is the program, and an order that waits to be sent.
struct Shop {
    market: Market,
    data: tempfile::TempDir,
    order: String,
    /// Requests before the program's.
    before: usize,
}

impl Shop {
    async fn new() -> Self {
        let mut market = Market::new().await;
        let order = buy(&market, mug(&market).await);
        market.stage.host.close().unwrap();
        let data = std::mem::replace(&mut market.stage.data, tempfile::tempdir().unwrap());
        let before = market.sandbox.begun();
        Self {
            market,
            data,
            order,
            before,
        }
    }

    fn ship(&self, shipment: &Value) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stoflow"));
        let function = ["call", "etsy", "orders", "ship", "--user", USER, "--json"];
        command
            .args(function)
            .args(["--id", &self.order])
            .args(["--shipment", &shipment.to_string()])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .env("STOFLOW_DATA_DIR", self.data.path())
            .env("STOFLOW_COMPILED_DIR", compiled())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Waits until the sandbox has seen `count` requests, or the program has ended by itself.
    async fn seen(&self, count: usize, child: &mut Child) -> bool {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if self.market.sandbox.begun() >= self.before + count {
                return true;
            }
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(Instant::now() < deadline, "request {count} did not come");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ships to the end: the order is sent, and the buyer was told once.
    async fn finish(&self, shipment: &Value, what: &str) {
        let mut command = self.ship(shipment);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = output.await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{what}: {errors}");
        let shipped: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(shipped["order"]["fulfillment"], "shipped", "{what}");
        assert_eq!(mails(&self.market, &self.order).len(), 1, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_request_tells_the_buyer_once() {
    for kind in [FaultKind::Slow, FaultKind::SlowAfter] {
        for shipment in [tracked(), json!({})] {
            let mut index = 0;
            loop {
                let shop = Shop::new().await;
                let held = Fault::new(kind).skip(index).ms(20_000);
                shop.market.sandbox.inject(held).unwrap();
                let mut child = shop.ship(&shipment).spawn().unwrap();
                let came = shop.seen(index as usize + 1, &mut child).await;
                if came && kind == FaultKind::SlowAfter {
                    // What was asked for is done before the reply is held.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                child.kill().unwrap();
                child.wait().unwrap();
                shop.market.sandbox.clear_faults();
                let what = format!("{kind:?} at request {index}: {shipment}");
                shop.finish(&shipment, &what).await;
                if !came {
                    break;
                }
                index += 1;
            }
            assert!(index >= 2, "shipping has more than {index} requests");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_moments_tell_the_buyer_once() {
    let rounds = rounds("SHIP_KILLS", 3);
    let seed = seed("kills of a shipment", rounds);
    for round in 0..u64::from(rounds) {
        let shop = Shop::new().await;
        let mut dice = Dice::of(seed, round);
        for _ in 0..3 {
            let wait = dice.within(0..300);
            let mut child = shop.ship(&tracked()).spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(wait)).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let what = format!("round {round} of seed {seed}");
        shop.finish(&tracked(), &what).await;
    }
}
