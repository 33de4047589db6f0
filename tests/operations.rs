//! Calls that take long: taken and answered at once, watched, found again, gone on with after the host
//! was stopped, and nobody else's.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use stoflow_host::api::{Caller, ProblemKind};
use stoflow_sandbox::{Fault, FaultKind};

use crate::asking::{Answer, ask, key_of};
use crate::market::{Market, USER, example};
use crate::stage::Stage;

const CREATE: &str = "/api/etsy/call/publish/create";

fn publish(key: &str, product: &str) -> Value {
    json!({ "key": key, "product": example(product), "target": "active" })
}

/// Begins a publication; where it is.
async fn begin(market: &Market, key: &str) -> String {
    let answer = ask(&market.stage, Method::POST, CREATE)
        .header("prefer", "respond-async")
        .form(&publish(key, "coat"))
        .answer()
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    answer.header("location").to_owned()
}

/// An operation once it has ended.
async fn ended(stage: &Stage, place: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let operation = stage.get(place).await.unwrap();
        if operation["state"] != "running" {
            return operation;
        }
        assert!(Instant::now() < deadline, "{operation}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An operation's pictures go once its end is kept: soon after it is told.
pub async fn pictures_gone(data: &Path, what: &str) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::fs::read_dir(data.join("files")).unwrap().count() > 0 {
        let is_late = Instant::now() > deadline;
        assert!(!is_late, "{what}: the operation's pictures are still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn one_complete_listing(market: &Market, what: &str) {
    let listings = market.listings();
    assert_eq!(listings.len(), 1, "{what}: {listings:#?}");
    crate::publish::holds_the_product(market, &listings[0], &example("coat"), "active", what);
}

#[tokio::test]
async fn what_takes_long_is_answered_at_once_and_found_where_the_answer_says() {
    let market = Market::new().await;
    let answer = ask(&market.stage, Method::POST, "/api/etsy/products/publish")
        .form(&publish("key-1", "coat"))
        .answer()
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    let begun = answer.json();
    assert_eq!(begun["function"], "publish.create");
    assert_eq!(
        (&begun["user"], &begun["account"]),
        (&json!(USER), &json!(market.account))
    );
    let place = answer.header("location");
    assert_eq!(
        place,
        format!("/api/operations/{}", begun["id"].as_str().unwrap())
    );
    let operation = ended(&market.stage, place).await;
    assert_eq!(operation["state"], "done", "{operation}");
    assert_eq!(operation["result"]["listing"]["state"], "active");
    assert!(operation["finished_at"].is_string(), "{operation}");
    one_complete_listing(&market, "answered at once");
    let listed = market
        .stage
        .get("/api/operations?state=done")
        .await
        .unwrap();
    assert_eq!(listed["items"][0]["id"], operation["id"]);
    assert!(listed["items"][0].get("result").is_none(), "{listed}");
    let none = market
        .stage
        .get("/api/operations?state=failed")
        .await
        .unwrap();
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn whoever_waits_long_enough_gets_the_result_and_whoever_does_not_where_to_look() {
    let market = Market::new().await;
    let waited = ask(&market.stage, Method::POST, CREATE)
        .header("prefer", "wait=60")
        .form(&publish("key-1", "coat"))
        .answer()
        .await;
    assert_eq!(waited.status, StatusCode::OK, "{}", waited.text());
    assert_eq!(waited.header("preference-applied"), "wait=60");
    assert_eq!(waited.json()["listing"]["state"], "active");
    let place = waited.header("content-location").to_owned();
    let operation = market.stage.get(&place).await.unwrap();
    assert_eq!(operation["result"], waited.json());

    let slow = Fault::new(FaultKind::Slow).ms(2_000);
    market.sandbox.inject(slow).unwrap();
    let begun = Instant::now();
    let impatient = ask(&market.stage, Method::POST, CREATE)
        .header("prefer", "wait=0")
        .form(&publish("key-2", "coat"))
        .answer()
        .await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(impatient.status, StatusCode::ACCEPTED);
    let operation = ended(&market.stage, impatient.header("location")).await;
    assert_eq!(operation["state"], "done", "{operation}");
}

#[tokio::test]
async fn a_call_by_its_own_route_is_answered_with_its_result_as_ever() {
    let market = Market::new().await;
    let answer = ask(&market.stage, Method::POST, CREATE)
        .form(&publish("key-1", "coat"))
        .answer()
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["listing"]["state"], "active");
    let listed = market.stage.get("/api/operations").await.unwrap();
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused_at_once_and_rules_that_are_broken_later() {
    let market = Market::new().await;
    let refused = ask(&market.stage, Method::POST, CREATE)
        .header("prefer", "respond-async")
        .json(&json!({ "key": 7 }))
        .answer()
        .await;
    assert_eq!(refused.problem().kind(), ProblemKind::InvalidArguments);
    let listed = market.stage.get("/api/operations").await.unwrap();
    assert_eq!(listed["items"], json!([]));

    let mut broken = publish("key-1", "coat");
    broken["product"]["title"] = json!("x".repeat(141));
    let begun = ask(&market.stage, Method::POST, CREATE)
        .header("prefer", "respond-async")
        .form(&broken)
        .answer()
        .await;
    let operation = ended(&market.stage, begun.header("location")).await;
    assert_eq!(operation["state"], "failed");
    assert_eq!(operation["problem"]["type"], "/problems/invalid");
    assert!(operation["problem"]["violations"][0]["path"].is_string());

    let waited = ask(&market.stage, Method::POST, CREATE)
        .header("prefer", "wait=60")
        .form(&broken)
        .answer()
        .await;
    assert_eq!(waited.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(waited.problem().kind(), ProblemKind::Invalid);
    assert!(market.listings().is_empty());
}

/// The names and ids of the events of a stream.
fn events(answer: &Answer) -> Vec<(String, String)> {
    let text = answer.text();
    let blocks = text.split("\n\n").filter(|block| block.contains("event:"));
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    blocks
        .map(|block| (field(block, "event:"), field(block, "id:")))
        .collect()
}

#[tokio::test]
async fn steps_come_as_they_happen_and_whoever_comes_again_gets_what_is_left() {
    let market = Market::new().await;
    let place = begin(&market, "key-1").await;
    let told = ask(&market.stage, Method::GET, &format!("{place}/events"))
        .answer()
        .await;
    let told = events(&told);
    assert!(told.len() > 2, "{told:?}");
    let (end, steps) = told.split_last().unwrap();
    assert_eq!(*end, ("result".into(), "end".into()));
    assert!(steps.iter().all(|(name, _)| name == "progress"), "{told:?}");
    let numbers: Vec<u64> = steps.iter().map(|(_, id)| id.parse().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    // Afterwards the end alone is left, and for whoever has that, nothing.
    let late = ask(&market.stage, Method::GET, &format!("{place}/events"))
        .header("last-event-id", "2")
        .answer()
        .await;
    assert_eq!(events(&late), [("result".into(), "end".into())]);
    let over = ask(&market.stage, Method::GET, &format!("{place}/events"))
        .header("last-event-id", "end")
        .answer()
        .await;
    assert_eq!(over.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_client_that_goes_away_harms_nothing() {
    let market = Market::new().await;
    let slow = Fault::new(FaultKind::Slow).ms(300);
    market.sandbox.inject(slow).unwrap();
    let stream = ask(&market.stage, Method::POST, CREATE)
        .header("prefer", "respond-async")
        .header("accept", "text/event-stream")
        .form(&publish("key-1", "coat"))
        .begun()
        .await;
    assert_eq!(stream.status(), StatusCode::OK);
    let mut pieces = stream.into_body().into_data_stream();
    assert!(pieces.next().await.unwrap().is_ok());
    drop(pieces);
    let listed = market.stage.get("/api/operations").await.unwrap();
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    let operation = ended(&market.stage, &format!("/api/operations/{id}")).await;
    assert_eq!(operation["state"], "done", "{operation}");
    one_complete_listing(&market, "the client went away");
}

#[tokio::test]
async fn another_users_operation_is_as_one_that_does_not_exist() {
    let market = Market::new().await;
    let place = begin(&market, "key-1").await;
    ended(&market.stage, &place).await;
    let id = place.rsplit('/').next().unwrap();
    let own = key_of(USER, &["operations:read"]);
    let other = key_of("u2", &["operations:read"]);
    // Whoever begins one has not always the scope for all of them.
    let began = key_of(USER, &["listings:write"]);
    let show = async |caller: &Caller, path: &str| {
        ask(&market.stage, Method::GET, path)
            .by(caller)
            .answer()
            .await
    };
    assert_eq!(show(&own, &place).await.status, StatusCode::OK);
    let never = "op_00000000000000000000000000";
    for path in [place.clone(), format!("{place}/events")] {
        let hidden = show(&other, &path).await.problem();
        let unknown = show(&other, &path.replace(id, never)).await.problem();
        assert_eq!(hidden.kind(), ProblemKind::UnknownOperation);
        assert_eq!(hidden.title.replace(id, never), unknown.title);
        assert_eq!(
            (hidden.remedy, hidden.status),
            (unknown.remedy, unknown.status)
        );
        assert_eq!(show(&began, &path).await.status, StatusCode::OK);
    }
    let unlisted = show(&began, "/api/operations").await;
    assert_eq!(unlisted.status, StatusCode::FORBIDDEN);
    let listed = show(&own, "/api/operations").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let hidden = show(&other, "/api/operations").await.json();
    assert_eq!(hidden["items"], json!([]));
    let asked = show(&other, "/api/operations?user=u1").await;
    assert_eq!(asked.problem().kind(), ProblemKind::NotAllowed);
    for odd in ["..%2Fkeys", "op_", "op_%00", &"o".repeat(5_000)] {
        let answer = show(&own, &format!("/api/operations/{odd}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{odd}");
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page_the_newest_first() {
    let market = Market::new().await;
    let mut places = Vec::new();
    for _ in 0..5 {
        let begun = ask(&market.stage, Method::POST, CREATE)
            .header("prefer", "wait=60, respond-async")
            .form(&publish("key-1", "coat"))
            .answer()
            .await;
        places.push(begun.header("content-location").to_owned());
    }
    let mut path = "/api/operations?limit=2&state=done".to_owned();
    let mut read = Vec::new();
    let mut pages = 0;
    loop {
        let page = ask(&market.stage, Method::GET, &path)
            .by(&key_of(USER, &["operations:read"]))
            .answer()
            .await;
        pages += 1;
        for item in page.json()["items"].as_array().unwrap() {
            read.push(format!("/api/operations/{}", item["id"].as_str().unwrap()));
        }
        let link = page.header("link");
        assert_eq!(link.is_empty(), page.json().get("next").is_none());
        let Some(next) = link
            .strip_prefix('<')
            .and_then(|link| link.split('>').next())
        else {
            break;
        };
        path = next.to_owned();
    }
    places.reverse();
    assert_eq!(read, places);
    assert_eq!(pages, 3);
    let wrong = ask(&market.stage, Method::GET, "/api/operations?cursor=2")
        .answer()
        .await;
    assert_eq!(wrong.problem().kind(), ProblemKind::BadRequest);
}

/// The market after the host was stopped and another has taken its place.
async fn after_a_stop(market: Market) -> Market {
    market.sandbox.clear_faults();
    let stage = market.stage.reopen();
    stoflow_host::api::resume(&stage.host).await.unwrap();
    Market { stage, ..market }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stop_broke_off_is_gone_on_with_its_pictures_too() {
    let market = Market::new().await;
    // The draft is made, and nobody has heard of it.
    let held = Fault::new(FaultKind::SlowAfter)
        .on("createDraftListing")
        .ms(20_000);
    market.sandbox.inject(held).unwrap();
    ask(&market.stage, Method::POST, "/api/etsy/products/publish")
        .form(&publish("key-1", "coat"))
        .broken_off(|| !market.listings().is_empty())
        .await;
    let market = after_a_stop(market).await;
    let listed = market.stage.get("/api/operations").await.unwrap();
    let id = listed["items"][0]["id"].as_str().unwrap();
    let operation = ended(&market.stage, &format!("/api/operations/{id}")).await;
    assert_eq!(operation["state"], "done", "{operation}");
    one_complete_listing(&market, "after a stop");
    pictures_gone(market.stage.data.path(), "after a stop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_done_twice_and_was_broken_off_ends_as_uncertain() {
    let market = Market::new().await;
    let listing = market.listing("key-1", "coat", "draft").await;
    let held = Fault::new(FaultKind::SlowAfter).ms(20_000);
    market.sandbox.inject(held).unwrap();
    let before = market.sandbox.begun();
    let path = format!("/api/etsy/listings/{listing}/activate");
    ask(&market.stage, Method::POST, &path)
        .broken_off(|| market.sandbox.begun() > before)
        .await;
    let market = after_a_stop(market).await;
    let begun = market.sandbox.begun();
    let listed = market.stage.get("/api/operations").await.unwrap();
    let operation = &listed["items"][0];
    assert_eq!(operation["state"], "uncertain", "{operation}");
    assert_eq!(operation["problem"]["type"], "/problems/uncertain");
    assert!(operation["problem"]["remedy"].is_string(), "{operation}");
    assert_eq!(
        market.sandbox.begun(),
        begun,
        "the marketplace was asked again"
    );
}
