//! Consent and tokens.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stoflow_sandbox::{CLIENT_ID, Options, REDIRECT_URI, Rotation};
use url::Url;

use crate::harness::{Answer, World, unlimited};

const VERIFIER: &str = "vvkdljkejllufrvbhgeiegrnvufrhvrffnkvcknjvfid";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// The link of a consent, with parameters of `other` instead of the usual ones.
fn link(world: &World, other: &[(&str, &str)]) -> Url {
    let challenge = challenge();
    let usual = [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "listings_r listings_w shops_r"),
        ("state", "state-1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let mut url = Url::parse(&format!("{}/oauth/connect", world.sandbox.url())).unwrap();
    let kept = usual
        .into_iter()
        .filter(|(name, _)| !other.iter().any(|(it, _)| it == name));
    url.query_pairs_mut()
        .extend_pairs(kept.chain(other.iter().copied()));
    url
}

async fn open(world: &World, url: Url) -> Answer {
    world.send(world.http.get(url)).await
}

/// A parameter of the address that a redirect leads to.
fn back(answer: &Answer, name: &str) -> Option<String> {
    let location = Url::parse(answer.header("location")).expect("a redirect");
    assert!(location.as_str().starts_with(REDIRECT_URI), "{location}");
    location
        .query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

async fn code(world: &World, other: &[(&str, &str)]) -> String {
    let answer = open(world, link(world, &[other, &[("auto", "1")]].concat()))
        .await
        .expect(302);
    assert_eq!(back(&answer, "state").as_deref(), Some("state-1"));
    back(&answer, "code").expect("a code")
}

async fn token(world: &World, fields: &[(&str, &str)]) -> Answer {
    let url = format!("{}/v3/public/oauth/token", world.sandbox.url());
    world.send(world.http.post(url).form(fields)).await
}

async fn exchange(world: &World, code: &str, other: &[(&str, &str)]) -> Answer {
    let usual = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("code", code),
        ("code_verifier", VERIFIER),
    ];
    let kept = usual
        .into_iter()
        .filter(|(name, _)| !other.iter().any(|(it, _)| it == name));
    let fields: Vec<(&str, &str)> = kept.chain(other.iter().copied()).collect();
    token(world, &fields).await
}

async fn refresh(world: &World, refresh_token: &str) -> Answer {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("refresh_token", refresh_token),
    ];
    token(world, &fields).await
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {value}"))
}

#[tokio::test]
async fn a_browser_presses_the_button_and_comes_back_with_a_code() {
    let world = World::start().await;
    let page = open(&world, link(&world, &[])).await.expect(200);
    let page = String::from_utf8(page.body).unwrap();
    assert!(
        page.contains("Allow access") && page.contains("Vieux Paris"),
        "{page}"
    );
    // What the form carries, sent as a browser would.
    let fields: Vec<(String, String)> = page
        .split("<input type=hidden name=")
        .skip(1)
        .map(|input| {
            let (name, rest) = input.split_once(' ').unwrap();
            let value = rest.split('"').nth(1).unwrap();
            (name.to_owned(), value.to_owned())
        })
        .chain([
            ("decision".into(), "allow".into()),
            ("user".into(), "2002".into()),
        ])
        .collect();
    let url = format!("{}/oauth/connect", world.sandbox.url());
    let answer = world
        .send(world.http.post(url).form(&fields))
        .await
        .expect(302);
    let code = back(&answer, "code").unwrap();
    let tokens = exchange(&world, &code, &[]).await.expect(200).json();
    assert!(
        text(&tokens, "access_token").starts_with("2002."),
        "{tokens}"
    );
    assert!(text(&tokens, "refresh_token").starts_with("2002."));
    assert_eq!(
        (text(&tokens, "token_type"), &tokens["expires_in"]),
        ("Bearer", &json!(3600))
    );
}

#[tokio::test]
async fn a_query_can_press_the_button_for_a_named_seller() {
    let world = World::start().await;
    for (user, id) in [
        ("", "2001."),
        ("2003", "2003."),
        ("prairieattic", "2002."),
        ("Kumo Paper", "2003."),
    ] {
        let code = code(&world, &[("user", user)]).await;
        let tokens = exchange(&world, &code, &[]).await.expect(200).json();
        assert!(
            text(&tokens, "access_token").starts_with(id),
            "{user}: {tokens}"
        );
    }
    open(&world, link(&world, &[("auto", "1"), ("user", "nobody")]))
        .await
        .expect(400);
}

#[tokio::test]
async fn an_unknown_key_or_address_is_told_on_a_page_and_never_by_a_redirect() {
    let world = World::start().await;
    let wrong = [
        ("client_id", "someone-elses-key"),
        ("redirect_uri", "http://localhost:3000/etsy/callback/"),
        ("redirect_uri", "http://localhost:3000/etsy/callback?"),
        ("redirect_uri", "http://LOCALHOST:3000/etsy/callback"),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", ""),
    ];
    for (name, value) in wrong {
        let answer = open(&world, link(&world, &[(name, value), ("auto", "1")]))
            .await
            .expect(400);
        assert_eq!(answer.header("location"), "", "{name}={value}");
    }
}

#[tokio::test]
async fn other_mistakes_go_back_to_the_application() {
    let world = World::start().await;
    let wrong = [
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "", "invalid_scope"),
        ("scope", "listings_r everything", "invalid_scope"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("state", "", "invalid_request"),
    ];
    for (name, value, error) in wrong {
        let answer = open(&world, link(&world, &[(name, value), ("auto", "1")]))
            .await
            .expect(302);
        assert_eq!(
            back(&answer, "error").as_deref(),
            Some(error),
            "{name}={value}"
        );
        assert!(back(&answer, "error_description").is_some());
        assert_eq!(back(&answer, "code"), None);
    }
    let answer = open(&world, link(&world, &[("decision", "deny")]))
        .await
        .expect(302);
    assert_eq!(back(&answer, "error").as_deref(), Some("access_denied"));
    assert_eq!(back(&answer, "state").as_deref(), Some("state-1"));
}

#[tokio::test]
async fn what_a_link_carries_is_text_on_the_page() {
    let world = World::start().await;
    let page = open(
        &world,
        link(&world, &[("state", "\"><script>alert(1)</script>")]),
    )
    .await;
    assert!(
        !String::from_utf8(page.expect(200).body)
            .unwrap()
            .contains("<script>")
    );
}

#[tokio::test]
async fn a_code_holds_once_for_a_minute_for_its_verifier_and_address() {
    let world = World::start().await;
    let once = code(&world, &[]).await;
    exchange(&world, &once, &[]).await.expect(200);
    assert_eq!(
        exchange(&world, &once, &[]).await.expect(400).error(),
        "invalid_grant"
    );

    let late = code(&world, &[]).await;
    world.sandbox.advance(Duration::from_secs(61));
    assert_eq!(
        exchange(&world, &late, &[]).await.expect(400).error(),
        "invalid_grant"
    );

    let wrong = [
        (
            "redirect_uri",
            "http://localhost:3000/etsy/callback/",
            "invalid_grant",
        ),
        (
            "code_verifier",
            "wwkdljkejllufrvbhgeiegrnvufrhvrffnkvcknjvfid",
            "invalid_grant",
        ),
        ("code_verifier", "short", "invalid_request"),
        ("code", "unknown", "invalid_grant"),
        ("client_id", "someone-elses-key", "invalid_client"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "", "invalid_request"),
    ];
    for (name, value, error) in wrong {
        let code = code(&world, &[]).await;
        let answer = exchange(&world, &code, &[(name, value)]).await.expect(400);
        assert_eq!(answer.error(), error, "{name}={value}");
        assert!(answer.json()["error_description"].is_string());
    }
}

#[tokio::test]
async fn the_token_endpoint_takes_json_as_well() {
    let world = World::start().await;
    let tokens = world.sandbox.issue_tokens(2001, &[]).unwrap();
    let url = format!("{}/v3/public/oauth/token", world.sandbox.url());
    let body = json!({ "grant_type": "refresh_token", "client_id": CLIENT_ID, "refresh_token": tokens.refresh_token });
    world
        .send(world.http.post(url).json(&body))
        .await
        .expect(200);
}

#[tokio::test]
async fn at_once_the_old_refresh_token_dies_with_its_use() {
    let world = World::start().await;
    let first = world.sandbox.issue_tokens(2001, &[]).unwrap();
    let second = refresh(&world, &first.refresh_token)
        .await
        .expect(200)
        .json();
    let again = refresh(&world, &first.refresh_token)
        .await
        .expect(400)
        .json();
    assert_eq!(again["error_description"], "refresh_token is revoked");
    refresh(&world, text(&second, "refresh_token"))
        .await
        .expect(200);
}

#[tokio::test]
async fn on_use_the_old_refresh_token_dies_when_a_new_one_is_used() {
    let world = World::with(Options {
        rotation: Rotation::OnUse,
        ..unlimited()
    })
    .await;
    let first = world.sandbox.issue_tokens(2001, &[]).unwrap();
    refresh(&world, &first.refresh_token).await.expect(200);
    let second = refresh(&world, &first.refresh_token)
        .await
        .expect(200)
        .json();
    let mut world = world;
    world.token = text(&second, "access_token").to_owned();
    world.get("/v3/application/users/me").await.expect(200);
    refresh(&world, &first.refresh_token).await.expect(400);
}

#[tokio::test]
async fn tokens_expire_by_the_sandboxs_clock() {
    let mut world = World::with(Options {
        token_seconds: 60,
        ..unlimited()
    })
    .await;
    let tokens = world.sandbox.issue_tokens(2001, &[]).unwrap();
    world.token.clone_from(&tokens.access_token);
    world.get("/v3/application/users/me").await.expect(200);
    world.sandbox.advance(Duration::from_secs(60));
    let answer = world.get("/v3/application/users/me").await.expect(401);
    let body = json!({ "error": "invalid_token", "error_description": "access token is expired" });
    assert_eq!(answer.json(), body);
    refresh(&world, &tokens.refresh_token).await.expect(200);

    let old = world.sandbox.issue_tokens(2001, &[]).unwrap();
    world.sandbox.advance(Duration::from_secs(90 * 86_400));
    let answer = refresh(&world, &old.refresh_token).await.expect(400).json();
    assert_eq!(answer["error_description"], "refresh_token is expired");
}

#[tokio::test]
async fn a_token_says_its_scopes() {
    let world = World::start().await;
    let tokens = world.sandbox.issue_tokens(2001, &["shops_r"]).unwrap();
    let answer = world
        .post("/v3/application/scopes", &[("token", &tokens.access_token)])
        .await;
    assert_eq!(answer.expect(200).json(), json!({ "scopes": ["shops_r"] }));
    world
        .post("/v3/application/scopes", &[("token", "2001.x")])
        .await
        .expect(401);
}
