//! The routes of the contract's functions: each does what `call` does, and says what is wrong with what it
//! cannot take.

pub mod asked;
mod bad_input;
mod connection;
mod own;
mod pages;

use serde_json::{Map, Value, json};
use stoflow_host::contract::{Route, function_routes};

use crate::every_function::cases::{self, Case, Scene};
use crate::every_function::failed;
use crate::policies::parcels;
use asked::Asked;

/// What a route works with where the function's own case does not fit it: arguments without those of the
/// path, a place in the reply, what stands there.
pub fn own_case(route: &Route) -> Option<(Value, &'static str, Value)> {
    let first = "/items/0/state";
    Some(match (route.method.as_str(), route.path) {
        ("GET", "/listings/active") => (json!({}), first, json!("active")),
        ("GET", "/listings/inactive" | "/listings/sold-out" | "/listings/expired") => {
            (json!({ "page": { "limit": 5 } }), "/items", json!([]))
        }
        ("POST", "/shipping/profiles") => {
            let profile = json!({ "name": "Parcels", "data": parcels() });
            (profile, "/kind", json!("shipping"))
        }
        _ => return None,
    })
}

/// The arguments that a route is given beside its path's; `None` where the path says otherwise.
pub fn fitting(route: &Route, arguments: &Value) -> Option<Map<String, Value>> {
    let mut arguments = arguments.as_object().unwrap().clone();
    for (name, json) in route.fixed {
        let fixed: Value = serde_json::from_str(json).unwrap();
        if arguments.remove(*name).is_some_and(|said| said != fixed) {
            return None;
        }
    }
    Some(arguments)
}

pub fn routes_of(case: &Case) -> Vec<&'static Route> {
    let all = function_routes();
    let own = all.filter(|(interface, function, ..)| {
        case.function.split_once('.') == Some((interface, function))
    });
    own.map(|(.., route)| route).collect()
}

#[tokio::test]
async fn every_route_fails_as_its_function_does_and_then_works() {
    let scene = Scene::new().await;
    let (mut worked, mut refused) = (0, 0);
    for case in &cases::all(&scene.things) {
        for route in routes_of(case) {
            let name = format!("{} {}", route.method.as_str(), route.path);
            let fails = case.fails.iter();
            for (arguments, expected) in fails.filter_map(|(it, e)| Some((fitting(route, it)?, e)))
            {
                let asked = Asked::of(route, &arguments);
                let failure = failed(asked.send(&scene.market.stage).await);
                assert_eq!(failure.as_ref(), Ok(expected), "{name} {arguments:?}");
                refused += 1;
            }
            let works = own_case(route).or_else(|| case.works.clone());
            let (arguments, place, expected) = works.unwrap_or_else(|| panic!("{name}: no case"));
            let arguments = fitting(route, &arguments).unwrap_or_else(|| panic!("{name}: no case"));
            let answer = Asked::of(route, &arguments).send(&scene.market.stage).await;
            let answer = answer.unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
            assert_eq!(answer.pointer(place), Some(&expected), "{name}: {answer}");
            worked += 1;
        }
    }
    assert_eq!(worked, function_routes().count());
    assert!(refused >= worked, "{refused} refused of {worked}");
}
