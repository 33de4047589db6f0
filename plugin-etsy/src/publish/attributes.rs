//! Attributes onto a listing, each in a request of its own.

use crate::api;
use crate::convert::attribute::{Property, is_resolved, properties};
use crate::convert::axis::AxisValue;
use crate::id::Id;
use crate::refusal::{at, call, call_all};
use stoflow_plugin_sdk::types::{Attribute, Error, Warning};

/// The attributes as Etsy takes them; asks for the category's properties only where one of them is
/// not fully named.
pub(super) fn look_up(
    attributes: &[Attribute],
    category: Option<&Id>,
) -> Result<(Vec<Property>, Vec<Warning>), Error> {
    let open = attributes.iter().any(|attribute| !is_resolved(attribute));
    match category.filter(|_| open) {
        Some(category) => {
            let reply = call(api::category_properties(category))?;
            let known = reply.object()?.objects("results");
            Ok(properties(attributes, &known))
        }
        None => Ok(properties(attributes, &[])),
    }
}

/// Sets those that are not there just so.
pub(super) fn set(
    shop: &Id,
    listing: &Id,
    wanted: &[Property],
    there: &[AxisValue],
) -> Result<(), Error> {
    let changed: Vec<&Property> = wanted
        .iter()
        .filter(|property| !property.is_there(there))
        .collect();
    let requests = changed
        .iter()
        .map(|property| api::update_property(shop, listing, &property.id, property.form()));
    for reply in call_all(requests.collect()) {
        reply.map_err(|error| at("/product/attributes", error))?;
    }
    Ok(())
}

/// Removes those that are there and not wanted.
pub(super) fn remove_others(
    shop: &Id,
    listing: &Id,
    wanted: &[Property],
    there: &[AxisValue],
    axes: &[Id],
) -> Result<(), Error> {
    let others = there.iter().map(|value| &value.property);
    let others = others
        .filter(|id| !axes.contains(id) && !wanted.iter().any(|property| property.id == **id));
    for reply in call_all(
        others
            .map(|id| api::delete_property(shop, listing, id))
            .collect(),
    ) {
        super::images::ignore_missing(reply)?;
    }
    Ok(())
}

/// Those that a listing has now.
pub(crate) fn there(shop: &Id, listing: &Id) -> Result<Vec<AxisValue>, Error> {
    match call(api::properties(shop, listing)) {
        Ok(reply) => Ok(reply
            .object()?
            .objects("results")
            .iter()
            .filter_map(AxisValue::read)
            .collect()),
        Err(Error::NotFound(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
