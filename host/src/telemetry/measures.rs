//! What is counted and timed, in one list, and the functions that do it. docs/telemetry.md is compared
//! with the list.
//!
//! A label has few values: templates of routes, names of plugins and of their functions and quotas,
//! classes of statuses. An account, a user, a key, a path or a marketplace's words would make a series
//! each, and be told to whoever reads them.

use std::time::Duration;

use http::Method;
use metrics::{counter, gauge, histogram};

use super::recorder::is_on;
use crate::model::PluginId;

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How often each duration came, in seconds.
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// As Prometheus knows it.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// By what it is told apart.
    pub labels: &'static [&'static str],
    /// What it says, in a line.
    pub says: &'static str,
}

const fn metric(
    name: &'static str,
    kind: MetricKind,
    labels: &'static [&'static str],
    says: &'static str,
) -> Metric {
    Metric {
        name,
        kind,
        labels,
        says,
    }
}

const REQUESTS: &str = "stoflow_requests_total";
const REQUEST_SECONDS: &str = "stoflow_request_seconds";
const CALLS: &str = "stoflow_calls_total";
const CALL_SECONDS: &str = "stoflow_call_seconds";
const MARKETPLACE: &str = "stoflow_marketplace_requests_total";
const MARKETPLACE_SECONDS: &str = "stoflow_marketplace_request_seconds";
const QUOTA_LIMIT: &str = "stoflow_quota_limit";
const QUOTA_LEFT: &str = "stoflow_quota_left";
const REFRESHES: &str = "stoflow_token_refreshes_total";
const PUSHES: &str = "stoflow_pushes_total";
const OPERATIONS: &str = "stoflow_operations_total";
const COMMITS: &str = "stoflow_store_commits_total";
const COMMIT_SECONDS: &str = "stoflow_store_commit_seconds";
const MEMORY: &str = "stoflow_process_memory_bytes";
const CONNECTIONS: &str = "stoflow_connections";
const OPEN_FILES: &str = "stoflow_process_open_files";

/// All of them.
pub const METRICS: &[Metric] = &[
    metric(
        REQUESTS,
        MetricKind::Counter,
        &["method", "route", "status"],
        "Requests to the API, by the template of their route (`none` for what has none) and the class of the reply's status (`2xx`)",
    ),
    metric(
        REQUEST_SECONDS,
        MetricKind::Histogram,
        &["method", "route"],
        "From a request's head to its reply's",
    ),
    metric(
        CALLS,
        MetricKind::Counter,
        &["plugin", "function", "outcome"],
        "Calls of plugins: `ok`, `error` (the function's own), `trap`, `timeout`, `stuck`, `computing`, `limit`, `busy`, `arguments`, `reply`, `missing`, `host`",
    ),
    metric(
        CALL_SECONDS,
        MetricKind::Histogram,
        &["plugin", "function"],
        "How long calls take, with what they wait for",
    ),
    metric(
        MARKETPLACE,
        MetricKind::Counter,
        &["plugin", "status", "retried"],
        "Requests to marketplaces by the class of the reply's status, `none` where none came; `retried` for those that are sent again",
    ),
    metric(
        MARKETPLACE_SECONDS,
        MetricKind::Histogram,
        &["plugin"],
        "From sending a request to its reply's head",
    ),
    metric(
        QUOTA_LIMIT,
        MetricKind::Gauge,
        &["plugin", "quota"],
        "What an app's quota allows in its window, as far as is known",
    ),
    metric(
        QUOTA_LEFT,
        MetricKind::Gauge,
        &["plugin", "quota"],
        "What was left of it behind the last request",
    ),
    metric(
        REFRESHES,
        MetricKind::Counter,
        &["plugin", "outcome"],
        "Refreshes of tokens: `refreshed`, or why not",
    ),
    metric(
        PUSHES,
        MetricKind::Counter,
        &["plugin", "outcome"],
        "Pushes of marketplaces: `received`, or why not",
    ),
    metric(
        OPERATIONS,
        MetricKind::Counter,
        &["plugin", "state"],
        "Operations: `begun`, `resumed` after a crash, and how they ended: `done`, `failed`, `uncertain`",
    ),
    metric(
        COMMITS,
        MetricKind::Counter,
        &["outcome"],
        "Commits of the store: `ok`, `conflict`, `failed`",
    ),
    metric(
        COMMIT_SECONDS,
        MetricKind::Histogram,
        &[],
        "From a commit to its being on disk",
    ),
    metric(
        MEMORY,
        MetricKind::Gauge,
        &[],
        "Memory of the process that is not swapped out",
    ),
    metric(
        CONNECTIONS,
        MetricKind::Gauge,
        &[],
        "Connections of clients, of TCP and of the socket",
    ),
    metric(
        OPEN_FILES,
        MetricKind::Gauge,
        &[],
        "Files and connections that the process holds open",
    ),
];

/// A request to the API was answered.
pub fn request(asked: &Method, route: &str, status: u16, elapsed: Duration) {
    if !is_on() {
        return;
    }
    let (asked, route) = (method(asked), route.to_owned());
    counter!(REQUESTS, "method" => asked, "route" => route.clone(), "status" => class(status))
        .increment(1);
    histogram!(REQUEST_SECONDS, "method" => asked, "route" => route).record(elapsed);
}

/// A call of `listings.list` has ended.
pub fn call(plugin: &PluginId, function: String, outcome: &'static str, elapsed: Duration) {
    if !is_on() {
        return;
    }
    let plugin = plugin.to_string();
    counter!(CALLS, "plugin" => plugin.clone(), "function" => function.clone(), "outcome" => outcome)
        .increment(1);
    histogram!(CALL_SECONDS, "plugin" => plugin, "function" => function).record(elapsed);
}

/// A request was sent to a marketplace; `None` where no reply came.
pub fn marketplace(plugin: &PluginId, status: Option<u16>, retried: bool, elapsed: Duration) {
    if !is_on() {
        return;
    }
    let plugin = plugin.to_string();
    let retried = if retried { "true" } else { "false" };
    let status = status.map_or("none", class);
    counter!(MARKETPLACE, "plugin" => plugin.clone(), "status" => status, "retried" => retried)
        .increment(1);
    histogram!(MARKETPLACE_SECONDS, "plugin" => plugin).record(elapsed);
}

/// What is known of an app's quota.
pub fn quota(plugin: &PluginId, quota: &str, limit: u32, left: u32) {
    if !is_on() {
        return;
    }
    let (plugin, quota) = (plugin.to_string(), quota.to_owned());
    gauge!(QUOTA_LIMIT, "plugin" => plugin.clone(), "quota" => quota.clone()).set(limit);
    gauge!(QUOTA_LEFT, "plugin" => plugin, "quota" => quota).set(left);
}

/// A token was refreshed, or was not.
pub fn refresh(plugin: &PluginId, outcome: String) {
    if is_on() {
        counter!(REFRESHES, "plugin" => plugin.to_string(), "outcome" => outcome).increment(1);
    }
}

/// A marketplace has pushed something to a plugin that there is.
pub fn push(plugin: &PluginId, outcome: &'static str) {
    if is_on() {
        counter!(PUSHES, "plugin" => plugin.to_string(), "outcome" => outcome).increment(1);
    }
}

/// An operation has come into this state.
pub fn operation(plugin: &PluginId, state: &'static str) {
    if is_on() {
        counter!(OPERATIONS, "plugin" => plugin.to_string(), "state" => state).increment(1);
    }
}

/// A commit was answered.
pub fn commit(outcome: &'static str, elapsed: Duration) {
    if is_on() {
        counter!(COMMITS, "outcome" => outcome).increment(1);
        histogram!(COMMIT_SECONDS).record(elapsed);
    }
}

/// A client is connected, or is gone.
pub fn connection(is_there: bool) {
    if is_on() {
        let gauge = gauge!(CONNECTIONS);
        match is_there {
            true => gauge.increment(1.0),
            false => gauge.decrement(1.0),
        }
    }
}

/// What the process takes.
pub(super) fn process(memory_bytes: Option<u64>, open_files: Option<u64>) {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a gauge is a float; 2^53 bytes are more than there are"
    )]
    let set = |name, value: Option<u64>| {
        if let Some(value) = value {
            gauge!(name).set(value as f64);
        }
    };
    set(MEMORY, memory_bytes);
    set(OPEN_FILES, open_files);
}

/// A client may make up a method; there are few that mean something.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: u16) -> &'static str {
    match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500..600 => "5xx",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_make_up_makes_no_new_series() {
        assert_eq!(method(&Method::from_bytes(b"BREW").unwrap()), "other");
        assert_eq!(
            (class(204), class(404), class(999)),
            ("2xx", "4xx", "other")
        );
    }

    #[test]
    fn a_name_says_what_it_counts_in() {
        for metric in METRICS {
            let end = match metric.kind {
                MetricKind::Counter => metric.name.ends_with("_total"),
                MetricKind::Histogram => metric.name.ends_with("_seconds"),
                MetricKind::Gauge => !metric.name.ends_with("_total"),
            };
            assert!(
                end && metric.name.starts_with("stoflow_"),
                "{}",
                metric.name
            );
        }
    }
}
