//! What is on the marketplace, read and read back: pages of it, single listings, what they say as a
//! product, their inventory and images.

use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;

use crate::market::{Market, coats, example, id_of, paths};

/// Every state that a seller's listing can be in and be listed by.
const STATES: [&str; 5] = ["active", "paused", "draft", "sold_out", "expired"];

/// A shop with one listing in each state, and a second draft; the ids by state.
async fn shop_of_every_state(market: &Market) -> Vec<(&'static str, Vec<String>)> {
    let mut ids = Vec::new();
    for state in STATES {
        let target = if state == "draft" { "draft" } else { "active" };
        let id = market.listing(state, "poster", target).await;
        let number = id.parse().unwrap();
        match state {
            "paused" => {
                let pause = json!({ "listing_id": id });
                market.call("publish.pause", pause).await.unwrap();
            }
            "sold_out" | "expired" => market.sandbox.set_listing_state(number, state).unwrap(),
            _ => {}
        }
        ids.push((state, vec![id]));
    }
    let second = market.listing("second draft", "poster", "draft").await;
    ids[2].1.push(second);
    market.sandbox.clear_requests();
    ids
}

async fn page(market: &Market, arguments: Value) -> Value {
    market.call("listings.list", arguments).await.unwrap()
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(id_of).collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

#[tokio::test]
async fn a_small_shop_is_seen_whole_in_one_page() {
    let market = Market::new().await;
    let known = shop_of_every_state(&market).await;
    let all = page(&market, json!({})).await;
    let expected = known.iter().flat_map(|(_, ids)| ids.clone()).collect();
    assert_eq!(sorted(ids(&all)), sorted(expected));
    assert_eq!((&all["next"], &all["total"]), (&Value::Null, &json!(6)));
    assert_eq!(market.operations().len(), STATES.len());
    let states: Vec<_> = all["items"].as_array().unwrap().iter().collect();
    let states: Vec<_> = states.iter().map(|item| &item["state"]).collect();
    assert_eq!(
        states,
        ["active", "paused", "draft", "draft", "sold_out", "expired"]
    );
}

#[tokio::test]
async fn a_shop_without_listings_is_an_empty_page() {
    let market = Market::new().await;
    let all = page(&market, json!({})).await;
    assert_eq!(all["items"], json!([]));
    assert_eq!((&all["next"], &all["total"]), (&Value::Null, &json!(0)));
}

#[tokio::test]
async fn listings_of_one_state_take_one_request() {
    let market = Market::new().await;
    for (state, expected) in shop_of_every_state(&market).await {
        market.sandbox.clear_requests();
        let found = page(&market, json!({ "state": state })).await;
        assert_eq!(sorted(ids(&found)), sorted(expected.clone()), "{state}");
        assert_eq!(found["total"], expected.len(), "{state}");
        assert_eq!(found["next"], Value::Null, "{state}");
        assert_eq!(market.operations(), ["getListingsByShop"], "{state}");
        for listing in found["items"].as_array().unwrap() {
            assert_eq!(listing["state"], state, "{listing}");
        }
    }
    // Etsy tells of no such listings.
    let blocked = page(&market, json!({ "state": "blocked" })).await;
    assert_eq!(
        (&blocked["items"], &blocked["total"]),
        (&json!([]), &json!(0))
    );
}

#[tokio::test]
async fn pages_of_all_walk_to_the_end_without_missing_or_repeating_one() {
    let market = Market::new().await;
    let known = shop_of_every_state(&market).await;
    let expected: Vec<_> = known.into_iter().flat_map(|(_, ids)| ids).collect();
    for limit in 1..=7 {
        let mut seen = Vec::new();
        let mut cursor = Value::Null;
        for _ in 0..20 {
            let found = page(
                &market,
                json!({ "page": { "limit": limit, "cursor": cursor } }),
            )
            .await;
            let items = ids(&found);
            assert!(items.len() <= limit, "{found}");
            let total = &found["total"];
            assert!(*total == Value::Null || *total == json!(6), "{total}");
            seen.extend(items);
            cursor = found["next"].clone();
            if cursor == Value::Null {
                break;
            }
        }
        assert_eq!(cursor, Value::Null, "the walk by {limit} does not end");
        assert_eq!(sorted(seen), sorted(expected.clone()), "by {limit}");
    }
}

#[tokio::test]
async fn pages_of_one_state_go_on_by_their_cursor() {
    let market = Market::new().await;
    let known = shop_of_every_state(&market).await;
    let first = page(&market, json!({ "state": "draft", "page": { "limit": 1 } })).await;
    assert_eq!(first["total"], 2);
    let next = json!({ "limit": 1, "cursor": first["next"] });
    let second = page(&market, json!({ "state": "draft", "page": next })).await;
    let seen = [ids(&first), ids(&second)].concat();
    assert_eq!(sorted(seen), sorted(known[2].1.clone()));
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn a_cursor_that_is_nonsense_is_named() {
    let market = Market::new().await;
    for (state, cursor) in [
        (Value::Null, "nonsense"),
        (Value::Null, ""),
        (Value::Null, "9.all.active.0"),
        (json!("draft"), "1.one.active.0"),
    ] {
        let arguments = json!({ "state": state, "page": { "cursor": cursor } });
        let problem = market.call("listings.list", arguments).await.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
        assert_eq!(paths(&problem), ["/page/cursor"], "{problem:?}");
    }
    assert!(market.sandbox.requests().is_empty());
}

#[tokio::test]
async fn one_listing_is_the_one_of_the_list() {
    let market = Market::new().await;
    let id = market.listing("k", "mug", "active").await;
    let one = market
        .call("listings.get", json!({ "id": id }))
        .await
        .unwrap();
    let all = page(&market, json!({})).await;
    assert_eq!(all["items"][0]["images"], one["images"]);
    for name in ["title", "state", "price", "quantity", "skus", "tags", "url"] {
        assert_eq!(all["items"][0][name], one[name], "{name}");
    }
    assert_eq!(one["title"], example("mug")["title"]);
    assert_eq!(
        one["price"],
        json!({ "amount": "18.50", "currency": "EUR" })
    );
    assert_eq!(one["quantity"], 9);
    assert_eq!(
        one["skus"],
        json!(["MUG-BLUE", "MUG-GREEN", "MUG-WHITE", "MUG-GOLD"])
    );
}

#[tokio::test]
async fn of_many_those_that_exist_come_in_the_order_asked_for() {
    let market = Market::new().await;
    let mug = market.listing("mug", "mug", "active").await;
    let poster = market.listing("poster", "poster", "draft").await;
    market.sandbox.clear_requests();
    let asked = json!([poster, "999999999", "no id", mug, poster]);
    let found = market.call("listings.get_many", json!({ "ids": asked }));
    let found = found.await.unwrap();
    let found: Vec<_> = found.as_array().unwrap().iter().map(id_of).collect();
    assert_eq!(found, [poster, mug]);
    assert_eq!(market.operations(), ["getListingsByListingIds"]);
    let none = market.call("listings.get_many", json!({ "ids": [] })).await;
    assert_eq!(none.unwrap(), json!([]));
    assert_eq!(market.operations().len(), 1);
}

#[tokio::test]
async fn a_product_that_was_read_writes_nothing() {
    let market = Market::new().await;
    let products = [
        ("coat", example("coat"), "active"),
        ("mug", example("mug"), "active"),
        ("poster", example("poster"), "draft"),
        ("coats", coats(), "active"),
    ];
    for (name, product, target) in products {
        let done = market.publish(name, &product, target).await.unwrap();
        let id = id_of(&done["listing"]);
        let read = market
            .call("listings.get_product", json!({ "id": id }))
            .await
            .unwrap();
        let before = market.held(&id);
        market.sandbox.clear_requests();
        let update = json!({ "listing_id": id, "product": read });
        let updated = market.call("publish.update", update).await.unwrap();
        assert_eq!(market.writes(), Vec::<String>::new(), "{name}");
        assert_eq!(market.held(&id), before, "{name}");
        assert_eq!(updated["warnings"], json!([]), "{name}");
        assert_eq!(updated["listing"]["id"], id, "{name}");
    }
}

#[tokio::test]
async fn a_product_that_was_read_says_what_was_published() {
    let market = Market::new().await;
    let product = coats();
    let done = market.publish("k", &product, "active").await.unwrap();
    let id = id_of(&done["listing"]);
    let read = market.call("listings.get_product", json!({ "id": id }));
    let read = read.await.unwrap();
    for name in [
        "title",
        "description",
        "category",
        "tags",
        "materials",
        "weight",
        "dimensions",
    ] {
        assert_eq!(read[name], product[name], "{name}");
    }
    let variations = read["variations"].as_array().unwrap();
    let wanted = product["variations"].as_array().unwrap();
    assert_eq!(variations.len(), wanted.len());
    for (variation, want) in variations.iter().zip(wanted) {
        for name in ["sku", "price", "quantity"] {
            assert_eq!(variation[name], want[name], "{name} of {variation}");
        }
        let hidden = want["hidden"].as_bool().unwrap_or_default();
        assert_eq!(variation["hidden"], hidden, "{variation}");
        for (choice, want) in variation["choices"]
            .as_array()
            .unwrap()
            .iter()
            .zip(want["choices"].as_array().unwrap())
        {
            assert_eq!(choice["name"], want["name"]);
            assert_eq!(choice["values"][0]["text"], want["values"][0]["text"]);
        }
    }
    // The image that both red ones show, and the one that both black ones show.
    let shown: Vec<_> = variations.iter().map(|it| &it["images"][0]["id"]).collect();
    let images: Vec<_> = read["images"].as_array().unwrap().iter().collect();
    let (front, back) = (&images[0]["id"], &images[1]["id"]);
    assert_eq!(shown, [front, front, back, back]);
    let attributes: Vec<_> = read["attributes"].as_array().unwrap().iter().collect();
    let attributes: Vec<_> = attributes
        .iter()
        .map(|it| (&it["name"], &it["values"][0]["text"]))
        .collect();
    let expected = product["attributes"].as_array().unwrap();
    for want in expected {
        assert!(
            attributes.contains(&(&want["name"], &want["values"][0]["text"])),
            "{want} in {attributes:?}"
        );
    }
    assert_eq!(attributes.len(), expected.len(), "{attributes:?}");
}

#[tokio::test]
async fn an_inventory_that_was_read_writes_nothing() {
    let market = Market::new().await;
    for (name, product) in [
        ("mug", example("mug")),
        ("coats", coats()),
        ("coat", example("coat")),
    ] {
        let done = market.publish(name, &product, "active").await.unwrap();
        let id = id_of(&done["listing"]);
        let before = market.held(&id);
        market.sandbox.clear_requests();
        let read = market.call("listings.get_inventory", json!({ "id": id }));
        let read = read.await.unwrap();
        let arguments = json!({ "id": id, "inventory": read });
        let written = market.call("listings.set_inventory", arguments);
        assert_eq!(written.await.unwrap(), read, "{name}");
        assert_eq!(market.held(&id), before, "{name}");
        assert_eq!(market.writes(), Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn an_inventory_is_replaced() {
    let market = Market::new().await;
    let id = market.listing("mug", "mug", "active").await;
    let read = market.call("listings.get_inventory", json!({ "id": id }));
    let mut inventory = read.await.unwrap();
    let variations = inventory["variations"].as_array_mut().unwrap();
    variations.remove(2);
    variations[0]["quantity"] = json!(40);
    variations[1]["price"]["amount"] = json!("19.90");
    let arguments = json!({ "id": id, "inventory": inventory });
    let written = market.call("listings.set_inventory", arguments);
    let written = written.await.unwrap();
    let offers: Vec<_> = written["variations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["sku"].as_str().unwrap(),
                it["price"]["amount"].as_str().unwrap(),
                it["quantity"].as_u64().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("MUG-BLUE", "18.50", 40),
        ("MUG-GREEN", "19.90", 2),
        ("MUG-GOLD", "24.00", 1),
    ];
    assert_eq!(offers, expected);
    let held = market.held(&id);
    assert_eq!(held["inventory"]["products"].as_array().unwrap().len(), 3);
    assert_eq!(held["quantity"], 43);
}

#[tokio::test]
async fn an_inventory_that_etsy_would_refuse_is_refused_by_its_place() {
    let market = Market::new().await;
    let id = market.listing("mug", "mug", "active").await;
    let read = market.call("listings.get_inventory", json!({ "id": id }));
    let mut inventory = read.await.unwrap();
    let before = market.held(&id);
    inventory["variations"][1]["price"]["amount"] = json!("0.01");
    inventory["variations"][3]["quantity"] = json!(1000);
    market.sandbox.clear_requests();
    let arguments = json!({ "id": id, "inventory": inventory });
    let problem = market.call("listings.set_inventory", arguments);
    let problem = problem.await.unwrap_err();
    let expected = [
        "/inventory/variations/1/price",
        "/inventory/variations/3/quantity",
    ];
    assert_eq!(paths(&problem), expected, "{problem:?}");
    let empty = json!({ "id": id, "inventory": { "variations": [] } });
    let problem = market.call("listings.set_inventory", empty).await;
    assert_eq!(paths(&problem.unwrap_err()), ["/inventory/variations"]);
    assert_eq!(market.writes(), Vec::<String>::new());
    assert_eq!(market.held(&id), before);
}

#[tokio::test]
async fn an_image_is_added_at_its_rank_or_last() {
    let market = Market::new().await;
    let id = market.listing("coat", "coat", "active").await;
    let alt_texts = || {
        let held = market.held(&id);
        let images = held["images"].as_array().unwrap().iter();
        images
            .map(|image| image["alt_text"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let before = alt_texts();
    for (name, rank, place) in [
        ("second", Some(2), 1),
        ("last", None, 4),
        ("beyond", Some(99), 5),
    ] {
        let image = json!({ "source": "asset:mug.jpg", "alt_text": name });
        let arguments = json!({ "id": id, "image": image, "rank": rank });
        let added = market.call_with_files("listings.add_image", arguments);
        let added = added.await.unwrap();
        assert_eq!(added["alt_text"], name);
        let there = alt_texts();
        assert_eq!(there[place], name, "{there:?}");
        let held = market.held(&id);
        assert_eq!(
            held["images"][place]["listing_image_id"].to_string(),
            added["id"].as_str().unwrap()
        );
    }
    let kept: Vec<_> = alt_texts()
        .into_iter()
        .filter(|text| before.contains(text))
        .collect();
    assert_eq!(kept, before, "the others keep their order");
}

#[tokio::test]
async fn an_image_that_etsy_would_refuse_is_refused_before_it_is_sent() {
    let market = Market::new().await;
    let id = market.listing("coat", "coat", "active").await;
    market.sandbox.clear_requests();
    for (image, path) in [
        (json!({ "source": "" }), "/image/source"),
        (json!({ "source": "asset:coat.json" }), "/image"),
        (json!({ "source": "asset:none.jpg" }), "/image"),
        (
            json!({ "source": "asset:mug.jpg", "alt_text": "x".repeat(501) }),
            "/image/alt_text",
        ),
        (json!({ "source": "", "id": "one" }), "/image/id"),
    ] {
        let arguments = json!({ "id": id, "image": image });
        let problem = market
            .call_with_files("listings.add_image", arguments)
            .await;
        let problem = problem.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
        assert!(paths(&problem)[0].starts_with(path), "{problem:?}");
    }
    assert_eq!(market.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let market = Market::new().await;
    let inventory = json!({ "variations": [{ "price": { "amount": "5.00", "currency": "EUR" }, "quantity": 1 }] });
    let image = json!({ "source": "asset:mug.jpg" });
    for id in ["999999999", "no-number", "../users/me"] {
        for (function, arguments) in [
            ("listings.get", json!({ "id": id })),
            ("listings.get_product", json!({ "id": id })),
            ("listings.get_inventory", json!({ "id": id })),
            (
                "listings.set_inventory",
                json!({ "id": id, "inventory": inventory }),
            ),
            ("listings.add_image", json!({ "id": id, "image": image })),
        ] {
            let problem = market.call_with_files(function, arguments).await;
            let problem = problem.unwrap_err();
            assert_eq!(
                problem.kind(),
                ProblemKind::NotFound,
                "{function} {id}: {problem:?}"
            );
        }
    }
    assert_eq!(market.writes(), Vec::<String>::new());
}
