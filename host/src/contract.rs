//! The contract (`wit/`) as data: what a component exports, and JSON to its values and back.
//!
//! Every export of a plugin is read by the [`Schema`] that is decoded from the component itself, so
//! that a contract which grows breaks no plugin, and an interface that only one plugin has needs
//! no line of host code. What a schema cannot say stands in one table, [`facts`].

mod decode;
mod direct;
mod docs;
mod document;
#[cfg(test)]
pub(crate) mod fixture;
mod functions;
mod imports;
mod lift;
mod lower;
mod names;
mod place;
mod plan;
mod schema;
mod shape;
mod text;
mod word;

pub use decode::{REQUIRED_INTERFACES, SchemaError};
pub use docs::function_summary;
pub use functions::{
    AccountNeed, Facts, Route, TimeLimit, call_route, facts, function_routes, key_scope,
};
pub use lift::{LiftError, Outcome, REPLY_BYTES_MAX};
pub use lower::{ArgumentCode, ArgumentError};
pub use names::{kebab_case, nearest, same_name, snake_case};
pub use place::{Place, put};
pub use schema::{Function, Interface, Returned, Schema};
pub use shape::{
    CaseShape, FieldShape, FunctionShape, InterfaceShape, NameError, NameShape, NamedShape, Shape,
    TypeShape, ValueShape,
};
pub use text::{is_decimal, is_timestamp};
pub use word::{WordError, WordReader};
