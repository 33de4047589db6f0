//! The catalogue of plugins: which versions are installed, what each asks for, which one is active,
//! and calls of the active one.

mod asks;
mod call;
mod catalogue;
mod install;

pub use asks::Ask;
pub use call::{CallRequest, Rejected};
pub use catalogue::{ActivePlugin, Installed, Plugins, PluginsError};
pub use install::{Choice, Inspection};
