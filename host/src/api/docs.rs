//! `GET /docs`: `/openapi.json` as a page, for people.
//!
//! It is made here and whole: nothing in it runs, nothing is fetched, so a browser that shows it trusts
//! nobody but this host. What it shows comes from plugins as well; all of it is escaped.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method};
use serde_json::{Map, Value};

use super::openapi;
use super::page::{escape, safe_headers};
use super::problem::Problem;
use super::route::{Permission, Route};
use crate::host::Host;

const STYLE: &str = "\
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1.2rem; color: #1f2328; background: #fff; }
h2 { margin-top: 2.4rem; } h2, summary { overflow-wrap: anywhere; }
nav a { margin-right: .9rem; white-space: nowrap; }
details { border: 1px solid #8883; border-radius: .4rem; margin: .4rem 0; padding: .3rem .8rem; }
summary { cursor: pointer; } summary b { display: inline-block; min-width: 4.2rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; } pre { overflow-x: auto; background: #8881; padding: .6rem; border-radius: .4rem; }
table { border-collapse: collapse; } td, th { text-align: left; vertical-align: top; padding: .15rem .9rem .15rem 0; }
@media (prefers-color-scheme: dark) { body { color: #e6e8eb; background: #16181b; } a { color: #6ea3f0; } }
";

/// The page.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/docs",
            Permission::Reader,
            ("Documentation", "Shows what this document says as a page"),
            show,
        )
        .replies_with(200, "The page.", "text/html"),
    ]
}

async fn show(State(host): State<Arc<Host>>) -> Result<Response, Problem> {
    let document = openapi::document_of(&host)?;
    let mut response = page(&document).into_response();
    for (name, value) in safe_headers(STYLE) {
        // All of them are printable ASCII.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// The document as HTML.
fn page(document: &Value) -> String {
    let tags = list(document, "tags");
    let mut contents = String::new();
    let mut sections = String::new();
    for (number, tag) in tags.iter().enumerate() {
        let operations = operations(document, text(tag, "name"));
        if operations.is_empty() {
            continue;
        }
        let name = escape(text(tag, "name"));
        contents.push_str(&format!("<a href=\"#t{number}\">{name}</a>\n"));
        sections.push_str(&format!("<h2 id=\"t{number}\">{name}</h2>\n"));
        sections.push_str(&paragraphs(text(tag, "description")));
        operations
            .iter()
            .for_each(|one| sections.push_str(&operation(one)));
    }
    let schemas = document
        .pointer("/components/schemas")
        .and_then(Value::as_object);
    let about = document
        .pointer("/info/description")
        .and_then(Value::as_str);
    format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
         <title>Stoflow's API</title>\n<style>{STYLE}</style>\n<h1>Stoflow's API</h1>\n{}\
         <p>For programs: <a href=\"openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\n\
         <nav>{contents}<a href=\"#schemas\">Schemas</a></nav>\n{sections}\
         <h2 id=schemas>Schemas</h2>\n{}</html>\n",
        paragraphs(about.unwrap_or_default()),
        schemas.map(self::schemas).unwrap_or_default(),
    )
}

/// One operation with where it is.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    says: &'a Value,
}

/// The operations under a heading, in the document's order.
fn operations<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let paths = document.get("paths").and_then(Value::as_object);
    let all = paths.into_iter().flatten().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, says)| Operation { method, path, says })
    });
    all.filter(|one| list(one.says, "tags").iter().any(|its| its == tag))
        .collect()
}

fn operation(one: &Operation<'_>) -> String {
    let says = one.says;
    let id = escape(text(says, "operationId"));
    let mut html = format!(
        "<details id=\"{id}\">\n<summary><b>{}</b> <code>{}</code> {}</summary>\n",
        escape(&one.method.to_uppercase()),
        escape(one.path),
        marked(text(says, "summary")),
    );
    html.push_str(&paragraphs(text(says, "description")));
    html.push_str(&parameters(list(says, "parameters")));
    if let Some(body) = says.get("requestBody") {
        html.push_str("<p>Body:</p>\n");
        html.push_str(&content(body));
    }
    html.push_str("<p>Answers:</p>\n");
    let responses = says.get("responses").and_then(Value::as_object);
    for (status, response) in responses.into_iter().flatten() {
        let told = marked(text(response, "description"));
        html.push_str(&format!("<p><b>{}</b> {told}</p>\n", escape(status)));
        if status.as_str() < "400" {
            html.push_str(&content(response));
        }
    }
    html.push_str("</details>\n");
    html
}

fn parameters(all: &[Value]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let row = |parameter: &Value| {
        let is_required = parameter.get("required") == Some(&Value::Bool(true));
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        format!(
            "<tr><td><code>{}</code><td>{}{}<td>{}<td>{}\n",
            escape(text(parameter, "name")),
            escape(text(parameter, "in")),
            if is_required { ", required" } else { "" },
            kind(schema),
            marked(text(parameter, "description")),
        )
    };
    let rows: String = all.iter().map(row).collect();
    format!("<table>\n{rows}</table>\n")
}

/// What a body or a reply holds, by its media types.
fn content(holder: &Value) -> String {
    let content = holder.get("content").and_then(Value::as_object);
    let one = |(media_type, media): (&String, &Value)| {
        let schema = media.get("schema").unwrap_or(&Value::Null);
        format!(
            "<p><code>{}</code>: {}</p>\n{}",
            escape(media_type),
            kind(schema),
            members(schema)
        )
    };
    content.into_iter().flatten().map(one).collect()
}

fn schemas(all: &Map<String, Value>) -> String {
    let one = |(name, schema): (&String, &Value)| {
        let name = escape(name);
        format!(
            "<details id=\"s-{name}\">\n<summary><code>{name}</code></summary>\n{}<p>{}</p>\n{}</details>\n",
            paragraphs(text(schema, "description")),
            kind(schema),
            members(schema),
        )
    };
    all.iter().map(one).collect()
}

/// The members of an object, a row each.
fn members(schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return String::new();
    };
    let required = list(schema, "required");
    let row = |(name, schema): (&String, &Value)| {
        let is_required = required.iter().any(|required| required == name);
        format!(
            "<tr><td><code>{}</code><td>{}<td>{}<td>{}\n",
            escape(name),
            if is_required { "required" } else { "" },
            kind(schema),
            marked(text(schema, "description")),
        )
    };
    let rows: String = properties.iter().map(row).collect();
    format!("<table>\n{rows}</table>\n")
}

/// What a schema holds, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = escape(reference.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#s-{name}\">{name}</a>");
    }
    for choice in ["oneOf", "anyOf"] {
        let choices = list(schema, choice);
        if !choices.is_empty() {
            return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(constant) = schema.get("const") {
        return format!("<code>{}</code>", escape(&constant.to_string()));
    }
    let names = list(schema, "enum");
    if !names.is_empty() {
        let names = names
            .iter()
            .map(|name| format!("<code>{}</code>", escape(&name.to_string())));
        return names.collect::<Vec<_>>().join(", ");
    }
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        return format!("list of {}", kind(items));
    }
    let plain = match schema.get("type") {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(several)) => {
            let names = several.iter().filter_map(Value::as_str);
            names.collect::<Vec<_>>().join(" or ")
        }
        _ => "anything".to_owned(),
    };
    let form = schema
        .get("format")
        .or_else(|| schema.get("pattern"))
        .and_then(Value::as_str);
    match form {
        Some(form) => format!("{}, <code>{}</code>", escape(&plain), escape(form)),
        None => escape(&plain),
    }
}

/// Text in paragraphs, what stands between backticks as code.
fn paragraphs(text: &str) -> String {
    let all = text.split("\n\n").filter(|one| !one.is_empty());
    all.map(|one| format!("<p>{}</p>\n", marked(one))).collect()
}

fn marked(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let part = |(number, part): (usize, &str)| match number % 2 {
        0 => escape(part),
        _ => format!("<code>{}</code>", escape(part)),
    };
    parts.map(part).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = value.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_plugin_says_is_text_wherever_it_stands() {
        let hostile = "<script>alert(1)</script>\"'`<b>`";
        let schema = json!({ "type": "object", "description": hostile, "properties": {
            hostile: { "enum": [hostile], "description": hostile } } });
        let document = json!({
            "tags": [{ "name": hostile, "description": hostile }],
            "paths": { hostile: { "get": {
                "tags": [hostile], "summary": hostile, "description": hostile,
                "operationId": hostile,
                "parameters": [{ "name": hostile, "in": hostile, "schema": schema }],
                "requestBody": { "content": { hostile: { "schema": schema } } },
                "responses": { "200": { "description": hostile } },
            } } },
            "components": { "schemas": { hostile: schema } },
        });
        let page = page(&document);
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert!(
            !page.contains("<script") && !page.contains("<b>`"),
            "{page}"
        );
        assert!(!page.contains("=\"<") && page.matches("<code>&lt;b&gt;</code>").count() > 3);
    }

    #[test]
    fn what_is_referred_to_is_linked() {
        let schema = json!({ "type": "array", "items": { "$ref": "#/components/schemas/etsy.a" } });
        assert_eq!(kind(&schema), "list of <a href=\"#s-etsy.a\">etsy.a</a>");
        assert_eq!(
            kind(&json!({ "type": ["string", "null"] })),
            "string or null"
        );
        assert_eq!(kind(&json!({})), "anything");
    }
}
