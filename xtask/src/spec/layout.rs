//! The table's layout: a changed field of Etsy's is a changed line, whatever stands beside it.

use serde_json::Value;

/// The longest line that is made before a value is broken over several lines.
const LINE: usize = 150;

/// JSON in which a value stands on one line where it fits.
pub(super) fn write(value: &Value) -> String {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_reads_as_what_it_was() {
        let long = "x".repeat(LINE);
        let table = json!({"operations": {"a": {"short": [1, 2], "long": [long, {}], "none": []}}});
        let text = write(&table);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), table);
        assert!(text.contains("\n   \"short\": [1,2]"), "{text}");
    }
}
