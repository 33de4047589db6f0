//! The table as the body of Etsy's PUT. What Etsy answers cannot be sent back: ids of products and
//! offerings go, names of scales go, a price is a number.

use super::axis::AxisValue;
use super::matrix::Matrix;
use crate::id::Id;
use serde::Serialize;
use serde_json::value::RawValue;

impl Matrix {
    /// The body of `updateListingInventory`.
    ///
    /// # Errors
    ///
    /// The place of the row that has no price: Etsy takes none without.
    pub fn body(&self) -> Result<Body<'_>, usize> {
        let products = self.rows.iter().enumerate().map(|(place, row)| {
            let price = row
                .price
                .and_then(|price| price.to_json_number().ok())
                .ok_or(place)?;
            Ok(Product {
                sku: &row.sku,
                property_values: row.values.iter().map(PropertyValue::of).collect(),
                offerings: [Offering {
                    price,
                    quantity: row.quantity,
                    is_enabled: row.enabled,
                    readiness_state_id: row.readiness.as_ref(),
                }],
            })
        });
        Ok(Body {
            products: products.collect::<Result<_, usize>>()?,
            price_on_property: &self.varies.price,
            quantity_on_property: &self.varies.quantity,
            sku_on_property: &self.varies.sku,
            readiness_state_on_property: &self.varies.readiness,
        })
    }
}

/// The body of `updateListingInventory`.
#[derive(Debug, Serialize)]
pub struct Body<'a> {
    products: Vec<Product<'a>>,
    price_on_property: &'a [Id],
    quantity_on_property: &'a [Id],
    sku_on_property: &'a [Id],
    readiness_state_on_property: &'a [Id],
}

#[derive(Debug, Serialize)]
struct Product<'a> {
    sku: &'a str,
    property_values: Vec<PropertyValue<'a>>,
    offerings: [Offering<'a>; 1],
}

#[derive(Debug, Serialize)]
struct PropertyValue<'a> {
    property_id: &'a Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    property_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scale_id: Option<&'a Id>,
    value_ids: &'a [Id],
    values: &'a [String],
}

impl<'a> PropertyValue<'a> {
    fn of(value: &'a AxisValue) -> Self {
        Self {
            property_id: &value.property,
            property_name: value.name.as_deref(),
            scale_id: value.scale.as_ref(),
            value_ids: &value.value_ids,
            values: &value.values,
        }
    }
}

#[derive(Debug, Serialize)]
struct Offering<'a> {
    price: Box<RawValue>,
    quantity: u32,
    is_enabled: bool,
    readiness_state_id: Option<&'a Id>,
}
