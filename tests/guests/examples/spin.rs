//! Computes without an end.

use stoflow_plugin_sdk::plugin::{self, Description};
use stoflow_plugin_sdk::types::{Error, Listing};
use stoflow_plugin_sdk::{Listings, Plugin, export};

struct Spin;

impl Plugin for Spin {
    fn describe() -> Description {
        plugin::describe("spin", "Spin", "0.1.0")
    }
}

impl Listings for Spin {
    fn get(_id: String) -> Result<Listing, Error> {
        let mut turns = 0_u64;
        loop {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
    }
}

export!(Spin: Listings);
