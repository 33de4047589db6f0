//! What a plugin returns, written straight as JSON.
//!
//! It is read from where it is: from wasmtime's dynamic values, or from the plugin's own memory
//! ([`memory`]). A plugin is not believed: a float that is none, a `json` that is not JSON, a time
//! that no calendar has ends as an error with its place, not as a document that breaks its reader.

pub(super) mod memory;
mod values;

use std::borrow::Cow;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use wasmtime::component::Val;

use super::document;
use super::plan::{Name, Plan, Record};
use super::text::{excerpt, is_decimal, write_timestamp};
use values::Values;

/// What most replies fit in.
const ROOM_MIN: usize = 512;

/// The most that a reply may be as JSON.
pub const REPLY_BYTES_MAX: usize = 32 << 20;

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
pub enum LiftError {
    /// It is not what the contract has there.
    #[error("what the plugin returned breaks the contract{}: {message}", place(.pointer))]
    Broken {
        /// JSON Pointer (RFC 6901) into the reply; empty for all of it.
        pointer: String,
        /// For a person.
        message: String,
    },
    /// It has no end.
    #[error("what the plugin returned is longer than {} MiB", REPLY_BYTES_MAX >> 20)]
    TooLong,
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
    match (plan, results) {
        (None, []) => Ok(Outcome::Ok(b"null".to_vec())),
        (Some(plan), [value]) => match outcome_of(Values, plan, value, room) {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Fault(fault)) => Err(fault.at_its_place()),
            Err(Stop::TooLong) => Err(LiftError::TooLong),
        },
        (plan, results) => Err(LiftError::Broken {
            pointer: String::new(),
            message: format!(
                "{} results where the contract has {}",
                results.len(),
                u8::from(plan.is_some())
            ),
        }),
    }
}

/// Writes the one result of a function: a `result` is its outcome, anything else went well.
fn outcome_of<'v, S: Source<'v>>(
    mut source: S,
    plan: &Plan,
    value: S::Value,
    room: usize,
) -> Result<Outcome, Stop<S::Error>> {
    let (plan, value, is_error) = match plan {
        Plan::Result { ok, error } => match source.open(plan, value)? {
            Opened::Case(0, payload) => (ok.as_deref(), payload, false),
            Opened::Case(_, payload) => (error.as_deref(), payload, true),
            _ => return Err(not(plan)),
        },
        plan => (Some(plan), Some(value), false),
    };
    let room = if is_error {
        ROOM_MIN
    } else {
        room.max(ROOM_MIN)
    };
    let mut writer = Writer {
        source,
        out: Vec::with_capacity(room),
    };
    writer.payload(plan, value)?;
    if writer.out.len() > REPLY_BYTES_MAX {
        return Err(Stop::TooLong);
    }
    match is_error {
        false => Ok(Outcome::Ok(writer.out)),
        true => Ok(Outcome::Err(writer.out)),
    }
}

/// Where values are read from.
trait Source<'v>: Sized {
    /// One value, which may hold others.
    type Value: Copy;
    /// The values that one holds, in order.
    type Items: Iterator<Item = Self::Value>;
    /// Why it cannot be read at all, whatever it means.
    type Error;

    /// What a value is, as far as the next values in it.
    fn open(&mut self, plan: &Plan, value: Self::Value) -> OpenedIn<'v, Self>;
}

type OpenedIn<'v, S> = Result<
    Opened<'v, <S as Source<'v>>::Value, <S as Source<'v>>::Items>,
    Stop<<S as Source<'v>>::Error>,
>;

/// A value, opened. Which it is has been looked at by the plan: a reader gets what the plan says.
enum Opened<'v, V, I> {
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    F32(f32),
    F64(f64),
    Char(char),
    Text(Cow<'v, str>),
    Bytes(Cow<'v, [u8]>),
    /// The items of a list or a tuple, the fields of a record.
    Items(I),
    /// Which case, by its number, with what it carries: of a variant, an enum, an option (none, some)
    /// or a result (ok, error).
    Case(usize, Option<V>),
    /// Which of the names are set.
    Flags(Vec<usize>),
}

/// Why a reply is not written to its end.
enum Stop<E> {
    /// A value is not what it should be.
    Fault(Fault),
    /// It has no end.
    TooLong,
    /// It cannot be read.
    Unread(E),
}

/// A [`LiftError`] on its way out, with the steps from the innermost.
struct Fault {
    steps: Vec<String>,
    message: String,
}

impl<E> Stop<E> {
    fn fault(message: impl Into<String>) -> Self {
        Self::Fault(Fault {
            steps: Vec::new(),
            message: message.into(),
        })
    }

    fn under(mut self, step: impl Into<String>) -> Self {
        if let Self::Fault(fault) = &mut self {
            fault.steps.push(step.into());
        }
        self
    }
}

/// A value of another type than the plan's.
fn not<E>(plan: &Plan) -> Stop<E> {
    Stop::fault(format!("not {}", plan.expected()))
}

impl Fault {
    fn at_its_place(self) -> LiftError {
        let mut pointer = String::new();
        for step in self.steps.iter().rev() {
            pointer.push('/');
            pointer.push_str(step);
        }
        LiftError::Broken {
            pointer,
            message: self.message,
        }
    }
}

struct Writer<S> {
    source: S,
    out: Vec<u8>,
}

impl<'v, S: Source<'v>> Writer<S> {
    fn value(&mut self, plan: &Plan, value: S::Value) -> Result<(), Stop<S::Error>> {
        match (plan, self.source.open(plan, value)?) {
            (Plan::Decimal, Opened::Text(text)) => self.decimal(&text),
            (Plan::Json, Opened::Text(text)) => self.json(&text),
            (_, Opened::Text(text)) => self.text(&text),
            (Plan::Record(record), Opened::Items(fields)) => self.record(record, fields),
            (Plan::Option(plan), Opened::Case(_, value)) => match value {
                Some(value) => self.value(plan, value),
                None => self.put("null"),
            },
            (Plan::List(plan), Opened::Items(items)) => {
                self.items(items.map(|item| (&**plan, item)))
            }
            (Plan::Enum(names), Opened::Case(number, _)) => self.name(names, number),
            (Plan::Timestamp, Opened::Signed(milliseconds)) => self.timestamp(milliseconds),
            (_, Opened::Bool(value)) => self.scalar(&value),
            (_, Opened::Unsigned(number)) => self.scalar(&number),
            (_, Opened::Signed(number)) => self.scalar(&number),
            (_, Opened::F32(number)) => self.float(number.is_finite(), &number),
            (_, Opened::F64(number)) => self.float(number.is_finite(), &number),
            (_, Opened::Char(value)) => self.scalar(&value),
            (_, Opened::Bytes(bytes)) => self.scalar(&STANDARD.encode(bytes)),
            (Plan::Tuple(plans), Opened::Items(items)) => {
                self.items(plans.iter().map(|plan| &**plan).zip(items))
            }
            (Plan::Variant(cases), Opened::Case(number, value)) => match cases.get(number) {
                Some(case) if case.plan.is_none() && value.is_none() => self.put(&case.name.quoted),
                Some(case) => self.member(&case.name.json, case.plan.as_deref(), value),
                None => Err(not(plan)),
            },
            (Plan::Flags(names), Opened::Flags(set)) => self.flags(names, &set),
            (Plan::Result { ok, error }, Opened::Case(number, value)) => match number {
                0 => self.member("ok", ok.as_deref(), value),
                _ => self.member("error", error.as_deref(), value),
            },
            (plan, _) => Err(not(plan)),
        }
    }

    /// What may be carried; nothing is written as null.
    fn payload(
        &mut self,
        plan: Option<&Plan>,
        value: Option<S::Value>,
    ) -> Result<(), Stop<S::Error>> {
        match (plan, value) {
            (Some(plan), Some(value)) => self.value(plan, value),
            (None, None) => self.put("null"),
            _ => Err(Stop::fault(
                "a payload where there is none, or none where there is one",
            )),
        }
    }

    /// A field that is none is left out, so that a contract which gains one changes no document.
    fn record(&mut self, record: &Record, values: S::Items) -> Result<(), Stop<S::Error>> {
        self.out.push(b'{');
        // Without the comma before it.
        let mut first = true;
        for (field, value) in record.fields.iter().zip(values) {
            let (plan, value) = match &*field.plan {
                Plan::Option(some) => match self.source.open(&field.plan, value)? {
                    Opened::Case(_, None) => continue,
                    Opened::Case(_, Some(value)) => (some, value),
                    _ => return Err(not(&field.plan)),
                },
                _ => (&field.plan, value),
            };
            let start = usize::from(std::mem::take(&mut first));
            self.put(field.name.member.get(start..).unwrap_or_default())?;
            self.value(plan, value)
                .map_err(|stop| stop.under(&field.name.json))?;
        }
        self.put("}")
    }

    fn items<'p>(
        &mut self,
        items: impl Iterator<Item = (&'p Plan, S::Value)>,
    ) -> Result<(), Stop<S::Error>> {
        self.out.push(b'[');
        for (index, (plan, item)) in items.enumerate() {
            // Only a list makes much of little: what lies in it may be the same again and again.
            if self.out.len() > REPLY_BYTES_MAX {
                return Err(Stop::TooLong);
            }
            if index > 0 {
                self.out.push(b',');
            }
            self.value(plan, item)
                .map_err(|stop| stop.under(index.to_string()))?;
        }
        self.put("]")
    }

    /// An object of one member. A name of the contract needs no escape.
    fn member(
        &mut self,
        name: &str,
        plan: Option<&Plan>,
        value: Option<S::Value>,
    ) -> Result<(), Stop<S::Error>> {
        self.put("{\"")?;
        self.put(name)?;
        self.put("\":")?;
        self.payload(plan, value).map_err(|stop| stop.under(name))?;
        self.put("}")
    }

    fn flags(&mut self, names: &[Name], set: &[usize]) -> Result<(), Stop<S::Error>> {
        self.out.push(b'[');
        for (index, number) in set.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.name(names, *number)?;
        }
        self.put("]")
    }

    fn name(&mut self, names: &[Name], number: usize) -> Result<(), Stop<S::Error>> {
        match names.get(number) {
            Some(name) => self.put(&name.quoted),
            None => Err(Stop::fault("a name that the contract does not have")),
        }
    }

    fn float(&mut self, finite: bool, value: &impl Serialize) -> Result<(), Stop<S::Error>> {
        if finite {
            self.scalar(value)
        } else {
            Err(Stop::fault("a number that is infinite or none (NaN)"))
        }
    }

    fn decimal(&mut self, text: &str) -> Result<(), Stop<S::Error>> {
        if is_decimal(text) {
            self.text(text)
        } else {
            Err(Stop::fault(format!("{} is no decimal", excerpt(text))))
        }
    }

    fn timestamp(&mut self, milliseconds: i64) -> Result<(), Stop<S::Error>> {
        let time = write_timestamp(milliseconds).ok_or_else(|| {
            Stop::fault(format!("{milliseconds} ms is in no year from 0 to 9999"))
        })?;
        // Writing to memory does not fail.
        write!(self.out, "\"{time}\"").map_err(|error| Stop::fault(error.to_string()))
    }

    fn json(&mut self, text: &str) -> Result<(), Stop<S::Error>> {
        document::write(text, &mut self.out)
            .map_err(|error| Stop::fault(format!("{} is no JSON document: {error}", excerpt(text))))
    }

    /// Most texts need no escape.
    fn text(&mut self, text: &str) -> Result<(), Stop<S::Error>> {
        if document::first_special(text.as_bytes()) < text.len() {
            return self.scalar(text);
        }
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
        Ok(())
    }

    fn scalar<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop<S::Error>> {
        serde_json::to_writer(&mut self.out, value).map_err(|error| Stop::fault(error.to_string()))
    }

    /// Infallible, like all writing to memory; in the form that ends an arm.
    #[expect(clippy::unnecessary_wraps, reason = "in the form that ends an arm")]
    fn put(&mut self, text: &str) -> Result<(), Stop<S::Error>> {
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
