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
use crate::table::{Kind, Operation, Place, Shape};
use crate::values::{check_value, ill_typed, missing, require, unknown, written_value};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data";

/// The raw request, as far as its checking needs it.
pub(crate) struct Raw<'a> {
    /// The year of the sandbox's clock, which some names of values follow.
    pub(crate) year: i64,
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
        if essence(raw) != body.content_type && facts::ignores_other_bodies(&operation.id) {
            return Ok(input);
        }
        check_content_type(&body.content_type, raw)?;
        match body.content_type.as_str() {
            JSON => input.body = check_json(operation, &body.schema, raw.body)?,
            MULTIPART => check_parts(operation, &body.schema, raw, &mut input)?,
            _ => input.body = check_form(operation, &body.schema, raw.body, raw.year)?,
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

/// The content type without its parameters.
fn essence(raw: &Raw<'_>) -> String {
    let given = raw
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = given.split(';').next().unwrap_or("");
    essence.trim().to_ascii_lowercase()
}

fn check_content_type(wanted: &str, raw: &Raw<'_>) -> Result<(), Refusal> {
    let essence = essence(raw);
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

fn check_form(
    operation: &Operation,
    schema: &Shape,
    body: &Bytes,
    year: i64,
) -> Result<Fields, Refusal> {
    if std::str::from_utf8(body).is_err() {
        return Err(Refusal::bad("The body is not valid UTF-8"));
    }
    let mut fields = Fields::default();
    for (name, written) in last_of_each(body) {
        let shape = body_field(operation, schema, &name)?;
        let shape = facts::of_year(&name, shape, year);
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

/// Pairs of a form or a query; of a repeated key only the last value counts.
fn last_of_each(encoded: &[u8]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(encoded) {
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name.into_owned(), value.into_owned()));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use crate::table::Table;
    use serde_json::json;

    use super::*;

    fn form(operation: &str, body: &str) -> Result<Fields, Refusal> {
        let operation = &Table::get().operations[operation];
        let schema = &operation.body.as_ref().unwrap().schema;
        check_form(operation, schema, &Bytes::from(body.to_owned()), 2026)
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
