//! Key, token, scopes, limits, paths: what is refused before an operation is looked at.

use std::time::Duration;

use reqwest::Method;
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET, Options};

use crate::harness::{World, unlimited};

const ME: &str = "/v3/application/users/me";
const PING: &str = "/v3/application/openapi-ping";

#[tokio::test]
async fn every_request_needs_the_key_and_its_secret() {
    let world = World::start().await;
    let cases = [
        (None, 401, "Missing x-api-key header"),
        (
            Some(CLIENT_ID.to_owned()),
            403,
            "Shared secret is required in x-api-key header.",
        ),
        (
            Some(format!("{CLIENT_ID}:")),
            403,
            "Shared secret is required in x-api-key header.",
        ),
        (
            Some(format!("{CLIENT_ID}:wrong")),
            403,
            "Invalid shared secret in x-api-key header.",
        ),
        (
            Some(format!("someone:{CLIENT_SECRET}")),
            401,
            "Invalid API key",
        ),
    ];
    for (key, status, error) in cases {
        let mut request = world.http.get(format!("{}{PING}", world.sandbox.url()));
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        assert_eq!(world.send(request).await.expect(status).error(), error);
    }
    world.get(PING).await.expect(200);
}

#[tokio::test]
async fn a_token_is_needed_and_must_be_good() {
    let mut world = World::start().await;
    let key = format!("{CLIENT_ID}:{CLIENT_SECRET}");
    let bare = || {
        world
            .http
            .get(format!("{}{ME}", world.sandbox.url()))
            .header("x-api-key", &key)
    };
    assert_eq!(
        world.send(bare()).await.expect(401).error(),
        "invalid_token"
    );
    let basic = bare().header("authorization", "Basic abc");
    assert_eq!(world.send(basic).await.expect(401).error(), "invalid_token");
    // Without the user's id in front a token is nothing.
    world.token = world.token.split_once('.').unwrap().1.to_owned();
    assert_eq!(world.get(ME).await.expect(401).error(), "invalid_token");
    // A bad token spoils a public operation too.
    world.get(PING).await.expect(401);
}

#[tokio::test]
async fn a_token_needs_the_operations_scopes() {
    let mut world = World::start().await;
    world.token = world
        .sandbox
        .issue_tokens(2001, &["listings_r"])
        .unwrap()
        .access_token;
    world.get(&world.shop("/listings")).await.expect(200);
    let answer = world.create(&[]).await.expect(403).json();
    assert_eq!(answer["error"], "insufficient_scope");
    assert!(
        answer["error_description"]
            .as_str()
            .unwrap()
            .contains("listings_w")
    );
    // updateShop needs both, reading and writing.
    world.token = world
        .sandbox
        .issue_tokens(2001, &["shops_w"])
        .unwrap()
        .access_token;
    world
        .form(Method::PUT, &world.shop(""), &[("title", "x")])
        .await
        .expect(403);
}

#[tokio::test]
async fn another_sellers_shop_is_closed() {
    let world = World::start().await.signed_in_as(1);
    world
        .get("/v3/application/shops/5001/listings")
        .await
        .expect(403);
    world
        .post("/v3/application/shops/5001/sections", &[("title", "Mine")])
        .await
        .expect(403);
    world
        .get("/v3/application/shops/9999/listings")
        .await
        .expect(404);
    world.get("/v3/application/shops/5001").await.expect(200);
}

#[tokio::test]
async fn the_limits_are_announced_and_kept() {
    let world = World::with(Options {
        per_second: 3,
        per_day: 0,
        ..unlimited()
    })
    .await;
    let first = world.get(PING).await.expect(200);
    assert_eq!(
        (
            first.header("x-limit-per-second"),
            first.header("x-remaining-this-second")
        ),
        ("3", "2")
    );
    assert_eq!(first.header("x-etsy-request-uuid").len(), 36);
    world.get(PING).await.expect(200);
    world.get(PING).await.expect(200);
    let refused = world.get(PING).await.expect(429);
    assert_eq!(refused.error(), "Exceeded per second rate limit");
    assert_eq!(refused.header("retry-after"), "1");
    // Another seller's token has its own second.
    let world = world.signed_in_as(1);
    world.get(PING).await.expect(200);
}

#[tokio::test]
async fn a_day_is_used_up_and_slides() {
    let world = World::with(Options {
        per_second: 0,
        per_day: 3,
        ..unlimited()
    })
    .await;
    for left in ["2", "1", "0"] {
        assert_eq!(
            world.get(ME).await.expect(200).header("x-remaining-today"),
            left
        );
    }
    let refused = world.get(ME).await.expect(429);
    assert_eq!(
        (
            refused.error().as_str(),
            refused.header("x-remaining-today")
        ),
        ("Exceeded daily rate limit", "0")
    );
    let retry_after: u64 = refused.header("retry-after").parse().unwrap();
    assert!(
        (22 * 3600..=24 * 3600).contains(&retry_after),
        "{retry_after}"
    );
    // Ping is still answered.
    world.get(PING).await.expect(200);
    world.sandbox.advance(Duration::from_secs(retry_after));
    let tokens = world.sandbox.issue_tokens(2001, &[]).unwrap();
    let request = world.http.get(format!("{}{ME}", world.sandbox.url()));
    let request = request.header("x-api-key", format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    world
        .send(request.bearer_auth(tokens.access_token))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_wrong_path_is_404_and_a_wrong_method_405_without_a_body() {
    let world = World::start().await;
    world.get("/v3/application/listing/1").await.expect(404);
    let answer = world
        .form(Method::PUT, &world.listing(1, ""), &[])
        .await
        .expect(405);
    assert_eq!((answer.header("allow"), answer.body.len()), ("PATCH", 0));
}
