//! A page of listings without plugins: the route that the benchmark measures the host against.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on stops, and says where"
)]

mod listing;
mod native;

pub use native::{Native, mapped};
