//! Consent by an address, and what a user is told of his shops.

use axum::body::Body;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use stoflow_host::api::{Caller, ProblemKind};

use super::asked::{Asked, exchange, get};
use crate::market::{Market, USER, connect_as, consent};

#[tokio::test]
async fn a_consent_begins_by_an_address_and_its_answer_is_for_nobody_s_cache() {
    let market = Market::new().await;
    let asked = Asked::get("/api/etsy/oauth/connect?user=u9");
    let (status, headers, link) = asked.exchange(&market.stage).await;
    assert_eq!(status, 200, "{link}");
    assert_eq!(link["user"], "u9");
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    let callback = consent(link["url"].as_str().unwrap()).await;
    let answer = json!({ "user": "u9", "callback": callback });
    let offered = market
        .stage
        .post("/api/etsy/oauth/complete", answer)
        .await
        .unwrap();
    assert_eq!(offered["identity"]["name"], "Vieux Paris");
}

#[tokio::test]
async fn a_browser_is_sent_on_to_the_marketplace() {
    let market = Market::new().await;
    let request = Request::get("/api/etsy/oauth/connect?user=u9")
        .header(
            header::ACCEPT,
            "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
        )
        .extension(Caller::Operator)
        .body(Body::empty())
        .unwrap();
    let response = market.stage.send(request).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let location = response.headers()[header::LOCATION].to_str().unwrap();
    assert!(location.starts_with(market.sandbox.url()), "{location}");
    assert!(location.contains("code_challenge="), "{location}");
    assert!(consent(location).await.contains("code="));
}

#[tokio::test]
async fn a_consent_for_nobody_or_for_what_is_not_there_does_not_begin() {
    let market = Market::new().await;
    for (target, kind) in [
        ("etsy/oauth/connect", ProblemKind::BadRequest),
        ("etsy/oauth/connect?user=a%20b", ProblemKind::BadRequest),
        ("etsy/oauth/connect?usr=u1", ProblemKind::BadRequest),
        ("nobody/oauth/connect?user=u1", ProblemKind::UnknownPlugin),
        (
            "etsy/oauth/connect?account=acc_0000000000000000",
            ProblemKind::UnknownAccount,
        ),
        (
            "etsy/oauth/connect?user=u1&return_to=https://evil.example/",
            ProblemKind::NotGranted,
        ),
    ] {
        let problem = get(&market.stage, &format!("/api/{target}")).await;
        assert_eq!(problem.unwrap_err().kind(), kind, "{target}");
    }
}

#[tokio::test]
async fn the_state_of_all_shops_is_one_question() {
    let market = Market::new().await;
    let status = "/api/etsy/connection/status";
    let all = get(&market.stage, status).await.unwrap();
    assert_eq!(all["connected"], true);
    assert_eq!(all["accounts"][0]["account"], market.account.as_str());
    assert_eq!(all["accounts"][0]["shop"], "Vieux Paris");
    assert_eq!(all["accounts"][0]["state"], "connected");
    assert!(all["accounts"][0]["token_expires_at"].is_string());
    assert!(!all["accounts"][0]["scopes"].as_array().unwrap().is_empty());
    let nobody = get(&market.stage, &format!("{status}?user=u2"))
        .await
        .unwrap();
    assert_eq!(
        nobody,
        json!({ "connected": false, "plugin": "etsy", "accounts": [] })
    );
    let problem = get(&market.stage, &format!("{status}?account=nowhere"))
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::UnknownAccount);
    let problem = get(&market.stage, "/api/nobody/connection/status")
        .await
        .unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::UnknownPlugin);
}

#[tokio::test]
async fn a_shop_that_has_to_consent_again_is_not_connected() {
    let market = Market::new().await;
    market.sandbox.expire_tokens(true);
    market.call("shop.get", json!({})).await.unwrap_err();
    let all = get(&market.stage, "/api/etsy/connection/status")
        .await
        .unwrap();
    assert_eq!(all["connected"], false);
    assert_eq!(all["accounts"][0]["state"], "needs_consent");
    assert!(all["accounts"][0]["reason"].is_string(), "{all}");
}

#[tokio::test]
async fn a_shop_is_disconnected_by_the_only_one_there_is_or_by_name() {
    let market = Market::new().await;
    let disconnect = "/api/etsy/oauth/disconnect";
    let other = market
        .sandbox
        .add_seller(&stoflow_sandbox::NewSeller::default())
        .unwrap();
    connect_as(&market.stage, USER, other.user_id)
        .await
        .unwrap();
    let problem = market.stage.post(disconnect, json!({})).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::AccountNeeded, "which of two?");
    let named = format!("{disconnect}?user={USER}&account={}", market.account);
    let done = market.stage.post(&named, Value::Null).await.unwrap();
    assert_eq!(done["account"], market.account.as_str());
    let done = market.stage.post(disconnect, json!({})).await.unwrap();
    assert_ne!(done["account"], market.account.as_str());
    let problem = market.stage.post(disconnect, json!({})).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::AccountNeeded, "none is left");
    let (_, _, all) = exchange_status(&market).await;
    assert_eq!(all["accounts"], json!([]));
}

async fn exchange_status(market: &Market) -> (StatusCode, http::HeaderMap, Value) {
    let request = Request::get("/api/etsy/connection/status")
        .extension(Caller::Operator)
        .body(Body::empty())
        .unwrap();
    exchange(&market.stage, request).await
}
