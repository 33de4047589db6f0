//! The routes that work only after others: consents, keys, operations, files.

use http::Method;
use serde_json::json;

use super::Scene;
use crate::browser::Browser;
use crate::market::{USER, consent, example, examples};
use crate::stage::form;

#[tokio::test]
async fn a_user_s_key_connects_a_shop_and_another_s_cannot_finish_it() {
    let scene = Scene::new().await;
    let begun = scene.user.get("/api/etsy/oauth/connect").await.json();
    assert_eq!(begun["user"], USER);
    let callback = consent(begun["url"].as_str().unwrap()).await;
    let complete = "/api/etsy/oauth/complete";
    let answer = json!({ "callback": callback });
    let other = super::key(
        &scene.served,
        json!({ "user": "u2", "scopes": ["accounts:write"] }),
    );
    let other = scene.served.client(Some(&other.await));
    other
        .post(complete, &answer)
        .await
        .problem("consent-foreign");
    let offered = scene.user.post(complete, &answer).await.json();
    let decision = json!({ "consent": offered["consent"] });
    other
        .post(complete, &decision)
        .await
        .problem("consent-foreign");
    let done = scene.user.post(complete, &decision).await.json();
    assert_eq!(done["account"]["id"], scene.served.accounts[0].as_str());
    assert_eq!(done["renewed"], true);
    scene
        .user
        .post(complete, &decision)
        .await
        .problem("consent-used");
}

#[tokio::test]
async fn a_browser_comes_back_and_the_person_in_it_connects_the_shop() {
    let scene = Scene::new().await;
    let begun = scene.user.get("/api/etsy/oauth/connect").await.json();
    let answered = consent(begun["url"].as_str().unwrap()).await;
    let query = answered.split_once('?').unwrap().1;
    let callback = format!("{}/api/etsy/oauth/callback?{query}", scene.served.url);
    let mut browser = Browser::new();
    let page = browser.get(&callback).await;
    assert_eq!(page.status, 200, "{}", page.html);
    let mut other = Browser::new();
    assert_eq!(other.press(&page, "connect").await.status, 403);
    let done = browser.press(&page, "connect").await;
    assert_eq!(done.status, 200, "{}", done.html);
    assert_eq!(browser.get(&callback).await.status, 409, "a replay");
}

#[tokio::test]
async fn a_key_is_shown_and_opens_nothing_once_it_is_revoked() {
    let scene = Scene::new().await;
    let wanted = json!({ "user": "u1", "scopes": ["shop:read"] });
    let made = scene.operator.post("/api/keys", &wanted).await.json();
    let key = scene.served.client(made["secret"].as_str());
    key.get("/api/etsy/shop").await.json();
    key.get("/api/etsy/orders").await.problem("not-allowed");
    let place = format!("/api/keys/{}", made["id"].as_str().unwrap());
    assert_eq!(scene.operator.get(&place).await.json()["state"], "active");
    assert!(scene.operator.delete(&place).await.status < 300);
    key.get("/api/etsy/shop").await.problem("unauthenticated");
}

#[tokio::test]
async fn what_takes_long_is_found_again_and_its_events_are_read() {
    let scene = Scene::new().await;
    let (media_type, body) = form(&json!({
        "key": "coat", "product": example("coat"), "target": "active",
    }));
    let request = scene
        .user
        .request(Method::POST, "/api/etsy/products/publish")
        .header("prefer", "respond-async")
        .header("content-type", media_type)
        .body(body);
    let begun = scene.user.send(request).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let place = begun.header("location").to_owned();
    // The stream ends with the operation.
    let events = scene.user.request(Method::GET, &format!("{place}/events"));
    let events = events.header("accept", "text/event-stream");
    let events = scene.user.send(events).await.text();
    assert!(
        events.contains("event: result") || events.contains("event:result"),
        "{events}"
    );
    let operation = scene.user.get(&place).await.json();
    assert_eq!(operation["state"], "done", "{operation}");
    let other = super::key(
        &scene.served,
        json!({ "user": "u2", "scopes": ["operations:read"] }),
    );
    let other = scene.served.client(Some(&other.await));
    other.get(&place).await.problem("unknown-operation");
}

#[tokio::test]
async fn a_file_is_uploaded_shown_and_deleted() {
    let scene = Scene::new().await;
    let picture = std::fs::read(examples().join("mug.jpg")).unwrap();
    let request = scene
        .user
        .request(Method::POST, "/api/files?name=mug.jpg")
        .header("content-type", "image/jpeg")
        .body(picture.clone());
    let kept = scene.user.send(request).await;
    assert_eq!(kept.status, 201, "{}", kept.text());
    let place = kept.header("location").to_owned();
    let shown = scene.user.get(&place).await.json();
    assert_eq!(shown["bytes"], picture.len());
    assert_eq!(shown["media_type"], "image/jpeg");
    assert_eq!(scene.user.delete(&place).await.status, 204);
    scene.user.get(&place).await.problem("unknown-file");
}
