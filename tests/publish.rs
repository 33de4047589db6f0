//! Publishing: what a product says is what the marketplace's listing holds.

use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_sandbox::{Fault, FaultKind};

use crate::market::{Market, coats, example, examples, id_of};

/// Holds a sandbox's listing against the product that it was made from: every field, the bytes and
/// the order of the images, all variations.
pub fn holds_the_product(
    market: &Market,
    listing: &Value,
    product: &Value,
    state: &str,
    what: &str,
) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    assert_eq!(listing["state"], state, "{what}");
    assert_eq!(listing["title"], product["title"], "{what}");
    assert_eq!(
        listing["description"], product["description"]["plain"],
        "{what}"
    );
    assert_eq!(
        listing["taxonomy_id"].to_string(),
        text(&product["category"]),
        "{what}"
    );
    assert_eq!(listing["tags"], product["tags"], "{what}");
    assert_eq!(listing["materials"], product["materials"], "{what}");
    for name in ["who_made", "when_made", "is_supply"] {
        assert_eq!(listing[name], product["extension"][name], "{what}: {name}");
    }
    if let Some(weight) = product.get("weight") {
        assert_eq!(
            listing["item_weight"].as_f64(),
            text(&weight["value"]).parse().ok(),
            "{what}"
        );
        assert_eq!(listing["item_weight_unit"], weight["unit"], "{what}");
    }
    if let Some(dimensions) = product.get("dimensions") {
        for side in ["length", "width", "height"] {
            let there = listing[format!("item_{side}").as_str()].as_f64();
            assert_eq!(
                there,
                text(&dimensions[side]).parse().ok(),
                "{what}: {side}"
            );
        }
    }
    holds_the_images(market, listing, product, what);
    holds_the_variations(listing, product, what);
}

fn holds_the_images(market: &Market, listing: &Value, product: &Value, what: &str) {
    let there = listing["images"].as_array().unwrap();
    let wanted = product["images"].as_array().unwrap();
    assert_eq!(there.len(), wanted.len(), "{what}: images");
    for (index, (image, want)) in there.iter().zip(wanted).enumerate() {
        assert_eq!(image["rank"], index + 1, "{what}");
        assert_eq!(image["alt_text"], want["alt_text"], "{what}");
        let name = want["source"]
            .as_str()
            .unwrap()
            .strip_prefix("asset:")
            .unwrap();
        let bytes = std::fs::read(examples().join(name)).unwrap();
        let stored = market
            .sandbox
            .image(image["listing_image_id"].as_i64().unwrap())
            .unwrap();
        assert!(
            stored == bytes,
            "{what}: image {index} has other bytes than {name}"
        );
    }
}

fn holds_the_variations(listing: &Value, product: &Value, what: &str) {
    let there = listing["inventory"]["products"].as_array().unwrap();
    let wanted = product["variations"].as_array().unwrap();
    assert_eq!(there.len(), wanted.len(), "{what}: variations");
    for (product, want) in there.iter().zip(wanted) {
        assert_eq!(product["sku"], want["sku"], "{what}");
        let offering = &product["offerings"][0];
        let price = &offering["price"];
        let amount = price["amount"].as_f64().unwrap() / price["divisor"].as_f64().unwrap();
        assert_eq!(
            format!("{amount:.2}"),
            want["price"]["amount"].as_str().unwrap(),
            "{what}"
        );
        assert_eq!(price["currency_code"], want["price"]["currency"], "{what}");
        assert_eq!(offering["quantity"], want["quantity"], "{what}");
        let choices = want["choices"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let values = product["property_values"].as_array().unwrap();
        assert_eq!(values.len(), choices.len(), "{what}: choices");
        for (value, choice) in values.iter().zip(choices) {
            assert_eq!(value["property_name"], choice["name"], "{what}");
            assert_eq!(value["values"][0], choice["values"][0]["text"], "{what}");
        }
    }
}

#[tokio::test]
async fn a_listing_holds_exactly_what_the_product_says() {
    let market = Market::new().await;
    for (index, (name, target)) in [("coat", "active"), ("mug", "active"), ("poster", "draft")]
        .into_iter()
        .enumerate()
    {
        let product = example(name);
        let done = market.publish(name, &product, target).await.unwrap();
        assert_eq!(done["listing"]["state"], target, "{done}");
        let listings = market.listings();
        assert_eq!(listings.len(), index + 1);
        holds_the_product(&market, &listings[index], &product, target, name);
    }
}

#[tokio::test]
async fn creating_a_key_twice_yields_one_listing() {
    let market = Market::new().await;
    let first = market
        .publish("k", &example("mug"), "active")
        .await
        .unwrap();
    let second = market
        .publish("k", &example("mug"), "active")
        .await
        .unwrap();
    assert_eq!(first["listing"]["id"], second["listing"]["id"]);
    assert_eq!(market.listings().len(), 1);
}

#[tokio::test]
async fn a_product_that_breaks_the_rules_is_told_all_of_them_and_nothing_is_sent() {
    let market = Market::new().await;
    let mut product = example("mug");
    product["title"] = json!("x".repeat(141));
    product["tags"] = json!(["fine", "half-price!"]);
    product["variations"][0]["price"]["amount"] = json!("0.10");
    let problem = market.publish("k", &product, "active").await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
    let paths: Vec<_> = problem
        .violations
        .iter()
        .map(|violation| violation.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "/product/title",
            "/product/tags/1",
            "/product/variations/0/price"
        ],
        "{problem:?}"
    );
    assert!(
        market.sandbox.requests().is_empty(),
        "{:?}",
        market.operations()
    );
}

/// Holds what a publication has answered against what is read afterwards.
async fn is_what_is_there(market: &Market, done: &Value, what: &str) {
    let id = id_of(&done["listing"]);
    let read = market.call("listings.get", json!({ "id": id }));
    for (name, value) in read.await.unwrap().as_object().unwrap() {
        // The reply to an activation has nothing of views and videos: nobody can have them yet.
        if name != "extension" {
            assert_eq!(done["listing"][name], *value, "{what}: {name}");
        }
    }
    let inventory = market.call("listings.get_inventory", json!({ "id": id }));
    let variations = &inventory.await.unwrap()["variations"];
    assert_eq!(done["variations"], *variations, "{what}");
}

#[tokio::test]
async fn what_a_publication_answers_is_what_is_read_afterwards() {
    let market = Market::new().await;
    for (name, product) in [
        ("coat", example("coat")),
        ("coats", coats()),
        ("mug", example("mug")),
    ] {
        for target in ["active", "draft"] {
            let key = format!("{name} {target}");
            let done = market.publish(&key, &product, target).await.unwrap();
            is_what_is_there(&market, &done, &key).await;
        }
    }
}

#[tokio::test]
async fn a_publication_that_lost_a_reply_answers_what_is_there() {
    for kind in [FaultKind::ErrorAfter, FaultKind::Cut, FaultKind::Empty] {
        for operation in [
            "uploadListingImage",
            "updateListingInventory",
            "updateListing",
        ] {
            let market = Market::new().await;
            let what = format!("{kind:?} at {operation}");
            market
                .sandbox
                .inject(Fault::new(kind).on(operation))
                .unwrap();
            let coat = example("coat");
            let mut done = market.publish("coat", &coat, "active").await;
            if done.is_err() {
                done = market.publish("coat", &coat, "active").await;
            }
            let hit = market
                .sandbox
                .requests()
                .iter()
                .any(|it| it.fault.is_some());
            assert!(hit, "{what} has hit nothing");
            is_what_is_there(&market, &done.unwrap(), &what).await;
        }
    }
}

#[tokio::test]
async fn the_order_of_images_is_asked_for_with_the_activation() {
    let market = Market::with(|options| options.keep_bodies = true, |_| ()).await;
    let done = market.publish("k", &example("coat"), "active").await;
    let done = done.unwrap();
    let ids = done["listing"]["images"].as_array().unwrap().iter();
    let ids: Vec<_> = ids.map(|image| image["id"].as_str().unwrap()).collect();
    let requests = market.sandbox.requests();
    let expected = format!("state=active&image_ids={}", ids.join("%2C"));
    let last = requests.last().unwrap();
    assert_eq!(last.request_body.as_deref(), Some(expected.as_str()));
}
