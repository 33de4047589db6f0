//! The structure of an OpenAPI document, without its prose.
//!
//! A construct that this file does not know is an error, never dropped in silence: a bound that
//! vanished here would be a request that the sandbox accepts and Etsy refuses. Each error names the
//! place.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Keywords of a schema that carry prose or tooling hints only.
const IGNORED: [&str; 5] = ["description", "example", "title", "deprecated", "summary"];

/// The table of a document.
pub(super) fn extract(bytes: &[u8]) -> Result<Value> {
    let document: Value = serde_json::from_slice(bytes).context("the document is not JSON")?;
    let mut names = BTreeSet::new();
    let mut operations = Map::new();
    for (path, methods) in object(&document, "/paths")? {
        let methods = methods.as_object();
        let methods = methods.with_context(|| format!("/paths/{path} is not an object"))?;
        for (method, operation) in methods {
            let Some(id) = operation.get("operationId").and_then(Value::as_str) else {
                bail!("/paths/{path}/{method} has no operationId");
            };
            let reduced = reduce_operation(&document, method, path, operation, &mut names)
                .with_context(|| format!("operation {id}"))?;
            if operations.insert(id.to_owned(), reduced).is_some() {
                bail!("operation {id} occurs twice");
            }
        }
    }
    // An empty table would let the sandbox refuse everything.
    ensure!(!operations.is_empty(), "/paths has no operations");
    let schemas = schemas(&document, names)?;
    Ok(json!({
        "source": {"sha256": hex::encode(Sha256::digest(bytes)), "bytes": bytes.len()},
        "operations": sorted(operations),
        "schemas": schemas,
    }))
}

/// Every schema that an operation mentions, and what those mention in turn.
fn schemas(document: &Value, mut wanted: BTreeSet<String>) -> Result<Value> {
    let all = object(document, "/components/schemas")?;
    let mut done = Map::new();
    while let Some(name) = wanted.pop_first() {
        if done.contains_key(&name) {
            continue;
        }
        let schema = all
            .get(&name)
            .with_context(|| format!("schema {name} is missing"))?;
        let reduced = shape(schema, &mut wanted).with_context(|| format!("schema {name}"))?;
        done.insert(name, reduced);
    }
    Ok(sorted(done))
}

fn reduce_operation(
    document: &Value,
    method: &str,
    path: &str,
    operation: &Value,
    names: &mut BTreeSet<String>,
) -> Result<Value> {
    let mut reduced = Map::new();
    reduced.insert("method".into(), method.to_uppercase().into());
    reduced.insert("path".into(), path.into());
    let (api_key, scopes) = security(
        operation
            .get("security")
            .or_else(|| document.get("security")),
    )?;
    reduced.insert("api_key".into(), api_key.into());
    reduced.insert("scopes".into(), scopes.into());
    let mut parameters = Vec::new();
    if let Some(given) = operation.get("parameters") {
        for parameter in given.as_array().context("parameters are not a list")? {
            parameters.push(reduce_parameter(parameter, names)?);
        }
    }
    reduced.insert("parameters".into(), parameters.into());
    if let Some(body) = operation.get("requestBody") {
        reduced.insert("body".into(), reduce_body(body, names)?);
    }
    let mut responses = Map::new();
    for (status, response) in object(operation, "/responses")? {
        let content = response.get("content").and_then(Value::as_object);
        let schema = match content.and_then(|content| content.get("application/json")) {
            Some(media) => shape(media.get("schema").unwrap_or(&Value::Null), names)?,
            None if content.is_none_or(Map::is_empty) => Value::Null,
            None => bail!("response {status} is not application/json"),
        };
        responses.insert(status.clone(), schema);
    }
    reduced.insert("responses".into(), sorted(responses));
    Ok(Value::Object(reduced))
}

/// Whether the application's key is demanded, and the scopes that a token must have.
fn security(requirements: Option<&Value>) -> Result<(bool, Vec<Value>)> {
    let alternatives = requirements
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    match alternatives {
        [] => Ok((false, Vec::new())),
        [one] => {
            let mut scopes = Vec::new();
            for (scheme, wanted) in one.as_object().context("security is not an object")? {
                match scheme.as_str() {
                    "api_key" => {}
                    "oauth2" => {
                        scopes = wanted.as_array().context("scopes are not a list")?.clone()
                    }
                    other => bail!("security scheme {other} is unknown"),
                }
            }
            Ok((one.get("api_key").is_some(), scopes))
        }
        _ => bail!("several alternatives of security"),
    }
}

fn reduce_parameter(parameter: &Value, names: &mut BTreeSet<String>) -> Result<Value> {
    let text = |key: &str| {
        parameter
            .get(key)
            .and_then(Value::as_str)
            .with_context(|| format!("a parameter lacks {key}"))
    };
    let name = text("name")?;
    for key in parameter.as_object().into_iter().flat_map(Map::keys) {
        if !matches!(key.as_str(), "name" | "in" | "required" | "schema") && !is_ignored(key) {
            bail!("parameter {name} has the unknown key {key}");
        }
    }
    let mut reduced = Map::new();
    reduced.insert("name".into(), name.into());
    reduced.insert("in".into(), text("in")?.into());
    if parameter.get("required") == Some(&Value::Bool(true)) {
        reduced.insert("required".into(), true.into());
    }
    let schema = parameter
        .get("schema")
        .with_context(|| format!("parameter {name} has no schema"))?;
    reduced.insert(
        "schema".into(),
        shape(schema, names).with_context(|| format!("parameter {name}"))?,
    );
    Ok(Value::Object(reduced))
}

fn reduce_body(body: &Value, names: &mut BTreeSet<String>) -> Result<Value> {
    let content = object(body, "/content")?;
    let mut entries = content.iter();
    let (Some((content_type, media)), None) = (entries.next(), entries.next()) else {
        bail!(
            "a body must have one content type, this has {}",
            content.len()
        );
    };
    let schema = media.get("schema").context("the body has no schema")?;
    Ok(json!({"content_type": content_type, "schema": shape(schema, names)?}))
}

/// A schema without its prose; references become names.
fn shape(schema: &Value, names: &mut BTreeSet<String>) -> Result<Value> {
    let schema = schema.as_object().context("a schema is not an object")?;
    let mut reduced = Map::new();
    for (key, value) in schema {
        match key.as_str() {
            "$ref" => {
                let name = value
                    .as_str()
                    .and_then(|path| path.rsplit('/').next())
                    .context("$ref is not text")?;
                names.insert(name.to_owned());
                reduced.insert("ref".into(), name.into());
            }
            // Etsy writes a reference with a description as a list of one alternative.
            "oneOf" | "allOf" | "anyOf" => match value.as_array().map(Vec::as_slice) {
                Some([only]) => {
                    let inner = shape(only, names)?;
                    reduced.extend(inner.as_object().cloned().unwrap_or_default());
                }
                _ => bail!("{key} with several members"),
            },
            "nullable" if value == &Value::Bool(true) => {
                reduced.insert(key.clone(), true.into());
            }
            // The widest bound there is says nothing.
            "maximum" if value.as_f64() >= Some(1e300) => {}
            // Every integer is an int64, every number a float: the type says it.
            "format" if matches!(value.as_str(), Some("int64" | "float")) => {}
            "default" if value.is_null() => {}
            "nullable" if value == &Value::Bool(false) => {}
            "type" | "format" | "enum" | "minimum" | "maximum" | "default" => {
                reduced.insert(key.clone(), value.clone());
            }
            "required" if value.is_array() => {
                reduced.insert(key.clone(), value.clone());
            }
            "items" => {
                reduced.insert(key.clone(), shape(value, names).context("items")?);
            }
            "properties" => {
                let mut properties = Map::new();
                for (name, property) in value.as_object().context("properties are not an object")? {
                    properties.insert(
                        name.clone(),
                        shape(property, names).with_context(|| name.clone())?,
                    );
                }
                reduced.insert(key.clone(), sorted(properties));
            }
            other if is_ignored(other) => {}
            other => bail!("the keyword {other} is unknown"),
        }
    }
    Ok(sorted(reduced))
}

fn is_ignored(key: &str) -> bool {
    IGNORED.contains(&key) || key.starts_with("x-")
}

fn object<'a>(value: &'a Value, pointer: &str) -> Result<&'a Map<String, Value>> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .with_context(|| format!("{pointer} is not an object"))
}

/// The same object with its keys in order, whatever order the JSON library keeps.
fn sorted(map: Map<String, Value>) -> Value {
    let ordered: BTreeMap<String, Value> = map.into_iter().collect();
    Value::Object(ordered.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r##"{
        "security": [{"api_key": []}],
        "paths": {"/v3/application/mugs/{mug_id}": {"get": {
            "operationId": "getMug", "description": "prose", "security": [{"api_key": [], "oauth2": ["mugs_r"]}],
            "parameters": [{"name": "mug_id", "in": "path", "required": true, "description": "prose",
                "schema": {"type": "integer", "format": "int64", "minimum": 1, "description": "prose"}}],
            "responses": {"200": {"description": "prose", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Mug"}}}},
                "404": {"description": "prose"}}}}},
        "components": {"schemas": {
            "Mug": {"type": "object", "x-resource-id": "Mug", "properties": {
                "glaze": {"description": "prose", "nullable": true, "oneOf": [{"$ref": "#/components/schemas/Glaze"}]}}},
            "Glaze": {"type": "string", "enum": ["matt", "gloss"], "default": null},
            "Unused": {"type": "string"}}}}"##;

    #[test]
    fn keeps_structure_and_drops_prose() {
        let table = extract(DOCUMENT.as_bytes()).unwrap();
        assert_eq!(table["operations"]["getMug"]["scopes"], json!(["mugs_r"]));
        assert_eq!(
            table["operations"]["getMug"]["responses"],
            json!({"200": {"ref": "Mug"}, "404": null})
        );
        assert_eq!(
            table["schemas"]["Mug"]["properties"]["glaze"],
            json!({"nullable": true, "ref": "Glaze"})
        );
        assert_eq!(
            table["schemas"]["Glaze"],
            json!({"enum": ["matt", "gloss"], "type": "string"})
        );
        assert!(table["schemas"].get("Unused").is_none());
        assert!(!table.to_string().contains("prose"));
    }

    #[test]
    fn says_the_digest_of_its_source() {
        let table = extract(DOCUMENT.as_bytes()).unwrap();
        assert_eq!(table["source"]["bytes"], DOCUMENT.len());
        assert_eq!(
            table["source"]["sha256"],
            hex::encode(Sha256::digest(DOCUMENT))
        );
    }

    #[test]
    fn refuses_a_keyword_that_it_does_not_know() {
        let document = DOCUMENT.replace("\"default\": null", "\"pattern\": \"a+\"");
        let error = format!("{:#}", extract(document.as_bytes()).unwrap_err());
        assert!(
            error.contains("pattern") && error.contains("Glaze"),
            "{error}"
        );
    }

    #[test]
    fn refuses_what_is_no_such_document_and_names_the_place() {
        let without = |what: &str, with: &str| DOCUMENT.replace(what, with);
        for (document, place) in [
            ("<html>".to_owned(), "line 1"),
            ("[]".to_owned(), "/paths"),
            (r#"{"paths": {}}"#.to_owned(), "/paths"),
            (r#"{"paths": {"/mugs": []}}"#.to_owned(), "/paths//mugs"),
            (
                without("\"operationId\": \"getMug\",", ""),
                "get has no operationId",
            ),
            (
                without("\"responses\"", "\"x-replies\""),
                "operation getMug: /responses",
            ),
            (
                without("\"name\": \"mug_id\", ", ""),
                "operation getMug: a parameter lacks name",
            ),
            (
                without("\"Glaze\": {", "\"Gloss\": {"),
                "schema Glaze is missing",
            ),
            (
                without("\"nullable\": true", "\"nullable\": 1"),
                "schema Mug: glaze",
            ),
        ] {
            let error = format!("{:#}", extract(document.as_bytes()).unwrap_err());
            assert!(error.contains(place), "{place}: {error}");
        }
    }
}
