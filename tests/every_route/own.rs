//! The cases of the host's own routes, in an order in which each finds what it needs.

use std::fmt;

use http::Method;
use serde_json::{Value, json};

use super::Scene;
use crate::served::Answer;
use crate::stage::component;
use crate::webhooks::{SECRET, Sent};

/// A route: how it works and how it fails.
pub struct Case {
    pub route: &'static str,
    /// None where it takes more than one request: those are in [`super::flows`].
    pub works: Option<Ask>,
    pub fails: Ask,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    User,
    Operator,
    Stranger,
}

use Who::{Operator, Stranger, User};

/// A request, and what is to come of it.
#[derive(Clone)]
pub struct Ask {
    who: Who,
    pub method: &'static str,
    pub path: String,
    pub body: Option<(&'static str, Vec<u8>)>,
    pub status: u16,
    /// The slug of its type; empty where it is none, or a page.
    pub problem: &'static str,
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {}", self.who, self.method, self.path)
    }
}

impl Ask {
    fn get(who: Who, path: impl Into<String>) -> Self {
        Self {
            who,
            method: "GET",
            path: path.into(),
            body: None,
            status: 200,
            problem: "",
        }
    }

    fn delete(who: Who, path: impl Into<String>) -> Self {
        let method = "DELETE";
        Self {
            method,
            ..Self::get(who, path)
        }
    }

    fn post(who: Who, path: impl Into<String>, json: Value) -> Self {
        Self::post_as(who, path, "application/json", json.to_string().into_bytes())
    }

    fn post_as(who: Who, path: impl Into<String>, media_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            method: "POST",
            body: Some((media_type, body)),
            ..Self::get(who, path)
        }
    }

    fn is(mut self, status: u16, problem: &'static str) -> Self {
        (self.status, self.problem) = (status, problem);
        self
    }

    /// The same by a user, of what is an operator's.
    fn by_a_user(&self) -> Self {
        let who = User;
        Self {
            who,
            ..self.clone()
        }
        .is(403, "not-allowed")
    }

    /// The same without a key.
    fn by_a_stranger(&self) -> Self {
        let who = Stranger;
        Self {
            who,
            ..self.clone()
        }
        .is(401, "unauthenticated")
    }

    pub async fn send(&self, scene: &Scene) -> Answer {
        let asker = match self.who {
            User => &scene.user,
            Operator => &scene.operator,
            Stranger => &scene.stranger,
        };
        let method: Method = self.method.parse().unwrap();
        let mut request = asker.request(method, &self.path);
        if let Some((media_type, body)) = &self.body {
            request = request
                .header("content-type", *media_type)
                .body(body.clone());
        }
        if self.path.ends_with("/webhooks") && self.status == 200 {
            let push = push();
            request = request
                .header("webhook-id", push.id)
                .header("webhook-timestamp", push.seconds)
                .header("webhook-signature", push.signature());
        }
        asker.send(request).await
    }
}

fn push() -> Sent {
    Sent::now("msg_1", r#"{"event_type":"order.paid","shop_id":1}"#)
}

/// What the cases stand on.
pub async fn prepare(scene: &Scene) {
    let secret = json!({ "webhook_secrets": SECRET });
    let path = "/api/plugins/etsy/configuration";
    scene.operator.post(path, &secret).await.json();
}

fn case(route: &'static str, works: Ask, fails: Ask) -> Case {
    let works = Some(works);
    Case {
        route,
        works,
        fails,
    }
}

/// A case whose way to work is in [`super::flows`].
fn flow(route: &'static str, fails: Ask) -> Case {
    Case {
        route,
        works: None,
        fails,
    }
}

/// A case that fails because a user asks for what is an operator's.
fn operators(route: &'static str, works: Ask) -> Case {
    let fails = works.by_a_user();
    case(route, works, fails)
}

/// All of them.
pub fn all(scene: &Scene) -> Vec<Case> {
    let mut all = host();
    all.extend(kept());
    all.extend(keys());
    all.extend(plugins());
    all.extend(marketplace());
    all.extend(webhooks());
    all.extend(accounts(scene));
    all
}

fn host() -> Vec<Case> {
    let health = |path: &str| {
        let wrong = Ask::delete(User, path).is(405, "no-method");
        (Ask::get(Stranger, path), wrong)
    };
    let (lives, wrong) = health("/healthz");
    let (ready, wrong_too) = health("/readyz");
    let document = Ask::get(User, "/openapi.json");
    let without = document.by_a_stranger();
    let pages = Ask::get(User, "/docs");
    let without_pages = pages.by_a_stranger();
    vec![
        case("GET /healthz", lives, wrong),
        case("GET /readyz", ready, wrong_too),
        case("GET /openapi.json", document, without),
        case("GET /docs", pages, without_pages),
        case(
            "GET /problems/{slug}",
            Ask::get(User, "/problems/not-found"),
            Ask::get(User, "/problems/nonsense").is(404, "no-route"),
        ),
        operators("GET /api/config", Ask::get(Operator, "/api/config")),
        operators("GET /api/quotas", Ask::get(Operator, "/api/quotas")),
        operators(
            "GET /api/store/check",
            Ask::get(Operator, "/api/store/check"),
        ),
        operators(
            "POST /api/store/export",
            Ask::post(Operator, "/api/store/export", json!({})),
        ),
        operators(
            "POST /api/store/master-key",
            Ask::post(Operator, "/api/store/master-key", json!({})),
        ),
    ]
}

/// What is kept for a user: operations, files, events.
fn kept() -> Vec<Case> {
    let operation = "/api/operations/op_0000000000000000";
    let file = "/api/files/file_0000000000000000";
    let counts = Ask::get(User, "/metrics");
    let stranger = counts.by_a_stranger();
    vec![
        case(
            "GET /api/operations",
            Ask::get(User, "/api/operations"),
            Ask::get(User, "/api/operations?cursor=x").is(400, "bad-request"),
        ),
        flow(
            "GET /api/operations/{operation}",
            Ask::get(User, operation).is(404, "unknown-operation"),
        ),
        flow(
            "GET /api/operations/{operation}/events",
            Ask::get(User, format!("{operation}/events")).is(404, "unknown-operation"),
        ),
        flow(
            "POST /api/files",
            Ask::post_as(Stranger, "/api/files", "image/jpeg", vec![1]).is(401, "unauthenticated"),
        ),
        flow(
            "GET /api/files/{file}",
            Ask::get(User, file).is(404, "unknown-file"),
        ),
        flow(
            "DELETE /api/files/{file}",
            Ask::delete(User, file).is(404, "unknown-file"),
        ),
        case(
            "GET /api/events",
            Ask::get(User, "/api/events"),
            Ask::get(User, "/api/events?after=x").is(400, "bad-request"),
        ),
        case("GET /metrics", counts, stranger),
    ]
}

fn keys() -> Vec<Case> {
    let unknown = "/api/keys/key_0000000000000000";
    let own = Ask::get(User, "/api/keys/self");
    let stranger = own.by_a_stranger();
    let users = Ask::get(User, "/api/users");
    let nobody = users.by_a_stranger();
    vec![
        operators("GET /api/keys", Ask::get(Operator, "/api/keys")),
        case(
            "POST /api/keys",
            Ask::post(
                Operator,
                "/api/keys",
                json!({ "user": "u3", "scopes": ["shop:read"] }),
            )
            .is(201, ""),
            Ask::post(
                Operator,
                "/api/keys",
                json!({ "user": "u3", "scopes": ["shp:read"] }),
            )
            .is(422, "invalid-arguments"),
        ),
        case("GET /api/keys/self", own, stranger),
        flow(
            "GET /api/keys/{key}",
            Ask::get(Operator, unknown).is(404, "unknown-key"),
        ),
        flow(
            "DELETE /api/keys/{key}",
            Ask::delete(Operator, unknown).is(404, "unknown-key"),
        ),
        case("GET /api/users", users, nobody),
        case(
            "GET /api/users/{user}",
            Ask::get(Operator, "/api/users/u3"),
            Ask::get(Operator, "/api/users/u9").is(404, "unknown-user"),
        ),
        case(
            "DELETE /api/users/{user}",
            Ask::delete(Operator, "/api/users/u3"),
            Ask::delete(Operator, "/api/users/u9").is(404, "unknown-user"),
        ),
    ]
}

fn plugins() -> Vec<Case> {
    let constant = || component("guests/constant");
    let upload =
        |path: &str, bytes: Vec<u8>| Ask::post_as(Operator, path, "application/wasm", bytes);
    let install = "/api/plugins?grant=asked";
    let garbage = || b"no component".to_vec();
    vec![
        operators("GET /api/plugins", Ask::get(Operator, "/api/plugins")),
        case(
            "POST /api/plugins/inspect",
            upload("/api/plugins/inspect", constant()),
            upload("/api/plugins/inspect", garbage()).is(422, "invalid-plugin"),
        ),
        case(
            "POST /api/plugins",
            upload(install, constant()),
            upload(install, garbage()).is(422, "invalid-plugin"),
        ),
        case(
            "GET /api/plugins/{plugin}",
            Ask::get(Operator, "/api/plugins/constant"),
            Ask::get(Operator, "/api/plugins/nobody").is(404, "unknown-plugin"),
        ),
        case(
            "GET /api/plugins/{plugin}/schema",
            Ask::get(User, "/api/plugins/etsy/schema"),
            Ask::get(User, "/api/plugins/nobody/schema").is(404, "unknown-plugin"),
        ),
        case(
            "POST /api/plugins/{plugin}/configuration",
            Ask::post(Operator, "/api/plugins/etsy/configuration", json!({})),
            Ask::post(
                Operator,
                "/api/plugins/etsy/configuration",
                json!({ "clnt_id": "x" }),
            )
            .is(422, "invalid-arguments"),
        ),
        case(
            "DELETE /api/plugins/{plugin}",
            Ask::delete(Operator, "/api/plugins/constant"),
            Ask::delete(Operator, "/api/plugins/etsy").is(409, "conflict"),
        ),
    ]
}

/// What is asked of a marketplace, besides the functions' own routes.
fn marketplace() -> Vec<Case> {
    let polling = "/api/etsy/polling";
    vec![
        case(
            "POST /api/{plugin}/call/{interface}/{function}",
            Ask::post(User, "/api/etsy/call/shop/get", json!({})),
            Ask::post(User, "/api/etsy/call/shop/gt", json!({})).is(404, "unknown-function"),
        ),
        case(
            "GET /api/{plugin}/polling/status",
            Ask::get(User, format!("{polling}/status")),
            Ask::get(User, "/api/nobody/polling/status").is(404, "unknown-plugin"),
        ),
        case(
            "POST /api/{plugin}/polling/run",
            Ask::post(User, format!("{polling}/run"), json!({})),
            Ask::post(User, format!("{polling}/run"), json!({ "job": "x" }))
                .is(422, "invalid-arguments"),
        ),
        case(
            "POST /api/{plugin}/webhooks",
            Ask::post_as(
                Stranger,
                "/api/etsy/webhooks",
                "application/json",
                push().body.as_bytes().to_vec(),
            ),
            Ask::post(Stranger, "/api/etsy/webhooks", json!({})).is(400, "bad-request"),
        ),
    ]
}

/// Pushes and challenges. Etsy challenges nobody: what comes by GET is no push of its.
fn webhooks() -> Vec<Case> {
    let received = "/api/etsy/webhooks/received";
    vec![
        flow(
            "GET /api/{plugin}/webhooks",
            Ask::get(Stranger, "/api/etsy/webhooks?challenge=x").is(400, "bad-request"),
        ),
        operators(
            "GET /api/{plugin}/webhooks/received",
            Ask::get(Operator, received),
        ),
    ]
}

/// Accounts and consents; the last one is disconnected at the end.
fn accounts(scene: &Scene) -> Vec<Case> {
    let [own, others] = &scene.served.accounts;
    let unknown = format!("/api/accounts/{others}");
    let connect = "/api/etsy/oauth/connect";
    let elsewhere = "https://elsewhere.example/";
    let all = Ask::get(User, "/api/accounts");
    vec![
        case(
            "GET /api/accounts",
            all,
            Ask::get(User, "/api/accounts?cursor=x").is(400, "bad-request"),
        ),
        case(
            "GET /api/accounts/{account}",
            Ask::get(User, format!("/api/accounts/{own}")),
            Ask::get(User, unknown.clone()).is(404, "unknown-account"),
        ),
        case(
            "POST /api/accounts/{account}/settings",
            Ask::post(User, format!("/api/accounts/{own}/settings"), json!({})),
            Ask::post(
                User,
                format!("/api/accounts/{own}/settings"),
                json!({ "x": "y" }),
            )
            .is(422, "invalid-arguments"),
        ),
        case(
            "POST /api/accounts/{account}/refresh",
            Ask::post(User, format!("/api/accounts/{own}/refresh"), json!({})),
            Ask::post(User, format!("{unknown}/refresh"), json!({})).is(404, "unknown-account"),
        ),
        operators(
            "POST /api/accounts/refresh",
            Ask::post(Operator, "/api/accounts/refresh", json!({})),
        ),
        case(
            "GET /api/{plugin}/oauth/connect",
            Ask::get(User, connect),
            Ask::get(User, format!("{connect}?return_to={elsewhere}")).is(403, "not-granted"),
        ),
        case(
            "POST /api/{plugin}/oauth/connect",
            Ask::post(User, connect, json!({})),
            Ask::post(User, connect, json!({ "user": "u2" })).is(403, "not-allowed"),
        ),
        flow(
            "POST /api/{plugin}/oauth/complete",
            Ask::post(User, "/api/etsy/oauth/complete", json!({})).is(400, "bad-request"),
        ),
        flow(
            "GET /api/{plugin}/oauth/callback",
            Ask::get(Stranger, "/api/etsy/oauth/callback?state=x&code=y").is(403, ""),
        ),
        flow(
            "POST /api/{plugin}/oauth/confirm",
            Ask::post_as(
                Stranger,
                "/api/etsy/oauth/confirm",
                "application/x-www-form-urlencoded",
                b"consent=x&decision=connect".to_vec(),
            )
            .is(403, ""),
        ),
        case(
            "GET /api/{plugin}/connection/status",
            Ask::get(User, "/api/etsy/connection/status"),
            Ask::get(User, "/api/etsy/connection/status?user=u2").is(403, "not-allowed"),
        ),
        case(
            "DELETE /api/accounts/{account}",
            Ask::delete(Operator, unknown.clone()),
            Ask::delete(User, unknown).is(404, "unknown-account"),
        ),
        case(
            "POST /api/{plugin}/oauth/disconnect",
            Ask::post(User, "/api/etsy/oauth/disconnect", json!({})),
            Ask::post(
                User,
                format!("/api/etsy/oauth/disconnect?account={others}"),
                json!({}),
            )
            .is(404, "unknown-account"),
        ),
    ]
}
