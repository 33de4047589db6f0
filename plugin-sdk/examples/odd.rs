//! A component that overrides one function and exports one optional interface beside those that
//! every plugin has: shows that the linker merges their sections.

use stoflow_plugin_sdk::http::Request;
use stoflow_plugin_sdk::plugin::{Description, describe};
use stoflow_plugin_sdk::types::{Error, Listing};
use stoflow_plugin_sdk::{Listings, Plugin, Shop, Taxonomy, export};

struct Odd;

impl Plugin for Odd {
    fn describe() -> Description {
        describe("odd", "Odd", "0.1.0")
    }
}

impl Listings for Odd {
    fn get(id: String) -> Result<Listing, Error> {
        Request::get(format!("https://odd.example/{id}"))
            .send()?
            .ok()?;
        Err(Error::NotFound(id))
    }
}

impl Shop for Odd {}
impl Taxonomy for Odd {}

export!(Odd: Listings, Shop, Taxonomy);
