//! The page: its head, a table of contents, and under each heading of the document its routes, each with
//! what it takes, what it answers and an exchange.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use stoflow_host::contract::function_routes;

use super::exchanges::{Exchange, Sent};
use super::schema::{Described, one_line};

const HEAD: &str = "\
# The API

Made by `cargo xtask docs` from `/openapi.json` and from what the running program with the Etsy plugin answers beside the sandbox; a
test compares it. The host serves the same, with every schema whole, as `/openapi.json` and, for people, as `/docs`.

- Every request but those marked *anybody* needs a key: `Authorization: Bearer sk_…`, made by `stoflow key create`. Beside each route
  stands the scope that the key needs; an operator's key needs none.
- *For a shop*: the query takes `account`, an id or alias, where there are several, and for operators `user`, whose it is.
- Bodies are JSON (`Content-Type: application/json`). Unknown members and parameters are refused. `null` and nothing are the same.
- Whatever changes something takes `Idempotency-Key`: a repeat within 24 hours is answered as the first was.
- A function that takes long answers 202 and an operation to look at, unless it is done in time: `Prefer: wait=20` waits so many
  seconds, `Prefer: respond-async` does not wait (RFC 7240). With `Accept: text/event-stream` its steps come as they are made.
- A list that goes on has the header `Link: <…>; rel=\"next\"`.
";

const OF_EXAMPLES: &str = "\
Of lists, the examples show the first item, of long texts and of large objects the beginning, and of what lies deep `…`. What is
another one each time, as ids and times are, stands for itself. `etsy` stands for any plugin's id.
";

/// How every route may fail.
const ALWAYS: &[&str] = &[
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
];

/// How what changes something may fail besides.
const CHANGING: &[&str] = &[
    "too-large",
    "request-timeout",
    "idempotency-conflict",
    "still-running",
    "conflict",
    "uncertain",
];

/// What is called by its name.
const CALL: &str = "/call/";

/// An operation of the document.
#[derive(Clone, Copy)]
pub struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    says: &'a Value,
}

impl Operation<'_> {
    /// `GET /api/accounts`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }
}

/// All operations of a document, in its order.
pub fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, says)| Operation { method, path, says })
    })
}

/// The route that a function called by its name has besides.
pub fn own_route(name: &str) -> Option<String> {
    let (_, called) = name.split_once(CALL)?;
    let mut all = function_routes();
    let found = all.find(|(interface, function, ..)| called == format!("{interface}/{function}"));
    found.map(|(.., route)| format!("{} /api/etsy{}", route.method.as_str(), route.path))
}

/// The page.
pub fn of(document: &Value, exchanges: &[Exchange]) -> String {
    let calls = calls(document);
    let mut page = HEAD.to_owned();
    writeln!(
        page,
        "- Every failure is problem+json; [problems.md](problems.md) says what each type means. Each route names those that it has besides these:\n\
         \x20 - every route: {};\n\
         \x20 - what changes something: {};\n\
         \x20 - a function of a plugin: {}.\n",
        listed(ALWAYS),
        listed(CHANGING),
        listed(&calls),
    )
    .unwrap();
    page.push_str(OF_EXAMPLES);
    page.push_str("\n## Contents\n\n");
    for tag in tags(document) {
        let name = tag["name"].as_str().unwrap();
        writeln!(page, "- [{name}](#{})", anchor(name)).unwrap();
        for operation in under(document, name) {
            let title = operation.name();
            writeln!(page, "  - {}", link(&title)).unwrap();
        }
    }
    let mut described = Described::default();
    for tag in tags(document) {
        let name = tag["name"].as_str().unwrap();
        let says = tag["description"].as_str().unwrap();
        write!(page, "\n## {name}\n\n{says}\n").unwrap();
        for operation in under(document, name) {
            section(&mut page, document, operation, &calls, &mut described);
            let route = operation.name();
            let own = exchanges.iter().filter(|exchange| exchange.route == route);
            own.for_each(|exchange| example(&mut page, exchange));
        }
    }
    page
}

/// The headings that something stands under.
fn tags(document: &Value) -> impl Iterator<Item = &Value> {
    let all = document["tags"].as_array().unwrap().iter();
    all.filter(|tag| {
        under(document, tag["name"].as_str().unwrap())
            .next()
            .is_some()
    })
}

fn under<'a>(document: &'a Value, tag: &str) -> impl Iterator<Item = Operation<'a>> {
    operations(document).filter(move |operation| operation.says["tags"][0] == tag)
}

/// How a function of a plugin may fail, besides as every route and what changes something.
fn calls(document: &Value) -> Vec<String> {
    let mut all = operations(document);
    let call = all.find(|operation| operation.path.contains(CALL)).unwrap();
    let mut slugs = slugs(call.says);
    slugs.retain(|slug| !ALWAYS.contains(&slug.as_str()) && !CHANGING.contains(&slug.as_str()));
    slugs
}

fn section(
    page: &mut String,
    document: &Value,
    operation: Operation<'_>,
    calls: &[String],
    described: &mut Described,
) {
    let (title, says) = (operation.name(), operation.says);
    let summary = says["summary"].as_str().unwrap();
    write!(page, "\n### `{title}`\n\n{summary}. {}", who(says)).unwrap();
    if let Some(route) = own_route(&title) {
        writeln!(page, " The same as {}.", link(&route)).unwrap();
        return;
    }
    page.push('\n');
    parameters(page, says);
    let place = link(&title);
    if let Some(content) = says["requestBody"]["content"].as_object() {
        page.push_str("\nBody: ");
        page.push_str(&described.contents(document, content, &place));
    }
    for (status, response) in says["responses"].as_object().unwrap() {
        // What takes long is said at the head.
        if status.as_str() >= "400" || status == "202" && is_call(says, calls) {
            continue;
        }
        let told = response["description"].as_str().unwrap();
        let content = response["content"].as_object();
        let holds = content.map(|content| described.contents(document, content, &place));
        let holds = holds.unwrap_or_else(|| "no body\n".to_owned());
        let told = told.trim_end_matches('.');
        write!(page, "\nAnswers {status} ({told}): {holds}").unwrap();
    }
    let mut problems = slugs(says);
    problems.retain(|slug| !ALWAYS.contains(&slug.as_str()));
    if operation.method != "get" {
        problems.retain(|slug| !CHANGING.contains(&slug.as_str()));
    }
    if is_call(says, calls) {
        problems.retain(|slug| !calls.contains(slug) && slug != "conflict" && slug != "uncertain");
    }
    if !problems.is_empty() {
        write!(page, "\nFails also with {}.\n", listed(&problems)).unwrap();
    }
}

/// Whether it fails as functions of a plugin do.
fn is_call(says: &Value, calls: &[String]) -> bool {
    let slugs = slugs(says);
    calls.iter().all(|slug| slugs.contains(slug))
}

fn is_for_a_shop(says: &Value) -> bool {
    let mut parameters = says["parameters"].as_array().into_iter().flatten();
    parameters.any(of_a_shop)
}

/// Whether a parameter is one of those that name a shop.
fn of_a_shop(parameter: &Value) -> bool {
    const SAYS: [&str; 2] = ["Whose accounts;", "Id or alias; the only one"];
    let says = parameter["description"].as_str().unwrap();
    SAYS.iter().any(|begins| says.starts_with(begins))
}

/// Those of the path and the query; the headers' are said at the head.
fn parameters(page: &mut String, says: &Value) {
    let all = says["parameters"].as_array().into_iter().flatten();
    let own = all.filter(|it| it["in"] != "header" && it["name"] != "plugin" && !of_a_shop(it));
    for (index, parameter) in own.enumerate() {
        if index == 0 {
            page.push('\n');
        }
        let name = parameter["name"].as_str().unwrap();
        let place = parameter["in"].as_str().unwrap();
        let is_required = parameter["required"] == true && place != "path";
        let required = if is_required { ", required" } else { "" };
        let says = one_line(parameter["description"].as_str().unwrap());
        writeln!(page, "- `{name}` ({place}{required}): {says}").unwrap();
    }
}

/// Who may ask, and for whom.
fn who(says: &Value) -> String {
    let who = match says["x-scopes"].as_array().map(Vec::as_slice) {
        None if says["security"] == json!([]) => "*Anybody*".to_owned(),
        None | Some([]) => "*Any key*".to_owned(),
        Some([scope, ..]) if scope == "admin" => "*Operators*".to_owned(),
        Some([scope, ..]) => format!("*`{}`*", scope.as_str().unwrap()),
    };
    match is_for_a_shop(says) {
        true => format!("{who}, *for a shop*."),
        false => format!("{who}."),
    }
}

/// The types of problem of an operation.
fn slugs(says: &Value) -> Vec<String> {
    let responses = says["responses"].as_object().unwrap().values();
    let problems = responses.filter_map(|response| {
        let content: &Map<String, Value> = response["content"].as_object()?;
        content.get("application/problem+json")
    });
    let types = problems
        .flat_map(|problem| problem["schema"]["allOf"][1]["properties"]["type"]["enum"].as_array());
    types
        .flatten()
        .map(|uri| uri.as_str().unwrap().trim_start_matches("/problems/"))
        .map(ToOwned::to_owned)
        .collect()
}

fn listed(slugs: &[impl AsRef<str>]) -> String {
    let slugs: Vec<String> = slugs
        .iter()
        .map(|slug| format!("`{}`", slug.as_ref()))
        .collect();
    slugs.join(", ")
}

/// Where a heading is linked to.
fn anchor(heading: &str) -> String {
    let letters = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        letter if letter.is_alphanumeric() => Some(letter.to_ascii_lowercase()),
        _ => None,
    });
    letters.collect()
}

/// The link to a route.
fn link(route: &str) -> String {
    format!("[`{route}`](#{})", anchor(route))
}

fn example(page: &mut String, exchange: &Exchange) {
    let Exchange { method, target, .. } = exchange;
    write!(page, "\n```http\n{method} {target}\n").unwrap();
    match &exchange.body {
        Sent::Nothing => {}
        Sent::Json(json) => writeln!(page, "\n{}", pretty(json)).unwrap(),
        Sent::WithFiles(json) => {
            page.push_str("Content-Type: multipart/form-data\n\n");
            writeln!(page, "arguments: {}", pretty(json)).unwrap();
        }
        Sent::File(media_type) => writeln!(page, "Content-Type: {media_type}").unwrap(),
    }
    page.push_str("```\n");
    let status = exchange.status;
    match &exchange.reply {
        Some(reply) => {
            let reply = pretty(reply);
            write!(page, "\n```json\n// {status}\n{reply}\n```\n").unwrap();
        }
        None if exchange.media_type.is_empty() => write!(page, "\n{status}, no body.\n").unwrap(),
        None => write!(page, "\n{status}, `{}`.\n", exchange.media_type).unwrap(),
    }
}

/// JSON in lines of no more than so many letters, where that can be.
const LINE_CHARS_MAX: usize = 110;

fn pretty(json: &Value) -> String {
    let mut text = String::new();
    write_json(&mut text, json, 0, 0);
    text
}

/// Writes a value behind `before` letters, of whose line `indent` are blank.
fn write_json(text: &mut String, json: &Value, indent: usize, before: usize) {
    let short = one_line_of(json);
    let is_plain = !(json.is_object() || json.is_array());
    if is_plain || before + short.chars().count() <= LINE_CHARS_MAX {
        text.push_str(&short);
        return;
    }
    let (opens, closes) = if json.is_object() {
        ('{', '}')
    } else {
        ('[', ']')
    };
    let named = json.as_object().into_iter().flatten();
    let named = named.map(|(name, value)| (format!("{}: ", json!(name)), value));
    let items = json.as_array().into_iter().flatten();
    let items = items.map(|value| (String::new(), value));
    text.push(opens);
    for (index, (name, value)) in named.chain(items).enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        let inner = indent + 2;
        text.push_str(&" ".repeat(inner));
        text.push_str(&name);
        write_json(text, value, inner, inner + name.chars().count());
    }
    write!(text, "\n{}{closes}", " ".repeat(indent)).unwrap();
}

fn one_line_of(json: &Value) -> String {
    match json {
        Value::Object(members) if !members.is_empty() => {
            let members = members.iter();
            let members: Vec<String> = members
                .map(|(name, value)| format!("{}: {}", json!(name), one_line_of(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(one_line_of).collect();
            format!("[{}]", items.join(", "))
        }
        plain => plain.to_string(),
    }
}
