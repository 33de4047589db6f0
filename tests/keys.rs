//! Keys to the API: who has the right text is known, everybody else is refused in one way, and a key
//! that was taken back or whose time is over opens nothing.

use std::fs;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::disk::files;
use crate::gate::Gate;
use crate::served::{Answer, Served};

const LIST: &str = "/api/accounts";

#[tokio::test]
async fn a_right_key_is_known_and_none_is_asked_for_one() {
    let gate = Gate::new().await;
    let (id, secret) = gate.key_of("u1", &["accounts:read"]).await;
    assert_eq!(gate.get(LIST, &secret).await.json()["items"], json!([]));
    let own = gate.get("/api/keys/self", &secret).await.json();
    assert_eq!((&own["id"], &own["user"]), (&json!(id), &json!("u1")));

    let none = gate.ask((Method::GET, LIST), None, &Value::Null).await;
    none.problem("unauthenticated");
    assert_eq!(none.status, 401);
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"stoflow\"");
}

#[tokio::test]
async fn whatever_opens_nothing_is_refused_in_one_way() {
    let gate = Gate::new().await;
    let (_, secret) = gate.key_of("u1", &["accounts:read"]).await;
    let (_, other) = gate.key_of("u2", &["accounts:read"]).await;
    let (head, proof) = secret.rsplit_once('_').unwrap();
    let (other_head, other_proof) = other.rsplit_once('_').unwrap();
    let long = "a".repeat(10_000);
    for wrong in [
        // The right id with another's proof, and the other way round.
        &format!("{head}_{other_proof}"),
        &format!("{other_head}_{proof}"),
        &format!("sk_aaaaaaaaaaaaaaaa_{proof}"),
        &secret.to_uppercase(),
        &format!("{secret}a"),
        &secret[..secret.len() - 1].to_owned(),
        &format!("sk_{long}"),
        &format!("{head}_{long}"),
        &"sk_".to_owned(),
        &"../../etc/passwd".to_owned(),
    ] {
        let told = gate.get(LIST, wrong).await;
        assert_eq!(told.status, 401, "{wrong:.100}");
        let problem = told.problem("unauthenticated");
        assert_eq!(problem.title, "there is no such key", "{wrong:.100}");
        let challenge = told.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    assert_eq!(gate.get(LIST, &secret).await.status, 200);
}

#[tokio::test]
async fn what_is_no_bearer_key_says_what_to_send() {
    let gate = Gate::new().await;
    let (_, secret) = gate.key_of("u1", &["accounts:read"]).await;
    // A browser's dialogue opens what people read, and nothing of the API.
    let browsers = STANDARD.encode(format!("u1:{secret}"));
    for wrong in [
        "Basic dTE6cGFzcw==",
        &format!("Basic {browsers}"),
        "Bearer",
        &secret,
        &format!("Token {secret}"),
    ] {
        let told = gate
            .ask((Method::GET, LIST), Some(wrong), &Value::Null)
            .await;
        let problem = told.problem("unauthenticated");
        let remedy = problem.remedy.unwrap();
        assert!(remedy.contains("Bearer sk_"), "{wrong:.12}: {remedy}");
        assert!(!told.text().contains(&secret));
    }
}

#[tokio::test]
async fn who_goes_on_without_a_right_key_is_slowed_and_who_has_one_is_not() {
    let gate = Gate::new().await;
    let (_, secret) = gate.key_of("u1", &["accounts:read"]).await;
    let mut slowed = None;
    // 20 at once, then one a second.
    for _ in 0..200 {
        let told = gate.get(LIST, "sk_wrong").await;
        if told.status != 401 {
            slowed = Some(told);
            break;
        }
    }
    let slowed = slowed.expect("200 attempts were all looked at");
    let problem = slowed.problem("too-many-requests");
    assert_eq!(slowed.status, 429);
    assert_eq!(problem.retry_after, Some(1));
    assert_eq!(slowed.header("retry-after"), "1");
    assert_eq!(slowed.header("www-authenticate"), "");
    assert_eq!(gate.get(LIST, &secret).await.status, 200);
    // What needs no key is not refused for a wrong one: a marketplace may send one of its own.
    assert_eq!(gate.get("/healthz", "sk_wrong").await.status, 200);
}

#[tokio::test]
async fn a_key_that_is_revoked_opens_nothing_from_then_on() {
    let gate = Gate::new().await;
    let (id, secret) = gate.key_of("u1", &["accounts:read"]).await;
    assert_eq!(gate.get(LIST, &secret).await.status, 200);
    let revoked = gate.stage.delete(&format!("/api/keys/{id}")).await.unwrap();
    assert_eq!(revoked["state"], "revoked");
    let why = async |gate: &Gate, secret: &str| {
        let told = gate.get(LIST, secret).await;
        told.problem("unauthenticated").title
    };
    // On the same connection as before.
    assert_eq!(why(&gate, &secret).await, "the key was revoked");
    // Who has not the right text is not told that there was one.
    let last = if secret.ends_with('a') { "b" } else { "a" };
    let wrong = format!("{}{last}", &secret[..secret.len() - 1]);
    assert_eq!(why(&gate, &wrong).await, "there is no such key");
    // Twice is once; and it stays so after a start.
    let again = gate.stage.delete(&format!("/api/keys/{id}")).await.unwrap();
    assert_eq!(again["revoked_at"], revoked["revoked_at"]);
    let gate = gate.reopened().await;
    assert_eq!(why(&gate, &secret).await, "the key was revoked");
}

#[tokio::test]
async fn a_key_opens_nothing_from_its_end_on() {
    let gate = Gate::new().await;
    let wanted = json!({ "user": "u1", "scopes": ["accounts:read"], "expires": "90d" });
    let (id, secret) = gate.key(wanted).await;
    gate.clock.jump(SignedDuration::from_hours(90 * 24 - 1));
    assert_eq!(gate.get(LIST, &secret).await.status, 200);
    gate.clock.jump(SignedDuration::from_hours(1));
    let told = gate.get(LIST, &secret).await;
    assert_eq!(told.problem("unauthenticated").title, "the key has expired");
    let shown = gate.stage.get(&format!("/api/keys/{id}")).await.unwrap();
    assert_eq!(shown["state"], "expired");
}

#[tokio::test]
async fn what_opened_nothing_for_long_is_listed_no_more() {
    let gate = Gate::new().await;
    let (old, _) = gate.key_of("u1", &["accounts:read"]).await;
    gate.stage
        .delete(&format!("/api/keys/{old}"))
        .await
        .unwrap();
    gate.clock.jump(SignedDuration::from_hours(89 * 24));
    let (kept, _) = gate.key_of("u1", &["accounts:read"]).await;
    let listed = async || gate.stage.get("/api/keys").await.unwrap().to_string();
    assert!(listed().await.contains(&old));
    gate.clock.jump(SignedDuration::from_hours(2 * 24));
    gate.key_of("u1", &["accounts:read"]).await;
    let now = listed().await;
    assert!(!now.contains(&old) && now.contains(&kept));
}

#[tokio::test]
async fn a_key_outlives_a_start_and_its_last_use_is_known() {
    let gate = Gate::new().await;
    let (id, secret) = gate.key_of("u1", &["accounts:read"]).await;
    let path = format!("/api/keys/{id}");
    let last_use = async |gate: &Gate| {
        let shown = gate.stage.get(&path).await.unwrap();
        shown["last_used_at"].clone()
    };
    assert_eq!(last_use(&gate).await, Value::Null);
    let before = gate.clock.now();
    assert_eq!(gate.get(LIST, &secret).await.status, 200);
    let used = last_use(&gate).await;
    let at: jiff::Timestamp = used.as_str().unwrap().parse().unwrap();
    assert!(at >= before - SignedDuration::from_secs(1) && at <= gate.clock.now());
    // What is committed after it was asked for is behind it.
    gate.key_of("u2", &["accounts:read"]).await;
    let gate = gate.reopened().await;
    assert_eq!(last_use(&gate).await, used);
    assert_eq!(gate.get(LIST, &secret).await.status, 200);
}

#[tokio::test]
async fn a_keys_last_use_is_no_commit_for_each_request() {
    let gate = Gate::new().await;
    let wanted = json!({ "user": "u1", "scopes": ["accounts:read"],
        "rate": { "per_second": 1000, "burst": 1000 } });
    let (_, secret) = gate.key(wanted).await;
    let commits = async || gate.stage.get("/api/store/check").await.unwrap()["last_commit"].clone();
    let before = commits().await.as_u64().unwrap();
    let started = Instant::now();
    for _ in 0..200 {
        assert_eq!(gate.get(LIST, &secret).await.status, 200);
    }
    let after = commits().await.as_u64().unwrap();
    let minutes = started.elapsed().as_secs() / 60;
    assert!(after - before <= 1 + minutes, "{} commits", after - before);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_no_more() {
    let gate = Gate::new().await;
    let (_, reads) = gate.key_of("u1", &["accounts:read"]).await;
    let (_, other) = gate.key_of("u1", &["orders:write"]).await;
    let (_, admin) = gate.key(json!({ "admin": true })).await;
    assert_eq!(gate.get(LIST, &reads).await.status, 200);
    let told = gate.get(LIST, &other).await;
    assert_eq!(told.status, 403);
    let lacks = |told: &Answer| told.problem("not-allowed").title;
    assert_eq!(lacks(&told), "this key has not the scope accounts:read");
    let path = "/api/accounts/acc_aaaaaaaaaaaaaaaa";
    let told = gate
        .ask_as(&reads, Method::DELETE, path, &Value::Null)
        .await;
    assert_eq!(lacks(&told), "this key has not the scope accounts:write");
    for secret in [&reads, &other] {
        for path in ["/api/keys", "/api/plugins", "/api/store/check"] {
            let told = gate.get(path, secret).await;
            told.problem("not-allowed");
        }
    }
    for path in [LIST, "/api/keys", "/api/plugins", "/api/store/check"] {
        assert_eq!(gate.get(path, &admin).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn without_a_key_not_even_a_missing_path_is_told() {
    let gate = Gate::new().await;
    let (_, secret) = gate.key_of("u1", &["accounts:read"]).await;
    for at in [
        (Method::GET, "/api/nothing/here"),
        (Method::PATCH, LIST),
        (Method::GET, "/"),
    ] {
        let none = gate.ask(at.clone(), None, &Value::Null).await;
        none.problem("unauthenticated");
        let known = gate.ask_as(&secret, at.0, at.1, &Value::Null).await;
        assert!(matches!(known.status, 404 | 405), "{}", known.text());
    }
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_refused_with_what_is_wrong() {
    let gate = Gate::new().await;
    for (wanted, path, words) in [
        (json!({ "scopes": ["orders:read"] }), "", "user, or admin"),
        (json!({ "user": "u1", "admin": true }), "", "not both"),
        (json!({ "user": "u1" }), "/scopes", "without a scope"),
        (
            json!({ "admin": true, "scopes": ["orders:read"] }),
            "/scopes",
            "no scopes",
        ),
        (
            json!({ "user": "u1", "scopes": ["orders"] }),
            "/scopes/0",
            "read or write",
        ),
        (
            json!({ "user": "u1", "scopes": ["shop:read", "order:read"] }),
            "/scopes/1",
            "did you mean orders? There are accounts, listings",
        ),
        (
            json!({ "user": "u1", "scopes": ["shop:read"], "name": " " }),
            "/name",
            "one line",
        ),
        (
            json!({ "user": "u1", "scopes": ["shop:read"], "name": "a\nb" }),
            "/name",
            "one line",
        ),
        (
            json!({ "user": "u1", "scopes": ["shop:read"], "expires": "yesterday" }),
            "/expires",
            "90d",
        ),
        (
            json!({ "user": "u1", "scopes": ["shop:read"], "expires": "2020-01-01T00:00:00Z" }),
            "/expires",
            "past",
        ),
        (
            json!({ "user": "u1", "scopes": ["shop:read"], "expires": "-1d" }),
            "/expires",
            "past",
        ),
        (
            json!({ "user": "../u1", "scopes": ["shop:read"] }),
            "/user",
            "user id",
        ),
        (
            json!({ "user": "u1", "scope": ["shop:read"] }),
            "/scope",
            "unknown field",
        ),
        (
            json!({ "user": "u1", "scopes": ["shop:read"], "rate": { "per_second": 0, "burst": 1 } }),
            "/rate/per_second",
            "nonzero",
        ),
    ] {
        let problem = gate.stage.post("/api/keys", wanted.clone()).await;
        let problem = problem.unwrap_err();
        let told = match problem.violations.first() {
            Some(violation) => (violation.path.as_str(), violation.message.as_str()),
            None => ("", problem.title.as_str()),
        };
        assert!(
            told.0 == path && told.1.contains(words),
            "{wanted}: {told:?}"
        );
    }
    assert_eq!(gate.stage.get("/api/keys").await.unwrap(), json!([]));
}

#[tokio::test]
async fn no_key_is_on_disk_or_shown_again() {
    let gate = Gate::new().await;
    let (id, secret) = gate.key_of("u1", &["accounts:read"]).await;
    assert_eq!(gate.get(LIST, &secret).await.status, 200);
    let proof = secret.rsplit_once('_').unwrap().1;
    for path in ["/api/keys", &format!("/api/keys/{id}")] {
        let shown = gate.stage.get(path).await.unwrap().to_string();
        assert!(
            shown.contains(&id) && !shown.contains(&proof[..16]),
            "{path}"
        );
        assert!(!shown.contains("hash"), "{path}");
    }
    gate.stage.host.close().unwrap();
    let holding = |needle: &str| {
        let all = files(gate.stage.data.path());
        // The socket among them is no file.
        let all = all.into_iter().filter(|path| path.is_file());
        let all = all.map(|path| fs::read(path).unwrap());
        all.filter(|content| {
            content
                .windows(needle.len())
                .any(|part| part == needle.as_bytes())
        })
        .count()
    };
    assert_eq!(holding(&proof[..16]), 0);
}

#[tokio::test]
async fn the_id_of_no_key_is_said_to_be_none() {
    let gate = Gate::new().await;
    let (_, secret) = gate.key_of("u1", &["accounts:read"]).await;
    for id in ["key_aaaaaaaaaaaaaaaa", "x", "..%2f..", &secret] {
        let problem = gate
            .stage
            .get(&format!("/api/keys/{id}"))
            .await
            .unwrap_err();
        assert_eq!(problem.kind().slug(), "unknown-key", "{id}");
        // Not even of who took the text for the id.
        assert!(!problem.title.contains(&secret));
    }
}

#[tokio::test]
async fn how_many_requests_are_left_is_told_and_one_too_many_waits() {
    let gate = Gate::new().await;
    // One comes back in a second, so that a slow machine does not see more.
    let wanted = json!({ "user": "u1", "scopes": ["accounts:read"],
        "rate": { "per_second": 1, "burst": 3 } });
    let (_, secret) = gate.key(wanted).await;
    let first = gate.get(LIST, &secret).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("ratelimit-policy"), "\"key\";q=3;w=3");
    assert_eq!(first.header("ratelimit"), "\"key\";r=2;t=1");
    let mut last = first;
    for _ in 0..50 {
        last = gate.get(LIST, &secret).await;
        if last.status != 200 {
            break;
        }
    }
    let problem = last.problem("too-many-requests");
    assert_eq!((last.status, problem.retry_after), (429, Some(1)));
    assert_eq!(last.header("retry-after"), "1");
    assert_eq!(last.header("ratelimit"), "\"key\";r=0;t=1");
    assert_eq!(last.header("www-authenticate"), "");
    // Each key has its own.
    let (_, other) = gate.key_of("u1", &["accounts:read"]).await;
    let other = gate.get(LIST, &other).await;
    assert_eq!(other.status, 200);
    assert_eq!(other.header("ratelimit-policy"), "\"key\";q=60;w=3");
}

#[tokio::test]
async fn a_user_is_forgotten_with_his_keys() {
    let gate = Gate::new().await;
    let (id, secret) = gate.key_of("u1", &["accounts:read"]).await;
    let (_, other) = gate.key_of("u2", &["accounts:read"]).await;
    let users = gate.stage.get("/api/users").await.unwrap();
    assert_eq!(
        users,
        json!([{ "user": "u1", "accounts": 0, "keys": 1 }, { "user": "u2", "accounts": 0, "keys": 1 }])
    );
    // A user's key sees its own.
    assert_eq!(
        gate.get("/api/users", &secret).await.json(),
        json!([users[0]])
    );
    assert_eq!(gate.get("/api/users/u1", &secret).await.json(), users[0]);
    let others = gate.get("/api/users/u2", &secret).await;
    let nobodys = gate.get("/api/users/u3", &secret).await;
    let title = |told: &Answer| told.problem("unknown-user").title;
    assert_eq!(title(&others).replace("u2", "u3"), title(&nobodys));

    let gone = gate.stage.delete("/api/users/u1").await.unwrap();
    assert_eq!((&gone["user"], &gone["keys"]), (&json!("u1"), &json!(1)));
    let told = gate.get(LIST, &secret).await;
    assert_eq!(
        told.problem("unauthenticated").title,
        "there is no such key"
    );
    assert_eq!(gate.get(LIST, &other).await.status, 200);
    gate.stage
        .get(&format!("/api/keys/{id}"))
        .await
        .unwrap_err();
    let again = gate.stage.delete("/api/users/u1").await.unwrap_err();
    assert_eq!(again.kind().slug(), "unknown-user");
    let gate = gate.reopened().await;
    assert_eq!(gate.get(LIST, &secret).await.status, 401);
}

#[tokio::test]
async fn no_log_and_no_file_of_a_daemon_has_a_keys_text() {
    let mut served = Served::with("[log]\nfilter = \"trace\"\n", |_| ()).await;
    let wanted = json!({ "user": "u1", "scopes": ["accounts:read"] });
    let made = served.post(None, "/api/keys", &wanted).await.json();
    let [id, secret] = ["id", "secret"].map(|name| made[name].as_str().unwrap().to_owned());
    assert_eq!(served.get(Some(&secret), LIST).await.status, 200);
    let wrong = secret.replace("sk_", "sk_x");
    assert_eq!(served.get(Some(&wrong), LIST).await.status, 401);
    let revoke = format!("/api/keys/{id}");
    assert_eq!(served.delete(None, &revoke).await.status, 200);
    assert_eq!(served.get(Some(&secret), LIST).await.status, 401);
    assert!(served.stop().success());
    // What was done with it is there, by its id.
    let log = served.log();
    assert!(log.contains(&id) && log.contains("was revoked"));
    let proof = secret.rsplit_once('_').unwrap().1;
    for path in files(served.data.path()) {
        let content = fs::read(&path).unwrap();
        let mut parts = content.windows(16);
        let is_there = parts.any(|part| part == &proof.as_bytes()[..16]);
        assert!(!is_there, "{}", path.display());
    }
}
