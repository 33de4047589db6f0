//! What happens to orders after they were bought: sent, marked, cancelled, refunded.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stoflow_sandbox::{OrderAction, OrderChange, Purchase};

use crate::harness::World;
use crate::orders::{found, receipt, ship, to, tracking};

/// The second seller, of the United States, and a listing of theirs.
async fn american(price: &str) -> (World, i64) {
    let world = World::start().await.signed_in_as(1);
    let own = [
        ("price", price),
        ("shipping_profile_id", "60002"),
        ("readiness_state_id", "70002"),
        ("return_policy_id", "80002"),
    ];
    let listing = world.active(&own).await;
    (world, listing)
}

/// How often Etsy wrote to the buyer.
fn mails(world: &World, id: i64) -> usize {
    let state = world.sandbox.state();
    let receipts = state["receipts"].as_array().unwrap();
    let receipt = receipts.iter().find(|it| it["receipt_id"] == id).unwrap();
    receipt["sandbox_mails"].as_array().unwrap().len()
}
#[tokio::test]
async fn each_parcel_that_is_told_of_writes_to_the_buyer() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let id = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let sent = ship(&world, id, &tracking()).await.expect(200).json();
    assert_eq!(
        (&sent["status"], &sent["is_shipped"]),
        (&json!("completed"), &json!(true))
    );
    let parcel = &sent["shipments"][0];
    assert_eq!(
        (&parcel["carrier_name"], &parcel["tracking_code"]),
        (&json!("colissimo"), &json!("6A123"))
    );
    assert_eq!(mails(&world, id), 1);
    let again = ship(&world, id, &tracking()).await.expect(200).json();
    assert_eq!(again["shipments"].as_array().unwrap().len(), 2);
    assert_eq!(mails(&world, id), 2);
    let bare = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let marked = ship(&world, bare, &json!({})).await.expect(200).json();
    assert_eq!(
        (&marked["is_shipped"], &marked["shipments"]),
        (&json!(true), &json!([]))
    );
}

#[tokio::test]
async fn shipments_that_etsy_refuses() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let id = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    for wrong in [
        json!({ "carrier_name": "colissimo", "tracking_code": 123_456 }),
        json!({ "carrier_name": "colissimo" }),
        json!({ "tracking_code": "6A123" }),
        json!({ "carrier_name": "La Poste", "tracking_code": "6A123" }),
        json!({ "carrier": "colissimo" }),
        json!(["colissimo"]),
    ] {
        ship(&world, id, &wrong).await.expect(400);
    }
    let unpaid = Purchase {
        paid: false,
        processing: true,
        ..Purchase::of(listing)
    };
    let unpaid = world.sandbox.buy(&unpaid).unwrap();
    assert_eq!(
        receipt(&world, unpaid).await["status"],
        "payment processing"
    );
    ship(&world, unpaid, &tracking()).await.expect(400);
    let cancel = OrderChange::new(OrderAction::Cancel);
    world.sandbox.change_order(id, &cancel).unwrap();
    ship(&world, id, &tracking()).await.expect(400);
    ship(&world, 5, &tracking()).await.expect(404);
    assert_eq!((mails(&world, id), mails(&world, unpaid)), (0, 0));
}

#[tokio::test]
async fn a_body_that_is_not_json_ships_and_loses_the_tracking() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let id = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let path = world.shop(&format!("/receipts/{id}/tracking"));
    let fields = [("carrier_name", "colissimo"), ("tracking_code", "6A123")];
    let sent = world.post(&path, &fields).await.expect(200).json();
    assert_eq!(
        (&sent["is_shipped"], &sent["shipments"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(mails(&world, id), 1);
}

#[tokio::test]
async fn tracking_is_required_within_the_united_states_beyond_ten_dollars_and_to_india() {
    let (world, dear) = american("40").await;
    let id = world.sandbox.buy(&to("US", dear)).unwrap();
    let refused = ship(&world, id, &json!({})).await.expect(400);
    assert_eq!(refused.error(), "A tracking number is required");
    let path = world.shop(&format!("/receipts/{id}/tracking"));
    world
        .post(&path, &[("tracking_code", "1")])
        .await
        .expect(400);
    ship(&world, id, &tracking()).await.expect(200);
    let abroad = world.sandbox.buy(&to("CA", dear)).unwrap();
    ship(&world, abroad, &json!({})).await.expect(200);
    let india = world.sandbox.buy(&to("IN", dear)).unwrap();
    ship(&world, india, &json!({})).await.expect(400);
    let (world, cheap) = american("4").await;
    let id = world.sandbox.buy(&to("US", cheap)).unwrap();
    ship(&world, id, &json!({})).await.expect(200);
}

#[tokio::test]
async fn cancelling_and_refunding_do_not_move_updated_unless_asked() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let bought = |_| world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let ids: Vec<i64> = (0..3).map(bought).collect();
    let before = receipt(&world, ids[0]).await["updated_timestamp"].clone();
    world.sandbox.advance(Duration::from_secs(600));
    let change = |action: &str, more: Value| {
        let mut body = json!({ "action": action });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    for (id, body) in [
        (ids[0], change("cancel", json!({}))),
        (ids[1], change("refund", json!({ "amount": "5.00" }))),
        (ids[2], change("refund", json!({ "moves_updated": true }))),
    ] {
        let path = format!("orders/{id}");
        world.control(Method::POST, &path, &body).await.expect(200);
    }
    let [canceled, partly, fully] = [
        receipt(&world, ids[0]).await,
        receipt(&world, ids[1]).await,
        receipt(&world, ids[2]).await,
    ];
    assert_eq!(
        (&canceled["status"], &canceled["updated_timestamp"]),
        (&json!("canceled"), &before)
    );
    assert_eq!(canceled["refunds"][0]["amount"], canceled["grandtotal"]);
    assert_eq!(partly["status"], "partially refunded");
    assert_eq!(
        (
            &partly["refunds"][0]["amount"]["amount"],
            &partly["updated_timestamp"]
        ),
        (&json!(500), &before)
    );
    assert_eq!(fully["status"], "fully refunded");
    assert!(fully["updated_timestamp"].as_i64() >= before.as_i64().map(|at| at + 600));
    let since = before.as_i64().unwrap() + 300;
    assert_eq!(
        found(&world, &format!("min_last_modified={since}")).await,
        [ids[2]]
    );
    assert_eq!(found(&world, "was_canceled=true").await, [ids[0]]);
}

#[tokio::test]
async fn what_cannot_happen_to_an_order_is_refused() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let id = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let refused = |id: i64, body: Value| {
        let world = &world;
        async move {
            let path = format!("orders/{id}");
            let answer = world.control(Method::POST, &path, &body).await;
            assert_eq!(answer.status, 400, "{body}");
        }
    };
    refused(id, json!({ "action": "pay" })).await;
    refused(id, json!({ "action": "deliver" })).await;
    refused(id, json!({ "action": "refund", "amount": "1000.00" })).await;
    refused(id, json!({ "action": "refund", "amount": "0" })).await;
    refused(id, json!({ "action": "refund", "amount": "-1" })).await;
    refused(id, json!({ "action": "burn" })).await;
    refused(5, json!({ "action": "pay" })).await;
    world
        .control(Method::POST, "orders/five", &json!({ "action": "pay" }))
        .await
        .expect(400);
    let cancel = OrderChange::new(OrderAction::Cancel);
    world.sandbox.change_order(id, &cancel).unwrap();
    refused(id, json!({ "action": "cancel" })).await;
    refused(id, json!({ "action": "refund" })).await;
    assert_eq!(
        receipt(&world, id).await["refunds"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_receipt_can_be_marked_by_hand() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let unpaid = Purchase {
        paid: false,
        ..Purchase::of(listing)
    };
    let id = world.sandbox.buy(&unpaid).unwrap();
    let path = world.shop(&format!("/receipts/{id}"));
    assert_eq!(receipt(&world, id).await["status"], "open");
    let put = |field: &'static str, value: &'static str| {
        let (world, path) = (&world, path.as_str());
        async move { world.form(Method::PUT, path, &[(field, value)]).await }
    };
    assert_eq!(
        put("was_paid", "true").await.expect(200).json()["status"],
        "paid"
    );
    assert_eq!(
        put("was_shipped", "true").await.expect(200).json()["status"],
        "completed"
    );
    assert_eq!(
        put("was_shipped", "false").await.expect(200).json()["status"],
        "paid"
    );
    put("was_paid", "false").await.expect(400);
    put("was_gone", "true").await.expect(400);
    assert_eq!(mails(&world, id), 0);
    let cancel = OrderChange::new(OrderAction::Cancel);
    world.sandbox.change_order(id, &cancel).unwrap();
    put("was_shipped", "true").await.expect(400);
}
