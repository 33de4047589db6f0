//! Changing what is published: products, offers, states; and looking before leaping. What a change
//! does not mention must stay as it was, and what fails must leave nothing half done.

use serde_json::{Value, json};
use stoflow_host::api::{Problem, ProblemKind};

use crate::market::{Market, coats, codes, example, examples, id_of, paths};

async fn update(market: &Market, id: &str, product: Value) -> Result<Value, Problem> {
    market.sandbox.clear_requests();
    let arguments = json!({ "listing_id": id, "product": product });
    market.call_with_files("publish.update", arguments).await
}

async fn change_state(market: &Market, function: &str, id: &str) -> Result<Value, Problem> {
    market.sandbox.clear_requests();
    let function = format!("publish.{function}");
    market.call(&function, json!({ "listing_id": id })).await
}

async fn set_offers(market: &Market, changes: Value) -> Vec<Value> {
    market.sandbox.clear_requests();
    let answers = market.call("publish.set_offers", json!({ "changes": changes }));
    answers.await.unwrap().as_array().unwrap().clone()
}

/// A listing's variations as the plugin shows them.
async fn variations(market: &Market, id: &str) -> Vec<Value> {
    let inventory = market.call("listings.get_inventory", json!({ "id": id }));
    inventory.await.unwrap()["variations"]
        .as_array()
        .unwrap()
        .clone()
}

/// SKU, price and stock of each variation that the sandbox holds.
fn offers(listing: &Value) -> Vec<(String, String, u64)> {
    let products = listing["inventory"]["products"].as_array().unwrap();
    let offer = |product: &Value| {
        let offering = &product["offerings"][0];
        let price = &offering["price"];
        let amount = price["amount"].as_f64().unwrap() / price["divisor"].as_f64().unwrap();
        (
            product["sku"].as_str().unwrap().to_owned(),
            format!("{amount:.2}"),
            offering["quantity"].as_u64().unwrap(),
        )
    };
    products.iter().map(offer).collect()
}

fn offer(sku: &str, amount: &str, quantity: u64) -> (String, String, u64) {
    (sku.to_owned(), amount.to_owned(), quantity)
}

// Update.

#[tokio::test]
async fn a_new_title_changes_the_title_alone() {
    let market = Market::new().await;
    let done = market.publish("k", &coats(), "active").await.unwrap();
    let id = id_of(&done["listing"]);
    let mut expected = market.lasting(&id);
    let updated = update(&market, &id, json!({ "title": "Wool coats" }));
    let updated = updated.await.unwrap();
    assert_eq!(updated["listing"]["title"], "Wool coats");
    assert_eq!(
        updated["variations"],
        json!([]),
        "the call did not concern them"
    );
    assert_eq!(market.writes(), ["updateListing"]);
    expected["title"] = json!("Wool coats");
    let now = market.lasting(&id);
    for (name, value) in now.as_object().unwrap() {
        // Etsy makes the address from the title.
        if name != "url" {
            assert_eq!(*value, expected[name], "{name}");
        }
    }
}

#[tokio::test]
async fn each_field_can_be_changed() {
    let market = Market::new().await;
    let id = market.listing("k", "coat", "active").await;
    let product = json!({
        "description": { "plain": "Another text." },
        "category": "944",
        "tags": ["one", "two"],
        "materials": ["felt"],
        "weight": { "value": "2.25", "unit": "lb" },
        "dimensions": { "length": "1", "width": "2", "height": "3.5", "unit": "in" },
        "extension": { "when_made": "1980s" },
    });
    let updated = update(&market, &id, product).await.unwrap();
    assert_eq!(updated["warnings"], json!([]));
    let held = market.held(&id);
    assert_eq!(held["description"], "Another text.");
    assert_eq!(held["taxonomy_id"], 944);
    assert_eq!(held["tags"], json!(["one", "two"]));
    assert_eq!(held["materials"], json!(["felt"]));
    assert_eq!(held["item_weight"].as_f64(), Some(2.25));
    assert_eq!(held["item_weight_unit"], "lb");
    assert_eq!(held["item_height"].as_f64(), Some(3.5));
    assert_eq!(held["when_made"], "1980s");
    assert_eq!(held["who_made"], "someone_else", "not mentioned, so kept");
    assert_eq!(market.writes(), ["updateListing"]);
}

#[tokio::test]
async fn what_etsy_cannot_clear_is_kept_and_said() {
    let market = Market::new().await;
    let id = market.listing("k", "coat", "active").await;
    let before = market.held(&id);
    let updated = update(&market, &id, json!({ "tags": [], "materials": [] }));
    let updated = updated.await.unwrap();
    assert_eq!(
        codes(&updated["warnings"]),
        ["cannot-clear", "cannot-clear"]
    );
    assert_eq!(market.held(&id), before);
}

#[tokio::test]
async fn images_are_reordered_removed_and_added() {
    let market = Market::new().await;
    let id = market.listing("k", "coat", "active").await;
    let read = market.call("listings.get_product", json!({ "id": id }));
    let images = read.await.unwrap()["images"].clone();
    let added = json!({ "source": "asset:mug.jpg", "alt_text": "new" });
    let wanted = json!([images[2], added, images[0]]);
    update(&market, &id, json!({ "images": wanted }))
        .await
        .unwrap();
    let held = market.held(&id);
    let there: Vec<_> = held["images"].as_array().unwrap().iter().collect();
    assert_eq!(there.len(), 3);
    for (place, old) in [(0, 2), (2, 0)] {
        let image_id = there[place]["listing_image_id"].to_string();
        assert_eq!(json!(image_id), images[old]["id"], "kept, not sent again");
    }
    assert_eq!(there[1]["alt_text"], "new");
    let new = there[1]["listing_image_id"].as_i64().unwrap();
    let bytes = std::fs::read(examples().join("mug.jpg")).unwrap();
    assert!(market.sandbox.image(new).unwrap() == bytes);
    let writes = market.writes();
    let expected = ["uploadListingImage", "deleteListingImage", "updateListing"];
    assert_eq!(writes, expected);
    assert_eq!(held["state"], "active");
}

#[tokio::test]
async fn a_listing_on_sale_keeps_an_image() {
    let market = Market::new().await;
    let id = market.listing("k", "coat", "active").await;
    let before = market.held(&id);
    let problem = update(&market, &id, json!({ "images": [] })).await;
    assert_eq!(paths(&problem.unwrap_err()), ["/product/images"]);
    assert_eq!(market.writes(), Vec::<String>::new());
    assert_eq!(market.held(&id), before);
    let draft = market.listing("draft", "poster", "draft").await;
    update(&market, &draft, json!({ "images": [] }))
        .await
        .unwrap();
    assert_eq!(market.held(&draft)["images"], json!([]));
}

#[tokio::test]
async fn variations_are_changed_removed_and_added() {
    let market = Market::new().await;
    let id = market.listing("k", "mug", "active").await;
    let mut wanted = example("mug")["variations"].clone();
    let list = wanted.as_array_mut().unwrap();
    list.remove(1);
    list[0]["price"]["amount"] = json!("21.00");
    list[1]["quantity"] = json!(7);
    let mut black = list[0].clone();
    black["sku"] = json!("MUG-BLACK");
    black["choices"][0]["values"][0]["text"] = json!("Black");
    list.insert(0, black);
    let updated = update(&market, &id, json!({ "variations": wanted }));
    let updated = updated.await.unwrap();
    let expected = [
        offer("MUG-BLACK", "21.00", 4),
        offer("MUG-BLUE", "21.00", 4),
        offer("MUG-WHITE", "18.50", 7),
        offer("MUG-GOLD", "24.00", 1),
    ];
    assert_eq!(offers(&market.held(&id)), expected);
    assert_eq!(market.writes(), ["updateListingInventory"]);
    let skus: Vec<_> = updated["variations"].as_array().unwrap().iter().collect();
    let skus: Vec<_> = skus.iter().map(|it| it["sku"].as_str().unwrap()).collect();
    assert_eq!(skus, ["MUG-BLACK", "MUG-BLUE", "MUG-WHITE", "MUG-GOLD"]);
}

#[tokio::test]
async fn a_product_without_variations_gets_some_and_loses_them() {
    let market = Market::new().await;
    let id = market.listing("k", "coat", "active").await;
    let sizes = json!([
        { "sku": "S", "choices": [{ "name": "Fit", "values": [{ "text": "Narrow" }] }],
          "price": { "amount": "80.00", "currency": "EUR" }, "quantity": 1 },
        { "sku": "L", "choices": [{ "name": "Fit", "values": [{ "text": "Wide" }] }],
          "price": { "amount": "85.00", "currency": "EUR" }, "quantity": 2 },
    ]);
    update(&market, &id, json!({ "variations": sizes }))
        .await
        .unwrap();
    let expected = [offer("S", "80.00", 1), offer("L", "85.00", 2)];
    assert_eq!(offers(&market.held(&id)), expected);
    let one = example("coat")["variations"].clone();
    update(&market, &id, json!({ "variations": one }))
        .await
        .unwrap();
    assert_eq!(offers(&market.held(&id)), [offer("COAT-1", "89.00", 1)]);
}

#[tokio::test]
async fn a_change_that_breaks_the_rules_changes_nothing() {
    let market = Market::new().await;
    let id = market.listing("k", "mug", "active").await;
    let before = market.held(&id);
    let mut variations = example("mug")["variations"].clone();
    variations[2]["price"]["amount"] = json!("0.01");
    let product =
        json!({ "title": "x".repeat(141), "tags": ["half-price!"], "variations": variations });
    let problem = update(&market, &id, product).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
    let expected = [
        "/product/title",
        "/product/tags/0",
        "/product/variations/2/price",
    ];
    assert_eq!(paths(&problem), expected);
    let missing = json!({ "title": "Fine", "images": [{ "source": "asset:none.jpg" }] });
    let problem = update(&market, &id, missing).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
    assert_eq!(
        market.writes(),
        Vec::<String>::new(),
        "files are looked at first"
    );
    assert_eq!(market.held(&id), before);
}

// Offers.

#[tokio::test]
async fn offers_are_answered_in_order_whichever_fails() {
    let market = Market::new().await;
    let mug = market.listing("mug", "mug", "active").await;
    let coat = market.listing("coat", "coat", "active").await;
    let rows = variations(&market, &mug).await;
    let price = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let changes = json!([
        { "listing_id": mug, "variation": rows[0]["id"], "quantity": 9 },
        { "listing_id": "999999999", "quantity": 1 },
        { "listing_id": coat, "price": price("79.00"), "quantity": 2 },
        { "listing_id": mug, "variation": rows[3]["id"], "price": price("26.00") },
        { "listing_id": mug, "variation": "none such", "quantity": 1 },
        { "listing_id": mug, "quantity": 1 },
        { "listing_id": coat, "price": price("0.05") },
    ]);
    let answers = set_offers(&market, changes).await;
    let shown: Vec<String> = answers.iter().map(case).collect();
    let expected = [
        "ok",
        "not_found",
        "ok",
        "ok",
        "not_found",
        "invalid",
        "invalid",
    ];
    assert_eq!(shown, expected, "{answers:#?}");
    let at = |place: usize| &answers[place]["error"]["invalid"][0]["path"];
    assert_eq!(*at(5), "/changes/5/variation");
    assert_eq!(*at(6), "/changes/6/price");
    let expected = [
        offer("MUG-BLUE", "18.50", 9),
        offer("MUG-GREEN", "18.50", 2),
        offer("MUG-WHITE", "18.50", 2),
        offer("MUG-GOLD", "26.00", 1),
    ];
    assert_eq!(offers(&market.held(&mug)), expected);
    assert_eq!(offers(&market.held(&coat)), [offer("COAT-1", "79.00", 2)]);
    let writes = market.writes();
    assert_eq!(
        writes, ["updateListingInventory"; 2],
        "one for each listing"
    );
}

fn case(answer: &Value) -> String {
    if answer.get("ok").is_some() {
        return "ok".to_owned();
    }
    let error = answer["error"].as_object().unwrap();
    error.keys().next().unwrap().clone()
}

#[tokio::test]
async fn offers_that_are_there_already_are_not_written() {
    let market = Market::new().await;
    let coat = market.listing("coat", "coat", "active").await;
    let before = market.held(&coat);
    let price = json!({ "amount": "89.00", "currency": "EUR" });
    let change = json!([{ "listing_id": coat, "price": price, "quantity": 1 }]);
    assert_eq!(set_offers(&market, change).await, [json!({ "ok": [] })]);
    assert_eq!(market.writes(), Vec::<String>::new());
    assert_eq!(market.held(&coat), before);
    assert_eq!(set_offers(&market, json!([])).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_listing_with_nothing_left_is_paused_and_comes_back() {
    let market = Market::new().await;
    let mug = market.listing("mug", "mug", "active").await;
    let rows = variations(&market, &mug).await;
    let changes = |quantity: u32| {
        let change = |row: &Value| json!({ "listing_id": mug, "variation": row["id"], "quantity": quantity });
        Value::Array(rows.iter().map(change).collect())
    };
    let answers = set_offers(&market, changes(0)).await;
    assert_eq!(answers.len(), 4);
    for answer in &answers {
        assert_eq!(codes(&answer["ok"]), ["paused"], "{answer}");
    }
    let got = market.call("listings.get", json!({ "id": mug })).await;
    assert_eq!(got.unwrap()["state"], "paused");
    let answers = set_offers(&market, changes(3)).await;
    assert!(answers.iter().all(|answer| *answer == json!({ "ok": [] })));
    let back = change_state(&market, "activate", &mug).await.unwrap();
    assert_eq!(back["listing"]["state"], "active");
    assert_eq!(back["listing"]["quantity"], 12);
}

#[tokio::test]
async fn one_variation_may_run_out_by_itself() {
    let market = Market::new().await;
    let mug = market.listing("mug", "mug", "active").await;
    let rows = variations(&market, &mug).await;
    let change = json!([{ "listing_id": mug, "variation": rows[0]["id"], "quantity": 0 }]);
    assert_eq!(set_offers(&market, change).await, [json!({ "ok": [] })]);
    let held = market.held(&mug);
    assert_eq!(held["state"], "active");
    assert_eq!(offers(&held)[0], offer("MUG-BLUE", "18.50", 0));
}

// States.

#[tokio::test]
async fn a_draft_goes_on_sale_for_a_fee_and_a_paused_listing_for_none() {
    let market = Market::new().await;
    let id = market.listing("k", "poster", "draft").await;
    let active = change_state(&market, "activate", &id).await.unwrap();
    assert_eq!(active["listing"]["state"], "active");
    assert_eq!(codes(&active["warnings"]), ["fee"]);
    assert_eq!(active["variations"], json!([]));
    let again = change_state(&market, "activate", &id).await.unwrap();
    assert_eq!(again["listing"]["state"], "active");
    assert_eq!(
        market.writes(),
        Vec::<String>::new(),
        "it is on sale already"
    );
    let paused = change_state(&market, "pause", &id).await.unwrap();
    assert_eq!(
        (&paused["state"], &paused["id"]),
        (&json!("paused"), &json!(id))
    );
    let again = change_state(&market, "pause", &id).await.unwrap();
    assert_eq!(again["state"], "paused");
    assert_eq!(
        market.writes(),
        Vec::<String>::new(),
        "it is paused already"
    );
    let back = change_state(&market, "activate", &id).await.unwrap();
    assert_eq!(codes(&back["warnings"]), Vec::<&str>::new());
    assert_eq!(market.held(&id)["state"], "active");
}

#[tokio::test]
async fn an_expired_listing_is_renewed() {
    let market = Market::new().await;
    let id = market.listing("k", "poster", "active").await;
    let number = id.parse().unwrap();
    market.sandbox.set_listing_state(number, "expired").unwrap();
    let active = change_state(&market, "activate", &id).await.unwrap();
    assert_eq!(codes(&active["warnings"]), ["fee"]);
    assert_eq!(market.held(&id)["state"], "active");
}

#[tokio::test]
async fn what_a_listing_s_state_does_not_allow_is_a_conflict() {
    let market = Market::new().await;
    let draft = market.listing("draft", "poster", "draft").await;
    let problem = change_state(&market, "pause", &draft).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Conflict, "{problem:?}");
    update(&market, &draft, json!({ "images": [] }))
        .await
        .unwrap();
    let problem = change_state(&market, "activate", &draft).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Conflict, "{problem:?}");
    assert!(problem.title.contains("image"), "{problem:?}");
    let taken_off = market.listing("removed", "poster", "active").await;
    let number = taken_off.parse().unwrap();
    market.sandbox.set_listing_state(number, "removed").unwrap();
    let problem = change_state(&market, "activate", &taken_off).await;
    assert_eq!(problem.unwrap_err().kind(), ProblemKind::Conflict);
    let problem = change_state(&market, "delete", &taken_off).await;
    assert_eq!(problem.unwrap_err().kind(), ProblemKind::Conflict);
    let frozen = market.listing("frozen", "poster", "draft").await;
    let number = frozen.parse().unwrap();
    market.sandbox.set_frozen(number, true).unwrap();
    let problem = change_state(&market, "activate", &frozen).await;
    assert_eq!(problem.unwrap_err().kind(), ProblemKind::Conflict);
}

#[tokio::test]
async fn a_deleted_listing_is_not_found() {
    let market = Market::new().await;
    let id = market.listing("k", "coat", "active").await;
    let kept = market.listing("kept", "poster", "active").await;
    let deleted = change_state(&market, "delete", &id).await.unwrap();
    assert_eq!(deleted, Value::Null);
    let problem = market.call("listings.get", json!({ "id": id })).await;
    assert_eq!(problem.unwrap_err().kind(), ProblemKind::NotFound);
    let problem = change_state(&market, "delete", &id).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::NotFound, "{problem:?}");
    let left = market.listings();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["listing_id"].to_string(), kept);
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_changed() {
    let market = Market::new().await;
    for id in ["999999999", "no-number"] {
        for function in ["activate", "pause", "delete"] {
            let problem = change_state(&market, function, id).await.unwrap_err();
            assert_eq!(problem.kind(), ProblemKind::NotFound, "{function} {id}");
        }
        let problem = update(&market, id, json!({ "title": "New" })).await;
        assert_eq!(problem.unwrap_err().kind(), ProblemKind::NotFound, "{id}");
    }
}

// Looking before leaping.

#[tokio::test]
async fn a_preview_is_what_a_creation_sends_and_sends_nothing() {
    for (product, target) in [
        (example("coat"), "active"),
        (example("mug"), "active"),
        (example("poster"), "draft"),
        (coats(), "active"),
    ] {
        let market = Market::new().await;
        let arguments = json!({ "product": product, "target": target });
        let plan = market.call("publish.preview", arguments).await.unwrap();
        assert!(market.sandbox.requests().is_empty());
        let done = market.publish("k", &product, target).await.unwrap();
        let id = id_of(&done["listing"]);
        let of_listing = format!("/listings/{id}");
        let sent: Vec<_> = market
            .sandbox
            .requests()
            .into_iter()
            .filter(|request| request.method != "GET")
            .map(|request| format!("{} {}", request.method, request.path))
            .map(|line| line.replace(&of_listing, "/listings/{listing_id}"))
            // Attributes are looked up by name when it is published, which the plan warns of.
            .filter(|line| !line.contains("/properties/"))
            .collect();
        let planned: Vec<_> = plan["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| {
                format!(
                    "{} {}",
                    it["method"].as_str().unwrap(),
                    it["path"].as_str().unwrap()
                )
            })
            .collect();
        assert_eq!(planned, sent, "{}", product["title"]);
    }
}

#[tokio::test]
async fn a_preview_tells_all_that_is_wrong() {
    let market = Market::new().await;
    let problem = preview(&market, &json!({ "title": "" })).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Invalid);
    let paths = paths(&problem);
    for path in [
        "/product/title",
        "/product/description",
        "/product/category",
        "/product/images",
        "/product/variations",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    assert!(market.sandbox.requests().is_empty());
}

async fn preview(market: &Market, product: &Value) -> Result<Value, Problem> {
    let arguments = json!({ "product": product, "target": "active" });
    market.call("publish.preview", arguments).await
}

#[tokio::test]
async fn the_rules_are_those_that_a_preview_holds() {
    let market = Market::new().await;
    let rules = market.call("publish.rules", json!({})).await.unwrap();
    assert!(market.sandbox.requests().is_empty());
    let limit = |name: &str| usize::try_from(rules[name].as_u64().unwrap()).unwrap();
    let words = |count: usize| -> Value { (0..count).map(|it| format!("w{it}")).collect() };
    let image = |it| json!({ "source": format!("asset:{it}.jpg") });
    let images = |count: usize| -> Value { (0..count).map(image).collect() };
    type Case<'a> = (&'a str, &'a str, &'a str, &'a dyn Fn(usize) -> Value);
    let cases: [Case<'_>; 7] = [
        ("title", "", "max_title_length", &|n| json!("x".repeat(n))),
        ("tags", "", "max_tags", &words),
        ("tags", "/0", "max_tag_length", &|n| json!(["x".repeat(n)])),
        ("images", "", "max_images", &images),
        ("sections", "", "max_sections", &words),
        ("variations", "", "max_axes", &by_axes),
        ("variations", "", "max_variations", &table),
    ];
    for (field, below, rule, value) in cases {
        let path = format!("/product/{field}{below}");
        let mut product = example("poster");
        product[field] = value(limit(rule));
        let held = preview(&market, &product).await;
        assert!(held.is_ok(), "{rule} held: {held:?}");
        product[field] = value(limit(rule) + 1);
        let problem = preview(&market, &product).await.unwrap_err();
        assert!(
            paths(&problem)[0].starts_with(&path),
            "{rule} broken: {problem:?}"
        );
    }
    assert_eq!(rules["max_description_length"], Value::Null);
    assert_eq!(rules["needs_condition"], false);
    assert_eq!(rules["pause_ends"], false);
}

/// Two variations that differ by the first of so many axes, which are properties of Etsy's: three
/// of one's own it does not take.
fn by_axes(axes: usize) -> Value {
    let choice = |axis: usize, place: usize| {
        let text = if axis == 0 { place } else { 0 };
        json!({
            "key": (200 + axis).to_string(),
            "name": format!("Axis {axis}"),
            "values": [{ "text": text.to_string() }],
        })
    };
    let variation = |place| {
        let choices: Vec<_> = (0..axes).map(|axis| choice(axis, place)).collect();
        sold_alone(json!(choices))
    };
    json!([variation(0), variation(1)])
}

/// So many variations, by two axes of at most 70 values.
fn table(count: usize) -> Value {
    let variation = |place: usize| {
        let choice = |name: &str, place: usize| json!({ "name": name, "values": [{ "text": place.to_string() }] });
        sold_alone(json!([
            choice("Row", place / 70),
            choice("Column", place % 70)
        ]))
    };
    (0..count).map(variation).collect()
}

fn sold_alone(choices: Value) -> Value {
    json!({
        "choices": choices,
        "price": { "amount": "9.00", "currency": "EUR" },
        "quantity": 1,
    })
}

#[tokio::test]
async fn the_schema_of_the_extension_is_what_a_preview_holds() {
    let market = Market::new().await;
    let rules = market.call("publish.rules", json!({})).await.unwrap();
    let schema = &rules["extension_schema"]["properties"];
    let members = [("who_made", "enum"), ("when_made", "examples")];
    let mut product = example("poster");
    for (name, list) in members {
        for value in schema[name][list].as_array().unwrap() {
            product["extension"] = json!({
                "who_made": "i_did", "when_made": "made_to_order", "is_supply": false,
            });
            product["extension"][name] = value.clone();
            let held = preview(&market, &product).await;
            assert!(held.is_ok(), "{name} {value}: {held:?}");
        }
    }
    assert_eq!(rules["extension_schema"]["additionalProperties"], false);
    for name in ["who_made", "when_made", "no_such_member"] {
        let mut product = example("poster");
        product["extension"][name] = json!("no such");
        let problem = preview(&market, &product).await.unwrap_err();
        assert_eq!(paths(&problem), [format!("/product/extension/{name}")]);
    }
}
