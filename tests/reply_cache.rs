//! Etsy's categories, kept: once for every account, command and run of the program.

use serde_json::{Value, json};
use stoflow_sandbox::{CLIENT_ID, Fault, FaultKind};

use crate::market::Market;
use crate::stage::Stage;

const ROOTS: &str = "taxonomy.nodes";

async fn roots(stage: &Stage) -> Value {
    stage.call("etsy", ROOTS, json!({})).await.unwrap()
}

#[tokio::test]
async fn the_categories_are_fetched_once_for_all_commands_and_runs() {
    let market = Market::new().await;
    let first = roots(&market.stage).await;
    assert_eq!(roots(&market.stage).await, first);
    let Market {
        stage,
        sandbox,
        account,
    } = market;
    let stage = stage.reopen();
    assert_eq!(roots(&stage).await, first);
    // For nobody, too.
    stage
        .delete(&format!("/api/accounts/{account}"))
        .await
        .unwrap();
    assert_eq!(roots(&stage).await, first);
    let requests = sandbox.requests();
    let asked = requests.iter().filter(|request| {
        let operation = request.operation.as_deref();
        operation == Some("getSellerTaxonomyNodes")
    });
    assert_eq!(asked.count(), 1);
    // What is removed takes them along.
    let kept = stage.data.path().join("replies/etsy");
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 1);
    stage.delete("/api/plugins/etsy").await.unwrap();
    assert!(!kept.exists());
}

#[tokio::test]
async fn no_secret_lies_among_them() {
    let market = Market::new().await;
    roots(&market.stage).await;
    let kept = market.stage.data.path().join("replies/etsy");
    for file in std::fs::read_dir(kept).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let id = CLIENT_ID.as_bytes();
        assert!(!bytes.windows(id.len()).any(|window| window == id));
    }
}

#[tokio::test]
async fn what_etsy_fails_over_is_not_kept() {
    let market = Market::new().await;
    // Those that the host itself asks for again come as often as it asks.
    for (kind, times) in [
        (FaultKind::Empty, 1),
        (FaultKind::Cut, 3),
        (FaultKind::Html, 3),
        (FaultKind::Echo, 1),
    ] {
        let fault = Fault::new(kind).on("getSellerTaxonomyNodes").times(times);
        market.sandbox.inject(fault).unwrap();
        market.call(ROOTS, json!({})).await.unwrap_err();
        market.sandbox.clear_faults();
    }
    let found = roots(&market.stage).await;
    assert!(!found.as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_operator_is_shown_what_is_kept_and_for_how_long() {
    let shown = Stage::new().inspect("plugins/etsy").await;
    let asks = shown["asks"].as_array().unwrap();
    let mut texts = asks.iter().filter_map(|ask| ask["text"].as_str());
    let kept = texts.find(|text| text.contains("used again")).unwrap();
    assert!(kept.contains("seller-taxonomy"), "{kept}");
    assert!(
        kept.ends_with("replies are kept and used again for 1 day"),
        "{kept}"
    );
    assert!(!kept.contains("token"), "{kept}");
}
