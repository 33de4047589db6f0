//! Buyers and their orders: what is bought, and how a receipt shows it and is found.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stoflow_sandbox::{Buyer, OrderAction, OrderChange, Purchase, PurchaseItem};

use crate::harness::{Answer, World, custom_product};

/// A purchase that goes to a country.
pub(crate) fn to(country: &str, listing: i64) -> Purchase {
    Purchase {
        buyer: Buyer {
            country: country.to_owned(),
            ..Buyer::default()
        },
        ..Purchase::of(listing)
    }
}

/// A receipt as its seller reads it.
pub(crate) async fn receipt(world: &World, id: i64) -> Value {
    let path = world.shop(&format!("/receipts/{id}"));
    world.get(&path).await.expect(200).json()
}

/// The ids that a query finds, in its order.
pub(crate) async fn found(world: &World, query: &str) -> Vec<i64> {
    let path = world.shop(&format!("/receipts?{query}"));
    let page = world.get(&path).await.expect(200).json();
    let results = page["results"].as_array().unwrap();
    results
        .iter()
        .map(|it| it["receipt_id"].as_i64().unwrap())
        .collect()
}

/// Tells of a parcel.
pub(crate) async fn ship(world: &World, id: i64, body: &Value) -> Answer {
    let path = world.shop(&format!("/receipts/{id}/tracking"));
    world
        .send(world.request(Method::POST, &path).json(body))
        .await
}

/// What is told of a parcel as a rule.
pub(crate) fn tracking() -> Value {
    json!({ "carrier_name": "colissimo", "tracking_code": "6A123" })
}

#[tokio::test]
async fn a_purchase_becomes_a_receipt_and_the_stock_falls() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let body = json!({ "items": [{ "listing_id": listing, "quantity": 2 }], "note": "<3 it's" });
    let bought = world
        .control(Method::POST, "orders", &body)
        .await
        .expect(200);
    let id = bought.json()["receipt_id"].as_i64().unwrap();
    let receipt = receipt(&world, id).await;
    assert_eq!(
        (
            &receipt["status"],
            &receipt["is_paid"],
            &receipt["is_shipped"]
        ),
        (&json!("paid"), &json!(true), &json!(false))
    );
    // Two mugs of 18.50, and to the buyer's own country 5.00 and 2.00 for the second.
    for (total, amount) in [
        ("total_price", 3700),
        ("total_shipping_cost", 700),
        ("subtotal", 3700),
        ("grandtotal", 4400),
    ] {
        let money = json!({ "amount": amount, "divisor": 100, "currency_code": "EUR" });
        assert_eq!(receipt[total], money, "{total}");
    }
    let sale = &receipt["transactions"][0];
    assert_eq!(
        (&sale["quantity"], &sale["price"]["amount"]),
        (&json!(2), &json!(1850))
    );
    assert_eq!(sale["listing_id"], listing);
    assert_eq!(
        (&sale["min_processing_days"], &sale["max_processing_days"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(world.read(listing).await["quantity"], 3);
    assert_eq!(world.sandbox.state()["receipts"][0]["receipt_id"], id);
}

#[tokio::test]
async fn what_people_write_stands_in_html_entities() {
    let world = World::start().await;
    let listing = world.active(&[("title", "Nora's mug")]).await;
    let purchase = Purchase {
        note: Some("<3 \"this\"".to_owned()),
        gift_message: Some("Tom & Ann".to_owned()),
        ..Purchase::of(listing)
    };
    let id = world.sandbox.buy(&purchase).unwrap();
    let receipt = receipt(&world, id).await;
    assert_eq!(receipt["name"], "Nora O&#39;Connell");
    assert_eq!(receipt["message_from_buyer"], "&lt;3 &quot;this&quot;");
    assert_eq!(receipt["gift_message"], "Tom &amp; Ann");
    assert_eq!(receipt["is_gift"], true);
    assert_eq!(receipt["transactions"][0]["title"], "Nora&#39;s mug");
    assert_eq!(
        receipt["formatted_address"],
        "Nora O&#39;Connell\n12 rue de l&#39;Échiquier\n75010 Paris\nFR"
    );
}

#[tokio::test]
async fn a_withheld_address_is_null_and_the_name_is_not() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let purchase = Purchase {
        address_withheld: true,
        buyer: Buyer {
            email: None,
            ..Buyer::default()
        },
        ..Purchase::of(listing)
    };
    let id = world.sandbox.buy(&purchase).unwrap();
    let receipt = receipt(&world, id).await;
    for field in [
        "first_line",
        "second_line",
        "city",
        "state",
        "zip",
        "country_iso",
        "formatted_address",
        "buyer_email",
    ] {
        assert_eq!(receipt[field], Value::Null, "{field}");
    }
    assert_eq!(receipt["name"], "Nora O&#39;Connell");
}

#[tokio::test]
async fn variations_and_answers_are_as_they_were_bought() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let mut blue = custom_product("Blue", 10.0, 3);
    blue["sku"] = json!("MUG-BLUE");
    let body = json!({
        "products": [custom_product("Red", 12.0, 3), blue],
        "price_on_property": [513], "quantity_on_property": [513], "sku_on_property": [513],
    });
    let inventory = world.put_inventory(listing, &body).await.expect(200).json();
    let product = inventory["products"][1]["product_id"].as_i64();
    let item = PurchaseItem {
        listing_id: listing,
        product_id: product,
        quantity: 1,
        personalization: vec!["For Zoë".to_owned()],
    };
    let purchase = Purchase {
        items: vec![item],
        ..Purchase::default()
    };
    let id = world.sandbox.buy(&purchase).unwrap();
    let single = json!({ "products": [custom_product("Green", 9.0, 1)] });
    world.put_inventory(listing, &single).await.expect(200);
    let receipt = receipt(&world, id).await;
    let sale = &receipt["transactions"][0];
    assert_eq!(
        (&sale["sku"], &sale["product_id"]),
        (&json!("MUG-BLUE"), &json!(product))
    );
    assert_eq!(sale["price"]["amount"], 1000);
    assert_eq!(sale["product_data"][0]["values"], json!(["Blue"]));
    let variations = sale["variations"].as_array().unwrap();
    assert_eq!(variations.len(), 2);
    assert_eq!(
        (
            &variations[0]["property_id"],
            &variations[0]["formatted_value"]
        ),
        (&json!(513), &json!("Blue"))
    );
    assert_eq!(
        (
            &variations[1]["property_id"],
            &variations[1]["formatted_value"]
        ),
        (&json!(54), &json!("For Zoë"))
    );
}

#[tokio::test]
async fn only_the_shelf_that_was_bought_from_gets_emptier() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let body = json!({
        "products": [custom_product("Red", 12.0, 3), custom_product("Blue", 12.0, 4)],
        "quantity_on_property": [513],
    });
    world.put_inventory(listing, &body).await.expect(200);
    world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let path = format!("/v3/application/listings/{listing}/inventory");
    let left = |inventory: &Value| -> Vec<Value> {
        let products = inventory["products"].as_array().unwrap();
        products
            .iter()
            .map(|it| it["offerings"][0]["quantity"].clone())
            .collect()
    };
    let inventory = world.get(&path).await.expect(200).json();
    assert_eq!(left(&inventory), [json!(2), json!(4)]);
    let body =
        json!({ "products": [custom_product("Red", 12.0, 3), custom_product("Blue", 12.0, 3)] });
    world.put_inventory(listing, &body).await.expect(200);
    world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let inventory = world.get(&path).await.expect(200).json();
    assert_eq!(left(&inventory), [json!(2), json!(2)]);
}

#[tokio::test]
async fn the_last_piece_sells_the_listing_out() {
    let world = World::start().await;
    let listing = world.active(&[("quantity", "1")]).await;
    world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let shown = world.read(listing).await;
    assert_eq!(
        (&shown["state"], &shown["quantity"]),
        (&json!("sold_out"), &json!(0))
    );
    let error = world.sandbox.buy(&Purchase::of(listing)).unwrap_err();
    assert!(error.to_string().contains("sold_out"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_bought_changes_nothing() {
    let world = World::start().await;
    let (listing, draft) = (world.active(&[]).await, world.draft(&[]).await);
    for wrong in [
        json!({ "items": [] }),
        json!({ "items": [{ "listing_id": 5 }] }),
        json!({ "items": [{ "listing_id": draft }] }),
        json!({ "items": [{ "listing_id": listing, "quantity": 6 }] }),
        json!({ "items": [{ "listing_id": listing, "quantity": 3 },
                          { "listing_id": listing, "quantity": 3 }] }),
        json!({ "items": [{ "listing_id": listing, "quantity": 0 }] }),
        json!({ "items": [{ "listing_id": listing, "quantity": i64::MAX }] }),
        json!({ "items": [{ "listing_id": listing }], "tax": "1e14" }),
        json!({ "items": [{ "listing_id": listing, "product_id": 5 }] }),
        json!({ "items": [{ "listing_id": listing }], "buyer": { "country": "France" } }),
        json!({ "items": [{ "listing_id": listing }], "discount": "a lot" }),
        json!({ "items": [{ "listing_id": listing }], "discount": "18.51" }),
        json!({ "listing_id": listing }),
    ] {
        let answer = world.control(Method::POST, "orders", &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    assert_eq!(world.read(listing).await["quantity"], 5);
    assert_eq!(world.sandbox.state()["receipts"], json!([]));
}

#[tokio::test]
async fn receipts_are_found_by_what_happened_to_them() {
    let world = World::start().await;
    let listing = world.active(&[("quantity", "9")]).await;
    let buy = |paid: bool| {
        let purchase = Purchase {
            paid,
            ..Purchase::of(listing)
        };
        world.sandbox.buy(&purchase).unwrap()
    };
    let (open, paid, sent, canceled) = (buy(false), buy(true), buy(true), buy(true));
    ship(&world, sent, &tracking()).await.expect(200);
    let change = |id: i64, action| {
        let change = OrderChange::new(action);
        world.sandbox.change_order(id, &change).unwrap();
    };
    change(canceled, OrderAction::Cancel);
    let asc = "sort_on=receipt_id&sort_order=asc";
    for (query, expected) in [
        ("was_paid=false", vec![open]),
        ("was_paid=true", vec![paid, sent, canceled]),
        ("was_shipped=true", vec![sent]),
        ("was_shipped=false", vec![open, paid, canceled]),
        ("was_canceled=true", vec![canceled]),
        ("was_canceled=false&was_paid=true", vec![paid, sent]),
        ("was_delivered=true", vec![]),
        ("", vec![open, paid, sent, canceled]),
    ] {
        assert_eq!(
            found(&world, &format!("{asc}&{query}")).await,
            expected,
            "{query}"
        );
    }
    change(sent, OrderAction::Deliver);
    assert_eq!(found(&world, "was_delivered=true").await, [sent]);
}

#[tokio::test]
async fn receipts_are_found_by_time_sorted_and_paged() {
    let world = World::start().await;
    let listing = world.active(&[("quantity", "9")]).await;
    let mut bought = Vec::new();
    for _ in 0..3 {
        bought.push(world.sandbox.buy(&Purchase::of(listing)).unwrap());
        world.sandbox.advance(Duration::from_secs(600));
    }
    assert_eq!(found(&world, "").await, [bought[2], bought[1], bought[0]]);
    assert_eq!(found(&world, "sort_order=up").await, bought);
    assert_eq!(found(&world, "limit=1&offset=1").await, [bought[1]]);
    let middle = receipt(&world, bought[1]).await["created_timestamp"].clone();
    assert_eq!(
        found(&world, &format!("min_created={middle}")).await,
        [bought[2], bought[1]]
    );
    let only = format!("min_created={middle}&max_created={middle}");
    assert_eq!(found(&world, &only).await, [bought[1]]);
    ship(&world, bought[0], &tracking()).await.expect(200);
    let since = middle.as_i64().unwrap() + 1100;
    let query = format!("min_last_modified={since}&sort_on=updated");
    assert_eq!(found(&world, &query).await, [bought[0]]);
    let query = format!("max_last_modified={middle}");
    assert_eq!(found(&world, &query).await, [bought[1]]);
    let path = world.shop("/receipts?limit=2");
    let page = world.get(&path).await.expect(200).json();
    assert_eq!(
        (&page["count"], page["results"].as_array().unwrap().len()),
        (&json!(3), 2)
    );
    for wrong in [
        "min_created=2000000000&max_created=1000000000",
        "min_last_modified=2000000000&max_last_modified=1000000000",
        "min_created=946684799",
        "sort_on=price",
        "was_paid=maybe",
        "offset=12001",
    ] {
        world
            .get(&world.shop(&format!("/receipts?{wrong}")))
            .await
            .expect(400);
    }
}

#[tokio::test]
async fn receipts_are_their_sellers_alone() {
    let mut world = World::start().await;
    let listing = world.active(&[]).await;
    let id = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let path = world.shop(&format!("/receipts/{id}"));
    world.get(&world.shop("/receipts/5")).await.expect(404);
    let scopes = ["transactions_r"];
    let narrow = world.sandbox.issue_tokens(world.seller.user_id, &scopes);
    world.token = narrow.unwrap().access_token;
    world.get(&path).await.expect(200);
    ship(&world, id, &tracking()).await.expect(403);
    let wrong = world
        .sandbox
        .issue_tokens(world.seller.user_id, &["listings_r"]);
    world.token = wrong.unwrap().access_token;
    world.get(&path).await.expect(403);
    let world = world.signed_in_as(1);
    world.get(&path).await.expect(403);
    world
        .get(&world.shop(&format!("/receipts/{id}")))
        .await
        .expect(404);
}

#[tokio::test]
async fn amounts_are_of_the_shops_currency() {
    let world = World::start().await.signed_in_as(2);
    let own = [
        ("price", "1200"),
        ("shipping_profile_id", "60003"),
        ("readiness_state_id", "70003"),
        ("return_policy_id", "80003"),
    ];
    let listing = world.active(&own).await;
    let purchase = Purchase {
        discount: Some("100".to_owned()),
        tax: Some("60".to_owned()),
        ..to("JP", listing)
    };
    let id = world.sandbox.buy(&purchase).unwrap();
    let receipt = receipt(&world, id).await;
    let yen = |amount: i64| json!({ "amount": amount, "divisor": 1, "currency_code": "JPY" });
    assert_eq!(receipt["total_price"], yen(1200));
    assert_eq!(
        (&receipt["subtotal"], &receipt["discount_amt"]),
        (&yen(1100), &yen(100))
    );
    // The profile asks 750 yen within the country.
    assert_eq!(receipt["grandtotal"], yen(1100 + 60 + 750));
    assert_eq!(receipt["transactions"][0]["shop_coupon"], 100.0);
}

#[tokio::test]
async fn answers_name_the_questions_that_the_seller_asks() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let question = json!({
        "question_text": "Which name?", "question_type": "text_input", "required": false,
        "max_allowed_characters": 20,
    });
    let body = json!({ "personalization_questions": [question] });
    let path = world.listing(listing, "/personalization");
    let asked = world
        .send(world.request(Method::POST, &path).json(&body))
        .await;
    let asked = asked.expect(201).json();
    let item = PurchaseItem {
        listing_id: listing,
        personalization: vec!["Zoë".to_owned(), "in red".to_owned()],
        ..PurchaseItem::default()
    };
    let purchase = Purchase {
        items: vec![item],
        ..Purchase::default()
    };
    let id = world.sandbox.buy(&purchase).unwrap();
    let receipt = receipt(&world, id).await;
    let variations = &receipt["transactions"][0]["variations"];
    let question = &asked["personalization_questions"][0]["question_id"];
    assert_eq!(
        variations[0],
        json!({ "property_id": 54, "value_id": null, "formatted_name": "Which name?",
                "formatted_value": "Zoë", "question_id": question })
    );
    assert_eq!(
        (
            &variations[1]["formatted_name"],
            &variations[1]["question_id"]
        ),
        (&json!("Personalization"), &Value::Null)
    );
}

#[tokio::test]
async fn a_seller_sees_the_buyers_of_the_shop_and_nobody_elses() {
    let world = World::start().await;
    let listing = world.active(&[]).await;
    let id = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    let buyer = receipt(&world, id).await["buyer_user_id"].clone();
    let path = format!("/v3/application/users/{buyer}");
    let user = world.get(&path).await.expect(200).json();
    assert_eq!(
        (&user["first_name"], &user["last_name"]),
        (&json!("Nora"), &json!("O&#39;Connell"))
    );
    let again = world.sandbox.buy(&Purchase::of(listing)).unwrap();
    assert_eq!(receipt(&world, again).await["buyer_user_id"], buyer);
    world.signed_in_as(1).get(&path).await.expect(404);
}
