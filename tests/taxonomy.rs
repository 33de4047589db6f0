//! Categories and what can be said of goods in them, through the plugin: for anybody, consented or
//! not.

use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_sandbox::{Fault, FaultKind};

use crate::market::Market;

async fn nodes(market: &Market, function: &str, arguments: Value) -> Vec<Value> {
    let found = market.call(function, arguments).await.unwrap();
    found.as_array().unwrap().clone()
}

fn named<'a>(nodes: &'a [Value], name: &str) -> &'a Value {
    let found = nodes.iter().find(|node| node["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {nodes:#?}"))
}

/// A market whose seller has taken the consent back.
async fn without_account() -> Market {
    let market = Market::new().await;
    let account = format!("/api/accounts/{}", market.account);
    market.stage.delete(&account).await.unwrap();
    market.sandbox.clear_requests();
    market
}

#[tokio::test]
async fn categories_are_walked_from_the_roots_to_a_leaf_without_an_account() {
    let market = without_account().await;
    let roots = nodes(&market, "taxonomy.nodes", json!({})).await;
    assert!(
        roots
            .iter()
            .all(|root| root["parent"].is_null() && root["leaf"] == false)
    );
    let home = named(&roots, "Home & Living");
    let rooms = nodes(&market, "taxonomy.nodes", json!({ "parent": home["id"] })).await;
    let kitchen = named(&rooms, "Kitchen & Dining");
    assert_eq!(kitchen["parent"], home["id"]);
    let things = nodes(
        &market,
        "taxonomy.nodes",
        json!({ "parent": kitchen["id"] }),
    )
    .await;
    let mugs = named(&things, "Mugs");
    assert_eq!(mugs["id"], "944");
    assert_eq!(
        mugs["path"],
        json!(["Home & Living", "Kitchen & Dining", "Mugs"])
    );
    assert_eq!(mugs["leaf"], true);
    let none = nodes(&market, "taxonomy.nodes", json!({ "parent": "944" })).await;
    assert_eq!(none, Vec::<Value>::new());
}

#[tokio::test]
async fn a_search_finds_the_category_of_a_word_and_of_a_slip() {
    let market = without_account().await;
    for (query, id) in [
        ("mug", "944"),
        ("MUGS", "944"),
        ("mgus", "944"),
        ("tea pots", "946"),
        ("teapto", "946"),
        ("kitchen mug", "944"),
        ("décor", "924"),
    ] {
        let arguments = json!({ "query": query, "limit": 5 });
        let found = nodes(&market, "taxonomy.search", arguments.clone()).await;
        assert!((1..=5).contains(&found.len()), "{query}: {found:#?}");
        assert_eq!(found[0]["id"], id, "{query}: {found:#?}");
        let again = nodes(&market, "taxonomy.search", arguments).await;
        assert_eq!(again, found, "{query}");
    }
    let nothing = json!({ "query": "xyzzy", "limit": 5 });
    assert_eq!(
        nodes(&market, "taxonomy.search", nothing).await,
        Vec::<Value>::new()
    );
    let many = json!({ "query": "women", "limit": 4_000_000_000_u32 });
    assert!(nodes(&market, "taxonomy.search", many).await.len() <= 100);
}

#[tokio::test]
async fn a_search_for_nothing_is_refused() {
    let market = Market::new().await;
    for query in ["", "  ", "&-!"] {
        let arguments = json!({ "query": query, "limit": 5 });
        let problem = market.call("taxonomy.search", arguments).await;
        let problem = problem.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::Invalid, "{problem:?}");
        assert_eq!(problem.violations[0].path, "/query");
    }
    assert!(market.sandbox.requests().is_empty());
}

#[tokio::test]
async fn properties_have_choices_and_scales() {
    let market = without_account().await;
    let coats = json!({ "query": "jackets & coats", "limit": 1 });
    let coats = nodes(&market, "taxonomy.search", coats).await;
    let arguments = json!({ "node": coats[0]["id"] });
    let found = nodes(&market, "taxonomy.properties", arguments).await;
    let size = named(&found, "Size");
    assert_eq!(
        (&size["key"], &size["supports_variations"]),
        (&json!("100"), &json!(true))
    );
    assert_eq!(
        (&size["free_text"], &size["max_values"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(size["scales"][1], json!({ "id": "26", "name": "EU" }));
    let choices = size["choices"].as_array().unwrap();
    let thirty_eight = named(choices, "38");
    assert_eq!(thirty_eight["scale"], "26");
    let material = named(&found, "Material");
    assert_eq!(material["max_values"], 5);
    let height = named(&found, "Height");
    assert_eq!(
        (&height["free_text"], &height["choices"]),
        (&json!(true), &json!([]))
    );
    let custom = named(&found, "Custom Property");
    assert_eq!(
        (
            &custom["supports_attributes"],
            &custom["supports_variations"]
        ),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn categories_are_asked_for_with_the_apps_key_and_never_with_a_token() {
    let market = Market::new().await;
    let mugs = json!({ "node": "944" });
    nodes(&market, "taxonomy.properties", mugs).await;
    nodes(&market, "taxonomy.nodes", json!({})).await;
    let requests = market.sandbox.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        let has = |name: &str| {
            let mut headers = request.headers.iter();
            headers.any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        assert!(has("x-api-key") && !has("authorization"), "{request:?}");
    }
}

#[tokio::test]
async fn what_is_no_category_is_not_found() {
    let market = Market::new().await;
    for node in ["999999", "no-number", "../users/me", ""] {
        for (function, arguments) in [
            ("taxonomy.nodes", json!({ "parent": node })),
            ("taxonomy.properties", json!({ "node": node })),
        ] {
            let problem = market.call(function, arguments).await.unwrap_err();
            assert_eq!(
                problem.kind(),
                ProblemKind::NotFound,
                "{function} {node}: {problem:?}"
            );
        }
    }
}

#[tokio::test]
async fn categories_that_cannot_be_read_say_why() {
    let market = without_account().await;
    for (function, arguments) in [
        ("taxonomy.nodes", json!({})),
        ("taxonomy.search", json!({ "query": "mug", "limit": 3 })),
        ("taxonomy.properties", json!({ "node": "944" })),
    ] {
        for (kind, expected) in [
            (FaultKind::ErrorBefore, ProblemKind::Unavailable),
            (FaultKind::Html, ProblemKind::Unavailable),
            (FaultKind::CutBefore, ProblemKind::Unavailable),
            (FaultKind::Empty, ProblemKind::Unexpected),
            (FaultKind::Echo, ProblemKind::Unexpected),
        ] {
            // What is no list of properties is none.
            if kind == FaultKind::Echo && function == "taxonomy.properties" {
                continue;
            }
            market.sandbox.inject(Fault::new(kind).times(100)).unwrap();
            let problem = market.call(function, arguments.clone()).await;
            market.sandbox.clear_faults();
            let problem = problem.unwrap_err();
            assert_eq!(problem.kind(), expected, "{function} {kind:?}: {problem:?}");
        }
        market.call(function, arguments).await.unwrap();
    }
}
