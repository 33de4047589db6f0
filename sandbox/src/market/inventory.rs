//! What can be bought of a listing: products, and the offering of each.

use serde::{Deserialize, Serialize};

/// A listing's products and which of their fields vary by which property.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inventory {
    pub(crate) products: Vec<Product>,
    /// Products of before, which `show_deleted` still shows.
    pub(crate) deleted: Vec<Product>,
    pub(crate) price_on: Vec<i64>,
    pub(crate) quantity_on: Vec<i64>,
    pub(crate) sku_on: Vec<i64>,
    pub(crate) readiness_on: Vec<i64>,
}

/// How many deleted products a listing remembers.
const DELETED_MAX: usize = 500;

/// One combination of variations.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Product {
    pub(crate) id: i64,
    pub(crate) sku: String,
    pub(crate) properties: Vec<PropertyValues>,
    pub(crate) offerings: Vec<Offering>,
}

/// The values that a product or a listing has of one property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PropertyValues {
    pub(crate) property_id: i64,
    pub(crate) name: String,
    pub(crate) scale: Option<(i64, String)>,
    pub(crate) value_ids: Vec<i64>,
    pub(crate) values: Vec<String>,
}

/// Price, stock and processing of a product.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offering {
    pub(crate) id: i64,
    /// In minor units of the shop's currency.
    pub(crate) price: i64,
    pub(crate) quantity: i64,
    pub(crate) enabled: bool,
    pub(crate) readiness_state: Option<i64>,
}

impl Inventory {
    /// All offerings that there are now.
    pub(crate) fn offerings(&self) -> impl Iterator<Item = &Offering> {
        self.products.iter().flat_map(|product| &product.offerings)
    }

    pub(crate) fn offerings_mut(&mut self) -> impl Iterator<Item = &mut Offering> {
        self.products
            .iter_mut()
            .flat_map(|product| &mut product.offerings)
    }

    /// The listing's price: the smallest of what can be bought, else the smallest of all.
    pub(crate) fn price(&self) -> i64 {
        let enabled = self.offerings().filter(|offering| offering.enabled);
        let least = enabled.map(|offering| offering.price).min();
        least
            .or_else(|| self.offerings().map(|offering| offering.price).min())
            .unwrap_or_default()
    }

    /// The listing's quantity: the sum over the offerings that can be bought.
    pub(crate) fn quantity(&self) -> i64 {
        self.offerings()
            .filter(|offering| offering.enabled)
            .map(|offering| offering.quantity)
            .sum()
    }

    /// The SKUs that there are, each once, in order.
    pub(crate) fn skus(&self) -> Vec<&str> {
        let mut skus: Vec<&str> = Vec::new();
        for product in self
            .products
            .iter()
            .filter(|product| !product.sku.is_empty())
        {
            if !skus.contains(&product.sku.as_str()) {
                skus.push(&product.sku);
            }
        }
        skus
    }

    /// The one processing profile of all offerings, if they agree.
    pub(crate) fn readiness_state(&self) -> Option<i64> {
        let mut states = self.offerings().map(|offering| offering.readiness_state);
        let first = states.next()??;
        states.all(|state| state == Some(first)).then_some(first)
    }

    pub(crate) fn has_variations(&self) -> bool {
        self.products
            .iter()
            .any(|product| !product.properties.is_empty())
    }

    /// Lets the stock fall: of the product that was sold, and of every other on the same shelf.
    pub(crate) fn take(&mut self, sold: &Product, quantity: i64) {
        for product in &mut self.products {
            if !sold.shares_stock(product, &self.quantity_on) {
                continue;
            }
            for offering in &mut product.offerings {
                offering.quantity = (offering.quantity - quantity).max(0);
            }
        }
    }

    /// Puts new products in the place of all others.
    pub(crate) fn replace(&mut self, products: Vec<Product>) {
        self.deleted.append(&mut self.products);
        let surplus = self.deleted.len().saturating_sub(DELETED_MAX);
        self.deleted.drain(..surplus);
        self.products = products;
    }

    /// Forgets everything but the first product, and that it varied.
    pub(crate) fn drop_variations(&mut self) {
        let mut first = self.products.first().cloned();
        if let Some(product) = &mut first {
            product.properties.clear();
        }
        self.replace(first.into_iter().collect());
        for varies_on in [
            &mut self.price_on,
            &mut self.quantity_on,
            &mut self.sku_on,
            &mut self.readiness_on,
        ] {
            varies_on.clear();
        }
    }
}

impl Product {
    /// Whether two products have one stock: the same SKU, or the same values of what the quantity
    /// varies by. Etsy refuses an inventory in which such products differ in their quantity.
    fn shares_stock(&self, other: &Self, varies_on: &[i64]) -> bool {
        let same_sku = !self.sku.is_empty() && self.sku == other.sku;
        same_sku
            || varies_on
                .iter()
                .all(|id| self.values(*id) == other.values(*id))
    }

    fn values(&self, property_id: i64) -> Option<&[String]> {
        let mut properties = self.properties.iter();
        let property = properties.find(|property| property.property_id == property_id)?;
        Some(&property.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(sku: &str, values: &[(i64, &str)]) -> Product {
        let property = |(property_id, value): &(i64, &str)| PropertyValues {
            property_id: *property_id,
            name: String::new(),
            scale: None,
            value_ids: Vec::new(),
            values: vec![(*value).to_owned()],
        };
        Product {
            id: 0,
            sku: sku.to_owned(),
            properties: values.iter().map(property).collect(),
            offerings: Vec::new(),
        }
    }

    #[test]
    fn products_of_one_shelf_share_their_stock() {
        let red_s = product("", &[(200, "Red"), (100, "S")]);
        let red_m = product("", &[(200, "Red"), (100, "M")]);
        let blue_s = product("", &[(200, "Blue"), (100, "S")]);
        assert!(red_s.shares_stock(&blue_s, &[]));
        assert!(red_s.shares_stock(&red_m, &[200]));
        assert!(!red_s.shares_stock(&blue_s, &[200]));
        assert!(!red_s.shares_stock(&red_m, &[200, 100]));
        let (one, same) = (
            product("A", &[(200, "Red")]),
            product("A", &[(200, "Blue")]),
        );
        assert!(one.shares_stock(&same, &[200]));
    }
}
