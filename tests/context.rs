//! What the host tells a plugin of the call, and what one call leaves for the next: each sentence of
//! `wit/host.wit`, through a plugin.

use serde_json::{Value, json};
use stoflow_host::api::Problem;
use stoflow_host::model::{Account, AccountId};
use stoflow_host::plugins::CallRequest;
use stoflow_host::runtime::{CallError, Outcome, Progress};
use tokio::sync::mpsc;

use crate::stage::Stage;

/// An account of the guest's, as consent would make it.
fn account(settings: Value) -> Account {
    serde_json::from_value(json!({
        "id": AccountId::random(),
        "user": "u1",
        "plugin": "noter",
        "identity": {
            "id": "77", "name": "A shop", "shop_id": "9", "site": "FR", "extension": { "a": 1 },
        },
        "state": { "state": "connected" },
        "since": "2026-01-01T00:00:00Z",
        "scopes": [],
        "connected_at": "2026-01-01T00:00:00Z",
        "settings": settings,
    }))
    .unwrap()
}

async fn stage() -> Stage {
    Stage::of(&["noter"]).await
}

fn for_account(account: &Account) -> CallRequest {
    CallRequest {
        account: Some(account.clone()),
        ..CallRequest::new()
    }
}

/// The answers to what the guest is told to ask, or why the call ended.
async fn try_ask(stage: &Stage, request: CallRequest, what: &[&str]) -> Result<Value, CallError> {
    let plugins = &stage.host.plugins;
    let active = plugins.active(&"noter".parse().unwrap()).unwrap();
    let arguments = json!({ "id": json!(what).to_string() }).to_string();
    let done = plugins
        .call(&active, "listings", "get", arguments.as_bytes(), request)
        .await
        .unwrap();
    let Outcome::Err(error) = done.outcome? else {
        panic!("the guest found a listing")
    };
    let error: Value = serde_json::from_slice(&error).unwrap();
    Ok(serde_json::from_str(error["not_found"].as_str().unwrap()).unwrap())
}

async fn ask(stage: &Stage, request: CallRequest, what: &[&str]) -> Value {
    try_ask(stage, request, what).await.unwrap()
}

#[tokio::test]
async fn a_call_knows_its_account() {
    let stage = stage().await;
    let account = account(json!({}));
    let told = ask(&stage, for_account(&account), &["current"]).await;
    let expected = json!([[account.id, "9", "A shop", "{\"a\":1}"]]);
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_site_is_the_callers_or_else_the_accounts_and_another_is_refused() {
    let stage = stage().await;
    let account = account(json!({}));
    let with = |site: Option<&str>| CallRequest {
        site: site.map(Into::into),
        ..for_account(&account)
    };
    assert_eq!(ask(&stage, with(None), &["site"]).await, json!(["FR"]));
    assert_eq!(
        ask(&stage, with(Some("DE")), &["site"]).await,
        json!(["DE"])
    );
    let mut homeless = account.clone();
    homeless.identity.site = None;
    let told = ask(&stage, for_account(&homeless), &["site"]).await;
    assert_eq!(told, json!([null]));
    let path = "/api/noter/call/listings/get?site=ES";
    let refused: Problem = stage.post(path, json!({ "id": "[]" })).await.unwrap_err();
    assert!(refused.title.contains("DE, FR"), "{refused:?}");
}

#[tokio::test]
async fn a_setting_is_the_accounts_or_else_the_operators_or_else_the_plugins() {
    let stage = stage().await;
    let asked = [
        "setting own",
        "setting shared",
        "setting bare",
        "setting none",
    ];
    let none = account(json!({}));
    let told = ask(&stage, for_account(&none), &asked).await;
    assert_eq!(told, json!(["the plugin's", "the plugin's", null, null]));
    let set = json!({ "settings": { "own": "the operator's", "shared": "the operator's" } });
    let path = "/api/plugins/noter/configuration";
    stage.post(path, set).await.unwrap();
    let told = ask(&stage, for_account(&none), &asked).await;
    assert_eq!(
        told,
        json!(["the operator's", "the operator's", null, null])
    );
    // One that is not for accounts is not the account's, whatever its record says.
    let own = account(json!({ "own": "mine", "shared": "mine", "bare": "mine", "none": "mine" }));
    let told = ask(&stage, for_account(&own), &asked).await;
    assert_eq!(told, json!(["mine", "the operator's", "mine", null]));
}

#[tokio::test]
async fn a_checkpoint_is_there_for_the_accounts_next_call_until_it_is_cleared() {
    let stage = stage().await;
    let (mine, other) = (account(json!({})), account(json!({})));
    let saved = ask(
        &stage,
        for_account(&mine),
        &["load mug", "save mug {\"step\":1}"],
    )
    .await;
    assert_eq!(saved, json!([null, null]));
    let loaded = json!(["{\"step\":1}"]);
    assert_eq!(ask(&stage, for_account(&mine), &["load mug"]).await, loaded);
    assert_eq!(
        ask(&stage, for_account(&other), &["load mug"]).await,
        json!([null])
    );
    assert_eq!(
        ask(&stage, for_account(&mine), &["load coat"]).await,
        json!([null])
    );
    // A later version of the plugin, and a later run of the program.
    stage.activate("guests/noter").await;
    let stage = stage.reopen();
    assert_eq!(ask(&stage, for_account(&mine), &["load mug"]).await, loaded);
    let cleared = ask(&stage, for_account(&mine), &["clear mug", "load mug"]).await;
    assert_eq!(cleared, json!([null, null]));
    assert_eq!(
        ask(&stage, for_account(&mine), &["load mug"]).await,
        json!([null])
    );
}

#[tokio::test]
async fn a_call_loads_one_key_and_the_journal_is_an_accounts() {
    let stage = stage().await;
    let mine = account(json!({}));
    for second in ["load coat", "save coat {}", "clear coat"] {
        let asked = ["load mug", second];
        let ended = try_ask(&stage, for_account(&mine), &asked)
            .await
            .unwrap_err();
        assert!(format!("{ended:#}").contains("coat"), "{ended:#}");
    }
    for wrong in ["save mug {not json", "load "] {
        let ended = try_ask(&stage, for_account(&mine), &[wrong]).await;
        assert!(ended.is_err(), "{wrong}");
    }
    assert_eq!(
        ask(&stage, for_account(&mine), &["load mug"]).await,
        json!([null])
    );
}

#[tokio::test]
async fn a_claim_is_there_as_long_as_the_checkpoint_that_explains_it() {
    let stage = stage().await;
    let (mine, other) = (account(json!({})), account(json!({})));
    let claims = "{\"claims\":[\"listing-1\",\"listing-2\"]}";
    let told = ask(
        &stage,
        for_account(&mine),
        &[&format!("save mug {claims}"), "claimed listing-1"],
    )
    .await;
    // Its own is not counted.
    assert_eq!(told, json!([null, 0]));
    // Without a key of its own a call sees all.
    assert_eq!(
        ask(&stage, for_account(&mine), &["claimed listing-1"]).await,
        json!([1])
    );
    let told = ask(
        &stage,
        for_account(&mine),
        &[
            &format!("save coat {claims}"),
            "claimed listing-1",
            "claimed listing-3",
        ],
    )
    .await;
    assert_eq!(told, json!([null, 1, 0]));
    assert_eq!(
        ask(&stage, for_account(&mine), &["claimed listing-1"]).await,
        json!([2])
    );
    assert_eq!(
        ask(&stage, for_account(&other), &["claimed listing-1"]).await,
        json!([0])
    );
    ask(
        &stage,
        for_account(&mine),
        &["save mug {\"claims\":[\"listing-2\"]}"],
    )
    .await;
    ask(&stage, for_account(&mine), &["clear coat"]).await;
    let asked = ["claimed listing-1", "claimed listing-2"];
    assert_eq!(ask(&stage, for_account(&mine), &asked).await, json!([0, 1]));
}

#[tokio::test]
async fn who_waits_hears_of_each_step() {
    let stage = stage().await;
    let (sender, mut steps) = mpsc::channel::<Progress>(8);
    let request = CallRequest {
        progress: Some(sender),
        ..for_account(&account(json!({})))
    };
    ask(&stage, request, &["report draft 1 3", "report images 2 3"]).await;
    let mut heard = Vec::new();
    while let Some(step) = steps.recv().await {
        heard.push((step.step, step.done, step.total));
    }
    assert_eq!(
        heard,
        [("draft".to_owned(), 1, 3), ("images".to_owned(), 2, 3)]
    );
}
