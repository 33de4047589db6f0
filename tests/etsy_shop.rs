//! The seller's shop through the plugin: what it is, its sections, and what keeps it from selling.

use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_sandbox::{Fault, FaultKind, NewSeller};

use crate::market::{Market, USER, connect_by, paths};

/// Severity and code of what is found.
async fn readiness(market: &Market) -> Vec<(String, String)> {
    let found = market.call("shop.readiness", json!({})).await.unwrap();
    let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    let found = found.as_array().unwrap().iter();
    found
        .map(|it| (text(it, "severity"), text(it, "code")))
        .collect()
}

fn pair(severity: &str, code: &str) -> (String, String) {
    (severity.to_owned(), code.to_owned())
}

fn bare(country: &str, currency: &str) -> NewSeller {
    NewSeller {
        shop_name: "Bare Boards".into(),
        country: country.into(),
        currency: currency.into(),
        furnished: false,
        ..NewSeller::default()
    }
}

#[tokio::test]
async fn a_shop_says_what_it_is() {
    let market = Market::new().await;
    market.listing("k", "mug", "active").await;
    market.sandbox.clear_requests();
    let shop = market.call("shop.get", json!({})).await.unwrap();
    assert_eq!(shop["id"], "5001");
    assert_eq!(shop["name"], "Vieux Paris");
    assert_eq!(shop["currency"], "EUR");
    assert_eq!(shop["locales"], json!(["en"]));
    assert_eq!(shop["active_listings"], 1);
    assert_eq!(shop["on_vacation"], false);
    assert_eq!(shop["extension"]["login_name"], "vieuxparis");
    assert_eq!(market.operations(), ["getShop"]);
}

#[tokio::test]
async fn a_section_is_added_once() {
    let market = Market::new().await;
    let create = async |title: &str| {
        let arguments = json!({ "title": title });
        market.call("shop.create_section", arguments).await
    };
    let made = create(" Coats & hats ").await.unwrap();
    assert_eq!(made["title"], "Coats & hats");
    assert_eq!(
        market.operations(),
        ["getShopSections", "createShopSection"]
    );
    market.sandbox.clear_requests();
    // The same title, whatever its case, is the same section.
    assert_eq!(create("coats & HATS").await.unwrap()["id"], made["id"]);
    assert_eq!(market.operations(), ["getShopSections"]);
    let all = market.call("shop.sections", json!({})).await.unwrap();
    let titles: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["title"])
        .collect();
    assert_eq!(titles, ["Everything", "Coats & hats"]);
}

#[tokio::test]
async fn a_section_that_etsy_would_refuse_is_refused_by_its_place() {
    let market = Market::new().await;
    for (arguments, expected) in [
        (json!({ "title": " " }), vec!["/title"]),
        (json!({ "title": "x".repeat(25) }), vec!["/title"]),
        (
            json!({ "title": "", "parent": "1" }),
            vec!["/title", "/parent"],
        ),
        (json!({ "title": "Mugs", "parent": "1" }), vec!["/parent"]),
    ] {
        let problem = market.call("shop.create_section", arguments).await;
        let problem = problem.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
        assert_eq!(paths(&problem), expected, "{problem:?}");
    }
    assert!(market.sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_shop_has_twenty_sections() {
    let market = Market::new().await;
    for number in 2..=20 {
        let arguments = json!({ "title": format!("Shelf {number}") });
        market.call("shop.create_section", arguments).await.unwrap();
    }
    market.sandbox.clear_requests();
    let one_more = json!({ "title": "One too many" });
    let problem = market.call("shop.create_section", one_more).await;
    assert_eq!(problem.unwrap_err().kind(), ProblemKind::Conflict);
    assert_eq!(market.operations(), ["getShopSections"]);
}

#[tokio::test]
async fn a_section_whose_reply_was_lost_is_found() {
    for kind in [FaultKind::ErrorAfter, FaultKind::Cut, FaultKind::Empty] {
        let market = Market::new().await;
        let fault = Fault::new(kind).on("createShopSection");
        market.sandbox.inject(fault).unwrap();
        let made = market
            .call("shop.create_section", json!({ "title": "Mugs" }))
            .await
            .unwrap_or_else(|problem| panic!("{kind:?}: {problem:?}"));
        assert_eq!(made["title"], "Mugs");
        let all = market.call("shop.sections", json!({})).await.unwrap();
        assert_eq!(all.as_array().unwrap().len(), 2, "{kind:?}: {all}");
    }
}

#[tokio::test]
async fn a_section_that_was_not_made_is_uncertain_and_made_by_the_next_call() {
    let market = Market::new().await;
    let fault = Fault::new(FaultKind::ErrorBefore).on("createShopSection");
    market.sandbox.inject(fault).unwrap();
    let arguments = json!({ "title": "Mugs" });
    let problem = market.call("shop.create_section", arguments.clone()).await;
    assert_eq!(problem.unwrap_err().kind(), ProblemKind::Uncertain);
    let made = market.call("shop.create_section", arguments).await.unwrap();
    assert_eq!(made["title"], "Mugs");
}

#[tokio::test]
async fn a_furnished_shop_is_ready_after_four_requests_at_once() {
    let market = Market::new().await;
    assert_eq!(readiness(&market).await, []);
    let mut asked = market.operations();
    asked.sort();
    let expected = [
        "getShop",
        "getShopReadinessStateDefinitions",
        "getShopReturnPolicies",
        "getShopShippingProfiles",
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn what_a_bare_shop_lacks_depends_on_where_it_is() {
    let both = [
        pair("blocking", "no-shipping-profile"),
        pair("blocking", "no-processing-profile"),
    ];
    let french = Market::of(&bare("FR", "EUR")).await;
    assert_eq!(readiness(&french).await, both);
    let american = Market::of(&bare("US", "USD")).await;
    let mut all = both.to_vec();
    all.insert(1, pair("blocking", "no-return-policy"));
    assert_eq!(readiness(&american).await, all);
    // What is missing can be made here, and then nothing is.
    let profile = json!({
        "origin_country_iso": "US", "origin_postal_code": "66044",
        "destinations": [{ "destination_country_iso": "US", "primary_cost": "5.00", "secondary_cost": "1",
            "min_delivery_days": 2, "max_delivery_days": 6 }],
    });
    let returns = json!({ "accepts_returns": false, "accepts_exchanges": false });
    let processing = json!({ "readiness_state": "ready_to_ship", "min_processing_time": 1, "max_processing_time": 2 });
    for (kind, data) in [
        ("shipping", profile),
        ("returns", returns),
        ("processing", processing),
    ] {
        let arguments = json!({ "kind": kind, "name": "Usual", "data": data });
        american.call("policies.create", arguments).await.unwrap();
    }
    assert_eq!(readiness(&american).await, []);
    let product = json!({
        "title": "Mug",
        "description": { "plain": "A mug." },
        "category": "944",
        "condition": "new",
        "images": [{ "source": "asset:mug.jpg" }],
        "variations": [{ "price": { "amount": "20.00", "currency": "USD" }, "quantity": 1 }],
    });
    let published = american.publish("k", &product, "active").await.unwrap();
    assert_eq!(published["listing"]["state"], "active");
}

#[tokio::test]
async fn settings_that_name_nothing_are_found() {
    let market = Market::new().await;
    market
        .set(json!({
            "shipping_profile": "standard SHIPPING",
            "return_policy": "999",
            "processing_profile": "next week",
            "section": "Nowhere",
            "who_made": "elves",
            "when_made": "1970s",
        }))
        .await;
    let expected = [
        pair("blocking", "no-such-return-policy"),
        pair("blocking", "no-such-processing-profile"),
        pair("blocking", "no-such-section"),
        pair("warning", "unknown-who-made"),
    ];
    assert_eq!(readiness(&market).await, expected);
    let found = market.call("shop.readiness", json!({})).await.unwrap();
    let message = found[2]["message"].as_str().unwrap();
    assert!(
        message.contains("Nowhere") && message.contains("(Everything)"),
        "{message}"
    );
}

/// Every function that reads.
const READS: [&str; 3] = ["shop.get", "shop.sections", "shop.readiness"];

#[tokio::test]
async fn a_shop_that_cannot_be_read_says_why() {
    let market = Market::new().await;
    for function in READS {
        for (kind, expected) in [
            (FaultKind::ErrorBefore, ProblemKind::Unavailable),
            (FaultKind::Html, ProblemKind::Unavailable),
            (FaultKind::CutBefore, ProblemKind::Unavailable),
            (FaultKind::Empty, ProblemKind::Unexpected),
        ] {
            market.sandbox.inject(Fault::new(kind).times(100)).unwrap();
            let problem = market.call(function, json!({})).await.unwrap_err();
            assert_eq!(problem.kind(), expected, "{function} {kind:?}: {problem:?}");
            market.sandbox.clear_faults();
        }
        market.call(function, json!({})).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_that_was_revoked_asks_for_consent() {
    let market = Market::new().await;
    let fault = Fault::new(FaultKind::RevokeToken);
    market.sandbox.inject(fault).unwrap();
    for (function, arguments) in [
        ("shop.create_section", json!({ "title": "Mugs" })),
        ("shop.readiness", json!({})),
        ("policies.list", json!({})),
    ] {
        let problem = market.call(function, arguments).await.unwrap_err();
        assert_eq!(
            problem.kind(),
            ProblemKind::ConsentNeeded,
            "{function}: {problem:?}"
        );
    }
}

#[tokio::test]
async fn a_consent_that_is_too_narrow_asks_for_another() {
    let market = Market::new().await;
    let account = format!("/api/accounts/{}", market.account);
    market.stage.delete(&account).await.unwrap();
    // The seller's browser went to a link without the scope that writes to the shop.
    let narrow = |url: &str| url.replace("shops_w", "shops_r");
    connect_by(&market.stage, USER, narrow).await.unwrap();
    market.call("shop.get", json!({})).await.unwrap();
    let returns =
        json!({ "accepts_returns": true, "accepts_exchanges": false, "return_deadline": 14 });
    let processing = json!({ "readiness_state": "ready_to_ship", "min_processing_time": 5, "max_processing_time": 6 });
    let shipping = json!({
        "origin_country_iso": "FR", "origin_postal_code": "75011",
        "destinations": [{ "destination_region": "eu", "primary_cost": "5.00", "secondary_cost": "1",
            "min_delivery_days": 2, "max_delivery_days": 6 }],
    });
    let create = |kind: &str, data: Value| json!({ "kind": kind, "name": "x", "data": data });
    for (function, arguments) in [
        ("shop.create_section", json!({ "title": "Mugs" })),
        ("policies.create", create("returns", returns)),
        ("policies.create", create("processing", processing)),
        ("policies.create", create("shipping", shipping)),
    ] {
        let problem = market.call(function, arguments.clone()).await.unwrap_err();
        let kind = problem.kind();
        assert_eq!(
            kind,
            ProblemKind::ConsentNeeded,
            "{function} {arguments}: {problem:?}"
        );
    }
}
