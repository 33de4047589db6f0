//! The command line: each command is a request to the API, and says in words what came of it.
//!
//! Flags, help and tables of `stoflow call` come from a plugin's [`Shape`](crate::contract::Shape) alone,
//! so they cannot drift from what the plugin does.

pub mod flag;
pub mod flags;
pub mod help;
mod phrase;
pub mod table;
mod text;
