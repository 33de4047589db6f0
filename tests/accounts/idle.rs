//! Accounts that nobody uses keep their refresh tokens alive.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use stoflow_host::accounts::TokenError;
use stoflow_host::model::{AccountId, AccountState};
use stoflow_sandbox::{Fault, FaultKind, Options};

use crate::seller::{Host, Scripted, sandbox, token_requests};

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test]
async fn a_year_without_a_call_costs_no_consent() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let config = Arc::new(config);
    let id = host.connect(&config, "u1", "").await.unwrap().account.id;
    let asked = token_requests(&sandbox);
    for _ in 0..52 {
        host.clock.jump(DAY * 7);
        sandbox.advance(Duration::from_secs(7 * 86_400));
        let done = host.accounts.refresh_idle(|_| Arc::clone(&config)).await;
        for refresh in done.unwrap() {
            refresh.outcome.unwrap();
        }
    }
    // Every 30 to 37.5 days, looked at once a week.
    let refreshes = token_requests(&sandbox) - asked;
    assert!((8..=12).contains(&refreshes), "{refreshes}");
    let bearer = host.accounts.bearer(&id, &config).await.unwrap();
    host.identify(&config, bearer).await.unwrap();
}

#[tokio::test]
async fn only_accounts_that_are_due_are_refreshed_and_one_that_fails_stops_no_other() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let config = Arc::new(config);
    let mut ids: Vec<AccountId> = Vec::new();
    for user in ["u1", "u2", "u3", "u4", "u5", "u6"] {
        let connected = host.connect(&config, user, "").await.unwrap();
        ids.push(connected.account.id);
    }
    let refresh = || host.accounts.refresh_idle(|_| Arc::clone(&config));
    assert_eq!(refresh().await.unwrap(), []);
    host.clock.jump(DAY * 40);
    // One of them is in use.
    host.accounts.bearer(&ids[0], &config).await.unwrap();
    sandbox
        .inject(Fault::new(FaultKind::ErrorBefore).on("token").times(2))
        .unwrap();
    let done = refresh().await.unwrap();
    assert_eq!(done.len(), 5);
    assert!(done.iter().all(|refresh| refresh.account != ids[0]));
    let failed: Vec<_> = done.iter().filter(|done| done.outcome.is_err()).collect();
    assert!(failed.len() <= 2, "{failed:?}");
    for one in &failed {
        assert!(
            matches!(one.outcome, Err(TokenError::Unavailable(_))),
            "{one:?}"
        );
        let account = host.accounts.get(&one.account).unwrap().unwrap();
        assert_eq!(account.state, AccountState::Connected);
    }
    // Those that failed are tried again, but not at once.
    assert_eq!(refresh().await.unwrap(), []);
    host.clock.jump(super::LONGEST_WAIT);
    let again = refresh().await.unwrap();
    assert_eq!(again.len(), failed.len());
    assert!(again.iter().all(|one| one.outcome.is_ok()), "{again:?}");
}

#[tokio::test]
async fn an_account_that_needs_consent_is_left_alone() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), Arc::new(endpoint.config()));
    let id = endpoint.connected(&host, &config).await.account.id;
    endpoint.then_json(400, json!({"error": "invalid_grant"}));
    host.accounts.refreshed(&id, &config, 1).await.unwrap_err();
    host.clock.jump(DAY * 60);
    let done = host.accounts.refresh_idle(|_| Arc::clone(&config)).await;
    assert_eq!(done.unwrap(), []);
    assert_eq!(endpoint.asked().len(), 2);
}

#[tokio::test]
async fn the_loop_looks_after_them_until_it_is_stopped() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let config = Arc::new(config);
    let id = host.connect(&config, "u1", "").await.unwrap().account.id;
    let gone = host.connect(&config, "u2", "").await.unwrap().account.id;
    host.accounts.disconnect(&gone, &config).await.unwrap();
    let asked = token_requests(&sandbox);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = {
        let (accounts, config) = (host.accounts.clone(), Arc::clone(&config));
        tokio::spawn(async move {
            let stopped = async move { drop(stopped.await) };
            let every = Duration::from_millis(5);
            let config = |_: &_| Arc::clone(&config);
            accounts.keep_idle_alive(config, every, stopped).await;
        })
    };
    host.clock.jump(DAY * 91);
    let kept = async {
        let generation = || host.accounts.token_status(&id).unwrap().unwrap().generation;
        while generation() == 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), kept)
        .await
        .unwrap();
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(20), running)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(token_requests(&sandbox), asked + 1);
    // What was remembered of the other one went with its 90 days.
    host.clock.jump(DAY * -91);
    assert_eq!(host.accounts.tombstone(&gone).unwrap(), None);
}
