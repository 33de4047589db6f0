//! A listing as Etsy has it now, read after what was done to it.

use crate::api;
use crate::convert::image::images;
use crate::convert::listing;
use crate::convert::matrix::Matrix;
use crate::convert::variation_image::VariationImages;
use crate::id::Id;
use crate::refusal::{call, call_all};
use crate::settings::shop;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::http::Response;
use stoflow_plugin_sdk::publish::Published;
use stoflow_plugin_sdk::types::{Error, Listing, Variation, Warning};

/// The id that a caller gave for a listing.
pub(crate) fn parse_id(text: &str) -> Result<Id, Error> {
    Id::parse(text).ok_or_else(|| {
        Error::NotFound(format!("Etsy has no listing {text:?}: its ids are numbers"))
    })
}

/// The contract's listing in a reply.
pub(crate) fn listing_of(reply: &Response) -> Result<Listing, Error> {
    listing::listing(&reply.object()?).ok_or_else(|| reply.unexpected("a listing without an id"))
}

/// One listing of the shop's.
pub(crate) fn listing_by_id(id: &Id) -> Result<Listing, Error> {
    let reply = call(api::listing(id))?;
    check_own(&reply.object()?, id)?;
    listing_of(&reply)
}

/// Etsy shows everybody's listings to everybody, at least those on sale: to who asks for his own,
/// another shop's is none.
pub(crate) fn check_own(listing: &Object<'_>, id: &Id) -> Result<(), Error> {
    match is_of(listing, &shop()?) {
        true => Ok(()),
        false => Err(Error::NotFound(format!("the shop has no listing {id}"))),
    }
}

/// Whether a listing is the shop's. One that does not say whose it is passes.
pub(crate) fn is_of(listing: &Object<'_>, shop: &Id) -> bool {
    let owner = listing.integer("shop_id");
    owner.is_none_or(|owner| owner.to_string() == shop.as_str())
}

/// A listing and its inventory, read at once.
pub(super) fn with_inventory(id: &Id) -> Result<(Response, Matrix), Error> {
    let mut replies = call_all(vec![api::listing(id), api::inventory(id)]).into_iter();
    let missing = || Error::Unavailable("a request was not answered".into());
    let listing = replies.next().ok_or_else(missing)??;
    let inventory = replies.next().ok_or_else(missing)?;
    let object = listing.object()?;
    check_own(&object, id)?;
    let matrix = matrix_of(inventory, &object)?;
    Ok((listing, matrix))
}

/// An inventory from its reply. A listing that was never edited as one may have no record.
pub(crate) fn matrix_of(
    reply: Result<Response, Error>,
    listing: &Object<'_>,
) -> Result<Matrix, Error> {
    match reply {
        Ok(reply) => {
            let matrix = Matrix::read(&reply.object()?);
            Ok(if matrix.rows.is_empty() {
                Matrix::of_listing(listing)
            } else {
                matrix
            })
        }
        Err(Error::NotFound(_)) => Ok(Matrix::of_listing(listing)),
        Err(error) => Err(error),
    }
}

/// Which images variations show; nothing where a listing has no variations.
pub(crate) fn variation_images(
    shop: &Id,
    listing: &Object<'_>,
    id: &Id,
) -> Result<VariationImages, Error> {
    if listing.boolean("has_variations") == Some(false) {
        return Ok(VariationImages::default());
    }
    match call(api::variation_images(shop, id)) {
        Ok(reply) => Ok(VariationImages::read(
            &reply.object()?,
            &images(&listing.objects("images")),
        )),
        Err(Error::NotFound(_)) => Ok(VariationImages::default()),
        Err(error) => Err(error),
    }
}

/// What was published, as it stands on Etsy; its variations in the order given.
pub(super) fn published(
    shop: &Id,
    id: &Id,
    given: &[Variation],
    warnings: Vec<Warning>,
) -> Result<Published, Error> {
    let (reply, matrix) = with_inventory(id)?;
    let object = reply.object()?;
    let shown = given.iter().any(|variation| !variation.images.is_empty());
    let images = if shown {
        variation_images(shop, &object, id)?
    } else {
        VariationImages::default()
    };
    Ok(Published {
        listing: listing_of(&reply)?,
        variations: variations(given, &matrix, &images),
        warnings,
        fee: None,
    })
}

/// What there is, in the order in which it was given.
pub(super) fn variations(
    given: &[Variation],
    matrix: &Matrix,
    images: &VariationImages,
) -> Vec<Variation> {
    in_order(given, matrix, matrix.variations(images))
}

/// The variations in the order in which they were given; what nobody gave comes last.
fn in_order(given: &[Variation], matrix: &Matrix, mut there: Vec<Variation>) -> Vec<Variation> {
    let index = matrix.index();
    let mut is_placed = vec![false; there.len()];
    let mut places: Vec<usize> = Vec::new();
    for variation in given {
        let found = index.find_choices(variation);
        let found = found.or_else(|| {
            index.find(&Variation {
                id: None,
                ..variation.clone()
            })
        });
        if let Some(place) = found
            && let Some(placed) = is_placed.get_mut(place)
            && !*placed
        {
            *placed = true;
            places.push(place);
        }
    }
    let others = is_placed.iter().enumerate().filter(|(_, placed)| !**placed);
    places.extend(others.map(|(place, _)| place));
    let mut slots: Vec<Option<Variation>> = there.drain(..).map(Some).collect();
    places
        .into_iter()
        .filter_map(|place| slots.get_mut(place).and_then(Option::take))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variations_come_back_in_the_order_given() {
        let row = |sku: &str, text: &str| {
            format!(
                r#"{{"sku":"{sku}","property_values":[{{"property_id":513,"property_name":"Size","values":["{text}"]}}],
                "offerings":[{{"quantity":1,"is_enabled":true,"price":{{"amount":100,"divisor":100,"currency_code":"EUR"}}}}]}}"#
            )
        };
        let json = format!(
            r#"{{"products":[{},{},{}]}}"#,
            row("A", "S"),
            row("B", "M"),
            row("C", "L")
        );
        let matrix = Matrix::read(&Object::parse(json.as_bytes()).unwrap());
        let there = matrix.variations(&VariationImages::default());
        let mut given: Vec<Variation> = there.iter().rev().take(2).cloned().collect();
        for variation in &mut given {
            variation.id = None;
            variation
                .choices
                .iter_mut()
                .for_each(|choice| choice.key = None);
        }
        let skus: Vec<String> = in_order(&given, &matrix, there)
            .into_iter()
            .filter_map(|variation| variation.sku)
            .collect();
        assert_eq!(skus, ["C", "B", "A"]);
    }
}
