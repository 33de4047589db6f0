//! The exchanges of the examples, in an order in which each finds what it needs: those of
//! [`crate::every_route`], of which each is known to work.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Map, Value, json};

use super::settled::{settled, settled_text};
use crate::every_function::cases::{self, Case};
use crate::every_route::{Scene, own};
use crate::market::{consent, examples};
use crate::rest::asked::Asked;
use crate::rest::{fitting, own_case, routes_of};
use crate::served::Answer;

/// A request and what came of it, the same at every run.
pub struct Exchange {
    /// As the document has it: `GET /api/etsy/shop`.
    pub route: String,
    pub method: String,
    pub target: String,
    pub body: Sent,
    pub status: u16,
    /// `None` where there is none, or where it is no JSON.
    pub reply: Option<Value>,
    /// What it is, where it is no JSON.
    pub media_type: String,
}

/// What a request carried.
#[derive(Clone)]
pub enum Sent {
    Nothing,
    Json(Value),
    /// Arguments whose files come with them.
    WithFiles(Value),
    /// Something else, by its media type.
    File(String),
}

impl Exchange {
    fn new(route: &str, (method, target): (&str, &str), body: Sent, answer: &Answer) -> Self {
        let media_type = answer.header("content-type").to_owned();
        let is_json = media_type.ends_with("json");
        let reply = is_json.then(|| settled(serde_json::from_slice(&answer.body).unwrap()));
        let body = match body {
            Sent::Json(json) => Sent::Json(settled(json)),
            Sent::WithFiles(json) => Sent::WithFiles(settled(json)),
            other => other,
        };
        Self {
            route: route.to_owned(),
            method: method.to_owned(),
            target: settled_text(target),
            body,
            status: answer.status,
            reply,
            media_type,
        }
    }
}

/// All of them.
pub async fn exchanges(scene: &Scene) -> Vec<Exchange> {
    own::prepare(scene).await;
    let mut all = of_functions(scene).await;
    all.extend(of_files(scene).await);
    all.extend(of_operations(scene).await);
    all.extend(of_keys(scene).await);
    all.extend(of_consents(scene).await);
    for case in own::all(scene) {
        // Where it takes more than one request, what works is above; who challenges is refused.
        let shown = all.iter().any(|exchange| exchange.route == case.route);
        if case.works.is_none() && shown {
            continue;
        }
        let ask = case.works.unwrap_or(case.fails);
        let body = match &ask.body {
            None => Sent::Nothing,
            Some(("application/json", bytes)) => Sent::Json(serde_json::from_slice(bytes).unwrap()),
            Some((media_type, _)) => Sent::File((*media_type).to_owned()),
        };
        let mut answer = ask.send(scene).await;
        if case.route.ends_with("/webhooks/received") {
            answer = carried_out(scene, answer).await;
        }
        let request = (ask.method, ask.path.as_str());
        all.push(Exchange::new(case.route, request, body, &answer));
    }
    all
}

/// What is known of a push once what follows from it is done.
async fn carried_out(scene: &Scene, mut answer: Answer) -> Answer {
    let until = Instant::now() + Duration::from_secs(20);
    while !answer.text().contains("\"done_at\"") {
        assert!(Instant::now() < until, "{}", answer.text());
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer = scene.operator.get("/api/etsy/webhooks/received").await;
    }
    answer
}

/// Each function at its routes, or by its name where it has none.
async fn of_functions(scene: &Scene) -> Vec<Exchange> {
    let mut all = Vec::new();
    let things = scene.things().await;
    for case in &cases::all(&things) {
        let routes = routes_of(case);
        for route in &routes {
            let works = own_case(route).or_else(|| case.works.clone());
            let arguments = fitting(route, &works.unwrap().0).unwrap();
            let asked = Asked::of(route, &arguments);
            let name = format!("{} /api/etsy{}", route.method.as_str(), route.path);
            let body = sent(route.path, arguments, asked.body.is_some());
            all.push(ask(scene, &name, &asked, body).await);
        }
        if routes.is_empty() {
            all.extend(by_name(scene, case).await);
        }
    }
    all
}

/// What a function without a route of its own does where it works, or how it fails.
async fn by_name(scene: &Scene, case: &Case) -> Option<Exchange> {
    let works = case.works.as_ref().map(|(arguments, ..)| arguments);
    let arguments = works.or_else(|| Some(&case.fails.first()?.0))?;
    let (interface, function) = case.function.split_once('.').unwrap();
    let target = format!("/api/etsy/call/{interface}/{function}");
    let asked = Asked {
        method: "POST",
        target: target.clone(),
        body: Some(("application/json".to_owned(), arguments.to_string().into())),
    };
    let body = Sent::Json(arguments.clone());
    Some(ask(scene, &format!("POST {target}"), &asked, body).await)
}

/// The body as it is shown: without the arguments that the path says.
fn sent(path: &str, mut arguments: Map<String, Value>, has_body: bool) -> Sent {
    if !has_body {
        return Sent::Nothing;
    }
    arguments.retain(|name, _| !path.contains(&format!("{{{name}}}")));
    let json = Value::Object(arguments);
    match json.to_string().contains("\"asset:") {
        true => Sent::WithFiles(json),
        false => Sent::Json(json),
    }
}

async fn ask(scene: &Scene, route: &str, asked: &Asked, body: Sent) -> Exchange {
    let method: Method = asked.method.parse().unwrap();
    // What a plugin says of itself is told to operators.
    let asker = match route.contains("/call/plugin/") {
        true => &scene.operator,
        false => &scene.user,
    };
    let mut request = asker.request(method, &asked.target);
    if let Some((media_type, bytes)) = &asked.body {
        request = request
            .header("content-type", media_type)
            .header("prefer", "wait=60")
            .body(bytes.clone());
    }
    let answer = asker.send(request).await;
    let target = asked.target.trim_end_matches('?');
    Exchange::new(route, (asked.method, target), body, &answer)
}

async fn of_files(scene: &Scene) -> Vec<Exchange> {
    let target = "/api/files?name=mug.jpg";
    let request = scene
        .user
        .request(Method::POST, target)
        .header("content-type", "image/jpeg")
        .body(std::fs::read(examples().join("mug.jpg")).unwrap());
    let kept = scene.user.send(request).await;
    let place = kept.header("location").to_owned();
    let shown = scene.user.get(&place).await;
    let deleted = scene.user.delete(&place).await;
    let body = Sent::File("image/jpeg".to_owned());
    let (show, delete) = (
        ("GET", "GET /api/files/{file}"),
        ("DELETE", "DELETE /api/files/{file}"),
    );
    vec![
        Exchange::new("POST /api/files", ("POST", target), body, &kept),
        Exchange::new(show.1, (show.0, &place), Sent::Nothing, &shown),
        Exchange::new(delete.1, (delete.0, &place), Sent::Nothing, &deleted),
    ]
}

/// Of the publication that was the last to be asked for.
async fn of_operations(scene: &Scene) -> Vec<Exchange> {
    let all = scene.user.get("/api/operations").await.json();
    let place = format!(
        "/api/operations/{}",
        all["items"][0]["id"].as_str().unwrap()
    );
    let events = format!("{place}/events");
    let shown = scene.user.get(&place).await;
    let told = scene.user.get(&events).await;
    let route = "GET /api/operations/{operation}";
    let of_events = "GET /api/operations/{operation}/events";
    vec![
        Exchange::new(route, ("GET", &place), Sent::Nothing, &shown),
        Exchange::new(of_events, ("GET", &events), Sent::Nothing, &told),
    ]
}

async fn of_keys(scene: &Scene) -> Vec<Exchange> {
    let wanted = json!({ "user": "u1", "scopes": ["shop:read"], "name": "front end" });
    let made = scene.operator.post("/api/keys", &wanted).await.json();
    let place = format!("/api/keys/{}", made["id"].as_str().unwrap());
    let shown = scene.operator.get(&place).await;
    let revoked = scene.operator.delete(&place).await;
    let (show, delete) = ("GET /api/keys/{key}", "DELETE /api/keys/{key}");
    vec![
        Exchange::new(show, ("GET", &place), Sent::Nothing, &shown),
        Exchange::new(delete, ("DELETE", &place), Sent::Nothing, &revoked),
    ]
}

/// A consent that a backend finishes, and one that the seller's browser does.
async fn of_consents(scene: &Scene) -> Vec<Exchange> {
    let begin = async || {
        let begun = scene.user.get("/api/etsy/oauth/connect").await.json();
        consent(begun["url"].as_str().unwrap()).await
    };
    let complete = "/api/etsy/oauth/complete";
    let route = "POST /api/{plugin}/oauth/complete";
    let callback = json!({ "callback": begin().await });
    let offered = scene.user.post(complete, &callback).await;
    let decision = json!({ "consent": offered.json()["consent"] });
    let done = scene.user.post(complete, &decision).await;
    let answered = begin().await;
    let query = answered.split_once('?').unwrap().1;
    let back = format!("/api/etsy/oauth/callback?{query}");
    let page = scene.stranger.get(&back).await;
    let of_browser = "GET /api/{plugin}/oauth/callback";
    vec![
        Exchange::new(route, ("POST", complete), Sent::Json(callback), &offered),
        Exchange::new(route, ("POST", complete), Sent::Json(decision), &done),
        Exchange::new(of_browser, ("GET", &back), Sent::Nothing, &page),
    ]
}
