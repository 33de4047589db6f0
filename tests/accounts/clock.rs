//! A machine's clock jumps: it costs a refresh at most, disconnects nobody, and is named where it is
//! why the marketplace refuses.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use stoflow_host::accounts::{RefreshOutcome, TokenError};
use stoflow_host::model::{AccountId, AccountState};
use stoflow_sandbox::{Fault, FaultKind, Options};

use super::LONGEST_WAIT;
use crate::market::Market;
use crate::seller::{Host, Scripted, sandbox, token_requests};

const JUMPS: [SignedDuration; 4] = [
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(-1),
    SignedDuration::from_hours(10 * 365 * 24),
    SignedDuration::from_hours(-10 * 365 * 24),
];

fn state(host: &Host, id: &AccountId) -> AccountState {
    host.accounts.get(id).unwrap().unwrap().state
}

#[tokio::test]
async fn a_jump_either_way_and_back_costs_one_refresh_each_and_no_account() {
    for jump in JUMPS {
        for restart in [false, true] {
            let (sandbox, config) = sandbox(Options::default()).await;
            let mut host = Host::new();
            let id = host.connect(&config, "u1", "").await.unwrap().account.id;
            for by in [jump, -jump] {
                host.clock.jump(by);
                if restart {
                    host = host.restarted();
                }
                let asked = token_requests(&sandbox);
                let callers = (0..20).map(|_| host.accounts.bearer(&id, &config));
                let answers = futures_util::future::join_all(callers).await;
                assert!(answers.iter().all(Result::is_ok), "{by}: {answers:?}");
                for _ in 0..3 {
                    let bearer = host.accounts.bearer(&id, &config).await.unwrap();
                    host.identify(&config, bearer).await.unwrap();
                }
                let requests = token_requests(&sandbox) - asked;
                assert!(requests <= 1, "{by}: {requests} refreshes");
                assert_eq!(state(&host, &id), AccountState::Connected);
            }
        }
    }
}

#[tokio::test]
async fn a_jump_that_nobody_calls_in_costs_nothing() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let id = host.connect(&config, "u1", "").await.unwrap().account.id;
    let asked = token_requests(&sandbox);
    for jump in JUMPS {
        host.clock.jump(jump);
        host.clock.jump(-jump);
        host.accounts.bearer(&id, &config).await.unwrap();
    }
    assert_eq!(token_requests(&sandbox), asked);
}

#[tokio::test]
async fn an_account_that_was_connected_under_a_wrong_clock_outlives_its_being_set() {
    for jump in JUMPS {
        let (sandbox, config) = sandbox(Options::default()).await;
        let host = Host::new();
        host.clock.jump(jump);
        let id = host.connect(&config, "u1", "").await.unwrap().account.id;
        host.accounts.refreshed(&id, &config, 1).await.unwrap();
        host.clock.jump(-jump);
        let asked = token_requests(&sandbox);
        for _ in 0..3 {
            let bearer = host.accounts.bearer(&id, &config).await.unwrap();
            host.identify(&config, bearer).await.unwrap();
        }
        assert!(token_requests(&sandbox) <= asked + 1, "{jump}");
    }
}

#[tokio::test]
async fn a_clock_that_jumps_while_a_refresh_is_under_way_costs_no_second_one() {
    for jump in JUMPS {
        let (sandbox, config) = sandbox(Options::default()).await;
        let host = Host::new();
        let id = host.connect(&config, "u1", "").await.unwrap().account.id;
        let asked = token_requests(&sandbox);
        let slow = Fault::new(FaultKind::SlowAfter).on("token").ms(300);
        sandbox.inject(slow).unwrap();
        let refresh = {
            let (accounts, id, config) = (host.accounts.clone(), id.clone(), config.clone());
            tokio::spawn(async move { accounts.refreshed(&id, &config, 1).await })
        };
        // The sandbox writes a request down when its work is done, before it waits.
        while token_requests(&sandbox) == asked {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        host.clock.jump(jump);
        refresh.await.unwrap().unwrap();
        let bearer = host.accounts.bearer(&id, &config).await.unwrap();
        assert_eq!(bearer.generation, 2, "{jump}");
        assert_eq!(token_requests(&sandbox), asked + 1);
    }
}

#[tokio::test]
async fn calls_through_the_host_go_on_when_the_clock_jumps() {
    let mut clock = None;
    let market = Market::with(|_| (), |options| clock = Some(options.clock.clone())).await;
    let clock = clock.unwrap();
    for jump in JUMPS {
        for by in [jump, -jump] {
            clock.jump(by);
            let asked = token_requests(&market.sandbox);
            for _ in 0..3 {
                market.call("shop.get", json!({})).await.unwrap();
            }
            assert!(token_requests(&market.sandbox) <= asked + 1, "{by}");
        }
    }
}

#[tokio::test]
async fn a_refusal_under_a_wrong_clock_names_the_clock_and_keeps_the_account() {
    let refusals = [
        (400, json!({"error": "invalid_request"})),
        (401, json!({"error": "invalid_client"})),
        (403, json!({"message": "signature expired"})),
    ];
    for (hours, said) in [(1, "1 h ahead of"), (-87_600, "days behind")] {
        for (status, body) in &refusals {
            let endpoint = Scripted::start().await;
            let (host, config) = (Host::new(), endpoint.config());
            let id = endpoint.connected(&host, &config).await.account.id;
            host.clock.jump(SignedDuration::from_hours(hours));
            endpoint.then_json(*status, body.clone());
            let error = host.accounts.refreshed(&id, &config, 1).await.unwrap_err();
            let TokenError::ClockWrong(words) = &error else {
                panic!("{status} {body}: {error:?}");
            };
            assert!(words.contains(said) && words.contains("set it"), "{words}");
            assert_eq!(state(&host, &id), AccountState::Connected);
            let refreshes = host.accounts.status(&id).unwrap().unwrap().refreshes;
            assert_eq!(refreshes.last.unwrap().outcome, RefreshOutcome::ClockWrong);
            // Once the clock is set, the account works.
            host.clock.jump(SignedDuration::from_hours(-hours));
            host.clock.jump(LONGEST_WAIT);
            endpoint.then_json(
                200,
                json!({"access_token": "second-access-token", "token_type": "bearer"}),
            );
            host.accounts.refreshed(&id, &config, 1).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_wrong_clock_is_no_excuse_for_a_server_in_trouble_or_a_grant_that_is_refused() {
    for (status, body, connected) in [
        (500, json!({"error": "invalid_client"}), true),
        (429, json!({"error": "slow_down"}), true),
        (400, json!({"error": "invalid_grant"}), false),
    ] {
        let endpoint = Scripted::start().await;
        let (host, config) = (Host::new(), endpoint.config());
        let id = endpoint.connected(&host, &config).await.account.id;
        host.clock.jump(SignedDuration::from_hours(2));
        endpoint.then_json(status, body.clone());
        endpoint.then_json(status, body);
        let error = host.accounts.refreshed(&id, &config, 1).await.unwrap_err();
        match error {
            TokenError::Unavailable(_) if connected => {}
            TokenError::NeedsConsent(_) if !connected => {}
            other => panic!("{status}: {other:?}"),
        }
        assert_eq!(
            state(&host, &id) == AccountState::Connected,
            connected,
            "{status}"
        );
    }
}

#[tokio::test]
async fn what_is_issued_dead_under_a_wrong_clock_is_not_used_and_its_refresh_token_not_lost() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    host.clock.jump(SignedDuration::from_hours(3));
    endpoint.then_json(
        200,
        json!({"access_token": "dead-access-token", "token_type": "bearer",
            "expires_in": 0, "refresh_token": "second-refresh-token"}),
    );
    let error = host.accounts.refreshed(&id, &config, 1).await.unwrap_err();
    assert!(matches!(error, TokenError::ClockWrong(_)), "{error}");
    // Nobody asks again at once.
    let again = host.accounts.bearer(&id, &config).await.unwrap_err();
    assert!(matches!(again, TokenError::ClockWrong(_)), "{again}");
    assert_eq!(endpoint.asked().len(), 2);
    host.clock.jump(SignedDuration::from_hours(-3));
    endpoint.then_json(
        200,
        json!({"access_token": "living-access-token", "token_type": "bearer"}),
    );
    let bearer = host.accounts.bearer(&id, &config).await.unwrap();
    assert_eq!(bearer.token.expose(), "living-access-token");
    let (_, body) = endpoint.asked().pop().unwrap();
    assert!(
        body.contains("refresh_token=second-refresh-token"),
        "{body}"
    );
}

#[tokio::test]
async fn a_refresh_under_a_wrong_clock_is_used_and_the_difference_told() {
    let (_sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let id = host.connect(&config, "u1", "").await.unwrap().account.id;
    host.clock.jump(SignedDuration::from_hours(-2));
    let bearer = host.accounts.bearer(&id, &config).await.unwrap();
    assert_eq!(bearer.generation, 2);
    host.identify(&config, bearer).await.unwrap();
    let refreshes = host.accounts.status(&id).unwrap().unwrap().refreshes;
    let ahead = refreshes.clock_ahead_seconds.unwrap();
    assert!((-7300..-7100).contains(&ahead), "{ahead}");
    let last = refreshes.last.unwrap();
    assert_eq!(last.outcome, RefreshOutcome::Refreshed);
    assert!(last.words.contains("behind"), "{}", last.words);
    host.clock.jump(SignedDuration::from_hours(2));
    host.accounts.refresh(&id, &config).await.unwrap();
    let refreshes = host.accounts.status(&id).unwrap().unwrap().refreshes;
    assert_eq!(refreshes.clock_ahead_seconds, None);
}

#[tokio::test]
async fn what_cannot_be_refreshed_is_ended_by_the_marketplace_and_not_by_our_clock() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    host.change_token(&id, |token| token["refresh_token"] = json!(null));
    for jump in JUMPS {
        host.clock.jump(jump);
        let bearer = host.accounts.bearer(&id, &config).await.unwrap();
        assert_eq!(bearer.token.expose(), "first-access-token");
        host.clock.jump(-jump);
    }
    let error = host.accounts.refreshed(&id, &config, 1).await.unwrap_err();
    assert!(matches!(error, TokenError::NeedsConsent(_)), "{error}");
}

#[tokio::test]
async fn a_clock_that_goes_back_makes_no_token_live_longer() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    let token = |name: &str, seconds: u32| json!({"access_token": name, "token_type": "bearer", "expires_in": seconds});
    endpoint.then_json(200, token("short-access-token", 1));
    endpoint.then_json(200, token("third-access-token", 3600));
    host.accounts.refreshed(&id, &config, 1).await.unwrap();
    // By the clock in the records it has three minutes more; less is no jump to them.
    host.clock.jump(SignedDuration::from_mins(-3));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let bearer = host.accounts.bearer(&id, &config).await.unwrap();
    assert_eq!(bearer.token.expose(), "third-access-token");
}
