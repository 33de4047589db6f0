//! How many requests each function sends: quotas are counted in them. `docs/requests.md` says it to
//! people, and each test here holds one of its tables to the letter.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use futures_util::future::join_all;
use serde_json::{Value, json};

use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET, Purchase};

use crate::market::{Market, example, id_of};

/// A shop, and what its functions have sent so far.
struct Counts {
    market: Market,
    table: String,
}

impl Counts {
    async fn new() -> Self {
        let head = "| function | when | requests | which |\n|---|---|---|---|\n";
        Self {
            market: Market::new().await,
            table: head.to_owned(),
        }
    }

    /// Calls a function; its answer, and how many requests it sent. `when` stands in the table.
    async fn count(&mut self, function: &str, when: &str, arguments: Value) -> (Value, usize) {
        self.market.sandbox.clear_requests();
        let answer = self.market.call_with_files(function, arguments).await;
        let answer = answer.unwrap_or_else(|problem| panic!("{function}: {problem:?}"));
        let operations = self.market.operations();
        let mut each: BTreeMap<&str, usize> = BTreeMap::new();
        for operation in &operations {
            *each.entry(operation).or_default() += 1;
        }
        // By name: some are sent at once.
        let which: Vec<String> = each
            .into_iter()
            .map(|(operation, times)| match times {
                1 => operation.to_owned(),
                times => format!("{times} × {operation}"),
            })
            .collect();
        let (count, which) = (operations.len(), which.join(", "));
        writeln!(self.table, "| `{function}` | {when} | {count} | {which} |").unwrap();
        (answer, count)
    }

    /// Holds the section of this heading against what was counted.
    fn are_documented(&self, heading: &str) {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/requests.md");
        let text = std::fs::read_to_string(path).unwrap();
        let section = text.split(&format!("## {heading}\n\n")).nth(1);
        let section = section.unwrap_or_default().split("\n\n").next().unwrap();
        assert!(
            section.trim_end() == self.table.trim_end(),
            "docs/requests.md says of \"{heading}\":\n{section}\nand this is sent:\n{}",
            self.table
        );
    }
}

/// A product with one variation and five images.
fn coat() -> Value {
    let mut coat = example("coat");
    let names = ["coat-front", "coat-back", "coat-detail", "mug", "poster"];
    let image = |name: &&str| json!({ "source": format!("asset:{name}.jpg"), "alt_text": format!("The {name}") });
    coat["images"] = names.iter().map(image).collect();
    coat
}

/// The same that names the shop's policies.
fn coat_with_policies(market: &Market) -> Value {
    let state = market.sandbox.state();
    let shop = &state["shops"][0];
    let policy = |kind: &str, list: &str, id: &str| json!({ "kind": kind, "id": shop[list][0][id].to_string() });
    let mut coat = coat();
    coat["policies"] = json!([
        policy("shipping", "shipping_profiles", "shipping_profile_id"),
        policy("returns", "return_policies", "return_policy_id"),
        policy("processing", "readiness_states", "readiness_state_id"),
    ]);
    coat
}

fn creation(key: &str, product: Value, target: &str) -> Value {
    json!({ "key": key, "product": product, "target": target })
}

#[tokio::test]
async fn publishing_sends_no_more_than_it_has_to() {
    let mut counts = Counts::new().await;
    let create = "publish.create";
    let product = coat_with_policies(&counts.market);
    let named = creation("named", product.clone(), "active");
    let what = "one variation, five images, policies named, put on sale";
    let (done, count) = counts.count(create, what, named.clone()).await;
    assert!(count <= 9, "{}", counts.table);
    let id = id_of(&done["listing"]);
    let draft = creation("draft", product, "draft");
    let (_, count) = counts.count(create, "the same as a draft", draft).await;
    assert!(count <= 9, "{}", counts.table);
    let looked_up = creation("looked up", coat(), "active");
    let what = "the same, its three policies looked up";
    let (_, count) = counts.count(create, what, looked_up).await;
    assert!(count <= 12, "{}", counts.table);
    let (_, count) = counts.count(create, "the same key again", named).await;
    assert!(count <= 3, "{}", counts.table);
    let preview = json!({ "product": coat(), "target": "active" });
    let (_, count) = counts.count("publish.preview", "always", preview).await;
    assert_eq!(count, 0);
    let (_, count) = counts.count("publish.rules", "always", json!({})).await;
    assert_eq!(count, 0);
    let of = |change: Value| {
        let mut arguments = json!({ "listing_id": id });
        let fields = change.as_object().unwrap().clone();
        arguments.as_object_mut().unwrap().extend(fields);
        arguments
    };
    let change =
        json!({ "changes": [of(json!({ "price": { "amount": "95.00", "currency": "EUR" } }))] });
    let (answers, count) = counts
        .count("publish.set-offers", "a price", change.clone())
        .await;
    assert_eq!((count, &answers[0]["ok"]), (2, &json!([])), "{answers}");
    let (_, count) = counts
        .count("publish.set-offers", "a price that is so already", change)
        .await;
    assert_eq!(count, 1);
    let title = of(json!({ "product": { "title": "Wool coat, brown" } }));
    counts.count("publish.update", "a title", title).await;
    counts
        .count("publish.pause", "one on sale", of(json!({})))
        .await;
    counts
        .count("publish.activate", "a paused one", of(json!({})))
        .await;
    counts
        .count("publish.delete", "always", of(json!({})))
        .await;
    counts.are_documented("Publishing");
}

/// Drafts made by the seller's own hand.
pub async fn drafts(market: &Market, count: usize) -> Vec<String> {
    let seller = market.sandbox.sellers()[0];
    let tokens = market.sandbox.issue_tokens(seller.user_id, &[]).unwrap();
    let address = format!(
        "{}/v3/application/shops/{}/listings",
        market.sandbox.url(),
        seller.shop_id
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let draft = |number: usize| {
        let title = format!("Draft {number}");
        let fields = [
            ("title", title.as_str()),
            ("description", "A draft."),
            ("quantity", "1"),
            ("price", "5.00"),
            ("who_made", "i_did"),
            ("when_made", "made_to_order"),
            ("is_supply", "false"),
            ("taxonomy_id", "944"),
            ("type", "download"),
        ];
        client
            .post(&address)
            .bearer_auth(&tokens.access_token)
            .header("x-api-key", format!("{CLIENT_ID}:{CLIENT_SECRET}"))
            .form(&fields)
            .send()
    };
    let mut ids = Vec::new();
    for reply in join_all((0..count).map(draft)).await {
        let reply: Value = reply
            .unwrap()
            .error_for_status()
            .unwrap()
            .json()
            .await
            .unwrap();
        ids.push(reply["listing_id"].to_string());
    }
    ids
}

#[tokio::test]
async fn reading_sends_no_more_than_it_has_to() {
    let mut counts = Counts::new().await;
    let ids = drafts(&counts.market, 100).await;
    let list = json!({ "state": "draft", "page": { "limit": 100 } });
    let (page, count) = counts
        .count("listings.list", "a page of 100 in one state", list)
        .await;
    assert_eq!((count, page["items"].as_array().unwrap().len()), (1, 100));
    counts
        .count("listings.list", "a shop that fits on a page", json!({}))
        .await;
    for id in &ids {
        let id = id.parse().unwrap();
        counts
            .market
            .sandbox
            .set_listing_state(id, "active")
            .unwrap();
    }
    let all = json!({ "page": { "limit": 100 } });
    let when = "a page of 100, whatever their state";
    let (page, count) = counts.count("listings.list", when, all).await;
    assert_eq!((count, page["items"].as_array().unwrap().len()), (1, 100));
    let many = json!({ "ids": ids });
    let (found, count) = counts.count("listings.get-many", "100", many).await;
    assert_eq!((count, found.as_array().unwrap().len()), (1, 100));
    let coat = counts.market.listing("coat", "coat", "active").await;
    let mug = counts.market.listing("mug", "mug", "active").await;
    let one = |id: &str| json!({ "id": id });
    let (_, count) = counts.count("listings.get", "always", one(&coat)).await;
    assert_eq!(count, 1);
    counts
        .count("listings.get-product", "one variation", one(&coat))
        .await;
    counts
        .count("listings.get-product", "several variations", one(&mug))
        .await;
    counts
        .count("listings.get-inventory", "one variation", one(&coat))
        .await;
    let when = "several variations";
    let (mut inventory, _) = counts
        .count("listings.get-inventory", when, one(&mug))
        .await;
    inventory["variations"][0]["quantity"] = json!(7);
    let set = json!({ "id": mug, "inventory": inventory });
    counts
        .count("listings.set-inventory", "several variations", set)
        .await;
    let add = json!({ "id": mug, "image": { "source": "asset:poster.jpg" } });
    counts.count("listings.add-image", "always", add).await;
    counts.are_documented("Listings");
}

#[tokio::test]
async fn orders_take_a_request_for_a_page_and_one_for_a_parcel_beside_a_look() {
    let mut counts = Counts::new().await;
    let mug = counts.market.listing("coat", "poster", "active").await;
    let stock = json!({ "changes": [{ "listing_id": mug, "quantity": 200 }] });
    counts
        .market
        .call("publish.set_offers", stock)
        .await
        .unwrap();
    let purchase = Purchase::of(mug.parse().unwrap());
    let buy = || counts.market.sandbox.buy(&purchase).unwrap().to_string();
    let orders: Vec<String> = (0..100).map(|_| buy()).collect();
    let when = "a page of 100";
    let (page, count) = counts.count("orders.list", when, json!({})).await;
    assert_eq!((count, page["items"].as_array().unwrap().len()), (1, 100));
    let unsent = json!({ "filter": { "shipped": false } });
    let when = "a page of 100, filtered";
    let (_, count) = counts.count("orders.list", when, unsent).await;
    assert_eq!(count, 1);
    let one = json!({ "id": orders[0] });
    let (_, count) = counts.count("orders.get", "always", one).await;
    assert_eq!(count, 1);
    let tracking = json!({ "carrier": "usps", "code": "9400111899223197428490" });
    let ship = json!({ "id": orders[0], "shipment": { "tracking": tracking } });
    let (_, count) = counts.count("orders.ship", "a parcel", ship.clone()).await;
    assert_eq!(count, 2);
    let when = "a parcel that was told of already";
    let (_, count) = counts.count("orders.ship", when, ship).await;
    assert_eq!(count, 1);
    counts.are_documented("Orders");
}

#[tokio::test]
async fn polling_an_idle_shop_takes_one_request_for_each_job() {
    let mut counts = Counts::new().await;
    for id in drafts(&counts.market, 100).await {
        let sandbox = &counts.market.sandbox;
        sandbox
            .set_listing_state(id.parse().unwrap(), "active")
            .unwrap();
    }
    let (jobs, count) = counts.count("poll.jobs", "always", json!({})).await;
    assert_eq!(count, 0);
    let window = json!({ "start": "2020-01-01T00:00:00Z", "end": "2020-01-01T00:10:00Z" });
    for job in jobs.as_array().unwrap() {
        let name = job["name"].as_str().unwrap();
        let window = match job["strategy"].as_str() {
            Some("window") => window.clone(),
            _ => Value::Null,
        };
        let fetch = json!({ "job": name, "window": window });
        let when = format!("`{name}`, nothing has happened, 100 listings");
        let (batch, count) = counts.count("poll.fetch", &when, fetch).await;
        assert_eq!(count, 1, "{name}");
        assert_eq!((count, &batch["next"]), (1, &Value::Null), "{name}");
        assert_eq!(job["idle_cost"], 1, "{name}");
    }
    counts.are_documented("Polling");
}

#[tokio::test]
async fn a_shop_and_its_rules_are_read_with_a_request_for_each_kind() {
    let mut counts = Counts::new().await;
    let (_, count) = counts.count("shop.get", "always", json!({})).await;
    assert_eq!(count, 1);
    let (_, count) = counts.count("shop.sections", "always", json!({})).await;
    assert_eq!(count, 1);
    let section = json!({ "title": "Mugs" });
    let (_, count) = counts
        .count("shop.create-section", "a new title", section)
        .await;
    assert_eq!(count, 2);
    counts.count("shop.readiness", "always", json!({})).await;
    let (_, count) = counts.count("policies.list", "all kinds", json!({})).await;
    assert_eq!(count, 3);
    let kind = json!({ "kind": "returns" });
    let (_, count) = counts
        .count("policies.list", "one kind", kind.clone())
        .await;
    assert_eq!(count, 1);
    let (_, count) = counts.count("policies.schema", "always", kind).await;
    assert_eq!(count, 0);
    let returns =
        json!({ "accepts_returns": true, "accepts_exchanges": false, "return_deadline": 14 });
    let create = json!({ "kind": "returns", "name": "14 days", "data": returns });
    let (_, count) = counts
        .count("policies.create", "a return policy", create)
        .await;
    assert_eq!(count, 2);
    counts.are_documented("The shop and its rules");
}

#[tokio::test]
async fn categories_are_asked_for_once_and_kept_by_the_host() {
    let mut counts = Counts::new().await;
    let search = |query: &str| json!({ "query": query, "limit": 5 });
    let node = || json!({ "node": "944" });
    for (function, when, arguments, expected) in [
        ("taxonomy.search", "the first of a day", search("mug"), 1),
        ("taxonomy.search", "any other", search("coat"), 0),
        ("taxonomy.nodes", "after one of these", json!({}), 0),
        (
            "taxonomy.properties",
            "a category's first of a day",
            node(),
            1,
        ),
        ("taxonomy.properties", "the same category again", node(), 0),
    ] {
        let (found, count) = counts.count(function, when, arguments).await;
        assert_eq!(count, expected, "{function}, {when}");
        assert_ne!(found, json!([]), "{function}, {when}");
    }
    counts.are_documented("Categories");
}
