//! Products among each other: the same properties in all of them, each combination once, and what
//! varies varying by what is said to.

use std::collections::{BTreeMap, BTreeSet};

use super::inventory_rules::{Rules, Wanted};
use crate::facts;
use crate::input::Fields;
use crate::reply::Refusal;

/// By which properties a field varies.
#[derive(Debug, Clone, Default)]
pub(super) struct VariesOn {
    pub(super) price: Vec<i64>,
    pub(super) quantity: Vec<i64>,
    pub(super) sku: Vec<i64>,
    pub(super) readiness: Vec<i64>,
}

/// By what the products vary, checked.
pub(super) fn check(
    rules: &Rules<'_>,
    wanted: &[Wanted],
    body: &Fields,
) -> Result<VariesOn, Refusal> {
    let axes = check_axes(rules, wanted)?;
    check_stock(wanted)?;
    let ids = |name: &str| body.ints(name).unwrap_or_default();
    let varies_on = VariesOn {
        price: ids("price_on_property"),
        quantity: ids("quantity_on_property"),
        sku: ids("sku_on_property"),
        readiness: ids("readiness_state_on_property"),
    };
    let offering = |product: &Wanted| product.offerings.first().cloned();
    let price = |product: &Wanted| offering(product).map(|it| it.price.to_string());
    check_varies("price", &varies_on.price, &axes, wanted, price)?;
    let quantity = |product: &Wanted| offering(product).map(|it| it.quantity.to_string());
    check_varies("quantity", &varies_on.quantity, &axes, wanted, quantity)?;
    check_varies("sku", &varies_on.sku, &axes, wanted, |product| {
        Some(product.sku.clone())
    })?;
    let readiness =
        |product: &Wanted| offering(product).map(|it| format!("{:?}", it.readiness_state));
    check_varies(
        "readiness_state",
        &varies_on.readiness,
        &axes,
        wanted,
        readiness,
    )?;
    check_skus(wanted)?;
    Ok(varies_on)
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
    check_combinations(axes.len(), products)?;
    Ok(axes)
}

/// Not too many products, each with values that no other has, and not too many values.
fn check_combinations(axes: usize, products: &[Wanted]) -> Result<(), Refusal> {
    let most = facts::PRODUCTS_MAX.get(axes).copied().unwrap_or(1);
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
    for axis in 0..axes {
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
    Ok(())
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
    let mut seen: BTreeMap<Vec<String>, Option<String>> = Default::default();
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
    let mut seen: BTreeMap<&str, Vec<i64>> = Default::default();
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
