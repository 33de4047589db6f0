//! Pushes after they were answered: on disk before the answer, carried out once each, also after a stop,
//! and shown to operators without whom they are about.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use stoflow_host::api::{Caller, resume};
use stoflow_host::events::{EventKind, News};
use stoflow_host::model::{Account, AccountId, AccountState, Identity};
use stoflow_host::store::{Commit, Key};
use tower::ServiceExt as _;

use crate::asking::{ask, key_of, until};
use crate::stage::Stage;
use crate::webhooks::{SECRET, Sent, stage};

const RECEIVED: &str = "/api/pushed/webhooks/received";

/// An account that the guest's notices mean; it has no token.
async fn account(stage: &Stage) -> Account {
    let account = Account {
        id: AccountId::random(),
        user: "u1".parse().unwrap(),
        plugin: "pushed".parse().unwrap(),
        identity: Identity {
            id: "1".into(),
            name: "A shop".into(),
            shop_id: Some("7".into()),
            site: None,
            extension: None,
        },
        state: AccountState::Connected,
        since: Timestamp::now(),
        scopes: Vec::new(),
        missing_scopes: Vec::new(),
        connected_at: Timestamp::now(),
        settings: BTreeMap::new(),
    };
    let commit = Commit::new().put(&Key::of([account.id.as_str()]), &account);
    stage.host.store.commit(commit).await.unwrap();
    account
}

/// The notices of the only push that is kept, once all are carried out.
async fn carried(stage: &Stage) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let kept = stage.get(RECEIVED).await.unwrap();
        let pushes = kept["items"].as_array().unwrap();
        assert!(pushes.len() <= 1, "{kept}");
        let notices = pushes
            .first()
            .map(|push| push["notices"].as_array().unwrap().clone());
        let notices = notices.unwrap_or_default();
        if !notices.is_empty() && notices.iter().all(|notice| notice["done_at"].is_string()) {
            return notices;
        }
        assert!(Instant::now() < deadline, "{kept}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn happened(stage: &Stage) -> Vec<Value> {
    let page = stage.get("/api/events").await.unwrap();
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_a_push_asks_for_is_carried_out_after_the_answer() {
    let stage = stage(SECRET).await;
    let account = account(&stage).await;
    // Something tells of the person, and something else of somebody with a longer id.
    for buyer in ["buyer-1", "buyer-11"] {
        let data = json!({ "buyer": buyer });
        let news = News::of(&account, EventKind::AccountConnected, buyer, data);
        stage
            .host
            .events
            .commit(Commit::new(), vec![news])
            .await
            .unwrap();
    }
    let (status, _) = Sent::now("msg_1", "all").to(&stage).await;
    assert_eq!(status, StatusCode::OK);
    let notices = carried(&stage).await;
    let asks: Vec<&Value> = notices.iter().map(|notice| &notice["asks"]).collect();
    assert_eq!(asks, ["poll", "revoked", "erase"]);
    assert_eq!(notices[0]["job"], "orders");
    assert_eq!(notices[0]["outcome"]["told"], json!([account.id]));
    // No token of it is kept: the marketplace connects nothing by it.
    assert_eq!(notices[1]["outcome"]["asked"]["ended"], json!([account.id]));
    assert_eq!(notices[2]["outcome"], json!({ "erased": 1 }));
    let events = happened(&stage).await;
    assert_eq!(events[0]["data"], Value::Null);
    assert_eq!(events[1]["data"], json!({ "buyer": "buyer-11" }));
    let wanted: Vec<&Value> = events
        .iter()
        .filter(|it| it["type"] == "poll.wanted")
        .collect();
    assert_eq!(wanted.len(), 1, "{events:?}");
    assert_eq!(wanted[0]["data"], json!({ "job": "orders" }));
    assert_eq!(wanted[0]["account"], json!(account.id));
    let kept = stage.get(RECEIVED).await.unwrap().to_string();
    assert!(!kept.contains("buyer-1"), "{kept}");
}

#[tokio::test]
async fn what_nobody_here_is_meant_by_is_done_with() {
    let stage = stage(SECRET).await;
    Sent::now("msg_1", "all").to(&stage).await;
    let notices = carried(&stage).await;
    assert_eq!(notices[0]["outcome"], "nobody");
    assert_eq!(notices[1]["outcome"], "nobody");
    assert_eq!(notices[2]["outcome"], json!({ "erased": 0 }));
    assert!(happened(&stage).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_behind_the_answer_loses_nothing_and_a_repeat_adds_nothing() {
    let stage = stage(SECRET).await;
    account(&stage).await;
    let sent = Sent::now("msg_1", "all");
    let request = sent.request().body(Body::from("all")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.spawn(stage.router.clone().oneshot(request));
    let plugin = "pushed".parse().unwrap();
    until(|| !stage.host.webhooks.received(&plugin).unwrap().is_empty()).await;
    runtime.shutdown_background();
    let stage = stage.reopen();
    resume(&stage.host).await.unwrap();
    let notices = carried(&stage).await;
    assert_eq!(notices.len(), 3);
    let (status, _) = sent.to(&stage).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(carried(&stage).await, notices);
    let events = happened(&stage).await;
    let wanted = events.iter().filter(|it| it["type"] == "poll.wanted");
    assert_eq!(wanted.count(), 1, "{events:?}");
}

#[tokio::test]
async fn operators_alone_see_what_was_pushed_page_by_page() {
    let stage = stage(SECRET).await;
    for id in ["msg_1", "msg_2", "msg_3"] {
        Sent::now(id, "hello").to(&stage).await;
    }
    let first = ask(&stage, Method::GET, &format!("{RECEIVED}?limit=2"))
        .answer()
        .await;
    assert_eq!(first.json()["items"].as_array().unwrap().len(), 2);
    assert!(first.header("link").contains("rel=\"next\""));
    let next = first.json()["next"].as_str().unwrap().to_owned();
    let second = stage
        .get(&format!("{RECEIVED}?cursor={next}"))
        .await
        .unwrap();
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert!(second.get("next").is_none());
    let user = key_of("u1", &["webhooks:write", "events:read"]);
    let refused = ask(&stage, Method::GET, RECEIVED).by(&user).answer().await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let wrong = ask(&stage, Method::GET, &format!("{RECEIVED}?cursor=msg_9"));
    assert_eq!(wrong.answer().await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_challenge_is_answered_by_the_plugin_and_kept_by_nobody() {
    let stage = stage(SECRET).await;
    let path = "/api/pushed/webhooks?challenge_code=abc";
    let unsigned = ask(&stage, Method::GET, path).answer().await;
    assert_eq!(
        unsigned.status,
        StatusCode::BAD_REQUEST,
        "{}",
        unsigned.text()
    );
    let itself = json!({ "settings": { "verified-by": "plugin" } });
    stage
        .post("/api/plugins/pushed/configuration", itself)
        .await
        .unwrap();
    let stage = stage.reopen();
    let answer = ask(&stage, Method::GET, path)
        .by(&Caller::Operator)
        .answer()
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    assert!(
        answer.text().starts_with("GET https://"),
        "{}",
        answer.text()
    );
    assert!(answer.text().contains("challenge_code=abc"));
    let kept = stage.get(RECEIVED).await.unwrap();
    assert_eq!(kept["items"], json!([]));
    for _ in 0..2 {
        ask(&stage, Method::POST, "/api/pushed/webhooks")
            .bytes("text/plain", b"hello".to_vec())
            .answer()
            .await;
    }
    let kept = stage.get(RECEIVED).await.unwrap();
    assert_eq!(kept["items"].as_array().unwrap().len(), 1, "{kept}");
}
