//! Requests to the marketplace, over `wasi:http`.
//!
//! A request names the marketplace's real origin and nothing secret: the host adds credentials,
//! waits for quota, retries what is safe, and lets a stand-in answer where the operator says so.
//! What is left here is to say what is wanted and to read what came, without mistaking "it
//! failed" for "it did not happen": [`Failure`] and [`Response::ok`] keep the two apart.
//!
//! ```
//! use stoflow_plugin_sdk::http::{Request, send_all};
//! use stoflow_plugin_sdk::types::Error;
//!
//! #[derive(serde::Deserialize)]
//! struct Page {
//!     count: u64,
//! }
//!
//! fn count(shop: &str) -> Result<u64, Error> {
//!     let url = format!("https://api.example.com/shops/{shop}/listings");
//!     let page: Page = Request::get(url).query("state", "active").send()?.ok()?.json()?;
//!     Ok(page.count)
//! }
//!
//! // Several at once; the replies come in the order of the requests.
//! fn ping_twice() -> usize {
//!     let request = || Request::get("https://api.example.com/ping");
//!     send_all(vec![request(), request()]).iter().filter(|reply| reply.is_ok()).count()
//! }
//! ```

mod complaint;
mod encode;
mod failure;
mod multipart;
mod request;
mod response;
#[cfg(target_family = "wasm")]
mod wasi;

pub use complaint::Complaint;
pub use encode::percent_encode;
pub use failure::{Failure, FailureKind};
pub use multipart::{Multipart, Part};
pub use request::{Body, Method, Request};
pub use response::Response;

/// Sends all at once and waits for all; the replies come in the order of the requests.
#[must_use]
pub fn send_all(requests: Vec<Request>) -> Vec<Result<Response, Failure>> {
    #[cfg(target_family = "wasm")]
    {
        wasi::send_all(requests)
    }
    #[cfg(not(target_family = "wasm"))]
    {
        let refuse = |request: Request| {
            let kind = FailureKind::NotSent;
            Err(Failure::new(
                &request,
                kind,
                "only a component inside a host has a network",
            ))
        };
        requests.into_iter().map(refuse).collect()
    }
}
