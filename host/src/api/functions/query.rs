//! The arguments that a query says, one parameter each.
//!
//! A record's fields are parameters of their own: `limit` and `cursor` of a `page`, `paid` of a `filter`.
//! `page.limit` says the same, and is the only name where another parameter has the short one. A list is
//! given item by item. What a word may be is what it may be behind a flag of the command line.

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{Endpoint, misfit};
use crate::api::invocation::Subject;
use crate::api::problem::{Problem, ProblemKind, Violation};
use crate::contract::{
    FieldShape, FunctionShape, Place, Shape, WordError, WordReader, nearest, put, same_name,
    snake_case,
};

/// The parameters that every function has, which say for whom it is called. A function's own parameter
/// of such a name can be reached by `call` alone.
const OWN: [&str; 3] = ["user", "account", "site"];

/// A query, as it came.
#[derive(Debug, Clone, Default)]
pub(super) struct Query {
    /// For whom the call is.
    pub(super) subject: Subject,
    /// All that it says, in order.
    pub(super) pairs: Vec<(String, String)>,
}

/// One of a function's parameters in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::api) struct Parameter<'s> {
    /// `limit`.
    pub(in crate::api) name: String,
    /// What it sets, as a field or a parameter.
    pub(in crate::api) field: &'s FieldShape,
    /// Whether it cannot be left out.
    pub(in crate::api) required: bool,
    /// Names in snake case, from the function's parameter down.
    pub(in crate::api) path: Vec<String>,
}

/// The parameters of a function's query, in order; without those that its path says.
pub(in crate::api) fn parameters<'s>(
    endpoint: Endpoint,
    shape: &'s Shape,
    function: &'s FunctionShape,
) -> Vec<Parameter<'s>> {
    let mut all: Vec<Parameter<'s>> = Vec::new();
    let params = function.params.iter();
    for param in params.filter(|it| !endpoint.says(&snake_case(&it.name))) {
        let name = snake_case(&param.name);
        match shape.fields(param.value.inner()) {
            Some((_, fields)) => all.extend(fields.iter().map(|field| Parameter {
                name: snake_case(&field.name),
                field,
                required: !shape.may_be_absent(&param.value) && !shape.may_be_absent(&field.value),
                path: vec![name.clone(), snake_case(&field.name)],
            })),
            None => all.push(Parameter {
                name: name.clone(),
                field: param,
                required: !shape.may_be_absent(&param.value),
                path: vec![name],
            }),
        }
    }
    let names: Vec<String> = all.iter().map(|it| it.name.clone()).collect();
    for parameter in all.iter_mut().filter(|it| it.path.len() > 1) {
        let same = names.iter().filter(|name| **name == parameter.name);
        if same.count() > 1 || OWN.contains(&parameter.name.as_str()) {
            parameter.name = parameter.path.join(".");
        }
    }
    all
}

impl Query {
    /// Reads a query (WHATWG URL §5.1), and for whom the call is.
    ///
    /// # Errors
    /// It is not UTF-8, or what it says of for whom is wrong or said twice.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect();
        let is_text = |it: &str| !it.contains(char::REPLACEMENT_CHARACTER);
        if !pairs
            .iter()
            .all(|(name, value)| is_text(name) && is_text(value))
        {
            return Err(bad("the query is not UTF-8"));
        }
        let mut own = OWN.map(|_| None);
        for (slot, name) in own.iter_mut().zip(OWN) {
            let mut said = pairs.iter().filter(|(given, _)| given == name);
            *slot = said.next().map(|(_, value)| value.clone());
            if said.next().is_some() {
                return Err(bad(format_args!("the query has {name} twice")));
            }
        }
        let [user, account, site] = own;
        let user = user.map(|user| user.parse()).transpose();
        Ok(Self {
            subject: Subject {
                user: user.map_err(bad)?,
                account,
                site,
            },
            pairs,
        })
    }

    /// What it says besides for whom the call is.
    fn arguments_given(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.pairs.iter();
        let pairs = pairs.filter(|(name, _)| !OWN.contains(&name.as_str()));
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Where the arguments are a body, the query has none.
    ///
    /// # Errors
    /// It has.
    pub(super) fn refuse_arguments(&self) -> Result<(), Problem> {
        let violations = self.arguments_given().map(|(name, _)| {
            let near = nearest(name, OWN).map(|near| format!("; did you mean {near}?"));
            let near = near.unwrap_or_else(|| "; arguments are members of the body".to_owned());
            unknown(name, &near)
        });
        match violations.collect::<Vec<_>>() {
            none if none.is_empty() => Ok(()),
            violations => Err(misfit(violations)),
        }
    }

    /// The object of arguments, with what the path says.
    ///
    /// # Errors
    /// Parameters that the function does not have, that hold what they cannot, or that are given twice:
    /// all of them.
    pub(super) fn arguments(
        &self,
        endpoint: Endpoint,
        shape: &Shape,
        function: &FunctionShape,
        said: Map<String, Value>,
    ) -> Result<Map<String, Value>, Problem> {
        let parameters = parameters(endpoint, shape, function);
        let mut given: Vec<(Vec<String>, Value)> = Vec::new();
        let mut violations = Vec::new();
        for (name, word) in self.arguments_given() {
            let Some(place) = place(&parameters, endpoint, shape, function, name) else {
                violations.push(unknown(name, &instead(&parameters, endpoint, name)));
                continue;
            };
            match WordReader::without_files(shape).read(place.value, word) {
                Ok(json) => violations.extend(add(&mut given, name, place.path, json)),
                Err(WordError::File(never)) => match never {},
                Err(WordError::Value(message)) => {
                    let message = format!("{name}: {message}");
                    violations.push(violation(pointer(&place.path), "malformed", message));
                }
            }
        }
        // What is given whole comes before what is given inside of it.
        given.sort_by_key(|(path, _)| path.len());
        let mut arguments = said;
        for (path, json) in given {
            if put(&mut arguments, &path, json).is_err() {
                let message = "what is around it is given as something that has no fields";
                violations.push(violation(pointer(&path), "wrong_type", message.to_owned()));
            }
        }
        match violations.is_empty() {
            true => Ok(arguments),
            false => Err(misfit(violations)),
        }
    }
}

/// Where a parameter's value goes: by its short name, or by all its steps.
pub(super) fn place<'s>(
    parameters: &[Parameter<'s>],
    endpoint: Endpoint,
    shape: &'s Shape,
    function: &'s FunctionShape,
    name: &str,
) -> Option<Place<'s>> {
    if let Some(found) = parameters.iter().find(|it| same_name(&it.name, name)) {
        return Some(Place {
            path: found.path.clone(),
            value: found.field.value.inner(),
        });
    }
    let place = Place::find(shape, &function.params, name)?;
    let param = place.path.first()?;
    (!endpoint.says(param)).then_some(place)
}

/// What somebody may have meant who wrote a name that the function does not have.
fn instead(parameters: &[Parameter<'_>], endpoint: Endpoint, name: &str) -> String {
    if endpoint.says(&snake_case(name)) {
        return "; the path says it".to_owned();
    }
    let names: Vec<&str> = parameters.iter().map(|it| it.name.as_str()).collect();
    let known = names.iter().copied().chain(OWN);
    match nearest(name, known.clone()) {
        Some(near) => format!("; did you mean {near}?"),
        None => format!("; there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// Keeps a value: a list's items are given one by one, anything else once.
fn add(
    given: &mut Vec<(Vec<String>, Value)>,
    name: &str,
    path: Vec<String>,
    json: Value,
) -> Option<Violation> {
    let Some((_, before)) = given.iter_mut().find(|(before, _)| *before == path) else {
        given.push((path, json));
        return None;
    };
    match (before, json) {
        (Value::Array(items), Value::Array(more)) => {
            items.extend(more);
            None
        }
        _ => {
            let message = format!("{name} is given twice");
            Some(violation(pointer(&path), "duplicate", message))
        }
    }
}

fn unknown(name: &str, instead: &str) -> Violation {
    let message = format!("there is no parameter {name:?}{instead}");
    violation(pointer(&[name.to_owned()]), "unknown_field", message)
}

fn violation(path: String, code: &str, message: String) -> Violation {
    Violation {
        path,
        code: code.to_owned(),
        message,
    }
}

/// RFC 6901.
fn pointer(path: &[String]) -> String {
    let escaped = path
        .iter()
        .map(|it| it.replace('~', "~0").replace('/', "~1"));
    escaped.map(|it| format!("/{it}")).collect()
}

fn bad(title: impl std::fmt::Display) -> Problem {
    Problem::new(ProblemKind::BadRequest, title)
}
