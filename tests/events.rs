//! What has happened, read behind a cursor or as it comes: nothing twice, nothing missed, and nothing
//! of another user's.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures_util::StreamExt as _;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use stoflow_host::api::{Caller, ProblemKind};
use stoflow_host::clock::Clock;

use crate::asking::{Answer, ask, key_of};
use crate::market::{Market, USER, connect};
use crate::stage::Stage;

async fn read(stage: &Stage, caller: &Caller, query: &str) -> Answer {
    let path = format!("/api/events?{query}");
    ask(stage, Method::GET, &path).by(caller).answer().await
}

fn reader(user: &str) -> Caller {
    key_of(user, &["events:read"])
}

fn types(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect()
}

/// Disconnects the user's account and connects it again: two events.
async fn reconnect(stage: &Stage, user: &str) {
    let accounts = stage
        .get(&format!("/api/accounts?user={user}"))
        .await
        .unwrap();
    let accounts = accounts
        .as_array()
        .or(accounts["items"].as_array())
        .unwrap();
    for account in accounts {
        let id = account["id"].as_str().unwrap();
        stage.delete(&format!("/api/accounts/{id}")).await.unwrap();
    }
    connect(stage, user).await.unwrap();
}

#[tokio::test]
async fn what_becomes_of_an_account_is_told_in_its_order() {
    let market = Market::new().await;
    let stage = &market.stage;
    market.sandbox.expire_tokens(true);
    let refresh = format!("/api/accounts/{}/refresh", market.account);
    stage.post(&refresh, json!({})).await.unwrap_err();
    connect(stage, USER).await.unwrap();
    stage
        .delete(&format!("/api/accounts/{}", market.account))
        .await
        .unwrap();
    let page = read(stage, &reader(USER), "").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let page = page.json();
    let expected = [
        "account.connected",
        "account.needs_consent",
        "account.connected",
        "account.disconnected",
    ];
    assert_eq!(types(&page), expected);
    let items = page["items"].as_array().unwrap();
    for item in items {
        assert_eq!(item["account"], json!(market.account));
        assert_eq!(
            (&item["user"], &item["plugin"]),
            (&json!(USER), &json!("etsy"))
        );
    }
    assert_eq!(items[0]["data"]["renewed"], json!(false));
    assert!(items[1]["data"]["reason"].is_string(), "{}", items[1]);
    assert_eq!(items[2]["data"]["renewed"], json!(true));
    let mut ids: Vec<&Value> = items.iter().map(|item| &item["id"]).collect();
    ids.dedup();
    assert_eq!(ids.len(), 4, "two facts have one id");
    let one = read(stage, &reader(USER), "type=account.disconnected")
        .await
        .json();
    assert_eq!(types(&one), ["account.disconnected"]);
}

#[tokio::test]
async fn a_reader_goes_on_behind_the_cursor_and_after_a_restart_too() {
    let market = Market::new().await;
    for _ in 0..3 {
        reconnect(&market.stage, USER).await;
    }
    let caller = reader(USER);
    let whole = read(&market.stage, &caller, "").await.json();
    assert_eq!(whole["items"].as_array().unwrap().len(), 7);
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = read(&market.stage, &caller, &format!("limit=2{after}")).await;
        let link = page.header("link").to_owned();
        let page = page.json();
        seen.extend(page["items"].as_array().unwrap().clone());
        after = format!("&after={}", page["next"].as_str().unwrap());
        if link.is_empty() {
            break;
        }
        assert!(link.contains(&after[1..]), "{link}");
    }
    assert_eq!(json!(seen), whole["items"]);
    let nothing = read(&market.stage, &caller, &after[1..]).await.json();
    assert_eq!(nothing["items"], json!([]));
    let stage = market.stage.reopen();
    reconnect(&stage, USER).await;
    let more = read(&stage, &caller, &after[1..]).await.json();
    assert_eq!(types(&more), ["account.disconnected", "account.connected"]);
}

#[tokio::test]
async fn nobody_hears_of_another_users_and_who_may_not_hears_of_nothing() {
    let market = Market::new().await;
    connect(&market.stage, "u2").await.unwrap();
    for user in [USER, "u2"] {
        let page = read(&market.stage, &reader(user), "").await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.iter().all(|item| item["user"] == user), "{page}");
        assert_eq!(items.len(), 1);
    }
    let theirs = format!("account={}", market.account);
    let page = read(&market.stage, &reader("u2"), &theirs).await.json();
    assert_eq!(page["items"], json!([]));
    let asked = read(&market.stage, &reader("u2"), "user=u1").await;
    assert_eq!(asked.problem().kind(), ProblemKind::NotAllowed);
    let unscoped = read(&market.stage, &key_of(USER, &["orders:read"]), "").await;
    assert_eq!(unscoped.status, StatusCode::FORBIDDEN);
    let all = read(&market.stage, &Caller::Operator, "").await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
}

/// The next event of a stream: its id, and its data.
async fn next(stream: &mut BodyDataStream, held: &mut String) -> (String, Value) {
    loop {
        if let Some((block, rest)) = held.split_once("\n\n") {
            let (block, rest) = (block.to_owned(), rest.to_owned());
            *held = rest;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            if let Some(data) = field("data:") {
                let id = field("id:").unwrap().trim().to_owned();
                return (id, serde_json::from_str(data).unwrap());
            }
            continue;
        }
        let piece = tokio::time::timeout(Duration::from_secs(30), stream.next()).await;
        let piece = piece.unwrap().unwrap().unwrap();
        held.push_str(std::str::from_utf8(&piece).unwrap());
    }
}

#[tokio::test]
async fn a_stream_tells_what_comes_and_one_that_comes_again_misses_nothing() {
    let market = Market::new().await;
    let caller = reader(USER);
    let open = async |last: Option<&str>| {
        let mut asking = ask(&market.stage, Method::GET, "/api/events")
            .by(&caller)
            .header("accept", "text/event-stream");
        if let Some(last) = last {
            asking = asking.header("last-event-id", last);
        }
        let response = asking.begun().await;
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().into_data_stream()
    };
    let (mut stream, mut held) = (open(None).await, String::new());
    reconnect(&market.stage, USER).await;
    let (_, first) = next(&mut stream, &mut held).await;
    let (last, second) = next(&mut stream, &mut held).await;
    assert_eq!(first["type"], "account.disconnected");
    assert_eq!(second["type"], "account.connected");
    drop(stream);
    for _ in 0..2 {
        reconnect(&market.stage, USER).await;
    }
    let (mut stream, mut held) = (open(Some(&last)).await, String::new());
    let mut told = vec![first, second];
    for _ in 0..4 {
        told.push(next(&mut stream, &mut held).await.1);
    }
    let whole = read(&market.stage, &caller, "").await.json();
    // The first was before the stream.
    assert_eq!(told, whole["items"].as_array().unwrap()[1..]);
}

#[tokio::test]
async fn what_is_older_than_a_month_is_gone_and_a_cursor_from_before_says_so() {
    let clock = Clock::default();
    let moved = clock.clone();
    let market = Market::with(|_| (), |options| options.clock = moved).await;
    reconnect(&market.stage, USER).await;
    let caller = reader(USER);
    let old = read(&market.stage, &caller, "limit=1").await.json();
    let cursor = old["next"].as_str().unwrap();
    clock.jump(SignedDuration::from_hours(31 * 24));
    reconnect(&market.stage, USER).await;
    market.stage.host.events.sweep().await.unwrap();
    let left = read(&market.stage, &caller, "").await.json();
    assert_eq!(types(&left), ["account.disconnected", "account.connected"]);
    let gone = read(&market.stage, &caller, &format!("after={cursor}")).await;
    assert_eq!(gone.status, StatusCode::GONE);
    assert_eq!(gone.problem().kind(), ProblemKind::CursorExpired);
    let streamed = ask(&market.stage, Method::GET, "/api/events")
        .by(&caller)
        .header("accept", "text/event-stream")
        .header("last-event-id", cursor)
        .answer()
        .await;
    assert_eq!(streamed.status, StatusCode::GONE);
    for odd in ["1", "ev", "evffffffffffffffff", "%00", "ev000000000000000g"] {
        let refused = read(&market.stage, &caller, &format!("after={odd}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{odd}");
    }
}
