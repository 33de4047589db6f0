//! Tokens: refreshed once for all who wait, kept before they are used, and lost by nothing that
//! happens on the way.

#![cfg(test)]

mod calls;
mod clock;
mod idle;
mod outage;
mod replies;
mod status;
mod weather;

use std::time::Duration;

use base64::Engine as _;
use jiff::SignedDuration;
use serde_json::json;
use stoflow_host::accounts::{Bearer, ResolveError, TokenError};
use stoflow_host::model::{AccountState, ClientAuthentication};
use stoflow_host::store::{Commit, Key};
use stoflow_sandbox::{Fault, FaultKind, NewSeller, Options, Rotation};

use crate::seller::{
    Host, Scripted, StoredRefreshing, StoredReply, etsy, provider, sandbox, token_requests, user,
    wish,
};

/// After a failure, nobody asks again for this long at most.
pub(crate) const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(2);

#[tokio::test]
async fn a_token_that_is_fresh_is_given_without_asking_anybody() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let account = host.connect(&config, "u1", "").await.unwrap().account;
    let asked = token_requests(&sandbox);
    let bearer = host.accounts.bearer(&account.id, &config).await.unwrap();
    assert_eq!(bearer.generation, 1);
    let me = host.identify(&config, bearer).await.unwrap();
    assert_eq!(me.id, account.identity.id);
    assert_eq!(token_requests(&sandbox), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_callers_of_one_expired_token_make_one_refresh() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let other = sandbox.sellers()[1].user_id;
    let a = host.connect(&config, "u1", "").await.unwrap().account.id;
    let b = host
        .connect(&config, "u1", &format!("user={other}"))
        .await
        .unwrap()
        .account
        .id;
    assert_ne!(a, b);
    let asked = token_requests(&sandbox);
    host.expire(&a);
    host.expire(&b);
    let callers: Vec<_> = (0..1000)
        .map(|number| {
            let (accounts, config) = (host.accounts.clone(), config.clone());
            let id = if number % 2 == 0 {
                a.clone()
            } else {
                b.clone()
            };
            tokio::spawn(async move { accounts.bearer(&id, &config).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap().generation, 2);
    }
    assert_eq!(token_requests(&sandbox), asked + 2);
}

#[tokio::test]
async fn after_a_refusal_only_the_refused_token_is_replaced() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let id = host.connect(&config, "u1", "").await.unwrap().account.id;
    let asked = token_requests(&sandbox);
    let (a, b) = tokio::join!(
        host.accounts.refreshed(&id, &config, 1),
        host.accounts.refreshed(&id, &config, 1)
    );
    assert_eq!((a.unwrap().generation, b.unwrap().generation), (2, 2));
    let late = host.accounts.refreshed(&id, &config, 1).await.unwrap();
    assert_eq!(late.generation, 2);
    assert_eq!(token_requests(&sandbox), asked + 1);
    host.identify(&config, late).await.unwrap();
}

#[tokio::test]
async fn refresh_tokens_that_rotate_either_way_are_followed_through_restarts() {
    for rotation in [Rotation::AtOnce, Rotation::OnUse] {
        let options = Options {
            rotation,
            ..Options::default()
        };
        let (_sandbox, config) = sandbox(options).await;
        let mut host = Host::new();
        let id = host.connect(&config, "u1", "").await.unwrap().account.id;
        for generation in 1..5 {
            let next = host
                .accounts
                .refreshed(&id, &config, generation)
                .await
                .unwrap();
            assert_eq!(next.generation, generation + 1);
            host.identify(&config, next).await.unwrap();
            host = host.restarted();
        }
    }
}

#[tokio::test]
async fn a_reply_without_a_refresh_token_leaves_the_one_that_there_is() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    for access in ["second-access-token", "third-access-token"] {
        endpoint.then_json(
            200,
            json!({"access_token": access, "token_type": "User Access Token"}),
        );
    }
    host.accounts.refreshed(&id, &config, 1).await.unwrap();
    let bearer = host.accounts.refreshed(&id, &config, 2).await.unwrap();
    assert_eq!(bearer.token.expose(), "third-access-token");
    let asked = endpoint.asked();
    for (_, body) in &asked[1..] {
        assert!(body.contains("refresh_token=first-refresh-token"), "{body}");
    }
    // The reply said no life: the provider's default holds.
    let status = host.accounts.token_status(&id).unwrap().unwrap();
    assert_eq!(
        status.expires_at.duration_since(status.issued_at).as_secs(),
        3600
    );
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_disconnects_nobody() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let id = host.connect(&config, "u1", "").await.unwrap().account.id;
    let trouble = [
        FaultKind::RateLimited,
        FaultKind::Html,
        FaultKind::ErrorBefore,
    ];
    for (generation, kind) in (1..).zip(trouble) {
        sandbox
            .inject(Fault::new(kind).on("token").times(50))
            .unwrap();
        let error = host
            .accounts
            .refreshed(&id, &config, generation)
            .await
            .unwrap_err();
        assert!(
            matches!(error, TokenError::Unavailable(_)),
            "{kind:?}: {error}"
        );
        // What is still good is still given.
        let bearer = host.accounts.bearer(&id, &config).await.unwrap();
        assert_eq!(bearer.generation, generation);
        let account = host.accounts.get(&id).unwrap().unwrap();
        assert_eq!(account.state, AccountState::Connected);
        sandbox.clear_faults();
        host.clock.jump(LONGEST_WAIT);
        let bearer = host
            .accounts
            .refreshed(&id, &config, generation)
            .await
            .unwrap();
        host.identify(&config, bearer).await.unwrap();
    }
}

#[tokio::test]
async fn while_a_refresh_fails_those_who_wait_are_answered_together() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    host.expire(&id);
    endpoint.then_json(429, json!({"error": "slow down"}));
    let callers = (0..100).map(|_| host.accounts.bearer(&id, &config));
    let answers = futures_util::future::join_all(callers).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(TokenError::Unavailable(_))))
    );
    assert_eq!(endpoint.asked().len(), 2);
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_again_and_costs_consent_only_where_the_old_token_died() {
    for (rotation, survives) in [(Rotation::OnUse, true), (Rotation::AtOnce, false)] {
        let options = Options {
            rotation,
            ..Options::default()
        };
        let (sandbox, config) = sandbox(options).await;
        let host = Host::new();
        let id = host.connect(&config, "u1", "").await.unwrap().account.id;
        let asked = token_requests(&sandbox);
        sandbox
            .inject(Fault::new(FaultKind::Cut).on("token"))
            .unwrap();
        let answer = host.accounts.refreshed(&id, &config, 1).await;
        assert_eq!(token_requests(&sandbox), asked + 2);
        if survives {
            host.identify(&config, answer.unwrap()).await.unwrap();
            continue;
        }
        let error = answer.unwrap_err().to_string();
        assert!(error.contains("response lost"), "{error}");
        let account = host.accounts.get(&id).unwrap().unwrap();
        assert!(
            matches!(account.state, AccountState::NeedsConsent(why) if why.contains("response lost"))
        );
        // Nobody is asked any more, and the seller's next consent makes it the same account again.
        let again = host.accounts.bearer(&id, &config).await.unwrap_err();
        assert!(matches!(again, TokenError::NeedsConsent(_)), "{again}");
        assert_eq!(token_requests(&sandbox), asked + 2);
        let renewed = host.connect(&config, "u1", "").await.unwrap();
        assert_eq!((renewed.renewed, &renewed.account.id), (true, &id));
        host.accounts.bearer(&id, &config).await.unwrap();
    }
}

#[tokio::test]
async fn a_kill_while_the_reply_is_on_its_way_is_recognised_at_the_next_need() {
    for (rotation, survives) in [(Rotation::OnUse, true), (Rotation::AtOnce, false)] {
        let options = Options {
            rotation,
            ..Options::default()
        };
        let (sandbox, config) = sandbox(options).await;
        let host = Host::new();
        let id = host.connect(&config, "u1", "").await.unwrap().account.id;
        let asked = token_requests(&sandbox);
        sandbox
            .inject(Fault::new(FaultKind::SlowAfter).on("token").ms(60_000))
            .unwrap();
        let refresh = {
            let (accounts, id, config) = (host.accounts.clone(), id.clone(), config.clone());
            tokio::spawn(async move { accounts.refreshed(&id, &config, 1).await })
        };
        // The sandbox writes a request down when its work is done, before it waits.
        while token_requests(&sandbox) == asked {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let after = host.after_a_kill();
        refresh.abort();
        let answer = after.accounts.refreshed(&id, &config, 1).await;
        match answer {
            Ok(bearer) if survives => {
                after.identify(&config, bearer).await.unwrap();
            }
            Err(TokenError::NeedsConsent(why)) if !survives => {
                assert!(
                    why.contains("response lost") && why.contains("stopped"),
                    "{why}"
                );
            }
            other => panic!("{rotation:?}: {other:?}"),
        }
        assert!(token_requests(&sandbox) >= asked);
    }
}

#[tokio::test]
async fn a_reply_that_was_kept_before_a_kill_is_used_and_nothing_asked_again() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    let key = Key::of([id.as_str()]);
    let body = json!({"access_token": "kept-access-token", "token_type": "bearer",
        "refresh_token": "kept-refresh-token", "expires_in": 3600});
    let refreshing = json!({"generation": 1, "begun_at": jiff::Timestamp::now().to_string()});
    let commit = Commit::new()
        .put(&key, &StoredRefreshing(refreshing))
        .put(&key, &reply_as_it_came(body.to_string()));
    host.store.commit_blocking(commit).unwrap();
    host.expire(&id);
    let host = host.restarted();
    let bearer = host.accounts.bearer(&id, &config).await.unwrap();
    assert_eq!(
        (bearer.token.expose(), bearer.generation),
        ("kept-access-token", 2)
    );
    assert_eq!(endpoint.asked().len(), 1);
    assert!(host.store.get::<StoredReply>(&key).unwrap().is_none());
    assert!(host.store.get::<StoredRefreshing>(&key).unwrap().is_none());
    let secrets = host.accounts.secrets(&id, &config).unwrap();
    let texts: Vec<&str> = secrets.iter().map(|secret| secret.expose()).collect();
    // The one that was replaced is kept until the new ones have worked.
    let kept = [
        "kept-access-token",
        "kept-refresh-token",
        "first-refresh-token",
    ];
    assert_eq!(texts[..3], kept);
    assert_eq!(texts[3], stoflow_sandbox::CLIENT_SECRET);
}

#[tokio::test]
async fn a_caller_that_gives_up_takes_nobodys_token_along() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let id = host.connect(&config, "u1", "").await.unwrap().account.id;
    let asked = token_requests(&sandbox);
    sandbox
        .inject(Fault::new(FaultKind::SlowAfter).on("token").ms(300))
        .unwrap();
    let refresh = host.accounts.refreshed(&id, &config, 1);
    assert!(
        tokio::time::timeout(Duration::from_millis(100), refresh)
            .await
            .is_err()
    );
    let bearer = host.accounts.refreshed(&id, &config, 1).await.unwrap();
    assert_eq!(bearer.generation, 2);
    assert_eq!(token_requests(&sandbox), asked + 1);
}

/// A reply as the host keeps it before it reads it.
pub(crate) fn reply_as_it_came(body: impl AsRef<[u8]>) -> StoredReply {
    let body = base64::engine::general_purpose::STANDARD.encode(body);
    StoredReply(json!({ "body": body }))
}

/// What an endpoint may say, and what it means for the account.
#[tokio::test]
async fn odd_replies_are_told_apart_and_none_of_them_is_shown() {
    let quoted = json!({"error": "invalid_grant",
        "error_description": "refresh token first-refresh-token is revoked"});
    let token = json!({"access_token": "shown-to-nobody", "token_type": "Bearer"});
    let mac = json!({"access_token": "shown-to-nobody", "token_type": "mac"});
    let cases: Vec<(u16, &'static str, String, &str)> = vec![
        (400, "application/json", quoted.to_string(), "needs consent"),
        (401, "application/json", quoted.to_string(), "needs consent"),
        (500, "application/json", quoted.to_string(), "unavailable"),
        (503, "text/html", "<p>shown-to-nobody".into(), "unavailable"),
        (403, "text/html", "<p>shown-to-nobody".into(), "unavailable"),
        (302, "text/html", "<p>shown-to-nobody".into(), "unavailable"),
        (
            401,
            "application/json",
            json!({"error": "invalid_client"}).to_string(),
            "misconfigured",
        ),
        (
            400,
            "application/json",
            json!({"error": "invalid_scope"}).to_string(),
            "misconfigured",
        ),
        // Whatever it is called, a token is one, and to pass it over may cost the connection.
        (200, "text/html", token.to_string(), "a token"),
        (201, "application/json", token.to_string(), "a token"),
        (204, "application/json", String::new(), "unavailable"),
        (
            200,
            "application/json",
            "<p>shown-to-nobody".into(),
            "unavailable",
        ),
        (
            200,
            "application/json",
            token.to_string()[..30].into(),
            "unavailable",
        ),
        (200, "application/json", String::new(), "unavailable"),
        (200, "application/json", mac.to_string(), "misconfigured"),
        (200, "application/json", "x".repeat(70_000), "unavailable"),
        (200, "application/json", token.to_string(), "a token"),
    ];
    // At once: where the reply is lost, two seconds pass before it is asked once more.
    let checks = cases
        .into_iter()
        .map(|(status, kind, body, outcome)| async move {
            let (answer, state) = answer_to(status, kind, &body).await;
            let connected = state == AccountState::Connected;
            let matches = match (&answer, outcome) {
                (Ok(bearer), "a token") => bearer.token.expose() == "shown-to-nobody",
                (Err(TokenError::NeedsConsent(_)), "needs consent") => !connected,
                (Err(TokenError::Unavailable(_)), "unavailable") => connected,
                (Err(TokenError::Misconfigured(_)), "misconfigured") => connected,
                _ => false,
            };
            assert!(matches, "{status} {kind} {body}: {answer:?}");
            let words = answer.as_ref().map_err(ToString::to_string);
            let shown = format!("{answer:?} {words:?} {state:?}");
            for secret in [
                "shown-to-nobody",
                "first-refresh-token",
                "first-access-token",
            ] {
                assert!(!shown.contains(secret), "{shown}");
            }
        });
    futures_util::future::join_all(checks).await;
}

/// What a refresh of a new account gives and leaves where the endpoint answers this.
async fn answer_to(
    status: u16,
    kind: &'static str,
    body: &str,
) -> (Result<Bearer, TokenError>, AccountState) {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    endpoint.then(status, kind, body).then(status, kind, body);
    let answer = host.accounts.refreshed(&id, &config, 1).await;
    let secrets = host.accounts.secrets(&id, &config).unwrap();
    let is_kept = |name: &str| secrets.iter().any(|secret| secret.expose() == name);
    assert!(is_kept("first-refresh-token"), "{status} {body}");
    assert!(is_kept("first-access-token") || answer.is_ok(), "{status}");
    (answer, host.accounts.get(&id).unwrap().unwrap().state)
}

#[tokio::test]
async fn a_token_that_cannot_be_refreshed_asks_for_consent_once_it_is_refused() {
    let endpoint = Scripted::start().await;
    let (host, config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    host.change_token(&id, |token| token["refresh_token"] = json!(null));
    host.accounts.bearer(&id, &config).await.unwrap();
    let error = host.accounts.refreshed(&id, &config, 1).await.unwrap_err();
    assert!(matches!(error, TokenError::NeedsConsent(_)), "{error}");
}

#[tokio::test]
async fn the_client_proves_itself_as_the_grant_says() {
    for kind in [
        ClientAuthentication::None,
        ClientAuthentication::Basic,
        ClientAuthentication::Body,
    ] {
        let endpoint = Scripted::start().await;
        let (host, mut config) = (Host::new(), endpoint.config());
        provider(&mut config).client_authentication = kind;
        endpoint.connected(&host, &config).await;
        let (headers, body) = endpoint.asked().remove(0);
        let basic = headers
            .get("authorization")
            .is_some_and(|value| value.to_str().unwrap().starts_with("Basic "));
        let expected = match kind {
            ClientAuthentication::None => (false, true, false),
            ClientAuthentication::Basic => (true, false, false),
            ClientAuthentication::Body => (false, true, true),
        };
        let found = (
            basic,
            body.contains("client_id="),
            body.contains("client_secret="),
        );
        assert_eq!(found, expected, "{kind:?}: {body}");
        config.client_secret = None;
        let (u1, etsy) = (user("u1"), etsy());
        let begun = host.consent.begin(wish(&u1, &etsy), &config).await;
        assert_eq!(
            begun.is_ok(),
            kind == ClientAuthentication::None,
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_token_goes_to_https_or_to_an_origin_that_the_operator_names_and_nowhere_else() {
    let endpoint = Scripted::start().await;
    let (host, mut config) = (Host::new(), endpoint.config());
    let id = endpoint.connected(&host, &config).await.account.id;
    let stand_in = config.origins["https://api.etsy.com"].clone();
    provider(&mut config).token_url = format!("{stand_in}/token");
    let error = host.accounts.refreshed(&id, &config, 1).await.unwrap_err();
    assert!(matches!(error, TokenError::Misconfigured(_)), "{error}");
    assert_eq!(endpoint.asked().len(), 1);
    // Where nobody answers, it is a matter of later.
    config = endpoint.config();
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    config
        .origins
        .insert("https://api.etsy.com".into(), format!("http://{closed}"));
    let error = host.accounts.refreshed(&id, &config, 1).await.unwrap_err();
    assert!(matches!(error, TokenError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn an_account_that_is_not_there_is_unknown() {
    let (_sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let id = stoflow_host::model::AccountId::random();
    let error = host.accounts.bearer(&id, &config).await.unwrap_err();
    assert_eq!(error, TokenError::Unknown(id));
}

#[tokio::test]
async fn an_account_is_found_by_id_by_alias_or_because_it_is_the_only_one() {
    let (sandbox, config) = sandbox(Options::default()).await;
    let host = Host::new();
    let none = host
        .accounts
        .resolve(Some(&user("u1")), &etsy(), None)
        .unwrap_err();
    assert!(
        none.to_string()
            .contains("stoflow account connect etsy --user u1"),
        "{none}"
    );
    let first = host.connect(&config, "u1", "").await.unwrap().account;
    host.connect(&config, "u2", "").await.unwrap();
    assert_eq!(
        host.accounts
            .resolve(Some(&user("u1")), &etsy(), None)
            .unwrap(),
        first
    );
    let shop = NewSeller {
        shop_name: "Another Shop".into(),
        ..NewSeller::default()
    };
    let seller = sandbox.add_seller(&shop).unwrap();
    let second = host
        .connect(&config, "u1", &format!("user={}", seller.user_id))
        .await
        .unwrap()
        .account;
    let several = host
        .accounts
        .resolve(Some(&user("u1")), &etsy(), None)
        .unwrap_err();
    assert!(
        matches!(&several, ResolveError::Several { choices, .. } if choices.len() == 2),
        "{several}"
    );
    for which in [
        second.id.to_string(),
        second.identity.name.clone(),
        second.identity.name.to_lowercase().replace(' ', "-"),
        second.identity.id.clone(),
        second.identity.shop_id.clone().unwrap(),
    ] {
        assert_eq!(
            host.accounts
                .resolve(Some(&user("u1")), &etsy(), Some(&which))
                .unwrap()
                .id,
            second.id
        );
    }
    let named = |text: &str| host.accounts.named(None, text);
    assert_eq!(named(first.id.as_str()).unwrap().id, first.id);
    assert_eq!(
        named(&stoflow_host::accounts::alias(&second)).unwrap().id,
        second.id
    );
    assert!(matches!(
        named("u1/etsy"),
        Err(ResolveError::Several { .. })
    ));
    assert!(matches!(
        named("u1/etsy/nowhere"),
        Err(ResolveError::Unknown { .. })
    ));
    for text in ["", "u1", "u1/ETSY/x", "a b/etsy"] {
        assert!(matches!(named(text), Err(ResolveError::Form(_))), "{text}");
    }
    assert_eq!(host.accounts.list(Some(&user("u1"))).unwrap().len(), 2);
    assert_eq!(host.accounts.list(None).unwrap().len(), 3);
}
