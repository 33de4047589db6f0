//! Requests against the table, read by other code than the sandbox's own gate: what both have wrong
//! would have to be wrong twice.
//!
//! It is stricter than the gate, which plays Etsy's leniency: a key twice, a flag that is no `true` or
//! `false`, a page beyond the limit are differences here.

use serde_json::{Map, Value};

use super::multipart;
use crate::facts;
use crate::table::{Body, Kind, Operation, Parameter, Place, Shape, Table};

/// Lists that Etsy takes blank: a property has no ids, or no values of its own.
const MAY_BE_BLANK: [&str; 2] = ["value_ids", "values"];

/// What in a request differs from the document: one line for each place, none if nothing does.
///
/// `path` begins with `/v3/application`, `query` has no question mark, `body` is whole. That a token
/// has the operation's scopes is not seen in a request: they are in [`Table::get`].
#[must_use]
pub fn request_differences(
    operation: &str,
    method: &str,
    path: &str,
    query: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Vec<String> {
    let Some(operation) = Table::get().operations.get(operation) else {
        return vec![format!("there is no operation {operation}")];
    };
    let mut check = Check {
        operation,
        found: Vec::new(),
    };
    check.address(method, path);
    check.query(query);
    check.credentials(headers);
    check.body(header(headers, "content-type"), body);
    check.found
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut of_name = headers
        .iter()
        .filter(|(given, _)| given.eq_ignore_ascii_case(name));
    of_name.next().map(|(_, value)| value.as_str())
}

struct Check {
    operation: &'static Operation,
    found: Vec<String>,
}

impl Check {
    fn say(&mut self, text: impl Into<String>) {
        self.found.push(text.into());
    }

    fn address(&mut self, method: &str, path: &str) {
        if method != self.operation.method {
            self.say(format!("the method is {}", self.operation.method));
        }
        let wanted: Vec<&str> = self.operation.path.split('/').collect();
        let given: Vec<&str> = path.split('/').collect();
        if wanted.len() != given.len() {
            return self.say(format!("the path is {}", self.operation.path));
        }
        for (wanted, given) in wanted.into_iter().zip(given) {
            match wanted.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
                Some(name) => match self.parameter(Place::Path, name) {
                    Some(parameter) => self.written(name, given, &parameter.schema),
                    None => self.say(format!("{name}: it is no parameter of the path")),
                },
                None if wanted == given => {}
                None => self.say(format!("the path has {given} for {wanted}")),
            }
        }
    }

    fn parameter(&self, place: Place, name: &str) -> Option<&'static Parameter> {
        let mut parameters = self.operation.parameters.iter();
        parameters.find(|parameter| parameter.place == place && parameter.name == name)
    }

    fn query(&mut self, query: &str) {
        let pairs = self.pairs(query.as_bytes());
        for (name, written) in &pairs {
            let own = self.parameter(Place::Query, name);
            let own = own.map(|parameter| parameter.schema.clone());
            match own.or_else(|| facts::added(&self.operation.id, name)) {
                Some(shape) => self.written(name, written, &shape),
                None => self.say(format!("{name}: the query has no such parameter")),
            }
        }
        for parameter in &self.operation.parameters {
            let is_there = pairs.iter().any(|(name, _)| *name == parameter.name);
            if parameter.place == Place::Query && parameter.required && !is_there {
                self.say(format!("{}: the query needs it", parameter.name));
            }
        }
    }

    /// Pairs of a query or a form. A key twice is a difference: Etsy keeps one of them.
    fn pairs(&mut self, encoded: &[u8]) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(encoded) {
            if pairs.iter().any(|(known, _)| *known == name) {
                self.say(format!("{name}: it is there twice"));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        pairs
    }

    fn credentials(&mut self, headers: &[(String, String)]) {
        if self.operation.api_key && header(headers, "x-api-key").is_none_or(str::is_empty) {
            self.say("the header x-api-key is missing");
        }
        let bearer = header(headers, "authorization").and_then(|it| it.strip_prefix("Bearer "));
        if !self.operation.scopes.is_empty() && bearer.is_none_or(str::is_empty) {
            self.say("the header authorization has no bearer token");
        }
    }

    fn body(&mut self, content_type: Option<&str>, body: &[u8]) {
        let Some(documented) = &self.operation.body else {
            if !body.is_empty() {
                self.say("it takes no body");
            }
            return;
        };
        let given = content_type.unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        if essence != documented.content_type {
            return self.say(format!(
                "the body is {essence:?}, documented is {:?}",
                documented.content_type
            ));
        }
        match essence {
            "application/json" => self.json(documented, body),
            "multipart/form-data" => self.multipart(documented, given, body),
            _ => self.form(documented, body),
        }
    }

    fn form(&mut self, documented: &Body, body: &[u8]) {
        let pairs = self.pairs(body);
        for (name, written) in &pairs {
            if let Some(shape) = self.field(documented, name) {
                self.written(name, written, &shape);
            }
        }
        self.required(&documented.schema, "", |name| {
            pairs.iter().any(|(given, _)| given == name)
        });
    }

    fn multipart(&mut self, documented: &Body, content_type: &str, body: &[u8]) {
        let parts = match multipart::parts(content_type, body) {
            Ok(parts) => parts,
            Err(reason) => return self.say(reason),
        };
        for (place, part) in parts.iter().enumerate() {
            if parts.iter().skip(place + 1).any(|it| it.name == part.name) {
                self.say(format!("{}: it is there twice", part.name));
            }
            let Some(shape) = self.field(documented, &part.name) else {
                continue;
            };
            let is_file = shape.format.as_deref() == Some("binary");
            match (is_file, &part.file_name) {
                (true, Some(name)) if !name.is_empty() => {}
                (true, _) => self.say(format!("{}: a file has a name", part.name)),
                (false, Some(_)) => self.say(format!("{}: it is no file", part.name)),
                (false, None) => {
                    self.written(&part.name, &String::from_utf8_lossy(part.bytes), &shape);
                }
            }
        }
        self.required(&documented.schema, "", |name| {
            parts.iter().any(|part| part.name == name)
        });
    }

    fn json(&mut self, documented: &Body, body: &[u8]) {
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Object(fields)) => {
                for (name, value) in &fields {
                    if let Some(shape) = self.field(documented, name) {
                        self.value(&format!("/{name}"), value, &shape);
                    }
                }
                self.required(&documented.schema, "", |name| fields.contains_key(name));
            }
            Ok(_) => self.say("the body is no object"),
            Err(error) => self.say(format!("the body is not JSON: {error}")),
        }
    }

    /// The shape of a body's field; a difference where there is no such field, or no more.
    fn field(&mut self, documented: &Body, name: &str) -> Option<Shape> {
        let shape = Table::get().resolve(&documented.schema);
        let own = shape.properties.iter().flatten();
        let mut own = own.filter(|(known, _)| *known == name);
        let id = &self.operation.id;
        let found = own.next().map(|(_, shape)| shape.clone());
        let found = found.or_else(|| facts::added(id, name));
        if found.is_none() || facts::is_removed(id, name) {
            self.say(format!("{name}: the body has no such field"));
            return None;
        }
        found
    }

    fn required(&mut self, schema: &Shape, place: &str, has: impl Fn(&str) -> bool) {
        for name in Table::get().resolve(schema).required.iter() {
            if !has(name) {
                self.say(format!("{place}/{name}: it is required"));
            }
        }
    }

    /// A value written as text.
    fn written(&mut self, name: &str, written: &str, shape: &Shape) {
        let shape = Table::get().resolve(shape);
        let value = match shape.kind {
            Some(Kind::Array) => return self.written_list(name, written, shape),
            Some(Kind::Integer) => written.parse().ok().map(|it: i64| Value::from(it)),
            Some(Kind::Number) => written.parse().ok().map(|it: f64| Value::from(it)),
            Some(Kind::Boolean) => written.parse().ok().map(Value::Bool),
            Some(Kind::String) | None => Some(Value::from(written)),
            Some(Kind::Object) => None,
        };
        match value {
            Some(value) => self.bounds(name, &value, shape),
            None => self.say(format!("{name}: {written:?} is no {:?}", shape.kind)),
        }
    }

    fn written_list(&mut self, name: &str, written: &str, shape: &Shape) {
        if written.is_empty() {
            if !MAY_BE_BLANK.contains(&name) {
                self.say(format!("{name}: Etsy takes no blank list"));
            }
            return;
        }
        let any = Shape::default();
        for item in written.split(',') {
            self.written(name, item, shape.items.as_deref().unwrap_or(&any));
        }
    }

    /// A value of a JSON body.
    fn value(&mut self, place: &str, value: &Value, shape: &Shape) {
        let nullable = shape.nullable;
        let shape = Table::get().resolve(shape);
        let any = Shape::default();
        match (shape.kind, value) {
            (_, Value::Null) if nullable || shape.nullable => {}
            (Some(Kind::Object), Value::Object(fields)) => self.object(place, fields, shape),
            (Some(Kind::Array), Value::Array(list)) => {
                for (index, item) in list.iter().enumerate() {
                    let items = shape.items.as_deref().unwrap_or(&any);
                    self.value(&format!("{place}/{index}"), item, items);
                }
            }
            (Some(Kind::Integer), Value::Number(number)) if number.is_i64() => {
                self.bounds(place, value, shape);
            }
            (Some(Kind::Number), Value::Number(_)) | (Some(Kind::String), Value::String(_)) => {
                self.bounds(place, value, shape);
            }
            (Some(Kind::Boolean), Value::Bool(_)) | (None, _) => {}
            (Some(kind), other) => self.say(format!("{place}: {other} is no {kind:?}")),
        }
    }

    fn object(&mut self, place: &str, fields: &Map<String, Value>, shape: &Shape) {
        let none = Default::default();
        let known = shape.properties.as_ref().unwrap_or(&none);
        for (name, value) in fields {
            match known.get(name) {
                Some(shape) => self.value(&format!("{place}/{name}"), value, shape),
                None => self.say(format!("{place}/{name}: there is no such field")),
            }
        }
        self.required(shape, place, |name| fields.contains_key(name));
    }

    fn bounds(&mut self, place: &str, value: &Value, shape: &Shape) {
        let slid = value
            .as_str()
            .is_some_and(|text| facts::is_of_another_year(place, text));
        if !shape.allowed.is_empty() && !shape.allowed.contains(value) && !slid {
            self.say(format!("{place}: {value} is not in the enum"));
        }
        let Some(number) = value.as_f64() else { return };
        let low = shape.minimum.is_some_and(|minimum| number < minimum);
        let high = shape.maximum.is_some_and(|maximum| number > maximum);
        if low || high {
            self.say(format!("{place}: {value} is out of range"));
        }
    }
}

#[cfg(test)]
mod tests;
