//! The sandbox over real HTTP, as a client sees it. Every reply to an operation is held against the
//! table as it passes through the harness.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly, and so may the functions that they share"
)]

mod activation;
mod command;
mod consent;
mod control;
mod digital;
mod drafts;
mod encoding;
mod every_operation;
mod extras;
mod faults;
mod gate;
mod harness;
mod images;
mod inventory;
mod orders;
mod page;
mod payments;
mod reading;
mod saving;
mod search;
mod shipments;
mod shipping;
mod shop_settings;
mod shop_things;
mod taxonomy;
mod time;
mod webhooks;
