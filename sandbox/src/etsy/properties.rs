//! Attributes of a listing: what it states about itself, as opposed to what it varies by.

use axum::http::StatusCode;

use super::inventory_rules::{check_scale, check_values};
use super::{Call, lookups, render};
use crate::core::Core;
use crate::market::inventory::PropertyValues;
use crate::market::taxonomy::{Property, Taxonomy};
use crate::reply::{Refusal, Reply};

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::visible_listing(core, call)?;
    let properties = listing.attributes.values().map(render::property_values);
    Ok(Reply::ok(&render::all(properties.collect())))
}

/// Etsy documents this operation and answers it with 501.
pub(super) fn get(_: &mut Core, _: &Call<'_>) -> Result<Reply, Refusal> {
    Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "Not implemented")
        .because("Etsy answers getListingProperty with 501 only: use getListingProperties"))
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::own_listing(core, call)?;
    let id = call.input.id("property_id");
    let taxonomy_id = listing.taxonomy_id;
    let known = Taxonomy::get()
        .node(taxonomy_id)
        .and_then(|node| node.property(id))
        .filter(|known| known.attributes)
        .ok_or_else(|| {
            Refusal::bad(format!(
                "Property {id} is not an attribute of taxonomy {taxonomy_id}"
            ))
        })?;
    let body = &call.input.body;
    let values = body.texts("values").unwrap_or_default();
    let value_ids = body.ints("value_ids").unwrap_or_default();
    let scale_id = body.int("scale_id");
    check_values(&values)?;
    let scale = scale_id
        .map(|scale| check_scale(&known, scale))
        .transpose()?;
    check_count(&known, values.len())?;
    check_ids(&known, &values, &value_ids, scale_id)?;
    let name = known.name.to_owned();
    let stated = PropertyValues {
        property_id: id,
        name,
        scale,
        value_ids,
        values,
    };
    let shown = render::property_values(&stated);
    listing.attributes.insert(id, stated);
    listing.touch(call.now);
    Ok(Reply::ok(&shown))
}

/// At least one value, and no more than the property takes.
fn check_count(known: &Property, count: usize) -> Result<(), Refusal> {
    if count == 0 {
        return Err(Refusal::violation(
            "/values",
            "array_too_short",
            "cannot be less than 1 items",
        ));
    }
    let most = known
        .max_values
        .and_then(|most| usize::try_from(most).ok())
        .unwrap_or(usize::MAX);
    if count > most {
        let message = format!("cannot be more than {most} items");
        return Err(Refusal::violation("/values", "array_too_long", &message));
    }
    Ok(())
}

/// Values and ids must belong together, and a property with values of its own takes no others.
fn check_ids(
    known: &Property,
    values: &[String],
    value_ids: &[i64],
    scale: Option<i64>,
) -> Result<(), Refusal> {
    if known.values.is_empty() {
        if !value_ids.is_empty() {
            return Err(Refusal::bad(format!(
                "Property {} has no value ids",
                known.id
            )));
        }
        if !known.scales.is_empty() && scale.is_none() {
            return Err(Refusal::bad(format!(
                "Property {} requires a scale_id",
                known.id
            )));
        }
        return Ok(());
    }
    if values.len() != value_ids.len() {
        return Err(Refusal::bad("Each value needs its value_id"));
    }
    for (value, id) in values.iter().zip(value_ids) {
        let common = known
            .value(*id)
            .filter(|common| common.name.eq_ignore_ascii_case(value));
        let Some(common) = common else {
            return Err(Refusal::bad(format!(
                "Value '{value}' is not value {id} of property {}",
                known.id
            )));
        };
        if common.scale.is_some() && common.scale != scale {
            return Err(Refusal::bad(format!(
                "Value '{value}' requires the scale_id that it is of"
            )));
        }
    }
    Ok(())
}

pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::own_listing(core, call)?;
    let id = call.input.id("property_id");
    if listing.attributes.remove(&id).is_none() {
        return Err(Refusal::missing("property", id));
    }
    listing.touch(call.now);
    Ok(Reply::deleted())
}
