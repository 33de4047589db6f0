//! Calls: JSON in, JSON out, and what a caller gets wrong.

use serde_json::json;
use stoflow_host::api::ProblemKind;

use crate::stage::Stage;

#[tokio::test]
async fn a_function_answers_as_json() {
    let stage = Stage::of(&["constant"]).await;
    let page = stage
        .call("constant", "listings.list", json!({}))
        .await
        .unwrap();
    assert_eq!(page["total"], 1);
    assert_eq!(page["items"][0]["title"], "Stoneware mug");
    assert_eq!(
        page["items"][0]["price"],
        json!({"amount": "18.50", "currency": "EUR"})
    );
    assert_eq!(page["items"][0]["created_at"], "2023-11-14T22:13:20Z");
    // A number that a float cannot hold comes through.
    assert_eq!(
        page["items"][0]["extension"]["views"].to_string(),
        "9007199254740993"
    );
}

#[tokio::test]
async fn names_may_be_written_with_hyphens_or_underscores() {
    let stage = Stage::of(&["constant"]).await;
    for function in ["listings.get-many", "listings.get_many"] {
        let problem = stage
            .call("constant", function, json!({"ids": []}))
            .await
            .unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::Unsupported, "{problem:?}");
    }
}

#[tokio::test]
async fn a_plugins_own_error_is_a_problem_with_its_words() {
    let stage = Stage::of(&["constant"]).await;
    let problem = stage.provoke("constant", "7").await;
    assert_eq!(problem.kind(), ProblemKind::NotFound);
    assert_eq!(problem.title, "no listing 7");
    assert!(problem.correlation_id.is_some());
}

#[tokio::test]
async fn arguments_of_the_wrong_shape_are_named_by_pointer() {
    let stage = Stage::of(&["constant"]).await;
    let cases = [
        (json!({"state": "sold"}), "/state", "sold_out"),
        (json!({"page": {"limit": -1}}), "/page/limit", "4294967295"),
        (json!({"page": {"limit": "10"}}), "/page/limit", ""),
        (json!({"sate": "active"}), "/sate", "state"),
        (json!([]), "", ""),
    ];
    for (arguments, pointer, hint) in cases {
        let problem = stage
            .call("constant", "listings.list", arguments.clone())
            .await
            .unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::InvalidArguments, "{arguments}");
        assert_eq!(problem.violations[0].path, pointer, "{arguments}");
        assert!(
            problem.violations[0].message.contains(hint),
            "{arguments}: {problem:?}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_is() {
    let stage = Stage::of(&["constant"]).await;
    let cases = [
        (
            "ebay",
            "listings.list",
            ProblemKind::UnknownPlugin,
            "constant",
        ),
        ("../x", "listings.list", ProblemKind::NoRoute, ""),
        (
            "constant",
            "listing.list",
            ProblemKind::UnknownFunction,
            "listings",
        ),
        (
            "constant",
            "listings.lst",
            ProblemKind::UnknownFunction,
            "list",
        ),
    ];
    for (plugin, function, kind, hint) in cases {
        let problem = stage.call(plugin, function, json!({})).await.unwrap_err();
        assert_eq!(problem.kind(), kind, "{plugin} {function}: {problem:?}");
        assert!(problem.title.contains(hint), "{problem:?}");
    }
}

#[tokio::test]
async fn a_function_for_an_account_says_how_to_connect_one() {
    let stage = Stage::new();
    stage.install("plugins/etsy").await.unwrap();
    let product = json!({"key": "k", "product": {}, "target": "draft"});
    let problem = stage
        .call("etsy", "publish.create", product)
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::AccountNeeded, "{problem:?}");
    let said = format!("{problem:?}");
    assert!(said.contains("stoflow account connect etsy"), "{said}");
}

#[tokio::test]
async fn a_plugin_of_an_older_contract_goes_on_working() {
    let stage = Stage::of(&["older"]).await;
    // Fields that its contract lacks.
    let listing = stage
        .call("older", "listings.get", json!({"id": "1"}))
        .await
        .unwrap();
    assert_eq!(
        listing,
        json!({"id": "1", "title": "Old mug", "quantity": 2})
    );
    // A case that both have, of a variant that has more cases here.
    let problem = stage.provoke("older", "2").await;
    assert_eq!(problem.kind(), ProblemKind::NotFound);
    // A function that it lacks.
    let problem = stage
        .call("older", "listings.list", json!({}))
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::UnknownFunction);
    assert!(problem.title.contains("get"), "{problem:?}");
    // What the host reads of it has defaults.
    let shown = stage.get("/api/plugins/older").await.unwrap();
    assert_eq!(shown["versions"][0]["description"]["settings"], json!([]));
}
