//! The operations of the host's own routes, from the list that the router is made from.

use http::Method;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::problems::{self, Takes};
use super::values::put;
use crate::api::idempotency::REPEATED;
use crate::api::route::{Content, Permission, Reply, Route, SchemaOf};
use crate::model::KeyScope;

/// What the parts of paths are.
const PARAMETERS: &[(&str, &str)] = &[
    ("plugin", "A marketplace's plugin, by id."),
    ("account", "An account, by id or alias."),
    ("key", "A key, by id."),
    ("user", "A user, by id."),
    (
        "interface",
        "An interface that the plugin exports, in kebab or snake case.",
    ),
    (
        "function",
        "A function of that interface, in kebab or snake case.",
    ),
    ("operation", "An operation, by id."),
    ("file", "An uploaded file, by id."),
    ("slug", "The end of a problem's type."),
];

/// Makes operations of routes.
pub(super) struct Operations {
    /// Of what is answered: what is used twice is a component.
    replies: SchemaGenerator,
    /// Of what is given: in its place, because the same type may have another form as a reply.
    requests: SchemaGenerator,
    /// Ids of the plugins that there are.
    plugins: Vec<String>,
}

impl Operations {
    pub(super) fn new(plugins: Vec<String>) -> Self {
        let mut replies = SchemaSettings::draft2020_12().for_serialize();
        replies.definitions_path = "/components/schemas".into();
        replies.meta_schema = None;
        let mut requests = SchemaSettings::draft2020_12().for_deserialize();
        requests.inline_subschemas = true;
        requests.meta_schema = None;
        Self {
            replies: replies.into_generator(),
            requests: requests.into_generator(),
            plugins,
        }
    }

    /// The components that the operations refer to.
    pub(super) fn components(mut self) -> Map<String, Value> {
        self.replies.subschema_for::<crate::api::Problem>();
        let mut components = self.replies.take_definitions(true);
        components.values_mut().for_each(close);
        components
    }

    /// A route's operation.
    pub(super) fn operation(&mut self, route: &Route) -> Value {
        let mut operation = json!({
            "operationId": operation_id(route.method.as_str(), &route.path),
            "tags": [route.tag],
            "summary": route.summary,
        });
        let mut parameters = self.path_parameters(&route.path);
        if let Some(query) = route.query {
            parameters.extend(self.query_parameters(query));
        }
        let mut may_fail = route.problems.clone();
        if may_repeat(&route.method, &route.permission) {
            parameters.push(idempotency_key());
            may_fail.extend_from_slice(REPEATED);
        }
        if !parameters.is_empty() {
            put(&mut operation, "parameters", parameters);
        }
        if let Some(body) = &route.body {
            let content = content(body, &mut self.requests);
            put(
                &mut operation,
                "requestBody",
                json!({ "required": true, "content": content }),
            );
        }
        let mut responses = Map::new();
        for reply in &route.replies {
            responses.insert(reply.status.to_string(), self.response(reply));
        }
        let takes = match &route.body {
            None => Takes::Nothing,
            Some(body) if body.schema.is_some() => Takes::Json,
            Some(_) => Takes::File,
        };
        for (status, response) in problems::responses(&route.permission, takes, &may_fail) {
            add(&mut responses, status, response);
        }
        put(&mut operation, "responses", responses);
        secure(&mut operation, &route.permission);
        operation
    }

    fn path_parameters(&self, path: &str) -> Vec<Value> {
        let names = path.split('/').filter_map(placeholder);
        let parameter = |name: &str| {
            let says = PARAMETERS.iter().find(|(known, _)| *known == name);
            json!({
                "name": name, "in": "path", "required": true,
                "description": says.map_or("", |(_, says)| says),
                "schema": self.path_schema(name),
            })
        };
        names.map(parameter).collect()
    }

    fn path_schema(&self, name: &str) -> Value {
        match name {
            "plugin" if !self.plugins.is_empty() => {
                json!({ "type": "string", "enum": self.plugins })
            }
            _ => json!({ "type": "string", "minLength": 1 }),
        }
    }

    /// The parameters that stand for this type.
    pub(super) fn query_parameters_of<T: JsonSchema>(&mut self) -> Vec<Value> {
        self.query_parameters(SchemaGenerator::subschema_for::<T>)
    }

    /// The members of the query's object, one parameter each.
    fn query_parameters(&mut self, query: SchemaOf) -> Vec<Value> {
        let schema = query(&mut self.requests).to_value();
        let required = schema.get("required").and_then(Value::as_array).cloned();
        let required = required.unwrap_or_default();
        let properties = schema.get("properties").and_then(Value::as_object);
        let parameter = |(name, schema): (&String, &Value)| {
            let mut schema = schema.clone();
            let members = schema.as_object_mut();
            let says = members.and_then(|members| members.remove("description"));
            without_null(&mut schema);
            json!({
                "name": name, "in": "query",
                "required": required.iter().any(|required| required == name),
                "description": says.unwrap_or_else(|| Value::from("")),
                "schema": schema,
            })
        };
        properties.into_iter().flatten().map(parameter).collect()
    }

    fn response(&mut self, reply: &Reply) -> Value {
        let mut response = json!({ "description": reply.says });
        if let Some(body) = &reply.content {
            let mut content = content(body, &mut self.replies);
            content.values_mut().for_each(close);
            put(&mut response, "content", content);
        }
        response
    }
}

/// Whether a route takes an `Idempotency-Key`.
pub(super) fn may_repeat(method: &Method, permission: &Permission) -> bool {
    !method.is_safe() && !matches!(permission, Permission::Anybody)
}

/// The header by which a repeat is known.
pub(super) fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "The same request again, with the same key, within 24 hours is answered as the first one was, and done once.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
    })
}

/// `get_accounts_account`: the method and what the path is made of.
pub(super) fn operation_id(method: &str, path: &str) -> String {
    let mut id = method.to_ascii_lowercase();
    for segment in path
        .split('/')
        .filter(|segment| !matches!(*segment, "" | "api"))
    {
        id.push('_');
        id.extend(segment.chars().filter_map(|letter| match letter {
            '{' | '}' => None,
            '-' | '.' | ':' => Some('_'),
            other => Some(other),
        }));
    }
    id
}

/// Says who may use it.
pub(super) fn secure(operation: &mut Value, permission: &Permission) {
    let (scopes, says) = match permission {
        Permission::Anybody => {
            put(operation, "security", Vec::<Value>::new());
            return;
        }
        Permission::Caller => (Vec::new(), "Any key may.".to_owned()),
        Permission::Reader => {
            put(
                operation,
                "security",
                json!([{ "key": [] }, { "browser": [] }]),
            );
            return;
        }
        Permission::Scope(scope) => of_scope(scope),
        Permission::Operator => (
            vec!["admin".to_owned()],
            "For operators: an operator's key.".to_owned(),
        ),
    };
    put(operation, "security", json!([{ "key": scopes }]));
    put(operation, "x-scopes", scopes);
    let docs = operation.get("description").and_then(Value::as_str);
    let docs = docs.map_or(says.clone(), |docs| format!("{docs}\n\n{says}"));
    put(operation, "description", docs);
}

fn of_scope(scope: &KeyScope) -> (Vec<String>, String) {
    let says = format!("Needs a key with the scope `{scope}`, or an operator's.");
    (vec![scope.to_string()], says)
}

/// One more way to answer with a status: a page for people beside a problem for programs.
fn add(responses: &mut Map<String, Value>, status: String, response: Value) {
    let Some(there) = responses.get_mut(&status) else {
        responses.insert(status, response);
        return;
    };
    let says = |response: &Value| {
        let says = response.get("description").and_then(Value::as_str);
        says.unwrap_or_default().to_owned()
    };
    put(
        there,
        "description",
        format!("{} {}", says(there), says(&response)),
    );
    let more = response.get("content").and_then(Value::as_object).cloned();
    if let Some(content) = there.get_mut("content").and_then(Value::as_object_mut) {
        content.extend(more.unwrap_or_default());
    }
}

/// `{account}` → `account`.
fn placeholder(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

fn content(body: &Content, schemas: &mut SchemaGenerator) -> Map<String, Value> {
    let media = match body.schema {
        Some(schema) => json!({ "schema": schema(schemas).to_value() }),
        None => json!({}),
    };
    let mut content = Map::new();
    content.insert(body.media_type.to_owned(), media);
    content
}

/// A parameter of a query is there or not; null is no text.
fn without_null(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if members.get("default").is_some_and(Value::is_null) {
        members.remove("default");
    }
    if let Some(Value::Array(types)) = members.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            members.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
        if let [one] = choices.as_slice() {
            let one = one.clone();
            members.remove("anyOf");
            members.extend(one.as_object().cloned().unwrap_or_default());
        }
    }
}

/// Says that a reply has no members but those that are named: what the host answers is known whole.
/// What is put together of several schemas is closed around them all.
fn close(schema: &mut Value) {
    close_within(schema, false);
}

fn close_within(schema: &mut Value, is_part: bool) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    let combines = ["oneOf", "anyOf", "allOf"]
        .into_iter()
        .any(|name| members.contains_key(name));
    let is_record = members.contains_key("properties");
    let is_open = !members.contains_key("additionalProperties");
    for (name, below) in members.iter_mut() {
        match (name.as_str(), below) {
            ("properties" | "$defs" | "patternProperties", Value::Object(named)) => {
                named.values_mut().for_each(close);
            }
            ("oneOf" | "anyOf" | "allOf", Value::Array(parts)) => {
                let in_whole = is_part || is_record;
                parts
                    .iter_mut()
                    .for_each(|part| close_within(part, in_whole));
            }
            ("items" | "additionalProperties" | "schema", below) => close(below),
            ("prefixItems", Value::Array(items)) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    if is_record && is_open && !is_part {
        let name = if combines {
            "unevaluatedProperties"
        } else {
            "additionalProperties"
        };
        members.insert(name.to_owned(), Value::Bool(false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_named_by_what_is_asked_for() {
        for (method, path, id) in [
            ("GET", "/api/accounts/{account}", "get_accounts_account"),
            (
                "POST",
                "/api/etsy/call/publish/set-offers",
                "post_etsy_call_publish_set_offers",
            ),
            ("GET", "/openapi.json", "get_openapi_json"),
        ] {
            assert_eq!(operation_id(method, path), id);
        }
    }

    #[test]
    fn a_reply_is_closed_around_all_that_it_is_made_of() {
        let mut schema = json!({
            "type": "object",
            "properties": { "a": { "type": "object", "properties": { "b": {} } } },
            "oneOf": [{ "properties": { "c": {} } }, { "properties": { "d": {} } }],
        });
        close(&mut schema);
        assert_eq!(schema["unevaluatedProperties"], false);
        assert_eq!(schema["properties"]["a"]["additionalProperties"], false);
        assert!(schema["oneOf"][0].get("additionalProperties").is_none());
        let mut choice = json!({ "oneOf": [{ "type": "object", "properties": { "c": {} } }] });
        close(&mut choice);
        assert_eq!(choice["oneOf"][0]["additionalProperties"], false);
        assert!(choice.get("unevaluatedProperties").is_none());
    }

    #[test]
    fn a_parameter_that_may_be_left_out_is_never_null() {
        let mut schema = json!({ "type": ["string", "null"], "default": null });
        without_null(&mut schema);
        assert_eq!(schema, json!({ "type": "string" }));
        let mut schema = json!({ "anyOf": [{ "enum": ["a"] }, { "type": "null" }] });
        without_null(&mut schema);
        assert_eq!(schema, json!({ "enum": ["a"] }));
    }
}
