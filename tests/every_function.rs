//! Every function that the Etsy plugin exports, once as it should be called and once as it should not.
//! The functions are read from the installed plugin: one without a case here fails.

pub mod cases;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::Value;
use stoflow_host::api::{Problem, ProblemKind};

use crate::market::Market;
use cases::{Asks, Case, Failure, Scene};

/// The functions of the active version, as `interface.function`.
async fn exported(market: &Market) -> BTreeSet<String> {
    let schema = market.stage.get("/api/plugins/etsy/schema").await.unwrap();
    let mut names = BTreeSet::new();
    for interface in schema["shape"]["interfaces"].as_array().unwrap() {
        for function in interface["functions"].as_array().unwrap() {
            let text = |value: &Value| value["name"].as_str().unwrap().to_owned();
            names.insert(format!("{}.{}", text(interface), text(function)));
        }
    }
    names
}

async fn call(market: &Market, case: &Case, arguments: &Value) -> Result<Value, Problem> {
    market
        .call_with_files(case.function, arguments.clone())
        .await
}

/// Where a call failed: by its problem, or inside of an answer that has one for each of many things.
pub fn failed(answer: Result<Value, Problem>) -> Result<Failure, Value> {
    match answer {
        Err(problem) => {
            let path = problem.violations.first().map(|it| it.path.clone());
            Ok(Failure {
                kind: problem.kind(),
                path: path.unwrap_or_default(),
            })
        }
        Ok(answer) => {
            let error = answer.pointer("/0/error").and_then(Value::as_object);
            let case = error.and_then(|error| error.keys().next().cloned());
            let kind = case.as_deref().and_then(cases::kind);
            kind.map(|kind| Failure::of(kind, "")).ok_or(answer)
        }
    }
}

#[tokio::test]
async fn every_function_has_its_cases() {
    let scene = Scene::new().await;
    let cases = cases::all(&scene.things);
    let known: BTreeSet<String> = cases.iter().map(|it| it.function.to_owned()).collect();
    assert_eq!(known.len(), cases.len(), "a function has its cases twice");
    assert_eq!(exported(&scene.market).await, known);
    for case in &cases {
        assert!(!case.fails.is_empty(), "{} cannot fail?", case.function);
    }
}

#[tokio::test]
async fn every_function_fails_as_it_should_and_then_works() {
    let scene = Scene::new().await;
    for case in &cases::all(&scene.things) {
        let name = case.function;
        for (arguments, expected) in &case.fails {
            let failure = failed(call(&scene.market, case, arguments).await);
            assert_eq!(failure.as_ref(), Ok(expected), "{name} {arguments}");
        }
        let Some((arguments, place, expected)) = &case.works else {
            continue;
        };
        let answer = call(&scene.market, case, arguments).await;
        let answer = answer.unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
        assert_eq!(answer.pointer(place), Some(expected), "{name}: {answer}");
    }
}

#[tokio::test]
async fn a_consent_that_has_ended_is_said_by_every_function_that_needs_it() {
    let scene = Scene::new().await;
    let cases = cases::all(&scene.things);
    scene.market.sandbox.expire_tokens(true);
    let calls = cases.iter().filter(|case| case.asks == Asks::Seller);
    let calls = calls.filter_map(|case| Some((case, &case.works.as_ref()?.0)));
    let answers = calls.map(async |(case, arguments)| {
        let failure = failed(call(&scene.market, case, arguments).await);
        let failure = failure.map(|failure| failure.kind);
        assert_eq!(failure, Ok(ProblemKind::ConsentNeeded), "{}", case.function);
    });
    assert!(join_all(answers).await.len() > 10);
}

#[tokio::test]
async fn a_marketplace_that_is_gone_is_said_by_every_function_that_asks_it() {
    let scene = Scene::new().await;
    let cases = cases::all(&scene.things);
    let Market { stage, sandbox, .. } = scene.market;
    sandbox.stop().await;
    let calls = cases.iter().filter(|case| case.asks != Asks::Nobody);
    let calls = calls.filter_map(|case| Some((case, case.works.clone()?.0)));
    let answers = calls.map(async |(case, arguments)| {
        let answer = stage
            .call_with_files("etsy", case.function, arguments)
            .await;
        let failure = failed(answer).map(|failure| failure.kind);
        assert_eq!(failure, Ok(ProblemKind::Unavailable), "{}", case.function);
    });
    assert!(join_all(answers).await.len() > 10);
}
