//! A request against the table: what Etsy would refuse before looking at any listing.
//!
//! The traps of Etsy's encodings are here: an array in a form or a query is one comma-joined value,
//! a repeated key keeps only its last value, a blank array is an empty one (and refused), and each
//! operation takes exactly one content type.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde_json::Value;

use crate::facts;
use crate::input::{Fields, Input, Part, Upload};
use crate::reply::Refusal;
use crate::table::{Kind, Operation, Place, Shape, Table};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data";

/// The raw request, as far as its checking needs it.
pub(crate) struct Raw<'a> {
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    /// The parts of a multipart body, or why it could not be read.
    pub(crate) parts: Option<&'a Result<Vec<Part>, String>>,
}

/// Checks a request and types its values.
pub(crate) fn check(
    operation: &'static Operation,
    path: &[(String, String)],
    raw: &Raw<'_>,
) -> Result<Input, Refusal> {
    let mut input = Input::default();
    check_path(operation, path, &mut input)?;
    input.query = check_query(operation, raw.query)?;
    if let Some(body) = &operation.body {
        check_content_type(&body.content_type, raw)?;
        match body.content_type.as_str() {
            JSON => input.body = check_json(operation, &body.schema, raw.body)?,
            MULTIPART => check_parts(operation, &body.schema, raw, &mut input)?,
            _ => input.body = check_form(operation, &body.schema, raw.body)?,
        }
    } else if !raw.body.is_empty() {
        return Err(Refusal::bad(format!("{} takes no body", operation.id)));
    }
    Ok(input)
}

fn check_path(
    operation: &Operation,
    path: &[(String, String)],
    input: &mut Input,
) -> Result<(), Refusal> {
    for (name, written) in path {
        let shape = operation
            .parameters
            .iter()
            .find(|parameter| parameter.place == Place::Path && parameter.name == *name)
            .map(|parameter| &parameter.schema);
        if shape.is_some_and(|shape| shape.kind == Some(Kind::String)) {
            input.set_word(name, written);
            continue;
        }
        match written.parse::<i64>() {
            Ok(id) if id >= 1 => input.set_id(name, id),
            _ => return Err(ill_typed(name, "int", written)),
        }
    }
    Ok(())
}

fn check_query(operation: &Operation, query: &str) -> Result<Fields, Refusal> {
    let mut fields = Fields::default();
    for (name, written) in last_of_each(query.as_bytes()) {
        let own = operation
            .parameters
            .iter()
            .find(|parameter| parameter.place == Place::Query && parameter.name == name)
            .map(|parameter| parameter.schema.clone());
        let Some(shape) = own.or_else(|| facts::added(&operation.id, &name)) else {
            return Err(unknown(&name, "query"));
        };
        fields.insert(&name, query_value(&name, &written, &shape)?);
    }
    for parameter in &operation.parameters {
        if parameter.place == Place::Query && !fields.has(&parameter.name) {
            if parameter.required {
                return Err(missing(&parameter.name));
            }
            if let Some(default) = &parameter.schema.default {
                fields.insert(&parameter.name, default.clone());
            }
        }
    }
    Ok(fields)
}

/// A query's value, with Etsy's leniency about pages.
fn query_value(name: &str, written: &str, shape: &Shape) -> Result<Value, Refusal> {
    if let (Some(number), "limit" | "offset") = (written.parse::<i64>().ok(), name) {
        if name == "limit" && number > facts::PAGE_MAX {
            return Ok(facts::PAGE_MAX.into());
        }
        if name == "offset" && number > facts::OFFSET_MAX {
            return Err(Refusal::bad(
                "Offset provided is greater than the maximum offset allowed.",
            ));
        }
    }
    written_value(name, written, shape)
}

fn check_content_type(wanted: &str, raw: &Raw<'_>) -> Result<(), Refusal> {
    let given = raw
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = given
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    // A request without fields has no need to say how they are written.
    let bare = essence.is_empty() && raw.body.is_empty() && wanted == FORM;
    if essence == wanted || bare {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "Unsupported content type '{essence}', expected '{wanted}'"
    ))
    .because(format!(
        "the body is '{essence}', the operation takes '{wanted}'"
    )))
}

fn check_form(operation: &Operation, schema: &Shape, body: &Bytes) -> Result<Fields, Refusal> {
    if std::str::from_utf8(body).is_err() {
        return Err(Refusal::bad("The body is not valid UTF-8"));
    }
    let mut fields = Fields::default();
    for (name, written) in last_of_each(body) {
        let shape = body_field(operation, schema, &name)?;
        fields.insert(&name, written_value(&name, &written, &shape)?);
    }
    require(schema, |name| fields.has(name))?;
    Ok(fields)
}

fn check_parts(
    operation: &Operation,
    schema: &Shape,
    raw: &Raw<'_>,
    input: &mut Input,
) -> Result<(), Refusal> {
    let parts = match raw.parts {
        Some(Ok(parts)) => parts,
        Some(Err(reason)) => {
            return Err(Refusal::bad("An error ocurred while uploading your file")
                .because(format!("the multipart body cannot be read: {reason}")));
        }
        None => return Err(missing("multipart body")),
    };
    for part in parts {
        let shape = body_field(operation, schema, &part.name)?;
        if shape.format.as_deref() == Some("binary") {
            let upload = Upload {
                filename: part.filename.clone(),
                bytes: part.bytes.clone(),
            };
            input.files.insert(part.name.clone(), upload);
            continue;
        }
        let Ok(written) = std::str::from_utf8(&part.bytes) else {
            return Err(Refusal::bad(format!("'{}' is not valid UTF-8", part.name)));
        };
        input
            .body
            .insert(&part.name, written_value(&part.name, written, &shape)?);
    }
    Ok(())
}

fn check_json(operation: &Operation, schema: &Shape, body: &Bytes) -> Result<Fields, Refusal> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::bad("Invalid JSON body").because(error.to_string()))?;
    let Value::Object(object) = value else {
        return Err(Refusal::bad("Invalid JSON body").because("the body is not an object"));
    };
    let mut fields = Fields::default();
    for (name, value) in object {
        let shape = body_field(operation, schema, &name)?;
        check_value(&format!("/{name}"), &name, &value, &shape)?;
        fields.insert(&name, value);
    }
    require(schema, |name| fields.has(name))?;
    Ok(fields)
}

/// The shape of a body's field, from the table or from what came since.
fn body_field(operation: &Operation, schema: &Shape, name: &str) -> Result<Shape, Refusal> {
    if facts::is_removed(&operation.id, name) {
        return Err(unknown(name, "body").because(format!(
            "Etsy removed '{name}' from {} in 2026",
            operation.id
        )));
    }
    let own = schema
        .properties
        .as_ref()
        .and_then(|properties| properties.get(name))
        .cloned();
    own.or_else(|| facts::added(&operation.id, name))
        .ok_or_else(|| unknown(name, "body"))
}

/// A value written as text, typed.
fn written_value(name: &str, written: &str, shape: &Shape) -> Result<Value, Refusal> {
    let shape = Table::get().resolve(shape);
    let value = match shape.kind {
        Some(Kind::Integer) => Value::from(
            written
                .parse::<i64>()
                .map_err(|_| ill_typed(name, "int", written))?,
        ),
        Some(Kind::Number) => match written.parse::<f64>() {
            Ok(number) if number.is_finite() => Value::from(number),
            _ => return Err(ill_typed(name, "float", written)),
        },
        Some(Kind::Boolean) => match written {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => return Err(ill_typed(name, "bool", written)),
        },
        Some(Kind::Array) => return written_list(name, written, shape),
        Some(Kind::String) | None => Value::from(written),
        Some(Kind::Object) => return Err(ill_typed(name, "object", written)),
    };
    check_bounds(name, &value, shape)?;
    Ok(value)
}

/// One comma-joined value. Blank means empty, which Etsy takes badly.
fn written_list(name: &str, written: &str, shape: &Shape) -> Result<Value, Refusal> {
    if written.trim().is_empty() {
        return Err(match name {
            "tags" => Refusal::server_error(
                "blank tags end in a 500 at Etsy: leave the field out instead of sending it blank",
            ),
            "image_ids" => {
                Refusal::violation("/images", "array_too_short", "cannot be less than 1 items")
            }
            // A value list of a property may be blank: the property has no ids.
            "value_ids" | "values" => return Ok(Value::Array(Vec::new())),
            _ => Refusal::violation(
                &format!("/{name}"),
                "array_too_short",
                "cannot be less than 1 items",
            ),
        });
    }
    let any = Shape::default();
    let items = shape.items.as_deref().unwrap_or(&any);
    let values: Result<Vec<Value>, Refusal> = written
        .split(',')
        .map(|item| written_value(name, item.trim(), items))
        .collect();
    Ok(Value::Array(values?))
}

/// A JSON value against its shape; `place` is its JSON Pointer.
fn check_value(place: &str, name: &str, value: &Value, shape: &Shape) -> Result<(), Refusal> {
    let shape = Table::get().resolve(shape);
    let wrong = |kind: &str| {
        let refusal = ill_typed(name, kind, &value.to_string());
        let reason = format!("{place}: {}", refusal.reason);
        Err(refusal.because(reason))
    };
    match (shape.kind, value) {
        (_, Value::Null) if shape.nullable => Ok(()),
        (Some(Kind::Integer), Value::Number(number)) if number.is_i64() => {
            check_bounds(name, value, shape)
        }
        (Some(Kind::Integer), _) => wrong("int"),
        (Some(Kind::Number), Value::Number(_)) => check_bounds(name, value, shape),
        (Some(Kind::Number), _) => wrong("float"),
        (Some(Kind::Boolean), Value::Bool(_)) => Ok(()),
        (Some(Kind::Boolean), _) => wrong("bool"),
        (Some(Kind::String), Value::String(_)) => check_bounds(name, value, shape),
        (Some(Kind::String), _) => wrong("string"),
        (Some(Kind::Array), Value::Array(list)) => {
            let any = Shape::default();
            let items = shape.items.as_deref().unwrap_or(&any);
            for (index, item) in list.iter().enumerate() {
                check_value(&format!("{place}/{index}"), name, item, items)?;
            }
            Ok(())
        }
        (Some(Kind::Array), _) => wrong("array"),
        (Some(Kind::Object), Value::Object(object)) => {
            for (key, inner) in object {
                let known = shape.properties.as_ref().and_then(|known| known.get(key));
                let Some(known) = known else {
                    return Err(unknown(key, place));
                };
                check_value(&format!("{place}/{key}"), key, inner, known)?;
            }
            require(shape, |name| object.contains_key(name)).map_err(|refusal| {
                let reason = format!("{place}: {}", refusal.reason);
                refusal.because(reason)
            })
        }
        (Some(Kind::Object), _) => wrong("object"),
        (None, _) => Ok(()),
    }
}

fn check_bounds(name: &str, value: &Value, shape: &Shape) -> Result<(), Refusal> {
    if !shape.allowed.is_empty() && !shape.allowed.contains(value) {
        let allowed: Vec<String> = shape.allowed.iter().map(plain).collect();
        return Err(Refusal::bad(format!(
            "Invalid value for '{name}' (got '{}'), expected one of: {}",
            plain(value),
            allowed.join(", ")
        )));
    }
    if let Some(number) = value.as_f64() {
        // A weight of 0 passes here and fails later: Etsy answers it with a 500.
        if shape.minimum.is_some_and(|minimum| number < minimum) {
            return Err(Refusal::bad(format!(
                "Invalid value for '{name}' (got '{}'), cannot be less than {}",
                plain(value),
                shape.minimum.unwrap_or_default()
            )));
        }
        if shape.maximum.is_some_and(|maximum| number > maximum) {
            return Err(Refusal::bad(format!(
                "Invalid value for '{name}' (got '{}'), cannot be more than {}",
                plain(value),
                shape.maximum.unwrap_or_default()
            )));
        }
    }
    Ok(())
}

/// Pairs of a form or a query; of a repeated key only the last value counts.
fn last_of_each(encoded: &[u8]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(encoded) {
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name.into_owned(), value.into_owned()));
    }
    pairs
}

fn require(schema: &Shape, has: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    match schema.required.iter().find(|name| !has(name)) {
        Some(name) => Err(missing(name)),
        None => Ok(()),
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn missing(name: &str) -> Refusal {
    Refusal::bad(format!("Missing input parameter: [{name}]"))
}

fn unknown(name: &str, place: &str) -> Refusal {
    let refusal = Refusal::bad(format!("Unknown input parameter: [{name}]"));
    let hint = match name.strip_suffix("[]") {
        Some(base) => format!("; write {base} once, its values joined by commas"),
        None => String::new(),
    };
    refusal.because(format!(
        "the operation has no parameter '{name}' in {place}{hint}"
    ))
}

fn ill_typed(name: &str, kind: &str, given: &str) -> Refusal {
    let shown: String = given.chars().take(60).collect();
    Refusal::bad(format!(
        "Expected {kind} value for '{name}' (got '{shown}')"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(operation: &str, body: &str) -> Result<Fields, Refusal> {
        let operation = &Table::get().operations[operation];
        let schema = &operation.body.as_ref().unwrap().schema;
        check_form(operation, schema, &Bytes::from(body.to_owned()))
    }

    #[test]
    fn an_array_is_one_comma_joined_value() {
        let fields = form("updateListing", "tags=oak%2C%20mug&image_ids=3,1").unwrap();
        assert_eq!(fields.texts("tags").unwrap(), ["oak", "mug"]);
        assert_eq!(fields.ints("image_ids").unwrap(), [3, 1]);
    }

    #[test]
    fn a_repeated_key_keeps_its_last_value() {
        assert_eq!(
            form("updateListing", "tags=a&tags=b")
                .unwrap()
                .texts("tags")
                .unwrap(),
            ["b"]
        );
    }

    #[test]
    fn brackets_are_an_unknown_parameter() {
        let refusal = form("updateListing", "tags[]=a").unwrap_err();
        assert!(
            refusal.reason.contains("joined by commas"),
            "{}",
            refusal.reason
        );
    }

    #[test]
    fn blank_lists_are_refused_as_etsy_does() {
        assert_eq!(
            form("updateListing", "tags=").unwrap_err().reply.status,
            500
        );
        let body = form("updateListing", "image_ids=").unwrap_err().reply.body;
        assert!(body.starts_with(b"[{"), "{body:?}");
    }

    #[test]
    fn types_bounds_and_enums_are_checked() {
        for body in [
            "taxonomy_id=x",
            "taxonomy_id=0",
            "taxonomy_id=1.5",
            "is_supply=yes",
            "who_made=me",
        ] {
            assert!(form("updateListing", body).is_err(), "{body}");
        }
        assert_eq!(
            form("updateListing", "is_supply=1")
                .unwrap()
                .flag("is_supply"),
            Some(true)
        );
    }

    #[test]
    fn what_left_and_what_came_since_the_document() {
        assert!(form("updateListing", "featured_rank=1").is_err());
        assert!(form("updateListing", "ecgt_garan_years=2").is_ok());
    }

    #[test]
    fn json_is_checked_to_its_depth() {
        let operation = &Table::get().operations["updateListingInventory"];
        let schema = &operation.body.as_ref().unwrap().schema;
        let offering =
            json!({"price": 5, "quantity": 1, "is_enabled": true, "readiness_state_id": null});
        let check = |products: Value| {
            let body = Bytes::from(json!({ "products": products }).to_string());
            check_json(operation, schema, &body).map_err(|refusal| refusal.reason)
        };
        check(json!([{"offerings": [offering]}])).unwrap();
        let reason = check(json!([{"product_id": 1, "offerings": [offering]}])).unwrap_err();
        assert!(
            reason.contains("product_id") && reason.contains("/products/0"),
            "{reason}"
        );
        let mut money = offering.clone();
        money["price"] = json!({"amount": 500, "divisor": 100, "currency_code": "EUR"});
        let reason = check(json!([{"offerings": [money]}])).unwrap_err();
        assert!(reason.contains("/products/0/offerings/0/price"), "{reason}");
        let reason = check(json!([{"offerings": [{"price": 5}]}])).unwrap_err();
        assert!(
            reason.contains("Missing input parameter: [quantity]"),
            "{reason}"
        );
    }

    #[test]
    fn pages_are_clamped_and_deep_offsets_refused() {
        let operation = &Table::get().operations["getListingsByShop"];
        let fields = check_query(operation, "limit=1000").unwrap();
        assert_eq!(
            (
                fields.int("limit"),
                fields.int("offset"),
                fields.text("state")
            ),
            (Some(100), Some(0), Some("active"))
        );
        assert!(check_query(operation, "limit=0").is_err());
        assert!(
            check_query(operation, "offset=12001")
                .unwrap_err()
                .reason
                .contains("maximum offset")
        );
        assert!(check_query(operation, "colour=red").is_err());
    }
}
