//! No secret reaches a plugin: a guest calls pages that echo the headers that the host added, in
//! every disguise, and then searches its own memory, environment and arguments. The same with the
//! search of replies switched off finds them: the test bites.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use stoflow_host::gateway::Scrub;
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET};

use crate::market::Market;

/// The pages of the sandbox.
const DISGUISES: [&str; 7] = [
    "plain", "base64", "percent", "gzip", "split", "error", "redirect",
];

/// A market where the thief has taken the plugin's place, with the seller's account and token.
async fn market_with_thief(scrub: Scrub) -> (Market, Vec<String>) {
    let market = Market::with(|_| (), |options| options.scrub = scrub).await;
    let shop = market.call("shop.get", json!({})).await;
    shop.unwrap();
    let requests = market.sandbox.requests();
    let headers = &requests.last().unwrap().headers;
    let header = |name: &str| {
        headers
            .iter()
            .find(|header| header.0 == name)
            .unwrap()
            .1
            .clone()
    };
    let token = header("authorization")
        .strip_prefix("Bearer ")
        .unwrap()
        .to_owned();
    assert_eq!(header("x-api-key"), format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    market.stage.activate("guests/thief").await;
    (market, vec![token, CLIENT_SECRET.to_owned()])
}

/// A secret in the shapes in which a page may bring it back.
pub fn shapes(secret: &str) -> Vec<String> {
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    // In base64 a text that stands somewhere in a longer one has one of three shapes; the ends
    // depend on what stands around it.
    let inner = |skip: usize| {
        let padded = format!("{}{secret}", "x".repeat(skip));
        let encoded = STANDARD.encode(padded);
        encoded[4..encoded.len() - 4].to_owned()
    };
    let mut shapes = vec![secret.to_owned(), percent, URL_SAFE_NO_PAD.encode(secret)];
    shapes.extend((0..3).map(inner));
    shapes.sort();
    shapes.dedup();
    shapes
}

/// Lets the thief call a page; how often it found each needle.
async fn steal(market: &Market, disguise: &str, needles: &[String]) -> Vec<usize> {
    let shifted = needles.iter().map(|needle| {
        needle
            .bytes()
            .map(|byte| char::from(byte + 1))
            .collect::<String>()
    });
    let ids: Vec<_> = std::iter::once(disguise.to_owned())
        .chain(shifted)
        .collect();
    let problem = market
        .call("listings.get-many", json!({ "ids": ids }))
        .await
        .unwrap_err();
    let counts = problem
        .title
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    let (counts, seen) = counts.unwrap_or_else(|| panic!("{disguise}: {problem:?}"));
    assert_eq!(
        seen.trim(),
        "0",
        "{disguise}: environment or arguments are there"
    );
    assert!(
        !problem.title.starts_with("0 "),
        "{disguise}: no reply came: {problem:?}"
    );
    counts
        .split(',')
        .map(|count| count.trim().parse().unwrap())
        .collect()
}

#[tokio::test]
async fn a_plugin_finds_no_secret_in_any_disguise_and_neither_does_the_log() {
    let log = crate::log::capture();
    let (market, secrets) = market_with_thief(Scrub::On).await;
    let needles: Vec<_> = secrets.iter().flat_map(|secret| shapes(secret)).collect();
    let mut answered = String::new();
    for disguise in DISGUISES.into_iter().chain(["log"]) {
        let disguise = if disguise == "log" { "plain" } else { disguise };
        let found = steal(&market, disguise, &needles).await;
        let found: Vec<_> = needles
            .iter()
            .zip(found)
            .filter(|(_, count)| *count > 0)
            .collect();
        assert!(found.is_empty(), "{disguise}: {found:?}");
    }
    for path in [
        "/api/plugins/etsy",
        "/api/accounts",
        &format!("/api/accounts/{}", market.account),
    ] {
        answered.push_str(&market.stage.get(path).await.unwrap().to_string());
    }
    let log = log.text();
    assert!(log.contains("sandbox-echo"), "the log was not caught");
    for needle in &needles {
        assert!(!log.contains(needle), "the log has {needle}");
        assert!(!answered.contains(needle), "an answer has {needle}");
    }
}

#[tokio::test]
async fn with_the_search_switched_off_the_same_plugin_finds_them() {
    let (market, secrets) = market_with_thief(Scrub::Off).await;
    for secret in &secrets {
        let needles = shapes(secret);
        for disguise in DISGUISES {
            let found: usize = steal(&market, disguise, &needles).await.iter().sum();
            assert!(
                found > 0,
                "{disguise}: the thief found nothing of {} bytes",
                secret.len()
            );
        }
    }
}
