//! What makes a Stoflow marketplace plugin short.
//!
//! A plugin is one WebAssembly component of the world `stoflow:marketplace/marketplace`. This
//! crate has a trait for each interface of the contract, whose functions answer `unsupported` until
//! they are written; one macro that exports them; requests over `wasi:http`; errors from status
//! and body; and decimals without floats.
//!
//! A plugin has no token, no retry, no rate limiter and no schedule: the host has them. It names
//! the marketplace's real origins, even where a sandbox stands in for it.
//!
//! # A complete plugin
//!
//! ```
//! use serde::Deserialize;
//! use stoflow_plugin_sdk::auth::{ClientAuthentication, Identity, Oauth2Provider, Redirect, Scope};
//! use stoflow_plugin_sdk::http::{Request, percent_encode};
//! use stoflow_plugin_sdk::plugin::{Credential, Description, Endpoint, Methods};
//! use stoflow_plugin_sdk::shop::ShopRecord;
//! use stoflow_plugin_sdk::types::Error;
//! use stoflow_plugin_sdk::{Auth, Plugin, Shop, context, export, lenient, plugin};
//!
//! struct Bazaar;
//!
//! /// As the marketplace writes it. Fields are optional: a reply that lacks one is still read.
//! #[derive(Deserialize)]
//! struct Stall {
//!     #[serde(default, deserialize_with = "lenient::text")]
//!     id: Option<String>,
//!     #[serde(default, deserialize_with = "lenient::text")]
//!     title: Option<String>,
//! }
//!
//! impl Plugin for Bazaar {
//!     fn describe() -> Description {
//!         Description {
//!             endpoints: vec![Endpoint {
//!                 origin: "https://api.bazaar.example".into(),
//!                 path_prefix: "/v1/".into(),
//!                 methods: Methods::GET,
//!                 credentials: vec![Credential::UserToken],
//!                 quotas: Vec::new(),
//!                 cache_seconds: None,
//!             }],
//!             ..plugin::describe("bazaar", "Bazaar", env!("CARGO_PKG_VERSION"))
//!         }
//!     }
//! }
//!
//! impl Auth for Bazaar {
//!     fn provider() -> Oauth2Provider {
//!         Oauth2Provider {
//!             authorize_url: "https://bazaar.example/consent".into(),
//!             token_url: "https://api.bazaar.example/token".into(),
//!             revoke_url: None,
//!             redirect: Redirect::Url,
//!             pkce: true,
//!             client_authentication: ClientAuthentication::Body,
//!             scopes: vec![Scope {
//!                 name: "stall".into(),
//!                 summary: "read the stall".into(),
//!                 optional: false,
//!             }],
//!             access_token_seconds: 3600,
//!             refresh_token_seconds: 30 * 86_400,
//!             refresh_token_rotates: true,
//!             token_limits: Vec::new(),
//!         }
//!     }
//!
//!     fn identify() -> Result<Identity, Error> {
//!         let stall: Stall =
//!             Request::get("https://api.bazaar.example/v1/me/stall").send()?.ok()?.json()?;
//!         let id = stall.id.ok_or_else(|| Error::Unexpected("a stall without an id".into()))?;
//!         Ok(Identity {
//!             name: stall.title.unwrap_or_else(|| id.clone()),
//!             shop_id: Some(id.clone()),
//!             id,
//!             site: None,
//!             extension: None,
//!         })
//!     }
//! }
//!
//! impl Shop for Bazaar {
//!     fn get() -> Result<ShopRecord, Error> {
//!         let account = context::account()?;
//!         let url = format!("https://api.bazaar.example/v1/stalls/{}", percent_encode(&account.id));
//!         let stall: Stall = Request::get(url).send()?.ok()?.json()?;
//!         Ok(shop(account.id, stall))
//!     }
//! }
//!
//! /// Conversions are pure functions, so that tests run them natively.
//! fn shop(id: String, stall: Stall) -> ShopRecord {
//!     ShopRecord {
//!         name: stall.title.unwrap_or_else(|| id.clone()),
//!         id,
//!         url: None,
//!         currency: None,
//!         locales: Vec::new(),
//!         active_listings: None,
//!         on_vacation: None,
//!         extension: None,
//!     }
//! }
//!
//! export!(Bazaar: Auth, Shop);
//! # fn main() {}
//! ```
//!
//! Its `Cargo.toml` says `crate-type = ["cdylib", "rlib"]`: the first is the component, the second
//! is what tests and benchmarks link. `cargo build --target wasm32-wasip2 --profile plugin` builds
//! it.
//!
//! # What to know
//!
//! - **Ids** from the marketplace are text, compared byte by byte. [`lenient::text`] reads them
//!   from a number without losing a digit.
//! - **Money** is a [`Decimal`] as text with its currency; never a float.
//! - **Errors** are chosen by what the caller can do about them. `?` turns a request that failed
//!   into `unavailable` or, where it may have changed something, `uncertain`;
//!   [`http::Response::ok`] turns a refusal into the error of its status, in the marketplace's
//!   words. Everything wrong with a product is told at once: [`Violations`].
//! - **An operation of several steps** saves its intent in the [`journal`] before the first request
//!   that cannot be repeated, and a checkpoint after each step.
//! - **An `extension`** carries what only this marketplace knows; what was read there can be
//!   written back unchanged.
//! - **Natively** the types, conversions and errors work; [`http::send_all`] answers that there is
//!   no network, and `context`, `journal` and `assets` abort, because only a host can answer them.

pub mod assets;
pub mod auth;
#[doc(hidden)]
pub mod bindings;
pub mod context;
mod decimal;
mod error;
mod export;
pub mod http;
mod interface;
pub mod journal;
pub mod lenient;
pub mod listings;
mod log;
pub mod orders;
pub mod plugin;
pub mod policies;
pub mod poll;
pub mod publish;
pub mod shop;
pub mod taxonomy;
pub mod types;
pub mod webhooks;

pub use auth::Auth;
pub use decimal::{Decimal, DecimalError};
pub use error::{Violations, violation};
pub use listings::Listings;
pub use orders::Orders;
pub use plugin::Plugin;
pub use policies::Policies;
pub use poll::Poll;
pub use publish::Publish;
pub use shop::Shop;
pub use taxonomy::Taxonomy;
pub use webhooks::Webhooks;

/// What [`export!`] demands of a type, checked where nothing is exported.
#[doc(hidden)]
pub fn __check<T: Plugin + Auth + Publish + Listings + Orders + Poll>() {}
