//! What the host says of its work: a log, one id through all that comes of a request, and counts.
//!
//! None of it holds a secret or what a marketplace knows of buyers: queries, bodies and paths are not
//! logged, and what is counted is counted by names of which there are few.

mod correlation;
mod log;
mod measures;
mod recorder;

pub use correlation::{carried, current, within};
pub use log::{check_filter, start};
pub use measures::{
    METRICS, Metric, MetricKind, call, commit, connection, marketplace, operation, push, quota,
    refresh, request,
};
pub use recorder::{begin, rendered, tidied};
