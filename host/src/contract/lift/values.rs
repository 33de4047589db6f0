//! Wasmtime's dynamic values, read by the plan.

use std::borrow::Cow;
use std::convert::Infallible;
use std::slice::Iter;

use wasmtime::component::Val;

use super::super::plan::{Integer, Name, Plan, Record};
use super::{Opened, Source, Stop, not};

/// They lie all in the value that is read.
pub(super) struct Values;

/// What one value holds.
pub(super) enum Items<'v> {
    Of(Iter<'v, Val>),
    Fields(Iter<'v, (String, Val)>),
}

impl<'v> Iterator for Items<'v> {
    type Item = &'v Val;

    fn next(&mut self) -> Option<&'v Val> {
        match self {
            Self::Of(items) => items.next(),
            Self::Fields(fields) => fields.next().map(|(_, value)| value),
        }
    }
}

type Read<'v> = Result<Opened<'v, &'v Val, Items<'v>>, Stop<Infallible>>;

impl<'v> Source<'v> for Values {
    type Value = &'v Val;
    type Items = Items<'v>;
    type Error = Infallible;

    fn open(&mut self, plan: &Plan, value: &'v Val) -> Read<'v> {
        Ok(match (plan, value) {
            (Plan::String | Plan::Decimal | Plan::Json, Val::String(text)) => {
                Opened::Text(Cow::Borrowed(text))
            }
            (Plan::Record(record), Val::Record(fields)) => {
                same_fields(record, fields)?;
                Opened::Items(Items::Fields(fields.iter()))
            }
            (Plan::Option(_), Val::Option(value)) => {
                Opened::Case(usize::from(value.is_some()), value.as_deref())
            }
            (Plan::List(_), Val::List(items)) => Opened::Items(Items::Of(items.iter())),
            (Plan::Tuple(plans), Val::Tuple(items)) if plans.len() == items.len() => {
                Opened::Items(Items::Of(items.iter()))
            }
            (Plan::Enum(names), Val::Enum(name)) => Opened::Case(number_of(names, name)?, None),
            (Plan::Timestamp, Val::S64(milliseconds)) => Opened::Signed(*milliseconds),
            (Plan::Bool, Val::Bool(value)) => Opened::Bool(*value),
            (Plan::Integer(integer), value) => return self.integer(plan, *integer, value),
            (Plan::F32, Val::Float32(value)) => Opened::F32(*value),
            (Plan::F64, Val::Float64(value)) => Opened::F64(*value),
            (Plan::Char, Val::Char(value)) => Opened::Char(*value),
            (Plan::Bytes, Val::List(items)) => Opened::Bytes(Cow::Owned(bytes(items)?)),
            (Plan::Variant(cases), Val::Variant(name, value)) => {
                let number = cases.iter().position(|case| case.name.wit == *name);
                let number = number.ok_or_else(|| unknown(name))?;
                Opened::Case(number, value.as_deref())
            }
            (Plan::Flags(names), Val::Flags(set)) => {
                let set = set.iter().map(|name| number_of(names, name));
                Opened::Flags(set.collect::<Result<_, _>>()?)
            }
            (Plan::Result { .. }, Val::Result(value)) => match value {
                Ok(value) => Opened::Case(0, value.as_deref()),
                Err(value) => Opened::Case(1, value.as_deref()),
            },
            (plan, _) => return Err(not(plan)),
        })
    }
}

impl Values {
    fn integer<'v>(&self, plan: &Plan, integer: Integer, value: &Val) -> Read<'v> {
        Ok(match (integer, value) {
            (Integer::U8, Val::U8(number)) => Opened::Unsigned((*number).into()),
            (Integer::U16, Val::U16(number)) => Opened::Unsigned((*number).into()),
            (Integer::U32, Val::U32(number)) => Opened::Unsigned((*number).into()),
            (Integer::U64, Val::U64(number)) => Opened::Unsigned(*number),
            (Integer::S8, Val::S8(number)) => Opened::Signed((*number).into()),
            (Integer::S16, Val::S16(number)) => Opened::Signed((*number).into()),
            (Integer::S32, Val::S32(number)) => Opened::Signed((*number).into()),
            (Integer::S64, Val::S64(number)) => Opened::Signed(*number),
            _ => return Err(not(plan)),
        })
    }
}

/// Fields are told apart by their place: each has to be the one that the contract has there.
fn same_fields(record: &Record, fields: &[(String, Val)]) -> Result<(), Stop<Infallible>> {
    let mut both = record.fields.iter().zip(fields);
    match both.find(|(field, (name, _))| field.name.wit != *name) {
        Some((_, (name, _))) => Err(Stop::fault(format!("the field {name} of another type"))),
        None if record.fields.len() != fields.len() => Err(Stop::fault("a record of another type")),
        None => Ok(()),
    }
}

fn number_of(names: &[Name], given: &str) -> Result<usize, Stop<Infallible>> {
    let number = names.iter().position(|name| name.wit == given);
    number.ok_or_else(|| unknown(given))
}

fn unknown(name: &str) -> Stop<Infallible> {
    Stop::fault(format!("{name}, which the contract does not have"))
}

fn bytes(items: &[Val]) -> Result<Vec<u8>, Stop<Infallible>> {
    let bytes = items.iter().map(|item| match item {
        Val::U8(byte) => Ok(*byte),
        _ => Err(Stop::fault("not bytes")),
    });
    bytes.collect()
}
