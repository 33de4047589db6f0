//! From a product to a listing that buyers see.
//!
//! Nothing here repeats a request: the host does where that is safe. What cannot be repeated (a
//! draft, an image, a file) is noted in the journal before it is sent, and looked for afterwards
//! where its fate is unknown.

pub(crate) mod attributes;
pub mod changes;
mod create;
pub(crate) mod images;
pub(crate) mod offers;
pub mod policies;
mod preview;
pub mod progress;
pub(crate) mod read;
mod rules;
pub(crate) mod sources;
mod state;
pub mod trace;
mod translation;
mod update;

use crate::Etsy;
use crate::settings::Setup;
use read::parse_id;
use stoflow_plugin_sdk::Publish;
use stoflow_plugin_sdk::publish::{ListingRules, OfferChange, Plan, Published, Target};
use stoflow_plugin_sdk::types::{Error, Listing, Product, Warning};

pub use preview::plan;

impl Publish for Etsy {
    fn rules() -> ListingRules {
        rules::rules(&Setup::current())
    }

    fn preview(product: Product, target: Target) -> Result<Plan, Error> {
        plan(&product, target, &Setup::current())
    }

    fn create(key: String, product: Product, target: Target) -> Result<Published, Error> {
        create::create(&key, &product, target)
    }

    fn update(listing_id: String, product: Product) -> Result<Published, Error> {
        update::update(&parse_id(&listing_id)?, &product, &Setup::current())
    }

    fn set_offers(changes: Vec<OfferChange>) -> Vec<Result<Vec<Warning>, Error>> {
        offers::set_offers(&changes)
    }

    fn activate(listing_id: String) -> Result<Published, Error> {
        state::activate(&parse_id(&listing_id)?)
    }

    fn pause(listing_id: String) -> Result<Listing, Error> {
        state::pause(&parse_id(&listing_id)?)
    }

    fn delete(listing_id: String) -> Result<(), Error> {
        state::delete(&parse_id(&listing_id)?)
    }
}
