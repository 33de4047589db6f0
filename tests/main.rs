//! The host from outside, one module for each theme.

#![expect(unreachable_pub, reason = "one binary: its modules share by pub")]
// `cfg(test)` marks all of it as test code for the lints.
#![cfg(test)]

mod accounts;
mod assets;
mod calls;
mod command_line;
mod consent;
mod contract;
mod gateway;
mod hostile;
mod install;
mod layers;
mod listings;
mod log;
mod market;
mod publish;
mod publish_changes;
mod publish_faults;
mod publish_kills;
mod rotation;
mod secrets;
mod seller;
mod stage;
mod store;
