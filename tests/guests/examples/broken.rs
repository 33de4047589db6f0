//! Stops by itself, or returns what the JSON mapping cannot write: `listings.get` with which.

use stoflow_plugin_sdk::plugin::{self, Description};
use stoflow_plugin_sdk::types::{Error, Listing, ListingState, Money, Text};
use stoflow_plugin_sdk::{Listings, Plugin, export};

struct Broken;

impl Plugin for Broken {
    fn describe() -> Description {
        plugin::describe("broken", "Broken", "0.1.0")
    }
}

impl Listings for Broken {
    fn get(id: String) -> Result<Listing, Error> {
        let mut listing = listing();
        match id.as_str() {
            "panic" => panic!("a bug of the plugin"),
            "unreachable" => core::arch::wasm32::unreachable(),
            "json" => listing.extension = Some("{not json".into()),
            "decimal" => {
                listing.price = Some(Money {
                    amount: "12,50".into(),
                    currency: "EUR".into(),
                })
            }
            "timestamp" => listing.created_at = Some(i64::MAX),
            "error" => return Err(Error::Forbidden("in the marketplace's words".into())),
            _ => {}
        }
        Ok(listing)
    }
}

fn listing() -> Listing {
    Listing {
        id: "1".into(),
        public_id: None,
        key: None,
        skus: Vec::new(),
        site: None,
        state: ListingState::Draft,
        state_text: "draft".into(),
        title: "A listing".into(),
        description: Text::Plain(String::new()),
        price: None,
        quantity: 0,
        url: None,
        category: None,
        sections: Vec::new(),
        tags: Vec::new(),
        images: Vec::new(),
        created_at: None,
        updated_at: None,
        extension: None,
    }
}

export!(Broken: Listings);
