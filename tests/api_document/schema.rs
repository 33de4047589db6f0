//! JSON Schema in a word, and in a line for each member.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// By which link each type is found where it was described first: it is not described again.
#[derive(Default)]
pub struct Described(HashMap<String, String>);

impl Described {
    /// What a body holds, by its media types; members a line each.
    pub fn contents(
        &mut self,
        document: &Value,
        content: &Map<String, Value>,
        link: &str,
    ) -> String {
        let mut kinds = Vec::new();
        let mut members = String::new();
        for (media_type, media) in content {
            if media_type != "application/json" {
                kinds.push(format!("`{media_type}`"));
                continue;
            }
            let schema = &media["schema"];
            let name = kind(schema);
            match self.0.get(&name) {
                Some(first) if schema["$ref"].is_string() => {
                    kinds.push(format!("{name}, as at {first}"));
                }
                _ => {
                    members = self::members(resolved(document, schema));
                    if !members.is_empty() {
                        self.0.insert(name.clone(), link.to_owned());
                    }
                    kinds.push(name);
                }
            }
        }
        format!("{}\n{members}", kinds.join(", or "))
    }
}

/// The members of an object.
fn members(schema: &Value) -> String {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object();
    let lines = properties.into_iter().flatten().map(|(name, schema)| {
        let required = match required.contains(&json!(name)) {
            true => ", required",
            false => "",
        };
        let says = one_line(schema["description"].as_str().unwrap_or_default());
        let says = match says.is_empty() {
            true => says,
            false => format!(": {says}"),
        };
        format!("- `{name}` ({}{required}){says}\n", kind(schema))
    });
    let lines: String = lines.collect();
    match lines.is_empty() {
        true => lines,
        false => format!("\n{lines}"),
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'));
    reference
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(schema)
}

/// What a schema holds, in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap().to_owned();
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let choices: Vec<String> = choices.iter().map(kind).collect();
            return choices.join(" or ");
        }
    }
    if let Some(names) = schema["enum"].as_array() {
        let names: Vec<String> = names
            .iter()
            .map(|name| format!("`{}`", name.as_str().unwrap_or("null")))
            .collect();
        return names.join(", ");
    }
    match &schema["type"] {
        Value::String(one) if one == "array" && schema["items"].is_object() => {
            format!("list of {}", kind(&schema["items"]))
        }
        Value::String(one) if one == "null" => "nothing (`null`)".to_owned(),
        Value::String(one) => one.clone(),
        Value::Array(several) => {
            let names: Vec<&str> = several.iter().filter_map(Value::as_str).collect();
            names.join(" or ")
        }
        _ if schema["const"].is_string() => format!("`{}`", schema["const"].as_str().unwrap()),
        _ => "anything".to_owned(),
    }
}

/// Text without its ends of lines.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
