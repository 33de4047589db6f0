//! Faults on demand, and the page that reflects headers.

use flate2::read::GzDecoder;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, FaultKind};

use crate::harness::{World, draft};

const PING: &str = "/v3/application/openapi-ping";

fn listings(world: &World) -> usize {
    world.sandbox.state()["listings"].as_array().unwrap().len()
}

async fn raw(world: &World) -> Result<reqwest::Response, reqwest::Error> {
    let fields = draft(&[]);
    world
        .request(Method::POST, &world.shop("/listings"))
        .form(&fields)
        .send()
        .await
}

#[tokio::test]
async fn a_500_after_has_done_it_and_a_500_before_has_not() {
    let world = World::start().await;
    world
        .sandbox
        .inject(Fault::new(FaultKind::ErrorBefore).on("createDraftListing"))
        .unwrap();
    world.create(&[]).await.expect(500);
    assert_eq!(listings(&world), 0);
    world
        .sandbox
        .inject(Fault::new(FaultKind::ErrorAfter).on("createDraftListing"))
        .unwrap();
    let reply = raw(&world).await.unwrap();
    assert_eq!(reply.status(), 500);
    assert_eq!(
        reply.json::<Value>().await.unwrap(),
        json!({ "error": "Server Error" })
    );
    assert_eq!(listings(&world), 1);
    let record = world.sandbox.requests().pop().unwrap();
    assert_eq!(
        (record.status, record.fault),
        (201, Some(FaultKind::ErrorAfter))
    );
    world.create(&[]).await.expect(201);
}

#[tokio::test]
async fn the_history_tells_what_was_done_from_what_has_left() {
    let world = World::start().await;
    let fault = |kind| Fault::new(kind).on("createDraftListing").ms(300);
    world.sandbox.inject(fault(FaultKind::SlowAfter)).unwrap();
    world.create(&[]).await.expect(201);
    let record = world.sandbox.requests().pop().unwrap();
    let held = record.sent_us.unwrap() - record.done_us;
    assert!(held >= 300_000, "{held} µs");
    assert!(record.sent_bytes > record.response_bytes, "{record:?}");
    // Half of it left, and nothing of the one whose client went away first.
    world.sandbox.inject(fault(FaultKind::Cut)).unwrap();
    assert!(raw(&world).await.unwrap().bytes().await.is_err());
    let half = world.sandbox.requests().pop().unwrap();
    assert!(half.sent_us.is_some() && half.sent_bytes < half.response_bytes);
    world.sandbox.inject(fault(FaultKind::SlowAfter)).unwrap();
    let done = tokio::time::timeout(Duration::from_millis(150), raw(&world)).await;
    assert!(done.is_err());
    let unsent = world.sandbox.requests().pop().unwrap();
    assert_eq!(
        (unsent.status, unsent.sent_us, unsent.sent_bytes),
        (201, None, 0)
    );
}

#[tokio::test]
async fn a_connection_is_cut_in_the_reply_or_before_it() {
    let world = World::start().await;
    world
        .sandbox
        .inject(Fault::new(FaultKind::CutBefore).on("createDraftListing"))
        .unwrap();
    raw(&world).await.unwrap_err();
    assert_eq!(listings(&world), 0);
    world
        .sandbox
        .inject(Fault::new(FaultKind::Cut).on("createDraftListing"))
        .unwrap();
    let reply = raw(&world).await.unwrap();
    assert_eq!(reply.status(), 201);
    reply.bytes().await.unwrap_err();
    assert_eq!(listings(&world), 1);
    world
        .sandbox
        .inject(Fault::new(FaultKind::Cut).on("deleteListing"))
        .unwrap();
    let request = world.request(Method::DELETE, "/v3/application/listings/1000001");
    request.send().await.unwrap_err();
    assert_eq!(listings(&world), 0);
    world.get(PING).await.expect(200);
}

#[tokio::test]
async fn limits_gateways_and_nothing_at_all() {
    let world = World::start().await;
    let mut limited = Fault::new(FaultKind::RateLimited).on("ping");
    limited.retry_after = Some(7);
    world.sandbox.inject(limited).unwrap();
    let answer = world.get(PING).await.expect(429);
    assert_eq!(
        (answer.header("retry-after"), answer.error().as_str()),
        ("7", "Exceeded per second rate limit")
    );
    world
        .sandbox
        .inject(Fault::new(FaultKind::RateLimited))
        .unwrap();
    assert_eq!(world.get(PING).await.expect(429).header("retry-after"), "");
    world.sandbox.inject(Fault::new(FaultKind::Html)).unwrap();
    let answer = world.get(PING).await.expect(502);
    assert!(answer.header("content-type").starts_with("text/html"));
    world
        .sandbox
        .inject(Fault::new(FaultKind::Empty).on("ping"))
        .unwrap();
    let reply = world.request(Method::GET, PING).send().await.unwrap();
    assert_eq!(
        (reply.status().as_u16(), reply.bytes().await.unwrap().len()),
        (200, 0)
    );
}

#[tokio::test]
async fn slowness_comes_before_the_work_or_after_it() {
    let world = World::start().await;
    for kind in [FaultKind::Slow, FaultKind::SlowAfter] {
        world
            .sandbox
            .inject(Fault::new(kind).on("ping").ms(80))
            .unwrap();
        let begun = Instant::now();
        world.get(PING).await.expect(200);
        assert!(begun.elapsed() >= Duration::from_millis(80));
    }
    // A client that gives up on a slow reply finds the work done.
    world
        .sandbox
        .inject(
            Fault::new(FaultKind::SlowAfter)
                .on("createDraftListing")
                .ms(10_000),
        )
        .unwrap();
    let fields = draft(&[]);
    let request = world
        .request(Method::POST, &world.shop("/listings"))
        .form(&fields);
    assert!(
        request
            .timeout(Duration::from_millis(300))
            .send()
            .await
            .unwrap_err()
            .is_timeout()
    );
    assert_eq!(listings(&world), 1);
}

#[tokio::test]
async fn faults_match_skip_and_wear_out() {
    let world = World::start().await;
    world
        .sandbox
        .inject(
            Fault::new(FaultKind::ErrorBefore)
                .on("ping")
                .skip(1)
                .times(2),
        )
        .unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(world.get(PING).await.status);
    }
    assert_eq!(statuses, [200, 500, 500, 200]);
    let mut by_path = Fault::new(FaultKind::ErrorBefore);
    by_path.path = Some(world.shop("/sections"));
    by_path.method = Some("get".to_owned());
    world.sandbox.inject(by_path).unwrap();
    world.get(PING).await.expect(200);
    world
        .post(&world.shop("/sections"), &[("title", "Mugs")])
        .await
        .expect(200);
    world.get(&world.shop("/sections")).await.expect(500);
    world.sandbox.inject(Fault::new(FaultKind::Html)).unwrap();
    world.sandbox.clear_faults();
    world.get(PING).await.expect(200);
    assert!(
        world
            .sandbox
            .inject(Fault::new(FaultKind::Cut).on("noSuchOperation"))
            .is_err()
    );
}

#[tokio::test]
async fn tokens_can_be_revoked_in_advance_and_in_use() {
    let mut world = World::start().await;
    let me = "/v3/application/users/me";
    world
        .sandbox
        .inject(Fault::new(FaultKind::RevokeToken).on("getMe"))
        .unwrap();
    let body = world.get(me).await.expect(401).json();
    assert_eq!(
        body,
        json!({ "error": "invalid_token", "error_description": "access token is revoked" })
    );
    world
        .sandbox
        .inject(Fault::new(FaultKind::RevokeNextToken))
        .unwrap();
    for status in [401, 200] {
        world.token = world.sandbox.issue_tokens(2001, &[]).unwrap().access_token;
        world.get(me).await.expect(status);
    }
}

#[tokio::test]
async fn a_refresh_whose_reply_is_lost_has_rotated_all_the_same() {
    let world = World::start().await;
    let tokens = world.sandbox.issue_tokens(2001, &[]).unwrap();
    let url = format!("{}/v3/public/oauth/token", world.sandbox.url());
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("refresh_token", tokens.refresh_token.as_str()),
    ];
    world
        .sandbox
        .inject(Fault::new(FaultKind::ErrorAfter).on("token"))
        .unwrap();
    let refresh = || world.http.post(&url).form(&fields).send();
    assert_eq!(refresh().await.unwrap().status(), 500);
    assert_eq!(refresh().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_echo_reflects_every_header_in_every_disguise() {
    let world = World::start().await;
    let key = format!("{CLIENT_ID}:{CLIENT_SECRET}");
    let bearer = format!("Bearer {}", world.token);
    let echo = async |disguise: &str| {
        let path = format!("/v3/application/sandbox-echo?as={disguise}");
        world.send(world.request(Method::GET, &path)).await
    };
    let plain = echo("plain").await.expect(200).json();
    assert_eq!(
        (
            &plain["headers"]["x-api-key"],
            &plain["headers"]["authorization"]
        ),
        (&json!(key), &json!(bearer))
    );
    let base64 = echo("base64").await.expect(200).json();
    assert_eq!(base64["headers"]["x-api-key"], STANDARD.encode(&key));
    let percent = echo("percent").await.expect(200).json();
    let decoded: String = percent["headers"]["x-api-key"]
        .as_str()
        .unwrap()
        .split('%')
        .skip(1)
        .map(|hex| char::from(u8::from_str_radix(hex, 16).unwrap()))
        .collect();
    assert_eq!(decoded, key);
    let packed = echo("gzip").await.expect(200).body;
    assert!(packed.starts_with(b"\x1f\x8b"), "{packed:?}");
    assert!(!String::from_utf8_lossy(&packed).contains(CLIENT_SECRET));
    let unpacked: Value = serde_json::from_reader(GzDecoder::new(packed.as_slice())).unwrap();
    assert_eq!(unpacked["headers"]["x-api-key"], json!(key));
    assert_eq!(
        echo("split").await.expect(200).json()["headers"]["x-api-key"],
        json!(key)
    );
    assert!(
        echo("error")
            .await
            .expect(400)
            .error()
            .contains(CLIENT_SECRET)
    );
    let redirect = echo("redirect").await.expect(302);
    assert!(redirect.header("location").contains(CLIENT_SECRET));
    assert!(redirect.header("location").contains(&world.token));
    echo("rot13").await.expect(400);
    let other = format!("{}/sandbox/echo", world.sandbox.url());
    let other: Value = world
        .http
        .put(other)
        .header("x-probe", "here")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(other["headers"]["x-probe"], "here");
}

#[tokio::test]
async fn the_split_echo_arrives_in_pieces() {
    let world = World::start().await;
    let mut reply = world
        .request(Method::GET, "/v3/application/sandbox-echo?as=split")
        .send()
        .await
        .unwrap();
    let mut chunks = Vec::new();
    while let Some(chunk) = reply.chunk().await.unwrap() {
        chunks.push(chunk);
    }
    let holds = |bytes: &[u8], text: &str| String::from_utf8_lossy(bytes).contains(text);
    assert!(chunks.len() >= 2 && !chunks.iter().any(|chunk| holds(chunk, CLIENT_SECRET)));
    assert!(!chunks.iter().any(|chunk| holds(chunk, &world.token)));
    assert!(holds(&chunks.concat(), CLIENT_SECRET) && holds(&chunks.concat(), &world.token));
}

#[tokio::test]
async fn any_operation_can_be_made_to_reflect_its_headers() {
    let world = World::start().await;
    world
        .sandbox
        .inject(Fault::new(FaultKind::Echo).on("getMe"))
        .unwrap();
    let reply = world
        .request(Method::GET, "/v3/application/users/me")
        .send();
    let body: Value = reply.await.unwrap().json().await.unwrap();
    assert_eq!(
        body["headers"]["authorization"],
        format!("Bearer {}", world.token)
    );
}
