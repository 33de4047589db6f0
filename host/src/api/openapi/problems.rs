//! Errors in the document: for each status that a route may answer with, which types of problem that
//! can be.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Map, Value, json};

use crate::api::problem::ProblemKind;
use crate::api::problem_pages;
use crate::api::route::Permission;

/// How every route may fail: the request is not understood, there is too much of it, the host fails.
const EVERYWHERE: &[ProblemKind] = &[
    ProblemKind::BadRequest,
    ProblemKind::NoRoute,
    ProblemKind::NoMethod,
    ProblemKind::WrongMediaType,
    ProblemKind::Misdirected,
    ProblemKind::Unavailable,
    ProblemKind::Damaged,
    ProblemKind::Internal,
];

/// How a route that changes something may fail besides: its body does not come, and a repeat by its
/// `Idempotency-Key` finds the first try still there, or half done.
const CHANGING: &[ProblemKind] = &[
    ProblemKind::TooLarge,
    ProblemKind::RequestTimeout,
    ProblemKind::IdempotencyConflict,
    ProblemKind::StillRunning,
    ProblemKind::Conflict,
    ProblemKind::Uncertain,
];

/// How a route that takes arguments may fail besides.
const WITH_ARGUMENTS: &[ProblemKind] = &[ProblemKind::InvalidArguments];

/// What kind of body a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    /// Members that have to fit, in the query or in a body.
    Arguments,
    File,
}

/// The responses of a route's failures.
pub(super) fn responses(
    method: &Method,
    permission: &Permission,
    takes: Takes,
    own: &[ProblemKind],
) -> Map<String, Value> {
    let mut kinds: Vec<ProblemKind> = EVERYWHERE.iter().chain(own).copied().collect();
    if !method.is_safe() {
        kinds.extend(CHANGING);
    }
    if takes == Takes::Arguments {
        kinds.extend(WITH_ARGUMENTS);
    }
    if !matches!(permission, Permission::Anybody) {
        kinds.extend([
            ProblemKind::Unauthenticated,
            ProblemKind::NotAllowed,
            ProblemKind::TooManyRequests,
        ]);
    }
    let mut by_status: BTreeMap<u16, Vec<ProblemKind>> = BTreeMap::new();
    for kind in kinds {
        let kinds = by_status.entry(kind.status().as_u16()).or_default();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    by_status
        .iter()
        .map(|(status, kinds)| (status.to_string(), response(*status, kinds)))
        .collect()
}

fn response(status: u16, kinds: &[ProblemKind]) -> Value {
    let types: Vec<String> = kinds.iter().map(|kind| kind.type_uri()).collect();
    let says: Vec<String> = kinds.iter().map(|kind| told(*kind)).collect();
    let mut response = json!({
        "description": says.join("; "),
        "content": { "application/problem+json": { "schema": { "allOf": [
            { "$ref": "#/components/schemas/Problem" },
            { "properties": { "type": { "enum": types }, "status": { "const": status } } },
        ] } } },
    });
    let header = match status {
        401 => Some(("WWW-Authenticate", "How to say who is asking.", "string")),
        405 => Some(("Allow", "The methods that the path takes.", "string")),
        _ => None,
    };
    if let Some((name, says, kind)) = header {
        let headers = json!({ name: { "description": says, "schema": { "type": kind } } });
        super::values::put(&mut response, "headers", headers);
    }
    response
}

/// A kind, and when it comes, as its page says.
fn told(kind: ProblemKind) -> String {
    let when = problem_pages::row(kind.slug()).map_or("", |row| row.when);
    format!("`{}`: {when}", kind.slug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_route_answers_depends_on_what_it_takes_and_from_whom() {
        let open = responses(&Method::GET, &Permission::Anybody, Takes::Nothing, &[]);
        assert!(
            !open.contains_key("401") && !open.contains_key("413"),
            "{open:?}"
        );
        let closed = responses(&Method::POST, &Permission::Caller, Takes::Arguments, &[]);
        for status in [
            "400", "401", "403", "404", "409", "413", "415", "422", "429", "500",
        ] {
            assert!(closed.contains_key(status), "{status}");
        }
        let schema = &closed["409"]["content"]["application/problem+json"]["schema"];
        assert_eq!(
            schema["allOf"][1]["properties"]["type"]["enum"],
            json!(["/problems/still-running", "/problems/conflict"])
        );
    }
}
