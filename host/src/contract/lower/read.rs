//! The reader: one seed for each place where a value can stand, driven by the plan.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use wasmtime::component::Val;

use super::super::document;
use super::super::plan::{Case, Integer, Plan, Record};
use super::super::text::{excerpt, is_decimal, read_timestamp};
use super::parts::{
    find, read_fields, read_flags, read_list, read_result, read_tuple, read_variant,
};
use super::{ArgumentCode, State};

/// The object of arguments.
pub(super) struct Arguments<'s, 'p> {
    pub(super) params: &'p Record,
    pub(super) state: &'s mut State<'p>,
}

impl<'de> DeserializeSeed<'de> for Arguments<'_, '_> {
    type Value = Vec<Val>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Val>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Arguments<'_, '_> {
    type Value = Vec<Val>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object of arguments")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Vec<Val>, A::Error> {
        let fields = read_fields(self.params, self.state, members)?;
        Ok(fields.into_iter().map(|(_, value)| value).collect())
    }
}

/// One value, wherever it stands.
pub(super) struct Value<'s, 'p> {
    pub(super) plan: &'p Plan,
    pub(super) state: &'s mut State<'p>,
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = Val;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Val, D::Error> {
        match self.plan {
            Plan::Option(plan) => deserializer.deserialize_option(Perhaps {
                plan,
                state: self.state,
            }),
            Plan::Json => {
                let raw = <&RawValue>::deserialize(deserializer)?;
                match document::check(raw.get()) {
                    Ok(()) => Ok(Val::String(raw.get().to_owned())),
                    Err(error) => Err(self.state.stop(
                        ArgumentCode::Malformed,
                        format!("a JSON document expected: {error}"),
                    )),
                }
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl Value<'_, '_> {
    /// A number that came as a whole one.
    fn whole<E: Error>(self, number: i128) -> Result<Val, E> {
        match self.plan {
            Plan::Integer(integer) => self.integer(*integer, number),
            #[expect(clippy::cast_precision_loss, reason = "a float is asked for")]
            Plan::F64 => Ok(Val::Float64(number as f64)),
            #[expect(clippy::cast_precision_loss, reason = "a float is asked for")]
            Plan::F32 => Ok(Val::Float32(number as f32)),
            plan => Err(self.state.wrong(plan, format_args!("the number {number}"))),
        }
    }

    fn integer<E: Error>(self, integer: Integer, number: i128) -> Result<Val, E> {
        integer.value(number).ok_or_else(|| {
            let message = format!("{} expected, {number} came", self.plan.expected());
            self.state.stop(ArgumentCode::OutOfRange, message)
        })
    }

    /// A number that came with a fraction, an exponent, or more digits than 64 bits hold. JSON
    /// knows one kind of number, so `2.0` is a whole one, as far as its digits are certain.
    fn broken<E: Error>(self, number: f64) -> Result<Val, E> {
        /// Above 2^53 a double no longer tells two whole numbers apart.
        const CERTAIN: f64 = 9_007_199_254_740_992.0;
        match self.plan {
            Plan::F64 => Ok(Val::Float64(number)),
            Plan::F32 => self.single(number),
            Plan::Integer(integer) if number.fract() == 0.0 && number.abs() <= CERTAIN => {
                #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
                let number = number as i128;
                self.integer(*integer, number)
            }
            Plan::Integer(_) => {
                let message = format!("{} expected, {number} came", self.plan.expected());
                let code = if number.fract() == 0.0 {
                    ArgumentCode::OutOfRange
                } else {
                    ArgumentCode::WrongType
                };
                Err(self.state.stop(code, message))
            }
            plan => Err(self.state.wrong(plan, format_args!("the number {number}"))),
        }
    }

    fn single<E: Error>(self, number: f64) -> Result<Val, E> {
        #[expect(clippy::cast_possible_truncation, reason = "checked on the next line")]
        let single = number as f32;
        if single.is_finite() {
            return Ok(Val::Float32(single));
        }
        let message = format!("{number} is more than a 32-bit float holds");
        Err(self.state.stop(ArgumentCode::OutOfRange, message))
    }

    fn text<E: Error>(self, text: &str) -> Result<Val, E> {
        let read = match self.plan {
            Plan::String => Some(Val::String(text.to_owned())),
            Plan::Decimal => is_decimal(text).then(|| Val::String(text.to_owned())),
            Plan::Timestamp => read_timestamp(text).map(Val::S64),
            Plan::Bytes => STANDARD
                .decode(text)
                .ok()
                .map(|bytes| Val::List(bytes.into_iter().map(Val::U8).collect())),
            Plan::Char => one_char(text).map(Val::Char),
            Plan::Enum(names) => match find(names, text) {
                Some(name) => Some(Val::Enum(name.wit.clone())),
                None => return Err(self.state.unknown_name(self.plan, text)),
            },
            Plan::Variant(cases) => return self.bare_case(cases, text),
            plan => return Err(self.state.wrong(plan, format_args!("{}", excerpt(text)))),
        };
        read.ok_or_else(|| {
            let message = format!("{} expected, {} came", self.plan.expected(), excerpt(text));
            self.state.stop(ArgumentCode::Malformed, message)
        })
    }

    /// A variant written as its name alone.
    fn bare_case<E: Error>(self, cases: &[Case], text: &str) -> Result<Val, E> {
        match cases.iter().find(|case| case.name.json == text) {
            None => Err(self.state.unknown_name(self.plan, text)),
            Some(case) if case.plan.is_none() => Ok(Val::Variant(case.name.wit.clone(), None)),
            Some(case) => {
                let message = format!("{{{0}: …}} expected, {0} came", case.name.quoted);
                Err(self.state.stop(ArgumentCode::WrongType, message))
            }
        }
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = Val;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.plan.expected())
    }

    fn visit_unit<E: Error>(self) -> Result<Val, E> {
        Err(self.state.wrong(self.plan, "null"))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Val, E> {
        match self.plan {
            Plan::Bool => Ok(Val::Bool(value)),
            plan => Err(self.state.wrong(plan, value)),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Val, E> {
        self.whole(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Val, E> {
        self.whole(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Val, E> {
        self.broken(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Val, E> {
        self.text(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Val, A::Error> {
        match self.plan {
            Plan::List(plan) => read_list(plan, self.state, items),
            Plan::Tuple(plans) => read_tuple(self.plan, plans, self.state, items),
            Plan::Flags(names) => read_flags(self.plan, names, self.state, items),
            plan => Err(self.state.wrong(plan, "a list")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Val, A::Error> {
        match self.plan {
            Plan::Record(record) => read_fields(record, self.state, members).map(Val::Record),
            Plan::Variant(cases) => read_variant(self.plan, cases, self.state, members),
            Plan::Result { ok, error } => {
                let sides = (ok.as_deref(), error.as_deref());
                read_result(self.plan, sides, self.state, members)
            }
            plan => Err(self.state.wrong(plan, "an object")),
        }
    }
}

/// What is under `option`: null is none.
struct Perhaps<'s, 'p> {
    plan: &'p Plan,
    state: &'s mut State<'p>,
}

impl<'de> Visitor<'de> for Perhaps<'_, '_> {
    type Value = Val;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, or null", self.plan.expected())
    }

    fn visit_none<E: Error>(self) -> Result<Val, E> {
        Ok(Val::Option(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Val, E> {
        Ok(Val::Option(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Val, D::Error> {
        let seed = Value {
            plan: self.plan,
            state: self.state,
        };
        let value = seed.deserialize(deserializer)?;
        Ok(Val::Option(Some(Box::new(value))))
    }
}

/// What a case or a side of a result carries; nothing is written as null.
pub(super) struct Payload<'s, 'p> {
    pub(super) plan: Option<&'p Plan>,
    pub(super) state: &'s mut State<'p>,
}

impl<'de> DeserializeSeed<'de> for Payload<'_, '_> {
    type Value = Option<Box<Val>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let state = self.state;
        match self.plan {
            Some(plan) => {
                let value = Value { plan, state }.deserialize(deserializer)?;
                Ok(Some(Box::new(value)))
            }
            None => match <Option<serde::de::IgnoredAny>>::deserialize(deserializer)? {
                None => Ok(None),
                Some(_) => {
                    Err(state.stop(ArgumentCode::WrongType, "null expected: it carries nothing"))
                }
            },
        }
    }
}

/// A member's name, compared where it lies.
pub(super) struct Key<F>(pub(super) F);

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Key<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Key<F> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
        Ok((self.0)(name))
    }
}

fn one_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}
