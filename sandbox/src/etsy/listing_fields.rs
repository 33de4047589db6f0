//! The fields that createDraftListing and updateListing share, checked and set.
//!
//! They are set on a copy: a request with one bad field changes nothing.

use serde_json::Value;

use super::text_rules;
use crate::facts;
use crate::input::Fields;
use crate::market::Market;
use crate::market::listing::{ListedImage, Listing, Type};
use crate::market::shop::Shop;
use crate::market::taxonomy::Taxonomy;
use crate::reply::Refusal;

/// Sets on `listing` what `body` says, or says what is wrong with it.
pub(super) fn set(
    market: &Market,
    shop: &Shop,
    listing: &mut Listing,
    body: &Fields,
) -> Result<(), Refusal> {
    set_texts(listing, body)?;
    set_making(listing, body)?;
    set_references(shop, listing, body)?;
    set_measures(listing, body)?;
    set_guarantees(listing, body)?;
    for (name, flag) in [
        ("is_customizable", &mut listing.is_customizable),
        ("is_taxable", &mut listing.is_taxable),
        ("should_auto_renew", &mut listing.should_auto_renew),
    ] {
        *flag = body.flag(name).unwrap_or(*flag);
    }
    let (least, most) = (body.int("processing_min"), body.int("processing_max"));
    listing.processing = (
        least.or(listing.processing.0),
        most.or(listing.processing.1),
    );
    if let Some(ids) = body.ints("image_ids") {
        set_images(market, listing, &ids)?;
    }
    Ok(())
}

fn set_texts(listing: &mut Listing, body: &Fields) -> Result<(), Refusal> {
    if let Some(title) = body.text("title") {
        text_rules::title(title)?;
        listing.title = title.to_owned();
    }
    if let Some(description) = body.text("description") {
        text_rules::description(description)?;
        listing.description = description.to_owned();
    }
    if let Some(tags) = body.texts("tags") {
        text_rules::tags(&tags)?;
        listing.tags = tags;
    }
    if let Some(materials) = body.texts("materials") {
        text_rules::materials(&materials)?;
        listing.materials = materials;
    }
    if let Some(styles) = body.texts("styles") {
        text_rules::styles(&styles)?;
        listing.styles = styles;
    }
    Ok(())
}

/// Who made it, when, and whether it is a supply: all three or none.
fn set_making(listing: &mut Listing, body: &Fields) -> Result<(), Refusal> {
    const TOGETHER: [&str; 3] = ["who_made", "when_made", "is_supply"];
    let sent: Vec<&str> = TOGETHER.into_iter().filter(|name| body.has(name)).collect();
    if sent.is_empty() {
        return Ok(());
    }
    if let Some(lacking) = TOGETHER.into_iter().find(|name| !body.has(name)) {
        return Err(
            Refusal::bad(format!("{} requires '{lacking}'", sent.join(", ")))
                .because("who_made, when_made and is_supply go together"),
        );
    }
    listing.who_made = body.text("who_made").unwrap_or_default().to_owned();
    listing.when_made = body.text("when_made").unwrap_or_default().to_owned();
    listing.is_supply = body.flag("is_supply").unwrap_or_default();
    Ok(())
}

/// The things that a listing refers to must be there, and its shop's.
fn set_references(shop: &Shop, listing: &mut Listing, body: &Fields) -> Result<(), Refusal> {
    if let Some(id) = body.int("taxonomy_id") {
        if Taxonomy::get().node(id).is_none() {
            return Err(Refusal::bad(format!("Invalid taxonomy_id {id}")));
        }
        listing.taxonomy_id = id;
    }
    if let Some(id) = body.int("shipping_profile_id") {
        if !shop.shipping_profiles.contains_key(&id) {
            return Err(foreign("shipping profile", id, shop));
        }
        listing.shipping_profile = Some(id);
    }
    if let Some(id) = body.int("return_policy_id") {
        if !shop.return_policies.contains_key(&id) {
            return Err(foreign("return policy", id, shop));
        }
        listing.return_policy = Some(id);
    }
    match body.int("shop_section_id") {
        // Only updateListing's schema lets 0 through: it takes the listing out of its section.
        Some(0) => listing.section = None,
        Some(id) if shop.sections.contains_key(&id) => listing.section = Some(id),
        Some(id) => return Err(foreign("shop section", id, shop)),
        None => {}
    }
    if let Some(ids) = body.ints("production_partner_ids") {
        if let Some(id) = ids.iter().find(|id| !shop.partners.contains_key(id)) {
            return Err(foreign("production partner", *id, shop));
        }
        listing.production_partners = ids;
    }
    Ok(())
}

fn foreign(kind: &str, id: i64, shop: &Shop) -> Refusal {
    Refusal::new(
        axum::http::StatusCode::NOT_FOUND,
        format!("Could not find a {kind} with id {id}"),
    )
    .because(format!("shop {} has no {kind} {id}", shop.id))
}

fn set_measures(listing: &mut Listing, body: &Fields) -> Result<(), Refusal> {
    let measures = &mut listing.measures;
    for (name, measure) in [
        ("item_weight", &mut measures.weight),
        ("item_length", &mut measures.length),
        ("item_width", &mut measures.width),
        ("item_height", &mut measures.height),
    ] {
        match body.number(name) {
            // At creation the listing is made and the answer is a 500: see listings.rs.
            Some(value) if value <= 0.0 && name != "item_weight" => {
                return Err(Refusal::problem(
                    &format!("/{name}"),
                    "must be greater than 0",
                ));
            }
            Some(value) => *measure = Some(value),
            None => {}
        }
    }
    for (name, unit) in [
        ("item_weight_unit", &mut measures.weight_unit),
        ("item_dimensions_unit", &mut measures.unit),
    ] {
        match body.text(name) {
            Some("") => *unit = None,
            Some(text) => *unit = Some(text.to_owned()),
            None => {}
        }
    }
    Ok(())
}

/// The guarantee fields: brand, model, years and details are all set or none.
fn set_guarantees(listing: &mut Listing, body: &Fields) -> Result<(), Refusal> {
    let together = facts::GUARANTEE_FIELDS
        .iter()
        .take(facts::GUARANTEE_TOGETHER);
    let sent = together.filter(|name| body.get(name).is_some()).count();
    if sent != 0 && sent != facts::GUARANTEE_TOGETHER {
        return Err(Refusal::bad(
            "ecgt_garan_brand, ecgt_garan_model, ecgt_garan_years and ecgt_garan_guarantee_details must be set together",
        ));
    }
    for name in facts::GUARANTEE_FIELDS {
        if let Some(value) = body.get(name) {
            listing
                .guarantees
                .insert(name.to_owned(), Value::clone(value));
        }
    }
    Ok(())
}

/// Makes `ids` the listing's images, in this order.
pub(super) fn set_images(
    market: &Market,
    listing: &mut Listing,
    ids: &[i64],
) -> Result<(), Refusal> {
    if ids.len() > facts::IMAGES_MAX {
        return Err(Refusal::violation(
            "/images",
            "array_too_long",
            "cannot be more than 20 items",
        ));
    }
    let mut images: Vec<ListedImage> = Vec::new();
    for id in ids {
        let known = market
            .images
            .get(id)
            .filter(|image| image.shop_id == listing.shop_id);
        if known.is_none() {
            return Err(Refusal::bad(format!(
                "Image {id} does not belong to this shop"
            )));
        }
        if images.iter().any(|image| image.image_id == *id) {
            return Err(Refusal::bad(format!(
                "Image {id} occurs twice in image_ids"
            )));
        }
        let kept = listing
            .images
            .iter()
            .find(|image| image.image_id == *id)
            .cloned();
        images.push(kept.unwrap_or(ListedImage {
            image_id: *id,
            alt_text: String::new(),
        }));
    }
    listing.images = images;
    forget_missing_images(listing);
    Ok(())
}

/// A variation cannot show an image that its listing no longer has.
pub(super) fn forget_missing_images(listing: &mut Listing) {
    let images: Vec<i64> = listing.images.iter().map(|image| image.image_id).collect();
    listing
        .variation_images
        .retain(|shown| images.contains(&shown.image_id));
}

/// Makes a listing digital: nothing is shipped, nothing varies.
pub(super) fn make_digital(listing: &mut Listing) {
    listing.kind = Type::Download;
    listing.shipping_profile = None;
    listing.inventory.drop_variations();
    listing.variation_images.clear();
    for offering in listing.inventory.offerings_mut() {
        offering.readiness_state = None;
    }
}
