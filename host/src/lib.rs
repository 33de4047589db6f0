//! The host of Stoflow's marketplace plugins.
//!
//! A plugin is a WebAssembly component of the world `stoflow:marketplace` (`wit/`). This library
//! loads plugins and does for all of them what must be done right once; the binary `stoflow` is a
//! client of its API. Modules in reading order, each using only those below it.

pub mod cli;

pub mod api;

pub mod host;

pub mod consent;
pub mod webhooks;

pub mod idempotency;
pub mod operations;

pub mod plugins;

pub mod runtime;

pub mod contract;
pub mod gateway;

pub mod accounts;
pub mod events;
pub mod files;
pub mod keys;
pub mod store;
pub mod transport;

pub mod clock;
pub mod config;
mod directory;
pub mod locks;
pub mod model;
pub mod secret;
pub mod telemetry;
