//! JSON that can be wrong: numbers digit by digit, members that come twice, in the order written.

use std::fmt;

use serde_json::Value;

/// A document.
#[derive(Debug, Clone)]
pub enum Json {
    /// A number, a text, a boolean or `null`, as it is written; nonsense too.
    Raw(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    pub fn parse(text: &str) -> Self {
        Self::of(&serde_json::from_str(text).unwrap())
    }

    pub fn of(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(members) => {
                let members = members.iter();
                Self::Object(
                    members
                        .map(|(name, value)| (name.clone(), Self::of(value)))
                        .collect(),
                )
            }
            other => Self::Raw(other.to_string()),
        }
    }

    pub fn text(text: &str) -> Self {
        Self::Raw(Value::from(text).to_string())
    }

    /// How many values it holds, itself among them.
    pub fn size(&self) -> u64 {
        match self {
            Self::Raw(_) => 1,
            Self::List(items) => 1 + items.iter().map(Self::size).sum::<u64>(),
            Self::Object(members) => 1 + members.iter().map(|(_, value)| value.size()).sum::<u64>(),
        }
    }

    /// The value at a place, counted from the outside and the front.
    pub fn at(&mut self, place: u64) -> Option<&mut Self> {
        let mut left = place;
        self.walk(&mut left)
    }

    fn walk(&mut self, left: &mut u64) -> Option<&mut Self> {
        if *left == 0 {
            return Some(self);
        }
        *left -= 1;
        match self {
            Self::Raw(_) => None,
            Self::List(items) => items.iter_mut().find_map(|item| item.walk(left)),
            Self::Object(members) => members.iter_mut().find_map(|(_, value)| value.walk(left)),
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(text) => formatter.write_str(text),
            Self::List(items) => {
                formatter.write_str("[")?;
                for (place, item) in items.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    write!(formatter, "{comma}{item}")?;
                }
                formatter.write_str("]")
            }
            Self::Object(members) => {
                formatter.write_str("{")?;
                for (place, (name, value)) in members.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    write!(formatter, "{comma}{}:{value}", Value::from(name.as_str()))?;
                }
                formatter.write_str("}")
            }
        }
    }
}
