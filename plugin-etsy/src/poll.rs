//! What can be polled on Etsy.

use crate::Etsy;
use crate::convert::listing::STATES;
use stoflow_plugin_sdk::Poll;
use stoflow_plugin_sdk::poll::{Job, Strategy};

/// The deepest item that a window can page to: Etsy's largest offset and the page behind it.
const CEILING: u32 = crate::limits::OFFSET + crate::limits::PAGE;

impl Poll for Etsy {
    fn jobs() -> Vec<Job> {
        vec![
            Job {
                name: "orders".into(),
                summary: "new and changed orders".into(),
                strategy: Strategy::Window,
                interval_seconds: 300,
                // Etsy counts in seconds and shows an order some time after it is made.
                overlap_seconds: 300,
                window_ceiling: Some(CEILING),
                idle_cost: 1,
            },
            Job {
                name: "cancelled-orders".into(),
                summary: "orders cancelled or refunded, which Etsy does not count as changed"
                    .into(),
                strategy: Strategy::Window,
                interval_seconds: 3_600,
                overlap_seconds: 86_400,
                window_ceiling: Some(CEILING),
                idle_cost: 1,
            },
            Job {
                name: "listings".into(),
                summary: "listings in every state, with their stock".into(),
                strategy: Strategy::Sweep,
                interval_seconds: 900,
                overlap_seconds: 0,
                window_ceiling: None,
                // Etsy lists one state at a time; a shop of 100 fills one page of each at most.
                idle_cost: STATES.len() as u32,
            },
        ]
    }
}
