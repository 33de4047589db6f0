//! What was sold, what was paid for it, and the ledger.

use reqwest::Method;
use serde_json::{Value, json};
use stoflow_sandbox::{Buyer, OrderAction, OrderChange, Purchase, PurchaseItem};

use crate::harness::World;

/// A world in which two listings were bought at once, and the first once more: both receipts.
async fn sold() -> (World, [i64; 2], [i64; 2]) {
    let world = World::start().await;
    let listings = [world.active(&[]).await, world.active(&[]).await];
    let item = |listing_id| PurchaseItem {
        listing_id,
        ..PurchaseItem::default()
    };
    let both = Purchase {
        items: listings.map(item).to_vec(),
        ..Purchase::default()
    };
    let receipts = [
        world.sandbox.buy(&both).unwrap(),
        world.sandbox.buy(&Purchase::of(listings[0])).unwrap(),
    ];
    (world, listings, receipts)
}

async fn results(world: &World, path: &str) -> Vec<Value> {
    let page = world.get(&world.shop(path)).await.expect(200).json();
    page["results"].as_array().unwrap().clone()
}

async fn ledger(world: &World) -> Vec<Value> {
    let query = "min_created=946684800&max_created=4000000000";
    results(world, &format!("/payment-account/ledger-entries?{query}")).await
}

#[tokio::test]
async fn transactions_are_found_by_receipt_listing_shop_and_id() {
    let (world, listings, receipts) = sold().await;
    let of_receipt = results(&world, &format!("/receipts/{}/transactions", receipts[0])).await;
    let bought: Vec<&Value> = of_receipt.iter().map(|it| &it["listing_id"]).collect();
    assert_eq!(bought, [&json!(listings[0]), &json!(listings[1])]);
    // What is sent along costs what the profile says for another piece.
    let sending: Vec<&Value> = of_receipt
        .iter()
        .map(|it| &it["shipping_cost"]["amount"])
        .collect();
    assert_eq!(sending, [&json!(500), &json!(200)]);
    let of_listing = results(&world, &format!("/listings/{}/transactions", listings[0])).await;
    let on: Vec<&Value> = of_listing.iter().map(|it| &it["receipt_id"]).collect();
    assert_eq!(on, [&json!(receipts[1]), &json!(receipts[0])]);
    let of_shop = results(&world, "/transactions?limit=2").await;
    assert_eq!((of_shop.len(), &of_shop[0]), (2, &of_listing[0]));
    assert_eq!(results(&world, "/transactions?offset=2").await.len(), 1);
    let path = format!("/transactions/{}", of_receipt[0]["transaction_id"]);
    let one = world.get(&world.shop(&path)).await.expect(200).json();
    assert_eq!(one, of_receipt[0]);
    for missing in [
        "/transactions/5",
        "/receipts/5/transactions",
        "/listings/5/transactions",
    ] {
        world.get(&world.shop(missing)).await.expect(404);
    }
    let foreign = world.shop("/transactions");
    let world = world.signed_in_as(1);
    world.get(&foreign).await.expect(403);
    world.get(&world.shop(&path)).await.expect(404);
}

#[tokio::test]
async fn a_receipt_knows_its_listings_that_are_still_there() {
    let (world, listings, receipts) = sold().await;
    let path = format!("/receipts/{}/listings", receipts[0]);
    let found = results(&world, &path).await;
    let ids: Vec<&Value> = found.iter().map(|it| &it["listing_id"]).collect();
    assert_eq!(ids, [&json!(listings[1]), &json!(listings[0])]);
    let gone = format!("/v3/application/listings/{}", listings[1]);
    world.delete(&gone).await.expect(204);
    assert_eq!(results(&world, &path).await.len(), 1);
    let path = format!("/listings/{}/transactions", listings[1]);
    assert_eq!(results(&world, &path).await.len(), 1);
    world
        .get(&world.shop("/receipts/5/listings"))
        .await
        .expect(404);
}

#[tokio::test]
async fn a_payment_is_authorised_then_settled_and_adjusted_by_refunds() {
    let (world, _, receipts) = sold().await;
    let path = format!("/receipts/{}/payments", receipts[1]);
    let paid = results(&world, &path).await;
    let gross = paid[0]["amount_gross"]["amount"].as_i64().unwrap();
    assert_eq!((paid.len(), gross), (1, 1850 + 500));
    assert_eq!(
        (&paid[0]["status"], &paid[0]["posted_gross"]),
        (&json!("authed"), &Value::Null)
    );
    let tracking = world.shop(&format!("/receipts/{}/tracking", receipts[1]));
    let sent = world.request(Method::POST, &tracking).json(&json!({}));
    world.send(sent).await.expect(200);
    let sent = results(&world, &path).await;
    assert_eq!(
        (&sent[0]["status"], &sent[0]["posted_gross"]["amount"]),
        (&json!("settled"), &json!(gross))
    );
    let refund = OrderChange {
        amount: Some("5.00".to_owned()),
        ..OrderChange::new(OrderAction::Refund)
    };
    world.sandbox.change_order(receipts[1], &refund).unwrap();
    let adjusted = results(&world, &path).await.remove(0);
    assert_eq!(adjusted["adjusted_gross"]["amount"], gross - 500);
    assert_eq!(adjusted["posted_gross"]["amount"], gross);
    assert_eq!(
        adjusted["payment_adjustments"][0]["total_adjustment_amount"],
        500
    );
    let ids = format!("/payments?payment_ids={},5", adjusted["payment_id"]);
    assert_eq!(results(&world, &ids).await, [adjusted]);
    world.get(&world.shop("/payments")).await.expect(400);
    world
        .get(&world.shop("/payments?payment_ids=x"))
        .await
        .expect(400);
}

#[tokio::test]
async fn an_order_that_is_not_paid_has_no_payment() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let unpaid = Purchase {
        paid: false,
        buyer: Buyer::default(),
        ..Purchase::of(listing)
    };
    let id = world.sandbox.buy(&unpaid).unwrap();
    assert_eq!(
        results(&world, &format!("/receipts/{id}/payments")).await,
        Vec::<Value>::new()
    );
    assert_eq!(ledger(&world).await, Vec::<Value>::new());
    let pay = OrderChange::new(OrderAction::Pay);
    world.sandbox.change_order(id, &pay).unwrap();
    assert_eq!(
        results(&world, &format!("/receipts/{id}/payments"))
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn the_ledger_adds_up_and_shows_refunds() {
    let (world, _, receipts) = sold().await;
    let cancel = OrderChange::new(OrderAction::Cancel);
    world.sandbox.change_order(receipts[1], &cancel).unwrap();
    let entries = ledger(&world).await;
    let kinds: Vec<&str> = entries
        .iter()
        .rev()
        .map(|it| it["ledger_type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "PAYMENT",
            "PAYMENT_PROCESSING_FEE",
            "PAYMENT",
            "PAYMENT_PROCESSING_FEE",
            "REFUND",
            "REFUND_PROCESSING_FEE",
        ]
    );
    let mut balance = 0;
    for (sequence, entry) in (1..).zip(entries.iter().rev()) {
        balance += entry["amount"].as_i64().unwrap();
        assert_eq!(
            (&entry["balance"], &entry["sequence_number"]),
            (&json!(balance), &json!(sequence))
        );
    }
    let (fee, refund) = (&entries[0], &entries[1]);
    assert_eq!(fee["parent_entry_id"], refund["entry_id"]);
    assert_eq!(refund["amount"], -2350);
    assert_eq!(
        refund["payment_adjustments"][0]["total_adjustment_amount"],
        2350
    );
    let path = format!("/payment-account/ledger-entries/{}", refund["entry_id"]);
    let one = world.get(&world.shop(&path)).await.expect(200).json();
    assert_eq!(one, *refund);
    let ids = format!("{},{}", fee["entry_id"], refund["entry_id"]);
    let path = format!("/payment-account/ledger-entries/payments?ledger_entry_ids={ids}");
    let payments = results(&world, &path).await;
    assert_eq!(
        (payments.len(), &payments[0]["receipt_id"]),
        (1, &json!(receipts[1]))
    );
}

#[tokio::test]
async fn the_ledger_is_asked_for_a_time_and_a_scope() {
    let (mut world, _, _) = sold().await;
    let base = world.shop("/payment-account/ledger-entries");
    for wrong in [
        "",
        "?min_created=946684800",
        "?max_created=946684800",
        "?min_created=2000000000&max_created=1000000000",
        "?min_created=1&max_created=1000000000",
    ] {
        world.get(&format!("{base}{wrong}")).await.expect(400);
    }
    world.get(&format!("{base}/5")).await.expect(404);
    world.get(&format!("{base}/payments")).await.expect(400);
    let before = "?min_created=946684800&max_created=1000000000";
    let page = world.get(&format!("{base}{before}")).await.expect(200);
    assert_eq!(page.json(), json!({ "count": 0, "results": [] }));
    let narrow = world
        .sandbox
        .issue_tokens(world.seller.user_id, &["shops_r"]);
    world.token = narrow.unwrap().access_token;
    world.get(&format!("{base}{before}")).await.expect(403);
}
