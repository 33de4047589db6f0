//! What buyers have bought, read through the host from the sandbox: one order, lists by every filter,
//! pages of a list that changes while it is read.

use std::time::Duration;

use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_sandbox::{Buyer, Fault, FaultKind, OrderAction, OrderChange, Purchase, PurchaseItem};

use crate::market::{Market, example, paths};

/// A mug on sale, as many as are wanted.
pub async fn mug(market: &Market) -> i64 {
    let mut mug = example("mug");
    for variation in mug["variations"].as_array_mut().unwrap() {
        variation["quantity"] = json!(900);
    }
    let done = market.publish("mug", &mug, "active").await.unwrap();
    done["listing"]["id"].as_str().unwrap().parse().unwrap()
}

/// Buys one piece; the order's id.
pub fn buy(market: &Market, listing: i64) -> String {
    let bought = market.sandbox.buy(&Purchase::of(listing));
    bought.unwrap().to_string()
}

/// Changes an order as the world does, which on Etsy does not count as a change of the order.
pub fn change(market: &Market, order: &str, action: OrderAction) {
    let change = OrderChange::new(action);
    let order = order.parse().unwrap();
    market.sandbox.change_order(order, &change).unwrap();
}

pub async fn get(market: &Market, id: &str) -> Value {
    let order = market.call("orders.get", json!({ "id": id }));
    order.await.unwrap()
}

async fn list(market: &Market, arguments: Value) -> Value {
    market.sandbox.clear_requests();
    market.call("orders.list", arguments).await.unwrap()
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|order| order["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_order_is_read_as_it_was_bought() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let product = &market.held(&listing.to_string())["inventory"]["products"][3]["product_id"];
    let purchase = Purchase {
        items: vec![PurchaseItem {
            product_id: product.as_i64(),
            quantity: 2,
            personalization: vec!["For <Mom> & \"Dad\"".to_owned()],
            ..Purchase::of(listing).items.remove(0)
        }],
        buyer: Buyer {
            second_line: Some("Bâtiment B & C".to_owned()),
            ..Buyer::default()
        },
        note: Some("It's urgent 🎁, e\u{301}te\u{301}: \u{202e}דחוף".to_owned()),
        gift_message: Some("Chin-chin & santé".to_owned()),
        discount: Some("4.80".to_owned()),
        tax: Some("1.20".to_owned()),
        ..Purchase::default()
    };
    let id = market.sandbox.buy(&purchase).unwrap().to_string();
    market.sandbox.clear_requests();
    let order = get(&market, &id).await;
    assert_eq!(market.operations(), ["getShopReceipt"]);
    assert_eq!(order["id"], id);
    let axes = ["payment", "fulfillment", "cancellation", "status_text"];
    assert_eq!(
        axes.map(|axis| order[axis].as_str().unwrap()),
        ["paid", "unshipped", "none", "paid"]
    );
    let buyer = Buyer::default();
    let address = &order["ship_to"];
    assert_eq!(address["name"], buyer.name);
    assert_eq!(
        address["lines"],
        json!([buyer.first_line, "Bâtiment B & C"])
    );
    assert_eq!(
        (&address["city"], &address["country"]),
        (&json!("Paris"), &json!("FR"))
    );
    assert_eq!(order["buyer"]["email"], json!(buyer.email));
    assert_eq!(order["note"], json!(purchase.note));
    assert_eq!(order["gift_message"], "Chin-chin & santé");
    let line = &order["lines"][0];
    assert_eq!(
        line["unit_price"],
        json!({ "amount": "24.00", "currency": "EUR" })
    );
    assert_eq!(
        line["subtotal"],
        json!({ "amount": "48.00", "currency": "EUR" })
    );
    assert_eq!(
        (&line["quantity"], &line["unshipped"], &line["sku"]),
        (&json!(2), &json!(2), &json!("MUG-GOLD"))
    );
    assert_eq!(line["listing_id"], listing.to_string());
    assert_eq!(line["choices"][0]["name"], "Glaze");
    assert_eq!(line["choices"][0]["values"][0]["text"], "Gold rim");
    let answer = line["personalization"][0].as_str().unwrap();
    assert!(answer.ends_with("For <Mom> & \"Dad\""), "{answer}");
    assert_eq!(order["subtotal"]["amount"], "48.00");
    assert_eq!(order["discount"]["amount"], "4.80");
    assert_eq!(order["tax"]["amount"], "1.20");
    let amount = |name: &str| -> f64 { order[name]["amount"].as_str().unwrap().parse().unwrap() };
    let expected = amount("subtotal") - 4.80 + 1.20 + amount("shipping");
    assert!((amount("total") - expected).abs() < 0.001, "{order}");
    assert_eq!(
        (&order["refunded"], &order["shipments"]),
        (&Value::Null, &json!([]))
    );
    assert!(order["ship_by"].as_str().unwrap() > order["created_at"].as_str().unwrap());
}

#[tokio::test]
async fn what_the_world_does_to_an_order_is_seen_on_its_axis() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let axes = async |id: &str| {
        let order = get(&market, id).await;
        let axes = ["payment", "fulfillment", "cancellation"];
        axes.map(|axis| order[axis].as_str().unwrap().to_owned())
    };
    let unpaid = Purchase {
        paid: false,
        ..Purchase::of(listing)
    };
    let unpaid = market.sandbox.buy(&unpaid).unwrap().to_string();
    assert_eq!(axes(&unpaid).await, ["pending", "unshipped", "none"]);
    change(&market, &unpaid, OrderAction::Cancel);
    assert_eq!(axes(&unpaid).await, ["pending", "unshipped", "cancelled"]);
    let paid = buy(&market, listing);
    let part = OrderChange {
        amount: Some("5.00".to_owned()),
        ..OrderChange::new(OrderAction::Refund)
    };
    market
        .sandbox
        .change_order(paid.parse().unwrap(), &part)
        .unwrap();
    assert_eq!(
        axes(&paid).await,
        ["partially_refunded", "unshipped", "none"]
    );
    assert_eq!(get(&market, &paid).await["refunded"]["amount"], "5.00");
    change(&market, &paid, OrderAction::Cancel);
    assert_eq!(axes(&paid).await, ["refunded", "unshipped", "cancelled"]);
    let order = get(&market, &paid).await;
    assert_eq!(order["refunded"], order["total"]);
    assert_eq!(order["lines"][0]["unshipped"], 0);
}

#[tokio::test]
async fn a_withheld_address_is_named_as_such() {
    let market = Market::new().await;
    let purchase = Purchase {
        address_withheld: true,
        ..Purchase::of(mug(&market).await)
    };
    let id = market.sandbox.buy(&purchase).unwrap().to_string();
    let order = get(&market, &id).await;
    let address = &order["ship_to"];
    assert_eq!(address["lines"], json!([]));
    for name in ["city", "postal_code", "country", "formatted"] {
        assert_eq!(address[name], Value::Null, "{name}");
    }
    assert_eq!(order["extension"]["address_withheld"], true);
    let shown = get(&market, &buy(&market, mug(&market).await)).await;
    assert_eq!(shown["extension"]["address_withheld"], Value::Null);
    assert!(!shown["extension"].to_string().contains("seller_email"));
}

#[tokio::test]
async fn each_filter_is_one_request_and_finds_what_it_says() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let unpaid = Purchase {
        paid: false,
        ..Purchase::of(listing)
    };
    let unpaid = market.sandbox.buy(&unpaid).unwrap().to_string();
    let paid = buy(&market, listing);
    let cancelled = buy(&market, listing);
    change(&market, &cancelled, OrderAction::Cancel);
    market.sandbox.advance(Duration::from_secs(3_600));
    let sent = buy(&market, listing);
    let arguments = json!({ "id": sent, "shipment": {} });
    market.call("orders.ship", arguments).await.unwrap();
    let created = get(&market, &sent).await["created_at"].clone();
    for (filter, expected) in [
        (json!({}), vec![&sent, &cancelled, &paid, &unpaid]),
        (json!({ "paid": true }), vec![&sent, &cancelled, &paid]),
        (json!({ "paid": false }), vec![&unpaid]),
        (json!({ "shipped": true }), vec![&sent]),
        (
            json!({ "shipped": false }),
            vec![&cancelled, &paid, &unpaid],
        ),
        (json!({ "cancelled": true }), vec![&cancelled]),
        (json!({ "cancelled": false }), vec![&sent, &paid, &unpaid]),
        (
            json!({ "paid": true, "shipped": false, "cancelled": false }),
            vec![&paid],
        ),
        (json!({ "created_after": created }), vec![&sent]),
        (json!({ "updated_after": created }), vec![&sent]),
        (json!({ "created_after": "2100-01-01T00:00:00Z" }), vec![]),
        (
            json!({ "created_after": "1970-01-01T00:00:00Z" }),
            vec![&sent, &cancelled, &paid, &unpaid],
        ),
    ] {
        let found = list(&market, json!({ "filter": filter })).await;
        assert_eq!(ids(&found).iter().collect::<Vec<_>>(), expected, "{filter}");
        assert_eq!(found["total"], expected.len(), "{filter}");
        assert_eq!(found["next"], Value::Null, "{filter}");
        assert_eq!(market.operations(), ["getShopReceipts"], "{filter}");
    }
}

#[tokio::test]
async fn a_list_and_a_single_read_say_the_same() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let id = buy(&market, listing);
    let found = list(&market, json!({})).await;
    assert_eq!(found["items"][0], get(&market, &id).await);
}

/// Reads a list to its end, page by page; `between` is done after each page.
async fn walk(
    market: &Market,
    filter: &Value,
    limit: usize,
    mut between: impl AsyncFnMut(usize),
) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    for page in 0..50 {
        let arguments = json!({ "filter": filter, "page": { "limit": limit, "cursor": cursor } });
        let found = list(market, arguments).await;
        assert_eq!(market.operations().len(), 1);
        let items = ids(&found);
        assert!(items.len() <= limit, "{found}");
        seen.extend(items);
        cursor = found["next"].clone();
        if cursor == Value::Null {
            return seen;
        }
        between(page).await;
    }
    panic!("the list by {limit} does not end");
}

#[tokio::test]
async fn pages_hold_every_order_once_whatever_the_limit() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let mut expected = Vec::new();
    for pause in [0, 0, 0, 5, 0, 7, 3, 0] {
        market.sandbox.advance(Duration::from_secs(pause));
        expected.insert(0, buy(&market, listing));
    }
    for limit in [1, 2, 3, 7, 100] {
        let seen = walk(&market, &json!({}), limit, async |_| ()).await;
        assert_eq!(seen, expected, "by {limit}");
    }
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_hides_and_repeats_nothing() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let mut expected = Vec::new();
    for _ in 0..9 {
        market.sandbox.advance(Duration::from_secs(2));
        expected.insert(0, buy(&market, listing));
    }
    market.sandbox.advance(Duration::from_secs(60));
    let filter = json!({ "shipped": false });
    // After each page one that was on it leaves the list, and a new order comes.
    let seen = walk(&market, &filter, 3, async |page: usize| {
        let arguments = json!({ "id": expected[page * 3], "shipment": {} });
        market.call("orders.ship", arguments).await.unwrap();
        buy(&market, listing);
    });
    assert_eq!(seen.await, expected);
}

#[tokio::test]
async fn more_orders_of_one_second_than_a_page_holds_are_all_seen() {
    let market = Market::new().await;
    let listing = mug(&market).await;
    let mut expected: Vec<String> = (0..230).map(|_| buy(&market, listing)).collect();
    let mut seen = walk(&market, &json!({}), 100, async |_| ()).await;
    expected.sort();
    seen.sort();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_order_or_a_cursor_that_does_not_exist_is_named() {
    let market = Market::new().await;
    for id in ["999999999", "no id", "", "1/tracking"] {
        let problem = market.call("orders.get", json!({ "id": id })).await;
        assert_eq!(problem.unwrap_err().kind(), ProblemKind::NotFound, "{id}");
    }
    let listing = mug(&market).await;
    for _ in 0..2 {
        buy(&market, listing);
    }
    let first = list(&market, json!({ "page": { "limit": 1 } })).await;
    market.sandbox.clear_requests();
    for (filter, cursor) in [
        (json!({}), json!("nonsense")),
        (json!({}), json!("")),
        (json!({ "paid": true }), first["next"].clone()),
    ] {
        let arguments = json!({ "filter": filter, "page": { "cursor": cursor } });
        let problem = market.call("orders.list", arguments).await.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
        assert_eq!(paths(&problem), ["/page/cursor"], "{problem:?}");
    }
    assert!(market.sandbox.requests().is_empty());
}

#[tokio::test]
async fn replies_that_cannot_be_read_are_no_empty_list() {
    let market = Market::new().await;
    let id = buy(&market, mug(&market).await);
    let always = |kind| Fault::new(kind).times(1_000);
    for (kind, expected) in [
        (FaultKind::Empty, ProblemKind::Unexpected),
        (FaultKind::Html, ProblemKind::Unavailable),
        (FaultKind::CutBefore, ProblemKind::Unavailable),
    ] {
        market.sandbox.inject(always(kind)).unwrap();
        for (function, arguments) in [
            ("orders.list", json!({})),
            ("orders.get", json!({ "id": id })),
        ] {
            let problem = market.call(function, arguments).await.unwrap_err();
            assert_eq!(problem.kind(), expected, "{function} {kind:?}: {problem:?}");
        }
        market.sandbox.clear_faults();
    }
}
