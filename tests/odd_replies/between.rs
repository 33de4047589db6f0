//! A server between the plugin and the sandbox that changes what the sandbox answers, or answers
//! itself: everything else stays real.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use stoflow_sandbox::{CLIENT_ID, CLIENT_SECRET};
use tokio::net::TcpListener;

use crate::market::Market;

/// Status and body of a reply.
pub type Reply = (u16, Vec<u8>);

/// Before a request: an answer instead of the sandbox's, from its method and path.
type Instead = Box<dyn Fn(&str, &str) -> Option<Reply> + Send>;
/// After it: what becomes of the sandbox's answer.
type Twist = Box<dyn FnMut(&str, Reply) -> Reply + Send>;

#[derive(Default)]
struct Rules {
    instead: Option<Instead>,
    twist: Option<Twist>,
}

#[derive(Clone)]
struct Shared {
    rules: Arc<Mutex<Rules>>,
    sandbox: String,
    http: reqwest::Client,
}

/// The server. Without a rule it passes everything on.
pub struct Between(Arc<Mutex<Rules>>);

impl Between {
    /// Stands before a market's sandbox from now on.
    pub async fn of(market: &Market) -> Self {
        let rules = Arc::new(Mutex::new(Rules::default()));
        let shared = Shared {
            rules: Arc::clone(&rules),
            sandbox: market.sandbox.url().to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        let app = Router::new().fallback(any(pass)).with_state(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let change = json!({
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "origins": {
                "https://api.etsy.com": origin,
                "https://www.etsy.com": market.sandbox.url(),
            },
        });
        let path = "/api/plugins/etsy/configuration";
        market.stage.post(path, change).await.unwrap();
        Self(rules)
    }

    /// Answers instead of the sandbox, where the rule does.
    pub fn instead(&self, rule: impl Fn(&str, &str) -> Option<Reply> + Send + 'static) {
        self.0.lock().unwrap().instead = Some(Box::new(rule));
    }

    /// Changes the sandbox's answers, by the path of the request.
    pub fn twist(&self, rule: impl FnMut(&str, Reply) -> Reply + Send + 'static) {
        self.0.lock().unwrap().twist = Some(Box::new(rule));
    }

    /// Changes the JSON of the sandbox's answers.
    pub fn twist_json(&self, mut rule: impl FnMut(&str, &mut Value) + Send + 'static) {
        self.twist(move |path, (status, body)| {
            let Ok(mut json) = serde_json::from_slice(&body) else {
                return (status, body);
            };
            rule(path, &mut json);
            (status, json.to_string().into_bytes())
        });
    }

    /// Passes everything on again.
    pub fn clear(&self) {
        *self.0.lock().unwrap() = Rules::default();
    }
}

async fn pass(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let path = parts.uri.path().to_owned();
    // Tokens are not what is odd here.
    let is_odd = !path.contains("/oauth/");
    let instead = {
        let rules = shared.rules.lock().unwrap();
        let rule = rules.instead.as_ref().filter(|_| is_odd);
        rule.and_then(|rule| rule(parts.method.as_str(), &path))
    };
    if let Some(reply) = instead {
        return answer(reply);
    }
    let url = format!("{}{}", shared.sandbox, parts.uri);
    let mut onward = shared.http.request(parts.method, url).body(body);
    for (name, value) in &parts.headers {
        if !["host", "content-length", "accept-encoding"].contains(&name.as_str()) {
            onward = onward.header(name, value);
        }
    }
    let reply = onward.send().await.unwrap();
    let status = reply.status().as_u16();
    let reply = (status, reply.bytes().await.unwrap().to_vec());
    let mut rules = shared.rules.lock().unwrap();
    match rules.twist.as_mut().filter(|_| is_odd) {
        Some(twist) => answer(twist(&path, reply)),
        None => answer(reply),
    }
}

fn answer((status, body): Reply) -> Response {
    let reply = Response::builder().status(status);
    let reply = reply.header("content-type", "application/json");
    reply.body(Body::from(body)).unwrap()
}
