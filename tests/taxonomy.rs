//! Categories and what can be said of goods in them, through the plugin: for anybody, consented or
//! not.

use std::time::Instant;

use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_sandbox::{Fault, FaultKind};

use crate::market::{Market, example};

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
    for (function, arguments) in [
        ("taxonomy.nodes", json!({})),
        ("taxonomy.search", json!({ "query": "mug", "limit": 3 })),
        ("taxonomy.properties", json!({ "node": "944" })),
    ] {
        // One that keeps none yet.
        let market = without_account().await;
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

#[tokio::test]
async fn attributes_are_published_by_what_the_category_knows_and_the_rest_is_reported() {
    let market = Market::new().await;
    let attribute = |name: &str, values: Value| json!({ "name": name, "values": values });
    let mut coat = example("coat");
    coat["attributes"] = json!([
        attribute("size", json!([{ "text": "38", "scale": "EU" }])),
        attribute("Height", json!([{ "text": "95.5", "scale": "6" }])),
        attribute("Material", json!([{ "text": "wool" }, { "text": "Silk" }])),
        attribute("Width", json!([{ "text": "40" }])),
        attribute(
            "Occasion",
            json!([{ "text": "Wedding" }, { "text": "Moving" }])
        ),
        attribute("Scent", json!([{ "text": "rose" }])),
        attribute("Primary color", json!([{ "text": "ultraviolet" }])),
    ]);
    let done = market.publish("k", &coat, "draft").await.unwrap();
    let warnings = done["warnings"].as_array().unwrap().iter();
    let reported: Vec<_> = warnings
        .filter(|it| it["code"] == "attribute-left-out")
        .map(|it| {
            (
                it["field"].as_str().unwrap(),
                it["message"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("/product/attributes/3", "5 (Inches), 6 (Centimeters)"),
        ("/product/attributes/4", "at most 1"),
        ("/product/attributes/5", "no attribute \"Scent\""),
        ("/product/attributes/6", "Beige, Black, Blue"),
    ];
    assert_eq!(reported.len(), expected.len(), "{reported:#?}");
    for ((field, message), (path, says)) in reported.iter().zip(expected) {
        assert_eq!(*field, path);
        assert!(message.contains(says), "{message}");
    }
    let id = json!({ "id": done["listing"]["id"] });
    let read = market.call("listings.get_product", id).await.unwrap();
    let shown: Vec<_> = read["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let values = it["values"].as_array().unwrap().iter();
            let texts: Vec<_> = values
                .map(|value| value["text"].as_str().unwrap())
                .collect();
            let scale = it["values"][0]["scale"].as_str();
            (it["name"].as_str().unwrap(), texts.join("+"), scale)
        })
        .collect();
    let expected = [
        ("Size", "38".to_owned(), Some("26")),
        ("Height", "95.5".to_owned(), Some("6")),
        ("Material", "wool+Silk".to_owned(), None),
    ];
    for wanted in &expected {
        assert!(shown.contains(wanted), "{wanted:?} in {shown:?}");
    }
    assert_eq!(shown.len(), expected.len(), "{shown:?}");
}

/// A tree of so many roots, each with as many children, and each of these with as many again.
fn tree(width: usize) -> String {
    let node = |id: usize, level: usize, name: &str, parent: Value, children: Vec<Value>| {
        json!({
            "id": id, "level": level, "name": name, "parent_id": parent, "children": children,
            "full_path_taxonomy_ids": [id / 10_000, id / 100, id],
        })
    };
    let leaf = |root: usize, middle: usize, leaf: usize| {
        let parent = json!(root * 100 + middle);
        let name = format!("Handmade Item{root}x{middle}x{leaf}");
        node(
            root * 10_000 + middle * 100 + leaf,
            2,
            &name,
            parent,
            Vec::new(),
        )
    };
    let middle = |root: usize, middle: usize| {
        let children = (1..=width).map(|it| leaf(root, middle, it)).collect();
        let name = format!("Supplies & Tools {root} {middle}");
        node(root * 100 + middle, 1, &name, json!(root), children)
    };
    let root = |root: usize| {
        let children = (1..=width).map(|it| middle(root, it)).collect();
        node(
            root,
            0,
            &format!("Department {root}"),
            Value::Null,
            children,
        )
    };
    let roots: Vec<Value> = (1..=width).map(root).collect();
    json!({ "count": width, "results": roots }).to_string()
}

#[tokio::test]
async fn a_tree_of_thousands_is_read_and_searched_in_one_call() {
    let market = without_account().await;
    let large = tree(20);
    let (nodes_there, bytes) = (20 + 400 + 8_000, large.len());
    let answer = move || {
        let large = large.clone();
        async move { ([("content-type", "application/json")], large) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let path = "/v3/application/seller-taxonomy/nodes";
    let router = axum::Router::new().route(path, axum::routing::get(answer));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let change = json!({ "origins": { "https://api.etsy.com": origin } });
    let configure = "/api/plugins/etsy/configuration";
    market.stage.post(configure, change).await.unwrap();
    let start = Instant::now();
    let children = nodes(&market, "taxonomy.nodes", json!({ "parent": "2020" })).await;
    assert_eq!(children.len(), 20);
    let walked = start.elapsed();
    let query = json!({ "query": "handmde item20x19x7", "limit": 3 });
    let found = nodes(&market, "taxonomy.search", query).await;
    assert_eq!(found[0]["name"], "Handmade Item20x19x7", "{found:#?}");
    let searched = start.elapsed() - walked;
    println!(
        "{nodes_there} categories, {bytes} bytes: walked in {walked:?}, searched in {searched:?}"
    );
    server.abort();
}
