//! Errors as people and programs get them: problem+json (RFC 9457) with a stable type, what is
//! wrong, where, and what to do.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, Uri, header};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of problem it is. The list is stable: programs branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request cannot be understood.
    BadRequest,
    /// Nobody says who is asking.
    Unauthenticated,
    /// The key may not do this, or not with what belongs to another user.
    NotAllowed,
    /// The key, or the address without one, asks too often.
    TooManyRequests,
    /// There is no such key to the API.
    UnknownKey,
    /// There is nothing of such a user.
    UnknownUser,
    /// There is no such route.
    NoRoute,
    /// The path does not take the method.
    NoMethod,
    /// The body is of another media type than the route takes.
    WrongMediaType,
    /// The body is larger than the route takes.
    TooLarge,
    /// There is no such plugin.
    UnknownPlugin,
    /// The plugin has no such interface or function.
    UnknownFunction,
    /// The file is no plugin that can be installed.
    InvalidPlugin,
    /// The operator has not granted it.
    NotGranted,
    /// There is no such account.
    UnknownAccount,
    /// There is no such operation.
    UnknownOperation,
    /// There is no such file.
    UnknownFile,
    /// The key of a request was used for another request.
    IdempotencyConflict,
    /// The same request is being worked on.
    StillRunning,
    /// What is behind the cursor is not kept any more.
    CursorExpired,
    /// Several accounts fit, or none does.
    AccountNeeded,
    /// The seller has to consent.
    ConsentNeeded,
    /// Consent did not come about.
    ConsentFailed,
    /// The seller, or the one who was asked last, said no.
    ConsentDenied,
    /// It took longer than ten minutes.
    ConsentExpired,
    /// It has been used.
    ConsentUsed,
    /// It was not begun here, or for another user, marketplace, browser or key.
    ConsentForeign,
    /// Another seller consented than the one whose account was to be renewed.
    OtherSeller,
    /// The operator's configuration lacks something or is wrong.
    Configuration,
    /// The arguments do not fit the function.
    InvalidArguments,
    /// The data break the marketplace's rules.
    Invalid,
    /// The marketplace refuses this account or app the operation.
    Forbidden,
    /// The marketplace has no such thing.
    NotFound,
    /// It exists already, or is in a state that does not allow this.
    Conflict,
    /// The account lacks something that a person sets up on the marketplace.
    Precondition,
    /// The marketplace allows no more requests now.
    RateLimited,
    /// Nothing happened; trying again later may work.
    Unavailable,
    /// It may or may not have happened.
    Uncertain,
    /// The marketplace said no in its own words.
    Rejected,
    /// The marketplace's reply is not what the plugin can read.
    Unexpected,
    /// The plugin or marketplace has no such operation.
    Unsupported,
    /// The plugin stopped, or ran into a limit.
    PluginFailed,
    /// The plugin took too long.
    PluginTimeout,
    /// What is kept is not as it was written, and cannot be made good.
    Damaged,
    /// The request names a host that this server is not.
    Misdirected,
    /// The request did not come in time.
    RequestTimeout,
    /// The host itself failed.
    Internal,
}

/// Slug, status, and the exit code of the command line, of each kind.
const KINDS: &[(ProblemKind, &str, u16, u8)] = &[
    (ProblemKind::BadRequest, "bad-request", 400, 2),
    (ProblemKind::Unauthenticated, "unauthenticated", 401, 4),
    (ProblemKind::NotAllowed, "not-allowed", 403, 10),
    (ProblemKind::TooManyRequests, "too-many-requests", 429, 7),
    (ProblemKind::UnknownKey, "unknown-key", 404, 5),
    (ProblemKind::UnknownUser, "unknown-user", 404, 5),
    (ProblemKind::NoRoute, "no-route", 404, 2),
    (ProblemKind::NoMethod, "no-method", 405, 2),
    (ProblemKind::WrongMediaType, "wrong-media-type", 415, 2),
    (ProblemKind::TooLarge, "too-large", 413, 2),
    (ProblemKind::UnknownPlugin, "unknown-plugin", 404, 5),
    (ProblemKind::UnknownFunction, "unknown-function", 404, 5),
    (ProblemKind::InvalidPlugin, "invalid-plugin", 422, 3),
    (ProblemKind::NotGranted, "not-granted", 403, 10),
    (ProblemKind::UnknownAccount, "unknown-account", 404, 5),
    (ProblemKind::UnknownOperation, "unknown-operation", 404, 5),
    (ProblemKind::UnknownFile, "unknown-file", 404, 5),
    (
        ProblemKind::IdempotencyConflict,
        "idempotency-conflict",
        422,
        2,
    ),
    (ProblemKind::StillRunning, "still-running", 409, 7),
    (ProblemKind::CursorExpired, "cursor-expired", 410, 5),
    (ProblemKind::AccountNeeded, "account-needed", 409, 6),
    (ProblemKind::ConsentNeeded, "consent-needed", 403, 4),
    (ProblemKind::ConsentFailed, "consent-failed", 400, 4),
    (ProblemKind::ConsentDenied, "consent-denied", 403, 4),
    (ProblemKind::ConsentExpired, "consent-expired", 400, 4),
    (ProblemKind::ConsentUsed, "consent-used", 409, 4),
    (ProblemKind::ConsentForeign, "consent-foreign", 403, 4),
    (ProblemKind::OtherSeller, "other-seller", 409, 6),
    (ProblemKind::Configuration, "configuration", 409, 6),
    (ProblemKind::InvalidArguments, "invalid-arguments", 422, 3),
    (ProblemKind::Invalid, "invalid", 422, 3),
    (ProblemKind::Forbidden, "forbidden", 403, 4),
    (ProblemKind::NotFound, "not-found", 404, 5),
    (ProblemKind::Conflict, "conflict", 409, 6),
    (ProblemKind::Precondition, "precondition", 409, 6),
    (ProblemKind::RateLimited, "rate-limited", 429, 7),
    (ProblemKind::Unavailable, "unavailable", 503, 7),
    (ProblemKind::Uncertain, "uncertain", 502, 8),
    (ProblemKind::Rejected, "rejected", 422, 3),
    (ProblemKind::Unexpected, "unexpected", 502, 9),
    (ProblemKind::Unsupported, "unsupported", 422, 11),
    (ProblemKind::PluginFailed, "plugin-failed", 502, 9),
    (ProblemKind::PluginTimeout, "plugin-timeout", 504, 9),
    (ProblemKind::Damaged, "damaged", 500, 12),
    (ProblemKind::Misdirected, "misdirected", 421, 2),
    (ProblemKind::RequestTimeout, "request-timeout", 408, 7),
    (ProblemKind::Internal, "internal", 500, 1),
];

impl ProblemKind {
    fn row(self) -> (&'static str, u16, u8) {
        let row = KINDS.iter().find(|(kind, ..)| *kind == self);
        row.map_or(("internal", 500, 1), |&(_, slug, status, exit)| {
            (slug, status, exit)
        })
    }

    /// The end of the type's URI.
    pub fn slug(self) -> &'static str {
        self.row().0
    }

    /// The type's URI.
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.slug())
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|(kind, ..)| *kind)
    }

    /// The kind with this slug.
    pub fn of_slug(slug: &str) -> Option<Self> {
        KINDS
            .iter()
            .find(|(_, known, ..)| *known == slug)
            .map(|(kind, ..)| *kind)
    }

    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The exit code of the command line.
    pub fn exit_code(self) -> u8 {
        self.row().2
    }
}

/// One thing wrong with what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// JSON Pointer.
    pub path: String,
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// `/problems/` and the kind's slug.
    #[serde(rename = "type")]
    #[schemars(schema_with = "types")]
    pub type_uri: String,
    /// What is wrong, in a sentence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// By which it is found in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// All that is wrong with what was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// The marketplace's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marketplace: Option<Value>,
    /// Seconds to wait, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// The types that there are.
fn types(_: &mut SchemaGenerator) -> Schema {
    let types: Vec<String> = ProblemKind::all().map(ProblemKind::type_uri).collect();
    json_schema!({ "type": "string", "format": "uri-reference", "enum": types })
}

impl Problem {
    /// A problem of a kind, in a sentence.
    pub fn new(kind: ProblemKind, title: impl fmt::Display) -> Self {
        Self {
            type_uri: kind.type_uri(),
            title: title.to_string(),
            status: kind.status().as_u16(),
            remedy: None,
            correlation_id: None,
            violations: Vec::new(),
            marketplace: None,
            retry_after: None,
        }
    }

    /// With what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl fmt::Display) -> Self {
        self.remedy = Some(remedy.to_string());
        self
    }

    /// The kind, by the type.
    pub fn kind(&self) -> ProblemKind {
        let slug = self.type_uri.rsplit('/').next().unwrap_or_default();
        ProblemKind::of_slug(slug).unwrap_or(ProblemKind::Internal)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after.map(HeaderValue::from);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        // Whoever knows the request's id writes it into what has none.
        response.extensions_mut().insert(self);
        response
    }
}

pub(super) async fn no_route(method: Method, uri: Uri) -> Problem {
    Problem::new(
        ProblemKind::NoRoute,
        format_args!("there is no {method} {}", uri.path()),
    )
}

pub(super) async fn no_method(method: Method, uri: Uri) -> Problem {
    Problem::new(
        ProblemKind::NoMethod,
        format_args!("{} does not take {method}", uri.path()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_in_the_table_once_and_found_by_its_slug() {
        for (kind, slug, status, exit) in KINDS {
            assert_eq!(
                KINDS
                    .iter()
                    .filter(|row| row.0 == *kind || row.1 == *slug)
                    .count(),
                1,
                "{slug}"
            );
            assert_eq!(ProblemKind::of_slug(slug), Some(*kind));
            assert!((400..600).contains(status));
            assert_ne!(*exit, 0);
            assert_eq!(Problem::new(*kind, "x").kind(), *kind);
        }
    }

    #[test]
    fn the_documentation_has_every_kind_as_it_is() {
        let page = include_str!("../../../docs/problems.md");
        for (kind, slug, status, exit) in KINDS {
            let row = page
                .lines()
                .find(|line| line.starts_with(&format!("| `/problems/{slug}` |")));
            let row = row.unwrap_or_else(|| panic!("{kind:?} is not documented"));
            assert!(
                row.contains(&status.to_string()) && row.contains(&format!("| {exit} |")),
                "{row}"
            );
        }
    }
}
