//! Shipping profiles, return policies and processing profiles through the plugin.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stoflow_host::api::{Problem, ProblemKind};
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, FaultKind, NewSeller};

use crate::market::{Market, paths};

/// More calls than it takes to finish what broke off.
const TRIES: usize = 4;

async fn create(market: &Market, kind: &str, name: &str, data: &Value) -> Result<Value, Problem> {
    let arguments = json!({ "kind": kind, "name": name, "data": data });
    market.call("policies.create", arguments).await
}

async fn list(market: &Market, kind: Option<&str>) -> Vec<Value> {
    let arguments = json!({ "kind": kind });
    let found = market.call("policies.list", arguments).await.unwrap();
    found.as_array().unwrap().clone()
}

/// A shipping profile with three destinations, one of them by a carrier.
pub fn parcels() -> Value {
    json!({
        "origin_country_iso": "FR",
        "origin_postal_code": "75011",
        "destinations": [
            { "destination_country_iso": "FR", "primary_cost": "4.90", "secondary_cost": "1.50",
              "min_delivery_days": 2, "max_delivery_days": 5 },
            { "destination_region": "eu", "primary_cost": "12", "secondary_cost": "0.05",
              "shipping_carrier_id": "1", "mail_class": "colissimo-international" },
            { "destination_country_iso": "US", "primary_cost": "19.99", "secondary_cost": "0",
              "min_delivery_days": 7, "max_delivery_days": 45 },
        ],
    })
}

/// Place, cost, further cost and delivery of a profile's destinations.
fn destinations(policy: &Value) -> Vec<(String, i64, i64, Value)> {
    let all = policy["extension"]["shipping_profile_destinations"].as_array();
    let one = |it: &Value| {
        let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let place = match text("destination_country_iso").as_str() {
            "" => text("destination_region"),
            country => country.to_owned(),
        };
        let amount = |name: &str| it[name]["amount"].as_i64().unwrap();
        let delivery = match &it["mail_class"] {
            Value::Null => it["max_delivery_days"].clone(),
            class => class.clone(),
        };
        (
            place,
            amount("primary_cost"),
            amount("secondary_cost"),
            delivery,
        )
    };
    all.unwrap().iter().map(one).collect()
}

fn parcels_destinations() -> Vec<(String, i64, i64, Value)> {
    vec![
        ("FR".into(), 490, 150, json!(5)),
        ("eu".into(), 1200, 5, json!("colissimo-international")),
        ("US".into(), 1999, 0, json!(45)),
    ]
}

#[tokio::test]
async fn policies_of_all_kinds_are_listed_at_once() {
    let market = Market::new().await;
    let all = list(&market, None).await;
    let shown: Vec<_> = all
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap();
            (text("kind"), text("name"), text("summary"))
        })
        .collect();
    let expected = [
        (
            "shipping",
            "Standard shipping",
            "from FR to FR for 5.00 EUR, everywhere else for 15.00 EUR",
        ),
        (
            "returns",
            "returns and exchanges within 30 days",
            "returns and exchanges within 30 days",
        ),
        ("processing", "1-3 days", "ready to ship, 1 to 3 days"),
    ];
    assert_eq!(shown, expected);
    assert_eq!(market.operations().len(), 3);
    for (kind, operation) in [
        ("shipping", "getShopShippingProfiles"),
        ("returns", "getShopReturnPolicies"),
        ("processing", "getShopReadinessStateDefinitions"),
    ] {
        market.sandbox.clear_requests();
        assert_eq!(list(&market, Some(kind)).await.len(), 1);
        assert_eq!(market.operations(), [operation]);
    }
}

#[tokio::test]
async fn of_payment_and_places_etsy_has_no_policies() {
    let market = Market::new().await;
    for kind in ["payment", "location"] {
        assert_eq!(list(&market, Some(kind)).await, Vec::<Value>::new());
        let schema = market.call("policies.schema", json!({ "kind": kind }));
        assert_eq!(schema.await.unwrap_err().kind(), ProblemKind::Unsupported);
        let created = create(&market, kind, "x", &json!({})).await;
        assert_eq!(created.unwrap_err().kind(), ProblemKind::Unsupported);
    }
    assert!(market.sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_shipping_profile_is_created_with_all_its_destinations() {
    let market = Market::new().await;
    let made = create(&market, "shipping", "Parcels", &parcels())
        .await
        .unwrap();
    assert_eq!(
        (&made["kind"], &made["name"]),
        (&json!("shipping"), &json!("Parcels"))
    );
    assert_eq!(destinations(&made), parcels_destinations());
    let expected = [
        "getShippingCarriers",
        "getShopShippingProfiles",
        "createShopShippingProfile",
        "createShopShippingProfileDestination",
        "createShopShippingProfileDestination",
        "getShopShippingProfile",
    ];
    assert_eq!(market.operations(), expected);
    // It is the one that there is from now on.
    market.sandbox.clear_requests();
    let again = create(&market, "shipping", "Parcels", &parcels())
        .await
        .unwrap();
    assert_eq!(again, made);
    assert_eq!(market.writes(), Vec::<String>::new());
    // Another one of the same name and other content is another one.
    let mut dearer = parcels();
    dearer["destinations"][2]["primary_cost"] = json!("20.00");
    let other = create(&market, "shipping", "Parcels", &dearer)
        .await
        .unwrap();
    assert_ne!(other["id"], made["id"]);
    assert_eq!(list(&market, Some("shipping")).await.len(), 3);
}

/// Creates the profile under a fault at the request of that index, as often as it takes.
async fn created_through(kind: FaultKind, index: u32) -> bool {
    let market = Market::new().await;
    market.sandbox.inject(Fault::new(kind).skip(index)).unwrap();
    let what = format!("{kind:?} at request {index}");
    let mut problems = Vec::new();
    for _ in 0..TRIES {
        match create(&market, "shipping", "Parcels", &parcels()).await {
            Ok(made) => {
                let requests = market.sandbox.requests();
                let hit = requests.iter().any(|request| request.fault.is_some());
                market.sandbox.clear_faults();
                assert_eq!(destinations(&made), parcels_destinations(), "{what}");
                let all = list(&market, Some("shipping")).await;
                assert_eq!(all.len(), 2, "{what}: {all:#?}");
                assert_eq!(all[1], made, "{what}");
                return hit;
            }
            Err(problem) => problems.push(problem),
        }
    }
    panic!("{what}: {TRIES} tries did not help: {problems:#?}");
}

#[tokio::test]
async fn a_shipping_profile_that_broke_off_anywhere_is_finished_and_not_doubled() {
    for kind in [
        FaultKind::ErrorAfter,
        FaultKind::ErrorBefore,
        FaultKind::Cut,
        FaultKind::Empty,
        FaultKind::RateLimited,
    ] {
        let mut index = 0;
        while created_through(kind, index).await {
            index += 1;
        }
        assert!(
            index >= 6,
            "{kind:?}: a creation has more than {index} requests"
        );
    }
}

#[tokio::test]
async fn a_profile_that_was_begun_and_then_wanted_otherwise_is_taken_back() {
    let market = Market::new().await;
    let fault = Fault::new(FaultKind::ErrorBefore).on("createShopShippingProfileDestination");
    market.sandbox.inject(fault).unwrap();
    let broken = create(&market, "shipping", "Parcels", &parcels()).await;
    assert_eq!(broken.unwrap_err().kind(), ProblemKind::Uncertain);
    let mut other = parcels();
    other["destinations"].as_array_mut().unwrap().remove(1);
    let made = create(&market, "shipping", "Parcels", &other)
        .await
        .unwrap();
    assert_eq!(destinations(&made).len(), 2);
    assert_eq!(list(&market, Some("shipping")).await.len(), 2);
}

/// Adds a destination to the newest profile as the seller does on Etsy's own pages.
async fn add_by_hand(market: &Market, country: &str) {
    let shop = &market.sandbox.sellers()[0];
    let token = market.sandbox.issue_tokens(shop.user_id, &[]).unwrap();
    let held = market.sandbox.state();
    let profiles = held["shops"][0]["shipping_profiles"].as_array().unwrap();
    let profile = &profiles.last().unwrap()["shipping_profile_id"];
    let path = format!(
        "{}/v3/application/shops/{}/shipping-profiles/{profile}/destinations",
        market.sandbox.url(),
        shop.shop_id
    );
    let form = format!(
        "primary_cost=1&secondary_cost=1&destination_country_iso={country}&min_delivery_days=1&max_delivery_days=2"
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let reply = client
        .post(path)
        .header("x-api-key", format!("{CLIENT_ID}:{CLIENT_SECRET}"))
        .bearer_auth(token.access_token)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status().as_u16(), 201);
}

#[tokio::test]
async fn a_destination_that_etsy_refuses_takes_the_profile_back() {
    let market = Market::new().await;
    let operation = "createShopShippingProfileDestination";
    let held = Fault::new(FaultKind::Slow).on(operation).ms(2_000);
    market.sandbox.inject(held).unwrap();
    let before = market.sandbox.begun();
    let data = parcels();
    let creation = create(&market, "shipping", "Parcels", &data);
    let meddling = async {
        let deadline = Instant::now() + Duration::from_secs(20);
        // Carriers, profiles, the new profile, and its second destination, which is held.
        while market.sandbox.begun() < before + 4 {
            assert!(
                Instant::now() < deadline,
                "the destination was not asked for"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        add_by_hand(&market, "US").await;
    };
    let (problem, ()) = tokio::join!(creation, meddling);
    let problem = problem.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Rejected, "{problem:?}");
    let writes = market.writes();
    assert_eq!(writes.last().unwrap(), "deleteShopShippingProfile");
    assert_eq!(list(&market, Some("shipping")).await.len(), 1);
    let made = create(&market, "shipping", "Parcels", &data).await.unwrap();
    assert_eq!(destinations(&made), parcels_destinations());
}

#[tokio::test]
async fn everything_wrong_is_told_at_once_before_anything_is_sent() {
    let market = Market::new().await;
    let data = json!({
        "origin_country_iso": "France",
        "postal_code": "75011",
        "destinations": [
            { "destination_country_iso": "FR", "primary_cost": 4.9, "secondary_cost": "1",
              "min_delivery_days": 2, "max_delivery_days": 5 },
            { "primary_cost": "4.90", "secondary_cost": "1", "min_delivery_days": 2 },
        ],
    });
    let problem = create(&market, "shipping", " ", &data).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Invalid);
    let mut found = paths(&problem);
    found.sort_unstable();
    let expected = [
        "/data/destinations/0/primary_cost",
        "/data/destinations/1",
        "/data/destinations/1",
        "/data/origin_country_iso",
        "/data/postal_code",
        "/name",
    ];
    assert_eq!(found, expected, "{problem:?}");
    let returns =
        json!({ "accepts_returns": true, "accepts_exchanges": "no", "return_deadline": 31 });
    let problem = create(&market, "returns", "", &returns).await.unwrap_err();
    assert_eq!(
        paths(&problem),
        ["/data/accepts_exchanges", "/data/return_deadline"]
    );
    let processing = json!({ "min_processing_time": 11 });
    let problem = create(&market, "processing", "", &processing)
        .await
        .unwrap_err();
    let mut found = paths(&problem);
    found.sort_unstable();
    let expected = [
        "/data/max_processing_time",
        "/data/min_processing_time",
        "/data/readiness_state",
    ];
    assert_eq!(found, expected);
    assert!(market.sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_cost_is_as_fine_as_the_shops_currency() {
    let market = Market::of(&NewSeller {
        shop_name: "Washi".into(),
        country: "JP".into(),
        currency: "JPY".into(),
        ..NewSeller::default()
    })
    .await;
    let mut data = json!({
        "origin_country_iso": "JP", "origin_postal_code": "604-8001",
        "destinations": [{ "destination_country_iso": "JP", "primary_cost": "500.50", "secondary_cost": "100.0",
            "min_delivery_days": 1, "max_delivery_days": 2 }],
    });
    let problem = create(&market, "shipping", "Letter", &data)
        .await
        .unwrap_err();
    assert_eq!(paths(&problem), ["/data/destinations/0/primary_cost"]);
    assert!(market.sandbox.requests().is_empty());
    data["destinations"][0]["primary_cost"] = json!("500");
    let made = create(&market, "shipping", "Letter", &data).await.unwrap();
    assert!(
        made["summary"].as_str().unwrap().contains("JP for 500 JPY"),
        "{made}"
    );
    assert_eq!(
        create(&market, "shipping", "Letter", &data).await.unwrap(),
        made
    );
}

#[tokio::test]
async fn a_carrier_that_does_not_ship_from_there_is_named_with_those_that_do() {
    let market = Market::new().await;
    let mut data = parcels();
    data["destinations"][1]["shipping_carrier_id"] = json!("3");
    let problem = create(&market, "shipping", "Parcels", &data)
        .await
        .unwrap_err();
    assert_eq!(
        paths(&problem),
        ["/data/destinations/1/shipping_carrier_id"]
    );
    assert!(
        problem.violations[0].message.contains("1 (La Poste)"),
        "{problem:?}"
    );
    assert_eq!(market.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_return_policy_that_says_the_same_is_the_same() {
    let market = Market::new().await;
    let there =
        json!({ "accepts_returns": true, "accepts_exchanges": true, "return_deadline": 30 });
    let found = create(&market, "returns", "any name", &there)
        .await
        .unwrap();
    assert_eq!(found["id"], "80001");
    assert_eq!(market.writes(), Vec::<String>::new());
    let data =
        json!({ "accepts_returns": true, "accepts_exchanges": false, "return_deadline": 14 });
    for kind in [FaultKind::ErrorAfter, FaultKind::Cut, FaultKind::Empty] {
        let market = Market::new().await;
        let fault = Fault::new(kind).on("createShopReturnPolicy");
        market.sandbox.inject(fault).unwrap();
        let made = create(&market, "returns", "", &data).await.unwrap();
        assert_eq!(made["name"], "returns within 14 days");
        assert_eq!(list(&market, Some("returns")).await.len(), 2, "{kind:?}");
    }
}

#[tokio::test]
async fn a_processing_profile_that_is_there_is_the_one() {
    let market = Market::new().await;
    let data = json!({
        "readiness_state": "made_to_order", "min_processing_time": 1, "max_processing_time": 2,
        "processing_time_unit": "weeks",
    });
    let made = create(&market, "processing", "", &data).await.unwrap();
    assert_eq!(
        (&made["name"], &made["summary"]),
        (&json!("1-2 weeks"), &json!("made to order, 5 to 10 days"))
    );
    let again = create(&market, "processing", "", &data).await.unwrap();
    assert_eq!(again, made);
    // A reply that was lost is no reason not to ask again.
    let fault = Fault::new(FaultKind::ErrorAfter).on("createShopReadinessStateDefinition");
    market.sandbox.inject(fault).unwrap();
    let mut other = data.clone();
    other["max_processing_time"] = json!(3);
    let problem = create(&market, "processing", "", &other).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Uncertain, "{problem:?}");
    create(&market, "processing", "", &other).await.unwrap();
    assert_eq!(list(&market, Some("processing")).await.len(), 3);
}

#[tokio::test]
async fn a_schema_can_be_had_before_anybody_has_consented() {
    let market = Market::new().await;
    let account = format!("/api/accounts/{}", market.account);
    market.stage.delete(&account).await.unwrap();
    for kind in ["shipping", "returns", "processing"] {
        let schema = market.call("policies.schema", json!({ "kind": kind }));
        let schema = schema.await.unwrap();
        assert_eq!(schema["type"], "object", "{kind}");
        assert_eq!(schema["additionalProperties"], false, "{kind}");
    }
    let problem = market.call("policies.list", json!({})).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::AccountNeeded, "{problem:?}");
}

#[tokio::test]
async fn policies_that_cannot_be_read_say_why() {
    let market = Market::new().await;
    for (kind, expected) in [
        (FaultKind::ErrorBefore, ProblemKind::Unavailable),
        (FaultKind::Html, ProblemKind::Unavailable),
        (FaultKind::CutBefore, ProblemKind::Unavailable),
        (FaultKind::Empty, ProblemKind::Unexpected),
    ] {
        market.sandbox.inject(Fault::new(kind).times(100)).unwrap();
        let problem = market.call("policies.list", json!({})).await.unwrap_err();
        assert_eq!(problem.kind(), expected, "{kind:?}: {problem:?}");
        market.sandbox.clear_faults();
    }
}
