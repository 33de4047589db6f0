//! A listing's inventory as one table: a row for each variation, with its price and stock.
//!
//! Etsy takes the table whole or not at all, and what it answers cannot be sent back as it is; both
//! directions go through this form.

use super::axis::{AxisValue, variation_id};
use crate::id::Id;
use stoflow_plugin_sdk::Decimal;
use stoflow_plugin_sdk::types::Variation;

/// All variations of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matrix {
    /// In the order shown.
    pub rows: Vec<Row>,
    /// By which axes the fields of the rows differ.
    pub varies: Varies,
}

/// Ids of the axes by which a field differs: none, one or all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Varies {
    /// `price_on_property`.
    pub price: Vec<Id>,
    /// `quantity_on_property`. Empty with several rows means that they share one stock.
    pub quantity: Vec<Id>,
    /// `sku_on_property`.
    pub sku: Vec<Id>,
    /// `readiness_state_on_property`.
    pub readiness: Vec<Id>,
}

/// One variation: what Etsy calls a product with its offering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Empty for none.
    pub sku: String,
    /// One for each axis.
    pub values: Vec<AxisValue>,
    /// `None` where Etsy gave none that can be read.
    pub price: Option<Decimal>,
    /// ISO 4217, where it was read.
    pub currency: Option<String>,
    /// Stock.
    pub quantity: u32,
    /// Whether buyers see it.
    pub enabled: bool,
    /// The processing profile; digital goods have none.
    pub readiness: Option<Id>,
    /// Etsy's id of the product, until the next write.
    pub product_id: Option<String>,
    /// Etsy's id of the offering, until the next write.
    pub offering_id: Option<String>,
}

impl Row {
    /// By which calls find it.
    #[must_use]
    pub fn id(&self) -> String {
        variation_id(&self.sku, &self.values)
    }

    /// Whether a variation chooses just this row's values.
    #[must_use]
    pub fn is_chosen_by(&self, variation: &Variation) -> bool {
        self.values.len() == variation.choices.len()
            && self.values.iter().all(|value| {
                variation
                    .choices
                    .iter()
                    .any(|choice| value.is_chosen_by(choice))
            })
    }
}

impl Matrix {
    /// The axes, in the order of the first row.
    #[must_use]
    pub fn axes(&self) -> Vec<Id> {
        let first = self.rows.first();
        first
            .map(|row| {
                row.values
                    .iter()
                    .map(|value| value.property.clone())
                    .collect()
            })
            .unwrap_or_default()
    }

    /// The row of a variation: by its id, else by its SKU where one row has it, else by its choices.
    #[must_use]
    pub fn find(&self, variation: &Variation) -> Option<usize> {
        if let Some(id) = &variation.id {
            return self.rows.iter().position(|row| row.id() == *id);
        }
        let sku = variation
            .sku
            .as_deref()
            .map(str::trim)
            .filter(|sku| !sku.is_empty());
        if let Some(sku) = sku {
            let mut with_sku = self
                .rows
                .iter()
                .enumerate()
                .filter(|(_, row)| row.sku == sku);
            if let (Some((place, _)), None) = (with_sku.next(), with_sku.next()) {
                return Some(place);
            }
        }
        self.rows.iter().position(|row| row.is_chosen_by(variation))
    }

    /// The row of an offer: by its id, or the only one.
    #[must_use]
    pub fn find_id(&self, id: Option<&str>) -> Option<usize> {
        match id {
            Some(id) => self.rows.iter().position(|row| row.id() == id),
            None if self.rows.len() == 1 => Some(0),
            None => None,
        }
    }

    /// What buyers can buy now: the sum over the rows that they see, or the one stock that they
    /// share.
    #[must_use]
    pub fn stock(&self) -> u32 {
        let seen = self
            .rows
            .iter()
            .filter(|row| row.enabled)
            .map(|row| row.quantity);
        seen.fold(0, u32::saturating_add)
    }
}
