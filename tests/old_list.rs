//! What the service that this one replaces was tested for, by the same names, over the API.

use serde_json::{Value, json};
use stoflow_host::api::{Problem, ProblemKind};
use stoflow_sandbox::Purchase;

use crate::market::{Market, USER, connect, consent, example, id_of, paths};
use crate::stage::form;

async fn get(market: &Market, path: &str) -> Result<Value, Problem> {
    market.stage.get(&format!("/api/etsy/{path}")).await
}

/// The link that a user's consent begins with.
async fn link(market: &Market) -> url::Url {
    let begun = get(market, &format!("oauth/connect?user={USER}")).await;
    begun.unwrap()["url"].as_str().unwrap().parse().unwrap()
}

/// One of the parameters of a link.
fn said(link: &url::Url, name: &str) -> String {
    let mut pairs = link.query_pairs().filter(|(given, _)| given == name);
    let value = pairs.next().map(|(_, value)| value.into_owned());
    assert!(pairs.next().is_none(), "{name} twice");
    value.unwrap_or_else(|| panic!("no {name} in {link}"))
}

/// Takes an answer of the marketplace's.
async fn complete(market: &Market, callback: &str) -> Result<Value, Problem> {
    let answer = json!({ "user": USER, "callback": callback });
    market.stage.post("/api/etsy/oauth/complete", answer).await
}

async fn publish(market: &Market, arguments: &Value) -> Result<Value, Problem> {
    let (media_type, body) = form(arguments);
    market
        .stage
        .post_form("/api/etsy/products/publish", &media_type, body)
        .await
}

#[tokio::test]
async fn consent_url_is_made() {
    let market = Market::new().await;
    let link = link(&market).await;
    assert_eq!(link.path(), "/oauth/connect");
    assert_eq!(said(&link, "response_type"), "code");
    assert_eq!(said(&link, "client_id"), stoflow_sandbox::CLIENT_ID);
    assert!(said(&link, "redirect_uri").ends_with("/etsy/callback"));
    assert!(said(&link, "scope").split(' ').any(|it| it == "listings_w"));
    assert!(said(&link, "state").len() >= 32);
}

#[tokio::test]
async fn callback_connects_the_shop() {
    let market = Market::new().await;
    let made = connect(&market.stage, "u9").await.unwrap();
    assert_eq!(made["account"]["user"], "u9");
    assert_eq!(made["renewed"], false);
    let status = get(&market, "connection/status?user=u9").await.unwrap();
    assert_eq!(status["connected"], true);
    assert_eq!(status["accounts"][0]["shop"], "Vieux Paris");
}

#[tokio::test]
async fn invalid_state_is_refused() {
    let market = Market::new().await;
    let link = link(&market).await;
    let callback: url::Url = consent(link.as_str()).await.parse().unwrap();
    let forged = callback
        .as_str()
        .replace(&said(&callback, "state"), &"x".repeat(43));
    let problem = complete(&market, &forged).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::ConsentForeign);
    complete(&market, callback.as_str()).await.unwrap();
    let problem = complete(&market, callback.as_str()).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::ConsentUsed, "a replay");
}

#[tokio::test]
async fn disconnect() {
    let market = Market::new().await;
    let path = "/api/etsy/oauth/disconnect";
    let done = market.stage.post(path, json!({})).await.unwrap();
    assert_eq!(done["account"], market.account.as_str());
    let status = get(&market, "connection/status").await.unwrap();
    assert_eq!(status["connected"], false);
    let problem = get(&market, "shop").await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::AccountNeeded);
    let problem = market.stage.post(path, json!({})).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::AccountNeeded);
}

#[tokio::test]
async fn connection_status() {
    let market = Market::new().await;
    let status = get(&market, "connection/status").await.unwrap();
    assert_eq!(status["connected"], true);
    market.sandbox.expire_tokens(true);
    get(&market, "shop").await.unwrap_err();
    let status = get(&market, "connection/status").await.unwrap();
    assert_eq!(status["connected"], false);
    assert_eq!(status["accounts"][0]["state"], "needs_consent");
}

#[tokio::test]
async fn publish_product() {
    let market = Market::new().await;
    let arguments = json!({ "key": "coat", "product": example("coat"), "target": "active" });
    let made = publish(&market, &arguments).await.unwrap();
    let id = id_of(&made["listing"]);
    assert_eq!(made["listing"]["state"], "active");
    assert_eq!(made["listing"]["images"].as_array().unwrap().len(), 3);
    let again = publish(&market, &arguments).await.unwrap();
    assert_eq!(
        id_of(&again["listing"]),
        id,
        "the same key, the same listing"
    );
    assert_eq!(market.listings().len(), 1);
}

#[tokio::test]
async fn active_listings() {
    let market = Market::new().await;
    let id = market.listing("mug", "mug", "active").await;
    market.listing("poster", "poster", "draft").await;
    let page = get(&market, "listings/active?limit=10").await.unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!(id_of(&page["items"][0]), id);
    let problem = get(&market, "listings/active?limit=many")
        .await
        .unwrap_err();
    assert_eq!(paths(&problem), ["/page/limit"]);
}

#[tokio::test]
async fn shop() {
    let market = Market::new().await;
    let shop = get(&market, "shop").await.unwrap();
    assert_eq!(
        (&shop["name"], &shop["currency"]),
        (&json!("Vieux Paris"), &json!("EUR"))
    );
    let sections = get(&market, "shop/sections").await.unwrap();
    assert_eq!(sections[0]["title"], "Everything");
}

#[tokio::test]
async fn orders() {
    let market = Market::new().await;
    let mug = market.listing("mug", "mug", "active").await;
    let order = market
        .sandbox
        .buy(&Purchase::of(mug.parse().unwrap()))
        .unwrap()
        .to_string();
    let page = get(&market, "orders?paid=true").await.unwrap();
    assert_eq!(id_of(&page["items"][0]), order);
    let one = get(&market, &format!("orders/{order}")).await.unwrap();
    assert_eq!(one["payment"], "paid");
    let unpaid = get(&market, "orders?paid=false").await.unwrap();
    assert_eq!(unpaid["items"], json!([]));
    let problem = get(&market, "orders/7").await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::NotFound);
}

#[tokio::test]
async fn shipping_profiles() {
    let market = Market::new().await;
    let all = get(&market, "shipping/profiles").await.unwrap();
    assert_eq!(all[0]["name"], "Standard shipping");
    let profile = json!({ "name": "Parcels", "data": crate::policies::parcels() });
    let made = market
        .stage
        .post("/api/etsy/shipping/profiles", profile)
        .await
        .unwrap();
    assert_eq!(made["kind"], "shipping");
    let all = get(&market, "shipping/profiles").await.unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn taxonomy() {
    let market = Market::new().await;
    let roots = get(&market, "taxonomy/nodes").await.unwrap();
    assert_eq!(roots[0]["name"], "Accessories");
    let found = get(&market, "taxonomy/search?query=mugs&limit=3")
        .await
        .unwrap();
    let node = found[0]["id"].as_str().unwrap();
    let properties = get(&market, &format!("taxonomy/nodes/{node}/properties"))
        .await
        .unwrap();
    assert!(properties[0]["name"].is_string(), "{properties}");
}

#[tokio::test]
async fn polling() {
    let market = Market::new().await;
    let mug = market.listing("mug", "mug", "active").await;
    let order = market
        .sandbox
        .buy(&Purchase::of(mug.parse().unwrap()))
        .unwrap()
        .to_string();
    let status = get(&market, "polling/status").await.unwrap();
    assert!(
        status["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["name"] == "orders")
    );
    let run = market
        .stage
        .post("/api/etsy/polling/run", json!({ "job": "orders" }));
    let run = run.await.unwrap();
    assert_eq!(
        run["runs"][0]["items"][0]["order"]["id"],
        order.as_str(),
        "{run}"
    );
}

#[tokio::test]
async fn product_conversion() {
    let market = Market::new().await;
    let coat = json!({ "product": example("coat"), "target": "draft" });
    let plan = market
        .stage
        .post("/api/etsy/products/preview", coat)
        .await
        .unwrap();
    let first = &plan["requests"][0];
    assert_eq!(
        (&first["method"], market.operations().len()),
        (&json!("POST"), 0)
    );
    let body = first["body"].as_str().unwrap();
    assert!(body.contains("title="), "{body}");
    let rules = get(&market, "products/rules").await.unwrap();
    assert_eq!(rules["max_title_length"], 140);
}

#[tokio::test]
async fn a_title_that_is_too_long_is_refused() {
    let market = Market::new().await;
    let mut coat = example("coat");
    coat["title"] = json!("x".repeat(141));
    let arguments = json!({ "key": "coat", "product": coat, "target": "active" });
    let problem = publish(&market, &arguments).await.unwrap_err();
    assert_eq!(
        (problem.kind(), problem.status),
        (ProblemKind::Invalid, 422)
    );
    assert_eq!(paths(&problem), ["/product/title"]);
    assert!(problem.violations[0].message.contains("140"));
    assert_eq!(market.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn verifier_and_challenge() {
    let market = Market::new().await;
    let (one, other) = (link(&market).await, link(&market).await);
    // RFC 7636 §4.2: SHA-256 of the verifier, 43 letters of base64url.
    for link in [&one, &other] {
        assert_eq!(said(link, "code_challenge_method"), "S256");
        let challenge = said(link, "code_challenge");
        assert_eq!(challenge.len(), 43);
        assert!(
            challenge
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
    }
    assert_ne!(said(&one, "code_challenge"), said(&other, "code_challenge"));
    assert_ne!(said(&one, "state"), said(&other, "state"));
    // The sandbox gives tokens only to whoever brings the verifier of this challenge.
    let callback = consent(one.as_str()).await;
    complete(&market, &callback).await.unwrap();
    let challenge = said(&other, "code_challenge");
    let forged = other.as_str().replace(&challenge, &"A".repeat(43));
    let callback = consent(&forged).await;
    let problem = complete(&market, &callback).await.unwrap_err();
    assert_eq!(problem.kind(), ProblemKind::ConsentFailed, "{problem:?}");
}
