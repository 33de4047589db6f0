//! Every route of the running program, over TCP with a key: once as it should be asked, and once as it
//! should not. The routes are read from `/openapi.json`: one without a case here fails.

mod flows;
pub mod own;

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use stoflow_sandbox::Purchase;

use crate::every_function::cases::{self, Things, poster};
use crate::every_function::failed;
use crate::market::{example, id_of};
use crate::rest::asked::Asked;
use crate::rest::{fitting, own_case, routes_of};
use crate::served::{Asker, Served};
use crate::stage::form;

/// The scopes of all that a user's key can be for.
const SCOPES: [&str; 9] = [
    "accounts",
    "listings",
    "orders",
    "shop",
    "polling",
    "webhooks",
    "operations",
    "events",
    "metrics",
];

/// The daemon and who asks it.
pub struct Scene {
    pub served: Served,
    /// With a key of the first user's.
    pub user: Asker,
    /// With an operator's key.
    pub operator: Asker,
    /// With none.
    pub stranger: Asker,
}

impl Scene {
    pub async fn new() -> Self {
        let served = Served::start().await;
        let scopes = SCOPES.map(|noun| format!("{noun}:write"));
        let user = key(&served, json!({ "user": "u1", "scopes": scopes })).await;
        let operator = key(&served, json!({ "admin": true })).await;
        Self {
            user: served.client(Some(&user)),
            operator: served.client(Some(&operator)),
            stranger: served.stranger(),
            served,
        }
    }

    /// One of each thing in the user's shop.
    pub async fn things(&self) -> Things {
        let mug = self.publish("mug", &example("mug"), "active").await;
        let draft = self.publish("draft", &poster(), "draft").await;
        let order = self.served.sandbox.buy(&Purchase::of(mug.parse().unwrap()));
        Things {
            order: order.unwrap().to_string(),
            mug,
            draft,
        }
    }

    async fn publish(&self, key: &str, product: &Value, target: &str) -> String {
        let publication = Asked {
            method: "POST",
            target: "/api/etsy/products/publish".to_owned(),
            body: Some(form(
                &json!({ "key": key, "product": product, "target": target }),
            )),
        };
        let made = publication.send_by(&self.user).await;
        id_of(&made.unwrap()["listing"])
    }
}

/// A new key, which may ask as often as a test does.
async fn key(served: &Served, mut wanted: Value) -> String {
    wanted["rate"] = json!({ "per_second": 1_000, "burst": 1_000 });
    let made = served.post(None, "/api/keys", &wanted).await.json();
    made["secret"].as_str().unwrap().to_owned()
}

/// The routes of the running program, `GET /api/{plugin}/shop`.
async fn routes(scene: &Scene) -> BTreeSet<String> {
    let document = scene.operator.get("/openapi.json").await.json();
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.replace("/api/etsy/", "/api/{plugin}/");
        let path = match path.starts_with("/api/{plugin}/call/") {
            true => "/api/{plugin}/call/{interface}/{function}",
            false => &path,
        };
        for method in methods.as_object().unwrap().keys() {
            routes.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    routes
}

#[tokio::test]
async fn every_route_has_its_cases() {
    let scene = Scene::new().await;
    let functions = stoflow_host::contract::function_routes();
    let functions = functions
        .map(|(.., route)| format!("{} /api/{{plugin}}{}", route.method.as_str(), route.path));
    let own = own::all(&scene)
        .into_iter()
        .map(|case| case.route.to_owned());
    let known: BTreeSet<String> = functions.chain(own).collect();
    let routes = routes(&scene).await;
    let missing: Vec<&String> = routes.difference(&known).collect();
    assert!(
        missing.is_empty(),
        "these routes have no case: {missing:#?}"
    );
    assert!(routes.len() > 50, "{}", routes.len());
}

#[tokio::test]
async fn every_function_s_route_fails_as_it_should_and_then_works() {
    let scene = Scene::new().await;
    let things = scene.things().await;
    for case in &cases::all(&things) {
        for route in routes_of(case) {
            let name = format!("{} {}", route.method.as_str(), route.path);
            for (arguments, expected) in &case.fails {
                let Some(arguments) = fitting(route, arguments) else {
                    continue;
                };
                let answer = Asked::of(route, &arguments).send_by(&scene.user).await;
                assert_eq!(
                    failed(answer).as_ref(),
                    Ok(expected),
                    "{name} {arguments:?}"
                );
            }
            let works = own_case(route).or_else(|| case.works.clone());
            let (arguments, place, expected) = works.unwrap_or_else(|| panic!("{name}: no case"));
            let asked = Asked::of(route, &fitting(route, &arguments).unwrap());
            let nobody = asked.send_by(&scene.stranger).await.unwrap_err();
            assert_eq!(nobody.status, 401, "{name}");
            let answer = asked.send_by(&scene.user).await;
            let answer = answer.unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
            assert_eq!(answer.pointer(place), Some(&expected), "{name}: {answer}");
        }
    }
}

#[tokio::test]
async fn every_route_of_the_host_s_own_fails_as_it_should_and_then_works() {
    let scene = Scene::new().await;
    own::prepare(&scene).await;
    let mut wrong = Vec::new();
    for case in own::all(&scene) {
        for ask in [Some(&case.fails), case.works.as_ref()]
            .into_iter()
            .flatten()
        {
            let answer = ask.send(&scene).await;
            if answer.status != ask.status {
                let (status, text) = (answer.status, answer.text());
                wrong.push(format!("{}: {ask:?}: {status} {text}", case.route));
            } else if !ask.problem.is_empty() {
                answer.problem(ask.problem);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_is_no_route_is_said_so_to_whoever_has_a_key() {
    let scene = Scene::new().await;
    for (path, status) in [("/", 404), ("/api", 404), ("/api/etsy/listings/1/2/3", 404)] {
        let answer = scene.user.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        answer.problem("no-route");
    }
    let request = scene.user.request(Method::PATCH, "/api/etsy/shop");
    scene.user.send(request).await.problem("no-method");
}
