//! The parameters of a function at a route of its own: those in its path and those in its query.

use serde_json::{Value, json};

use super::values::{Values, Way, put};
use crate::api::functions::{self, Endpoint, Parameter};
use crate::contract::{FunctionShape, Shape, ValueShape, snake_case};

/// What stands in braces in the path, as the function's parameters are.
pub(super) fn of_path(
    endpoint: Endpoint,
    function: &FunctionShape,
    values: &mut Values<'_>,
) -> Vec<Value> {
    let segments = endpoint.at.path.split('/');
    let names = segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| {
        let mut params = function.params.iter();
        let param = params.find(|param| snake_case(&param.name) == name);
        let value = param.map_or(&ValueShape::String, |param| param.value.inner());
        json!({
            "name": name, "in": "path", "required": true,
            "description": format!("The argument `{name}` of the function."),
            "schema": segment(values.value(value, Way::Given)),
        })
    };
    names.map(parameter).collect()
}

/// A segment is never empty and has no control characters in it.
fn segment(mut schema: Value) -> Value {
    if schema == json!({ "type": "string" }) {
        put(&mut schema, "pattern", r"^[^\u0000-\u001f\u007f-\u009f]+$");
    }
    schema
}

/// What the query may say.
pub(super) fn of_query(
    endpoint: Endpoint,
    shape: &Shape,
    function: &FunctionShape,
    values: &mut Values<'_>,
) -> Vec<Value> {
    let all = functions::parameters(endpoint, shape, function);
    let all = all.iter();
    all.map(|parameter| query(parameter, shape, values))
        .collect()
}

fn query(parameter: &Parameter<'_>, shape: &Shape, values: &mut Values<'_>) -> Value {
    let value = parameter.field.value.inner();
    let schema = values.value(value, Way::Given);
    let docs = &parameter.field.docs;
    let description = match docs.is_empty() {
        true => format!(
            "The argument `{}` of the function.",
            parameter.path.join(".")
        ),
        false => docs.clone(),
    };
    let mut described = json!({
        "name": parameter.name, "in": "query", "required": parameter.required,
        "description": description,
    });
    match is_document(shape, value) {
        // As JSON, because no word says it.
        true => put(
            &mut described,
            "content",
            json!({ "application/json": { "schema": schema } }),
        ),
        false => put(&mut described, "schema", schema),
    }
    described
}

/// Whether a query has a value as a document, and a list as its items, one by one.
fn is_document(shape: &Shape, value: &ValueShape) -> bool {
    match value {
        ValueShape::List { items } => !shape.is_word(items),
        ValueShape::Option { value } => is_document(shape, value),
        value => !shape.is_word(value),
    }
}
