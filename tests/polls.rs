//! How the host learns what has happened on Etsy: orders that changed, what Etsy does not count as a
//! change, listings on sale with their stock; and what runs cost where nothing has happened.

use std::time::Duration;

use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_sandbox::{Fault, FaultKind, OrderAction, OrderChange, Purchase};

use crate::market::{Market, coats, id_of, paths};
use crate::orders::{buy, change, get, mug};
use crate::request_counts::drafts;

/// A window that holds everything that the sandbox does.
fn always() -> Value {
    json!({ "start": "2020-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z" })
}

async fn fetch(market: &Market, job: &str, window: Value, cursor: Value) -> Value {
    let arguments = json!({ "job": job, "window": window, "cursor": cursor });
    market.call("poll.fetch", arguments).await.unwrap()
}

/// All batches of a run; their items, and the operations that they took.
async fn run(market: &Market, job: &str, window: &Value) -> (Vec<Value>, Vec<String>) {
    market.sandbox.clear_requests();
    let (mut items, mut cursor) = (Vec::new(), Value::Null);
    for _ in 0..20 {
        let batch = fetch(market, job, window.clone(), cursor).await;
        items.extend(batch["items"].as_array().unwrap().clone());
        cursor = batch["next"].clone();
        if cursor == Value::Null {
            return (items, market.operations());
        }
    }
    panic!("{job} does not end");
}

fn orders(items: &[Value]) -> Vec<String> {
    let items = items.iter();
    items
        .map(|item| item["order"]["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn jobs(market: &Market) -> Vec<Value> {
    let jobs = market.call("poll.jobs", json!({})).await.unwrap();
    jobs.as_array().unwrap().clone()
}

#[tokio::test]
async fn a_run_of_an_idle_shop_costs_what_its_job_says() {
    let market = Market::new().await;
    drafts(&market, 100).await;
    for listing in market.listings() {
        let id = listing["listing_id"].as_i64().unwrap();
        market.sandbox.set_listing_state(id, "active").unwrap();
    }
    let mut names = Vec::new();
    for job in jobs(&market).await {
        let name = job["name"].as_str().unwrap();
        let window = match job["strategy"].as_str().unwrap() {
            "window" => always(),
            _ => Value::Null,
        };
        let (items, operations) = run(&market, name, &window).await;
        assert_eq!(job["idle_cost"], operations.len(), "{name}: {operations:?}");
        assert_eq!(operations.len(), 1, "{name}");
        // Of each listing itself, and its stock.
        let expected = if name == "listings" { 200 } else { 0 };
        assert_eq!(items.len(), expected, "{name}");
        names.push(name.to_owned());
    }
    assert_eq!(names, ["orders", "cancelled-orders", "listings"]);
}

#[tokio::test]
async fn orders_of_a_window_come_oldest_change_first_and_both_its_ends_belong_to_it() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let mut bought = Vec::new();
    for _ in 0..4 {
        market.sandbox.advance(Duration::from_secs(60));
        bought.push(buy(&market, listing));
    }
    let (all, _) = run(&market, "orders", &always()).await;
    assert_eq!(orders(&all), bought);
    assert_eq!(all[0]["order"], get(&market, &bought[0]).await);
    let at = |index: usize| all[index]["order"]["updated_at"].clone();
    let window = json!({ "start": at(1), "end": at(2) });
    let (some, _) = run(&market, "orders", &window).await;
    assert_eq!(orders(&some), bought[1..3]);
    // What is sent changes, and is the newest change.
    market.sandbox.advance(Duration::from_secs(60));
    let shipment = json!({ "id": bought[0], "shipment": {} });
    market.call("orders.ship", shipment).await.unwrap();
    let (all, _) = run(&market, "orders", &always()).await;
    let expected = [&bought[1..], &bought[..1]].concat();
    assert_eq!(orders(&all), expected);
}

#[tokio::test]
async fn a_window_of_more_orders_than_a_page_is_read_to_its_end() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let mut bought = Vec::new();
    for _ in 0..21 {
        market.sandbox.advance(Duration::from_secs(1));
        bought.extend((0..10).map(|_| buy(&market, listing)));
    }
    let first = fetch(&market, "orders", always(), Value::Null).await;
    assert_eq!(first["total"], 210);
    let (found, operations) = run(&market, "orders", &always()).await;
    assert_eq!(orders(&found), bought);
    assert_eq!(operations, ["getShopReceipts"; 3]);
}

#[tokio::test]
async fn an_order_that_changes_while_its_window_is_read_hides_no_other() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let mut bought = Vec::new();
    for _ in 0..150 {
        market.sandbox.advance(Duration::from_secs(1));
        bought.push(buy(&market, listing));
    }
    market.sandbox.advance(Duration::from_secs(60));
    let newest = get(&market, bought.last().unwrap()).await;
    let window = json!({ "start": "2020-01-01T00:00:00Z", "end": newest["updated_at"] });
    let first = fetch(&market, "orders", window.clone(), Value::Null).await;
    let mut seen = orders(first["items"].as_array().unwrap());
    // Those that were on the page leave the window: paged by count, as many others would be missed.
    for id in seen.iter().take(30) {
        let shipment = json!({ "id": id, "shipment": {} });
        market.call("orders.ship", shipment).await.unwrap();
    }
    let second = fetch(&market, "orders", window, first["next"].clone()).await;
    seen.extend(orders(second["items"].as_array().unwrap()));
    assert_eq!(seen, bought);
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn what_etsy_does_not_count_as_a_change_is_found_by_a_sweep_of_what_was_ordered() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let ids: Vec<String> = (0..3).map(|_| buy(&market, listing)).collect();
    market.sandbox.advance(Duration::from_secs(3_600));
    let marker = buy(&market, listing);
    change(&market, &ids[0], OrderAction::Cancel);
    let part = OrderChange {
        amount: Some("5.00".to_owned()),
        ..OrderChange::new(OrderAction::Refund)
    };
    let id = ids[1].parse().unwrap();
    market.sandbox.change_order(id, &part).unwrap();
    // By the filter for changes nothing but the last purchase has happened in this hour.
    let start = get(&market, &marker).await["created_at"].clone();
    let window = json!({ "start": start, "end": "2099-01-01T00:00:00Z" });
    let (changed, _) = run(&market, "orders", &window).await;
    assert_eq!(orders(&changed), [marker]);
    let (swept, operations) = run(&market, "cancelled-orders", &always()).await;
    assert_eq!(operations, ["getShopReceipts"]);
    let of = |id: &str| {
        let item = swept.iter().find(|item| item["order"]["id"] == id);
        item.unwrap()["order"].clone()
    };
    assert_eq!(of(&ids[0])["cancellation"], "cancelled");
    assert_eq!(of(&ids[0])["payment"], "refunded");
    assert_eq!(of(&ids[1])["payment"], "partially_refunded");
    assert_eq!(of(&ids[2])["payment"], "paid");
    assert_eq!(swept.len(), 4);
}

#[tokio::test]
async fn in_a_shop_of_many_orders_old_cancellations_are_asked_for_as_such() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let mut bought = Vec::new();
    for _ in 0..160 {
        market.sandbox.advance(Duration::from_secs(1));
        bought.push(buy(&market, listing));
    }
    for index in [0, 7, 155] {
        change(&market, &bought[index], OrderAction::Cancel);
    }
    let (swept, operations) = run(&market, "cancelled-orders", &always()).await;
    assert_eq!(operations, ["getShopReceipts"; 2]);
    let found = orders(&swept);
    let newest: Vec<String> = bought[60..].iter().rev().cloned().collect();
    assert_eq!(found[..100], newest);
    assert_eq!(found[100..], [bought[7].clone(), bought[0].clone()]);
    let queries: Vec<String> = market
        .sandbox
        .requests()
        .into_iter()
        .map(|request| request.query)
        .collect();
    assert!(!queries[0].contains("was_canceled"), "{queries:?}");
    assert!(queries[1].contains("was_canceled=true"), "{queries:?}");
}

#[tokio::test]
async fn listings_on_sale_come_with_the_stock_of_each_variation() {
    let market = Market::new().await;
    let done = market.publish("coats", &coats(), "active").await.unwrap();
    let coats = id_of(&done["listing"]);
    let coat = market.listing("coat", "coat", "active").await;
    market.listing("draft", "poster", "draft").await;
    let paused = market.listing("paused", "poster", "active").await;
    let pause = json!({ "listing_id": paused });
    market.call("publish.pause", pause).await.unwrap();
    let (items, operations) = run(&market, "listings", &Value::Null).await;
    assert_eq!(operations, ["getListingsByShop"]);
    let listings: Vec<&Value> = items
        .iter()
        .filter_map(|item| item.get("listing"))
        .collect();
    let mut ids: Vec<String> = listings.iter().map(|listing| id_of(listing)).collect();
    ids.sort();
    assert_eq!(ids, [coats.clone(), coat.clone()]);
    for listing in listings {
        assert_eq!(
            listing["images"],
            market
                .call("listings.get", json!({ "id": listing["id"] }))
                .await
                .unwrap()["images"]
        );
        for name in ["views", "num_favorers", "inventory", "suggested_title"] {
            assert_eq!(listing["extension"][name], Value::Null, "{name}");
        }
    }
    // As the inventory has it: the same ids, SKUs and numbers.
    let inventory = market.call("listings.get_inventory", json!({ "id": coats }));
    let inventory = inventory.await.unwrap();
    let expected: Vec<_> = inventory["variations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["id"], &it["sku"], &it["quantity"]))
        .collect();
    let of = |id: &str| -> Vec<&Value> {
        let stock = items.iter().filter_map(|item| item.get("stock"));
        stock.filter(|stock| stock["listing_id"] == id).collect()
    };
    let stock: Vec<_> = of(&coats)
        .into_iter()
        .map(|it| (&it["variation"], &it["sku"], &it["quantity"]))
        .collect();
    assert_eq!(stock, expected);
    assert_eq!(stock.len(), 4);
    let title = of(&coats)[0]["title"].as_str().unwrap();
    assert!(title.ends_with(" – Red, Short"), "{title}");
    let only = of(&coat);
    assert_eq!(only.len(), 1);
    assert_eq!(
        (&only[0]["variation"], &only[0]["sku"], &only[0]["quantity"]),
        (&Value::Null, &json!("COAT-1"), &json!(1))
    );
}

#[tokio::test]
async fn a_sweep_differs_from_the_last_one_by_what_was_sold_only() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let (before, _) = run(&market, "listings", &Value::Null).await;
    market.sandbox.advance(Duration::from_secs(3_600));
    let (again, _) = run(&market, "listings", &Value::Null).await;
    assert_eq!(again, before);
    let product =
        market.held(&listing.to_string())["inventory"]["products"][1]["product_id"].as_i64();
    let mut purchase = Purchase::of(listing);
    purchase.items[0].product_id = product;
    market.sandbox.buy(&purchase).unwrap();
    let (after, _) = run(&market, "listings", &Value::Null).await;
    let changed: Vec<_> = after
        .iter()
        .zip(&before)
        .filter(|(after, before)| after != before)
        .filter_map(|(after, before)| Some((after.get("stock")?, before.get("stock")?)))
        .collect();
    let [(after, before)] = changed.as_slice() else {
        panic!("{changed:#?}")
    };
    assert_eq!(
        (&before["quantity"], &after["quantity"]),
        (&json!(900), &json!(899))
    );
    assert_eq!(after["sku"], "MUG-GREEN");
}

#[tokio::test]
async fn more_listings_than_a_page_are_swept_to_the_end() {
    let market = Market::new().await;
    let mut expected = drafts(&market, 130).await;
    for id in &expected {
        let id = id.parse().unwrap();
        market.sandbox.set_listing_state(id, "active").unwrap();
    }
    let (items, operations) = run(&market, "listings", &Value::Null).await;
    let listings = items.iter().filter_map(|item| item.get("listing"));
    let mut found: Vec<String> = listings.map(id_of).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(operations, ["getListingsByShop"; 2]);
}

#[tokio::test]
async fn a_job_a_window_or_a_cursor_that_does_not_exist_is_named() {
    let market = Market::new().await;
    let backwards = json!({ "start": "2026-01-02T00:00:00Z", "end": "2026-01-01T00:00:00Z" });
    for (job, window, cursor, path) in [
        ("refunds", always(), Value::Null, "/job"),
        ("orders", Value::Null, Value::Null, "/window"),
        ("cancelled-orders", Value::Null, Value::Null, "/window"),
        ("orders", backwards, Value::Null, "/window"),
        ("orders", always(), json!("nonsense"), "/cursor"),
        ("orders", always(), json!("1.listings.100"), "/cursor"),
        ("listings", Value::Null, json!("1.orders..0."), "/cursor"),
    ] {
        let arguments = json!({ "job": job, "window": window, "cursor": cursor });
        let problem = market.call("poll.fetch", arguments).await.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
        assert_eq!(paths(&problem), [path], "{problem:?}");
    }
    let deep = json!({ "job": "listings", "cursor": "1.listings.12100" });
    let problem = market.call("poll.fetch", deep).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Unsupported, "{problem:?}");
    assert!(market.sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_run_that_fails_is_no_empty_run() {
    let market = Market::new().await;
    for (kind, expected) in [
        (FaultKind::Empty, ProblemKind::Unexpected),
        (FaultKind::CutBefore, ProblemKind::Unavailable),
    ] {
        let fault = Fault::new(kind).times(1_000);
        market.sandbox.inject(fault).unwrap();
        for job in ["orders", "cancelled-orders", "listings"] {
            let arguments = json!({ "job": job, "window": always() });
            let problem = market.call("poll.fetch", arguments).await.unwrap_err();
            assert_eq!(problem.kind(), expected, "{job}: {problem:?}");
        }
        market.sandbox.clear_faults();
    }
}
