//! What the daemon says of its work: one id in reply and log, no secret and nothing of a buyer in either
//! format, and counts that are true.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use http::Method;
use serde_json::{Value, json};
use stoflow_host::telemetry::{METRICS, MetricKind};
use stoflow_sandbox::{Buyer, CLIENT_SECRET, Purchase};

use crate::market::example;
use crate::served::Served;

/// Everything that can be said, by every library too.
const LOUD: &str = "[log]\nfilter = \"trace\"\n";

/// A call for the first user's shop, as an operator.
async fn call(served: &Served, function: &str, arguments: Value) -> Value {
    let function = function.replace('.', "/");
    let path = format!("/api/etsy/call/{function}?account={}", served.accounts[0]);
    served.post(None, &path, &arguments).await.json()
}

/// Sells a mug; the order's id.
async fn order(served: &Served, buyer: Buyer) -> String {
    let mut mug = example("mug");
    mug["images"] = json!([]);
    let arguments = json!({ "key": "mug", "product": mug, "target": "draft" });
    let done = call(served, "publish.create", arguments).await;
    let listing = done["listing"]["id"].as_str().unwrap().parse().unwrap();
    served.sandbox.set_listing_state(listing, "active").unwrap();
    let purchase = Purchase {
        buyer,
        note: Some("Please ring twice at Zanzibar".to_owned()),
        ..Purchase::of(listing)
    };
    served.sandbox.buy(&purchase).unwrap().to_string()
}

#[tokio::test]
async fn no_secret_and_nothing_of_a_buyer_is_in_a_log_of_either_format() {
    for format in ["text", "json"] {
        let toml = format!("{LOUD}format = \"{format}\"\n");
        let mut served = Served::with(&toml, |_| ()).await;
        let buyer = Buyer {
            name: "Perpetua Quillfeather".to_owned(),
            email: Some("perpetua@quill.example".to_owned()),
            first_line: "77 Thistledown Crescent".to_owned(),
            ..Buyer::default()
        };
        let id = order(&served, buyer).await;
        let read = call(&served, "orders.get", json!({ "id": id })).await;
        assert_eq!(read["ship_to"]["name"], "Perpetua Quillfeather");
        call(&served, "orders.list", json!({})).await;
        let search = json!({ "id": "Perpetua Quillfeather" });
        let path = format!("/api/etsy/call/orders/get?account={}", served.accounts[0]);
        assert!(served.post(None, &path, &search).await.status >= 400);
        served.sandbox.expire_tokens(false);
        call(&served, "shop.get", json!({})).await;
        let callback = "/api/etsy/oauth/callback?code=the-code-of-a-consent&state=the-state-of-it";
        served.stranger().get(callback).await;
        assert!(served.stop().success(), "{}", served.log());
        let log = served.log();
        assert!(log.contains("orders") && log.len() > 10_000, "{log}");
        for secret in [
            CLIENT_SECRET,
            "Perpetua",
            "Quillfeather",
            "perpetua@quill",
            "Thistledown",
            "Zanzibar",
            "the-code-of-a-consent",
            "the-state-of-it",
            "Bearer ",
        ] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{format}: {secret}");
        }
        for seller in served.sandbox.sellers() {
            assert_eq!(tokens(&log, seller.user_id), 0, "{format}");
        }
        let whole = log
            .lines()
            .filter(|line| format == "json" && !line.is_empty());
        for line in whole {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
    }
}

/// How many tokens of a seller's stand in a text: as Etsy's, the user's id, a dot, and what is secret.
fn tokens(text: &str, user: i64) -> usize {
    let begins = format!("{user}.");
    let is_token = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
    let found = text.match_indices(&begins);
    found
        .filter(|(at, _)| {
            let rest = &text[at + begins.len()..];
            rest.chars().take_while(is_token).count() > 20
        })
        .count()
}

#[test]
fn a_token_in_a_text_is_found() {
    assert_eq!(tokens("a 7.abcdefgh-jklmnopqrs_uvwxyz, 7.5", 7), 1);
}

/// The object of a log line with this message, and those of its spans by name.
fn line(log: &str, message: &str, id: &str) -> (Value, BTreeMap<String, Value>) {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let spans = |line: &Value| -> BTreeMap<String, Value> {
        let spans = line["spans"].as_array().cloned().unwrap_or_default();
        let named = spans.into_iter();
        named
            .map(|span| (span["name"].as_str().unwrap().to_owned(), span))
            .collect()
    };
    let mut found = lines.filter(|line| line["message"] == message);
    let found = found.find(|line| spans(line).get("request").is_some_and(|s| s["id"] == id));
    let found = found.unwrap_or_else(|| panic!("{message} of {id} is not in {log}"));
    let spans = spans(&found);
    (found, spans)
}

#[tokio::test]
async fn one_id_goes_from_the_request_to_the_call_to_the_marketplace_and_back() {
    let toml = "[log]\nfilter = \"debug\"\nformat = \"json\"\n";
    let mut served = Served::with(toml, |_| ()).await;
    let client = served.client(None);
    let account = &served.accounts[0];
    let path = format!("/api/etsy/call/listings/get?account={account}");
    let request = client.request(Method::POST, &path);
    let request = request
        .header("x-correlation-id", "front-7")
        .json(&json!({ "id": "999999999" }));
    let answer = client.send(request).await;
    assert_eq!(answer.header("x-correlation-id"), "front-7");
    let problem = answer.problem("not-found");
    assert_eq!(problem.correlation_id.as_deref(), Some("front-7"));
    assert!(served.stop().success());
    let log = served.log();

    let (_, spans) = line(&log, "answered", "front-7");
    let call = &spans["call"];
    let asked = &spans["marketplace"];
    assert_eq!(
        (&call["id"], &asked["call"]),
        (&json!("front-7"), &json!("front-7"))
    );
    assert_eq!(call["interface"], "listings");
    assert_eq!(
        (&asked["method"], &asked["status"]),
        (&json!("GET"), &json!(404))
    );
    assert_eq!(asked["endpoint"], "/v3/application/");
    assert!(asked["ms"].is_number() && asked["attempt"] == 1, "{asked}");

    let (called, _) = line(&log, "called", "front-7");
    assert_eq!(called["outcome"], "error");
    let request = &spans["request"];
    assert_eq!(request["method"], "POST");
    assert_eq!(
        request["route"],
        "/api/{plugin}/call/{interface}/{function}"
    );
    assert_eq!(request["caller"], "operator");
    assert!(!log.contains("999999999"), "{log}");
    // The request's own line comes last, with what it was answered.
    let last = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .rfind(|line| line["message"] == "answered" && line["span"]["id"] == "front-7")
        .unwrap();
    assert_eq!(last["span"]["name"], "request");
    assert_eq!(last["span"]["status"], 404);
}

/// The series of Prometheus's text, with their values.
fn series(text: &str) -> BTreeMap<String, f64> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// An operation that is waited for.
async fn publish(served: &Served) {
    let client = served.client(None);
    let path = format!("/api/etsy/products/publish?account={}", served.accounts[1]);
    let mut mug = example("mug");
    mug["images"] = json!([]);
    let request = client
        .request(Method::POST, &path)
        .header("prefer", "wait=60");
    let body = json!({ "key": "mug", "product": mug, "target": "draft" });
    client.send(request.json(&body)).await.json();
}

/// The sum of the series with all of these words.
fn sum(series: &BTreeMap<String, f64>, words: &[&str]) -> f64 {
    let found = series
        .iter()
        .filter(|(name, _)| words.iter().all(|word| name.contains(word)));
    found.map(|(_, value)| value).sum()
}

#[tokio::test]
async fn what_was_done_is_counted_by_names_of_which_there_are_few() {
    let served = Served::start().await;
    for _ in 0..3 {
        call(&served, "shop.get", json!({})).await;
    }
    let path = format!("/api/etsy/call/listings/get?account={}", served.accounts[1]);
    let missing = served
        .post(None, &path, &json!({ "id": "4242424242" }))
        .await;
    missing.problem("not-found");
    publish(&served).await;
    let refresh = format!("/api/accounts/{}/refresh", served.accounts[0]);
    served.post(None, &refresh, &json!({})).await.json();
    served
        .stranger()
        .get("/api/accounts")
        .await
        .problem("unauthenticated");
    served
        .get(None, "/nowhere/1234567")
        .await
        .problem("no-route");
    let push = "/api/etsy/webhooks";
    assert!(served.stranger().post(push, &json!({})).await.status >= 400);
    let sent = served.sandbox.requests().len();

    let answer = served.get(None, "/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4");
    let text = answer.text();
    let counts = series(&text);
    let calls = "stoflow_calls_total";
    assert_eq!(
        sum(&counts, &[calls, "function=\"shop.get\"", "outcome=\"ok\""]),
        3.0
    );
    assert_eq!(
        sum(
            &counts,
            &[calls, "function=\"listings.get\"", "outcome=\"error\""]
        ),
        1.0
    );
    assert_eq!(
        sum(&counts, &["stoflow_call_seconds_count", "shop.get"]),
        3.0
    );
    let requests = "stoflow_requests_total";
    let route = "route=\"/api/{plugin}/call/{interface}/{function}\"";
    assert_eq!(sum(&counts, &[requests, route, "status=\"2xx\""]), 3.0);
    assert_eq!(sum(&counts, &[requests, route, "status=\"4xx\""]), 1.0);
    assert_eq!(sum(&counts, &[requests, "route=\"none\"", "4xx"]), 1.0);
    assert_eq!(
        sum(&counts, &[requests, "route=\"/api/accounts\"", "4xx"]),
        1.0
    );
    let refreshed = sum(&counts, &["stoflow_token_refreshes_total", "refreshed"]);
    assert_eq!(refreshed, 1.0);
    // The refresh went to the sandbox as well, but not through the plugin's door.
    let marketplace = sum(&counts, &["stoflow_marketplace_requests_total"]);
    assert_eq!(marketplace, sent as f64 - refreshed, "{text}");
    assert_eq!(
        sum(&counts, &["stoflow_quota_limit", "per-day"]),
        1_000_000.0
    );
    assert!(sum(&counts, &["stoflow_quota_left", "per-day"]) < 1_000_000.0);
    assert!(
        sum(&counts, &["stoflow_pushes_total", "plugin=\"etsy\""]) >= 1.0,
        "{text}"
    );
    for state in ["begun", "done"] {
        let operations = sum(&counts, &["stoflow_operations_total", state]);
        assert_eq!(operations, 1.0, "{state}: {text}");
    }
    assert!(sum(&counts, &["stoflow_store_commits_total", "ok"]) >= 1.0);
    assert!(sum(&counts, &["stoflow_process_memory_bytes"]) > 1e6);
    assert!(sum(&counts, &["stoflow_connections"]) >= 1.0, "{text}");

    for word in ["acc_", "4242424242", "1234567", "u1", "key_"] {
        assert!(!text.contains(word), "{word} is in {text}");
    }
    let known: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    let emitted: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert_eq!(emitted, known);
    labels_are_those_of_the_list(&counts);
}

fn labels_are_those_of_the_list(counts: &BTreeMap<String, f64>) {
    for series in counts.keys() {
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let base = ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .filter(|base| METRICS.iter().any(|metric| metric.name == *base))
            .unwrap_or(name);
        let metric = METRICS.iter().find(|metric| metric.name == base).unwrap();
        let mut found: Vec<&str> = labels
            .split("\",")
            .filter_map(|label| Some(label.split_once("=\"")?.0))
            .filter(|label| *label != "le")
            .collect();
        found.sort_unstable();
        let mut known = metric.labels.to_vec();
        known.sort_unstable();
        assert_eq!(found, known, "{series}");
    }
}

#[tokio::test]
async fn a_key_for_the_counts_alone_reads_them_and_nothing_else() {
    let served = Served::start().await;
    let key = served
        .key(json!({ "user": "prometheus", "scopes": ["metrics:read"] }))
        .await;
    let prometheus = served.client(Some(&key));
    let counts = prometheus.get("/metrics").await;
    assert_eq!(counts.status, 200);
    assert!(counts.text().contains("stoflow_connections"));
    prometheus.get("/api/accounts").await.problem("not-allowed");
}

#[tokio::test]
async fn who_has_no_key_is_told_no_counts_and_a_command_counts_nothing() {
    let served = Served::start().await;
    served
        .stranger()
        .get("/metrics")
        .await
        .problem("unauthenticated");
    let stage = crate::stage::Stage::new();
    let problem = stage.get("/metrics").await.unwrap_err();
    assert!(
        problem.title.contains("a daemon counts"),
        "{}",
        problem.title
    );
}

#[tokio::test]
async fn a_daemon_says_what_it_runs_with() {
    let served = Served::start().await;
    let shown = served.get(None, "/api/config").await;
    assert!(!shown.text().contains(CLIENT_SECRET), "{}", shown.text());
    let settings = shown.json()["settings"].as_array().unwrap().clone();
    let by = |key: &str| {
        settings
            .iter()
            .find(|shown| shown["key"] == key)
            .cloned()
            .unwrap()
    };
    let listen = by("server.listen");
    assert_eq!(
        (&listen["set_by"], &listen["place"]),
        (&json!("flag"), &json!("--listen"))
    );
    assert_eq!(by("plugins.etsy.client_secret")["value"], "***");
    served
        .stranger()
        .get("/api/config")
        .await
        .problem("unauthenticated");
    let command = served
        .command(&["config", "show", "server.listen"])
        .output();
    let command = String::from_utf8(command.unwrap().stdout).unwrap();
    assert!(command.contains("--listen"), "{command}");
}

#[test]
fn every_metric_is_documented_as_it_is() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/telemetry.md");
    let page = fs::read_to_string(page).unwrap();
    let mut rows = Vec::new();
    for metric in METRICS {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let labels = if labels.is_empty() {
            "–".to_owned()
        } else {
            labels.join(", ")
        };
        rows.push(format!(
            "| `{}` | {kind} | {labels} | {} |",
            metric.name, metric.says
        ));
    }
    for row in &rows {
        assert!(
            page.lines().any(|line| line == row),
            "docs/telemetry.md lacks\n{row}"
        );
    }
    let written = page
        .lines()
        .filter(|line| line.starts_with("| `stoflow_"))
        .count();
    assert_eq!(written, rows.len());
}
