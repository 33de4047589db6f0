//! What updateListingInventory wants of products beyond their types.
//!
//! The rules of this operation are the ones that clients meet last and hardest: values need ids even
//! where there are none, what varies by a property must vary by nothing else, and stock can be nowhere
//! zero everywhere.

use std::collections::BTreeSet;

use serde_json::Value;

use super::listings::check_price;
use crate::facts;
use crate::input::Fields;
use crate::market::listing::Type;
use crate::market::shop::Shop;
use crate::market::taxonomy::Node;
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

/// By which properties a field varies.
#[derive(Debug, Clone, Default)]
pub(super) struct VariesOn {
    pub(super) price: Vec<i64>,
    pub(super) quantity: Vec<i64>,
    pub(super) sku: Vec<i64>,
    pub(super) readiness: Vec<i64>,
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
    let axes = check_axes(rules, &wanted)?;
    check_stock(&wanted)?;
    let ids = |name: &str| body.ints(name).unwrap_or_default();
    let varies_on = VariesOn {
        price: ids("price_on_property"),
        quantity: ids("quantity_on_property"),
        sku: ids("sku_on_property"),
        readiness: ids("readiness_state_on_property"),
    };
    let offering = |product: &Wanted| product.offerings.first().cloned();
    let price = |product: &Wanted| offering(product).map(|it| it.price.to_string());
    check_varies("price", &varies_on.price, &axes, &wanted, price)?;
    let quantity = |product: &Wanted| offering(product).map(|it| it.quantity.to_string());
    check_varies("quantity", &varies_on.quantity, &axes, &wanted, quantity)?;
    check_varies("sku", &varies_on.sku, &axes, &wanted, |product| {
        Some(product.sku.clone())
    })?;
    let readiness =
        |product: &Wanted| offering(product).map(|it| format!("{:?}", it.readiness_state));
    check_varies(
        "readiness_state",
        &varies_on.readiness,
        &axes,
        &wanted,
        readiness,
    )?;
    check_skus(&wanted)?;
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
        .map(|property| read_property(rules, property, place))
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

fn read_property(
    rules: &Rules<'_>,
    property: &Value,
    place: &str,
) -> Result<WantedProperty, Refusal> {
    let id = property
        .get("property_id")
        .and_then(Value::as_i64)
        .unwrap_or_default();
    let known = rules
        .node
        .property(id)
        .filter(|known| known.variations)
        .ok_or_else(|| {
            let text = format!(
                "Property {id} does not support variations in taxonomy {}",
                rules.node.id
            );
            at(Refusal::bad(text), place)
        })?;
    let values: Vec<String> = texts(property, "values");
    let value_ids: Vec<i64> = ints(property, "value_ids");
    check_values(&values).map_err(|refusal| at(refusal, place))?;
    if values.len() != 1 {
        return Err(at(
            Refusal::bad("A product has exactly one value of each property"),
            place,
        ));
    }
    if value_ids.len() > 1 {
        return Err(at(
            Refusal::bad("A product has at most one value id of each property"),
            place,
        ));
    }
    let scale = match property.get("scale_id").and_then(Value::as_i64) {
        None => None,
        Some(scale) => {
            let name = known.scale_name(scale).ok_or_else(|| {
                at(
                    Refusal::bad(format!("Property {id} has no scale {scale}")),
                    place,
                )
            })?;
            Some((scale, name.to_owned()))
        }
    };
    let name = property
        .get("property_name")
        .and_then(Value::as_str)
        .unwrap_or(known.name);
    Ok(WantedProperty {
        id,
        name: name.to_owned(),
        scale,
        value_ids,
        values,
    })
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

/// The properties that all products have, in their order.
fn check_axes(rules: &Rules<'_>, products: &[Wanted]) -> Result<Vec<i64>, Refusal> {
    let ids = |product: &Wanted| {
        product
            .properties
            .iter()
            .map(|it| it.id)
            .collect::<Vec<i64>>()
    };
    let axes = products.first().map(ids).unwrap_or_default();
    if products.iter().any(|product| ids(product) != axes) {
        return Err(Refusal::bad(
            "All products must have the same properties, in the same order",
        ));
    }
    if axes.iter().collect::<BTreeSet<_>>().len() != axes.len() {
        return Err(Refusal::bad("A product has a property twice"));
    }
    if axes.len() > rules.variations_max {
        return Err(Refusal::bad(format!(
            "A listing can have at most {} variations",
            rules.variations_max
        )));
    }
    if axes.len() == 3 && axes.iter().any(|id| facts::CUSTOM_PROPERTIES.contains(id)) {
        return Err(Refusal::bad(
            "With three variations none can be a custom property",
        ));
    }
    if !axes.is_empty() && !rules.kind.is_shipped() {
        return Err(Refusal::bad("Digital listings cannot have variations"));
    }
    let most = facts::PRODUCTS_MAX.get(axes.len()).copied().unwrap_or(1);
    if products.len() > most {
        let message = format!("cannot be more than {most} items");
        return Err(Refusal::violation("/products", "array_too_long", &message));
    }
    let mut combinations: BTreeSet<Vec<&str>> = BTreeSet::new();
    for product in products {
        let combination: Vec<&str> = product
            .properties
            .iter()
            .flat_map(|it| it.values.iter().map(String::as_str))
            .collect();
        let shown = combination.join(", ");
        if !combinations.insert(combination) {
            return Err(Refusal::bad(format!(
                "Two products have the values {shown}"
            )));
        }
    }
    for axis in 0..axes.len() {
        let values: BTreeSet<&&str> = combinations
            .iter()
            .filter_map(|combination| combination.get(axis))
            .collect();
        if values.len() > facts::VALUES_MAX {
            let message = format!("cannot be more than {} items", facts::VALUES_MAX);
            return Err(Refusal::violation(
                "/property_values",
                "array_too_long",
                &message,
            ));
        }
    }
    Ok(axes)
}

fn check_stock(products: &[Wanted]) -> Result<(), Refusal> {
    let mut offerings = products.iter().flat_map(|product| &product.offerings);
    if offerings.clone().all(|offering| offering.quantity == 0) {
        return Err(Refusal::bad(
            "One offering must have quantity greater than 0",
        ));
    }
    if !offerings.any(|offering| offering.enabled) {
        return Err(Refusal::bad("One offering must be enabled"));
    }
    Ok(())
}

/// Products that agree on the values of the properties by which a field varies must agree in it.
fn check_varies(
    field: &str,
    varies_on: &[i64],
    axes: &[i64],
    products: &[Wanted],
    value: impl Fn(&Wanted) -> Option<String>,
) -> Result<(), Refusal> {
    let positions: Option<Vec<usize>> = varies_on
        .iter()
        .map(|id| axes.iter().position(|axis| axis == id))
        .collect();
    let Some(positions) = positions else {
        return Err(Refusal::bad(format!(
            "{field}_on_property names a property that the products do not have"
        )));
    };
    if !positions.is_sorted_by(|left, right| left < right) {
        return Err(Refusal::bad(format!(
            "{field}_on_property must have each property once, in the order of the products"
        )));
    }
    if axes.len() == 3 && varies_on.len() == 2 {
        return Err(Refusal::bad(format!(
            "With three variations {field}_on_property must have none, one or all of them"
        )));
    }
    let key = |product: &Wanted| -> Vec<String> {
        let chosen = positions
            .iter()
            .filter_map(|position| product.properties.get(*position));
        chosen
            .flat_map(|property| property.values.clone())
            .collect()
    };
    let mut seen: std::collections::BTreeMap<Vec<String>, Option<String>> = Default::default();
    for product in products {
        let value = value(product);
        let known = seen.entry(key(product)).or_insert_with(|| value.clone());
        if *known != value {
            return Err(Refusal::bad(format!(
                "The {field} of the products is not consistent with {field}_on_property"
            )));
        }
    }
    Ok(())
}

/// One SKU is one shelf: its quantity is one number.
fn check_skus(products: &[Wanted]) -> Result<(), Refusal> {
    let mut seen: std::collections::BTreeMap<&str, Vec<i64>> = Default::default();
    for product in products.iter().filter(|product| !product.sku.is_empty()) {
        let quantities: Vec<i64> = product.offerings.iter().map(|it| it.quantity).collect();
        let known = seen
            .entry(&product.sku)
            .or_insert_with(|| quantities.clone());
        if *known != quantities {
            return Err(Refusal::bad(format!(
                "Products with the SKU {} must have the same quantity",
                product.sku
            )));
        }
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
