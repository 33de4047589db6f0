//! From a product to a listing that buyers see.

pub use crate::bindings::exports::stoflow::marketplace::publish::{
    ListingRules, OfferChange, Plan, PlannedRequest, Published, Target,
};
use crate::interface::interface;
use crate::types::{Error, Listing, Product, Warning};

interface! {
    /// Publishing: rules, preview, and the operations that change listings.
    pub trait Publish for crate::bindings::exports::stoflow::marketplace::publish::Guest {
        /// What the marketplace demands. By default everything is nought: nothing can be
        /// published.
        fn rules() -> ListingRules = nothing();

        /// Converts and checks, without a network.
        fn preview(product: Product, target: Target) -> Result<Plan, Error>
            = Err(Error::unsupported("publish.preview"));

        /// Creates the listing, once for each `key`.
        fn create(key: String, product: Product, target: Target) -> Result<Published, Error>
            = Err(Error::unsupported("publish.create"));

        /// Makes the listing say what the product says, and keeps what it does not mention.
        fn update(listing_id: String, product: Product) -> Result<Published, Error>
            = Err(Error::unsupported("publish.update"));

        /// Many prices and stocks; an answer for each, in the same order.
        fn set_offers(changes: Vec<OfferChange>) -> Vec<Result<Vec<Warning>, Error>>
            = changes.iter().map(|_| Err(Error::unsupported("publish.set-offers"))).collect();

        /// Puts a draft, a paused or an expired listing on sale.
        fn activate(listing_id: String) -> Result<Published, Error>
            = Err(Error::unsupported("publish.activate"));

        /// Takes a listing off sale.
        fn pause(listing_id: String) -> Result<Listing, Error>
            = Err(Error::unsupported("publish.pause"));

        /// Deletes a listing.
        fn delete(listing_id: String) -> Result<(), Error>
            = Err(Error::unsupported("publish.delete"));
    }
}

fn nothing() -> ListingRules {
    ListingRules {
        max_title_length: 0,
        max_description_length: None,
        max_tags: 0,
        max_tag_length: 0,
        max_images: 0,
        max_axes: 0,
        max_variations: 0,
        max_sections: 0,
        needs_condition: false,
        needs_policies: Vec::new(),
        pause_ends: false,
        extension_schema: "{}".into(),
    }
}
