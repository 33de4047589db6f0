//! What is on the marketplace.

pub use crate::bindings::exports::stoflow::marketplace::listings::{Inventory, ListingPage};
use crate::interface::interface;
use crate::types::{Error, Image, Listing, ListingState, PageRequest, Product};

interface! {
    /// Reading listings, and their inventory and images.
    pub trait Listings for crate::bindings::exports::stoflow::marketplace::listings::Guest {
        /// The listings in a state, or all.
        fn list(state: Option<ListingState>, page: PageRequest) -> Result<ListingPage, Error>
            = Err(Error::unsupported("listings.list"));

        /// The listings that exist of these.
        fn get_many(ids: Vec<String>) -> Result<Vec<Listing>, Error>
            = Err(Error::unsupported("listings.get-many"));

        /// One listing.
        fn get(id: String) -> Result<Listing, Error> = Err(Error::unsupported("listings.get"));

        /// All that the listing says, as `publish.update` would write it.
        fn get_product(id: String) -> Result<Product, Error>
            = Err(Error::unsupported("listings.get-product"));

        /// The variations with their prices, stocks and SKUs.
        fn get_inventory(id: String) -> Result<Inventory, Error>
            = Err(Error::unsupported("listings.get-inventory"));

        /// Replaces the variations.
        fn set_inventory(id: String, inventory: Inventory) -> Result<Inventory, Error>
            = Err(Error::unsupported("listings.set-inventory"));

        /// Adds an image after the others, or at `rank`, counted from 1.
        fn add_image(id: String, image: Image, rank: Option<u32>) -> Result<Image, Error>
            = Err(Error::unsupported("listings.add-image"));
    }
}
