//! Requests over `wasi:http`, polled by hand: a sync export starts all of them, then waits for
//! whichever can go on.
//!
//! The mistake to avoid is dropping a resource before its children (a body before its stream),
//! which traps. Fields are declared in the order in which they may be dropped.

mod exchange;
mod upload;

use super::failure::Failure;
use super::request::Request;
use super::response::Response;
use exchange::Exchange;
use wasip2::io::poll::{Pollable, poll};

/// Sends all at once and waits for all.
pub(super) fn send_all(requests: Vec<Request>) -> Vec<Result<Response, Failure>> {
    let mut exchanges: Vec<Exchange> = requests.into_iter().map(Exchange::start).collect();
    loop {
        for exchange in &mut exchanges {
            exchange.advance();
        }
        let waits: Vec<Pollable> = exchanges.iter().flat_map(Exchange::waits).collect();
        if waits.is_empty() {
            return exchanges.into_iter().map(Exchange::finish).collect();
        }
        poll(&waits.iter().collect::<Vec<_>>());
    }
}
