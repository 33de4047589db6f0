//! What the benchmarks share: the route without plugins that the host is measured against, and servers
//! that run beside.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on stops, and says where"
)]

mod aside;
mod listing;
mod native;

pub use aside::aside;
pub use native::{Native, mapped};
