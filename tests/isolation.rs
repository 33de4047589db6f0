//! One user's key never reads or changes what is another's: over all routes of the API, with every
//! scope that there is. What is another's is answered exactly as what does not exist, and the
//! marketplace is not asked for it.
//!
//! A route without an attempt fails the test: whoever adds one says here how somebody would try.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use stoflow_host::api::{self, NOUNS};
use stoflow_host::clock::Clock;
use stoflow_sandbox::{NewSeller, Sandbox};

use crate::keys::Gate;
use crate::market::{Market, connect_as};
use crate::orders::buy;
use crate::served::Answer;

/// What the attempt gives to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    /// Its owner reads it; to another it does not exist.
    Theirs,
    /// Its owner might change it; to another it does not exist.
    Changed,
    /// To each what is his, if anything.
    Own,
    /// To operators alone.
    Operators,
}

use Gives::{Changed, Operators, Own, Theirs};

/// How somebody would try: method, route, path, body. Of what stands behind a dollar sign, see
/// [`Things`].
#[rustfmt::skip]
const ATTEMPTS: &[Attempt] = &[
    (Own, "GET", "/api/accounts", "/api/accounts", ""),
    (Own, "GET", "/api/accounts", "/api/accounts?user=$user", ""),
    (Own, "GET", "/api/accounts", "/api/accounts?cursor=$account", ""),
    (Theirs, "GET", "/api/accounts/{account}", "/api/accounts/$account", ""),
    (Theirs, "GET", "/api/accounts/{account}", "/api/accounts/$alias", ""),
    (Theirs, "GET", "/api/accounts/{account}", "/api/accounts/$user%2Fetsy", ""),
    (Changed, "DELETE", "/api/accounts/{account}", "/api/accounts/$account", ""),
    (Changed, "DELETE", "/api/accounts/{account}", "/api/accounts/$alias", ""),
    (Changed, "POST", "/api/accounts/{account}/refresh", "/api/accounts/$account/refresh", ""),
    (Changed, "POST", "/api/accounts/{account}/settings", "/api/accounts/$account/settings", r#"{"who_made":"i_did"}"#),
    (Operators, "POST", "/api/accounts/refresh", "/api/accounts/refresh", ""),

    (Theirs, "GET", "/api/{plugin}/connection/status", "/api/etsy/connection/status?account=$account", ""),
    (Theirs, "GET", "/api/{plugin}/connection/status", "/api/etsy/connection/status?user=$user", ""),
    (Own, "GET", "/api/{plugin}/connection/status", "/api/etsy/connection/status", ""),
    (Changed, "POST", "/api/{plugin}/oauth/disconnect", "/api/etsy/oauth/disconnect?account=$account", ""),
    (Changed, "POST", "/api/{plugin}/oauth/disconnect", "/api/etsy/oauth/disconnect?account=$alias", ""),
    (Changed, "POST", "/api/{plugin}/oauth/disconnect", "/api/etsy/oauth/disconnect?user=$user", ""),

    (Changed, "GET", "/api/{plugin}/oauth/connect", "/api/etsy/oauth/connect?account=$account", ""),
    (Changed, "GET", "/api/{plugin}/oauth/connect", "/api/etsy/oauth/connect?user=$user", ""),
    (Changed, "POST", "/api/{plugin}/oauth/connect", "/api/etsy/oauth/connect", r#"{"account":"$account"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/connect", "/api/etsy/oauth/connect", r#"{"account":"$alias"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/connect", "/api/etsy/oauth/connect", r#"{"user":"$user"}"#),
    (Changed, "GET", "/api/{plugin}/oauth/callback", "/api/etsy/oauth/callback?state=$account&code=x", ""),
    (Changed, "POST", "/api/{plugin}/oauth/confirm", "/api/etsy/oauth/confirm", r#"{"consent":"$consent","decision":"connect"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/complete", "/api/etsy/oauth/complete", r#"{"user":"$user","consent":"$consent"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/complete", "/api/etsy/oauth/complete", r#"{"user":"u2","consent":"$consent"}"#),
    (Changed, "POST", "/api/{plugin}/oauth/complete", "/api/etsy/oauth/complete", r#"{"user":"$user","consent":"$consent","decision":"cancel"}"#),

    (Own, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/list", "{}"),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/list?account=$account", "{}"),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/list?account=$alias", "{}"),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/list?user=$user", "{}"),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/get", r#"{"id":"$listing"}"#),
    (Own, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/get-many", r#"{"ids":["$listing","$draft"]}"#),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/get-product", r#"{"id":"$listing"}"#),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/listings/get-product", r#"{"id":"$draft"}"#),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/orders/get", r#"{"id":"$order"}"#),
    (Changed, "POST", "/api/{plugin}/call/{interface}/{function}", "/api/etsy/call/publish/pause", r#"{"listing_id":"$listing"}"#),

    (Own, "GET", "/api/{plugin}/products/rules", "/api/etsy/products/rules", ""),
    (Changed, "GET", "/api/{plugin}/products/rules", "/api/etsy/products/rules?account=$account", ""),
    (Changed, "POST", "/api/{plugin}/products/preview", "/api/etsy/products/preview?account=$account", r#"{"product":{"title":"x"},"target":"draft"}"#),
    (Changed, "POST", "/api/{plugin}/products/publish", "/api/etsy/products/publish?account=$account", r#"{"key":"mug","product":{"title":"x"},"target":"draft"}"#),
    // The other's key for his product is none here.
    (Changed, "POST", "/api/{plugin}/products/publish", "/api/etsy/products/publish", r#"{"key":"mug","product":{"title":"x"},"target":"draft"}"#),
    (Changed, "PUT", "/api/{plugin}/products/update", "/api/etsy/products/update", r#"{"listing_id":"$listing","product":{"title":"x"}}"#),
    (Changed, "PUT", "/api/{plugin}/products/update", "/api/etsy/products/update?account=$account", r#"{"listing_id":"$listing","product":{"title":"x"}}"#),
    (Changed, "POST", "/api/{plugin}/products/offers", "/api/etsy/products/offers", r#"{"listing_id":"$listing","offers":[]}"#),
    (Changed, "DELETE", "/api/{plugin}/products/delete", "/api/etsy/products/delete?listing_id=$listing", ""),
    (Changed, "DELETE", "/api/{plugin}/products/delete", "/api/etsy/products/delete?listing_id=$draft", ""),
    (Changed, "DELETE", "/api/{plugin}/products/delete", "/api/etsy/products/delete?listing_id=$draft&account=$alias", ""),

    (Own, "GET", "/api/{plugin}/listings/active", "/api/etsy/listings/active", ""),
    (Theirs, "GET", "/api/{plugin}/listings/active", "/api/etsy/listings/active?account=$account", ""),
    (Own, "GET", "/api/{plugin}/listings/draft", "/api/etsy/listings/draft", ""),
    (Theirs, "GET", "/api/{plugin}/listings/draft", "/api/etsy/listings/draft?account=$alias", ""),
    (Own, "GET", "/api/{plugin}/listings/inactive", "/api/etsy/listings/inactive", ""),
    (Own, "GET", "/api/{plugin}/listings/sold-out", "/api/etsy/listings/sold-out", ""),
    (Own, "GET", "/api/{plugin}/listings/expired", "/api/etsy/listings/expired", ""),
    (Theirs, "GET", "/api/{plugin}/listings/{id}", "/api/etsy/listings/$listing", ""),
    (Theirs, "GET", "/api/{plugin}/listings/{id}", "/api/etsy/listings/$draft", ""),
    (Theirs, "GET", "/api/{plugin}/listings/{id}", "/api/etsy/listings/$listing?user=$user", ""),
    (Theirs, "GET", "/api/{plugin}/listings/{id}/inventory", "/api/etsy/listings/$listing/inventory", ""),
    (Theirs, "GET", "/api/{plugin}/listings/{id}/inventory", "/api/etsy/listings/$draft/inventory", ""),
    (Changed, "PUT", "/api/{plugin}/listings/{id}/inventory", "/api/etsy/listings/$listing/inventory", r#"{"inventory":{"variations":[{"price":{"amount":"1.00","currency":"EUR"},"quantity":1}]}}"#),
    (Changed, "POST", "/api/{plugin}/listings/{id}/images", "/api/etsy/listings/$listing/images", r#"{"image":{"source":"https://127.0.0.1/x.jpg"}}"#),
    (Changed, "POST", "/api/{plugin}/listings/{listing_id}/activate", "/api/etsy/listings/$draft/activate", "{}"),
    (Changed, "POST", "/api/{plugin}/listings/{listing_id}/pause", "/api/etsy/listings/$listing/pause", "{}"),

    (Own, "GET", "/api/{plugin}/orders", "/api/etsy/orders", ""),
    (Theirs, "GET", "/api/{plugin}/orders", "/api/etsy/orders?account=$account", ""),
    (Theirs, "GET", "/api/{plugin}/orders/{id}", "/api/etsy/orders/$order", ""),
    (Theirs, "GET", "/api/{plugin}/orders/{id}", "/api/etsy/orders/$order?account=$alias", ""),
    (Changed, "POST", "/api/{plugin}/orders/{id}/ship", "/api/etsy/orders/$order/ship", r#"{"shipment":{}}"#),
    (Changed, "POST", "/api/{plugin}/orders/{id}/ship", "/api/etsy/orders/$order/ship?account=$account", r#"{"shipment":{}}"#),

    (Own, "GET", "/api/{plugin}/shop", "/api/etsy/shop", ""),
    (Theirs, "GET", "/api/{plugin}/shop", "/api/etsy/shop?account=$account", ""),
    (Own, "GET", "/api/{plugin}/shop/sections", "/api/etsy/shop/sections", ""),
    (Changed, "GET", "/api/{plugin}/shop/sections", "/api/etsy/shop/sections?account=$account", ""),
    (Changed, "POST", "/api/{plugin}/shop/sections", "/api/etsy/shop/sections?account=$account", r#"{"title":"Mine now"}"#),
    (Own, "GET", "/api/{plugin}/shop/readiness", "/api/etsy/shop/readiness", ""),
    (Changed, "GET", "/api/{plugin}/shop/readiness", "/api/etsy/shop/readiness?account=$alias", ""),
    (Own, "GET", "/api/{plugin}/policies", "/api/etsy/policies?kind=shipping", ""),
    (Changed, "GET", "/api/{plugin}/policies", "/api/etsy/policies?kind=shipping&account=$account", ""),
    (Changed, "POST", "/api/{plugin}/policies", "/api/etsy/policies?account=$account", r#"{"kind":"shipping","definition":"{}"}"#),
    (Own, "GET", "/api/{plugin}/policies/{kind}/schema", "/api/etsy/policies/shipping/schema", ""),
    (Changed, "GET", "/api/{plugin}/policies/{kind}/schema", "/api/etsy/policies/shipping/schema?account=$account", ""),
    (Own, "GET", "/api/{plugin}/shipping/profiles", "/api/etsy/shipping/profiles", ""),
    (Changed, "GET", "/api/{plugin}/shipping/profiles", "/api/etsy/shipping/profiles?account=$account", ""),
    (Changed, "POST", "/api/{plugin}/shipping/profiles", "/api/etsy/shipping/profiles?account=$account", r#"{"definition":"{}"}"#),
    (Own, "GET", "/api/{plugin}/taxonomy/nodes", "/api/etsy/taxonomy/nodes", ""),
    (Changed, "GET", "/api/{plugin}/taxonomy/nodes", "/api/etsy/taxonomy/nodes?account=$account", ""),
    (Changed, "GET", "/api/{plugin}/taxonomy/search", "/api/etsy/taxonomy/search?text=mug&account=$account", ""),
    (Changed, "GET", "/api/{plugin}/taxonomy/nodes/{node}/properties", "/api/etsy/taxonomy/nodes/1/properties?user=$user", ""),
    (Changed, "GET", "/api/{plugin}/polling/status", "/api/etsy/polling/status?account=$account", ""),
    (Own, "GET", "/api/{plugin}/polling/status", "/api/etsy/polling/status", ""),
    (Changed, "POST", "/api/{plugin}/polling/run", "/api/etsy/polling/run?account=$account", "{}"),
    (Changed, "POST", "/api/{plugin}/polling/run", "/api/etsy/polling/run?user=$user", "{}"),
    // Anybody may push: it says nothing of anybody's.
    (Changed, "POST", "/api/{plugin}/webhooks", "/api/etsy/webhooks", r#"{"event_type":"order.paid"}"#),

    (Operators, "GET", "/api/keys", "/api/keys?user=$user", ""),
    (Operators, "POST", "/api/keys", "/api/keys", r#"{"user":"$user","scopes":["orders:read"]}"#),
    (Own, "GET", "/api/keys/self", "/api/keys/self", ""),
    (Operators, "GET", "/api/keys/{key}", "/api/keys/$key", ""),
    (Operators, "DELETE", "/api/keys/{key}", "/api/keys/$key", ""),
    (Own, "GET", "/api/users", "/api/users", ""),
    (Theirs, "GET", "/api/users/{user}", "/api/users/$user", ""),
    (Operators, "DELETE", "/api/users/{user}", "/api/users/$user", ""),

    (Operators, "GET", "/api/plugins", "/api/plugins", ""),
    (Operators, "POST", "/api/plugins", "/api/plugins", ""),
    (Operators, "POST", "/api/plugins/inspect", "/api/plugins/inspect", ""),
    (Operators, "GET", "/api/plugins/{plugin}", "/api/plugins/etsy", ""),
    (Operators, "DELETE", "/api/plugins/{plugin}", "/api/plugins/etsy", ""),
    (Own, "GET", "/api/plugins/{plugin}/schema", "/api/plugins/etsy/schema", ""),
    (Operators, "POST", "/api/plugins/{plugin}/configuration", "/api/plugins/etsy/configuration", r#"{"client_id":"x"}"#),
    (Operators, "GET", "/api/config", "/api/config", ""),
    (Operators, "GET", "/api/quotas", "/api/quotas", ""),
    (Operators, "GET", "/metrics", "/metrics", ""),
    (Operators, "GET", "/api/store/check", "/api/store/check", ""),
    (Operators, "POST", "/api/store/export", "/api/store/export", ""),
    (Operators, "POST", "/api/store/master-key", "/api/store/master-key", "{}"),

    (Own, "GET", "/healthz", "/healthz", ""),
    (Own, "GET", "/readyz", "/readyz", ""),
    (Own, "GET", "/openapi.json", "/openapi.json", ""),
    (Own, "GET", "/docs", "/docs", ""),
    (Own, "GET", "/problems", "/problems", ""),
    (Own, "GET", "/problems/{kind}", "/problems/not-found", ""),
];

/// What is u1's, and what it is called in an attempt.
struct Things(Vec<(&'static str, String)>);

impl Things {
    /// The text of an attempt with these things in it.
    fn put(&self, text: &str) -> String {
        let put = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        self.0.iter().fold(text.to_owned(), put)
    }

    /// A reply without them, so that it can be compared with that for others.
    fn out_of(&self, text: &str) -> String {
        let out = |text: String, (name, value): &(&str, String)| text.replace(value, name);
        let decoded = |value: &str| value.replace("%2F", "/");
        let text = self.0.iter().fold(text.to_owned(), out);
        let out =
            |text: String, (name, value): &(&str, String)| text.replace(&decoded(value), name);
        self.0.iter().fold(text, out)
    }

    /// Things that nobody has.
    fn nobodys() -> Self {
        Self(vec![
            ("$account", "acc_aaaaaaaaaaaaaaaa".into()),
            ("$alias", "u7%2Fetsy%2Fnobodys-shop".into()),
            ("$listing", "87654321".into()),
            ("$draft", "87654322".into()),
            ("$order", "87654323".into()),
            ("$key", "key_aaaaaaaaaaaaaaaa".into()),
            (
                "$consent",
                "nobodysnobodysnobodysnobodysnobodysnobodys1".into(),
            ),
            ("$user", "u7".into()),
        ])
    }
}

/// Two users' shops, a key of each with all scopes.
struct Town {
    gate: Gate,
    sandbox: Sandbox,
    theirs: Things,
    /// What stands in u1's things and nowhere else.
    marks: Vec<String>,
    /// u1's seller at the marketplace.
    seller: i64,
    keys: [String; 2],
}

impl Town {
    async fn new() -> Self {
        let market = Market::new().await;
        let listing = market.listing("mug", "mug", "active").await;
        let draft = market.listing("coat", "coat", "draft").await;
        let order = buy(&market, listing.parse().unwrap());
        let Market {
            stage,
            sandbox,
            account,
        } = market;
        let seller = sandbox.sellers()[0].user_id;
        let other = NewSeller {
            shop_name: "TheOtherShop".into(),
            ..NewSeller::default()
        };
        let other = sandbox.add_seller(&other).unwrap();
        connect_as(&stage, "u2", other.user_id).await.unwrap();
        let shown = stage
            .get(&format!("/api/accounts/{account}"))
            .await
            .unwrap();
        let alias = shown["alias"].as_str().unwrap().to_owned();
        let shop = shown["account"]["identity"]["name"].as_str().unwrap();
        let mut marks = vec![
            account.clone(),
            alias.clone(),
            shop.to_owned(),
            draft.clone(),
        ];
        marks.extend([listing.clone(), order.clone()]);
        for listing in sandbox.state()["listings"].as_array().unwrap() {
            marks.push(listing["title"].as_str().unwrap().to_owned());
        }
        let gate = Gate::of(stage, Clock::default()).await;
        let (first_id, first) = gate.key(everything("u1")).await;
        let (_, second) = gate.key(everything("u2")).await;
        marks.push(first_id.clone());
        let consent = offered(&gate, &first, &sandbox).await;
        let theirs = Things(vec![
            ("$account", account),
            ("$alias", alias.replace('/', "%2F")),
            ("$listing", listing),
            ("$draft", draft),
            ("$order", order),
            ("$key", first_id),
            ("$consent", consent),
            ("$user", "u1".to_owned()),
        ]);
        sandbox.clear_requests();
        Self {
            gate,
            sandbox,
            theirs,
            marks,
            seller,
            keys: [first, second],
        }
    }

    async fn ask(&self, key: &str, method: &str, path: &str, body: &str) -> Answer {
        let method: Method = method.parse().unwrap();
        let body = match body {
            "" => Value::Null,
            body => serde_json::from_str(body).unwrap(),
        };
        self.gate.ask_as(key, method, path, &body).await
    }

    /// What operators see of u1's, and what the marketplace has.
    async fn state(&self) -> Value {
        let get = async |path: &str| self.gate.stage.get(path).await.unwrap();
        let account = get(&self.theirs.put("/api/accounts/$account")).await;
        let mut marketplace = self.sandbox.state();
        let kept = |value: &Value| value["user_id"].as_i64().is_none_or(|it| it == self.seller);
        for list in ["listings", "receipts"] {
            let list = marketplace[list].take();
            let list = list.as_array().cloned().unwrap_or_default();
            let list: Vec<Value> = list.into_iter().filter(kept).collect();
            marketplace[format!("u1's {}", list.len())] = json!(list);
        }
        let lists = marketplace.as_object_mut().unwrap();
        lists.retain(|name, _| name.starts_with("u1's"));
        json!({
            "account": account["account"],
            "state": account["state"],
            "generation": account["token"]["generation"],
            "keys": get("/api/keys?user=u1").await[0]["state"],
            "user": get("/api/users/u1").await,
            "marketplace": marketplace,
        })
    }

    /// Requests that went to the marketplace in u1's name.
    fn asked_for_theirs(&self) -> Vec<String> {
        let requests = self.sandbox.requests().into_iter();
        requests
            .filter(|request| request.user_id == Some(self.seller))
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }
}

/// A key that may do all that a user may.
fn everything(user: &str) -> Value {
    let scopes: Vec<String> = NOUNS
        .iter()
        .map(|(noun, _)| format!("{noun}:write"))
        .collect();
    json!({ "user": user, "scopes": scopes, "rate": { "per_second": 100_000, "burst": 100_000 } })
}

/// What came of a consent that u1 has begun, for him to decide.
async fn offered(gate: &Gate, key: &str, sandbox: &Sandbox) -> String {
    let seller = NewSeller {
        shop_name: "HisSecondShop".into(),
        ..NewSeller::default()
    };
    let seller = sandbox.add_seller(&seller).unwrap().user_id;
    let connect = "/api/etsy/oauth/connect";
    let begun = gate.ask_as(key, Method::POST, connect, &json!({})).await;
    let url = begun.json()["url"].as_str().unwrap().to_owned();
    let callback = crate::market::consent(&format!("{url}&user={seller}")).await;
    let answer = json!({ "user": "u1", "callback": callback });
    let complete = "/api/etsy/oauth/complete";
    let offered = gate.ask_as(key, Method::POST, complete, &answer).await;
    offered.json()["consent"].as_str().unwrap().to_owned()
}

/// A problem's words without what is of this one request.
fn words(answer: &Answer) -> String {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
        return String::new();
    };
    if let Some(members) = body.as_object_mut() {
        members.remove("correlation_id");
    }
    format!("{} {body}", answer.status)
}

#[tokio::test]
async fn one_users_key_never_reads_or_changes_anothers() {
    let town = Town::new().await;
    let before = town.state().await;
    let nobodys = Things::nobodys();
    let [_, second] = &town.keys;
    for (gives, method, _, path, body) in attempts() {
        let (put_path, put_body) = (town.theirs.put(path), town.theirs.put(body));
        let answer = town.ask(second, method, &put_path, &put_body).await;
        let what = format!(
            "{method} {put_path} {put_body}: {} {}",
            answer.status,
            answer.text()
        );
        match gives {
            Operators => assert_eq!(answer.problem("not-allowed").status, 403, "{what}"),
            Theirs | Changed => assert!(answer.status >= 400, "{what}"),
            Own => {}
        }
        assert!(answer.status < 500, "{what}");
        let sent = format!("{put_path} {put_body}").replace("%2F", "/");
        for mark in town.marks.iter().filter(|mark| !sent.contains(*mark)) {
            assert!(!answer.text().contains(mark), "{mark} in {what}");
        }
        let asked = town.asked_for_theirs();
        assert!(asked.is_empty(), "{asked:?} by {what}");
        if answer.status >= 400 {
            // As of what nobody has.
            let (path, body) = (nobodys.put(path), nobodys.put(body));
            let none = town.ask(second, method, &path, &body).await;
            let (theirs, none) = (
                town.theirs.out_of(&words(&answer)),
                nobodys.out_of(&words(&none)),
            );
            assert_eq!(theirs, none, "{what}");
        }
    }
    assert_eq!(town.state().await, before);
}

#[tokio::test]
async fn what_is_hidden_from_others_is_there_for_its_owner() {
    let town = Town::new().await;
    let [first, _] = &town.keys;
    let theirs = attempts().filter(|attempt| attempt.0 == Theirs);
    for (_, method, _, path, body) in theirs {
        let (path, body) = (town.theirs.put(path), town.theirs.put(body));
        let answer = town.ask(first, method, &path, &body).await;
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {} {}",
            answer.status,
            answer.text()
        );
    }
    // And what is looked for in the other's replies is what it is known by.
    let shown = town
        .ask(first, "GET", "/api/etsy/listings/active", "")
        .await;
    assert!(town.marks.iter().any(|mark| shown.text().contains(mark)));
}

type Attempt = (
    Gives,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

/// Those whose route there is.
fn attempts() -> impl Iterator<Item = &'static Attempt> {
    let routes = api::all_routes();
    ATTEMPTS.iter().filter(move |(_, method, route, ..)| {
        let mut routes = routes.iter();
        routes.any(|(known, path)| known == method && path == route)
    })
}

#[test]
fn every_route_has_an_attempt_at_what_is_anothers() {
    let attempts: BTreeSet<(String, String)> = ATTEMPTS
        .iter()
        .map(|(_, method, route, ..)| ((*method).to_owned(), (*route).to_owned()))
        .collect();
    let routes: BTreeSet<(String, String)> = api::all_routes()
        .into_iter()
        .map(|(method, path)| (method.to_string(), path))
        .collect();
    let untried: Vec<_> = routes.difference(&attempts).collect();
    assert!(untried.is_empty(), "nobody tries {untried:?}");
}
