//! One user's key never reads or changes what is another's: over all routes of the API, with every
//! scope that there is. What is another's is answered exactly as what does not exist, and the
//! marketplace is not asked for it.
//!
//! A route without an attempt fails the test: whoever adds one says here how somebody would try.

mod attempts;

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use stoflow_host::api::{self, NOUNS};
use stoflow_host::clock::Clock;
use stoflow_sandbox::{NewSeller, Sandbox};

use crate::gate::Gate;
use crate::market::{Market, connect_as, example};
use crate::orders::buy;
use crate::served::Answer;
use attempts::Gives::Theirs;
use attempts::{ATTEMPTS, Attempt};

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
        let out = |text: String, (name, value): &(&str, String)| {
            let text = text.replace(value, name);
            text.replace(&value.replace("%2F", "/"), name)
        };
        self.0.iter().fold(text.to_owned(), out)
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
            ("$operation", format!("op_{}", "0".repeat(26))),
            ("$file", format!("file_{}", "0".repeat(26))),
            ("$consent", "nobodys".repeat(6) + "1"),
            (
                "$callback",
                format!("state={}&code=x", "nobodys".repeat(6) + "2"),
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
        let callback = consented(&gate, &first, seller).await;
        let content = json!("hers");
        let file = gate
            .ask_as(&first, Method::POST, "/api/files?name=x", &content)
            .await;
        let file = file.json()["file"].as_str().unwrap().to_owned();
        let operation = published(&gate, &first).await;
        marks.extend([operation.clone(), file.clone()]);
        let theirs = Things(vec![
            ("$account", account),
            ("$alias", alias.replace('/', "%2F")),
            ("$listing", listing),
            ("$draft", draft),
            ("$order", order),
            ("$key", first_id),
            ("$operation", operation),
            ("$file", file),
            ("$consent", consent),
            ("$callback", callback),
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
            "operations": get("/api/operations?user=u1").await,
            "events": get("/api/events?user=u1").await,
            "file": get(&self.theirs.put("/api/files/$file")).await,
            "marketplace": marketplace,
        })
    }

    /// What u2's key gets of u1's, and what it is told otherwise than of what nobody has.
    async fn tried(&self, &(gives, method, _, path, body): &Attempt) -> Vec<String> {
        let [_, second] = &self.keys;
        let (own_path, own_body) = (self.theirs.put(path), self.theirs.put(body));
        let answer = self.ask(second, method, &own_path, &own_body).await;
        let mut wrong = Vec::new();
        if !gives.fits(answer.status) {
            wrong.push(format!("{gives:?} does not fit"));
        }
        let sent = format!("{own_path} {own_body}").replace("%2F", "/");
        let shows = |mark: &&String| !sent.contains(*mark) && answer.text().contains(*mark);
        let marks = self.marks.iter().filter(shows);
        wrong.extend(marks.map(|mark| format!("it shows {mark}")));
        wrong.extend(self.asked_for_theirs());
        if answer.status >= 400 {
            let nobodys = Things::nobodys();
            let (path, body) = (nobodys.put(path), nobodys.put(body));
            let none = self.ask(second, method, &path, &body).await;
            let theirs = self.theirs.out_of(&words(&answer));
            let none = nobodys.out_of(&words(&none));
            if theirs != none {
                wrong.push(format!("of nobody's: {none}"));
            }
        }
        let what = format!("{method} {own_path} {own_body}: {}", answer.status);
        let what = format!("{what} {:.400}", answer.text());
        wrong
            .into_iter()
            .map(|fault| format!("{fault}; {what}"))
            .collect()
    }

    /// Requests that went to the marketplace in u1's name since it was looked last.
    fn asked_for_theirs(&self) -> Vec<String> {
        let requests = self.sandbox.requests().into_iter();
        let asked = requests
            .filter(|request| request.user_id == Some(self.seller))
            .map(|request| format!("it asks {} {}", request.method, request.path))
            .collect();
        self.sandbox.clear_requests();
        asked
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

/// An operation of a user's that has ended.
async fn published(gate: &Gate, key: &str) -> String {
    let mut product = example("poster");
    product["images"] = json!([]);
    let wanted = json!({ "key": "poster", "product": product, "target": "draft" });
    let publish = "/api/etsy/products/publish";
    let begun = gate.ask_as(key, Method::POST, publish, &wanted).await;
    // Where to look stands there, whether it was waited for to its end or not.
    let place = match begun.status {
        200 => begun.header("content-location"),
        _ => begun.header("location"),
    };
    let id = place.strip_prefix("/api/operations/");
    let id = id.unwrap_or_else(|| panic!("{}", begun.text())).to_owned();
    // The marketplace is compared afterwards.
    let ended = ended(gate, key, &id).await;
    assert_eq!(ended["state"], "done", "{ended}");
    id
}

/// An operation once it has ended.
async fn ended(gate: &Gate, key: &str, id: &str) -> Value {
    let path = format!("/api/operations/{id}");
    // The stream ends with it.
    let events = gate.get(&format!("{path}/events"), key).await;
    assert_eq!(events.status, 200, "{}", events.text());
    gate.get(&path, key).await.json()
}

/// What came of a consent that u1 has begun, for him to decide.
async fn offered(gate: &Gate, key: &str, sandbox: &Sandbox) -> String {
    let seller = NewSeller {
        shop_name: "HisSecondShop".into(),
        ..NewSeller::default()
    };
    let seller = sandbox.add_seller(&seller).unwrap().user_id;
    let callback = consented(gate, key, seller).await;
    let answer = json!({ "user": "u1", "callback": callback });
    let complete = "/api/etsy/oauth/complete";
    let offered = gate.ask_as(key, Method::POST, complete, &answer).await;
    offered.json()["consent"].as_str().unwrap().to_owned()
}

/// Where a consent that u1 has begun ends at, with a seller's yes.
async fn consented(gate: &Gate, key: &str, seller: i64) -> String {
    let connect = "/api/etsy/oauth/connect";
    let begun = gate.ask_as(key, Method::POST, connect, &json!({})).await;
    let url = begun.json()["url"].as_str().unwrap().to_owned();
    crate::market::consent(&format!("{url}&user={seller}")).await
}

/// A problem's words without what is of this one request, and without the marketplace's: what is on
/// sale there, everybody can see.
fn words(answer: &Answer) -> String {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
        return String::new();
    };
    let is_marketplaces = body["type"] == "/problems/not-found";
    if let Some(members) = body.as_object_mut() {
        members.remove("correlation_id");
        if is_marketplaces {
            members.remove("title");
        }
    }
    format!("{} {body}", answer.status)
}

#[tokio::test]
async fn one_users_key_never_reads_or_changes_anothers() {
    let town = Town::new().await;
    let before = town.state().await;
    let mut wrong = Vec::new();
    for attempt in ATTEMPTS {
        wrong.extend(town.tried(attempt).await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(town.state().await, before);
}

#[tokio::test]
async fn what_is_hidden_from_others_is_there_for_its_owner() {
    let town = Town::new().await;
    let [first, _] = &town.keys;
    let theirs = ATTEMPTS.iter().filter(|attempt| attempt.0 == Theirs);
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

#[tokio::test]
async fn a_user_is_forgotten_with_all_that_is_his_and_nobody_elses() {
    let town = Town::new().await;
    let [first, second] = &town.keys;
    let operations = town.gate.stage.get("/api/operations?user=u1").await;
    let operations = operations.unwrap()["items"].as_array().unwrap().len();
    let gone = town.gate.stage.delete("/api/users/u1").await.unwrap();
    for (what, count) in [
        ("keys", 1),
        // One that is offered, and one that nobody has answered.
        ("consents", 2),
        ("operations", operations),
        ("files", 1),
    ] {
        assert_eq!(gone[what], count, "{what} in {gone}");
    }
    let accounts = gone["accounts"].as_array().unwrap();
    assert!(
        accounts.len() == 1 && gone["events"].as_u64().unwrap() > 0,
        "{gone}"
    );
    assert_eq!(town.gate.get("/api/keys/self", first).await.status, 401);
    for path in [
        "/api/accounts",
        "/api/operations",
        "/api/events",
        "/api/keys",
    ] {
        let left = town
            .gate
            .stage
            .get(&format!("{path}?user=u1"))
            .await
            .unwrap();
        for mark in &town.marks {
            assert!(!left.to_string().contains(mark), "{mark} in {path}: {left}");
        }
    }
    let again = town.gate.stage.delete("/api/users/u1").await.unwrap_err();
    assert_eq!(again.kind().slug(), "unknown-user");
    assert_eq!(town.gate.get("/api/etsy/shop", second).await.status, 200);
    let users = town.gate.stage.get("/api/users").await.unwrap();
    assert_eq!(users, json!([{ "user": "u2", "accounts": 1, "keys": 1 }]));
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
    let gone: Vec<_> = attempts.difference(&routes).collect();
    assert!(gone.is_empty(), "there is no {gone:?}");
}
