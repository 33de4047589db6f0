//! JSON arguments, read straight into a plugin's values.
//!
//! Nothing is built in between, and nothing is guessed: what does not fit is an error that names the
//! JSON Pointer, what was expected and what came.

mod parts;
mod read;

use serde::de::DeserializeSeed;
use wasmtime::component::Val;

use super::names::nearest;
use super::plan::{Plan, Record};
use super::text::excerpt;
use read::Arguments;

/// Why arguments cannot be handed to a plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", place(.pointer))]
pub struct ArgumentError {
    /// JSON Pointer (RFC 6901) into the arguments; empty for all of them.
    pub pointer: String,
    /// For a program.
    pub code: ArgumentCode,
    /// For a person: what was expected, what came.
    pub message: String,
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() {
        "the arguments"
    } else {
        pointer
    }
}

/// What kind of [`ArgumentError`] it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArgumentCode {
    /// It is no JSON.
    Syntax,
    /// A member that the type does not have.
    UnknownField,
    /// A member that may not be left out.
    MissingField,
    /// A member, or a flag, that is there twice.
    Duplicate,
    /// A value of another type.
    WrongType,
    /// A number that the type cannot hold.
    OutOfRange,
    /// A name that the enum, variant or flags do not have.
    UnknownName,
    /// A text that is no time, no decimal, no base64.
    Malformed,
}

impl ArgumentCode {
    /// As it stands in a reply.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownField => "unknown_field",
            Self::MissingField => "missing_field",
            Self::Duplicate => "duplicate",
            Self::WrongType => "wrong_type",
            Self::OutOfRange => "out_of_range",
            Self::UnknownName => "unknown_name",
            Self::Malformed => "malformed",
        }
    }
}

/// Reads the object of arguments into the values of the parameters, in order. No text at all is an
/// object without members.
pub(super) fn arguments(params: &Record, json: &[u8]) -> Result<Vec<Val>, ArgumentError> {
    let mut state = State::default();
    let text = match std::str::from_utf8(json) {
        Ok(text) if text.trim_ascii().is_empty() => "{}",
        Ok(text) => text,
        Err(error) => {
            let message = format!("not UTF-8 at byte {}", error.valid_up_to());
            return Err(state.error(ArgumentCode::Syntax, message));
        }
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Arguments {
        params,
        state: &mut state,
    }
    .deserialize(&mut reader)
    .and_then(|values| reader.end().map(|()| values));
    read.map_err(|error| match state.mistake.take() {
        Some(mistake) => mistake,
        // It is JSON, and no object.
        None if error.is_data() => state.error(ArgumentCode::WrongType, error.to_string()),
        None => state.error(ArgumentCode::Syntax, format!("no JSON: {error}")),
    })
}

/// Where the reader is, and what it stopped at.
#[derive(Default)]
struct State<'p> {
    path: Vec<Step<'p>>,
    mistake: Option<ArgumentError>,
}

/// One step of a JSON Pointer. Names of the contract need no escape in it.
#[derive(Clone, Copy)]
enum Step<'p> {
    Member(&'p str),
    Item(usize),
}

impl<'p> State<'p> {
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.path {
            pointer.push('/');
            match step {
                Step::Member(name) => pointer.push_str(name),
                Step::Item(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }

    fn error(&self, code: ArgumentCode, message: impl Into<String>) -> ArgumentError {
        ArgumentError {
            pointer: self.pointer(),
            code,
            message: message.into(),
        }
    }

    /// Keeps the mistake, and gives the reader something to stop with.
    fn stop<E: serde::de::Error>(&mut self, code: ArgumentCode, message: impl Into<String>) -> E {
        self.mistake = Some(self.error(code, message));
        E::custom("stopped")
    }

    /// [`State::stop`] at a member of where the reader is.
    fn stop_at<E: serde::de::Error>(
        &mut self,
        member: &str,
        code: ArgumentCode,
        message: impl Into<String>,
    ) -> E {
        let mut mistake = self.error(code, message);
        mistake.pointer.push('/');
        mistake.pointer.push_str(&escape(member));
        self.mistake = Some(mistake);
        E::custom("stopped")
    }

    fn wrong<E: serde::de::Error>(&mut self, plan: &Plan, came: impl std::fmt::Display) -> E {
        let message = format!("{} expected, {came} came", plan.expected());
        self.stop(ArgumentCode::WrongType, message)
    }

    fn unknown_name<E: serde::de::Error>(&mut self, plan: &Plan, given: &str) -> E {
        let names: Vec<&str> = match plan {
            Plan::Variant(cases) => cases.iter().map(|case| case.name.json.as_str()).collect(),
            Plan::Enum(names) | Plan::Flags(names) => {
                names.iter().map(|name| name.json.as_str()).collect()
            }
            _ => Vec::new(),
        };
        let meant = meant(nearest(given, names.iter().copied()));
        let message = format!("{} is none of {}{meant}", excerpt(given), names.join(", "));
        self.stop(ArgumentCode::UnknownName, message)
    }

    fn unknown_field<E: serde::de::Error>(&mut self, record: &Record, given: &str) -> E {
        let known: Vec<&str> = record.fields.iter().map(|f| f.name.json.as_str()).collect();
        let meant = meant(nearest(given, known.iter().copied()));
        let message = match known.as_slice() {
            [] => "unknown; nothing can be given here".to_owned(),
            known => format!("unknown{meant}; there are: {}", known.join(", ")),
        };
        self.stop_at(given, ArgumentCode::UnknownField, message)
    }
}

fn meant(near: Option<&str>) -> String {
    near.map(|near| format!(", did you mean {near}?"))
        .unwrap_or_default()
}

/// A member's name as a step of a JSON Pointer (RFC 6901 §3), cut where it is endless.
fn escape(member: &str) -> String {
    /// Longer than any name of a contract; a caller may send megabytes.
    const LONGEST: usize = 100;
    let name: String = member.chars().take(LONGEST).collect();
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
