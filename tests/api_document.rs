//! `docs/api.md` is what runs: it is made from `/openapi.json` and from exchanges with the running program,
//! and this test compares it. `cargo xtask docs` writes it anew.

mod exchanges;
mod page;
mod schema;
mod settled;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::every_route::Scene;
use exchanges::{Exchange, exchanges};

/// Set to write the document instead of comparing it.
const WRITE: &str = "API_DOCUMENT_WRITE";

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md")
}

#[tokio::test]
async fn the_document_of_the_api_is_what_runs() {
    let scene = Scene::new().await;
    let document = scene.operator.get("/openapi.json").await.json();
    let exchanges = exchanges(&scene).await;
    every_route_has_one(&document, &exchanges);
    let made = page::of(&document, &exchanges);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(file(), &made).unwrap();
        return;
    }
    let there = std::fs::read_to_string(file()).unwrap_or_default();
    let differs = there
        .lines()
        .zip(made.lines())
        .position(|(there, made)| there != made);
    let line = differs.unwrap_or_else(|| there.lines().count().min(made.lines().count()));
    assert!(
        there == made,
        "docs/api.md is not what runs, from line {}: cargo xtask docs writes it anew\n  there: {:?}\n  runs:  {:?}",
        line + 1,
        there.lines().nth(line),
        made.lines().nth(line),
    );
}

/// Each route is shown at work, or as its function is.
fn every_route_has_one(document: &Value, exchanges: &[Exchange]) {
    let missing: Vec<String> = page::operations(document)
        .map(|operation| operation.name())
        .filter(|name| page::own_route(name).is_none())
        .filter(|name| !exchanges.iter().any(|exchange| exchange.route == *name))
        .collect();
    assert!(missing.is_empty(), "no example of {missing:#?}");
}
