//! Every operation of the table, once as it should be and once without what it needs.
//!
//! A tour through a seller's life calls each operation with valid input; the harness holds each reply
//! against the table. A new document with a new operation fails here until the tour goes by it.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use reqwest::multipart::Form;
use serde_json::{Value, json};
use stoflow_sandbox::conformance::request_differences;
use stoflow_sandbox::table::{Operation, Table};
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET, Options, Purchase};

use crate::harness::{World, custom_product, draft, file, jpeg, unlimited};

/// Etsy documents it and answers 501 whatever is asked.
const NOT_IMPLEMENTED: &str = "getListingProperty";

/// A seller who calls one operation after the other, and remembers the ids that were answered.
struct Tour {
    world: World,
    /// What stands in paths and queries, by the name of the parameter.
    ids: BTreeMap<String, String>,
    called: BTreeSet<String>,
}

enum Body<'a> {
    None,
    Form(&'a [(&'a str, &'a str)]),
    Json(Value),
    Parts(Form),
}

impl Tour {
    async fn start(seller: usize) -> Self {
        let options = Options {
            keep_bodies: true,
            ..unlimited()
        };
        let world = World::with(options).await.signed_in_as(seller);
        let mut tour = Self {
            ids: BTreeMap::new(),
            called: BTreeSet::new(),
            world,
        };
        let seller = tour.world.seller;
        for (name, id) in [
            ("shop_id", seller.shop_id),
            ("user_id", seller.user_id),
            ("taxonomy_id", 409),
            ("property_id", 200),
        ] {
            tour.know(name, &json!(id));
        }
        tour.know("language", &json!("de"));
        tour
    }

    fn know(&mut self, name: &str, id: &Value) {
        let text = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        assert_ne!(text, "null", "{name} was not answered");
        self.ids.insert(name.to_owned(), text);
    }

    fn id(&self, name: &str) -> String {
        self.ids[name].clone()
    }

    /// Calls an operation with the ids that are known, and answers its JSON.
    async fn call(&mut self, operation: &str, query: &str, body: Body<'_>) -> Value {
        let known = &Table::get().operations[operation];
        let path = format!("{}{query}", path(known, &self.ids));
        let request = self.world.request(method(known), &path);
        let request = match body {
            Body::None => request,
            Body::Form(fields) => request.form(fields),
            Body::Json(value) => request.json(&value),
            Body::Parts(form) => request.multipart(form),
        };
        let answer = self.world.send(request).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status < 300, "{operation} {}: {text}", answer.status);
        let record = self.world.sandbox.requests().pop().unwrap();
        assert_eq!(record.operation.as_deref(), Some(operation));
        // What the gate lets through, another reader of the table has nothing to say about.
        let differing = request_differences(
            operation,
            &record.method,
            &record.path,
            &record.query,
            &record.headers,
            record.request_body.unwrap_or_default().as_bytes(),
        );
        assert!(differing.is_empty(), "{operation}: {differing:?}");
        self.called.insert(operation.to_owned());
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn get(&mut self, operation: &str) -> Value {
        self.call(operation, "", Body::None).await
    }

    /// Calls an operation and remembers the id that it answers under the name that paths have for it.
    async fn make(&mut self, operation: &str, body: Body<'_>, field: &str, name: &str) {
        let made = self.call(operation, "", body).await;
        self.know(name, &made[field]);
    }
}

fn method(operation: &Operation) -> Method {
    operation.method.parse().unwrap()
}

/// An operation's path; a parameter that nobody knows is 1.
fn path(operation: &Operation, ids: &BTreeMap<String, String>) -> String {
    let segments = operation.path.split('/').map(|segment| {
        let name = segment
            .strip_prefix('{')
            .and_then(|it| it.strip_suffix('}'));
        name.map_or(segment, |name| ids.get(name).map_or("1", String::as_str))
    });
    segments.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_operation_is_served_as_the_table_describes_it() {
    let mut tour = Tour::start(0).await;
    visit_shop(&mut tour).await;
    visit_shipping(&mut tour).await;
    visit_listing(&mut tour).await;
    visit_pictures(&mut tour).await;
    visit_inventory(&mut tour).await;
    visit_market(&mut tour).await;
    visit_orders(&mut tour).await;
    visit_ends(&mut tour).await;
    let mut called = std::mem::take(&mut tour.called);
    // Shops of the second seller's country have holidays.
    let mut tour = Tour::start(1).await;
    let holidays = tour.get("getHolidayPreferences").await;
    tour.know("holiday_id", &holidays[0]["holiday_id"]);
    let works = [("is_working", "true")];
    tour.call("updateHolidayPreferences", "", Body::Form(&works))
        .await;
    called.append(&mut tour.called);
    called.insert(NOT_IMPLEMENTED.to_owned());
    let all: BTreeSet<String> = Table::get().operations.keys().cloned().collect();
    let left: Vec<&String> = all.difference(&called).collect();
    assert!(left.is_empty(), "the tour does not go by {left:?}");
}

async fn visit_shop(tour: &mut Tour) {
    for operation in [
        "ping",
        "getMe",
        "getUser",
        "getShop",
        "getShopByOwnerUserId",
        "getShopProductionPartners",
        "getShopSections",
        "getShopReturnPolicies",
        "getShopReadinessStateDefinitions",
        "getReviewsByShop",
    ] {
        tour.get(operation).await;
    }
    let token = tour.world.token.clone();
    tour.call("tokenScopes", "", Body::Form(&[("token", &token)]))
        .await;
    tour.call("findShops", "?shop_name=paris", Body::None).await;
    tour.call("updateShop", "", Body::Form(&[("title", "Old")]))
        .await;
    let addresses = tour.get("getUserAddresses").await;
    tour.know(
        "user_address_id",
        &addresses["results"][0]["user_address_id"],
    );
    tour.get("getUserAddress").await;
    tour.get("deleteUserAddress").await;

    let title = [("title", "Mugs")];
    let section = "shop_section_id";
    tour.make("createShopSection", Body::Form(&title), section, section)
        .await;
    tour.get("getShopSection").await;
    tour.call("updateShopSection", "", Body::Form(&[("title", "Cups")]))
        .await;

    let times = [
        ("readiness_state", "made_to_order"),
        ("min_processing_time", "2"),
        ("max_processing_time", "4"),
    ];
    let definition = "readiness_state_definition_id";
    let create = "createShopReadinessStateDefinition";
    tour.make(create, Body::Form(&times), "readiness_state_id", definition)
        .await;
    tour.get("getShopReadinessStateDefinition").await;
    let longer = [("max_processing_time", "5")];
    tour.call(
        "updateShopReadinessStateDefinition",
        "",
        Body::Form(&longer),
    )
    .await;

    let policy = |deadline| {
        [
            ("accepts_returns", "true"),
            ("accepts_exchanges", "false"),
            ("return_deadline", deadline),
        ]
    };
    let (create, id) = ("createShopReturnPolicy", "return_policy_id");
    tour.make(create, Body::Form(&policy("7")), id, id).await;
    tour.call("updateShopReturnPolicy", "", Body::Form(&policy("14")))
        .await;
    tour.get("getShopReturnPolicy").await;
    tour.get("getListingsByShopReturnPolicy").await;
    let source = tour.id(id);
    let merge = [
        ("source_return_policy_id", source.as_str()),
        ("destination_return_policy_id", "80001"),
    ];
    tour.call("consolidateShopReturnPolicies", "", Body::Form(&merge))
        .await;
    tour.make(create, Body::Form(&policy("21")), id, id).await;
    tour.get("deleteShopReturnPolicy").await;
}

async fn visit_shipping(tour: &mut Tour) {
    tour.call("getShippingCarriers", "?origin_country_iso=FR", Body::None)
        .await;
    tour.get("getShopShippingProfiles").await;
    let profile = [
        ("title", "By post"),
        ("origin_country_iso", "FR"),
        ("origin_postal_code", "75011"),
        ("primary_cost", "4.90"),
        ("secondary_cost", "2"),
        ("destination_country_iso", "FR"),
        ("min_delivery_days", "2"),
        ("max_delivery_days", "5"),
    ];
    let (create, id) = ("createShopShippingProfile", "shipping_profile_id");
    tour.make(create, Body::Form(&profile), id, id).await;
    tour.call(
        "updateShopShippingProfile",
        "",
        Body::Form(&[("title", "Post")]),
    )
    .await;
    tour.get("getShopShippingProfile").await;
    let to = [
        ("primary_cost", "9"),
        ("secondary_cost", "4"),
        ("destination_region", "eu"),
        ("min_delivery_days", "3"),
        ("max_delivery_days", "9"),
    ];
    let id = "shipping_profile_destination_id";
    tour.make(
        "createShopShippingProfileDestination",
        Body::Form(&to),
        id,
        id,
    )
    .await;
    tour.get("getShopShippingProfileDestinationsByShippingProfile")
        .await;
    let cost = [("primary_cost", "8")];
    tour.call(
        "updateShopShippingProfileDestination",
        "",
        Body::Form(&cost),
    )
    .await;
    tour.get("deleteShopShippingProfileDestination").await;
    let upgrade = [
        ("type", "0"),
        ("upgrade_name", "Express"),
        ("price", "3"),
        ("secondary_price", "1"),
        ("min_delivery_days", "1"),
        ("max_delivery_days", "2"),
    ];
    let (create, id) = ("createShopShippingProfileUpgrade", "upgrade_id");
    tour.make(create, Body::Form(&upgrade), id, id).await;
    tour.get("getShopShippingProfileUpgrades").await;
    let cost = [("price", "4")];
    tour.call("updateShopShippingProfileUpgrade", "", Body::Form(&cost))
        .await;
    tour.get("deleteShopShippingProfileUpgrade").await;
    tour.get("deleteShopShippingProfile").await;
}

async fn visit_listing(tour: &mut Tour) {
    let id = "listing_id";
    let fields = draft(&[("shop_section_id", "90001"), ("return_policy_id", "80001")]);
    tour.make("createDraftListing", Body::Form(&fields), id, id)
        .await;
    tour.get("getListing").await;
    let colour = [("value_ids", "2"), ("values", "Blue")];
    tour.call("updateListingProperty", "", Body::Form(&colour))
        .await;
    tour.get("getListingProperties").await;
    tour.get("deleteListingProperty").await;
    let german = [("title", "Becher"), ("description", "Von Hand.")];
    tour.call("createListingTranslation", "", Body::Form(&german))
        .await;
    tour.call("updateListingTranslation", "", Body::Form(&german))
        .await;
    tour.get("getListingTranslation").await;
    let question =
        json!({ "question_text": "Name?", "question_type": "text_input", "required": false });
    let questions = Body::Json(json!({ "personalization_questions": [question] }));
    tour.call("updateListingPersonalization", "", questions)
        .await;
    tour.get("getListingPersonalization").await;
    tour.get("deleteListingPersonalization").await;
}

async fn visit_pictures(tour: &mut Tour) {
    let image = || Form::new().part("image", file(jpeg(1), "a.jpg"));
    let (upload, id) = ("uploadListingImage", "listing_image_id");
    tour.make(upload, Body::Parts(image()), id, id).await;
    tour.make(upload, Body::Parts(image()), id, id).await;
    tour.get("getListingImages").await;
    tour.get("getListingImage").await;
    tour.get("deleteListingImage").await;
    let images = tour.get("getListingImages").await;
    tour.know(id, &images["results"][0][id]);
    let video = Form::new()
        .part("video", file(b"\0\0\0\x18ftypmp42".to_vec(), "a.mp4"))
        .text("name", "a.mp4");
    let (upload, id) = ("uploadListingVideo", "video_id");
    tour.make(upload, Body::Parts(video), id, id).await;
    tour.get("getListingVideos").await;
    tour.get("getListingVideo").await;
    tour.get("deleteListingVideo").await;
}

async fn visit_inventory(tour: &mut Tour) {
    let products = [
        custom_product("Blue", 10.0, 3),
        custom_product("Red", 10.0, 3),
    ];
    let matrix = Body::Json(json!({ "products": products }));
    let made = tour.call("updateListingInventory", "", matrix).await;
    let product = made["products"][0].clone();
    tour.know("product_id", &product["product_id"]);
    tour.know(
        "product_offering_id",
        &product["offerings"][0]["offering_id"],
    );
    tour.get("getListingInventory").await;
    tour.get("getListingProduct").await;
    tour.get("getListingOffering").await;
    let image: i64 = tour.id("listing_image_id").parse().unwrap();
    let value = product["property_values"][0]["value_ids"][0].clone();
    let shown = json!({ "property_id": 513, "value_id": value, "image_id": image });
    let shown = Body::Json(json!({ "variation_images": [shown] }));
    tour.call("updateVariationImages", "", shown).await;
    tour.get("getListingVariationImages").await;
    tour.call("updateListing", "", Body::Form(&[("state", "active")]))
        .await;
}

async fn visit_market(tour: &mut Tour) {
    for operation in [
        "getSellerTaxonomyNodes",
        "getBuyerTaxonomyNodes",
        "getPropertiesByTaxonomyId",
        "getPropertiesByBuyerTaxonomyId",
        "getListingsByShop",
        "findAllActiveListingsByShop",
        "findAllListingsActive",
        "getFeaturedListingsByShop",
        "getReviewsByListing",
    ] {
        tour.get(operation).await;
    }
    let one = format!("?listing_ids={}", tour.id("listing_id"));
    for operation in [
        "getListingsByListingIds",
        "getListingsInventoryByListingIds",
        "getListingsShippingByListingIds",
    ] {
        let found = tour.call(operation, &one, Body::None).await;
        assert_eq!(found["count"], 1, "{operation}");
    }
    let shelf = "?shop_section_ids=90001";
    tour.call("getListingsByShopSectionId", shelf, Body::None)
        .await;
}

async fn visit_orders(tour: &mut Tour) {
    let listing = tour.id("listing_id").parse().unwrap();
    let receipt = tour.world.sandbox.buy(&Purchase::of(listing)).unwrap();
    tour.know("receipt_id", &json!(receipt));
    let shown = tour.get("getShopReceipt").await;
    tour.know(
        "transaction_id",
        &shown["transactions"][0]["transaction_id"],
    );
    for operation in [
        "getShopReceipts",
        "getListingsByShopReceipt",
        "getShopReceiptTransaction",
        "getShopReceiptTransactionsByReceipt",
        "getShopReceiptTransactionsByListing",
        "getShopReceiptTransactionsByShop",
    ] {
        tour.get(operation).await;
    }
    let parcel = json!({ "tracking_code": "8L123", "carrier_name": "la-poste" });
    tour.call("createReceiptShipment", "", Body::Json(parcel))
        .await;
    let shipped = [("was_shipped", "true")];
    tour.call("updateShopReceipt", "", Body::Form(&shipped))
        .await;
    let payments = tour.get("getShopPaymentByReceiptId").await;
    let payment = &payments["results"][0]["payment_id"];
    let query = format!("?payment_ids={payment}");
    tour.call("getPayments", &query, Body::None).await;
    let query = "?min_created=946684800&max_created=4000000000";
    let operation = "getShopPaymentAccountLedgerEntries";
    let entries = tour.call(operation, query, Body::None).await;
    let entry = &entries["results"][0]["entry_id"];
    tour.know("ledger_entry_id", entry);
    tour.get("getShopPaymentAccountLedgerEntry").await;
    let query = format!("?ledger_entry_ids={entry}");
    tour.call("getPaymentAccountLedgerEntryPayments", &query, Body::None)
        .await;
}

/// Files make a listing digital, and some things can be deleted only at the end.
async fn visit_ends(tour: &mut Tour) {
    let digital = draft(&[
        ("type", "download"),
        ("shipping_profile_id", "-"),
        ("readiness_state_id", "-"),
    ]);
    let id = "listing_id";
    tour.make("createDraftListing", Body::Form(&digital), id, id)
        .await;
    let plan = Form::new()
        .part("file", file(b"%PDF-1.7".to_vec(), "plan.pdf"))
        .text("name", "plan.pdf");
    let (upload, id) = ("uploadListingFile", "listing_file_id");
    tour.make(upload, Body::Parts(plan), id, id).await;
    for operation in [
        "getAllListingFiles",
        "getListingFile",
        "deleteListingFile",
        "deleteListing",
        "deleteShopSection",
        "deleteShopReadinessStateDefinition",
    ] {
        tour.get(operation).await;
    }
}

#[tokio::test]
async fn every_operation_needs_the_key_and_the_scopes_that_the_table_names() {
    let mut world = World::start().await;
    let all = [
        "address_r",
        "address_w",
        "email_r",
        "listings_d",
        "listings_r",
        "listings_w",
        "profile_r",
        "profile_w",
        "shops_r",
        "shops_w",
        "transactions_r",
        "transactions_w",
    ];
    for (id, operation) in &Table::get().operations {
        let url = format!(
            "{}{}",
            world.sandbox.url(),
            path(operation, &BTreeMap::new())
        );
        let bare = world.http.request(method(operation), &url);
        if operation.api_key {
            world.send(bare).await.expect(401);
        }
        if operation.scopes.is_empty() {
            continue;
        }
        let key = format!("{CLIENT_ID}:{CLIENT_SECRET}");
        let anonymous = world.http.request(method(operation), &url);
        let refused = world.send(anonymous.header("x-api-key", key)).await;
        assert_eq!(refused.expect(401).error(), "invalid_token", "{id}");
        // Every scope but one of those that are needed.
        for lacking in &operation.scopes {
            let others: Vec<&str> = all.into_iter().filter(|scope| scope != lacking).collect();
            assert_eq!(others.len(), all.len() - 1, "{id}: {lacking}");
            let tokens = world.sandbox.issue_tokens(world.seller.user_id, &others);
            world.token = tokens.unwrap().access_token;
            let request = world.request(method(operation), &path(operation, &BTreeMap::new()));
            let refused = world.send(request).await.expect(403);
            assert_eq!(refused.error(), "insufficient_scope", "{id}");
        }
    }
}

#[tokio::test]
async fn every_operation_refuses_a_path_and_a_query_that_are_not_its_own() {
    let world = World::start().await;
    for (id, operation) in &Table::get().operations {
        let path = path(operation, &BTreeMap::new());
        let unknown = world.request(method(operation), &format!("{path}?no_such=1"));
        let refused = world.send(unknown).await;
        assert_eq!(
            refused.status, 400,
            "{id} takes a parameter that it does not have"
        );
        if let Some((start, end)) = operation.path.split_once('{') {
            let rest = end.split_once('}').map_or("", |(_, rest)| rest);
            if end.starts_with("language") || rest.contains('{') {
                continue;
            }
            let wrong = world.request(method(operation), &format!("{start}first{rest}"));
            assert_eq!(world.send(wrong).await.status, 400, "{id}");
        }
    }
}
