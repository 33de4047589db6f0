//! The host from outside, one module for each theme.

#![expect(unreachable_pub, reason = "one binary: its modules share by pub")]
// `cfg(test)` marks all of it as test code for the lints.
#![cfg(test)]

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// As the program has it: a child of these tests is a host.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

mod account_ends;
mod accounts;
mod api_document;
mod asking;
mod asset_memory;
mod assets;
mod browser;
mod calls;
mod child;
mod clients;
mod command_line;
mod compiling;
mod configuration;
mod conformance;
mod connect_command;
mod consent;
mod consent_pages;
mod context;
mod contract;
mod described;
mod disk;
mod etsy_shop;
mod etsy_webhooks;
mod events;
mod every_function;
mod every_route;
mod files;
mod gate;
mod gateway;
mod hostile;
mod idempotency;
mod install;
mod isolation;
mod kept_pushes;
mod keys;
mod languages;
mod layers;
mod leaks;
mod listings;
mod load;
mod log;
mod market;
mod odd_replies;
mod offers;
mod old_list;
mod openapi;
mod operation_kills;
mod operations;
mod orders;
mod orders_kills;
mod orders_ship;
mod policies;
mod policy_kills;
mod polls;
mod properties;
mod publish;
mod publish_changes;
mod publish_faults;
mod publish_kills;
mod reply_cache;
mod request_counts;
mod rest;
mod rotation;
mod secrets;
mod seed;
mod seller;
mod serve;
mod served;
mod stage;
mod store;
mod store_ends;
mod taxonomy;
mod telemetry;
mod webhooks;
