//! `/openapi.json`: whole, and at one with what is served.

use std::collections::HashSet;
use std::path::Path;

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::{Value, json};
use stoflow_host::api::{Caller, ProblemKind};

use crate::stage::Stage;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

async fn document(stage: &Stage) -> Value {
    stage.get("/openapi.json").await.unwrap()
}

/// Path, method, operation.
fn operations(document: &Value) -> Vec<(&String, &String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (path, method, operation))
    });
    operations.collect()
}

/// Every `$ref` of a document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "$ref" => found.push(text),
                    value => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_whole() {
    let stage = Stage::new();
    stage.install("plugins/etsy").await.unwrap();
    let document = document(&stage).await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let mut tags = HashSet::new();
    for tag in document["tags"].as_array().unwrap() {
        assert_ne!(tag["description"], "", "{tag}");
        assert!(tags.insert(tag["name"].as_str().unwrap()), "{tag}");
    }
    let mut ids = HashSet::new();
    for (path, method, operation) in operations(&document) {
        let what = format!("{method} {path}");
        assert!(METHODS.contains(&method.as_str()), "{what}");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap()),
            "{what}"
        );
        assert!(
            tags.contains(operation["tags"][0].as_str().unwrap()),
            "{what}"
        );
        let summary = operation["summary"].as_str().unwrap();
        assert!(!summary.is_empty(), "{what}");
        let responses = operation["responses"].as_object().unwrap();
        let succeeds = responses.keys().any(|status| status.as_str() < "400");
        assert!(succeeds, "{what} does not say what it answers");
        assert!(responses.contains_key("500"), "{what}");
        for (status, response) in responses {
            let says = response["description"].as_str().unwrap();
            assert!(!says.is_empty(), "{what} {status}");
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let says = parameter["description"].as_str().unwrap();
            assert!(!says.is_empty(), "{what}: {parameter}");
        }
    }
}

#[tokio::test]
async fn every_function_of_a_plugin_is_an_operation_with_its_own_schema() {
    let stage = Stage::new();
    let path = "/api/{plugin}/call/{interface}/{function}";
    assert!(document(&stage).await["paths"].get(path).is_some());
    stage.install("plugins/etsy").await.unwrap();
    let document = document(&stage).await;
    assert!(document["paths"].get(path).is_none());
    let schema = stage.get("/api/plugins/etsy/schema").await.unwrap();
    let interfaces = schema["shape"]["interfaces"].as_array().unwrap();
    let mut functions = 0;
    for interface in interfaces {
        for function in interface["functions"].as_array().unwrap() {
            let (interface, function) = (&interface["name"], &function["name"]);
            let path = format!(
                "/api/etsy/call/{}/{}",
                interface.as_str().unwrap(),
                function.as_str().unwrap()
            );
            assert!(document["paths"][&path]["post"].is_object(), "{path}");
            functions += 1;
        }
    }
    assert!(functions > 30, "{functions}");
    let create = &document["paths"]["/api/etsy/call/publish/create"]["post"];
    let arguments = &create["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(arguments["required"], json!(["key", "target"]));
    assert_eq!(arguments["additionalProperties"], false);
    assert!(create["requestBody"]["content"]["multipart/form-data"].is_object());
    let target = &document["components"]["schemas"]["etsy.publish.target"];
    assert_eq!(target["enum"], json!(["draft", "active"]));
}

#[tokio::test]
async fn a_function_has_the_routes_that_the_contract_gives_it() {
    let stage = Stage::new();
    stage.install("plugins/etsy").await.unwrap();
    let document = document(&stage).await;
    assert!(
        document["paths"]
            .get("/api/{plugin}/listings/active")
            .is_none()
    );
    let active = &document["paths"]["/api/etsy/listings/active"]["get"];
    let parameters = active["parameters"].as_array().unwrap().iter();
    let names: Vec<&str> = parameters.map(|it| it["name"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"cursor") && names.contains(&"account"),
        "{names:?}"
    );
    assert!(!names.contains(&"state"), "{names:?}");
    assert!(active["responses"]["200"]["headers"]["Link"].is_object());
    assert_eq!(active["x-scopes"], json!(["listings:read"]));
    let ship = &document["paths"]["/api/etsy/orders/{id}/ship"]["post"];
    assert_eq!(ship["parameters"][0]["in"], "path");
    let body = &ship["requestBody"]["content"]["application/json"]["schema"];
    assert!(body["properties"].get("id").is_none(), "{body}");
    assert_eq!(ship["x-scopes"], json!(["orders:write"]));
}

#[tokio::test]
async fn the_document_follows_the_plugins() {
    let stage = Stage::of(&["spin"]).await;
    let before = document(&stage).await;
    assert!(
        before["paths"]
            .get("/api/spin/call/listings/list")
            .is_some()
    );
    assert_eq!(document(&stage).await, before);
    stage.delete("/api/plugins/spin").await.unwrap();
    let after = document(&stage).await;
    assert!(after["paths"].get("/api/spin/call/listings/list").is_none());
}

#[tokio::test]
async fn nobody_reads_it_without_a_key() {
    let stage = Stage::new();
    let request = Request::get("/openapi.json").body(Body::empty()).unwrap();
    assert_eq!(stage.send(request).await.status(), 401);
}

/// A request that no handler understands is a problem too: never a line of plain text.
#[tokio::test]
async fn every_mistake_is_a_problem() {
    let stage = Stage::new();
    let json = Some("application/json");
    for (method, path, media_type, body, status, kind) in [
        (
            Method::POST,
            "/api/etsy/oauth/connect",
            json,
            "{",
            400,
            ProblemKind::BadRequest,
        ),
        (
            Method::POST,
            "/api/etsy/oauth/connect",
            json,
            "[]",
            422,
            ProblemKind::InvalidArguments,
        ),
        (
            Method::POST,
            "/api/etsy/oauth/connect",
            json,
            r#"{"usr": 1}"#,
            422,
            ProblemKind::InvalidArguments,
        ),
        (
            Method::POST,
            "/api/etsy/oauth/connect",
            None,
            "{}",
            415,
            ProblemKind::WrongMediaType,
        ),
        (
            Method::POST,
            "/api/etsy/oauth/connect",
            Some("text/plain"),
            "{}",
            415,
            ProblemKind::WrongMediaType,
        ),
        (
            Method::POST,
            "/api/etsy/call/shop/get",
            Some("text/plain"),
            "{}",
            415,
            ProblemKind::WrongMediaType,
        ),
        (
            Method::GET,
            "/api/accounts?user=a%20b",
            None,
            "",
            400,
            ProblemKind::BadRequest,
        ),
        (
            Method::GET,
            "/api/accounts?usr=a",
            None,
            "",
            400,
            ProblemKind::BadRequest,
        ),
        (
            Method::GET,
            "/api/accounts?user=a&user=b",
            None,
            "",
            400,
            ProblemKind::BadRequest,
        ),
        (
            Method::GET,
            "/api/accounts/%FF",
            None,
            "",
            400,
            ProblemKind::BadRequest,
        ),
        (
            Method::GET,
            "/api/accounts/%00",
            None,
            "",
            404,
            ProblemKind::UnknownAccount,
        ),
        (
            Method::GET,
            "/api/nothing",
            None,
            "",
            404,
            ProblemKind::NoRoute,
        ),
        (
            Method::PATCH,
            "/api/accounts",
            json,
            "{}",
            405,
            ProblemKind::NoMethod,
        ),
    ] {
        let what = format!("{method} {path} {media_type:?} {body}");
        let mut request = Request::builder().method(method).uri(path);
        if let Some(media_type) = media_type {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        let request = request.extension(Caller::Operator);
        let response = stage.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(response.status(), status, "{what}");
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json",
            "{what}"
        );
        let problem = crate::stage::problem(response).await;
        assert_eq!(problem.kind(), kind, "{what}: {problem:?}");
        if status == 422 {
            assert_eq!(problem.violations.len(), 1, "{what}");
        }
    }
}

/// The snippets of `docs/front-end.md`, put together, are a module that JavaScript can read.
#[test]
fn the_front_ends_guide_is_javascript() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/front-end.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let snippets = guide.split("```js\n").skip(1);
    let snippets = snippets.map(|rest| rest.split("```").next().unwrap());
    let module: String = snippets.collect();
    assert!(module.contains("async function stoflow"), "{module}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guide.mjs");
    std::fs::write(&path, module).unwrap();
    let mut node = std::process::Command::new("node");
    match node.arg("--check").arg(&path).output() {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => {
            println!("docs/front-end.md was not checked: node cannot be started: {error}")
        }
    }
}
