//! A listing's inventory: read with `Money` and ids, written whole with decimals and without them.
//!
//! Every write makes new products: ids that a client kept from before mean nothing afterwards.

use serde_json::{Value, json};

use super::inventory_axes::VariesOn;
use super::inventory_rules::{Rules, Wanted, WantedProperty, check};
use super::{Call, lookups, render};
use crate::core::Core;
use crate::ids::{Ids, Kind};
use crate::market::Market;
use crate::market::inventory::{Inventory, Offering, Product, PropertyValues};
use crate::market::listing::Listing;
use crate::market::shop::Shop;
use crate::market::taxonomy::{Node, Property, Taxonomy};
use crate::reply::{Refusal, Reply};

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::visible_listing(core, call)?;
    let owner = listing.user_id == call.user_id();
    let deleted = call.input.query.flag("show_deleted").unwrap_or(false);
    let mut shown = render::inventory(&core.market, listing, owner, deleted);
    if let Some(fields) = shown.as_object_mut() {
        let wanted = call.input.query.text("includes") == Some("Listing");
        if wanted {
            let listing = render::listing(&core.market, listing, call.base_url);
            fields.insert("listing".to_owned(), Value::Object(listing));
        }
    }
    Ok(Reply::ok(&shown))
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let query = &call.input.query;
    let mut listing = lookups::own_listing(core, call)?.clone();
    let shop = core
        .market
        .shops
        .get(&listing.shop_id)
        .ok_or_else(|| Refusal::missing("shop", listing.shop_id))?
        .clone();
    let node = Taxonomy::get()
        .node(listing.taxonomy_id)
        .ok_or_else(|| Refusal::missing("taxonomy node", listing.taxonomy_id))?;
    let variations_max = if query.text("max_variations_supported") == Some("3") {
        3
    } else {
        2
    };
    let axes_now = listing
        .inventory
        .products
        .first()
        .map_or(0, |product| product.properties.len());
    if axes_now > variations_max {
        return Err(Refusal::bad(
            "This listing has three variations: pass max_variations_supported=3 to change it",
        ));
    }
    let rules = Rules {
        shop: &shop,
        node,
        kind: listing.kind,
        variations_max,
    };
    let (wanted, varies_on) = check(&rules, &call.input.body)?;
    if query.flag("enable_scale_validation") == Some(true) {
        check_scales(node, &wanted)?;
    }
    replace(core, &mut listing, &shop, node, wanted, varies_on)?;
    listing.touch(call.now);
    let shown = render::inventory(&core.market, &listing, true, false);
    core.market.listings.insert(listing.id, listing);
    Ok(Reply::ok(&shown))
}

fn replace(
    core: &mut Core,
    listing: &mut Listing,
    shop: &Shop,
    node: &Node,
    wanted: Vec<Wanted>,
    varies_on: VariesOn,
) -> Result<(), Refusal> {
    let mut products = Vec::with_capacity(wanted.len());
    for product in wanted {
        let mut properties = Vec::with_capacity(product.properties.len());
        for property in product.properties {
            let known = node.property(property.id).ok_or_else(|| {
                Refusal::bad(format!("Property {} is not of this taxonomy", property.id))
            })?;
            properties.push(settle(
                &mut core.market,
                &mut core.ids,
                shop.id,
                &known,
                property,
            )?);
        }
        let offerings = product.offerings.into_iter().map(|offering| Offering {
            id: core.ids.next(Kind::Offering),
            price: offering.price,
            quantity: offering.quantity,
            enabled: offering.enabled,
            readiness_state: offering.readiness_state,
        });
        products.push(Product {
            id: 0,
            sku: product.sku,
            properties,
            offerings: offerings.collect(),
        });
    }
    for product in &mut products {
        product.id = core.ids.next(Kind::Product);
    }
    let inventory = &mut listing.inventory;
    inventory.replace(products);
    inventory.price_on = varies_on.price;
    inventory.quantity_on = varies_on.quantity;
    inventory.sku_on = varies_on.sku;
    inventory.readiness_on = varies_on.readiness;
    let pairs = value_pairs(inventory);
    listing
        .variation_images
        .retain(|shown| pairs.contains(&(shown.property_id, shown.value_id)));
    Ok(())
}

/// The property and value ids that the products have.
pub(super) fn value_pairs(inventory: &Inventory) -> Vec<(i64, i64)> {
    let properties = inventory
        .products
        .iter()
        .flat_map(|product| &product.properties);
    properties
        .flat_map(|it| it.value_ids.iter().map(|value| (it.property_id, *value)))
        .collect()
}

/// The values as they read back. Colours and made-up values have ids of the shop's own, so that what
/// was sent and what is read differ, as at Etsy.
fn settle(
    market: &mut Market,
    ids: &mut Ids,
    shop: i64,
    known: &Property,
    wanted: WantedProperty,
) -> Result<PropertyValues, Refusal> {
    let value = wanted.values.first().cloned().unwrap_or_default();
    let sent = wanted.value_ids.first().copied();
    let common = match sent {
        Some(id) => match known.value(id) {
            Some(common) if common.name.eq_ignore_ascii_case(&value) => Some(common),
            Some(common) => {
                return Err(Refusal::bad(format!(
                    "Value id {id} of property {} is '{}', not '{value}'",
                    known.id, common.name
                )));
            }
            None if market.value_named(shop, known.id, id)
                == Some(value.to_lowercase().as_str()) =>
            {
                None
            }
            None => {
                return Err(Refusal::bad(format!(
                    "Invalid value_id {id} for property {}",
                    known.id
                )));
            }
        },
        None => known.values.iter().find(|common| {
            let scale = wanted.scale.as_ref().map(|(id, _)| *id);
            common.name.eq_ignore_ascii_case(&value) && common.scale == scale
        }),
    };
    let of_scale = common.and_then(|common| common.scale);
    if let (Some(of_scale), Some((scale, _))) = (of_scale, &wanted.scale)
        && of_scale != *scale
    {
        return Err(Refusal::bad(format!(
            "Value '{value}' is not of scale {scale}"
        )));
    }
    let value_id = match common {
        Some(common) if common.scale.is_some() => common.id,
        _ => market.value_id(ids, shop, known.id, &value),
    };
    Ok(PropertyValues {
        property_id: known.id,
        name: wanted.name,
        scale: wanted.scale,
        value_ids: vec![value_id],
        values: vec![value],
    })
}

/// What `enable_scale_validation` adds: a property with scales says which one it means.
fn check_scales(node: &Node, products: &[Wanted]) -> Result<(), Refusal> {
    for property in products.iter().flat_map(|product| &product.properties) {
        let scaled = node
            .property(property.id)
            .is_some_and(|known| !known.scales.is_empty());
        if scaled && property.scale.is_none() {
            return Err(Refusal::bad(format!(
                "Property {} requires a scale_id",
                property.id
            )));
        }
    }
    Ok(())
}

/// Inventories of several listings: one that is missing spoils the whole answer.
pub(super) fn batch(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let mut results = Vec::new();
    for id in lookups::batch_ids(call)? {
        let listing = lookups::visible(&core.market, id, call)
            .ok_or_else(|| Refusal::missing("listing", id))?;
        let owner = listing.user_id == call.user_id();
        let view = render::View {
            owner,
            base_url: call.base_url,
        };
        let includes = ["Inventory".to_owned()];
        results.push(render::with_associations(
            &core.market,
            listing,
            &includes,
            view,
        ));
    }
    Ok(Reply::ok(&render::all(results)))
}

pub(super) fn product(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::visible_listing(core, call)?;
    let owner = listing.user_id == call.user_id();
    let found = find_product(listing, call)?;
    let currency = currency(core, listing)?;
    Ok(Reply::ok(&render::product(found, currency, owner, false)))
}

pub(super) fn offering(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::visible_listing(core, call)?;
    let id = call.input.id("product_offering_id");
    let product = find_product(listing, call)?;
    let found = product.offerings.iter().find(|offering| offering.id == id);
    let found = found.ok_or_else(|| Refusal::missing("offering", id))?;
    Ok(Reply::ok(&json!(render::offering(
        found,
        currency(core, listing)?,
        false
    ))))
}

fn find_product<'a>(listing: &'a Listing, call: &Call<'_>) -> Result<&'a Product, Refusal> {
    let id = call.input.id("product_id");
    let found = listing
        .inventory
        .products
        .iter()
        .find(|product| product.id == id);
    found.ok_or_else(|| Refusal::missing("product", id))
}

fn currency(core: &Core, listing: &Listing) -> Result<crate::market::money::Currency, Refusal> {
    let shop = core.market.shops.get(&listing.shop_id);
    shop.map(|shop| shop.currency)
        .ok_or_else(|| Refusal::missing("shop", listing.shop_id))
}
