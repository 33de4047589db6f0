//! Calls without wasmtime's dynamic values: arguments go straight into the callee's registers, and
//! the reply is written from its memory ([`memory`]).
//!
//! Wasmtime has this for types that are known when the host is compiled. A plugin's are known when
//! it is loaded, so its traits are implemented here for types that know them by then: [`Arguments`]
//! and [`Reply`]. They are hidden in wasmtime's docs and may change with any version of it;
//! `tests/contract` holds both ways against each other. A function that they do not fit (more
//! arguments than registers, a list among them, a reply that is a single number) is called with
//! dynamic values.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::sync::Arc;

use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext,
};
use wasmtime::component::{ComponentNamedList, ComponentType, Func, Lift, Lower, Val};
use wasmtime::{Result, Store, ValRaw, bail, format_err};

use super::lift::{Outcome, memory};
use super::plan::Plan;

/// The most values that arguments are handed over in; more lie in memory (component model,
/// `MAX_FLAT_PARAMS`).
const REGISTERS: usize = 16;

/// The most values that a result is handed back in; more lie in memory (`MAX_FLAT_RESULTS`).
const RESULT_REGISTERS: usize = 1;

tokio::task_local! {
    /// How the reply of the call that runs is written. Wasmtime hands nothing of the caller's to
    /// what reads a reply.
    static READING: Reading;
}

/// What is needed to write a reply, and then the reply.
struct Reading {
    plan: Arc<Plan>,
    room: usize,
    written: Cell<Option<Outcome>>,
}

/// Ends a call whose reply is written. Wasmtime would have the callee give back all that the reply
/// took (`post-return`), text by text, in an instance that is thrown away at once.
#[derive(Debug, thiserror::Error)]
#[error("the reply is written")]
struct Written;

/// Calls a function with arguments of its types. `None` where it has to be called with dynamic values;
/// then nothing was done. After it the instance can only be thrown away.
///
/// # Errors
///
/// As wasmtime's call; a [`super::LiftError`] for a reply that breaks the contract.
pub(super) async fn call<T: Send + 'static>(
    store: &mut Store<T>,
    callee: Func,
    arguments: &Arc<Vec<Val>>,
    plan: &Arc<Plan>,
    room: usize,
) -> Option<Result<Outcome>> {
    let callee = callee.typed::<Arguments, Reply>(&*store).ok()?;
    let reading = Reading {
        plan: Arc::clone(plan),
        room,
        written: Cell::new(None),
    };
    let arguments = Arguments(Arc::clone(arguments));
    let called = READING.scope(reading, async {
        let ended = callee.call_async(store, arguments).await;
        let written = READING.with(|reading| reading.written.take());
        match (ended, written) {
            (Err(ended), Some(outcome)) if ended.is::<Written>() => Ok(outcome),
            (Err(error), _) => Err(error),
            (Ok(reply), _) => match reply {},
        }
    });
    Some(called.await)
}

/// The arguments of a call, where they fit into registers.
struct Arguments(Arc<Vec<Val>>);

// SAFETY: `Lower` is as many `ValRaw` as the registers that `ABI` announces; whatever passes
// `typecheck` needs at most as many.
#[expect(unsafe_code, reason = "wasmtime's trait, see the module's docs")]
unsafe impl ComponentType for Arguments {
    type Lower = [ValRaw; REGISTERS];

    /// Not of the types that are lowered, which differ: it says that all go through registers.
    const ABI: CanonicalAbiInfo = in_registers(REGISTERS as u8);

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        let InterfaceType::Tuple(index) = ty else {
            bail!("arguments are a tuple")
        };
        let tuple = &types.types[*index];
        if tuple.abi.flat_count(REGISTERS).is_none() {
            bail!("more arguments than registers");
        }
        tuple.types.iter().try_for_each(|ty| in_register(ty, types))
    }
}

// SAFETY: it is a tuple, by `typecheck`.
#[expect(unsafe_code, reason = "wasmtime's trait, see the module's docs")]
unsafe impl ComponentNamedList for Arguments {}

// SAFETY: registers are written all of them, with the values of the types that `typecheck` let pass.
#[expect(unsafe_code, reason = "wasmtime's trait, see the module's docs")]
unsafe impl Lower for Arguments {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        registers: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        let InterfaceType::Tuple(index) = ty else {
            bail!("arguments are a tuple")
        };
        let types = &cx.types[index].types;
        if types.len() != self.0.len() {
            bail!("{} arguments for {}", self.0.len(), types.len());
        }
        let registers = registers.write([ValRaw::u64(0); REGISTERS]);
        let mut lowering = Lowering {
            cx,
            registers: registers.iter_mut(),
        };
        for (ty, value) in types.iter().zip(self.0.iter()) {
            lowering.value(*ty, value)?;
        }
        Ok(())
    }

    fn linear_lower_to_memory<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: usize,
    ) -> Result<()> {
        bail!("arguments go through registers")
    }
}

/// The types that [`Lowering`] knows.
fn in_register(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
    match ty {
        InterfaceType::Bool
        | InterfaceType::U8
        | InterfaceType::U16
        | InterfaceType::U32
        | InterfaceType::U64
        | InterfaceType::S8
        | InterfaceType::S16
        | InterfaceType::S32
        | InterfaceType::S64
        | InterfaceType::Float32
        | InterfaceType::Float64
        | InterfaceType::Char
        | InterfaceType::String
        | InterfaceType::Enum(_) => Ok(()),
        InterfaceType::Option(index) => in_register(&types.types[*index].ty, types),
        InterfaceType::Record(index) => {
            let mut fields = types.types[*index].fields.iter();
            fields.try_for_each(|field| in_register(&field.ty, types))
        }
        InterfaceType::Tuple(index) => {
            let mut items = types.types[*index].types.iter();
            items.try_for_each(|ty| in_register(ty, types))
        }
        _ => bail!("a type that is lowered as a dynamic value"),
    }
}

/// Arguments on their way into registers.
struct Lowering<'r, 'c, 'm, T: 'static> {
    cx: &'c mut LowerContext<'m, T>,
    registers: std::slice::IterMut<'r, ValRaw>,
}

impl<T> Lowering<'_, '_, '_, T> {
    /// As the canonical ABI flattens it (component model, `CanonicalABI.md`, "Flat Lowering").
    fn value(&mut self, ty: InterfaceType, value: &Val) -> Result<()> {
        match (ty, value) {
            (InterfaceType::Bool, Val::Bool(value)) => self.put(ValRaw::u32((*value).into())),
            (InterfaceType::U8, Val::U8(value)) => self.put(ValRaw::u32((*value).into())),
            (InterfaceType::U16, Val::U16(value)) => self.put(ValRaw::u32((*value).into())),
            (InterfaceType::U32, Val::U32(value)) => self.put(ValRaw::u32(*value)),
            (InterfaceType::U64, Val::U64(value)) => self.put(ValRaw::u64(*value)),
            (InterfaceType::S8, Val::S8(value)) => self.put(ValRaw::i32((*value).into())),
            (InterfaceType::S16, Val::S16(value)) => self.put(ValRaw::i32((*value).into())),
            (InterfaceType::S32, Val::S32(value)) => self.put(ValRaw::i32(*value)),
            (InterfaceType::S64, Val::S64(value)) => self.put(ValRaw::i64(*value)),
            (InterfaceType::Float32, Val::Float32(value)) => self.put(ValRaw::f32(value.to_bits())),
            (InterfaceType::Float64, Val::Float64(value)) => self.put(ValRaw::f64(value.to_bits())),
            (InterfaceType::Char, Val::Char(value)) => self.put(ValRaw::u32((*value).into())),
            (InterfaceType::String, Val::String(text)) => self.text(ty, text),
            (InterfaceType::Enum(index), Val::Enum(name)) => {
                let names = &self.cx.types[index].names;
                let Some(number) = names.get_index_of(name) else {
                    bail!("enum variant name `{name}` is not valid")
                };
                self.put(ValRaw::u32(number.try_into()?))
            }
            (InterfaceType::Option(index), Val::Option(value)) => {
                let ty = self.cx.types[index].ty;
                self.put(ValRaw::u32(value.is_some().into()))?;
                match value {
                    Some(value) => self.value(ty, value),
                    None => self.skip(ty),
                }
            }
            (InterfaceType::Record(index), Val::Record(fields)) => {
                let types = &self.cx.types[index].fields;
                if types.len() != fields.len() {
                    bail!("a record of another type");
                }
                for (ty, (_, value)) in types.iter().zip(fields) {
                    self.value(ty.ty, value)?;
                }
                Ok(())
            }
            (InterfaceType::Tuple(index), Val::Tuple(items)) => {
                let types = &self.cx.types[index].types;
                if types.len() != items.len() {
                    bail!("a tuple of another type");
                }
                for (ty, value) in types.iter().zip(items) {
                    self.value(*ty, value)?;
                }
                Ok(())
            }
            _ => bail!("a value of another type"),
        }
    }

    fn put(&mut self, value: ValRaw) -> Result<()> {
        let register = self.registers.next();
        *register.ok_or_else(|| format_err!("more arguments than registers"))? = value;
        Ok(())
    }

    /// Leaves the registers of a value that is not there as they are.
    fn skip(&mut self, ty: InterfaceType) -> Result<()> {
        let count = self.cx.types.canonical_abi(&ty).flat_count(REGISTERS);
        (0..count.unwrap_or_default()).try_for_each(|_| self.put(ValRaw::u64(0)))
    }

    /// Wasmtime itself copies it, in the encoding that the callee wants.
    fn text(&mut self, ty: InterfaceType, text: &str) -> Result<()> {
        let mut pair = MaybeUninit::uninit();
        text.linear_lower_to_flat(self.cx, ty, &mut pair)?;
        // SAFETY: it was written where that went well.
        #[expect(unsafe_code, reason = "wasmtime's trait, see the module's docs")]
        let [at, length] = unsafe { pair.assume_init() };
        self.put(at)?;
        self.put(length)
    }
}

/// A reply that lies in the callee's memory. There is none: it is written where it lies, into
/// [`Reading::written`].
enum Reply {}

// SAFETY: it is never handed over in registers, so that `Lower` is never looked at; memory is read by
// the types at hand, with their bounds.
#[expect(unsafe_code, reason = "wasmtime's trait, see the module's docs")]
unsafe impl ComponentType for Reply {
    type Lower = [ValRaw; RESULT_REGISTERS + 1];

    /// Not of the type that is lifted, which differs: it says that it lies in memory, where
    /// [`memory::outcome`] looks at size and alignment.
    const ABI: CanonicalAbiInfo = in_registers(RESULT_REGISTERS as u8 + 1);

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        let InterfaceType::Tuple(index) = ty else {
            bail!("results are a tuple")
        };
        let tuple = &types.types[*index];
        if tuple.types.len() != 1 || tuple.abi.flat_count(RESULT_REGISTERS).is_some() {
            bail!("a result that does not lie in memory");
        }
        Ok(())
    }
}

// SAFETY: it is a tuple, by `typecheck`.
#[expect(unsafe_code, reason = "wasmtime's trait, see the module's docs")]
unsafe impl ComponentNamedList for Reply {}

// SAFETY: nothing is made of memory but what its bytes say, each of which is looked at.
#[expect(unsafe_code, reason = "wasmtime's trait, see the module's docs")]
unsafe impl Lift for Reply {
    fn linear_lift_from_flat(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &Self::Lower,
    ) -> Result<Self> {
        bail!("a reply lies in memory")
    }

    /// Wasmtime hands over as many bytes as `ABI` says, none: where they begin is what counts.
    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> Result<Self> {
        let start = bytes.as_ptr().addr();
        let Some(at) = start.checked_sub(cx.memory().as_ptr().addr()) else {
            bail!("a reply outside of memory")
        };
        let types = match ty {
            InterfaceType::Tuple(index) => &*cx.types[index].types,
            _ => bail!("results are a tuple"),
        };
        let &[ty] = types else {
            bail!("one result is expected")
        };
        READING.try_with(|reading| {
            let outcome = memory::outcome(cx, &reading.plan, ty, at, reading.room)?;
            reading.written.set(Some(outcome));
            bail!(Written)
        })?
    }
}

/// An ABI of which only the number of registers counts.
const fn in_registers(count: u8) -> CanonicalAbiInfo {
    CanonicalAbiInfo {
        size32: 0,
        align32: 1,
        size64: 0,
        align64: 1,
        flat_count: Some(count),
    }
}
