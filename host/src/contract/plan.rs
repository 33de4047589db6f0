//! How to read and write each function's values, worked out once when a component is decoded.
//!
//! A plan is the [`Shape`] with every name resolved, in both its forms and as an escaped JSON key, so
//! that a call compares and copies but looks nothing up.

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::Val;

use super::names::snake_case;
use super::shape::{FieldShape, NamedShape, Shape, ValueShape};

/// How one value is read and written.
#[derive(Debug)]
pub(super) enum Plan {
    Bool,
    Integer(Integer),
    F32,
    F64,
    Char,
    String,
    Decimal,
    Timestamp,
    Json,
    Bytes,
    List(Arc<Plan>),
    Tuple(Box<[Arc<Plan>]>),
    Option(Arc<Plan>),
    Result {
        ok: Option<Arc<Plan>>,
        error: Option<Arc<Plan>>,
    },
    Record(Record),
    Variant(Box<[Case]>),
    Enum(Box<[Name]>),
    Flags(Box<[Name]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integer {
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
}

/// The fields of a record, or the parameters of a function.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) fields: Box<[Field]>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Name,
    pub(super) plan: Arc<Plan>,
}

#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: Name,
    pub(super) plan: Option<Arc<Plan>>,
}

/// One name in every form that a call needs.
#[derive(Debug)]
pub(super) struct Name {
    /// As the component has it.
    pub(super) wit: String,
    /// As JSON has it.
    pub(super) json: String,
    /// As it stands in a document: quoted. A WIT name needs no escape.
    pub(super) quoted: String,
    /// As a member that is not the first begins in a document: `,"name":`.
    pub(super) member: String,
}

impl Name {
    fn new(wit: &str) -> Self {
        let json = snake_case(wit);
        Self {
            wit: wit.to_owned(),
            quoted: format!("\"{json}\""),
            member: format!(",\"{json}\":"),
            json,
        }
    }
}

/// Makes plans from shapes, each named type once.
pub(super) struct Planner<'a> {
    shape: &'a Shape,
    named: HashMap<&'a str, Arc<Plan>>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(shape: &'a Shape) -> Self {
        Self {
            shape,
            named: HashMap::new(),
        }
    }

    /// The plan of a value; `None` where it names a type that the shape does not have.
    pub(super) fn value(&mut self, value: &'a ValueShape) -> Option<Arc<Plan>> {
        let plan = match value {
            ValueShape::Named { name } => return self.named(name),
            ValueShape::Bool => Plan::Bool,
            ValueShape::U8 => Plan::Integer(Integer::U8),
            ValueShape::U16 => Plan::Integer(Integer::U16),
            ValueShape::U32 => Plan::Integer(Integer::U32),
            ValueShape::U64 => Plan::Integer(Integer::U64),
            ValueShape::S8 => Plan::Integer(Integer::S8),
            ValueShape::S16 => Plan::Integer(Integer::S16),
            ValueShape::S32 => Plan::Integer(Integer::S32),
            ValueShape::S64 => Plan::Integer(Integer::S64),
            ValueShape::F32 => Plan::F32,
            ValueShape::F64 => Plan::F64,
            ValueShape::Char => Plan::Char,
            ValueShape::String => Plan::String,
            ValueShape::Decimal => Plan::Decimal,
            ValueShape::Timestamp => Plan::Timestamp,
            ValueShape::Json => Plan::Json,
            ValueShape::Bytes => Plan::Bytes,
            ValueShape::List { items } => Plan::List(self.value(items)?),
            ValueShape::Option { value } => Plan::Option(self.value(value)?),
            ValueShape::Tuple { items } => {
                Plan::Tuple(items.iter().map(|i| self.value(i)).collect::<Option<_>>()?)
            }
            ValueShape::Result { ok, error } => Plan::Result {
                ok: self.payload(ok.as_deref())?,
                error: self.payload(error.as_deref())?,
            },
        };
        Some(Arc::new(plan))
    }

    /// The plan of fields or parameters.
    pub(super) fn record(&mut self, fields: &'a [FieldShape]) -> Option<Record> {
        let fields = fields.iter().map(|field| {
            Some(Field {
                name: Name::new(&field.name),
                plan: self.value(&field.value)?,
            })
        });
        Some(Record {
            fields: fields.collect::<Option<_>>()?,
        })
    }

    /// The plan of what may be carried: `Some(None)` where nothing is.
    #[expect(
        clippy::option_option,
        reason = "the outer one is failure, the inner one absence"
    )]
    fn payload(&mut self, value: Option<&'a ValueShape>) -> Option<Option<Arc<Plan>>> {
        match value {
            None => Some(None),
            Some(value) => self.value(value).map(Some),
        }
    }

    fn named(&mut self, name: &'a str) -> Option<Arc<Plan>> {
        if let Some(plan) = self.named.get(name) {
            return Some(Arc::clone(plan));
        }
        let names = |names: &[super::NameShape]| names.iter().map(|n| Name::new(&n.name)).collect();
        let plan = match &self.shape.types.get(name)?.kind {
            NamedShape::Record { fields } => Plan::Record(self.record(fields)?),
            NamedShape::Variant { cases } => {
                let cases = cases.iter().map(|case| {
                    Some(Case {
                        name: Name::new(&case.name),
                        plan: self.payload(case.value.as_ref())?,
                    })
                });
                Plan::Variant(cases.collect::<Option<_>>()?)
            }
            NamedShape::Enum { names: shapes } => Plan::Enum(names(shapes)),
            NamedShape::Flags { names: shapes } => Plan::Flags(names(shapes)),
        };
        let plan = Arc::new(plan);
        self.named.insert(name, Arc::clone(&plan));
        Some(plan)
    }
}

impl Plan {
    /// What stands for a value that was left out; `None` where it may not be.
    pub(super) fn absent(&self) -> Option<Val> {
        match self {
            Self::Option(_) => Some(Val::Option(None)),
            Self::List(_) | Self::Bytes => Some(Val::List(Vec::new())),
            Self::Bool => Some(Val::Bool(false)),
            Self::Record(record) => record.absent(),
            _ => None,
        }
    }

    /// What a caller is told to give instead.
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Integer(integer) => format!("a whole number ({})", integer.range()),
            Self::F32 | Self::F64 => "a number".to_owned(),
            Self::Char => "one character as text".to_owned(),
            Self::String => "text".to_owned(),
            Self::Decimal => "a decimal as text, such as \"29.99\"".to_owned(),
            Self::Timestamp => "an RFC 3339 time, such as \"2026-11-23T09:30:00Z\"".to_owned(),
            Self::Json => "a JSON document".to_owned(),
            Self::Bytes => "bytes as base64 text".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Tuple(items) => format!("a list of {}", items.len()),
            Self::Option(value) => format!("{}, or null", value.expected()),
            Self::Result { .. } => "{\"ok\": …} or {\"error\": …}".to_owned(),
            Self::Record(record) => record.expected(),
            Self::Variant(cases) => {
                let cases = cases.iter().map(|case| match case.plan {
                    Some(_) => format!("{{{}: …}}", case.name.quoted),
                    None => case.name.quoted.clone(),
                });
                one_of(cases)
            }
            Self::Enum(names) => one_of(names.iter().map(|name| name.quoted.clone())),
            Self::Flags(names) => {
                let names = names.iter().map(|name| name.quoted.clone());
                format!("a list of some of {}", names.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn one_of(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    match names.as_slice() {
        [only] => only.clone(),
        _ => format!("one of {}", names.join(", ")),
    }
}

impl Record {
    /// The record whose fields are all left out, where that is one.
    pub(super) fn absent(&self) -> Option<Val> {
        let fields = self.fields.iter().map(|field| {
            field
                .plan
                .absent()
                .map(|value| (field.name.wit.clone(), value))
        });
        fields.collect::<Option<Vec<_>>>().map(Val::Record)
    }

    fn expected(&self) -> String {
        let needed = self.fields.iter().filter(|f| f.plan.absent().is_none());
        let needed: Vec<&str> = needed.map(|f| f.name.quoted.as_str()).collect();
        match needed.as_slice() {
            [] => "an object".to_owned(),
            needed => format!("an object with {}", needed.join(", ")),
        }
    }
}

impl Integer {
    /// Its bounds, both of them allowed.
    pub(super) fn bounds(self) -> (i128, i128) {
        match self {
            Self::U8 => (0, u8::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
            Self::S8 => (i8::MIN.into(), i8::MAX.into()),
            Self::S16 => (i16::MIN.into(), i16::MAX.into()),
            Self::S32 => (i32::MIN.into(), i32::MAX.into()),
            Self::S64 => (i64::MIN.into(), i64::MAX.into()),
        }
    }

    fn range(self) -> String {
        let (least, most) = self.bounds();
        format!("{least} to {most}")
    }

    /// The value of this type; `None` where it is out of range.
    pub(super) fn value(self, number: i128) -> Option<Val> {
        Some(match self {
            Self::U8 => Val::U8(number.try_into().ok()?),
            Self::U16 => Val::U16(number.try_into().ok()?),
            Self::U32 => Val::U32(number.try_into().ok()?),
            Self::U64 => Val::U64(number.try_into().ok()?),
            Self::S8 => Val::S8(number.try_into().ok()?),
            Self::S16 => Val::S16(number.try_into().ok()?),
            Self::S32 => Val::S32(number.try_into().ok()?),
            Self::S64 => Val::S64(number.try_into().ok()?),
        })
    }
}
