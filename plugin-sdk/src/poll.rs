//! How the host learns what has happened.

pub use crate::bindings::exports::stoflow::marketplace::poll::{
    Batch, Item, Job, StockLevel, Strategy, Window,
};
use crate::interface::interface;
use crate::types::Error;

interface! {
    /// The polling jobs: the plugin fetches a page, the host decides when and keeps the place.
    pub trait Poll for crate::bindings::exports::stoflow::marketplace::poll::Guest {
        /// What can be polled. By default nothing.
        fn jobs() -> Vec<Job> = Vec::new();

        /// One page of a job. `window` is `None` for a sweep.
        fn fetch(job: String, window: Option<Window>, cursor: Option<String>) -> Result<Batch, Error>
            = Err(Error::unsupported("poll.fetch"));
    }
}
