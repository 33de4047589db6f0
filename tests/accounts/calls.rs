//! Calls of a plugin over an expired token: however many there are, one refresh for each account.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::market::{self, Market};
use crate::seller::token_requests;
use crate::stage::rounds;

/// Whose shops are connected.
const USERS: [&str; 4] = ["u1", "u2", "u3", "u4"];

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_calls_on_expired_tokens_refresh_each_account_once_and_all_succeed() {
    let calls = rounds("CONCURRENT_CALLS", 1000);
    let mut clock = None;
    // The host keeps to the limit that it knows of, and knows it from replies.
    let raised = |options: &mut stoflow_sandbox::Options| {
        options.per_second = 100_000;
        options.per_day = 10_000_000;
    };
    let market = Market::with(raised, |options| clock = Some(options.clock.clone())).await;
    let clock = clock.unwrap();
    for user in &USERS[1..] {
        market::connect(&market.stage, user).await.unwrap();
    }
    let market = Arc::new(market);
    for users in [1, USERS.len()] {
        let users = &USERS[..users];
        // By the sandbox's book and by ours.
        market.sandbox.advance(Duration::from_secs(7200));
        clock.jump(SignedDuration::from_secs(7200));
        market.sandbox.clear_requests();
        let calling = users.iter().cycle().take(calls as usize);
        let calling: Vec<_> = calling
            .map(|user| {
                let market = Arc::clone(&market);
                tokio::spawn(async move { call(&market, user).await })
            })
            .collect();
        for answer in calling {
            let answer = answer.await.unwrap();
            assert!(answer["name"].is_string(), "{answer}");
        }
        println!("{calls} calls of {} accounts", users.len());
        assert_eq!(token_requests(&market.sandbox), users.len());
        // Nor was a dead token sent.
        let refused = market.sandbox.requests();
        let refused = refused.iter().filter(|request| request.status == 401);
        assert_eq!(refused.count(), 0);
    }
}

#[tokio::test]
async fn a_call_that_works_ends_the_refresh_token_before() {
    let market = Market::new().await;
    let id = market.account.parse().unwrap();
    let accounts = &market.stage.host.accounts;
    let config = market.stage.host.config.plugin(&"etsy".parse().unwrap());
    // Access token, refresh token, the one before, the app's secret.
    let secrets = || accounts.secrets(&id, &config).unwrap().len();
    assert_eq!(secrets(), 3);
    accounts.refresh(&id, &config).await.unwrap();
    assert_eq!(secrets(), 4);
    market.call("shop.get", json!({})).await.unwrap();
    let gone = async {
        while secrets() > 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .unwrap();
}

async fn call(market: &Market, user: &str) -> Value {
    let path = format!("/api/etsy/call/shop/get?user={user}");
    let answer = market.stage.post(&path, json!({})).await;
    answer.unwrap_or_else(|problem| panic!("{path}: {problem:?}"))
}
