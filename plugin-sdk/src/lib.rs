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
//! use stoflow_plugin_sdk::auth::{ClientAuthentication, Identity, Oauth2Provider, Redirect, Scope};
//! use stoflow_plugin_sdk::http::{Request, percent_encode};
//! use stoflow_plugin_sdk::plugin::{Credential, Description, Endpoint, Methods};
//! use stoflow_plugin_sdk::shop::ShopRecord;
//! use stoflow_plugin_sdk::types::Error;
//! use stoflow_plugin_sdk::{Auth, Object, Plugin, Shop, context, export, plugin};
//!
//! struct Bazaar;
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
//!         let reply = Request::get("https://api.bazaar.example/v1/me/stall").send()?.ok()?;
//!         let stall = reply.object()?;
//!         let id = stall.text("id").ok_or_else(|| reply.unexpected("a stall without an id"))?;
//!         Ok(Identity {
//!             name: stall.words("title").unwrap_or_else(|| id.clone()),
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
//!         let reply = Request::get(url).send()?.ok()?;
//!         Ok(shop(account.id, &reply.object()?))
//!     }
//! }
//!
//! /// Conversions are pure functions, so that tests run them natively.
//! fn shop(id: String, stall: &Object<'_>) -> ShopRecord {
//!     ShopRecord {
//!         name: stall.words("title").unwrap_or_else(|| id.clone()),
//!         id,
//!         url: stall.words("url"),
//!         currency: None,
//!         locales: Vec::new(),
//!         active_listings: None,
//!         on_vacation: stall.boolean("closed"),
//!         extension: stall.unread(),
//!     }
//! }
//!
//! export!(Bazaar: Auth, Shop);
//! # fn main() {}
//! ```
//!
//! Its `Cargo.toml` says `crate-type = ["cdylib", "rlib"]`: the first is the component, the second
//! is what tests and benchmarks link. `cargo build --target wasm32-wasip2 --profile plugin` builds
//! it. Where it handles long replies, `cargo rustc … -- --codegen link-arg=--initial-memory=3145728`
//! makes such a call a tenth faster: memory that is there from the start is taken when it is used,
//! and need not grow.
//!
//! # What to know
//!
//! - **Replies** are read with [`Object`], which never fails on a member: a number where text was
//!   promised, `null`, a new field. Ids keep every digit. A type with serde's `Deserialize` works
//!   too ([`http::Response::json`]).
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
pub mod listings;
mod log;
mod object;
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
pub use object::{Object, Raw, is_document};
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
