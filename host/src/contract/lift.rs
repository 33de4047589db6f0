//! What a plugin returns, written straight as JSON.
//!
//! A plugin is not believed: a float that is none, a `json` that is not JSON, a time that no calendar
//! has ends as an error with its place, not as a document that breaks its reader.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use wasmtime::component::Val;

use super::document;
use super::plan::{Case, Integer, Name, Plan, Record};
use super::text::{excerpt, is_decimal, write_timestamp};

/// What most replies fit in.
const ROOM_MIN: usize = 512;

/// What a call came to, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// What the function returned; `null` where it returns nothing.
    Ok(Vec<u8>),
    /// The error of a function that returns a `result`.
    Err(Vec<u8>),
}

/// Why what a plugin returned cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what the plugin returned breaks the contract{}: {message}", place(.pointer))]
pub struct LiftError {
    /// JSON Pointer (RFC 6901) into the reply; empty for all of it.
    pub pointer: String,
    /// For a person.
    pub message: String,
}

fn place(pointer: &str) -> String {
    match pointer {
        "" => String::new(),
        pointer => format!(" at {pointer}"),
    }
}

/// Writes what a function returned, into a buffer that has room for so many bytes.
pub(super) fn outcome(
    plan: Option<&Plan>,
    results: &[Val],
    room: usize,
) -> Result<Outcome, LiftError> {
    let written = match (plan, results) {
        (None, []) => Ok(Outcome::Ok(b"null".to_vec())),
        (Some(Plan::Result { ok, .. }), [Val::Result(Ok(value))]) => {
            document_of(ok.as_deref(), value.as_deref(), room).map(Outcome::Ok)
        }
        (Some(Plan::Result { error, .. }), [Val::Result(Err(value))]) => {
            document_of(error.as_deref(), value.as_deref(), ROOM_MIN).map(Outcome::Err)
        }
        (Some(plan), [value]) => document_of(Some(plan), Some(value), room).map(Outcome::Ok),
        (plan, results) => Err(Fault::new(format!(
            "{} results where the contract has {}",
            results.len(),
            u8::from(plan.is_some())
        ))),
    };
    written.map_err(Fault::at_its_place)
}

fn document_of(plan: Option<&Plan>, value: Option<&Val>, room: usize) -> Result<Vec<u8>, Fault> {
    let mut writer = Writer {
        out: Vec::with_capacity(room.max(ROOM_MIN)),
    };
    writer.payload(plan, value)?;
    Ok(writer.out)
}

/// A [`LiftError`] on its way out, with the steps from the innermost.
struct Fault {
    steps: Vec<String>,
    message: String,
}

impl Fault {
    fn new(message: impl Into<String>) -> Self {
        Self {
            steps: Vec::new(),
            message: message.into(),
        }
    }

    fn under(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    fn at_its_place(self) -> LiftError {
        let mut pointer = String::new();
        for step in self.steps.iter().rev() {
            pointer.push('/');
            pointer.push_str(step);
        }
        LiftError {
            pointer,
            message: self.message,
        }
    }
}

struct Writer {
    out: Vec<u8>,
}

impl Writer {
    fn value(&mut self, plan: &Plan, value: &Val) -> Result<(), Fault> {
        match (plan, value) {
            (Plan::String, Val::String(text)) => self.scalar(text),
            (Plan::Record(record), Val::Record(fields)) => self.record(record, fields),
            (Plan::Option(_), Val::Option(None)) => self.put(b"null"),
            (Plan::Option(plan), Val::Option(Some(value))) => self.value(plan, value),
            (Plan::List(plan), Val::List(items)) => {
                self.items(items.iter().map(|item| (&**plan, item)))
            }
            (Plan::Enum(names), Val::Enum(name)) => self.name(names, name),
            (Plan::Decimal, Val::String(text)) => self.decimal(text),
            (Plan::Timestamp, Val::S64(milliseconds)) => self.timestamp(*milliseconds),
            (Plan::Json, Val::String(text)) => self.json(text),
            (Plan::Bool, Val::Bool(value)) => self.scalar(value),
            (Plan::Integer(integer), value) => self.integer(*integer, value),
            (Plan::F32, Val::Float32(value)) => self.float(value.is_finite(), value),
            (Plan::F64, Val::Float64(value)) => self.float(value.is_finite(), value),
            (Plan::Char, Val::Char(value)) => self.scalar(value),
            (Plan::Bytes, Val::List(items)) => self.bytes(items),
            (Plan::Tuple(plans), Val::Tuple(items)) if plans.len() == items.len() => {
                self.items(plans.iter().map(|plan| &**plan).zip(items))
            }
            (Plan::Variant(cases), Val::Variant(name, value)) => {
                self.variant(cases, name, value.as_deref())
            }
            (Plan::Flags(names), Val::Flags(set)) => self.flags(names, set),
            (Plan::Result { ok, error }, Val::Result(value)) => match value {
                Ok(value) => self.member("ok", "\"ok\"", ok.as_deref(), value.as_deref()),
                Err(value) => self.member("error", "\"error\"", error.as_deref(), value.as_deref()),
            },
            (plan, _) => Err(Fault::new(format!("not {}", plan.expected()))),
        }
    }

    /// What may be carried; nothing is written as null.
    fn payload(&mut self, plan: Option<&Plan>, value: Option<&Val>) -> Result<(), Fault> {
        match (plan, value) {
            (Some(plan), Some(value)) => self.value(plan, value),
            (None, None) => self.put(b"null"),
            _ => Err(Fault::new(
                "a payload where there is none, or none where there is one",
            )),
        }
    }

    /// A field that is none is left out, so that a contract which gains one changes no document.
    fn record(&mut self, record: &Record, values: &[(String, Val)]) -> Result<(), Fault> {
        if record.fields.len() != values.len() {
            return Err(Fault::new("a record of another type"));
        }
        self.out.push(b'{');
        let mut first = true;
        for (field, (name, value)) in record.fields.iter().zip(values) {
            if field.name.wit != *name {
                return Err(Fault::new(format!("the field {name} of another type")));
            }
            if matches!(value, Val::Option(None)) {
                continue;
            }
            if !first {
                self.out.push(b',');
            }
            first = false;
            self.put(field.name.quoted.as_bytes())?;
            self.out.push(b':');
            self.value(&field.plan, value)
                .map_err(|fault| fault.under(&field.name.json))?;
        }
        self.put(b"}")
    }

    fn items<'v>(&mut self, items: impl Iterator<Item = (&'v Plan, &'v Val)>) -> Result<(), Fault> {
        self.out.push(b'[');
        for (index, (plan, item)) in items.enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.value(plan, item)
                .map_err(|fault| fault.under(index.to_string()))?;
        }
        self.put(b"]")
    }

    fn variant(&mut self, cases: &[Case], name: &str, value: Option<&Val>) -> Result<(), Fault> {
        let case = cases.iter().find(|case| case.name.wit == name);
        match case {
            None => Err(Fault::new(format!("the unknown case {name}"))),
            Some(case) if case.plan.is_none() && value.is_none() => {
                self.put(case.name.quoted.as_bytes())
            }
            Some(case) => {
                let name = &case.name;
                self.member(&name.json, &name.quoted, case.plan.as_deref(), value)
            }
        }
    }

    /// An object of one member.
    fn member(
        &mut self,
        name: &str,
        quoted: &str,
        plan: Option<&Plan>,
        value: Option<&Val>,
    ) -> Result<(), Fault> {
        self.out.push(b'{');
        self.put(quoted.as_bytes())?;
        self.out.push(b':');
        self.payload(plan, value)
            .map_err(|fault| fault.under(name))?;
        self.put(b"}")
    }

    fn flags(&mut self, names: &[Name], set: &[String]) -> Result<(), Fault> {
        self.out.push(b'[');
        for (index, name) in set.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.name(names, name)?;
        }
        self.put(b"]")
    }

    fn name(&mut self, names: &[Name], given: &str) -> Result<(), Fault> {
        match names.iter().find(|name| name.wit == given) {
            Some(name) => self.put(name.quoted.as_bytes()),
            None => Err(Fault::new(format!("the unknown name {given}"))),
        }
    }

    fn integer(&mut self, integer: Integer, value: &Val) -> Result<(), Fault> {
        match (integer, value) {
            (Integer::U8, Val::U8(number)) => self.scalar(number),
            (Integer::U16, Val::U16(number)) => self.scalar(number),
            (Integer::U32, Val::U32(number)) => self.scalar(number),
            (Integer::U64, Val::U64(number)) => self.scalar(number),
            (Integer::S8, Val::S8(number)) => self.scalar(number),
            (Integer::S16, Val::S16(number)) => self.scalar(number),
            (Integer::S32, Val::S32(number)) => self.scalar(number),
            (Integer::S64, Val::S64(number)) => self.scalar(number),
            _ => Err(Fault::new("a number of another type")),
        }
    }

    fn float(&mut self, finite: bool, value: &impl Serialize) -> Result<(), Fault> {
        if finite {
            self.scalar(value)
        } else {
            Err(Fault::new("a number that is infinite or none (NaN)"))
        }
    }

    fn decimal(&mut self, text: &str) -> Result<(), Fault> {
        if is_decimal(text) {
            self.scalar(text)
        } else {
            Err(Fault::new(format!("{} is no decimal", excerpt(text))))
        }
    }

    fn timestamp(&mut self, milliseconds: i64) -> Result<(), Fault> {
        let time = write_timestamp(milliseconds)
            .ok_or_else(|| Fault::new(format!("{milliseconds} ms is in no year from 0 to 9999")))?;
        // Writing to memory does not fail.
        write!(self.out, "\"{time}\"").map_err(|error| Fault::new(error.to_string()))
    }

    fn json(&mut self, text: &str) -> Result<(), Fault> {
        document::check(text).map_err(|error| {
            Fault::new(format!("{} is no JSON document: {error}", excerpt(text)))
        })?;
        document::write_compact(text, &mut self.out);
        Ok(())
    }

    fn bytes(&mut self, items: &[Val]) -> Result<(), Fault> {
        let bytes = items.iter().map(|item| match item {
            Val::U8(byte) => Ok(*byte),
            _ => Err(Fault::new("not bytes")),
        });
        let bytes = bytes.collect::<Result<Vec<u8>, Fault>>()?;
        self.scalar(&STANDARD.encode(bytes))
    }

    fn scalar<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        serde_json::to_writer(&mut self.out, value).map_err(|error| Fault::new(error.to_string()))
    }

    /// Infallible, like all writing to memory; in the form that ends an arm.
    #[expect(clippy::unnecessary_wraps, reason = "in the form that ends an arm")]
    fn put(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
