//! Calls that together make the plugin send everything that it can send.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stoflow_sandbox::{Fault, FaultKind, Purchase};

use crate::market::{Market, USER, coats, connect, example, id_of};

async fn call(market: &Market, function: &str, arguments: Value) -> Value {
    let answer = market.call_with_files(function, arguments).await;
    answer.unwrap_or_else(|problem| panic!("{function}: {problem:?}"))
}

/// Consents once more; the scopes that the plugin asks for.
pub(super) async fn consent(market: &Market) -> BTreeSet<String> {
    let begin = json!({ "user": USER });
    let begun = market.stage.post("/api/etsy/oauth/connect", begin).await;
    let url = begun.unwrap()["url"].as_str().unwrap().to_owned();
    let url = reqwest::Url::parse(&url).unwrap();
    let scope = url.query_pairs().find(|(name, _)| name == "scope");
    let scopes = scope.unwrap().1.split(' ').map(str::to_owned).collect();
    connect(&market.stage, USER).await.unwrap();
    scopes
}

/// The life of a listing: everything that a product can say, then most of it taken away again.
pub(super) async fn goods_that_are_shipped(market: &Market) {
    let mut product = coats();
    let question = json!({
        "question_text": "Which initials?",
        "question_type": "text_input",
        "instructions": "Three letters at most.",
        "required": false,
        "max_allowed_characters": 3,
    });
    product["extension"]["personalization_questions"] = json!([question]);
    let create = json!({ "key": "coats", "product": product, "target": "active" });
    let done = call(market, "publish.create", create).await;
    let id = id_of(&done["listing"]);
    let one = json!({ "id": id });
    let read = call(market, "listings.get_product", one.clone()).await;
    let mut less = json!({
        "title": "Wool coat, brown",
        "attributes": [{ "name": "Occasion", "values": [{ "text": "Wedding" }] }],
        "images": [read["images"][1], { "source": "asset:poster.jpg", "alt_text": "A poster" }],
        "variations": read["variations"],
        "extension": { "personalization_questions": null },
    });
    for variation in less["variations"].as_array_mut().unwrap() {
        variation["images"] = json!([read["images"][1]]);
    }
    let update = json!({ "listing_id": id, "product": less });
    call(market, "publish.update", update).await;
    for title in ["Manteau", "Manteau de laine"] {
        let french = json!({ "locale": "fr", "title": title });
        let update = json!({ "listing_id": id, "product": french });
        call(market, "publish.update", update).await;
    }
    let offer = json!({
        "listing_id": id,
        "variation": read["variations"][0]["id"],
        "price": { "amount": "81.00", "currency": "EUR" },
        "quantity": 4,
    });
    call(market, "publish.set_offers", json!({ "changes": [offer] })).await;
    let mut inventory = call(market, "listings.get_inventory", one).await;
    inventory["variations"][1]["quantity"] = json!(9);
    let set = json!({ "id": id, "inventory": inventory });
    call(market, "listings.set_inventory", set).await;
    let image = json!({ "source": "asset:mug.jpg", "alt_text": "A mug" });
    let add = json!({ "id": id, "image": image, "rank": 1 });
    call(market, "listings.add_image", add).await;
    let of_listing = json!({ "listing_id": id });
    call(market, "publish.pause", of_listing.clone()).await;
    call(market, "publish.activate", of_listing.clone()).await;
    call(market, "publish.delete", of_listing).await;
}

/// A download, its file replaced.
pub(super) async fn goods_that_are_downloaded(market: &Market) {
    let file = |source: &str, name: &str| json!({ "source": source, "name": name });
    let mut product = example("poster");
    product["files"] = json!([file("asset:poster.jpg", "poster.jpg")]);
    let create = json!({ "key": "download", "product": product, "target": "active" });
    let done = call(market, "publish.create", create).await;
    let id = id_of(&done["listing"]);
    let other = json!({ "files": [file("asset:mug.jpg", "mug.jpg")] });
    let update = json!({ "listing_id": id, "product": other });
    call(market, "publish.update", update).await;
    call(market, "listings.get_product", json!({ "id": id })).await;
}

/// Pages and batches.
pub(super) async fn reading(market: &Market) {
    let id = market.listing("mug", "mug", "draft").await;
    call(market, "listings.list", json!({})).await;
    call(market, "listings.get", json!({ "id": id })).await;
    call(market, "listings.get_many", json!({ "ids": [id] })).await;
    call(
        market,
        "taxonomy.search",
        json!({ "query": "mug", "limit": 3 }),
    )
    .await;
    call(market, "shop.get", json!({})).await;
    call(market, "shop.sections", json!({})).await;
}

/// Sections and rule sets, one of them begun and taken back.
pub(super) async fn rules_of_the_shop(market: &Market) {
    call(market, "shop.readiness", json!({})).await;
    call(market, "shop.create_section", json!({ "title": "Mugs" })).await;
    let create =
        |kind: &str, name: &str, data: &Value| json!({ "kind": kind, "name": name, "data": data });
    let returns =
        json!({ "accepts_returns": true, "accepts_exchanges": false, "return_deadline": 14 });
    call(
        market,
        "policies.create",
        create("returns", "14 days", &returns),
    )
    .await;
    let processing = json!({
        "readiness_state": "made_to_order",
        "min_processing_time": 1,
        "max_processing_time": 2,
        "processing_time_unit": "weeks",
    });
    // The second is the first one's twin.
    for name in ["Made for you", "Made for you too"] {
        call(
            market,
            "policies.create",
            create("processing", name, &processing),
        )
        .await;
    }
    let parcels = |cost: &str| {
        json!({
            "origin_country_iso": "FR",
            "origin_postal_code": "75011",
            "destinations": [
                { "destination_country_iso": "FR", "primary_cost": cost, "secondary_cost": "1.50",
                  "min_delivery_days": 2, "max_delivery_days": 5 },
                { "destination_region": "eu", "primary_cost": "12", "secondary_cost": "0.05",
                  "shipping_carrier_id": "1", "mail_class": "colissimo-international" },
            ],
        })
    };
    let fault = Fault::new(FaultKind::ErrorBefore).on("createShopShippingProfileDestination");
    market.sandbox.inject(fault).unwrap();
    let begun = create("shipping", "Parcels", &parcels("4.90"));
    market.call("policies.create", begun).await.unwrap_err();
    call(
        market,
        "policies.create",
        create("shipping", "Parcels", &parcels("5")),
    )
    .await;
    call(market, "policies.list", json!({})).await;
}

/// An order, told of and polled for.
pub(super) async fn orders(market: &Market) {
    let mug = market.listing("sold", "mug", "active").await;
    let purchase = Purchase::of(mug.parse().unwrap());
    let id = market.sandbox.buy(&purchase).unwrap().to_string();
    call(market, "orders.list", json!({ "filter": {}, "page": {} })).await;
    call(market, "orders.get", json!({ "id": id })).await;
    let tracking = json!({ "carrier": "usps", "code": "9400111899223197428490" });
    let shipment = json!({ "tracking": tracking, "note_to_buyer": "It is on its way." });
    call(
        market,
        "orders.ship",
        json!({ "id": id, "shipment": shipment }),
    )
    .await;
    let window = json!({ "start": "2020-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z" });
    for job in ["orders", "cancelled-orders"] {
        call(
            market,
            "poll.fetch",
            json!({ "job": job, "window": window }),
        )
        .await;
    }
    call(market, "poll.fetch", json!({ "job": "listings" })).await;
}
