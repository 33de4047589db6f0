//! A plugin's values as JSON Schema 2020-12: what `contract` takes and writes, said so that a client
//! which keeps to it is understood.
//!
//! What is given and what is answered differ: the host takes null, and nothing, for what is absent, and
//! writes neither null nor anything for an option that is none. So a record has two schemas.

use serde_json::{Map, Value, json};

use crate::contract::{
    CaseShape, FieldShape, NameShape, NamedShape, Shape, TypeShape, ValueShape, snake_case,
};

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From a client to the plugin.
    Given,
    /// From the plugin to a client.
    Answered,
}

/// Makes the schemas of one plugin's values; the named types that they use come among the components.
pub(super) struct Values<'a> {
    plugin: &'a str,
    shape: &'a Shape,
    components: &'a mut Map<String, Value>,
}

impl<'a> Values<'a> {
    pub(super) fn new(
        plugin: &'a str,
        shape: &'a Shape,
        components: &'a mut Map<String, Value>,
    ) -> Self {
        Self {
            plugin,
            shape,
            components,
        }
    }

    /// What a function returns where it succeeds; `None` for nothing.
    pub(super) fn answer(&mut self, result: Option<&ValueShape>) -> Value {
        match result {
            Some(ValueShape::Result { ok, .. }) => self.payload(ok.as_deref(), Way::Answered),
            Some(value) => self.value(value, Way::Answered),
            None => nothing(),
        }
    }

    /// The object of a function's parameters.
    pub(super) fn record(&mut self, fields: &[FieldShape], way: Way) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in fields {
            let name = snake_case(&field.name);
            if self.is_required(&field.value, way) {
                required.push(Value::from(name.clone()));
            }
            properties.insert(name, self.field(field, way));
        }
        let mut schema = json!({
            "type": "object", "properties": properties, "additionalProperties": false,
        });
        if !required.is_empty() {
            put(&mut schema, "required", required);
        }
        schema
    }

    /// Whether a member cannot be left out, or never is.
    pub(super) fn is_required(&self, value: &ValueShape, way: Way) -> bool {
        match way {
            Way::Given => !self.shape.may_be_absent(value),
            Way::Answered => !matches!(value, ValueShape::Option { .. }),
        }
    }

    fn field(&mut self, field: &FieldShape, way: Way) -> Value {
        let schema = match (&field.value, way) {
            // One that is none is left out.
            (ValueShape::Option { value }, Way::Answered) => self.value(value, way),
            (value, _) => self.value(value, way),
        };
        described(schema, &field.docs)
    }

    pub(super) fn value(&mut self, value: &ValueShape, way: Way) -> Value {
        match value {
            ValueShape::Bool => json!({ "type": "boolean" }),
            ValueShape::U8 => integer(0, u8::MAX.into()),
            ValueShape::U16 => integer(0, u16::MAX.into()),
            ValueShape::U32 => integer(0, u32::MAX.into()),
            ValueShape::U64 => json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX }),
            ValueShape::S8 => integer(i8::MIN.into(), i8::MAX.into()),
            ValueShape::S16 => integer(i16::MIN.into(), i16::MAX.into()),
            ValueShape::S32 => integer(i32::MIN.into(), i32::MAX.into()),
            ValueShape::S64 => integer(i64::MIN, i64::MAX),
            ValueShape::F32 => {
                json!({ "type": "number", "minimum": f32::MIN, "maximum": f32::MAX })
            }
            ValueShape::F64 => json!({ "type": "number" }),
            ValueShape::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
            ValueShape::String => json!({ "type": "string" }),
            ValueShape::Decimal => json!({
                "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$", "examples": ["29.99"],
            }),
            ValueShape::Timestamp => json!({ "type": "string", "format": "date-time" }),
            ValueShape::Json => json!({}),
            ValueShape::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            ValueShape::List { items } => {
                json!({ "type": "array", "items": self.value(items, way) })
            }
            ValueShape::Tuple { items } => self.tuple(items, way),
            ValueShape::Option { value } => or_null(self.value(value, way)),
            ValueShape::Result { ok, error } => json!({ "oneOf": [
                member("ok", self.payload(ok.as_deref(), way)),
                member("error", self.payload(error.as_deref(), way)),
            ] }),
            ValueShape::Named { name } => self.named(name, way),
        }
    }

    fn tuple(&mut self, items: &[ValueShape], way: Way) -> Value {
        let schemas: Vec<Value> = items.iter().map(|item| self.value(item, way)).collect();
        json!({
            "type": "array", "prefixItems": schemas, "items": false,
            "minItems": items.len(), "maxItems": items.len(),
        })
    }

    /// What may be carried; nothing is written as null.
    fn payload(&mut self, value: Option<&ValueShape>, way: Way) -> Value {
        value.map_or_else(nothing, |value| self.value(value, way))
    }

    fn named(&mut self, name: &str, way: Way) -> Value {
        let Some(named) = self.shape.types.get(name) else {
            return json!({});
        };
        let component = self.component(name, &named.kind, way);
        if !self.components.contains_key(&component) {
            // Entered before it is made: WIT knows no type within itself, but what comes from outside
            // must not be able to go round in circles.
            self.components.insert(component.clone(), json!({}));
            let schema = self.type_schema(named, way);
            self.components.insert(component.clone(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{component}") })
    }

    /// `etsy.types.product`, and `etsy.types.product.given` for what goes to the plugin. Of names alone
    /// there is one form.
    fn component(&self, name: &str, kind: &NamedShape, way: Way) -> String {
        let is_of_names = matches!(kind, NamedShape::Enum { .. } | NamedShape::Flags { .. });
        let end = match way {
            Way::Given if !is_of_names => ".given",
            _ => "",
        };
        let name = format!("{}.{name}{end}", self.plugin);
        // What a component's key may hold (OpenAPI 3.1.1 §4.8.7).
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        name.chars()
            .map(|letter| if plain(letter) { letter } else { '.' })
            .collect()
    }

    fn type_schema(&mut self, named: &TypeShape, way: Way) -> Value {
        match &named.kind {
            NamedShape::Record { fields } => described(self.record(fields, way), &named.docs),
            NamedShape::Variant { cases } => {
                let cases: Vec<Value> = cases.iter().map(|case| self.case(case, way)).collect();
                described(json!({ "oneOf": cases }), &named.docs)
            }
            NamedShape::Enum { names } => {
                described(one_of_names(names), &with_names(&named.docs, names))
            }
            NamedShape::Flags { names } => described(
                json!({ "type": "array", "items": one_of_names(names), "uniqueItems": true }),
                &with_names(&named.docs, names),
            ),
        }
    }

    fn case(&mut self, case: &CaseShape, way: Way) -> Value {
        let name = snake_case(&case.name);
        let schema = match &case.value {
            None => json!({ "const": name }),
            Some(value) => member(&name, self.value(value, way)),
        };
        described(schema, &case.docs)
    }
}

/// Nothing at all.
fn nothing() -> Value {
    json!({ "type": "null" })
}

fn integer(minimum: i64, maximum: i64) -> Value {
    json!({ "type": "integer", "minimum": minimum, "maximum": maximum })
}

/// An object with one member.
fn member(name: &str, schema: Value) -> Value {
    let mut properties = Map::new();
    properties.insert(name.to_owned(), schema);
    json!({
        "type": "object", "properties": properties, "required": [name],
        "additionalProperties": false,
    })
}

fn or_null(mut schema: Value) -> Value {
    match schema.get("type").and_then(Value::as_str) {
        Some(plain) => {
            let types = json!([plain, "null"]);
            put(&mut schema, "type", types);
            schema
        }
        // Anything: null is among it.
        None if schema == json!({}) => schema,
        None => json!({ "anyOf": [schema, nothing()] }),
    }
}

fn one_of_names(names: &[NameShape]) -> Value {
    let names: Vec<String> = names.iter().map(|name| snake_case(&name.name)).collect();
    json!({ "type": "string", "enum": names })
}

/// The docs of a type and of its names that have any.
fn with_names(docs: &str, names: &[NameShape]) -> String {
    let mut text = docs.to_owned();
    for name in names.iter().filter(|name| !name.docs.is_empty()) {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&format!("`{}`: {}", snake_case(&name.name), name.docs));
    }
    text
}

fn described(mut schema: Value, docs: &str) -> Value {
    if !docs.is_empty() {
        put(&mut schema, "description", docs);
    }
    schema
}

/// Sets a member of an object.
pub(super) fn put(schema: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = schema.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        serde_json::from_value(json!({
            "interfaces": [],
            "types": {
                "types.money": { "kind": "record", "docs": "An amount.", "fields": [
                    { "name": "amount", "value": { "type": "decimal" } },
                    { "name": "list-price", "docs": "Before.", "value": {
                        "type": "option", "value": { "type": "decimal" } } },
                    { "name": "state", "value": { "type": "option", "value": {
                        "type": "named", "name": "types.state" } } },
                    { "name": "tags", "value": { "type": "list", "items": { "type": "string" } } },
                ] },
                "types.state": { "kind": "enum", "names": [
                    { "name": "sold-out", "docs": "None is left." }, { "name": "active" } ] },
                "acme:shop/x.text": { "kind": "variant", "cases": [
                    { "name": "none" }, { "name": "plain-text", "value": { "type": "string" } } ] },
            },
        }))
        .unwrap()
    }

    fn made(name: &str, way: Way) -> (Value, Map<String, Value>) {
        let mut components = Map::new();
        let shape = shape();
        let mut values = Values::new("etsy", &shape, &mut components);
        let named = ValueShape::Named {
            name: name.to_owned(),
        };
        (values.value(&named, way), components)
    }

    #[test]
    fn a_record_takes_null_for_none_and_is_answered_without() {
        let (reference, given) = made("types.money", Way::Given);
        assert_eq!(
            reference["$ref"],
            "#/components/schemas/etsy.types.money.given"
        );
        let money = &given["etsy.types.money.given"];
        assert_eq!(money["required"], json!(["amount"]));
        assert_eq!(money["additionalProperties"], false);
        let price = &money["properties"]["list_price"];
        assert_eq!(price["type"], json!(["string", "null"]));
        assert_eq!(price["description"], "Before.");
        assert_eq!(money["properties"]["state"]["anyOf"][1]["type"], "null");
        let (_, answered) = made("types.money", Way::Answered);
        let money = &answered["etsy.types.money"];
        assert_eq!(money["required"], json!(["amount", "tags"]));
        assert_eq!(money["properties"]["list_price"]["type"], "string");
    }

    #[test]
    fn names_and_cases_are_as_json_has_them() {
        let (_, components) = made("types.state", Way::Given);
        let state = &components["etsy.types.state"];
        assert_eq!(state["enum"], json!(["sold_out", "active"]));
        assert_eq!(state["description"], "`sold_out`: None is left.");
        let (_, components) = made("acme:shop/x.text", Way::Answered);
        let cases = &components["etsy.acme.shop.x.text"]["oneOf"];
        assert_eq!(cases[0]["const"], "none");
        assert_eq!(cases[1]["required"], json!(["plain_text"]));
    }

    #[test]
    fn a_result_is_answered_by_what_it_holds() {
        let mut components = Map::new();
        let shape = shape();
        let mut values = Values::new("etsy", &shape, &mut components);
        let result = ValueShape::Result {
            ok: Some(Box::new(ValueShape::U32)),
            error: Some(Box::new(ValueShape::String)),
        };
        assert_eq!(values.answer(Some(&result))["type"], "integer");
        assert_eq!(values.answer(None)["type"], "null");
        let inside = ValueShape::List {
            items: Box::new(result),
        };
        let inside = values.answer(Some(&inside));
        assert_eq!(inside["items"]["oneOf"][1]["required"], json!(["error"]));
    }
}
