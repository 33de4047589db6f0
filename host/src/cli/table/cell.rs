//! One value in words.

use jiff::Timestamp;
use serde_json::Value;

use crate::contract::{FieldShape, NamedShape, Shape, ValueShape, snake_case};

use super::super::text::{harmless, one_line};

/// What stands where nothing is.
pub(super) const NOTHING: &str = "–";

/// What a value in words depends on.
#[derive(Clone, Copy)]
pub(super) struct Cells<'s> {
    pub(super) shape: &'s Shape,
    pub(super) now: Timestamp,
}

impl Cells<'_> {
    /// In a line of a table or a list: short, on one line.
    pub(super) fn text(self, value: &ValueShape, json: &Value) -> String {
        match (value.inner(), json) {
            (_, Value::Null) => NOTHING.to_owned(),
            (ValueShape::Timestamp, Value::String(time)) => match time.parse() {
                Ok(time) => relative(time, self.now),
                Err(_) => one_line(time),
            },
            (ValueShape::Bytes, Value::String(base64)) => byte_count(base64),
            (ValueShape::List { items }, Value::Array(list)) => {
                let items = list.iter().map(|item| self.text(items, item));
                or_nothing(items.collect::<Vec<_>>().join(", "))
            }
            (ValueShape::Tuple { items }, Value::Array(list)) => {
                let items = items.iter().zip(list).map(|(i, item)| self.text(i, item));
                items.collect::<Vec<_>>().join(", ")
            }
            (ValueShape::Result { ok, error }, Value::Object(members)) => {
                let side = |name: &str, value: &Option<Box<ValueShape>>| {
                    let json = members.get(name)?;
                    let said = value.as_ref().map(|value| self.text(value, json));
                    Some(with_payload(name, said))
                };
                side("error", error)
                    .or_else(|| side("ok", ok))
                    .unwrap_or_default()
            }
            (value @ ValueShape::Named { .. }, json) => self.named(value, json),
            (ValueShape::Json, json @ (Value::Array(_) | Value::Object(_))) => {
                one_line(&json.to_string())
            }
            (_, json) => or_nothing(one_line(&untyped(json))),
        }
    }

    /// Beside a name, where there is room: texts with their lines, times with their date.
    pub(super) fn whole(self, value: &ValueShape, json: &Value) -> String {
        match (value.inner(), json) {
            (ValueShape::String, Value::String(text)) => harmless(text),
            (ValueShape::Timestamp, Value::String(time)) => match time.parse::<Timestamp>() {
                Ok(time) => format!(
                    "{} ({})",
                    time.strftime("%Y-%m-%d %H:%M UTC"),
                    relative(time, self.now)
                ),
                Err(_) => one_line(time),
            },
            (value, json) => match self.case(value, json) {
                Some((_, Some((ValueShape::String, Value::String(text))))) => harmless(text),
                _ => self.text(value, json),
            },
        }
    }

    fn named(self, value: &ValueShape, json: &Value) -> String {
        if let Some((name, payload)) = self.case(value, json) {
            let said = payload.map(|(value, json)| self.text(value, json));
            return with_payload(&name.replace('-', " "), said);
        }
        match (self.shape.named(value).map(|named| &named.kind), json) {
            (Some(NamedShape::Enum { names }), Value::String(text)) => {
                let known = names.iter().find(|name| snake_case(&name.name) == *text);
                known.map_or_else(|| one_line(text), |name| name.name.clone())
            }
            (Some(NamedShape::Flags { .. }), Value::Array(set)) => {
                let set = set.iter().filter_map(Value::as_str);
                or_nothing(
                    set.map(|name| name.replace('_', "-"))
                        .collect::<Vec<_>>()
                        .join(", "),
                )
            }
            (Some(NamedShape::Record { fields }), Value::Object(members)) => {
                let member = |name: &str| members.get(name).and_then(Value::as_str);
                match (is_money(fields), member("amount"), member("currency")) {
                    (true, Some(amount), Some(currency)) => {
                        one_line(&format!("{amount} {currency}"))
                    }
                    _ => self.record(fields, members),
                }
            }
            (_, json) => one_line(&untyped(json)),
        }
    }

    /// A record in a line: what it says, without names where one thing says all.
    fn record(self, fields: &[FieldShape], members: &serde_json::Map<String, Value>) -> String {
        let said = fields.iter().filter_map(|field| {
            let json = members.get(&snake_case(&field.name))?;
            let text = self.text(&field.value, json);
            (text != NOTHING).then_some((field.name.as_str(), text))
        });
        let said: Vec<(&str, String)> = said.collect();
        if let Some(attribute) = attribute(&said) {
            return attribute;
        }
        let message = said
            .iter()
            .find(|(name, _)| *name == "message" || *name == "text");
        match (message, said.as_slice()) {
            (Some((_, message)), _) => match said.iter().find(|(name, _)| *name == "path") {
                Some((_, path)) => format!("{path} {message}"),
                None => message.clone(),
            },
            (None, said) => {
                let parts = said.iter().map(|(name, text)| format!("{name} {text}"));
                or_nothing(parts.collect::<Vec<_>>().join(" · "))
            }
        }
    }

    /// The case of a variant, as WIT writes it, with what it carries.
    fn case<'v>(
        &self,
        value: &ValueShape,
        json: &'v Value,
    ) -> Option<(&str, Option<(&ValueShape, &'v Value)>)> {
        let NamedShape::Variant { cases } = &self.shape.named(value)?.kind else {
            return None;
        };
        let (given, payload) = match json {
            Value::String(name) => (name, None),
            Value::Object(members) => members.iter().next().map(|(name, v)| (name, Some(v)))?,
            _ => return None,
        };
        let case = cases.iter().find(|case| snake_case(&case.name) == *given)?;
        Some((&case.name, case.value.as_ref().zip(payload)))
    }
}

/// `Glaze: Blue`, for a record of a name and its values; the marketplace's key for it says nothing to
/// people.
fn attribute(said: &[(&str, String)]) -> Option<String> {
    let one = |name: &str| said.iter().find(|(known, _)| *known == name);
    let ((_, name), (_, values)) = (one("name")?, one("values")?);
    said.iter()
        .all(|(known, _)| matches!(*known, "key" | "name" | "values"))
        .then(|| format!("{name}: {values}"))
}

/// Whether a record is an amount with its currency.
pub(super) fn is_money(fields: &[FieldShape]) -> bool {
    matches!(fields, [amount, currency]
        if amount.name == "amount" && amount.value == ValueShape::Decimal
        && currency.name == "currency" && currency.value == ValueShape::String)
}

/// Whether a table can hold it in a column: it has no parts of its own.
pub(super) fn is_simple(shape: &Shape, value: &ValueShape) -> bool {
    match value.inner() {
        ValueShape::List { .. }
        | ValueShape::Tuple { .. }
        | ValueShape::Result { .. }
        | ValueShape::Json
        | ValueShape::Bytes => false,
        value => match shape.named(value).map(|named| &named.kind) {
            Some(NamedShape::Record { .. }) => shape
                .fields(value)
                .is_some_and(|(_, fields)| is_money(fields)),
            Some(NamedShape::Variant { .. }) => false,
            _ => true,
        },
    }
}

/// What no type describes, if it has no parts.
pub(super) fn untyped(json: &Value) -> String {
    match json {
        Value::Null => NOTHING.to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => harmless(text),
        Value::Array(_) | Value::Object(_) => one_line(&json.to_string()),
    }
}

/// `not found: listing 2`; the name alone where nothing more is said.
fn with_payload(name: &str, said: Option<String>) -> String {
    match said.filter(|said| said != NOTHING) {
        Some(said) => format!("{name}: {said}"),
        None => name.to_owned(),
    }
}

fn or_nothing(text: String) -> String {
    if text.is_empty() {
        NOTHING.to_owned()
    } else {
        text
    }
}

fn byte_count(base64: &str) -> String {
    let padding = base64
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'=')
        .count();
    let bytes = (base64.len() / 4 * 3).saturating_sub(padding);
    format!("{bytes} bytes")
}

/// `2 minutes ago`; the date, where it is long ago or far away.
pub(super) fn relative(time: Timestamp, now: Timestamp) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;

    let seconds = now.as_second().saturating_sub(time.as_second());
    let (count, unit) = match seconds.unsigned_abs() {
        0..10 => return "now".to_owned(),
        distance @ 10..MINUTE => (distance, "second"),
        distance @ MINUTE..HOUR => (distance / MINUTE, "minute"),
        distance @ HOUR..DAY => (distance / HOUR, "hour"),
        distance if distance < 30 * DAY => (distance / DAY, "day"),
        _ => return time.strftime("%Y-%m-%d").to_string(),
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds > 0 {
        format!("{count} {unit}{plural} ago")
    } else {
        format!("in {count} {unit}{plural}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_its_name_and_values() {
        let said = |parts: &[(&'static str, &str)]| {
            let parts = parts.iter().map(|(name, text)| (*name, (*text).to_owned()));
            attribute(&parts.collect::<Vec<_>>())
        };
        let glaze = [("key", "513"), ("name", "Glaze"), ("values", "Blue")];
        assert_eq!(said(&glaze).as_deref(), Some("Glaze: Blue"));
        assert_eq!(said(&[("name", "Glaze")]), None);
        assert_eq!(
            said(&[("name", "a"), ("values", "b"), ("price", "c")]),
            None
        );
    }
}
