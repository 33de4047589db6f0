//! One value against its shape: written as text in a form or a query, or as JSON.

use serde_json::Value;

use crate::reply::Refusal;
use crate::table::{Kind, Shape, Table};

/// A value written as text, typed.
pub(crate) fn written_value(name: &str, written: &str, shape: &Shape) -> Result<Value, Refusal> {
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
pub(crate) fn check_value(
    place: &str,
    name: &str,
    value: &Value,
    shape: &Shape,
) -> Result<(), Refusal> {
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

pub(crate) fn require(schema: &Shape, has: impl Fn(&str) -> bool) -> Result<(), Refusal> {
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

pub(crate) fn missing(name: &str) -> Refusal {
    Refusal::bad(format!("Missing input parameter: [{name}]"))
}

pub(crate) fn unknown(name: &str, place: &str) -> Refusal {
    let refusal = Refusal::bad(format!("Unknown input parameter: [{name}]"));
    let hint = match name.strip_suffix("[]") {
        Some(base) => format!("; write {base} once, its values joined by commas"),
        None => String::new(),
    };
    refusal.because(format!(
        "the operation has no parameter '{name}' in {place}{hint}"
    ))
}

pub(crate) fn ill_typed(name: &str, kind: &str, given: &str) -> Refusal {
    let shown: String = given.chars().take(60).collect();
    Refusal::bad(format!(
        "Expected {kind} value for '{name}' (got '{shown}')"
    ))
}
