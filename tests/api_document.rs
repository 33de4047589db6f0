//! `docs/api.md` is what runs: it is made from `/openapi.json` and from exchanges with the sandbox, and
//! this test compares it. `cargo xtask docs` writes it anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use axum::body::Body;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use stoflow_host::api::Caller;

use crate::market::{Market, example};

/// Set to write the document instead of comparing it.
const WRITE: &str = "STOFLOW_WRITE_DOCS";

/// How much of a text and of a list an example shows.
const TEXT_CHARS_MAX: usize = 160;

const HEAD: &str = "\
# The API

Made by `cargo xtask docs` from `/openapi.json` and from what a host with the Etsy plugin and the sandbox answers; a test compares
it. The host serves the same, with every schema, as `/openapi.json` and, for people, as `/docs`.

- Every request but those marked *anybody* needs a key: `Authorization: Bearer sk_…`, made by `stoflow key create`. Beside each route
  stands the scope that the key needs; an operator's key needs none.
- Bodies are JSON (`Content-Type: application/json`). Unknown members and parameters are refused. `null` and nothing are the same.
- Every failure is problem+json: [problems.md](problems.md) has the types. Each route names those it has besides `bad-request`,
  `unauthenticated`, `not-allowed`, `invalid-arguments`, `too-many-requests`, `unavailable` and `internal`.
- A list that goes on has the header `Link: <…>; rel=\"next\"`.
- Of lists, the examples show the first item, and of long texts the beginning.
- `etsy` stands for any plugin's id.
";

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md")
}

#[tokio::test]
async fn the_document_of_the_api_is_what_runs() {
    let market = Market::new().await;
    let document = market.stage.get("/openapi.json").await.unwrap();
    let exchanges = exchanges(&market).await;
    let made = render(&document, &exchanges);
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

/// A request and what came of it.
struct Exchange {
    /// As the document has it.
    operation: &'static str,
    method: Method,
    path: String,
    body: Option<Value>,
    status: u16,
    reply: Value,
}

/// The exchanges of the examples, in an order in which each finds what it needs.
async fn exchanges(market: &Market) -> Vec<Exchange> {
    let account = &market.account;
    let listing = market.listing("sku-1", "mug", "active").await;
    let orders = market.call("orders.list", json!({})).await.unwrap();
    let order = orders["orders"][0]["id"].as_str().unwrap_or("1").to_owned();
    let product = || json!({ "product": example("mug"), "target": "active" });
    let get = |operation, path: &str| (operation, Method::GET, path.to_owned(), None);
    let post = |operation, path: &str, body| (operation, Method::POST, path.to_owned(), Some(body));
    let all = [
        get("get_accounts", "/api/accounts"),
        get("get_accounts_account", &format!("/api/accounts/{account}")),
        post(
            "post_accounts_account_settings",
            &format!("/api/accounts/{account}/settings"),
            json!({ "no_such_setting": "1" }),
        ),
        get(
            "get_plugin_connection_status",
            "/api/etsy/connection/status?user=u1",
        ),
        post(
            "post_plugin_oauth_connect",
            "/api/etsy/oauth/connect",
            json!({ "user": "u1" }),
        ),
        get("get_etsy_products_rules", "/api/etsy/products/rules"),
        post(
            "post_etsy_products_preview",
            "/api/etsy/products/preview",
            product(),
        ),
        get(
            "get_etsy_listings_active",
            "/api/etsy/listings/active?limit=1",
        ),
        get(
            "get_etsy_listings_id",
            &format!("/api/etsy/listings/{listing}"),
        ),
        get("get_etsy_listings_id", "/api/etsy/listings/1"),
        get(
            "get_etsy_listings_id_inventory",
            &format!("/api/etsy/listings/{listing}/inventory"),
        ),
        get("get_etsy_orders", "/api/etsy/orders?limit=1"),
        get("get_etsy_orders_id", &format!("/api/etsy/orders/{order}")),
        get("get_etsy_shop", "/api/etsy/shop"),
        get("get_etsy_shop_sections", "/api/etsy/shop/sections"),
        post(
            "post_etsy_shop_sections",
            "/api/etsy/shop/sections",
            json!({ "title": "Mugs" }),
        ),
        get("get_etsy_shop_readiness", "/api/etsy/shop/readiness"),
        get("get_etsy_shipping_profiles", "/api/etsy/shipping/profiles"),
        get("get_etsy_policies", "/api/etsy/policies"),
        get("get_etsy_taxonomy_nodes", "/api/etsy/taxonomy/nodes"),
        get(
            "get_etsy_taxonomy_search",
            "/api/etsy/taxonomy/search?text=mug",
        ),
        post(
            "post_etsy_call_shop_get",
            "/api/etsy/call/shop/get",
            json!({}),
        ),
        get("get_plugins", "/api/plugins"),
        get("get_healthz", "/healthz"),
        get("get_readyz", "/readyz"),
    ];
    let mut exchanges = Vec::new();
    for (operation, method, path, body) in all {
        let (status, reply) = ask(market, &method, &path, body.as_ref()).await;
        exchanges.push(Exchange {
            operation,
            method,
            path: settled_text(&path),
            body: body.map(settled),
            status,
            reply: settled(reply),
        });
    }
    exchanges
}

async fn ask(market: &Market, method: &Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut request = Request::builder().method(method).uri(path);
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request
        .extension(Caller::Operator)
        .body(Body::from(body))
        .unwrap();
    let response = market.stage.send(request).await;
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

/// The same at every run: what is random or is a time is put by something like it, and what is long is
/// cut.
fn settled(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(settled_text(&text)),
        Value::Array(items) => items.into_iter().take(1).map(settled).collect(),
        Value::Object(members) => {
            let members = members
                .into_iter()
                .map(|(name, value)| match name.as_str() {
                    "age_seconds" => (name, json!(42)),
                    "bytes" => (name, json!(1_000_000)),
                    "sha256" => (name, json!("9f86d081…")),
                    "correlation_id" => (name, json!("4ktmz6n2w5q7j3x8b9c1d0f2gh")),
                    "url" if value.as_str().is_some_and(|url| url.contains("state=")) => (
                        name,
                        json!("https://www.etsy.com/oauth/connect?response_type=code&…"),
                    ),
                    _ => (name, settled(value)),
                });
            Value::Object(members.collect())
        }
        other => other,
    }
}

fn settled_text(text: &str) -> String {
    if text.parse::<jiff::Timestamp>().is_ok() {
        return "2026-11-26T09:30:00Z".to_owned();
    }
    let mut text = text.to_owned();
    while let Some(at) = text
        .find("acc_")
        .filter(|at| !text[*at..].starts_with("acc_…"))
    {
        let end = (at + 20).min(text.len());
        text.replace_range(at..end, "acc_…");
    }
    // The sandbox's port is another one each time.
    if let Some((before, rest)) = text.split_once("127.0.0.1:") {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        text = format!("{before}127.0.0.1:8080{rest}");
    }
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn render(document: &Value, exchanges: &[Exchange]) -> String {
    let mut page = HEAD.to_owned();
    for tag in document["tags"].as_array().unwrap() {
        let name = tag["name"].as_str().unwrap();
        let paths = document["paths"].as_object().unwrap().iter();
        let operations: Vec<(&str, &str, &Value)> = paths
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().iter();
                methods.map(move |(method, says)| (method.as_str(), path.as_str(), says))
            })
            .filter(|(_, _, says)| says["tags"][0] == name)
            .collect();
        if operations.is_empty() {
            continue;
        }
        write!(
            page,
            "\n## {name}\n\n{}\n",
            tag["description"].as_str().unwrap()
        )
        .unwrap();
        for (method, path, says) in operations {
            operation(&mut page, document, (method, path, says));
            let id = says["operationId"].as_str().unwrap();
            let own = exchanges.iter().filter(|exchange| exchange.operation == id);
            own.for_each(|exchange| example_of(&mut page, exchange));
        }
    }
    page
}

fn operation(page: &mut String, document: &Value, (method, path, says): (&str, &str, &Value)) {
    let method = method.to_uppercase();
    let summary = says["summary"].as_str().unwrap();
    write!(
        page,
        "\n### `{method} {path}`\n\n{summary}. {}\n",
        who(says)
    )
    .unwrap();
    let parameters = says["parameters"].as_array().cloned().unwrap_or_default();
    if !parameters.is_empty() {
        page.push('\n');
    }
    for parameter in &parameters {
        let name = parameter["name"].as_str().unwrap();
        let place = parameter["in"].as_str().unwrap();
        let required = if parameter["required"] == true {
            ", required"
        } else {
            ""
        };
        let says = one_line(parameter["description"].as_str().unwrap());
        writeln!(page, "- `{name}` ({place}{required}): {says}").unwrap();
    }
    if let Some(content) = says["requestBody"]["content"].as_object() {
        page.push_str("\nBody: ");
        page.push_str(&contents(document, content));
    }
    let mut problems = Vec::new();
    for (status, response) in says["responses"].as_object().unwrap() {
        let content = response["content"].as_object();
        if status.as_str() < "400" {
            let told = response["description"].as_str().unwrap();
            let holds = content.map(|content| contents(document, content));
            let holds = holds.unwrap_or_else(|| "no body\n".to_owned());
            write!(
                page,
                "\nAnswers {status} ({}): {holds}",
                told.trim_end_matches('.')
            )
            .unwrap();
        } else {
            problems.extend(content.into_iter().flat_map(slugs));
        }
    }
    const EVERYWHERE: [&str; 13] = [
        "bad-request",
        "unauthenticated",
        "not-allowed",
        "invalid-arguments",
        "too-many-requests",
        "unavailable",
        "internal",
        "damaged",
        "no-route",
        "no-method",
        "misdirected",
        "wrong-media-type",
        "too-large",
    ];
    problems.retain(|slug| !EVERYWHERE.contains(&slug.as_str()));
    if !problems.is_empty() {
        write!(page, "\nFails also with `{}`.\n", problems.join("`, `")).unwrap();
    }
}

/// Who may ask.
fn who(says: &Value) -> String {
    match says["x-scopes"].as_array().map(Vec::as_slice) {
        None if says["security"] == json!([]) => "*Anybody.*".to_owned(),
        None | Some([]) => "*Any key.*".to_owned(),
        Some([scope, ..]) if scope == "admin" => "*Operators.*".to_owned(),
        Some([scope, ..]) => format!("*`{}`.*", scope.as_str().unwrap()),
    }
}

/// The types of problem of a response.
fn slugs(content: &serde_json::Map<String, Value>) -> Vec<String> {
    let Some(problem) = content.get("application/problem+json") else {
        return Vec::new();
    };
    let types = problem["schema"]["allOf"][1]["properties"]["type"]["enum"].as_array();
    let types = types.into_iter().flatten();
    types
        .map(|it| {
            it.as_str()
                .unwrap()
                .trim_start_matches("/problems/")
                .to_owned()
        })
        .collect()
}

fn contents(document: &Value, content: &serde_json::Map<String, Value>) -> String {
    let mut text = Vec::new();
    let mut members = String::new();
    for (media_type, media) in content {
        text.push(match media_type.as_str() {
            "application/json" => {
                let schema = resolved(document, &media["schema"]);
                members = self::members(schema);
                kind(&media["schema"])
            }
            other => format!("`{other}`"),
        });
    }
    format!("{}\n{members}", text.join(", or "))
}

/// The members of an object, a line each.
fn members(schema: &Value) -> String {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object();
    let lines = properties.into_iter().flatten().map(|(name, schema)| {
        let required = if required.contains(&json!(name)) {
            ", required"
        } else {
            ""
        };
        let says = one_line(schema["description"].as_str().unwrap_or_default());
        let says = if says.is_empty() {
            says
        } else {
            format!(": {says}")
        };
        format!("- `{name}` ({}{required}){says}\n", kind(schema))
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        lines
    } else {
        format!("\n{lines}")
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'));
    reference
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(schema)
}

/// What a schema holds, in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap().to_owned();
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let choices: Vec<String> = choices.iter().map(kind).collect();
            return choices.join(" or ");
        }
    }
    if let Some(names) = schema["enum"].as_array() {
        let names: Vec<String> = names
            .iter()
            .map(|name| format!("`{}`", name.as_str().unwrap_or("null")))
            .collect();
        return names.join(", ");
    }
    match &schema["type"] {
        Value::String(one) if one == "array" && schema["items"].is_object() => {
            format!("list of {}", kind(&schema["items"]))
        }
        Value::String(one) => one.clone(),
        Value::Array(several) => {
            let names: Vec<&str> = several.iter().filter_map(Value::as_str).collect();
            names.join(" or ")
        }
        _ if schema["const"].is_string() => format!("`{}`", schema["const"].as_str().unwrap()),
        _ => "anything".to_owned(),
    }
}

fn example_of(page: &mut String, exchange: &Exchange) {
    let Exchange {
        method,
        path,
        body,
        status,
        reply,
        ..
    } = exchange;
    write!(page, "\n```http\n{method} {path}\n").unwrap();
    if let Some(body) = body {
        writeln!(page, "\n{}", serde_json::to_string_pretty(body).unwrap()).unwrap();
    }
    page.push_str("```\n");
    let reply = serde_json::to_string_pretty(reply).unwrap();
    write!(page, "\n```json\n// {status}\n{reply}\n```\n").unwrap();
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
