//! Requests that come twice with one key: worked on once, answered alike, and never one for another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_host::clock::Clock;
use stoflow_sandbox::{Fault, FaultKind};

use crate::asking::{Answer, Asking, ask, key_of};
use crate::market::{Market, USER, example};

const SECTIONS: &str = "/api/etsy/shop/sections";
const PUBLISH: &str = "/api/etsy/products/publish";
const CREATE_SECTION: &str = "createShopSection";

/// A request that makes a section, which is made twice if it is worked on twice.
fn section<'a>(market: &'a Market, key: &str, name: &str) -> Asking<'a> {
    ask(&market.stage, Method::POST, SECTIONS)
        .header("idempotency-key", key)
        .json(&json!({ "title": name }))
}

fn sections(market: &Market) -> usize {
    let writes = market.writes();
    writes
        .iter()
        .filter(|write| *write == CREATE_SECTION)
        .count()
}

/// Whether the sandbox holds a section, its reply sent or not.
fn has_section(market: &Market, name: &str) -> bool {
    market.sandbox.state()["shops"].to_string().contains(name)
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

#[tokio::test]
async fn the_same_again_is_answered_alike_and_nobody_is_asked() {
    let market = Market::new().await;
    let first = section(&market, "key-1", "Hats").answer().await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    assert!(!is_replay(&first));
    let asked = market.sandbox.begun();
    for key in ["key-1", "\"key-1\""] {
        let again = section(&market, key, "Hats").answer().await;
        assert!(is_replay(&again), "{key}");
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("content-type"), first.header("content-type"));
    }
    assert_eq!(market.sandbox.begun(), asked);
    assert_eq!(sections(&market), 1);
    // Also after a stop.
    let market = Market {
        stage: market.stage.reopen(),
        ..market
    };
    let again = section(&market, "key-1", "Hats").answer().await;
    assert!(is_replay(&again));
    assert_eq!(again.body, first.body);
    assert_eq!(market.sandbox.begun(), asked);
}

#[tokio::test]
async fn a_key_that_was_used_for_something_else_is_refused_and_nothing_is_done() {
    let market = Market::new().await;
    section(&market, "key-1", "Hats").answer().await;
    let other_body = section(&market, "key-1", "Coats").answer().await;
    let other_path = ask(
        &market.stage,
        Method::POST,
        "/api/etsy/call/shop/create-section",
    )
    .header("idempotency-key", "key-1")
    .json(&json!({ "title": "Hats" }))
    .answer()
    .await;
    let other_query = ask(&market.stage, Method::POST, &format!("{SECTIONS}?user=u1"))
        .header("idempotency-key", "key-1")
        .json(&json!({ "title": "Hats" }))
        .answer()
        .await;
    for refused in [other_body, other_path, other_query] {
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.problem().kind(), ProblemKind::IdempotencyConflict);
    }
    assert_eq!(sections(&market), 1);
    // Another user's key of the same name is another one.
    let theirs = section(&market, "key-1", "Coats")
        .by(&key_of(USER, &["shop:write"]))
        .answer()
        .await;
    assert_eq!(theirs.status, StatusCode::OK, "{}", theirs.text());
    assert_eq!(sections(&market), 2);
}

#[tokio::test]
async fn of_equal_requests_at_once_one_is_worked_on() {
    let market = Market::new().await;
    let slow = Fault::new(FaultKind::Slow).on(CREATE_SECTION).ms(500);
    market.sandbox.inject(slow).unwrap();
    let conflicts = AtomicUsize::new(0);
    let requests = (0..10).map(|_| async {
        loop {
            let answer = section(&market, "key-1", "Hats").answer().await;
            if answer.status != StatusCode::CONFLICT {
                return answer;
            }
            assert_eq!(answer.problem().kind(), ProblemKind::StillRunning);
            assert_eq!(answer.header("retry-after"), "1");
            conflicts.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let answers = futures_util::future::join_all(requests).await;
    assert_eq!(sections(&market), 1);
    assert!(conflicts.load(Ordering::Relaxed) >= 9);
    assert_eq!(
        answers.iter().filter(|answer| !is_replay(answer)).count(),
        1
    );
    for answer in &answers {
        assert_eq!(answer.body, answers[0].body);
    }
}

#[tokio::test]
async fn a_publication_asked_for_twice_is_one_operation_whatever_parts_its_form() {
    let market = Market::new().await;
    let arguments = json!({ "key": "p-1", "product": example("coat"), "target": "active" });
    let publish = |boundary: &str, wait: &str| {
        ask(&market.stage, Method::POST, PUBLISH)
            .header("idempotency-key", "key-1")
            .header("prefer", wait)
            .form_by(&arguments, boundary)
    };
    let first = publish("one-boundary", "respond-async").answer().await;
    assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.text());
    let again = publish("another", "respond-async").answer().await;
    assert!(is_replay(&again));
    assert_eq!(again.json()["id"], first.json()["id"]);
    let waited = publish("a-third", "wait=60").answer().await;
    assert_eq!(waited.status, StatusCode::OK, "{}", waited.text());
    assert_eq!(waited.json()["listing"]["state"], "active");
    assert!(is_replay(&waited));
    let mut other = arguments.clone();
    other["product"]["images"] = json!([]);
    let refused = ask(&market.stage, Method::POST, PUBLISH)
        .header("idempotency-key", "key-1")
        .form(&other)
        .answer()
        .await;
    assert_eq!(refused.problem().kind(), ProblemKind::IdempotencyConflict);
    assert_eq!(market.listings().len(), 1);
    let listed = market.stage.get("/api/operations").await.unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn where_nothing_was_done_the_same_is_tried_again() {
    let market = Market::new().await;
    let unfit = section(&market, "key-1", "").answer().await;
    assert!(unfit.status.is_client_error(), "{}", unfit.text());
    let unfit = section(&market, "key-1", "").answer().await;
    assert!(!is_replay(&unfit), "a refusal was kept");
    let down = Fault::new(FaultKind::RateLimited)
        .on(CREATE_SECTION)
        .times(10);
    market.sandbox.inject(down).unwrap();
    let failed = section(&market, "key-2", "Hats").answer().await;
    assert!(failed.status.is_client_error() || failed.status.is_server_error());
    market.sandbox.clear_faults();
    let done = section(&market, "key-2", "Hats").answer().await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let market = Market::new().await;
    // Its reply is lost, and whether it was made cannot be looked at.
    let lost = Fault::new(FaultKind::Cut).on(CREATE_SECTION);
    market.sandbox.inject(lost).unwrap();
    let down = Fault::new(FaultKind::ErrorBefore).on("getShopSections");
    market.sandbox.inject(down.skip(1).times(100)).unwrap();
    let first = section(&market, "key-1", "Hats").answer().await;
    assert!(first.status.is_server_error(), "{}", first.text());
    let again = section(&market, "key-1", "Hats").answer().await;
    assert!(is_replay(&again), "{}", again.text());
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(sections(&market), 1);
}

#[tokio::test]
async fn a_client_that_goes_away_finds_later_what_was_done() {
    let market = Market::new().await;
    let slow = Fault::new(FaultKind::Slow).on(CREATE_SECTION).ms(300);
    market.sandbox.inject(slow).unwrap();
    let impatient = section(&market, "key-1", "Hats").answer();
    let left = tokio::time::timeout(Duration::from_millis(100), impatient).await;
    assert!(left.is_err(), "it was not slow");
    let answer = loop {
        let answer = section(&market, "key-1", "Hats").answer().await;
        if answer.status != StatusCode::CONFLICT {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(is_replay(&answer), "{}", answer.text());
    assert_eq!(answer.json()["title"], "Hats");
    assert_eq!(sections(&market), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stop_broke_off_is_done_again_only_if_it_may_be() {
    let market = Market::new().await;
    let listing = market.listing("p-1", "coat", "draft").await;
    let price = json!({ "amount": "91.00", "currency": "EUR" });
    let stock = json!({ "inventory": { "variations": [{ "price": price, "quantity": 1 }] } });
    let held = |operation: &str| {
        let held = Fault::new(FaultKind::SlowAfter).on(operation).ms(20_000);
        market.sandbox.inject(held).unwrap();
    };
    held(CREATE_SECTION);
    section(&market, "key-1", "Hats")
        .broken_off(|| has_section(&market, "Hats"))
        .await;
    let path = format!("/api/etsy/listings/{listing}/inventory");
    let before = market.sandbox.begun();
    held("updateListingInventory");
    ask(&market.stage, Method::PUT, &path)
        .header("idempotency-key", "key-2")
        .json(&stock)
        .broken_off(|| market.sandbox.begun() > before)
        .await;
    market.sandbox.clear_faults();
    let market = Market {
        stage: market.stage.reopen(),
        ..market
    };
    let made = section(&market, "key-1", "Hats").answer().await;
    assert_eq!(made.problem().kind(), ProblemKind::Uncertain);
    assert!(made.problem().remedy.is_some());
    let all = market.stage.get(SECTIONS).await.unwrap().to_string();
    assert_eq!(all.matches("Hats").count(), 1, "{all}");
    let written = ask(&market.stage, Method::PUT, &path)
        .header("idempotency-key", "key-2")
        .json(&stock)
        .answer()
        .await;
    assert_eq!(written.status, StatusCode::OK, "{}", written.text());
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day_and_no_longer() {
    let clock = Clock::default();
    let moved = clock.clone();
    let market = Market::with(|_| (), |options| options.clock = moved).await;
    section(&market, "key-1", "Hats").answer().await;
    clock.jump(SignedDuration::from_hours(23));
    assert!(is_replay(&section(&market, "key-1", "Hats").answer().await));
    clock.jump(SignedDuration::from_hours(2));
    let anew = section(&market, "key-1", "Coats").answer().await;
    assert_eq!(anew.status, StatusCode::OK, "{}", anew.text());
    assert!(!is_replay(&anew));
    clock.jump(SignedDuration::from_hours(25));
    market.stage.host.idempotency.sweep().await.unwrap();
    let again = section(&market, "key-1", "Coats").answer().await;
    assert!(!is_replay(&again));
}

#[tokio::test]
async fn what_is_no_key_is_refused_and_reading_needs_none() {
    let market = Market::new().await;
    for odd in ["", "a b", &"k".repeat(256)] {
        let refused = section(&market, odd, "Hats").answer().await;
        assert_eq!(refused.problem().kind(), ProblemKind::BadRequest, "{odd:?}");
    }
    let two = section(&market, "key-1", "Hats").header("idempotency-key", "key-2");
    assert_eq!(two.answer().await.problem().kind(), ProblemKind::BadRequest);
    assert_eq!(sections(&market), 0);
    for _ in 0..2 {
        let read = ask(&market.stage, Method::GET, SECTIONS)
            .header("idempotency-key", "key-1")
            .answer()
            .await;
        assert_eq!(read.status, StatusCode::OK);
        assert!(!is_replay(&read));
    }
}

#[tokio::test]
async fn a_body_too_large_to_be_one_is_refused_as_without_a_key() {
    let market = Market::new().await;
    let large = Value::String("x".repeat(9 << 20)).to_string().into_bytes();
    let refused = ask(&market.stage, Method::POST, SECTIONS)
        .header("idempotency-key", "key-1")
        .bytes("application/json", large)
        .answer()
        .await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    assert_eq!(sections(&market), 0);
}

#[tokio::test]
async fn a_secret_that_is_answered_is_kept_with_no_answer() {
    let market = Market::new().await;
    let make = || {
        ask(&market.stage, Method::POST, "/api/keys")
            .header("idempotency-key", "key-1")
            .json(&json!({ "user": USER, "scopes": ["orders:read"] }))
    };
    let first = make().answer().await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let again = make().answer().await;
    assert_eq!(again.problem().kind(), ProblemKind::Conflict);
    let secret = first.json()["secret"].as_str().unwrap().to_owned();
    assert!(!again.text().contains(&secret));
    let keys = market.stage.get("/api/keys").await.unwrap();
    assert_eq!(keys.as_array().unwrap().len(), 1, "{keys}");
}

#[tokio::test]
async fn what_is_kept_of_a_user_goes_with_him() {
    let market = Market::new().await;
    let arguments = json!({ "key": "p-1", "product": example("mug"), "target": "draft" });
    let publish = || {
        ask(&market.stage, Method::POST, PUBLISH)
            .by(&key_of(USER, &["listings:write"]))
            .header("idempotency-key", "key-1")
            .header("prefer", "wait=60")
            .form(&arguments)
    };
    let done = publish().answer().await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let of = |what: &str| format!("/api/{what}?user={USER}");
    market
        .stage
        .delete(&format!("/api/users/{USER}"))
        .await
        .unwrap();
    for what in ["operations", "events"] {
        let left = market.stage.get(&of(what)).await.unwrap();
        assert_eq!(left["items"], json!([]), "{what}");
    }
    let anew = publish().answer().await;
    assert!(!is_replay(&anew), "{}", anew.text());
}
