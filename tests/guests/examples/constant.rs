//! Answers `listings.list` from a constant, and asks for nothing.

use stoflow_plugin_sdk::listings::ListingPage;
use stoflow_plugin_sdk::plugin::{self, Description};
use stoflow_plugin_sdk::types::{Error, Listing, ListingState, Money, PageRequest, Text};
use stoflow_plugin_sdk::{Listings, Plugin, export};

struct Constant;

impl Plugin for Constant {
    fn describe() -> Description {
        plugin::describe("constant", "Constant", "0.1.0")
    }
}

impl Listings for Constant {
    fn list(_state: Option<ListingState>, _page: PageRequest) -> Result<ListingPage, Error> {
        Ok(ListingPage {
            items: vec![listing()],
            next: None,
            total: Some(1),
        })
    }

    fn get(id: String) -> Result<Listing, Error> {
        if id == "1" {
            Ok(listing())
        } else {
            Err(Error::NotFound(format!("no listing {id}")))
        }
    }
}

fn listing() -> Listing {
    Listing {
        id: "1".into(),
        public_id: None,
        key: None,
        skus: vec!["MUG-1".into()],
        site: None,
        state: ListingState::Active,
        state_text: "active".into(),
        title: "Stoneware mug".into(),
        description: Text::Plain("Holds tea.".into()),
        price: Some(Money {
            amount: "18.50".into(),
            currency: "EUR".into(),
        }),
        quantity: 4,
        url: None,
        category: None,
        sections: Vec::new(),
        tags: Vec::new(),
        images: Vec::new(),
        created_at: Some(1_700_000_000_000),
        updated_at: None,
        extension: Some(r#"{"views": 9007199254740993}"#.into()),
    }
}

export!(Constant: Listings);
