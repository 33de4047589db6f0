//! The operations of the functions that an installed plugin exports: `POST
//! /api/{plugin}/call/{interface}/{function}` for each, by the plugin's own schema, and the routes that
//! the contract's functions have besides.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::operations::{Operations, idempotency_key, operation_id, secure};
use super::parameters;
use super::problems::{self, Takes};
use super::values::{Values, Way, put};
use crate::api::ProblemKind;
use crate::api::functions::{Endpoint, endpoints, pages};
use crate::api::idempotency::REPEATED;
use crate::api::invocation::{CALL_PROBLEMS, Subject};
use crate::api::route::Permission;
use crate::contract::{
    AccountNeed, Facts, FieldShape, FunctionShape, InterfaceShape, NamedShape, Shape, TimeLimit,
    ValueShape, call_route, facts, snake_case,
};
use crate::plugins::ActivePlugin;

/// The contract's types whose `source` may be a file that comes with the call.
const FILES: &[&str] = &["types.image", "types.file"];

/// One function.
#[derive(Debug, Clone, Copy)]
struct Callee<'a> {
    interface: &'a InterfaceShape,
    function: &'a FunctionShape,
}

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

    /// Enters all of them: each under its names, and those of the contract where REST has them.
    pub(super) fn enter(
        &self,
        operations: &mut Operations,
        paths: &mut Map<String, Value>,
        components: &mut Map<String, Value>,
    ) {
        for interface in &self.shape.interfaces {
            for function in &interface.functions {
                let callee = Callee {
                    interface,
                    function,
                };
                let path = call_route(&encoded(&interface.name), &encoded(&function.name));
                let path = format!("/api/{}{path}", self.id);
                let operation = self.call(callee, operations, components);
                super::enter(paths, &path, "POST", operation);
            }
        }
        for endpoint in endpoints() {
            if let Some(callee) = self.callee(endpoint) {
                let operation = self.at(endpoint, callee, operations, components);
                let path = endpoint.path(self.id);
                super::enter(paths, &path, endpoint.method().as_str(), operation);
            }
        }
    }

    /// The function of a route, where the plugin has it as the contract does.
    fn callee(&self, endpoint: Endpoint) -> Option<Callee<'a>> {
        let schema = self.plugin.linked.schema();
        let interface = self.shape.interface(endpoint.interface).ok()?;
        let function = interface.function(endpoint.function).ok()?;
        let is_of_contract = schema.has(endpoint.interface);
        is_of_contract.then_some(Callee {
            interface,
            function,
        })
    }

    /// A function by its names.
    fn call(
        &self,
        callee: Callee<'a>,
        operations: &mut Operations,
        components: &mut Map<String, Value>,
    ) -> Value {
        let Callee {
            interface,
            function,
        } = callee;
        let path = format!("/{}/call/{}/{}", self.id, interface.name, function.name);
        let mut values = Values::new(self.id, self.shape, components);
        let mut operation = json!({
            "operationId": operation_id("POST", &path),
            "tags": [self.tag(interface)],
            "summary": format!("Calls `{}.{}`", interface.name, function.name),
        });
        let mut all = self.subject(callee, operations);
        all.extend(self.wishes(callee));
        put(&mut operation, "parameters", all);
        let params: Vec<FieldShape> = function.params.clone();
        put(
            &mut operation,
            "requestBody",
            self.body(&params, &mut values),
        );
        self.finish(
            &mut operation,
            callee,
            (&self.permission(callee), Takes::Json, REPEATED),
            &mut values,
        );
        operation
    }

    /// A function at a route of its own.
    fn at(
        &self,
        endpoint: Endpoint,
        callee: Callee<'a>,
        operations: &mut Operations,
        components: &mut Map<String, Value>,
    ) -> Value {
        let function = callee.function;
        let mut values = Values::new(self.id, self.shape, components);
        let method = endpoint.method();
        let mut operation = json!({
            "operationId": operation_id(method.as_str(), &endpoint.path(self.id)),
            "tags": [endpoint.tag()],
            "summary": endpoint.summary(),
        });
        let mut all = parameters::of_path(endpoint, function, &mut values);
        if !endpoint.has_body() {
            all.extend(parameters::of_query(
                endpoint,
                self.shape,
                function,
                &mut values,
            ));
        }
        all.extend(self.subject(callee, operations));
        let repeated = match method.is_safe() {
            true => &[],
            false => {
                all.extend(self.wishes(callee));
                REPEATED
            }
        };
        put(&mut operation, "parameters", all);
        let takes = if endpoint.has_body() {
            Takes::Json
        } else {
            Takes::Query
        };
        if endpoint.has_body() {
            let params = function.params.iter();
            let params = params.filter(|param| !endpoint.says(&snake_case(&param.name)));
            let params: Vec<FieldShape> = params.cloned().collect();
            put(
                &mut operation,
                "requestBody",
                self.body(&params, &mut values),
            );
        }
        let permission = endpoint.permission();
        self.finish(
            &mut operation,
            callee,
            (&permission, takes, repeated),
            &mut values,
        );
        if pages(endpoint, self.shape, function) {
            link(&mut operation);
        }
        operation
    }

    /// What holds however a function is reached.
    fn finish(
        &self,
        operation: &mut Value,
        callee: Callee<'_>,
        (permission, takes, repeated): (&Permission, Takes, &[ProblemKind]),
        values: &mut Values<'_>,
    ) {
        let facts = self.facts(callee);
        put(
            operation,
            "description",
            description(callee.function, &facts),
        );
        let mut responses = Map::new();
        let answer = values.answer(callee.function.result.as_ref());
        responses.insert("200".to_owned(), answered(answer));
        let may_fail = [CALL_PROBLEMS, repeated].concat();
        responses.extend(problems::responses(permission, takes, &may_fail));
        if facts.time_limit == TimeLimit::Operation {
            responses.insert("202".to_owned(), taken());
        }
        put(operation, "responses", responses);
        secure(operation, permission);
    }

    /// The headers of a request that changes something.
    fn wishes(&self, callee: Callee<'_>) -> Vec<Value> {
        let mut headers = vec![idempotency_key()];
        if self.facts(callee).time_limit == TimeLimit::Operation {
            headers.push(prefer());
        }
        headers
    }

    /// The parameters that say for whom a call is, as far as they mean anything for this function.
    fn subject(&self, callee: Callee<'_>, operations: &mut Operations) -> Vec<Value> {
        let facts = self.facts(callee);
        let all = operations.query_parameters_of::<Subject>();
        let asked = all.into_iter().filter(|it| self.is_asked(it, &facts));
        asked.collect()
    }

    fn facts(&self, callee: Callee<'_>) -> Facts {
        let schema = self.plugin.linked.schema();
        let found = schema.function(&callee.interface.name, &callee.function.name);
        found.map_or_else(|_| facts("", ""), |callee| *callee.facts())
    }

    /// Who may call it by its names.
    fn permission(&self, callee: Callee<'_>) -> Permission {
        let schema = self.plugin.linked.schema();
        let found = schema.function(&callee.interface.name, &callee.function.name);
        found.map_or(Permission::Caller, |callee| {
            Permission::Scope(callee.key_scope())
        })
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

    fn body(&self, params: &[FieldShape], values: &mut Values<'_>) -> Value {
        let arguments = values.record(params, Way::Given);
        let is_required = arguments.get("required").is_some();
        let mut content = json!({ "application/json": { "schema": arguments } });
        if self.takes_files(params) {
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

/// Says where the next page is.
fn link(operation: &mut Value) {
    if let Some(response) = operation.pointer_mut("/responses/200") {
        let says = "The next page (RFC 8288), `rel=\"next\"`; none on the last.";
        let headers = json!({ "Link": { "description": says, "schema": { "type": "string" } } });
        put(response, "headers", headers);
    }
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

/// It is done meanwhile.
fn taken() -> Value {
    json!({
        "description": "It takes long, and is done as an operation: `Location` says where to look.",
        "headers": { "Location": {
            "description": "The operation.", "schema": { "type": "string" },
        } },
        "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/OperationReport" },
        } },
    })
}

/// The header by which somebody waits for what takes long.
fn prefer() -> Value {
    json!({
        "name": "Prefer", "in": "header", "required": false,
        "description": "`wait=SECONDS` (RFC 7240): the result itself, if it is there by then; `respond-async`: an answer at once.",
        "schema": { "type": "string", "enum": ["respond-async", "wait=1", "wait=60"] },
    })
}

/// A name as a segment of a path.
fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F")
}
