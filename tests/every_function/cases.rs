//! The cases, in an order in which each finds what it needs.

use serde_json::{Value, json};
use stoflow_host::api::ProblemKind::{self, *};
use stoflow_sandbox::Purchase;

use crate::market::{Market, example};

/// One of each thing in a shop that a function is asked for.
pub struct Things {
    /// On sale, with variations.
    pub mug: String,
    /// A draft without an image.
    pub draft: String,
    /// Of a mug, paid.
    pub order: String,
}

/// A shop with one of each thing.
pub struct Scene {
    pub market: Market,
    pub things: Things,
}

impl Scene {
    pub async fn new() -> Self {
        let market = Market::new().await;
        let mug = market.listing("mug", "mug", "active").await;
        let done = market.publish("draft", &poster(), "draft").await.unwrap();
        let purchase = Purchase::of(mug.parse().unwrap());
        let things = Things {
            order: market.sandbox.buy(&purchase).unwrap().to_string(),
            mug,
            draft: crate::market::id_of(&done["listing"]),
        };
        Self { market, things }
    }
}

/// What the draft without an image says.
pub fn poster() -> Value {
    let mut poster = example("poster");
    poster["images"] = json!([]);
    poster
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: ProblemKind,
    /// Of the first violation, empty without one.
    pub path: String,
}

impl Failure {
    pub fn of(kind: ProblemKind, path: &str) -> Self {
        let path = path.to_owned();
        Self { kind, path }
    }
}

/// The kind of an error in an answer that has one for each of many things.
pub fn kind(case: &str) -> Option<ProblemKind> {
    Some(match case {
        "invalid" => Invalid,
        "unauthorized" => ConsentNeeded,
        "not_found" => NotFound,
        "unavailable" => Unavailable,
        _ => return None,
    })
}

/// A function: how it works and how it fails.
pub struct Case {
    pub function: &'static str,
    /// Arguments that it works with, and what then stands at a place of its answer. None for what
    /// only the host calls.
    pub works: Option<(Value, &'static str, Value)>,
    pub fails: Vec<(Value, Failure)>,
    pub asks: Asks,
}

/// Whom a function asks, with the arguments that it works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    Nobody,
    /// Etsy, for what is the same for everybody.
    Etsy,
    /// Etsy, with the seller's token.
    Seller,
}

impl Case {
    fn new(function: &'static str, asks: Asks) -> Self {
        Self {
            function,
            works: None,
            fails: Vec::new(),
            asks,
        }
    }

    fn alone(function: &'static str) -> Self {
        Self::new(function, Asks::Nobody)
    }

    fn asking(function: &'static str) -> Self {
        Self::new(function, Asks::Seller)
    }

    fn works(mut self, arguments: Value, place: &'static str, expected: impl Into<Value>) -> Self {
        self.works = Some((arguments, place, expected.into()));
        self
    }

    fn fails(mut self, arguments: Value, kind: ProblemKind, path: &str) -> Self {
        self.fails.push((arguments, Failure::of(kind, path)));
        self
    }
}

/// All of them.
pub fn all(things: &Things) -> Vec<Case> {
    let mut all = Vec::new();
    all.extend(plugin());
    all.extend(publish(things));
    all.extend(listings(things));
    all.extend(orders(things));
    all.extend(poll(things));
    all.extend(shop());
    all.extend(policies());
    all.extend(taxonomy());
    all.extend(webhooks());
    all.extend(endings(things));
    all
}

fn plugin() -> Vec<Case> {
    // What takes nothing and asks nobody can be called wrongly only.
    let unknown = || json!({ "nonsense": 1 });
    vec![
        Case::alone("plugin.describe")
            .works(json!({}), "/id", "etsy")
            .fails(unknown(), InvalidArguments, "/nonsense"),
        Case::alone("auth.provider")
            .works(json!({}), "/pkce", true)
            .fails(unknown(), InvalidArguments, "/nonsense"),
        // It works with the fresh token of a consent: that `Scene` has an account shows it.
        Case::alone("auth.identify").fails(json!({}), ConsentNeeded, ""),
        Case::alone("publish.rules")
            .works(json!({}), "/max_title_length", 140)
            .fails(unknown(), InvalidArguments, "/nonsense"),
        Case::alone("poll.jobs")
            .works(json!({}), "/0/name", "orders")
            .fails(unknown(), InvalidArguments, "/nonsense"),
    ]
}

fn publish(things: &Things) -> Vec<Case> {
    let with = |name: &str, value: Value| {
        let mut product = example("coat");
        product[name] = value;
        product
    };
    let product = |product: Value| json!({ "product": product, "target": "active" });
    let create = |product: Value| json!({ "key": "coat", "product": product, "target": "active" });
    let update = |id: &str, product: Value| json!({ "listing_id": id, "product": product });
    let offer = |id: &str, quantity: u32| {
        let variation = json!({ "listing_id": id, "variation": null, "quantity": quantity });
        json!({ "changes": [variation] })
    };
    let too_long = "x".repeat(141);
    vec![
        Case::alone("publish.preview")
            .works(product(example("coat")), "/requests/0/method", "POST")
            .fails(
                product(with("title", json!(too_long))),
                Invalid,
                "/product/title",
            ),
        Case::asking("publish.create")
            .works(create(example("coat")), "/listing/state", "active")
            .fails(
                create(with("images", json!([]))),
                Invalid,
                "/product/images",
            ),
        Case::asking("publish.update")
            .works(
                update(&things.mug, json!({ "title": "Mug" })),
                "/listing/title",
                "Mug",
            )
            .fails(update("7", json!({ "title": "Mug" })), NotFound, "")
            .fails(
                update(&things.mug, json!({ "title": too_long })),
                Invalid,
                "/product/title",
            ),
        Case::asking("publish.set-offers")
            .works(offer(&things.draft, 3), "/0/ok", json!([]))
            .fails(offer("7", 3), NotFound, "")
            .fails(offer(&things.draft, 1_000), Invalid, ""),
        Case::asking("publish.pause")
            .works(of(&things.mug), "/state", "paused")
            .fails(of("7"), NotFound, "")
            .fails(of(&things.draft), Conflict, ""),
        Case::asking("publish.activate")
            .works(of(&things.mug), "/listing/state", "active")
            .fails(of("7"), NotFound, "")
            .fails(of(&things.draft), Conflict, ""),
    ]
}

fn of(listing: &str) -> Value {
    json!({ "listing_id": listing })
}

fn listings(things: &Things) -> Vec<Case> {
    let one = |id: &str| json!({ "id": id });
    let inventory = |id: &str, amount: &str| {
        let price = json!({ "amount": amount, "currency": "EUR" });
        let variation = json!({ "price": price, "quantity": 6 });
        json!({ "id": id, "inventory": { "variations": [variation] } })
    };
    let image = |id: &str, source: &str| json!({ "id": id, "image": { "source": source, "alt_text": "A mug" } });
    vec![
        Case::asking("listings.list")
            .works(
                json!({ "state": "draft" }),
                "/items/0/id",
                things.draft.clone(),
            )
            .fails(json!({ "state": "sold" }), InvalidArguments, "/state")
            .fails(
                json!({ "page": { "cursor": "x" } }),
                Invalid,
                "/page/cursor",
            ),
        Case::asking("listings.get-many")
            .works(
                json!({ "ids": ["7", things.mug] }),
                "/0/id",
                things.mug.clone(),
            )
            .fails(json!({ "ids": [7] }), InvalidArguments, "/ids/0"),
        Case::asking("listings.get")
            .works(one(&things.mug), "/id", things.mug.clone())
            .fails(one("7"), NotFound, ""),
        Case::asking("listings.get-product")
            .works(one(&things.mug), "/category", "944")
            .fails(one("7"), NotFound, ""),
        Case::asking("listings.get-inventory")
            .works(one(&things.draft), "/variations/0/sku", "POSTER-1")
            .fails(one("7"), NotFound, ""),
        Case::asking("listings.set-inventory")
            .works(
                inventory(&things.draft, "13.00"),
                "/variations/0/quantity",
                6,
            )
            .fails(inventory("7", "13.00"), NotFound, "")
            .fails(
                inventory(&things.draft, "0.01"),
                Invalid,
                "/inventory/variations/0/price",
            ),
        Case::asking("listings.add-image")
            .works(image(&things.draft, "asset:mug.jpg"), "/alt_text", "A mug")
            .fails(image("7", "asset:mug.jpg"), NotFound, "")
            .fails(image(&things.draft, ""), Invalid, "/image/source"),
    ]
}

fn orders(things: &Things) -> Vec<Case> {
    let ship = |id: &str, carrier: &str| {
        let tracking = json!({ "carrier": carrier, "code": "9400111899223197428490" });
        json!({ "id": id, "shipment": { "tracking": tracking } })
    };
    vec![
        Case::asking("orders.list")
            .works(json!({}), "/items/0/id", things.order.clone())
            .fails(
                json!({ "page": { "cursor": "x" } }),
                Invalid,
                "/page/cursor",
            )
            .fails(
                json!({ "filter": { "paid": 1 } }),
                InvalidArguments,
                "/filter/paid",
            ),
        Case::asking("orders.get")
            .works(json!({ "id": things.order }), "/id", things.order.clone())
            .fails(json!({ "id": "7" }), NotFound, ""),
        Case::asking("orders.ship")
            .works(
                ship(&things.order, "usps"),
                "/order/id",
                things.order.clone(),
            )
            .fails(ship("7", "usps"), NotFound, "")
            .fails(
                ship(&things.order, ""),
                Invalid,
                "/shipment/tracking/carrier",
            ),
    ]
}

fn poll(things: &Things) -> Vec<Case> {
    let window = json!({ "start": "2020-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z" });
    let fetch = |job: &str, window: &Value| json!({ "job": job, "window": window });
    vec![
        Case::asking("poll.fetch")
            .works(
                fetch("orders", &window),
                "/items/0/order/id",
                things.order.clone(),
            )
            .fails(fetch("refunds", &window), Invalid, "/job")
            .fails(fetch("orders", &Value::Null), Invalid, "/window"),
    ]
}

fn webhooks() -> Vec<Case> {
    let push = |body: Value| {
        let request = json!({
            "method": "POST",
            "url": "https://stoflow.example/webhooks/etsy",
            "headers": [],
            "body": body,
        });
        json!({ "request": request })
    };
    let unknown = || json!({ "nonsense": 1 });
    vec![
        Case::alone("webhooks.verified-by")
            .works(json!({}), "", "standard_webhooks")
            .fails(unknown(), InvalidArguments, "/nonsense"),
        Case::alone("webhooks.subscribe").fails(
            json!({ "url": "https://stoflow.example/w" }),
            Unsupported,
            "",
        ),
        Case::alone("webhooks.receive")
            .works(push(json!("e30=")), "/response/status", 400)
            .fails(push(json!(7)), InvalidArguments, "/request/body"),
    ]
}

fn shop() -> Vec<Case> {
    let unknown = || json!({ "nonsense": 1 });
    let section = |title: &str| json!({ "title": title });
    vec![
        Case::asking("shop.get")
            .works(json!({}), "/currency", "EUR")
            .fails(unknown(), InvalidArguments, "/nonsense"),
        Case::asking("shop.sections")
            .works(json!({}), "/0/title", "Everything")
            .fails(unknown(), InvalidArguments, "/nonsense"),
        Case::asking("shop.create-section")
            .works(section("Mugs"), "/title", "Mugs")
            .fails(section(""), Invalid, "/title")
            .fails(
                json!({ "title": "Mugs", "parent": "1" }),
                Invalid,
                "/parent",
            ),
        Case::asking("shop.readiness")
            .works(json!({}), "", json!([]))
            .fails(unknown(), InvalidArguments, "/nonsense"),
    ]
}

fn policies() -> Vec<Case> {
    let kind = |kind: &str| json!({ "kind": kind });
    let create = |kind: &str, deadline: u32| {
        let data = json!({
            "accepts_returns": true,
            "accepts_exchanges": false,
            "return_deadline": deadline,
        });
        json!({ "kind": kind, "name": "Returns", "data": data })
    };
    vec![
        Case::asking("policies.list")
            .works(kind("shipping"), "/0/name", "Standard shipping")
            .fails(kind("postage"), InvalidArguments, "/kind"),
        Case::alone("policies.schema")
            .works(kind("returns"), "/type", "object")
            .fails(kind("payment"), Unsupported, ""),
        Case::asking("policies.create")
            .works(create("returns", 14), "/kind", "returns")
            .fails(create("returns", 15), Invalid, "/data/return_deadline")
            .fails(create("payment", 14), Unsupported, ""),
    ]
}

fn taxonomy() -> Vec<Case> {
    let search = |query: &str| json!({ "query": query, "limit": 3 });
    vec![
        Case::new("taxonomy.nodes", Asks::Etsy)
            .works(json!({}), "/0/name", "Accessories")
            .fails(json!({ "parent": "7777777" }), NotFound, ""),
        Case::new("taxonomy.search", Asks::Etsy)
            .works(search("mugs"), "/0/id", "944")
            .fails(search(" "), Invalid, "/query"),
        Case::new("taxonomy.properties", Asks::Etsy)
            .works(json!({ "node": "944" }), "/0/required", false)
            .fails(json!({ "node": "mugs" }), NotFound, ""),
    ]
}

/// What leaves nothing to be asked for.
fn endings(things: &Things) -> Vec<Case> {
    vec![
        Case::asking("publish.delete")
            .works(of(&things.draft), "", Value::Null)
            .fails(of("7"), NotFound, ""),
    ]
}
