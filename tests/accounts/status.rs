//! What is told of an account, what can be set for it, and what is left when it is disconnected.

use jiff::SignedDuration;
use serde_json::{Value, json};
use stoflow_host::api::ProblemKind;
use stoflow_host::clock::Clock;
use stoflow_host::model::AccountId;
use stoflow_host::store::{Key, Record};
use stoflow_sandbox::{Fault, FaultKind};

use crate::market::{self, Market, example};

async fn market() -> (Market, Clock) {
    let mut clock = None;
    let market = Market::with(|_| (), |options| clock = Some(options.clock.clone())).await;
    (market, clock.unwrap())
}

async fn report(market: &Market) -> Value {
    let path = format!("/api/accounts/{}", market.account);
    market.stage.get(&path).await.unwrap()
}

#[tokio::test]
async fn a_connected_account_tells_its_token_its_refreshes_and_its_scopes() {
    let (market, clock) = market().await;
    let fresh = report(&market).await;
    assert_eq!(fresh["state"], "connected");
    assert_eq!(fresh["token"]["generation"], 1);
    assert_eq!(fresh["refreshes"]["last"], Value::Null);
    assert!(fresh["account"]["scopes"].as_array().unwrap().len() > 3);
    assert!(fresh["account"]["identity"]["shop_id"].is_string());
    clock.jump(SignedDuration::from_mins(10));
    let path = format!("/api/accounts/{}/refresh", market.account);
    let refreshed = market.stage.post(&path, json!({})).await.unwrap();
    assert_eq!(refreshed["token"]["generation"], 2);
    assert_eq!(refreshed["refreshes"]["last"]["outcome"], "refreshed");
    clock.jump(SignedDuration::from_mins(5));
    let later = report(&market).await;
    let age = later["token"]["age_seconds"].as_i64().unwrap();
    assert!((300..320).contains(&age), "{age}");
    let due: jiff::Timestamp = later["idle_refresh_at"].as_str().unwrap().parse().unwrap();
    let days = due.duration_since(jiff::Timestamp::now()).as_hours() / 24;
    assert!((29..=38).contains(&days), "{days}");
}

#[tokio::test]
async fn a_refresh_that_fails_is_told_with_its_words_and_the_account_stays_connected() {
    let (market, _) = market().await;
    let fault = Fault::new(FaultKind::ErrorBefore).on("token").times(2);
    market.sandbox.inject(fault).unwrap();
    let path = format!("/api/accounts/{}/refresh", market.account);
    let problem = market.stage.post(&path, json!({})).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::Unavailable);
    let failed = report(&market).await;
    assert_eq!(failed["state"], "connected");
    let error = &failed["refreshes"]["last_error"];
    assert!(error["words"].as_str().unwrap().contains("500"), "{error}");
    assert_eq!(failed["refreshes"]["failures"], 1);
    // The token still lives: calls go on.
    market.call("shop.get", json!({})).await.unwrap();
}

#[tokio::test]
async fn an_account_that_the_seller_ended_says_since_when_and_why() {
    let (market, clock) = market().await;
    clock.jump(SignedDuration::from_hours(2));
    market.sandbox.expire_tokens(true);
    let problem = market.call("shop.get", json!({})).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::ConsentNeeded, "{problem:?}");
    let ended = report(&market).await;
    assert_eq!(ended["state"], "needs_consent");
    let reason = ended["reason"].as_str().unwrap();
    assert!(reason.contains("invalid_grant"), "{reason}");
    let since: jiff::Timestamp = ended["since"].as_str().unwrap().parse().unwrap();
    let ago = jiff::Timestamp::now().duration_since(since);
    assert!((-7260..-7100).contains(&ago.as_secs()), "{ago}");
    assert_eq!(ended["refreshes"]["last"]["outcome"], "revoked");
}

#[tokio::test]
async fn settings_are_those_of_the_plugin_and_a_wrong_one_changes_none() {
    let (market, _) = market().await;
    let path = format!("/api/accounts/{}/settings", market.account);
    let set = json!({"who_made": "i_did", "section": "Mugs"});
    let done = market.stage.post(&path, set).await.unwrap();
    let value = |report: &Value, name: &str| {
        let settings = report["settings"].as_array().unwrap();
        let setting = settings.iter().find(|setting| setting["name"] == name);
        setting.unwrap()["value"].clone()
    };
    assert_eq!(value(&done, "who_made"), "i_did");
    for (wrong, words) in [
        (
            json!({"section": "Bowls", "who_mad": "x"}),
            "did you mean who_made?",
        ),
        (
            json!({"section": "Bowls", "colour": "x"}),
            "it has who_made, ",
        ),
        (
            json!({"section": "Bowls", "who_made": " "}),
            "--unset who_made",
        ),
        (json!({"section": "Bowls", "who_made": "a\nb"}), "one line"),
        (
            json!({"section": "Bowls", "who_made": "x".repeat(501)}),
            "500",
        ),
        (
            json!({"section": "Bowls", "colour": null}),
            "it has who_made, ",
        ),
    ] {
        let problem = market.stage.post(&path, wrong.clone()).await.unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::InvalidArguments);
        let [violation] = problem.violations.as_slice() else {
            panic!("{wrong}: {problem:?}");
        };
        assert!(violation.message.contains(words), "{violation:?}");
    }
    assert_eq!(value(&report(&market).await, "section"), "Mugs");
    // In either form of its name.
    let unset = json!({"who-made": null, "section": "Bowls"});
    let done = market.stage.post(&path, unset).await.unwrap();
    assert_eq!(value(&done, "who_made"), Value::Null);
    assert_eq!(value(&done, "section"), "Bowls");
    assert_eq!(done["account"]["settings"], json!({"section": "Bowls"}));
}

/// The journal as it lies in the store.
#[derive(serde::Serialize, serde::Deserialize)]
struct StoredEntry(Value);
impl Record for StoredEntry {
    const KIND: &'static str = "journal";
}

#[tokio::test]
async fn a_disconnected_account_is_remembered_by_its_id_alone_for_ninety_days() {
    let (market, clock) = market().await;
    market
        .publish("product-1", &example("mug"), "draft")
        .await
        .unwrap();
    let store = &market.stage.host.store;
    let below = Key::of([market.account.as_str()]);
    assert!(!store.scan::<StoredEntry>(&below).unwrap().is_empty());
    let path = format!("/api/accounts/{}", market.account);
    let before = report(&market).await;
    let done = market.stage.delete(&path).await.unwrap();
    assert_eq!(done["revocation"], "not_offered");
    let said = done["done"].as_str().unwrap();
    assert!(
        said.contains("forgotten") && said.contains("revoke"),
        "{said}"
    );
    assert!(store.scan::<StoredEntry>(&below).unwrap().is_empty());

    let gone = report(&market).await;
    let fields: Vec<&String> = gone.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["id", "plugin", "state", "since", "reason"]);
    assert_eq!(gone["state"], "disconnected");
    let text = gone.to_string();
    let identity = &before["account"]["identity"];
    for forgotten in [&identity["name"], &identity["id"], &identity["shop_id"]] {
        assert!(!text.contains(forgotten.as_str().unwrap()), "{text}");
    }
    // Whoever wants to use it is told, too.
    let refresh = format!("{path}/refresh");
    let problem = market.stage.post(&refresh, json!({})).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::UnknownAccount);
    assert!(
        problem.title.contains("is disconnected since"),
        "{problem:?}"
    );
    assert_eq!(
        market.stage.get("/api/accounts").await.unwrap(),
        json!({ "items": [] })
    );

    let id: AccountId = market.account.parse().unwrap();
    clock.jump(SignedDuration::from_hours(24 * 90 + 1));
    let problem = market.stage.get(&path).await.unwrap_err();
    assert!(problem.title.contains("there is no account"), "{problem:?}");
    assert_eq!(market.stage.host.accounts.tombstone(&id).unwrap(), None);
    // The seller may come back, as another account.
    let again = market::connect(&market.stage, "u1").await.unwrap();
    assert_ne!(again["account"]["id"], market.account.as_str());
}

#[tokio::test]
async fn idle_accounts_are_refreshed_by_one_request_that_tells_what_became_of_each() {
    let (market, clock) = market().await;
    let second = market::connect(&market.stage, "u2").await.unwrap();
    let idle = || market.stage.post("/api/accounts/refresh", json!({}));
    assert_eq!(idle().await.unwrap(), json!([]));
    clock.jump(SignedDuration::from_hours(24 * 40));
    let path = format!(
        "/api/accounts/{}",
        second["account"]["id"].as_str().unwrap()
    );
    market.stage.delete(&path).await.unwrap();
    let done = idle().await.unwrap();
    assert_eq!(done, json!([{"account": market.account}]));
}
