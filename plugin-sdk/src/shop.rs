//! The seller's shop. Optional.

pub use crate::bindings::shop::exports::stoflow::marketplace::shop::{
    Finding, Section, Severity, Shop as ShopRecord,
};
use crate::interface::interface;
use crate::types::Error;

interface! {
    /// The shop, its sections, and what keeps it from selling.
    pub trait Shop for crate::bindings::shop::exports::stoflow::marketplace::shop::Guest {
        /// The shop of the call's account.
        fn get() -> Result<ShopRecord, Error> = Err(Error::unsupported("shop.get"));

        /// Its sections.
        fn sections() -> Result<Vec<Section>, Error> = Err(Error::unsupported("shop.sections"));

        /// Adds a section.
        fn create_section(title: String, parent: Option<String>) -> Result<Section, Error>
            = Err(Error::unsupported("shop.create-section"));

        /// What a person has to set right before selling works.
        fn readiness() -> Result<Vec<Finding>, Error> = Err(Error::unsupported("shop.readiness"));
    }
}
