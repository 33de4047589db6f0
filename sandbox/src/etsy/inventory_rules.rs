//! What updateListingInventory wants of products beyond their types.
//!
//! The rules of this operation are the ones that clients meet last and hardest: values need ids even
//! where there are none, what varies by a property must vary by nothing else, and stock can be nowhere
//! zero everywhere.

use serde_json::Value;

use super::inventory_axes::{self, VariesOn};
use super::listings::check_price;
use crate::facts;
use crate::input::Fields;
use crate::market::listing::Type;
use crate::market::shop::Shop;
use crate::market::taxonomy::{Node, Property};
use crate::reply::Refusal;

/// What the products are checked against.
pub(super) struct Rules<'a> {
    pub(super) shop: &'a Shop,
    pub(super) node: &'a Node,
    pub(super) kind: Type,
    /// 2, or 3 if the caller said that it knows of a third.
    pub(super) variations_max: usize,
}

/// A product as asked for, its ids still to be made.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) sku: String,
    pub(super) properties: Vec<WantedProperty>,
    pub(super) offerings: Vec<WantedOffering>,
}

/// A variation's value as asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WantedProperty {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) scale: Option<(i64, String)>,
    pub(super) value_ids: Vec<i64>,
    pub(super) values: Vec<String>,
}

/// An offering as asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WantedOffering {
    pub(super) price: i64,
    pub(super) quantity: i64,
    pub(super) enabled: bool,
    pub(super) readiness_state: Option<i64>,
}

/// The products and their axes, checked.
pub(super) fn check(rules: &Rules<'_>, body: &Fields) -> Result<(Vec<Wanted>, VariesOn), Refusal> {
    let products = body.list("products").unwrap_or_default();
    if products.is_empty() {
        return Err(Refusal::violation(
            "/products",
            "array_too_short",
            "cannot be less than 1 items",
        ));
    }
    let wanted: Result<Vec<Wanted>, Refusal> = products
        .iter()
        .enumerate()
        .map(|(index, product)| read_product(rules, product, &format!("/products/{index}")))
        .collect();
    let wanted = wanted?;
    let varies_on = inventory_axes::check(rules, &wanted, body)?;
    Ok((wanted, varies_on))
}

fn read_product(rules: &Rules<'_>, product: &Value, place: &str) -> Result<Wanted, Refusal> {
    let Some(properties) = product.get("property_values").and_then(Value::as_array) else {
        return Err(
            Refusal::bad("Property values can't be empty").because(format!(
                "{place}/property_values is missing; without variations it is []"
            )),
        );
    };
    let offerings = product
        .get("offerings")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if offerings.is_empty() {
        let path = format!("{place}/offerings");
        return Err(Refusal::violation(
            &path,
            "array_too_short",
            "cannot be less than 1 items",
        ));
    }
    let properties: Result<Vec<WantedProperty>, Refusal> = properties
        .iter()
        .map(|property| read_property(rules, property).map_err(|refusal| at(refusal, place)))
        .collect();
    let offerings: Result<Vec<WantedOffering>, Refusal> = offerings
        .iter()
        .map(|offering| read_offering(rules, offering, place))
        .collect();
    let sku = product.get("sku").and_then(Value::as_str).unwrap_or("");
    Ok(Wanted {
        sku: sku.to_owned(),
        properties: properties?,
        offerings: offerings?,
    })
}

fn read_offering(
    rules: &Rules<'_>,
    offering: &Value,
    place: &str,
) -> Result<WantedOffering, Refusal> {
    let price = offering
        .get("price")
        .and_then(Value::as_f64)
        .unwrap_or_default();
    let price = check_price(rules.shop.currency, price).map_err(|refusal| at(refusal, place))?;
    let quantity = offering
        .get("quantity")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    if !(0..=facts::QUANTITY_MAX).contains(&quantity) {
        let text = format!("must be between 0 and {}", facts::QUANTITY_MAX);
        return Err(at(Refusal::problem("/quantity", &text), place));
    }
    let readiness_state = offering.get("readiness_state_id").and_then(Value::as_i64);
    match (readiness_state, rules.kind.is_shipped()) {
        (Some(_), false) => {
            return Err(at(
                Refusal::bad("Digital listings cannot have a readiness_state_id"),
                place,
            ));
        }
        (None, true) => {
            return Err(at(
                Refusal::bad("A readiness_state_id is required for offerings of physical listings"),
                place,
            ));
        }
        (Some(id), true) if !rules.shop.readiness_states.contains_key(&id) => {
            return Err(at(Refusal::missing("readiness state", id), place));
        }
        _ => {}
    }
    let enabled = offering
        .get("is_enabled")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    Ok(WantedOffering {
        price,
        quantity,
        enabled,
        readiness_state,
    })
}

fn read_property(rules: &Rules<'_>, property: &Value) -> Result<WantedProperty, Refusal> {
    let id = property.get("property_id").and_then(Value::as_i64);
    let id = id.unwrap_or_default();
    let known = rules.node.property(id).filter(|known| known.variations);
    let known = known.ok_or_else(|| {
        Refusal::bad(format!(
            "Property {id} does not support variations in taxonomy {}",
            rules.node.id
        ))
    })?;
    let values: Vec<String> = texts(property, "values");
    let value_ids: Vec<i64> = ints(property, "value_ids");
    check_values(&values)?;
    if values.len() != 1 || value_ids.len() > 1 {
        return Err(Refusal::bad(
            "A product has exactly one value of each property, and at most one value id",
        ));
    }
    let scale = property.get("scale_id").and_then(Value::as_i64);
    let scale = scale.map(|scale| check_scale(&known, scale)).transpose()?;
    let name = property.get("property_name").and_then(Value::as_str);
    Ok(WantedProperty {
        id,
        name: name.unwrap_or(known.name).to_owned(),
        scale,
        value_ids,
        values,
    })
}

/// A scale's id and name, if the property has it.
pub(super) fn check_scale(known: &Property, scale: i64) -> Result<(i64, String), Refusal> {
    match known.scale_name(scale) {
        Some(name) => Ok((scale, name.to_owned())),
        None => Err(Refusal::bad(format!(
            "Property {} has no scale {scale}",
            known.id
        ))),
    }
}

/// Values of a property, for products and for attributes alike.
pub(super) fn check_values(values: &[String]) -> Result<(), Refusal> {
    if values.iter().any(|value| value.contains(['(', ')'])) {
        return Err(Refusal::bad("Array input for values is malformed")
            .because("parentheses are not allowed in values"));
    }
    if values.iter().any(|value| value.trim().is_empty()) {
        return Err(Refusal::bad("Property values can't be empty"));
    }
    Ok(())
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn ints(value: &Value, name: &str) -> Vec<i64> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_i64)
        .collect()
}

/// The same refusal; the log says which product it is about.
fn at(refusal: Refusal, place: &str) -> Refusal {
    let reason = format!("{place}: {}", refusal.reason);
    refusal.because(reason)
}
