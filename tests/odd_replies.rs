//! Replies that Etsy does not document: every shape of an error, every member missing, `null` or of
//! another type, a 200 that did nothing. The mistake it prevents: one odd field that hides a shop,
//! and an error whose words nobody sees.

mod between;
mod fuzz;

use between::Between;
use serde_json::{Value, json};
use stoflow_host::api::{Problem, ProblemKind};

use crate::market::{Market, coats, id_of};

/// A shop with one listing that says everything, and the server before it.
async fn shop() -> (Market, Between, String) {
    let market = Market::new().await;
    let done = market.publish("k", &coats(), "active").await.unwrap();
    let id = id_of(&done["listing"]);
    let between = Between::of(&market).await;
    market.sandbox.clear_requests();
    (market, between, id)
}

async fn read(market: &Market, function: &str, id: &str) -> Result<Value, Problem> {
    market.call(function, json!({ "id": id })).await
}

async fn retitle(market: &Market, id: &str) -> Problem {
    let product = json!({ "title": "Other coats" });
    let update = json!({ "listing_id": id, "product": product });
    market.call("publish.update", update).await.unwrap_err()
}

/// What a person and a program read of a problem.
fn told(problem: &Problem) -> String {
    serde_json::to_string(problem).unwrap()
}

#[tokio::test]
async fn every_shape_of_an_error_is_told_in_etsys_words_for_reads_and_writes() {
    let (market, between, id) = shop().await;
    let shapes: [(&str, &str); 6] = [
        (r#"{"error":"Etsy is tired"}"#, "Etsy is tired"),
        (
            r#"{"error":"odd_code","error_description":"Etsy is tired"}"#,
            "Etsy is tired",
        ),
        (
            r#"[{"path":"/title/1","type":"odd_code","message":"Etsy is tired"}]"#,
            "Etsy is tired",
        ),
        ("Etsy is tired", "Etsy is tired"),
        ("<html><h1>Etsy is tired</h1></html>", "Etsy is tired"),
        ("", ""),
    ];
    for (body, words) in shapes {
        for status in [400, 403, 404, 409] {
            let reply = (status, body.as_bytes().to_vec());
            let answer = reply.clone();
            between.instead(move |_, _| Some(answer.clone()));
            let problem = read(&market, "listings.get", &id).await.unwrap_err();
            assert!(
                told(&problem).contains(words),
                "{status} {body}: {problem:?}"
            );
            assert_ne!(problem.kind(), ProblemKind::PluginFailed, "{problem:?}");
            between.instead(move |method, _| (method == "PATCH").then(|| reply.clone()));
            let problem = retitle(&market, &id).await;
            assert!(
                told(&problem).contains(words),
                "{status} {body}: {problem:?}"
            );
            assert_ne!(problem.kind(), ProblemKind::PluginFailed, "{problem:?}");
        }
    }
    assert_eq!(market.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refusal_that_names_a_field_points_to_it_in_the_arguments() {
    let (market, between, id) = shop().await;
    for (body, path, words) in [
        (
            r#"[{"path":"/title/1","type":"invalid_characters","message":"contains invalid characters"}]"#,
            "/product/title",
            "contains invalid characters",
        ),
        (
            r#"{"error":"There was a problem with /tags : You may not have duplicate tags."}"#,
            "/product/tags",
            "You may not have duplicate tags.",
        ),
        (
            r#"[{"path":"/who_made","type":"enum","message":"is not one of these"}]"#,
            "/product/extension/who_made",
            "is not one of these",
        ),
    ] {
        between.instead(move |method, _| (method == "PATCH").then(|| (400, body.into())));
        let problem = retitle(&market, &id).await;
        assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
        let first = &problem.violations[0];
        assert_eq!((first.path.as_str(), first.message.as_str()), (path, words));
    }
}

const READS: [&str; 2] = ["listings.get", "listings.get_product"];

/// Every member of a listing, made odd in one way after another.
async fn with_each_member(odd: impl Fn(&Value) -> Option<Value>) {
    let (market, between, id) = shop().await;
    let listing = market.held(&id);
    let names: Vec<String> = listing.as_object().unwrap().keys().cloned().collect();
    for name in names.iter().filter(|name| *name != "listing_id") {
        let of = name.clone();
        let known = odd(&listing[name]);
        between.twist_json(move |_, reply| {
            let Some(members) = reply.as_object_mut().filter(|it| it.contains_key(&of)) else {
                return;
            };
            match &known {
                Some(value) => members.insert(of.clone(), value.clone()),
                None => members.remove(&of),
            };
        });
        for function in READS {
            let read = read(&market, function, &id).await;
            let read = read.unwrap_or_else(|problem| panic!("{function} {name}: {problem:#?}"));
            let is_there = read["title"] == listing["title"] || read["variations"].is_array();
            assert!(is_there || name == "title", "{function} {name}: {read}");
        }
    }
}

#[tokio::test]
async fn a_listing_is_read_whichever_member_is_missing() {
    with_each_member(|_| None).await;
}

#[tokio::test]
async fn a_listing_is_read_whichever_member_is_null() {
    with_each_member(|_| Some(Value::Null)).await;
}

#[tokio::test]
async fn a_listing_is_read_with_texts_for_numbers_and_numbers_for_texts() {
    with_each_member(|value| match value {
        Value::Number(number) => Some(json!(number.to_string())),
        Value::String(_) => Some(json!(7)),
        Value::Bool(flag) => Some(json!(flag.to_string())),
        _ => Some(json!("a text")),
    })
    .await;
}

#[tokio::test]
async fn ids_above_a_floats_integers_keep_every_digit() {
    let (market, between, id) = shop().await;
    const BIG: u64 = 9_007_199_254_740_993;
    between.twist_json(|_, reply| {
        if reply.get("listing_id").is_some() {
            reply["listing_id"] = json!(BIG);
            reply["images"][0]["listing_image_id"] = json!(BIG + 2);
        }
        for product in reply["products"].as_array_mut().into_iter().flatten() {
            product["product_id"] = json!(BIG + 4);
        }
    });
    let listing = read(&market, "listings.get", &id).await.unwrap();
    assert_eq!(listing["id"], BIG.to_string());
    assert_eq!(listing["images"][0]["id"], (BIG + 2).to_string());
    let inventory = read(&market, "listings.get_inventory", &id).await.unwrap();
    let extension = inventory["variations"][0]["extension"].to_string();
    assert!(extension.contains(&(BIG + 4).to_string()), "{extension}");
}

#[tokio::test]
async fn money_is_read_by_its_divisor_and_never_guessed() {
    let (market, between, id) = shop().await;
    for (divisor, amount) in [
        (1, Some("8900")),
        (100, Some("89.00")),
        (1000, Some("8.900")),
        (60, None),
        (0, None),
        (-100, None),
    ] {
        between.twist_json(move |_, reply| {
            let price = json!({ "amount": 8900, "divisor": divisor, "currency_code": "EUR" });
            if reply.get("price").is_some() {
                reply["price"] = price.clone();
            }
            for product in reply["products"].as_array_mut().into_iter().flatten() {
                product["offerings"][0]["price"] = price.clone();
            }
        });
        let listing = read(&market, "listings.get", &id).await.unwrap();
        assert_eq!(listing["price"]["amount"].as_str(), amount, "{divisor}");
        let inventory = read(&market, "listings.get_inventory", &id).await.unwrap();
        let price = &inventory["variations"][0]["price"]["amount"];
        assert_eq!(price.as_str(), amount, "{divisor}");
    }
    // A price that cannot be read is never written as another: no stock is set beside it.
    let variation = &read(&market, "listings.get_inventory", &id).await.unwrap()["variations"][0];
    let change = json!({ "listing_id": id, "variation": variation["id"], "quantity": 2 });
    let answers = market.call("publish.set_offers", json!({ "changes": [change] }));
    let answers = answers.await.unwrap();
    assert!(answers[0].get("error").is_some(), "{answers}");
    assert_eq!(market.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn words_of_every_script_are_read_as_they_are() {
    let (market, between, id) = shop().await;
    for title in [
        "🎁 gift 👩\u{200d}👧",
        "e\u{301}te\u{301}",
        "\u{202b}מעיל\u{202c} معطف",
        "O&#39;Connell &amp; sons",
    ] {
        between.twist_json(move |_, reply| {
            if reply.get("title").is_some() {
                reply["title"] = json!(title);
            }
        });
        let product = read(&market, "listings.get_product", &id).await.unwrap();
        let expected = title.replace("&#39;", "'").replace("&amp;", "&");
        assert_eq!(product["title"], expected);
        // Etsy's own words are no reason to refuse a change of something else.
        let tags = json!(["other"]);
        let update = json!({ "listing_id": id, "product": { "title": expected, "tags": tags } });
        market.call("publish.update", update).await.unwrap();
        assert_eq!(market.held(&id)["tags"], tags);
        let tags = json!({ "tags": ["coat"] });
        let back = json!({ "listing_id": id, "product": tags });
        market.call("publish.update", back).await.unwrap();
    }
}

#[tokio::test]
async fn words_that_this_version_does_not_know_are_told_as_they_are() {
    let (market, between, id) = shop().await;
    between.twist_json(|_, reply| {
        if reply.get("state").is_some() {
            reply["state"] = json!("marooned");
            reply["who_made"] = json!("robots");
            reply["when_made"] = json!("2040s");
            reply["listing_type"] = json!("hologram");
            reply["item_weight_unit"] = json!("stone");
        }
    });
    let listing = read(&market, "listings.get", &id).await.unwrap();
    assert_eq!(listing["state"], "unknown");
    assert_eq!(listing["state_text"], "marooned");
    assert_eq!(listing["extension"]["who_made"], "robots");
    let product = read(&market, "listings.get_product", &id).await.unwrap();
    assert_eq!(product["weight"], Value::Null, "{product}");
}

#[tokio::test]
async fn a_page_that_shrinks_while_it_is_read_ends() {
    let (market, between, _) = shop().await;
    between.twist_json(|path, reply| {
        if path.ends_with("/listings") {
            // It said so a moment ago; meanwhile they were deleted.
            reply["count"] = json!(250);
            reply["results"] = json!([]);
        }
    });
    let mut cursor = Value::Null;
    for pages in 0.. {
        assert!(pages < 20, "the walk does not end");
        let page = json!({ "state": "active", "page": { "limit": 100, "cursor": cursor } });
        let found = market.call("listings.list", page).await.unwrap();
        assert_eq!(found["items"], json!([]));
        cursor = found["next"].clone();
        if cursor == Value::Null {
            break;
        }
    }
}

#[tokio::test]
async fn a_200_that_did_nothing_is_no_success() {
    let (market, between, id) = shop().await;
    market
        .sandbox
        .set_listing_state(id.parse().unwrap(), "expired")
        .unwrap();
    let held = market.held(&id).to_string();
    between.instead(move |method, _| (method == "PATCH").then(|| (200, held.clone().into_bytes())));
    let activate = json!({ "listing_id": id });
    let problem = market.call("publish.activate", activate.clone()).await;
    let problem = problem.unwrap_err();
    assert!(told(&problem).contains("expired"), "{problem:?}");
    assert_eq!(market.held(&id)["state"], "expired");
    between.clear();
    let done = market.call("publish.activate", activate).await.unwrap();
    assert_eq!(done["listing"]["state"], "active");
}

#[tokio::test]
async fn a_500_that_did_it_is_a_success() {
    let (market, between, id) = shop().await;
    market
        .sandbox
        .set_listing_state(id.parse().unwrap(), "expired")
        .unwrap();
    between.twist(|path, (status, body)| {
        let is_write = path.contains("/shops/") && path.contains("/listings/");
        if is_write && status == 200 {
            (500, br#"{"error":"Server Error"}"#.to_vec())
        } else {
            (status, body)
        }
    });
    let activate = json!({ "listing_id": id });
    let done = market.call("publish.activate", activate).await.unwrap();
    assert_eq!(done["listing"]["state"], "active");
    assert_eq!(market.writes(), ["updateListing"], "asked once");
}
