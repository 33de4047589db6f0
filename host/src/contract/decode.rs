//! From a component's bytes to its [`Shape`], and every reason to refuse it at install.
//!
//! What is refused here cannot surprise a call: the world, the imports, and types that have no form in
//! JSON. The bytes are a stranger's, so the reader is bounded and a fault in it is an error too.

mod types;

use std::panic::{AssertUnwindSafe, catch_unwind};

use wasmparser::Parser;
use wit_component::DecodedWasm;
use wit_parser::{Function, FunctionKind, Interface, Resolve, WorldItem, WorldKey};

use super::docs::Docs;
use super::imports::{InterfaceId, Outside, PACKAGE};
use super::shape::{FieldShape, FunctionShape, InterfaceShape, Shape};
use types::Types;

/// What the world `marketplace` exports: a component without one of these is of another world.
pub const REQUIRED_INTERFACES: [&str; 6] =
    ["plugin", "auth", "publish", "listings", "orders", "poll"];

/// Why a file is no plugin of this host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Not WebAssembly at all.
    #[error("this is no WebAssembly file; a plugin is a component (wasm32-wasip2)")]
    NotWasm,
    /// WebAssembly, but not a component.
    #[error(
        "this is a core module, not a component; build it for wasm32-wasip2, or make a component \
         of it with `wasm-tools component new`"
    )]
    CoreModule,
    /// An interface description without code.
    #[error("this is an encoded WIT package, not a component")]
    WitPackage,
    /// Damaged, or of a kind of WebAssembly that is not known here.
    #[error("this component cannot be read: {0}")]
    Damaged(String),
    /// It wants what no plugin is given.
    #[error(
        "this component imports what no plugin is given: {}; it may import types, context, journal \
         and assets of {PACKAGE}@0.1, and WASI 0.2", .0.join(", ")
    )]
    Imports(Vec<String>),
    /// It is not of the world `stoflow:marketplace/marketplace`.
    #[error(
        "this component is of another world: it does not export {} of {PACKAGE}@0.1{}",
        .missing.join(", "), exported(.exports)
    )]
    AnotherWorld {
        /// The interfaces that a plugin must have and this one lacks.
        missing: Vec<String>,
        /// What it exports instead.
        exports: Vec<String>,
    },
    /// It lacks what the host reads before anything else.
    #[error("this component's plugin interface has no function `describe`")]
    NoDescription,
    /// A type that has no form in JSON.
    #[error(
        "{function} of {interface} cannot be called: {place} is {what}, which has no form in JSON"
    )]
    Unsupported {
        /// As the component exports it.
        interface: String,
        /// The function, or the type, that has it.
        function: String,
        /// Where in it.
        place: String,
        /// `a resource`, `a stream`, `an option of an option`.
        what: String,
    },
    /// More types than any real interface has.
    #[error("the types of {0} are too many, or too deep in each other")]
    TooLarge(String),
}

fn exported(exports: &[String]) -> String {
    match exports {
        [] => "; it exports nothing".to_owned(),
        exports => format!("; it exports {}", exports.join(", ")),
    }
}

/// Reads what a component exports.
pub(super) fn shape(component: &[u8]) -> Result<Shape, SchemaError> {
    if Parser::is_core_wasm(component) {
        return Err(SchemaError::CoreModule);
    }
    if !Parser::is_component(component) {
        return Err(SchemaError::NotWasm);
    }
    let outside =
        Outside::read(component).map_err(|error| SchemaError::Damaged(error.to_string()))?;
    let (resolve, world) = match decode_wasm(component)? {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => return Err(SchemaError::WitPackage),
    };
    let refused = outside.refused();
    if !refused.is_empty() {
        return Err(SchemaError::Imports(refused));
    }
    let exports = resolve.worlds.get(world).map(|world| &world.exports);
    let exported = exports.into_iter().flatten().filter_map(|(key, item)| {
        let WorldItem::Interface { id, .. } = item else {
            return None; // A function outside any interface has no name to be called by.
        };
        resolve.interfaces.get(*id).map(|interface| Export {
            name: export_name(&resolve, key),
            interface,
        })
    });
    let exported: Vec<Export<'_>> = exported.collect();
    demand_world(&exported)?;
    let docs = Docs::of(outside.wit);
    interfaces(&resolve, &docs, &exported)
}

/// What decodes components, with a fault in it made an error.
pub(super) fn decode_wasm(bytes: &[u8]) -> Result<DecodedWasm, SchemaError> {
    match catch_unwind(AssertUnwindSafe(|| wit_component::decode(bytes))) {
        Ok(Ok(decoded)) => Ok(decoded),
        Ok(Err(error)) => Err(SchemaError::Damaged(format!("{error:#}"))),
        Err(_) => Err(SchemaError::Damaged(
            "its interfaces contradict each other".to_owned(),
        )),
    }
}

struct Export<'r> {
    /// `stoflow:marketplace/listings@0.1.0`.
    name: String,
    interface: &'r Interface,
}

fn export_name(resolve: &Resolve, key: &WorldKey) -> String {
    match key {
        WorldKey::Name(name) => name.clone(),
        WorldKey::Interface(id) => resolve.id_of(*id).unwrap_or_default(),
    }
}

fn demand_world(exports: &[Export<'_>]) -> Result<(), SchemaError> {
    let of_contract = |name: &str| {
        exports.iter().find(|export| {
            InterfaceId::parse(&export.name)
                .is_some_and(|id| id.is_of_this_contract() && id.interface == name)
        })
    };
    let missing: Vec<String> = REQUIRED_INTERFACES
        .into_iter()
        .filter(|name| of_contract(name).is_none())
        .map(str::to_owned)
        .collect();
    if !missing.is_empty() {
        return Err(SchemaError::AnotherWorld {
            missing,
            exports: exports.iter().map(|export| export.name.clone()).collect(),
        });
    }
    match of_contract("plugin") {
        Some(plugin) if plugin.interface.functions.contains_key("describe") => Ok(()),
        _ => Err(SchemaError::NoDescription),
    }
}

/// All that can be called: every exported interface but WASI's, which is for other hosts.
fn interfaces(
    resolve: &Resolve,
    docs: &Docs,
    exports: &[Export<'_>],
) -> Result<Shape, SchemaError> {
    let mut types = Types::new(resolve, docs);
    let callable: Vec<&Export<'_>> = exports
        .iter()
        .filter(|export| !export.name.starts_with("wasi:"))
        .collect();
    let interfaces = callable.iter().map(|export| {
        let name = callable_name(export, &callable);
        interface(&mut types, docs, export, name)
    });
    Ok(Shape {
        interfaces: interfaces.collect::<Result<_, SchemaError>>()?,
        types: types.finish(),
    })
}

/// By which name an interface is called: `listings`; `acme:shop/listings` where the contract, or
/// another package, has one of that name; with its version where that is not enough.
fn callable_name<'e>(export: &'e Export<'_>, all: &[&Export<'_>]) -> &'e str {
    let is_alone = |name: fn(&str) -> &str| {
        let same = all.iter().filter(|o| name(&o.name) == name(&export.name));
        same.count() == 1
    };
    // The contract's own names are the contract's, in the newest version that this host speaks.
    let ours = all.iter().filter_map(|other| {
        let id = InterfaceId::parse(&other.name)?;
        let same = short_name(&other.name) == short_name(&export.name);
        (same && id.is_of_this_contract()).then_some((id.version, &other.name))
    });
    let is_the_contracts = ours.max().is_some_and(|(_, name)| *name == export.name);
    if is_the_contracts || is_alone(short_name) {
        short_name(&export.name)
    } else if is_alone(path_of) {
        path_of(&export.name)
    } else {
        &export.name
    }
}

/// `stoflow:marketplace/listings@0.1.0` → `stoflow:marketplace/listings`.
fn path_of(export: &str) -> &str {
    export.split_once('@').map_or(export, |(path, _)| path)
}

/// `stoflow:marketplace/listings@0.1.0` → `listings`.
fn short_name(export: &str) -> &str {
    let path = path_of(export);
    path.split_once('/').map_or(path, |(_, name)| name)
}

fn interface(
    types: &mut Types<'_>,
    docs: &Docs,
    export: &Export<'_>,
    name: &str,
) -> Result<InterfaceShape, SchemaError> {
    let path = path_of(&export.name);
    types.refuse_resources(export.interface, &export.name)?;
    let functions = export.interface.functions.values().map(|function| {
        let mut shape = self::function(types, export, function)?;
        shape.docs = docs.at(path, &[&function.name]);
        Ok(shape)
    });
    Ok(InterfaceShape {
        functions: functions.collect::<Result<_, SchemaError>>()?,
        name: name.to_owned(),
        export: export.name.clone(),
        docs: docs.at(path, &[]),
    })
}

fn function(
    types: &mut Types<'_>,
    export: &Export<'_>,
    function: &Function,
) -> Result<FunctionShape, SchemaError> {
    let mut site = types::Site {
        interface: &export.name,
        function: &function.name,
        place: "the function".to_owned(),
        depth: 0,
    };
    match function.kind {
        FunctionKind::Freestanding => {}
        FunctionKind::AsyncFreestanding => return Err(site.unsupported("async")),
        _ => return Err(site.unsupported("part of a resource")),
    }
    let mut params = Vec::with_capacity(function.params.len());
    for param in &function.params {
        site.place = format!("the parameter {}", param.name);
        params.push(FieldShape {
            name: param.name.clone(),
            docs: String::new(),
            value: types.value(&param.ty, &site)?,
        });
    }
    site.place = "the result".to_owned();
    let result = function.result.as_ref();
    Ok(FunctionShape {
        name: function.name.clone(),
        docs: String::new(),
        params,
        result: result.map(|ty| types.value(ty, &site)).transpose()?,
    })
}

#[cfg(test)]
mod tests;
