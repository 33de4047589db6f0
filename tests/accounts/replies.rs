//! Replies of token endpoints that are cut off, are no JSON, or hold what nobody can use: what they
//! mean for the account, and that nothing that was readable is lost.

use std::time::Duration;

use serde_json::{Value, json};
use stoflow_host::accounts::{RefreshOutcome, TokenError};
use stoflow_host::model::{AccountId, AccountState};
use stoflow_host::store::{Commit, Key};
use stoflow_sandbox::{Fault, FaultKind, Options, Rotation};

use super::{LONGEST_WAIT, reply_as_it_came};
use crate::seller::{Host, Scripted, StoredRefreshing, StoredReply, sandbox, token_requests};

fn token(access: &str, refresh: &str) -> Value {
    json!({"access_token": access, "token_type": "Bearer", "expires_in": 3600,
        "refresh_token": refresh})
}

fn invalid_grant() -> Value {
    json!({"error": "invalid_grant"})
}

/// What a kill between a reply and its being understood leaves.
fn leave(host: &Host, id: &AccountId, reply: &[u8]) {
    let refreshing = json!({"generation": 1, "begun_at": host.clock.now().to_string()});
    let key = Key::of([id.as_str()]);
    let commit = Commit::new()
        .put(&key, &StoredRefreshing(refreshing))
        .put(&key, &reply_as_it_came(reply));
    host.store.commit_blocking(commit).unwrap();
}

/// The refresh tokens that the endpoint was asked with, in order.
fn refresh_tokens(endpoint: &Scripted) -> Vec<String> {
    let asked = endpoint.asked().into_iter().skip(1);
    asked
        .map(|(_, body)| {
            let fields = url::form_urlencoded::parse(body.as_bytes());
            let mut tokens = fields.filter(|(name, _)| name == "refresh_token");
            tokens.next().unwrap().1.into_owned()
        })
        .collect()
}

#[tokio::test]
async fn a_kept_reply_that_cannot_be_read_is_named_as_lost_and_asked_for_once_more() {
    let whole = token("shown-to-nobody", "shown-to-nobody").to_string();
    let unreadable: [&[u8]; 4] = [
        &whole.as_bytes()[..40],
        b"<html>shown-to-nobody",
        b"",
        b"\xff\xfe\x00shown-to-nobody",
    ];
    for kept in unreadable {
        for is_taken in [true, false] {
            let endpoint = Scripted::start().await;
            let (host, config) = (Host::new(), endpoint.config());
            let id = endpoint.connected(&host, &config).await.account.id;
            leave(&host, &id, kept);
            host.expire(&id);
            let host = host.restarted();
            if is_taken {
                endpoint.then_json(200, token("second-access-token", "second-refresh-token"));
            } else {
                endpoint.then_json(400, invalid_grant());
            }
            let answer = host.accounts.bearer(&id, &config).await;
            assert_eq!(refresh_tokens(&endpoint), ["first-refresh-token"]);
            match answer {
                Ok(bearer) if is_taken => {
                    assert_eq!(bearer.token.expose(), "second-access-token");
                }
                Err(TokenError::NeedsConsent(why)) if !is_taken => {
                    assert!(why.starts_with("response lost"), "{why}");
                    assert!(why.contains("not what RFC 6749 describes"), "{why}");
                    assert!(!why.contains("shown-to-nobody"), "{why}");
                    let last = host.accounts.status(&id).unwrap().unwrap().refreshes.last;
                    assert_eq!(last.unwrap().outcome, RefreshOutcome::ResponseLost);
                }
                other => panic!("{kept:?}: {other:?}"),
            }
            // It is gone, and comes up in no later refresh.
            let key = Key::of([id.as_str()]);
            assert!(host.store.get::<StoredReply>(&key).unwrap().is_none());
            assert!(host.store.get::<StoredRefreshing>(&key).unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn a_kept_reply_whose_token_has_ended_meanwhile_gives_its_refresh_token() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    let kept = token("ended-access-token", "second-refresh-token").to_string();
    leave(&host, &id, kept.as_bytes());
    let host = host.restarted();
    host.clock.jump(jiff::SignedDuration::from_hours(2));
    endpoint.then_json(200, token("third-access-token", "third-refresh-token"));
    let bearer = host.accounts.bearer(&id, &config).await.unwrap();
    assert_eq!(bearer.token.expose(), "third-access-token");
    assert_eq!(refresh_tokens(&endpoint), ["second-refresh-token"]);
}

#[tokio::test]
async fn a_token_of_an_unknown_type_is_not_used_and_its_refresh_token_is_kept() {
    for kind in ["mac", "DPoP", "pop", "N_A", "something else"] {
        let endpoint = Scripted::start().await;
        let (host, config) = (Host::new(), endpoint.config());
        let id = endpoint.connected(&host, &config).await.account.id;
        let mut odd = token("odd-access-token", "second-refresh-token");
        odd["token_type"] = json!(kind);
        endpoint.then_json(200, odd);
        let error = host.accounts.refreshed(&id, &config, 1).await.unwrap_err();
        let TokenError::Misconfigured(words) = &error else {
            panic!("{kind}: {error:?}");
        };
        assert!(words.contains(&kind.to_lowercase()), "{words}");
        assert!(
            !words.contains("token\"") && !words.contains("odd-access"),
            "{words}"
        );
        let account = host.accounts.get(&id).unwrap().unwrap();
        assert_eq!(account.state, AccountState::Connected);
        let bearer = host.accounts.bearer(&id, &config).await.unwrap();
        assert_eq!(bearer.token.expose(), "first-access-token");
        host.clock.jump(LONGEST_WAIT);
        endpoint.then_json(200, token("third-access-token", "third-refresh-token"));
        let bearer = host.accounts.refreshed(&id, &config, 1).await.unwrap();
        assert_eq!(bearer.token.expose(), "third-access-token");
        let asked = refresh_tokens(&endpoint);
        assert_eq!(asked, ["first-refresh-token", "second-refresh-token"]);
    }
}

#[tokio::test]
async fn the_names_of_a_bearer_are_known_in_any_case() {
    for kind in ["bearer", "Bearer", "BEARER", "User Access Token"] {
        let endpoint = Scripted::start().await;
        let (host, config) = (Host::new(), endpoint.config());
        let id = endpoint.connected(&host, &config).await.account.id;
        let mut reply = token("second-access-token", "second-refresh-token");
        reply["token_type"] = json!(kind);
        endpoint.then_json(200, reply);
        let bearer = host.accounts.refreshed(&id, &config, 1).await;
        assert_eq!(bearer.unwrap().generation, 2, "{kind}");
    }
}

#[tokio::test]
async fn a_new_refresh_token_that_is_refused_leads_back_to_the_one_before() {
    for is_taken in [true, false] {
        let endpoint = Scripted::start().await;
        let (host, config) = (Host::new(), endpoint.config());
        let id = endpoint.connected(&host, &config).await.account.id;
        endpoint.then_json(200, token("second-access-token", "second-refresh-token"));
        host.accounts.refreshed(&id, &config, 1).await.unwrap();
        endpoint.then_json(400, invalid_grant());
        if is_taken {
            // A marketplace that does not rotate goes on with it.
            endpoint.then_json(
                200,
                json!({"access_token": "third-access-token", "token_type": "bearer"}),
            );
            endpoint.then_json(200, token("fourth-access-token", "fourth-refresh-token"));
        } else {
            endpoint.then_json(400, invalid_grant());
        }
        let host = host.restarted();
        let answer = host.accounts.refreshed(&id, &config, 2).await;
        if is_taken {
            assert_eq!(answer.unwrap().token.expose(), "third-access-token");
            host.accounts.refreshed(&id, &config, 3).await.unwrap();
            let asked = refresh_tokens(&endpoint);
            let first = "first-refresh-token";
            assert_eq!(asked, [first, "second-refresh-token", first, first]);
        } else {
            assert!(matches!(answer, Err(TokenError::NeedsConsent(_))));
            assert_eq!(refresh_tokens(&endpoint).len(), 3);
        }
    }
}

#[tokio::test]
async fn a_token_that_has_worked_ends_the_one_before() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    endpoint.then_json(200, token("second-access-token", "second-refresh-token"));
    host.accounts.refreshed(&id, &config, 1).await.unwrap();
    let is_kept = || {
        let secrets = host.accounts.secrets(&id, &config).unwrap();
        secrets
            .iter()
            .any(|secret| secret.expose() == "first-refresh-token")
    };
    // What is said of an earlier token says nothing of this one.
    host.accounts.worked(&id, 1);
    host.accounts.worked(&id, 2);
    let gone = async {
        while is_kept() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .unwrap();
    endpoint.then_json(400, invalid_grant());
    let error = host.accounts.refreshed(&id, &config, 2).await.unwrap_err();
    assert!(matches!(error, TokenError::NeedsConsent(_)), "{error}");
    let asked = refresh_tokens(&endpoint);
    assert_eq!(asked, ["first-refresh-token", "second-refresh-token"]);
}

#[tokio::test]
async fn a_reply_that_takes_a_minute_is_given_up_and_asked_for_once_more() {
    let options = Options {
        rotation: Rotation::OnUse,
        ..Options::default()
    };
    let (sandbox, config) = sandbox(options).await;
    let host = Host::new();
    let id = host.connect(&config, "u1", "").await.unwrap().account.id;
    let asked = token_requests(&sandbox);
    let slow = Fault::new(FaultKind::SlowAfter).on("token").ms(60_000);
    sandbox.inject(slow).unwrap();
    let begun = std::time::Instant::now();
    let bearer = host.accounts.refreshed(&id, &config, 1).await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(40),
        "{:?}",
        begun.elapsed()
    );
    host.identify(&config, bearer).await.unwrap();
    assert_eq!(token_requests(&sandbox), asked + 2);
}

#[tokio::test]
async fn a_refusal_that_was_the_marketplaces_mistake_is_undone_by_a_person_who_tries() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    let account = || host.accounts.get(&id).unwrap().unwrap();
    endpoint.then_json(400, invalid_grant());
    host.accounts.refreshed(&id, &config, 1).await.unwrap_err();
    let ended = account();
    assert!(matches!(ended.state, AccountState::NeedsConsent(_)));
    // Nobody but a person tries; and if it is so, since when and why stays what it was.
    host.accounts.bearer(&id, &config).await.unwrap_err();
    let other = json!({"error": "invalid_grant", "error_description": "in other words"});
    endpoint.then_json(400, other);
    let error = host.accounts.refresh(&id, &config).await.unwrap_err();
    assert!(matches!(error, TokenError::NeedsConsent(_)), "{error}");
    assert_eq!(account(), ended);
    endpoint.then_json(503, json!({}));
    let error = host.accounts.refresh(&id, &config).await.unwrap_err();
    assert!(matches!(error, TokenError::Unavailable(_)), "{error}");
    assert_eq!(account(), ended);
    endpoint.then_json(200, token("second-access-token", "second-refresh-token"));
    host.accounts.refresh(&id, &config).await.unwrap();
    assert_eq!(account().state, AccountState::Connected);
    assert!(account().since > ended.since);
    let bearer = host.accounts.bearer(&id, &config).await.unwrap();
    assert_eq!(bearer.token.expose(), "second-access-token");
}
