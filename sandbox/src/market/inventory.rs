//! What can be bought of a listing: products, and the offering of each.

use serde::{Deserialize, Serialize};

/// A listing's products and which of their fields vary by which property.
#[derive(Debug, Clone, Default)]
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
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
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
