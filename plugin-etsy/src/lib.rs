//! Etsy's API v3 as a Stoflow marketplace plugin.
//!
//! One file for each interface ([`auth`], [`publish`], [`listings`], [`shop`], …), Etsy's requests as
//! data in [`api`], and everything between the two forms as pure functions in [`convert`], which
//! tests and benchmarks run natively.

pub mod api;
pub mod auth;
pub mod convert;
pub mod date;
mod describe;
pub mod fingerprint;
pub mod id;
pub mod limits;
pub mod listings;
mod orders;
mod policies;
mod poll;
pub mod publish;
pub mod refusal;
pub mod settings;
pub mod shop;
mod taxonomy;
mod webhooks;

use stoflow_plugin_sdk::export;

/// The plugin. Its traits are in the file of each interface.
#[derive(Debug, Clone, Copy)]
pub struct Etsy;

export!(
    Etsy: Auth, Publish, Listings, Orders, Poll, Shop, Policies, Taxonomy, Webhooks
);
