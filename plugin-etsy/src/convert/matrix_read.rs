//! Etsy's inventory into the table, and the table into the contract's variations.

use super::axis::AxisValue;
use super::matrix::{Matrix, Row, Varies};
use super::variation_image::VariationImages;
use crate::id::Id;
use serde_json::{Map, Value};
use stoflow_plugin_sdk::listings::Inventory;
use stoflow_plugin_sdk::types::{Image, Money, Variation};
use stoflow_plugin_sdk::{Decimal, Object};

impl Matrix {
    /// Reads an inventory; deleted products are left out. The values of all have the order of the first
    /// one's, in which they are written.
    #[must_use]
    pub fn read(inventory: &Object<'_>) -> Self {
        let products = inventory.objects("products");
        let kept = products
            .iter()
            .filter(|product| product.boolean("is_deleted") != Some(true));
        let mut matrix = Self {
            rows: kept.map(read_row).collect(),
            varies: Varies::read(inventory),
        };
        let axes = matrix.axes();
        let place = |value: &AxisValue| axes.iter().position(|axis| *axis == value.property);
        for row in &mut matrix.rows {
            row.values
                .sort_by_key(|value| place(value).unwrap_or(usize::MAX));
        }
        matrix
    }

    /// The one row of a listing that has no inventory record: its own price and quantity.
    #[must_use]
    pub fn of_listing(listing: &Object<'_>) -> Self {
        let price = listing.object("price");
        let skus = listing.texts("skus");
        let row = Row {
            sku: skus
                .first()
                .map(|sku| sku.trim().to_owned())
                .unwrap_or_default(),
            values: Vec::new(),
            price: price.as_ref().and_then(amount),
            currency: price.as_ref().and_then(currency),
            quantity: quantity(listing),
            enabled: true,
            readiness: listing
                .text("readiness_state_id")
                .as_deref()
                .and_then(Id::parse),
            product_id: None,
            offering_id: None,
        };
        Self {
            rows: vec![row],
            varies: Varies::default(),
        }
    }

    /// The contract's variations, in Etsy's order.
    #[must_use]
    pub fn variations(&self, images: &VariationImages) -> Vec<Variation> {
        self.rows
            .iter()
            .map(|row| row.variation(images.of(row)))
            .collect()
    }

    /// Whether these variations are those of the table, whatever images they show.
    #[must_use]
    pub fn says(&self, variations: &[Variation]) -> bool {
        let bare = |variation: &Variation| Variation {
            images: Vec::new(),
            ..variation.clone()
        };
        self.rows.len() == variations.len()
            && self
                .rows
                .iter()
                .zip(variations)
                .all(|(row, variation)| row.variation(Vec::new()) == bare(variation))
    }

    /// The contract's inventory: what Etsy adds of its own is in the extension.
    #[must_use]
    pub fn inventory(&self, images: &VariationImages) -> Inventory {
        let axes = |axes: &[Id]| Value::from(axes.iter().map(Id::as_str).collect::<Vec<_>>());
        let extension = Value::Object(Map::from_iter([
            ("price_on_property".to_owned(), axes(&self.varies.price)),
            (
                "quantity_on_property".to_owned(),
                axes(&self.varies.quantity),
            ),
            ("sku_on_property".to_owned(), axes(&self.varies.sku)),
            (
                "readiness_state_on_property".to_owned(),
                axes(&self.varies.readiness),
            ),
        ]));
        Inventory {
            variations: self.variations(images),
            extension: Some(extension.to_string()),
        }
    }
}

impl Varies {
    /// Reads an inventory's `*_on_property`.
    #[must_use]
    pub fn read(object: &Object<'_>) -> Self {
        Self {
            price: ids(object, "price_on_property"),
            quantity: ids(object, "quantity_on_property"),
            sku: ids(object, "sku_on_property"),
            readiness: ids(object, "readiness_state_on_property"),
        }
    }
}

impl Row {
    fn variation(&self, images: Vec<Image>) -> Variation {
        let ids = [
            ("product_id", &self.product_id),
            ("offering_id", &self.offering_id),
            (
                "readiness_state_id",
                &self.readiness.as_ref().map(Id::to_string),
            ),
        ];
        let known = ids
            .into_iter()
            .filter_map(|(name, id)| Some((name.to_owned(), Value::from(id.clone()?))));
        let extension: Map<String, Value> = known.collect();
        // A number without its currency is no price.
        let price = self.price.zip(self.currency.clone());
        let price = price.map(|(amount, currency)| Money {
            amount: amount.to_string(),
            currency,
        });
        Variation {
            id: Some(self.id()),
            sku: Some(self.sku.clone()).filter(|sku| !sku.is_empty()),
            choices: self.values.iter().map(AxisValue::attribute).collect(),
            price,
            quantity: self.quantity,
            hidden: !self.enabled,
            images,
            identifiers: Vec::new(),
            extension: (!extension.is_empty()).then(|| Value::Object(extension).to_string()),
        }
    }
}

fn read_row(product: &Object<'_>) -> Row {
    let offerings = product.objects("offerings");
    let offering = offerings
        .iter()
        .find(|offering| offering.boolean("is_deleted") != Some(true));
    let price = offering.and_then(|offering| offering.object("price"));
    Row {
        sku: product
            .text("sku")
            .map(|sku| sku.trim().to_owned())
            .unwrap_or_default(),
        values: product
            .objects("property_values")
            .iter()
            .filter_map(AxisValue::read)
            .collect(),
        price: price.as_ref().and_then(amount),
        currency: price.as_ref().and_then(currency),
        quantity: offering.map(quantity).unwrap_or_default(),
        enabled: offering.is_some_and(|offering| offering.boolean("is_enabled") != Some(false)),
        readiness: offering
            .and_then(|offering| offering.text("readiness_state_id"))
            .as_deref()
            .and_then(Id::parse),
        product_id: product.text("product_id"),
        offering_id: offering.and_then(|offering| offering.text("offering_id")),
    }
}

/// The amount of Etsy's Money, exact; `None` where its divisor is no power of ten.
#[must_use]
pub fn amount(money: &Object<'_>) -> Option<Decimal> {
    Decimal::from_minor(
        money.integer("amount")?,
        money.integer("divisor").unwrap_or(100),
    )
    .ok()
}

/// The currency of Etsy's Money, or of a shop; `None` for what has not the form of an ISO 4217 code,
/// because a price in it would be one that nobody can check.
#[must_use]
pub fn currency(object: &Object<'_>) -> Option<String> {
    let is_code =
        |text: &String| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    object.words("currency_code").filter(is_code)
}

/// A quantity, which is never below nought.
#[must_use]
pub fn quantity(object: &Object<'_>) -> u32 {
    let quantity = object.integer("quantity").unwrap_or_default().max(0);
    u32::try_from(quantity).unwrap_or(u32::MAX)
}

fn ids(object: &Object<'_>, name: &str) -> Vec<Id> {
    object
        .texts(name)
        .iter()
        .filter_map(|text| Id::parse(text))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVENTORY: &str = r#"{"products":[
        {"product_id":9007199254740993,"sku":" MUG-B ","is_deleted":false,
         "offerings":[{"offering_id":1,"quantity":4,"is_enabled":true,"is_deleted":false,
           "price":{"amount":1850,"divisor":100,"currency_code":"EUR"},"readiness_state_id":71}],
         "property_values":[{"property_id":200,"property_name":"Color","scale_id":null,"scale_name":null,
           "value_ids":[2],"values":["Blue"]}]},
        {"product_id":2,"sku":null,"is_deleted":false,
         "offerings":[{"offering_id":2,"quantity":null,"is_enabled":false,
           "price":{"amount":"1850","divisor":1000,"currency_code":"EUR"}}],
         "property_values":[{"property_id":200,"property_name":"Color","value_ids":[3],"values":["Red"]}]},
        {"product_id":3,"is_deleted":true,"offerings":[]}],
        "price_on_property":[200],"quantity_on_property":[200],"sku_on_property":null}"#;

    fn matrix() -> Matrix {
        Matrix::read(&Object::parse(INVENTORY.as_bytes()).unwrap())
    }

    #[test]
    fn values_have_the_order_of_the_first_product() {
        let json = br#"{"products":[
            {"property_values":[{"property_id":301,"values":["12"]},{"property_id":200,"values":["Blue"]}]},
            {"property_values":[{"property_id":200,"values":["Red"]},{"property_id":301,"values":["12"]}]}]}"#;
        let matrix = Matrix::read(&Object::parse(json).unwrap());
        for row in &matrix.rows {
            let axes = row.values.iter().map(|value| value.property.as_str());
            assert_eq!(axes.collect::<Vec<_>>(), ["301", "200"]);
        }
    }

    #[test]
    fn a_currency_is_three_letters_or_none() {
        let of = |code: &str| {
            let json = format!(r#"{{"currency_code":{code}}}"#);
            currency(&Object::parse(json.as_bytes()).unwrap())
        };
        assert_eq!(of(r#""JPY""#).as_deref(), Some("JPY"));
        for odd in [
            r#""eur""#,
            r#""EURO""#,
            r#""{\"a\"""#,
            r#""€""#,
            "978",
            "null",
        ] {
            assert_eq!(of(odd), None, "{odd}");
        }
    }

    #[test]
    fn rows_are_read_and_deleted_ones_left_out() {
        let matrix = matrix();
        assert_eq!(matrix.rows.len(), 2);
        let blue = matrix.rows.first().unwrap();
        assert_eq!(
            (blue.sku.as_str(), blue.quantity, blue.enabled),
            ("MUG-B", 4, true)
        );
        assert_eq!(blue.price.unwrap().to_string(), "18.50");
        assert_eq!(blue.product_id.as_deref(), Some("9007199254740993"));
        let red = matrix.rows.last().unwrap();
        assert_eq!((red.quantity, red.enabled), (0, false));
        assert_eq!(red.price.unwrap().to_string(), "1.850");
        assert_eq!(matrix.stock(), 4);
    }

    #[test]
    fn variations_name_their_choices_and_carry_etsys_ids() {
        let variations = matrix().variations(&VariationImages::default());
        let blue = variations.first().unwrap();
        assert_eq!(blue.sku.as_deref(), Some("MUG-B"));
        let choice = blue.choices.first().unwrap();
        assert_eq!(
            (choice.key.as_deref(), choice.name.as_str()),
            (Some("200"), "Color")
        );
        let value = choice.values.first().unwrap();
        assert_eq!(
            (value.id.as_deref(), value.text.as_str()),
            (Some("2"), "Blue")
        );
        assert!(
            blue.extension
                .as_deref()
                .unwrap()
                .contains(r#""readiness_state_id":"71""#)
        );
        assert!(variations.last().unwrap().hidden);
    }

    #[test]
    fn nonsense_is_read_without_a_trap() {
        for json in [
            r#"{"products":null}"#,
            r#"{"products":[{"offerings":{}}]}"#,
            r#"{"products":[1,"x",{}]}"#,
        ] {
            let matrix = Matrix::read(&Object::parse(json.as_bytes()).unwrap());
            assert!(
                matrix
                    .rows
                    .iter()
                    .all(|row| row.price.is_none() && row.quantity == 0)
            );
        }
        let odd = Object::parse(br#"{"amount":5,"divisor":60}"#).unwrap();
        assert_eq!(amount(&odd), None);
    }
}
