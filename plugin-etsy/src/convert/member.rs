//! The members of a JSON document that a caller writes, as a table: from it come the document's JSON
//! Schema and the check, so that the two never say different things.
//!
//! A document is read strictly: a number is not a text, and what the table does not have is an error
//! that names it. A typing error would otherwise make a rule set that lacks what was meant.

use super::country::{countries, is_country};
use crate::id::Id;
use crate::limits::PRICE_DIGITS;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use stoflow_plugin_sdk::{Decimal, Object, Violations};

/// Digits and point of a cost: more than any shipment costs.
const COST_LENGTH: usize = 12;
/// Elements of a list: more than there are countries.
const LIST_LENGTH: usize = 300;

/// One member.
#[derive(Debug)]
pub struct Member {
    /// Its name, which is Etsy's.
    pub name: &'static str,
    /// What a form calls it.
    pub title: &'static str,
    /// What a form says below it.
    pub summary: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// What it may be.
    pub kind: Kind,
    /// An example, as JSON.
    pub example: &'static str,
}

/// What a member may be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A text that is not blank.
    Text,
    /// ISO 3166-1 alpha-2.
    Country,
    /// An exact decimal number as text, not negative.
    Cost,
    /// Etsy's id of something, as text.
    Id,
    /// Whether or not.
    Boolean,
    /// A whole number from the first to the last.
    Integer((i64, i64)),
    /// One of these numbers.
    OneOfNumbers(&'static [i64]),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// At least one of a document of its own, and the further rules of its schema.
    List(&'static [Member], fn() -> Value),
}

/// What was read of a document: the members that are as they should be.
#[derive(Debug, Default)]
pub struct Members {
    is_document: bool,
    entries: BTreeMap<&'static str, Entry>,
    /// Those that are there and not as they should be.
    wrong: Vec<&'static str>,
}

#[derive(Debug)]
enum Entry {
    Text(String),
    Cost(Decimal),
    Boolean(bool),
    Integer(i64),
    List(Vec<Members>),
}

impl Members {
    /// Whether it is a document at all.
    #[must_use]
    pub fn is_document(&self) -> bool {
        self.is_document
    }

    /// Whether one of these is there and wrong by itself, so that no rule about several can be
    /// judged: it was said already.
    #[must_use]
    pub fn is_wrong(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.wrong.contains(name))
    }

    /// A text, a country, a word or an id.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.entries.get(name)? {
            Entry::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A cost.
    #[must_use]
    pub fn cost(&self, name: &str) -> Option<Decimal> {
        match self.entries.get(name)? {
            Entry::Cost(cost) => Some(*cost),
            _ => None,
        }
    }

    /// Whether or not.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.entries.get(name)? {
            Entry::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// A whole number.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.entries.get(name)? {
            Entry::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    /// The elements of a list; those that are no documents are empty ones.
    #[must_use]
    pub fn list(&self, name: &str) -> &[Members] {
        match self.entries.get(name) {
            Some(Entry::List(list)) => list,
            _ => &[],
        }
    }
}

/// Reads a document by its table; `pointer` is where it is in the function's arguments.
pub fn read(
    table: &'static [Member],
    json: &str,
    pointer: &str,
    violations: &mut Violations,
) -> Members {
    let mut members = Members::default();
    let Ok(document) = Object::parse(json.as_bytes()) else {
        violations.add(pointer, "not-an-object", "a JSON object is needed here");
        return members;
    };
    members.is_document = true;
    for (name, value) in document.members() {
        let at = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        match table.iter().find(|member| member.name == name) {
            Some(member) => match member.kind.read(value.get(), &at, violations) {
                Some(entry) => {
                    members.entries.insert(member.name, entry);
                }
                None => members.wrong.push(member.name),
            },
            None => {
                let known: Vec<&str> = table.iter().map(|member| member.name).collect();
                let message = format!("there is no {name:?}; there are {}", known.join(", "));
                violations.add(&at, "unknown-member", message);
            }
        }
    }
    let given: Vec<&str> = document.members().map(|(name, _)| name).collect();
    let missing = table
        .iter()
        .filter(|member| member.required && !given.contains(&member.name));
    for member in missing {
        let at = format!("{pointer}/{}", member.name);
        let message = format!("it is missing; an example: {}", member.example);
        violations.add(at, "required", message);
    }
    members
}

impl Kind {
    fn read(self, json: &str, at: &str, violations: &mut Violations) -> Option<Entry> {
        let text = serde_json::from_str::<String>(json).ok();
        let found = match self {
            Self::List(table, _) => return list(table, json, at, violations),
            Self::Boolean => serde_json::from_str(json).ok().map(Entry::Boolean),
            Self::Integer((min, max)) => whole(json)
                .filter(|number| (min..=max).contains(number))
                .map(Entry::Integer),
            Self::OneOfNumbers(numbers) => whole(json)
                .filter(|number| numbers.contains(number))
                .map(Entry::Integer),
            Self::Text => text
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
                .map(Entry::Text),
            Self::Country => text.filter(|text| is_country(text)).map(Entry::Text),
            Self::Id => text
                .filter(|text| Id::parse(text).is_some())
                .map(Entry::Text),
            Self::OneOf(words) => text
                .filter(|text| words.contains(&text.as_str()))
                .map(Entry::Text),
            Self::Cost => text.and_then(|text| cost(&text)).map(Entry::Cost),
        };
        if found.is_none() {
            violations.add(at, "not-allowed", format!("needed is {}", self.needed()));
        }
        found
    }

    /// For a message: what it may be.
    fn needed(self) -> String {
        match self {
            Self::Text => "a text that is not empty".to_owned(),
            Self::Country => {
                "the two capital letters of a country, ISO 3166-1 alpha-2: FR".to_owned()
            }
            Self::Cost => {
                "a decimal number as text, not negative, with two digits after the point at most: \
                           \"4.90\""
                    .to_owned()
            }
            Self::Id => "an id of Etsy's, digits as text: \"7\"".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Integer((min, max)) => format!("a whole number from {min} to {max}"),
            Self::OneOfNumbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
                format!("one of the numbers {}", numbers.join(", "))
            }
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::List(..) => "a list of at least one".to_owned(),
        }
    }

    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string", "pattern": "\\S" }),
            Self::Country => {
                json!({ "type": "string", "enum": countries().collect::<Vec<_>>() })
            }
            Self::Cost => {
                let pattern = format!("^[0-9]+(\\.[0-9]{{1,{PRICE_DIGITS}}})?$");
                json!({ "type": "string", "pattern": pattern, "maxLength": COST_LENGTH })
            }
            Self::Id => json!({ "type": "string", "pattern": "^[1-9][0-9]{0,19}$" }),
            Self::Boolean => json!({ "type": "boolean" }),
            Self::Integer((min, max)) => {
                json!({ "type": "integer", "minimum": min, "maximum": max })
            }
            Self::OneOfNumbers(numbers) => json!({ "type": "integer", "enum": numbers }),
            Self::OneOf(words) => json!({ "type": "string", "enum": words }),
            Self::List(table, rules) => {
                let items = schema(table, rules());
                json!({ "type": "array", "minItems": 1, "maxItems": LIST_LENGTH, "items": items })
            }
        }
    }
}

fn list(
    table: &'static [Member],
    json: &str,
    at: &str,
    violations: &mut Violations,
) -> Option<Entry> {
    let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    if items.is_empty() || items.len() > LIST_LENGTH {
        let message = format!("a list of at least one is needed, and of at most {LIST_LENGTH}");
        violations.add(at, "not-allowed", message);
        return None;
    }
    let read = items
        .iter()
        .enumerate()
        .map(|(place, item)| read(table, item.get(), &format!("{at}/{place}"), violations));
    Some(Entry::List(read.collect()))
}

/// A whole number, also with a fraction of noughts, as JSON Schema has it.
fn whole(json: &str) -> Option<i64> {
    let (whole, fraction) = json.split_once('.').unwrap_or((json, ""));
    if !fraction.bytes().all(|byte| byte == b'0') {
        return None;
    }
    whole.parse().ok()
}

fn cost(text: &str) -> Option<Decimal> {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let fits = text.len() <= COST_LENGTH
        && !text.starts_with('-')
        && fraction.len() <= PRICE_DIGITS as usize;
    text.parse().ok().filter(|_| fits)
}

/// JSON Schema of a document, with `rules` about several members at once.
#[must_use]
pub fn schema(table: &'static [Member], rules: Value) -> Value {
    let properties = table.iter().map(|member| {
        let mut schema = member.kind.schema();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("title".to_owned(), Value::from(member.title));
            schema.insert("description".to_owned(), Value::from(member.summary));
            let example = serde_json::from_str(member.example).unwrap_or(Value::Null);
            schema.insert("examples".to_owned(), Value::Array(vec![example]));
        }
        (member.name.to_owned(), schema)
    });
    let required: Vec<&str> = table
        .iter()
        .filter(|member| member.required)
        .map(|member| member.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": Map::from_iter(properties),
        "required": required,
        "additionalProperties": false,
    });
    if let (Some(schema), Value::Object(rules)) = (schema.as_object_mut(), rules) {
        schema.extend(rules);
    }
    schema
}
