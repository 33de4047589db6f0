//! What differs between two tables, one line for each place, in the order of the places.
//!
//! Lists of a table are sets: Etsy shuffles its enums and parameters, and that changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// `-` for what went, `+` for what came, `~` for what has another value.
pub(super) fn differences(old: &Value, new: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", old, new, &mut lines);
    lines
}

fn compare(place: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    if old == new {
        return;
    }
    let (Some(before), Some(after)) = (members(old), members(new)) else {
        lines.push(format!("~ {place}: {old} -> {new}"));
        return;
    };
    if old.is_array() != new.is_array() {
        lines.push(format!("~ {place}: {old} -> {new}"));
        return;
    }
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) => compare(&format!("{place}/{key}"), old, new, lines),
            (Some(old), None) => lines.push(format!("- {}", said(place, key, old))),
            (None, Some(new)) => lines.push(format!("+ {}", said(place, key, new))),
            (None, None) => {}
        }
    }
}

/// An object's fields; a list's parameters by their names, and whatever else it holds by itself.
fn members(value: &Value) -> Option<BTreeMap<String, &Value>> {
    match value {
        Value::Object(map) => Some(map.iter().map(|(key, item)| (key.clone(), item)).collect()),
        Value::Array(list) => Some(list.iter().map(|item| (name(item), item)).collect()),
        _ => None,
    }
}

/// A parameter is itself by its name and by where it stands.
fn name(item: &Value) -> String {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    match (text("in"), text("name")) {
        (Some(place), Some(name)) => format!("{place} {name}"),
        _ => item
            .as_str()
            .map_or_else(|| item.to_string(), str::to_owned),
    }
}

/// What came or went, and where: of an operation its address is enough, and a word in a list is
/// its own key.
fn said(place: &str, key: &str, value: &Value) -> String {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    match (text("method"), text("path")) {
        (Some(method), Some(path)) => format!("{place}/{key}: {method} {path}"),
        _ if value == key => format!("{place}: {value}"),
        _ => format!("{place}/{key}: {value}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Value {
        json!({
            "operations": {"getMug": {
                "method": "GET", "path": "/mugs/{mug_id}", "scopes": ["mugs_r"],
                "parameters": [{"in": "path", "name": "mug_id", "schema": {"minimum": 1, "type": "integer"}}],
                "body": {"content_type": "application/json", "schema": {"required": ["glaze"], "type": "object"}},
                "responses": {"200": {"ref": "Mug"}},
            }},
            "schemas": {"Glaze": {"enum": ["matt", "gloss"], "type": "string"}},
            "source": {"bytes": 7, "sha256": "00"},
        })
    }

    /// The lines after `pointer` has become `value`.
    fn lines(pointer: &str, value: Value) -> Vec<String> {
        let mut new = table();
        *new.pointer_mut(pointer).unwrap() = value;
        differences(&table(), &new)
    }

    #[test]
    fn a_table_is_like_itself_and_like_itself_shuffled() {
        assert_eq!(differences(&table(), &table()), Vec::<String>::new());
        let shuffled = lines("/schemas/Glaze/enum", json!(["gloss", "matt"]));
        assert_eq!(shuffled, Vec::<String>::new());
    }

    #[test]
    fn each_kind_of_change_is_one_line_that_names_its_place() {
        let operation = "/operations/getMug";
        for (place, value, line) in [
            ("method", json!("PUT"), "~ /method: \"GET\" -> \"PUT\""),
            (
                "path",
                json!("/cups"),
                "~ /path: \"/mugs/{mug_id}\" -> \"/cups\"",
            ),
            (
                "scopes",
                json!(["mugs_r", "mugs_w"]),
                "+ /scopes: \"mugs_w\"",
            ),
            ("scopes", json!([]), "- /scopes: \"mugs_r\""),
            (
                "parameters/0/schema/minimum",
                json!(0),
                "~ /parameters/path mug_id/schema/minimum: 1 -> 0",
            ),
            (
                "body/content_type",
                json!("text/plain"),
                "~ /body/content_type: \"application/json\" -> \"text/plain\"",
            ),
            (
                "body/schema/required",
                json!([]),
                "- /body/schema/required: \"glaze\"",
            ),
            (
                "responses/200",
                json!({"ref": "Cup"}),
                "~ /responses/200/ref: \"Mug\" -> \"Cup\"",
            ),
        ] {
            let (sign, rest) = line.split_at(2);
            let expected = format!("{sign}{operation}{rest}");
            assert_eq!(lines(&format!("{operation}/{place}"), value), [expected]);
        }
        assert_eq!(
            lines("/schemas/Glaze/enum", json!(["matt", "satin"])),
            [
                "- /schemas/Glaze/enum: \"gloss\"",
                "+ /schemas/Glaze/enum: \"satin\""
            ]
        );
    }

    #[test]
    fn operations_that_came_or_went_are_said_by_their_address() {
        let cup = json!({"method": "DELETE", "path": "/cups", "scopes": []});
        assert_eq!(
            lines("/operations", json!({ "deleteCup": cup })),
            [
                "+ /operations/deleteCup: DELETE /cups",
                "- /operations/getMug: GET /mugs/{mug_id}"
            ]
        );
    }

    #[test]
    fn parameters_that_came_or_went_are_one_line_each() {
        let query = |name: &str| json!({"in": "query", "name": name, "schema": {"type": "string"}});
        let found = lines(
            "/operations/getMug/parameters",
            json!([query("mug_id"), query("legacy")]),
        );
        let places: Vec<_> = found
            .iter()
            .filter_map(|line| line.split(": ").next())
            .collect();
        assert_eq!(
            places,
            [
                "- /operations/getMug/parameters/path mug_id",
                "+ /operations/getMug/parameters/query legacy",
                "+ /operations/getMug/parameters/query mug_id",
            ]
        );
    }
}
