//! A component's [`Schema`]: what it can be called for, and how its values are read and written.
//!
//! Made once when a version is loaded and shared by all its calls; nothing in it changes, and all that
//! it remembers of a call is how long the reply was.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::Store;
use wasmtime::component::{Func, Val};

use super::decode::{self, SchemaError};
use super::direct;
use super::functions::{Facts, facts, key_scope};
use super::imports::InterfaceId;
use super::lift::{self, LiftError, Outcome};
use super::lower::{self, ArgumentError};
use super::names::same_name;
use super::plan::{Plan, Planner, Record};
use super::shape::{FunctionShape, InterfaceShape, NameError, Shape};
use crate::model::KeyScope;

/// The most room that is made for a reply before it is written: the largest page of a marketplace.
const ROOM_MAX: usize = 1 << 20;

/// All that a component exports.
#[derive(Debug)]
pub struct Schema {
    shape: Shape,
    interfaces: Vec<Interface>,
}

/// One exported interface.
#[derive(Debug)]
pub struct Interface {
    shape: InterfaceShape,
    functions: Vec<Function>,
}

/// What [`Function::call`] came to.
#[derive(Debug)]
pub enum Returned {
    /// The reply.
    Written(Outcome),
    /// The values of a reply that is still to be written, by [`Function::lift`]; the instance may go
    /// before.
    Values(Vec<Val>),
}

/// One function, with the plan of its values.
#[derive(Debug)]
pub struct Function {
    interface: String,
    export: String,
    shape: FunctionShape,
    facts: Facts,
    params: Record,
    result: Option<Arc<Plan>>,
    /// How long its last reply was, so that the next one's buffer need not grow.
    reply_bytes: AtomicUsize,
}

impl Schema {
    /// Reads a component's own types, with docs from its section `stoflow:wit`, else from the host's
    /// `wit/`. About 4 ms for a plugin; done when a version is loaded.
    ///
    /// # Errors
    ///
    /// Every reason why the file is no plugin of this host, see [`SchemaError`].
    pub fn decode(component: &[u8]) -> Result<Self, SchemaError> {
        Self::of(decode::shape(component)?)
    }

    /// From a shape that was decoded before.
    fn of(shape: Shape) -> Result<Self, SchemaError> {
        let mut planner = Planner::new(&shape);
        let interfaces = shape.interfaces.iter().map(|interface| {
            let functions = interface.functions.iter().map(|function| {
                plan(&mut planner, interface, function)
                    .ok_or_else(|| SchemaError::Damaged("a type is missing".to_owned()))
            });
            Ok(Interface {
                functions: functions.collect::<Result<_, SchemaError>>()?,
                shape: interface.clone(),
            })
        });
        let interfaces = interfaces.collect::<Result<_, SchemaError>>()?;
        Ok(Self { interfaces, shape })
    }

    /// In the order of the component.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// Whether an interface of the contract is exported, by its name in kebab or snake case.
    pub fn has(&self, interface: &str) -> bool {
        let found = self.shape.interface(interface);
        found.is_ok_and(is_of_contract)
    }

    /// The function of that name, in kebab or snake case.
    ///
    /// # Errors
    ///
    /// [`NameError`], which names what there is.
    pub fn function(&self, interface: &str, function: &str) -> Result<&Function, NameError> {
        let shape = self.shape.interface(interface)?;
        let shape = (shape, shape.function(function)?);
        let found = self
            .interfaces
            .iter()
            .find(|interface| same_name(&interface.shape.name, &shape.0.name))
            .and_then(|interface| {
                let mut functions = interface.functions.iter();
                functions.find(|function| same_name(&function.shape.name, &shape.1.name))
            });
        // The shape and the interfaces are made together, one from the other.
        found.ok_or_else(|| NameError::Function {
            interface: shape.0.name.clone(),
            given: function.to_owned(),
            near: None,
            known: Vec::new(),
        })
    }

    /// The same as data, for clients.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }
}

impl Interface {
    /// Its name, export, docs, and functions as data.
    pub fn shape(&self) -> &InterfaceShape {
        &self.shape
    }

    /// In the order of the component.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }
}

impl Function {
    /// `listings`.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// The name of the instance in the component: `stoflow:marketplace/listings@0.1.0`.
    pub fn export(&self) -> &str {
        &self.export
    }

    /// `get-product`, as the component has it.
    pub fn name(&self) -> &str {
        &self.shape.name
    }

    /// Its docs, parameters and result as data.
    pub fn shape(&self) -> &FunctionShape {
        &self.shape
    }

    /// What the schema cannot say.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The scope of a key to the API that it needs.
    pub fn key_scope(&self) -> KeyScope {
        key_scope(&self.interface, &self.facts)
    }

    /// Reads the object of arguments, by parameter in snake case, into the values to call it with.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit, by JSON Pointer.
    pub fn lower(&self, json: &[u8]) -> Result<Vec<Val>, ArgumentError> {
        lower::arguments(&self.params, json)
    }

    /// Calls it in an instance, with the values that [`Function::lower`] made of its arguments. The
    /// reply is written from the plugin's memory where it lies there, see [`Returned`].
    ///
    /// # Errors
    ///
    /// As wasmtime's call; [`LiftError`] for a reply that breaks the contract.
    pub async fn call<T: Send + 'static>(
        &self,
        store: &mut Store<T>,
        callee: Func,
        arguments: &Arc<Vec<Val>>,
    ) -> wasmtime::Result<Returned> {
        if let Some(plan) = &self.result {
            let called = direct::call(store, callee, arguments, plan, self.room()).await;
            if let Some(outcome) = called {
                let outcome = outcome?;
                self.remember(&outcome);
                return Ok(Returned::Written(outcome));
            }
        }
        let mut results = vec![Val::Bool(false); self.result_count()];
        callee.call_async(store, arguments, &mut results).await?;
        Ok(Returned::Values(results))
    }

    /// Writes what it returned.
    ///
    /// # Errors
    ///
    /// What breaks the contract's mapping, by JSON Pointer. The fault is the plugin's.
    pub fn lift(&self, results: &[Val]) -> Result<Outcome, LiftError> {
        let outcome = lift::outcome(self.result.as_deref(), results, self.room())?;
        self.remember(&outcome);
        Ok(outcome)
    }

    /// How much room to make for the next reply.
    fn room(&self) -> usize {
        self.reply_bytes.load(Ordering::Relaxed)
    }

    fn remember(&self, outcome: &Outcome) {
        if let Outcome::Ok(reply) = outcome {
            let bytes = reply.len().min(ROOM_MAX);
            self.reply_bytes.store(bytes, Ordering::Relaxed);
        }
    }

    /// How many values a call of it returns: 0 or 1.
    pub fn result_count(&self) -> usize {
        usize::from(self.result.is_some())
    }
}

/// Another package may have an interface of the same name, of which the contract says nothing.
fn is_of_contract(interface: &InterfaceShape) -> bool {
    InterfaceId::parse(&interface.export).is_some_and(|id| id.is_of_this_contract())
}

fn plan<'a>(
    planner: &mut Planner<'a>,
    interface: &'a InterfaceShape,
    function: &'a FunctionShape,
) -> Option<Function> {
    let result = match &function.result {
        Some(result) => Some(planner.value(result)?),
        None => None,
    };
    Some(Function {
        interface: interface.name.clone(),
        export: interface.export.clone(),
        params: planner.record(&function.params)?,
        result,
        facts: match is_of_contract(interface) {
            true => facts(&interface.name, &function.name),
            false => Facts::OTHER,
        },
        shape: function.clone(),
        reply_bytes: AtomicUsize::new(0),
    })
}
