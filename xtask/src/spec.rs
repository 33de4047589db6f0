//! Reduces Etsy's OpenAPI document to the table that the sandbox checks requests against.
//!
//! Only structure is taken: names, types, bounds, scopes, encodings, status codes. No prose, so that
//! the table is made of facts, and small enough that a change of the marketplace is a readable diff.
//! A construct that this file does not know is an error, never dropped in silence: a bound that
//! vanished here would be a request that the sandbox accepts and Etsy refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The longest line that the table's writer makes before it breaks a value over several lines.
const LINE: usize = 150;

/// Keywords of a schema that carry prose or tooling hints only.
const IGNORED: [&str; 5] = ["description", "example", "title", "deprecated", "summary"];

/// Extracts `file` into `out`, or with `diff` only prints what differs between the two.
pub(crate) fn run(file: &Path, diff: bool, out: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let table = extract(&bytes).with_context(|| format!("reducing {}", file.display()))?;
    if diff {
        let old = fs::read(out).with_context(|| format!("reading {}", out.display()))?;
        let old: Value =
            serde_json::from_slice(&old).with_context(|| format!("parsing {}", out.display()))?;
        let differences = differences(&old, &table);
        for line in &differences {
            println!("{line}");
        }
        println!(
            "{} differences between {} and {}",
            differences.len(),
            out.display(),
            file.display()
        );
        return Ok(());
    }
    let text = write(&table);
    fs::write(out, &text).with_context(|| format!("writing {}", out.display()))?;
    let count = table
        .get("operations")
        .and_then(Value::as_object)
        .map_or(0, Map::len);
    println!(
        "{}: {count} operations, {} bytes",
        out.display(),
        text.len()
    );
    Ok(())
}

/// The table of a document.
fn extract(bytes: &[u8]) -> Result<Value> {
    let document: Value = serde_json::from_slice(bytes).context("the document is not JSON")?;
    let mut names = BTreeSet::new();
    let mut operations = Map::new();
    for (path, methods) in object(&document, "/paths")? {
        for (method, operation) in methods.as_object().into_iter().flatten() {
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
    for parameter in operation
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        parameters.push(reduce_parameter(parameter, names)?);
    }
    reduced.insert("parameters".into(), parameters.into());
    if let Some(body) = operation.get("requestBody") {
        reduced.insert("body".into(), reduce_body(body, names)?);
    }
    let mut responses = Map::new();
    for (status, response) in operation
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
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
            "nullable" => {}
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

/// JSON in which a value stands on one line where it fits.
fn write(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, 0, 0, &mut text);
    text.push('\n');
    text
}

fn write_value(value: &Value, depth: usize, before: usize, out: &mut String) {
    let compact = value.to_string();
    let breakable = value.as_object().is_some_and(|map| !map.is_empty())
        || value.as_array().is_some_and(|list| !list.is_empty());
    // The three outermost levels always break: one operation, one schema a line at least.
    if !breakable || (depth > 1 && depth + before + compact.len() <= LINE) {
        out.push_str(&compact);
        return;
    }
    let (open, close) = if value.is_object() {
        ('{', '}')
    } else {
        ('[', ']')
    };
    out.push(open);
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| (format!("{}: ", Value::from(key.as_str())), item))
            .collect(),
        Value::Array(list) => list.iter().map(|item| (String::new(), item)).collect(),
        _ => Vec::new(),
    };
    for (index, (label, item)) in entries.iter().enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&" ".repeat(depth + 1));
        out.push_str(label);
        write_value(item, depth + 1, label.len(), out);
    }
    out.push('\n');
    out.push_str(&" ".repeat(depth));
    out.push(close);
}

/// One line for each place at which two tables differ, `-` for what went, `+` for what came.
fn differences(old: &Value, new: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", old, new, &mut lines);
    lines
}

fn compare(place: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    match (by_name(old), by_name(new)) {
        (Some(old), Some(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let place = format!("{place}/{key}");
                match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => compare(&place, old, new, lines),
                    (Some(old), None) => lines.push(format!("- {place}: {old}")),
                    (None, Some(new)) => lines.push(format!("+ {place}: {new}")),
                    (None, None) => {}
                }
            }
        }
        _ if old == new => {}
        _ => lines.push(format!("~ {place}: {old} -> {new}")),
    }
}

/// An object by its keys; a list of parameters by their names, so that one inserted is one line.
fn by_name(value: &Value) -> Option<BTreeMap<String, &Value>> {
    match value {
        Value::Object(map) => Some(map.iter().map(|(key, item)| (key.clone(), item)).collect()),
        Value::Array(list) => list
            .iter()
            .map(|item| Some((item.get("name")?.as_str()?.to_owned(), item)))
            .collect::<Option<BTreeMap<_, _>>>()
            .filter(|names| !names.is_empty()),
        _ => None,
    }
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
        assert!(!write(&table).contains("prose"));
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
    fn writes_what_it_can_read_back() {
        let table = extract(DOCUMENT.as_bytes()).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&write(&table)).unwrap(),
            table
        );
    }

    #[test]
    fn names_each_difference_by_its_place() {
        let old = extract(DOCUMENT.as_bytes()).unwrap();
        let new = extract(
            DOCUMENT
                .replace("\"gloss\"", "\"satin\"")
                .replace("mugs_r", "mugs_w")
                .as_bytes(),
        )
        .unwrap();
        let lines = differences(&old, &new).join("\n");
        assert!(lines.contains("~ /operations/getMug/scopes"), "{lines}");
        assert!(lines.contains("~ /schemas/Glaze/enum"), "{lines}");
        assert!(lines.contains("~ /source/sha256"), "{lines}");
        assert_eq!(differences(&old, &old), Vec::<String>::new());
    }
}
