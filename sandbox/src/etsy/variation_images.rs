//! Which image a value of a variation shows. Each write replaces them all.

use serde_json::{Value, json};

use super::inventory::value_pairs;
use super::{Call, lookups, render};
use crate::core::Core;
use crate::market::listing::{Listing, VariationImage};
use crate::reply::{Refusal, Reply};

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::visible_listing(core, call)?;
    Ok(Reply::ok(&shown(listing)))
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::own_listing(core, call)?;
    let pairs = value_pairs(&listing.inventory);
    let mut wanted: Vec<VariationImage> = Vec::new();
    for entry in call.input.body.list("variation_images").unwrap_or_default() {
        let int = |name: &str| {
            let missing = || Refusal::bad(format!("Missing input parameter: [{name}]"));
            entry.get(name).and_then(Value::as_i64).ok_or_else(missing)
        };
        let (property_id, value_id) = (int("property_id")?, int("value_id")?);
        let image_id = int("image_id")?;
        if !pairs.contains(&(property_id, value_id)) {
            return Err(Refusal::bad(format!(
                "No product of the listing has value {value_id} of property {property_id}"
            )));
        }
        if listing.image_position(image_id).is_none() {
            return Err(Refusal::bad(format!(
                "Image {image_id} is not an image of the listing"
            )));
        }
        if wanted.iter().any(|known| known.property_id != property_id) {
            return Err(Refusal::bad(
                "Variation images can be associated with one property only",
            ));
        }
        if wanted.iter().any(|known| known.value_id == value_id) {
            return Err(Refusal::bad(
                "variation_images should not contain duplicates",
            ));
        }
        wanted.push(VariationImage {
            property_id,
            value_id,
            image_id,
        });
    }
    listing.variation_images = wanted;
    listing.touch(call.now);
    Ok(Reply::ok(&shown(listing)))
}

fn shown(listing: &Listing) -> Value {
    let properties = || {
        listing
            .inventory
            .products
            .iter()
            .flat_map(|product| &product.properties)
    };
    let value = |image: &VariationImage| {
        let found = properties().find(|it| {
            it.property_id == image.property_id && it.value_ids.contains(&image.value_id)
        });
        found.and_then(|it| it.values.first())
    };
    let images = listing.variation_images.iter().map(|image| {
        json!({
            "property_id": image.property_id,
            "value_id": image.value_id,
            "value": value(image),
            "image_id": image.image_id,
        })
    });
    render::all(images.collect())
}
