//! A stateful stand-in for Etsy's Open API v3: consent, tokens, limits, listings and their rules.
//!
//! Etsy offers no sandbox. This is one, good enough that a client which works here works there: every
//! request is checked against a table extracted from Etsy's own document, and refused where Etsy
//! refuses, in the shapes in which Etsy refuses. It runs by itself (`stoflow-sandbox`) or inside a
//! test:
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use stoflow_sandbox::{Fault, FaultKind, Options, Sandbox};
//!
//! let sandbox = Sandbox::start(Options::default()).await?;
//! let seller = sandbox.sellers()[0];
//! let tokens = sandbox.issue_tokens(seller.user_id, &["listings_r", "listings_w"])?;
//! sandbox.inject(Fault::new(FaultKind::ErrorAfter).on("createDraftListing"))?;
//! // … a client publishes to sandbox.url(), and the sandbox tells what arrived:
//! println!("{} requests, {:#}", sandbox.requests().len(), sandbox.state());
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Reading order: `sandbox` (the handle), `server` and `api` (a request's way), `check` and `table`
//! (what Etsy's document says), `facts` (what it does not say), `etsy` (one file for each kind of
//! thing), `market` (the memory), `trade` and `webhooks` (what happens to orders, and the telling of it),
//! `oauth`, `limits`, `faults`, `clock` and `eras` (time), `saved` (the state outside), `control`,
//! `page`.

// A listing is one `json!` of some fifty fields.
#![recursion_limit = "256"]

pub mod conformance;
pub mod table;

mod api;
mod check;
mod clock;
mod control;
mod core;
mod echo;
mod encoding;
mod eras;
mod etsy;
mod facts;
mod faults;
mod history;
mod html;
mod ids;
mod incoming;
mod input;
mod limits;
mod line;
mod market;
mod oauth;
mod options;
mod page;
mod reply;
mod sandbox;
mod saved;
mod server;
mod state;
mod state_file;
mod trade;
mod values;
mod webhooks;

pub use etsy::is_served;
pub use faults::{Fault, FaultKind};
pub use history::RequestRecord;
pub use market::order::Buyer;
pub use market::order_change::{OrderAction, OrderChange};
pub use market::order_purchase::{Purchase, PurchaseItem};
pub use market::seed::{NewSeller, Seller};
pub use oauth::grants::TokenPair;
pub use options::{CLIENT_ID, CLIENT_SECRET, Options, PORT, REDIRECT_URI, Rotation};
pub use sandbox::{ControlError, Sandbox, StartError};
pub use state_file::StateError;
pub use webhooks::{Delivery, DeliveryAttempt, DeliveryStatus, WebhookEvent, WebhookFault};
