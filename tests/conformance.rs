//! What the plugin sends and what the sandbox answers, held against the structure of Etsy's document:
//! every operation that the plugin can build, through the real host, by a checker that is not the
//! sandbox's own gate.

mod built;
mod calls;

use std::collections::BTreeSet;

use stoflow_sandbox::RequestRecord;
use stoflow_sandbox::conformance::{differences, request_differences};
use stoflow_sandbox::table::Table;

use crate::market::Market;
use built::built;

/// What differs in a request, from Etsy's document and from what the plugin is allowed.
fn request_differs(request: &RequestRecord, scopes: &BTreeSet<String>) -> Vec<String> {
    let Some(operation) = &request.operation else {
        return vec!["it leads nowhere".to_owned()];
    };
    let body = request.request_body.as_deref().unwrap_or_default();
    let mut found = request_differences(
        operation,
        &request.method,
        &request.path,
        &request.query,
        &request.headers,
        body.as_bytes(),
    );
    let documented = Table::get().operations.get(operation);
    let needed = documented.into_iter().flat_map(|it| &it.scopes);
    let missing = needed.filter(|scope| !scopes.contains(*scope));
    found.extend(missing.map(|scope| format!("the plugin does not ask for {scope}")));
    found
}

/// What differs in a reply. Of an error the document has the status; Etsy's bodies do not follow it.
fn reply_differs(request: &RequestRecord) -> Vec<String> {
    let operation = request.operation.as_deref().unwrap_or_default();
    let body = request.response_body.as_deref().unwrap_or_default();
    let mut found = differences(operation, request.status, body.as_bytes());
    let documented = Table::get().operations.get(operation);
    let status = request.status.to_string();
    if !documented.is_some_and(|it| it.responses.contains_key(&status)) {
        found.push(format!("{status} is not documented: {body}"));
    }
    found
}

/// What came of a connected shop's calls, without the consent's own two requests: those are of
/// RFC 6749, not of the document.
fn recorded(market: &Market) -> Vec<RequestRecord> {
    let mut requests = market.sandbox.requests();
    requests.retain(|it| !matches!(it.operation.as_deref(), Some("connect" | "token")));
    requests
}

async fn market() -> Market {
    Market::with(|options| options.keep_bodies = true, |_| ()).await
}

#[tokio::test]
async fn every_operation_that_the_plugin_can_build_is_sent_and_answered_as_documented() {
    let market = market().await;
    let scopes = calls::consent(&market).await;
    calls::goods_that_are_shipped(&market).await;
    calls::goods_that_are_downloaded(&market).await;
    calls::reading(&market).await;
    calls::orders(&market).await;
    calls::rules_of_the_shop(&market).await;
    let requests = recorded(&market);
    let (mut sent, mut differing) = (BTreeSet::new(), BTreeSet::new());
    let mut wrong = BTreeSet::new();
    for request in &requests {
        let operation = request.operation.clone().unwrap_or_default();
        let found = [request_differs(request, &scopes), reply_differs(request)].concat();
        if !found.is_empty() {
            differing.insert(operation.clone());
        }
        let (method, path) = (&request.method, &request.path);
        let line = |text| format!("{operation} ({method} {path}): {text}");
        wrong.extend(found.into_iter().map(line));
        sent.insert(operation);
    }
    let built: BTreeSet<String> = built().into_values().collect();
    println!(
        "{} operations sent in {} requests, {} checked, {} differing; the plugin can build {}",
        sent.len(),
        requests.len(),
        sent.iter().filter(|id| built.contains(*id)).count(),
        differing.len(),
        built.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(sent, built, "sent, and what the plugin can build");
}

#[tokio::test]
async fn whatever_is_changed_in_a_request_or_a_reply_is_a_difference() {
    let market = market().await;
    let scopes = calls::consent(&market).await;
    calls::goods_that_are_downloaded(&market).await;
    calls::reading(&market).await;
    for request in recorded(&market) {
        let id = request.operation.clone().unwrap();
        assert_eq!(request_differs(&request, &scopes), [""; 0], "{id}");
        for (what, change) in CHANGES {
            let mut changed = request.clone();
            change(&mut changed);
            let found = [request_differs(&changed, &scopes), reply_differs(&changed)].concat();
            assert!(!found.is_empty(), "{id} with {what} is as before");
        }
        let needed = &Table::get().operations[&id].scopes;
        let found = request_differs(&request, &BTreeSet::new());
        assert_eq!(found.len(), needed.len(), "{id}: {found:?}");
    }
}

type Change = fn(&mut RequestRecord);

const CHANGES: &[(&str, Change)] = &[
    ("another method", |it| it.method = "OPTIONS".to_owned()),
    ("a longer path", |it| it.path.push_str("/more")),
    ("an unknown parameter", |it| {
        it.query = format!("nonsense=1&{}", it.query);
    }),
    ("no credentials", |it| it.headers.clear()),
    ("another body", |it| {
        it.request_body = Some("{\"a\":".into())
    }),
    ("another status", |it| it.status = 202),
    ("an empty reply, or one where none is due", |it| {
        let is_empty = it.response_body.as_deref().unwrap_or_default().is_empty();
        it.response_body = is_empty.then(|| "{}".to_owned());
    }),
    ("another reply", |it| {
        it.response_body = Some("{\"a\":1}".into())
    }),
];

#[tokio::test]
async fn the_plugin_asks_for_no_scope_that_it_does_not_use() {
    let market = market().await;
    let asked = calls::consent(&market).await;
    let operations = &Table::get().operations;
    let used = built().into_values().flat_map(|id| &operations[&id].scopes);
    let used: BTreeSet<String> = used.cloned().collect();
    assert_eq!(asked, used);
}
