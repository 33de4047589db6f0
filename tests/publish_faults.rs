//! A publication whose requests fail, one at a time and in every way, ends after another try in one
//! complete listing; two equal products published at once are two.

use serde_json::json;
use stoflow_host::api::ProblemKind;
use stoflow_sandbox::{Fault, FaultKind};

use crate::market::{Market, example};
use crate::publish::holds_the_product;

/// More tries than a person would make, fewer than would hide that one does not help.
const TRIES: usize = 3;

/// Publishes under a fault at the request of that index, then as often as it takes.
async fn published_through(kind: FaultKind, index: u32) -> bool {
    let market = Market::new().await;
    market.sandbox.inject(Fault::new(kind).skip(index)).unwrap();
    let product = example("mug");
    let what = format!("{kind:?} at request {index}");
    let mut problems = Vec::new();
    for _ in 0..TRIES {
        match market.publish("key-1", &product, "active").await {
            Ok(done) => {
                assert_eq!(done["listing"]["state"], "active", "{what}");
                let listings = market.listings();
                assert_eq!(listings.len(), 1, "{what}: {listings:#?}");
                holds_the_product(&market, &listings[0], &product, "active", &what);
                return market
                    .sandbox
                    .requests()
                    .iter()
                    .any(|request| request.fault.is_some());
            }
            Err(problem) => problems.push(problem),
        }
    }
    panic!(
        "{what}: {TRIES} tries did not help: {problems:#?}\n{:?}",
        market.operations()
    );
}

async fn at_every_request(kind: FaultKind) {
    let mut index = 0;
    while published_through(kind, index).await {
        index += 1;
    }
    assert!(index >= 5, "a publication has more than {index} requests");
}

#[tokio::test]
async fn an_error_after_the_work_was_done() {
    at_every_request(FaultKind::ErrorAfter).await;
}

#[tokio::test]
async fn an_error_instead_of_the_work() {
    at_every_request(FaultKind::ErrorBefore).await;
}

#[tokio::test]
async fn a_reply_that_is_cut_off() {
    at_every_request(FaultKind::Cut).await;
}

#[tokio::test]
async fn a_connection_that_is_closed() {
    at_every_request(FaultKind::CutBefore).await;
}

#[tokio::test]
async fn a_page_of_a_gateway() {
    at_every_request(FaultKind::Html).await;
}

#[tokio::test]
async fn too_many_requests() {
    at_every_request(FaultKind::RateLimited).await;
}

#[tokio::test]
async fn a_reply_without_a_body() {
    at_every_request(FaultKind::Empty).await;
}

#[tokio::test]
async fn a_token_that_is_refused_in_the_middle_of_it() {
    // The access token dies; the refresh token lives: one refresh, and the publication goes on.
    let market = Market::new().await;
    market.sandbox.expire_tokens(false);
    let done = market
        .publish("key-1", &example("coat"), "active")
        .await
        .unwrap();
    assert_eq!(done["listing"]["state"], "active");
    let refreshes = market
        .operations()
        .iter()
        .filter(|operation| *operation == "token")
        .count();
    assert_eq!(refreshes, 1);
}

#[tokio::test]
async fn two_equal_products_at_once_are_two_listings_whatever_happens_to_their_drafts() {
    let faults = [
        vec![],
        vec![Fault::new(FaultKind::ErrorAfter).on("createDraftListing")],
        vec![
            Fault::new(FaultKind::ErrorAfter)
                .on("createDraftListing")
                .times(2),
        ],
        vec![Fault::new(FaultKind::Cut).on("createDraftListing")],
        vec![Fault::new(FaultKind::CutBefore).on("createDraftListing")],
    ];
    for (round, faults) in faults.into_iter().enumerate() {
        let market = Market::new().await;
        for fault in faults {
            market.sandbox.inject(fault).unwrap();
        }
        let product = example("mug");
        let publish = async |key: &'static str| {
            for _ in 0..TRIES {
                if let Ok(done) = market.publish(key, &product, "active").await {
                    return done["listing"]["id"].as_str().unwrap().to_owned();
                }
            }
            panic!(
                "round {round}: {key} is not published: {:?}",
                market.operations()
            );
        };
        let (first, second) = tokio::join!(publish("key-1"), publish("key-2"));
        assert_ne!(first, second, "round {round}");
        let listings = market.listings();
        assert_eq!(listings.len(), 2, "round {round}: {listings:#?}");
        for listing in &listings {
            holds_the_product(
                &market,
                listing,
                &product,
                "active",
                &format!("round {round}"),
            );
        }
    }
}

#[tokio::test]
async fn a_marketplace_that_is_gone_is_said_and_nothing_is_lost() {
    let market = Market::new().await;
    market
        .sandbox
        .inject(Fault::new(FaultKind::CutBefore).times(1000))
        .unwrap();
    let problem = market
        .call("listings.list", json!({"state": "active"}))
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Unavailable, "{problem:?}");
    market.sandbox.clear_faults();
    market
        .call("listings.list", json!({"state": "active"}))
        .await
        .unwrap();
}
