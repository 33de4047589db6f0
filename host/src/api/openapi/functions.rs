//! The operations of the functions that an installed plugin exports: `POST
//! /api/{plugin}/call/{interface}/{function}` for each, by the plugin's own schema.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::operations::{Operations, operation_id, secure};
use super::problems::{self, Takes};
use super::values::{Values, Way, put};
use crate::api::invocation::Subject;
use crate::api::route::Permission;
use crate::contract::{
    AccountNeed, Facts, FieldShape, FunctionShape, InterfaceShape, NamedShape, Shape, TimeLimit,
    ValueShape, call_route, facts,
};
use crate::plugins::ActivePlugin;

/// The contract's types whose `source` may be a file that comes with the call.
const FILES: &[&str] = &["types.image", "types.file"];

/// Paths and operations of one plugin.
pub(super) struct Functions<'a> {
    plugin: &'a ActivePlugin,
    id: &'a str,
    shape: &'a Shape,
}

impl<'a> Functions<'a> {
    pub(super) fn of(plugin: &'a ActivePlugin) -> Self {
        Self {
            plugin,
            id: plugin.installed.description.id.as_str(),
            shape: plugin.linked.schema().shape(),
        }
    }

    /// The headings that its operations stand under, each with what it is.
    pub(super) fn tags(&self) -> Vec<Value> {
        let interfaces = self.shape.interfaces.iter();
        let tag = |interface: &InterfaceShape| json!({ "name": self.tag(interface), "description": interface.docs });
        interfaces.map(tag).collect()
    }

    fn tag(&self, interface: &InterfaceShape) -> String {
        format!(
            "{}: {}",
            self.plugin.installed.description.name, interface.name
        )
    }

    /// Enters all of them.
    pub(super) fn enter(
        &self,
        operations: &mut Operations,
        paths: &mut Map<String, Value>,
        components: &mut Map<String, Value>,
    ) {
        for interface in &self.shape.interfaces {
            for function in &interface.functions {
                let path = call_route(&encoded(&interface.name), &encoded(&function.name));
                let path = format!("/api/{}{path}", self.id);
                let operation = self.call(interface, function, operations, components);
                paths.insert(path, json!({ "post": operation }));
            }
        }
    }

    fn call(
        &self,
        interface: &InterfaceShape,
        function: &FunctionShape,
        operations: &mut Operations,
        components: &mut Map<String, Value>,
    ) -> Value {
        let facts = self.facts(interface, function);
        let mut values = Values::new(self.id, self.shape, components);
        let path = format!("/{}/call/{}/{}", self.id, interface.name, function.name);
        let mut operation = json!({
            "operationId": operation_id("POST", &path.replace(['/', ':', '@'], "/")),
            "tags": [self.tag(interface)],
            "summary": summary(interface, function),
            "description": description(function, &facts),
        });
        let asked_for = operations.query_parameters_of::<Subject>();
        let parameters: Vec<Value> = asked_for
            .into_iter()
            .filter(|parameter| self.is_asked(parameter, &facts))
            .collect();
        put(&mut operation, "parameters", parameters);
        put(
            &mut operation,
            "requestBody",
            self.body(function, &mut values),
        );
        let mut responses = Map::new();
        let answer = values.answer(function.result.as_ref());
        responses.insert("200".to_owned(), answered(answer));
        let permission = Permission::Caller;
        responses.extend(problems::responses(
            &permission,
            Takes::Json,
            problems::CALL,
        ));
        put(&mut operation, "responses", responses);
        secure(&mut operation, &permission);
        operation
    }

    fn facts(&self, interface: &InterfaceShape, function: &FunctionShape) -> Facts {
        let schema = self.plugin.linked.schema();
        let found = schema.function(&interface.name, &function.name);
        found.map_or_else(|_| facts("", ""), |callee| *callee.facts())
    }

    /// Whether a parameter of calls means anything for this function.
    fn is_asked(&self, parameter: &Value, facts: &Facts) -> bool {
        let is_for_nobody = matches!(facts.account, AccountNeed::None | AccountNeed::FreshToken);
        match parameter.get("name").and_then(Value::as_str) {
            Some("user" | "account") => !is_for_nobody,
            Some("site") => !self.plugin.installed.description.sites.is_empty(),
            _ => true,
        }
    }

    fn body(&self, function: &FunctionShape, values: &mut Values<'_>) -> Value {
        let arguments = values.record(&function.params, Way::Given);
        let is_required = arguments.get("required").is_some();
        let mut content = json!({ "application/json": { "schema": arguments } });
        if self.takes_files(&function.params) {
            let schema = json!({
                "type": "object",
                "description": "The arguments as JSON, and the files that they name as `asset:NAME`, each a part with that file name.",
                "properties": { "arguments": arguments },
                "required": ["arguments"],
                "additionalProperties": { "type": "string", "contentMediaType": "application/octet-stream" },
            });
            let encoding = json!({ "arguments": { "contentType": "application/json" } });
            let form = json!({ "schema": schema, "encoding": encoding });
            put(&mut content, "multipart/form-data", form);
        }
        json!({ "required": is_required, "content": content })
    }

    /// Whether something in the arguments may be a file.
    fn takes_files(&self, params: &[FieldShape]) -> bool {
        let mut seen = HashSet::new();
        let mut values: Vec<&ValueShape> = params.iter().map(|param| &param.value).collect();
        while let Some(value) = values.pop() {
            match value {
                ValueShape::List { items: value } | ValueShape::Option { value } => {
                    values.push(value);
                }
                ValueShape::Tuple { items } => values.extend(items),
                ValueShape::Named { name } if FILES.contains(&name.as_str()) => return true,
                ValueShape::Named { name } if seen.insert(name) => {
                    values.extend(self.members(name));
                }
                _ => {}
            }
        }
        false
    }

    fn members(&self, name: &str) -> Vec<&ValueShape> {
        match self.shape.types.get(name).map(|named| &named.kind) {
            Some(NamedShape::Record { fields }) => fields.iter().map(|f| &f.value).collect(),
            Some(NamedShape::Variant { cases }) => cases
                .iter()
                .filter_map(|case| case.value.as_ref())
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// A success, whole or with its steps before it.
fn answered(schema: Value) -> Value {
    json!({
        "description": "What the function returned.",
        "content": {
            "application/json": { "schema": schema },
            "text/event-stream": { "schema": {
                "type": "string",
                "description": "For `Accept: text/event-stream`: events `progress` while it runs, then one `result` or `problem`.",
            } },
        },
    })
}

fn summary(interface: &InterfaceShape, function: &FunctionShape) -> String {
    let (interface, function) = (&interface.name, &function.name);
    format!("Calls `{interface}.{function}`")
}

/// The function's docs, and what a schema cannot say.
fn description(function: &FunctionShape, facts: &Facts) -> String {
    let mut parts = vec![function.docs.clone()];
    parts.push(match facts.account {
        AccountNeed::Required => "For an account.".to_owned(),
        AccountNeed::IfAny => "For an account, where there is one.".to_owned(),
        AccountNeed::None => "For no account.".to_owned(),
        AccountNeed::FreshToken => {
            "For a consent just given; by itself, for no account.".to_owned()
        }
    });
    if facts.repeatable {
        parts.push("Doing it again does no harm.".to_owned());
    }
    if facts.time_limit == TimeLimit::Operation {
        let minutes = facts.time_limit.total().as_secs() / 60;
        parts.push(format!("May take up to {minutes} minutes."));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// A name as a segment of a path.
fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}
