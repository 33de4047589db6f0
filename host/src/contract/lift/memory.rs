//! A plugin's own memory, read by the plan while it still stands there.
//!
//! Wasmtime's dynamic values carry every field's name as a text of its own, and every text once more:
//! thousands of them in a page of listings. Here nothing is copied before it is written. What the
//! canonical ABI asks of a host that reads (bounds, alignment, UTF-8, numbers of cases, fuel for all
//! that is read) is asked here too; numbers, characters and texts of another encoding are read by
//! wasmtime itself.

use std::borrow::Cow;
use std::slice::Iter;

use wasmtime::component::__internal::wasmtime_environ::component::{
    RecordField, StringEncoding, TypeFlags, VariantInfo,
};
use wasmtime::component::__internal::{ComponentTypes, InterfaceType, LiftContext};
use wasmtime::component::Lift;
use wasmtime::{Error, Result, bail, format_err};

use super::super::plan::{Integer, Plan};
use super::{LiftError, Opened, Outcome, Source, Stop, not, outcome_of};

/// Writes the value of a type that lies at an address.
///
/// # Errors
///
/// A [`LiftError`], or what wasmtime says of memory that holds no such value.
pub(in super::super) fn outcome(
    cx: &mut LiftContext<'_>,
    plan: &Plan,
    ty: InterfaceType,
    at: usize,
    room: usize,
) -> Result<Outcome> {
    let abi = cx.types.canonical_abi(&ty);
    if !at.is_multiple_of(length(abi.align32)?) {
        bail!("return pointer not aligned");
    }
    let size = length(abi.size32)?;
    let bytes = part(cx.memory(), at, size, "pointer")?;
    let memory = Memory {
        utf8: matches!(cx.options().string_encoding, StringEncoding::Utf8),
        cx,
    };
    outcome_of(memory, plan, Slot { ty, bytes }, room).map_err(|stop| match stop {
        Stop::Fault(fault) => Error::new(fault.at_its_place()),
        Stop::TooLong => Error::new(LiftError::TooLong),
        Stop::Unread(error) => error,
    })
}

/// The memory of the call that is read.
struct Memory<'c, 'm> {
    cx: &'c mut LiftContext<'m>,
    utf8: bool,
}

/// A value where it lies: as many bytes as its type has.
#[derive(Clone, Copy)]
struct Slot<'m> {
    ty: InterfaceType,
    bytes: &'m [u8],
}

/// What one value holds.
enum Items<'m> {
    /// Of one type, side by side.
    List {
        ty: InterfaceType,
        size: usize,
        left: usize,
        bytes: &'m [u8],
    },
    /// Each of its own type and at its own place.
    Fields {
        types: Types<'m>,
        all: &'m ComponentTypes,
        offset: u32,
        bytes: &'m [u8],
    },
}

/// The types of what a value holds, in order.
enum Types<'m> {
    Record(Iter<'m, RecordField>),
    Tuple(Iter<'m, InterfaceType>),
}

impl Types<'_> {
    fn next(&mut self) -> Option<InterfaceType> {
        match self {
            Self::Record(fields) => fields.next().map(|field| field.ty),
            Self::Tuple(types) => types.next().copied(),
        }
    }
}

impl<'m> Iterator for Items<'m> {
    type Item = Slot<'m>;

    fn next(&mut self) -> Option<Slot<'m>> {
        match self {
            Self::List {
                ty,
                size,
                left,
                bytes,
            } => {
                *left = left.checked_sub(1)?;
                let (item, rest) = bytes.split_at_checked(*size)?;
                *bytes = rest;
                Some(Slot {
                    ty: *ty,
                    bytes: item,
                })
            }
            Self::Fields {
                types,
                all,
                offset,
                bytes,
            } => {
                let ty = types.next()?;
                let abi = all.canonical_abi(&ty);
                let at = usize::try_from(abi.next_field32(offset)).ok()?;
                let size = usize::try_from(abi.size32).ok()?;
                let bytes = bytes.get(at..)?.get(..size)?;
                Some(Slot { ty, bytes })
            }
        }
    }
}

type Read<'m> = Result<Opened<'m, Slot<'m>, Items<'m>>, Stop<Error>>;

impl From<Error> for Stop<Error> {
    fn from(error: Error) -> Self {
        Self::Unread(error)
    }
}

impl<'m> Source<'m> for Memory<'_, 'm> {
    type Value = Slot<'m>;
    type Items = Items<'m>;
    type Error = Error;

    fn open(&mut self, plan: &Plan, slot: Slot<'m>) -> Read<'m> {
        let types: &'m ComponentTypes = self.cx.types;
        Ok(match (plan, slot.ty) {
            (Plan::String | Plan::Decimal | Plan::Json, InterfaceType::String) => {
                Opened::Text(self.text(slot)?)
            }
            (Plan::Option(_), InterfaceType::Option(index)) => {
                let ty = &types[index];
                self.case(slot, &ty.info, &[None, Some(ty.ty)])?
            }
            (Plan::Record(record), InterfaceType::Record(index)) => {
                let fields = &types[index].fields;
                if record.fields.len() != fields.len() {
                    return Err(not(plan));
                }
                self.fields(slot, Types::Record(fields.iter()))
            }
            (Plan::Timestamp, InterfaceType::S64) => Opened::Signed(self.lift(slot)?),
            (Plan::Enum(names), InterfaceType::Enum(index)) => {
                let number = self.number(slot, &types[index].info, names.len())?;
                Opened::Case(number, None)
            }
            (Plan::List(_), InterfaceType::List(index)) => {
                let ty = types[index].element;
                let (bytes, size, left) = self.list(slot, ty)?;
                Opened::Items(Items::List {
                    ty,
                    size,
                    left,
                    bytes,
                })
            }
            (Plan::Bytes, InterfaceType::List(index)) => match types[index].element {
                ty @ InterfaceType::U8 => Opened::Bytes(Cow::Borrowed(self.list(slot, ty)?.0)),
                _ => return Err(not(plan)),
            },
            (Plan::Bool, InterfaceType::Bool) => Opened::Bool(self.lift(slot)?),
            (Plan::Integer(integer), _) => self.integer(plan, *integer, slot)?,
            (Plan::F32, InterfaceType::Float32) => Opened::F32(self.lift(slot)?),
            (Plan::F64, InterfaceType::Float64) => Opened::F64(self.lift(slot)?),
            (Plan::Char, InterfaceType::Char) => Opened::Char(self.lift(slot)?),
            (Plan::Tuple(plans), InterfaceType::Tuple(index)) => {
                let items = &types[index].types;
                if plans.len() != items.len() {
                    return Err(not(plan));
                }
                self.fields(slot, Types::Tuple(items.iter()))
            }
            (Plan::Variant(_), InterfaceType::Variant(index)) => {
                let ty = &types[index];
                let number = self.number(slot, &ty.info, ty.cases.len())?;
                let payload = ty.cases.get_index(number).and_then(|(_, ty)| *ty);
                self.payload(slot, &ty.info, number, payload)?
            }
            (Plan::Result { .. }, InterfaceType::Result(index)) => {
                let ty = &types[index];
                self.case(slot, &ty.info, &[ty.ok, ty.err])?
            }
            (Plan::Flags(_), InterfaceType::Flags(index)) => {
                Opened::Flags(flags(slot, &types[index]))
            }
            (plan, _) => return Err(not(plan)),
        })
    }
}

impl<'m> Memory<'_, 'm> {
    /// What wasmtime itself reads.
    fn lift<T: Lift>(&mut self, slot: Slot<'m>) -> Result<T> {
        T::linear_lift_from_memory(self.cx, slot.ty, slot.bytes)
    }

    fn text(&mut self, slot: Slot<'m>) -> Result<Cow<'m, str>> {
        if !self.utf8 {
            return self.lift(slot).map(Cow::Owned);
        }
        let (at, bytes) = pair(slot.bytes)?;
        let bytes = part(self.cx.memory(), at, bytes, "string pointer/length")?;
        self.cx.consume_fuel(bytes.len())?;
        Ok(Cow::Borrowed(std::str::from_utf8(bytes)?))
    }

    fn integer(&mut self, plan: &Plan, integer: Integer, slot: Slot<'m>) -> Read<'m> {
        Ok(match (integer, slot.ty) {
            (Integer::U8, InterfaceType::U8) => Opened::Unsigned(self.lift::<u8>(slot)?.into()),
            (Integer::U16, InterfaceType::U16) => Opened::Unsigned(self.lift::<u16>(slot)?.into()),
            (Integer::U32, InterfaceType::U32) => Opened::Unsigned(self.lift::<u32>(slot)?.into()),
            (Integer::U64, InterfaceType::U64) => Opened::Unsigned(self.lift(slot)?),
            (Integer::S8, InterfaceType::S8) => Opened::Signed(self.lift::<i8>(slot)?.into()),
            (Integer::S16, InterfaceType::S16) => Opened::Signed(self.lift::<i16>(slot)?.into()),
            (Integer::S32, InterfaceType::S32) => Opened::Signed(self.lift::<i32>(slot)?.into()),
            (Integer::S64, InterfaceType::S64) => Opened::Signed(self.lift(slot)?),
            _ => return Err(not(plan)),
        })
    }

    fn fields(&self, slot: Slot<'m>, types: Types<'m>) -> Opened<'m, Slot<'m>, Items<'m>> {
        Opened::Items(Items::Fields {
            types,
            all: self.cx.types,
            offset: 0,
            bytes: slot.bytes,
        })
    }

    /// A list's bytes, the size of an item, and how many there are.
    fn list(&mut self, slot: Slot<'m>, item: InterfaceType) -> Result<(&'m [u8], usize, usize)> {
        let abi = self.cx.types.canonical_abi(&item);
        let (size, alignment) = (length(abi.size32)?, length(abi.align32)?);
        let (at, count) = pair(slot.bytes)?;
        let bytes = count.saturating_mul(size);
        let bytes = part(self.cx.memory(), at, bytes, "list pointer/length")?;
        // An item that takes no memory takes time.
        self.cx.consume_fuel_array(count, size.max(1))?;
        if !at.is_multiple_of(alignment) {
            bail!("list pointer is not aligned");
        }
        Ok((bytes, size, count))
    }

    fn case(
        &self,
        slot: Slot<'m>,
        info: &VariantInfo,
        payloads: &[Option<InterfaceType>; 2],
    ) -> Read<'m> {
        let number = self.number(slot, info, payloads.len())?;
        let payload = payloads.get(number).copied().flatten();
        self.payload(slot, info, number, payload)
    }

    /// Which case it is, of so many.
    fn number(&self, slot: Slot<'m>, info: &VariantInfo, cases: usize) -> Result<usize> {
        let bytes = slot.bytes.iter().take(info.size.into()).rev();
        let number = bytes.fold(0, |number, byte| number << 8 | usize::from(*byte));
        if number >= cases {
            bail!("discriminant {number} out of range [0..{cases})");
        }
        Ok(number)
    }

    fn payload(
        &self,
        slot: Slot<'m>,
        info: &VariantInfo,
        number: usize,
        payload: Option<InterfaceType>,
    ) -> Read<'m> {
        let Some(ty) = payload else {
            return Ok(Opened::Case(number, None));
        };
        let at = length(info.payload_offset32)?;
        let size = length(self.cx.types.canonical_abi(&ty).size32)?;
        let bytes = part(slot.bytes, at, size, "payload")?;
        Ok(Opened::Case(number, Some(Slot { ty, bytes })))
    }
}

/// The numbers of the flags that are set. Bits that have no name say nothing.
fn flags(slot: Slot<'_>, ty: &TypeFlags) -> Vec<usize> {
    let byte = |number: usize| slot.bytes.get(number / 8).copied().unwrap_or_default();
    let is_set = |number: &usize| byte(*number) >> (number % 8) & 1 == 1;
    (0..ty.names.len()).filter(is_set).collect()
}

/// Address and length, as texts and lists have them.
fn pair(bytes: &[u8]) -> Result<(usize, usize)> {
    let pair = bytes.split_first_chunk::<4>().and_then(|(at, rest)| {
        let length = rest.first_chunk::<4>()?;
        Some((u32::from_le_bytes(*at), u32::from_le_bytes(*length)))
    });
    let (at, bytes) = pair.ok_or_else(|| format_err!("no pointer and length"))?;
    Ok((length(at)?, length(bytes)?))
}

/// Addresses are of 32 bits: memories of 64 are off.
fn length(number: u32) -> Result<usize> {
    Ok(usize::try_from(number)?)
}

fn part<'m>(bytes: &'m [u8], at: usize, size: usize, what: &str) -> Result<&'m [u8]> {
    let part = bytes.get(at..).and_then(|rest| rest.get(..size));
    part.ok_or_else(|| format_err!("{what} out of bounds of memory"))
}
