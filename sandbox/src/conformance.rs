//! Requests and replies against the table: whether each has exactly the structure that Etsy's document
//! gives it.
//!
//! The sandbox's own tests hold every reply against this; a client's tests can do the same with theirs,
//! and with what they sent.

mod multipart;
mod request;

pub use request::request_differences;

use serde_json::Value;

use crate::facts;
use crate::table::{Kind, Shape, Table};

/// What in a reply differs from the document: one line for each place, none if nothing does.
///
/// Replies with a status that the operation does not document differ; error bodies are not looked at,
/// because Etsy's do not follow its document.
#[must_use]
pub fn differences(operation: &str, status: u16, body: &[u8]) -> Vec<String> {
    let Some(operation) = Table::get().operations.get(operation) else {
        return vec![format!("there is no operation {operation}")];
    };
    if status >= 400 {
        return Vec::new();
    }
    let mut found = Vec::new();
    match operation.responses.get(&status.to_string()) {
        None => found.push(format!("status {status} is not documented")),
        Some(None) if body.is_empty() => {}
        Some(None) => found.push(format!("status {status} has no body")),
        Some(Some(shape)) => match serde_json::from_slice(body) {
            Ok(value) => compare("", "", &value, shape, &mut found),
            Err(error) => found.push(format!("the body is not JSON: {error}")),
        },
    }
    found
}

fn compare(place: &str, name: &str, value: &Value, shape: &Shape, found: &mut Vec<String>) {
    let nullable = shape.nullable || Table::get().resolve(shape).nullable;
    let shape = Table::get().resolve(shape);
    let mut say = |text: String| found.push(format!("{place}: {text}"));
    match (shape.kind, value) {
        (_, Value::Null) if nullable || facts::is_null_in_practice(name) => {}
        (Some(Kind::Integer), Value::Number(number)) if number.is_i64() => {
            check_range(place, value, shape, found);
        }
        (Some(Kind::Number), Value::Number(_)) => check_range(place, value, shape, found),
        (Some(Kind::Boolean), Value::Bool(_)) => {}
        (Some(Kind::String), Value::String(text)) => {
            let known = shape.allowed.is_empty() || shape.allowed.contains(value);
            if !known && !facts::is_of_another_year(name, text) {
                say(format!("{value} is not in the enum"));
            }
        }
        (Some(Kind::Array), Value::Array(list)) => {
            let any = Shape::default();
            let items = shape.items.as_deref().unwrap_or(&any);
            for (index, item) in list.iter().enumerate() {
                compare(&format!("{place}/{index}"), name, item, items, found);
            }
        }
        (Some(Kind::Object), Value::Object(object)) => {
            let none = Default::default();
            let properties = shape.properties.as_ref().unwrap_or(&none);
            // A schema without fields leaves them open.
            for key in object
                .keys()
                .filter(|key| !properties.is_empty() && !properties.contains_key(*key))
            {
                say(format!("the field {key} is not documented"));
            }
            for (key, inner) in properties {
                match object.get(key) {
                    Some(value) => compare(&format!("{place}/{key}"), key, value, inner, found),
                    None if facts::is_absent_in_practice(key) => {}
                    None => found.push(format!("{place}: the field {key} is missing")),
                }
            }
        }
        (None, _) => {}
        (Some(kind), other) => say(format!("{other} is no {kind:?}")),
    }
}

fn check_range(place: &str, value: &Value, shape: &Shape, found: &mut Vec<String>) {
    let number = value.as_f64().unwrap_or_default();
    let low = shape.minimum.is_some_and(|minimum| number < minimum);
    let high = shape.maximum.is_some_and(|maximum| number > maximum);
    if low || high {
        found.push(format!("{place}: {value} is out of range"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(operation: &str, body: &Value) -> Vec<String> {
        differences(operation, 200, body.to_string().as_bytes())
    }

    #[test]
    fn finds_what_is_missing_too_much_or_of_another_type() {
        assert_eq!(
            of("getMe", &json!({ "user_id": 1, "shop_id": 2 })),
            Vec::<String>::new()
        );
        assert_eq!(of("getMe", &json!({ "user_id": 1 })).len(), 1);
        assert_eq!(
            of("getMe", &json!({ "user_id": 1, "shop_id": 2, "x": 3 })).len(),
            1
        );
        assert_eq!(
            of("getMe", &json!({ "user_id": "1", "shop_id": 0 })).len(),
            2
        );
        assert_eq!(differences("getMe", 201, b"{}").len(), 1);
        assert_eq!(differences("deleteListing", 204, b""), Vec::<String>::new());
    }
}
