//! A listing's inventory as one table: a row for each variation, with its price and stock.
//!
//! Etsy takes the table whole or not at all, and what it answers cannot be sent back as it is; both
//! directions go through this form.

use super::axis::{AxisValue, variation_id};
use crate::id::Id;
use std::collections::BTreeMap;
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

    fn adopt(&mut self, was: &Self) {
        self.product_id.clone_from(&was.product_id);
        self.offering_id.clone_from(&was.offering_id);
        self.currency.clone_from(&was.currency);
        for value in &mut self.values {
            let same = |known: &&AxisValue| {
                known.property == value.property && known.text().trim() == value.text().trim()
            };
            let Some(known) = was.values.iter().find(same) else {
                continue;
            };
            value.values.clone_from(&known.values);
            // Etsy may have more ids for a text than a choice can say.
            if value
                .value_ids
                .iter()
                .all(|id| known.value_ids.contains(id))
            {
                value.value_ids.clone_from(&known.value_ids);
            }
            if value.scale.is_none() {
                value.scale.clone_from(&known.scale);
            }
            if value.name.is_none() {
                value.name.clone_from(&known.name);
            }
        }
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

/// Rows by what names them.
#[derive(Debug)]
pub struct Index<'a> {
    matrix: &'a Matrix,
    ids: BTreeMap<String, usize>,
    skus: BTreeMap<&'a str, Option<usize>>,
    choices: BTreeMap<String, Vec<usize>>,
}

impl<'a> Index<'a> {
    /// The row of a variation: by its id, else by its SKU where one row has it, else by its choices.
    #[must_use]
    pub fn find(&self, variation: &Variation) -> Option<usize> {
        if let Some(id) = &variation.id {
            return self.ids.get(id).copied();
        }
        let sku = variation.sku.as_deref().map(str::trim);
        let with_sku = sku.and_then(|sku| self.skus.get(sku).copied().flatten());
        with_sku.or_else(|| self.find_choices(variation))
    }

    /// The row that has a variation's choices.
    #[must_use]
    pub fn find_choices(&self, variation: &Variation) -> Option<usize> {
        let texts = variation
            .choices
            .iter()
            .filter_map(|choice| choice.values.first());
        let alike = self
            .choices
            .get(&joint(texts.map(|value| value.text.clone())))?;
        let chosen = |place: &&usize| {
            self.matrix
                .rows
                .get(**place)
                .is_some_and(|row| row.is_chosen_by(variation))
        };
        alike.iter().find(chosen).copied()
    }

    /// The place of an offer's row: by its id, or the only one.
    #[must_use]
    pub fn find_id(&self, id: Option<&str>) -> Option<usize> {
        match id {
            Some(id) => self.ids.get(id).copied(),
            None if self.matrix.rows.len() == 1 => Some(0),
            None => None,
        }
    }

    /// The row that has the id of another table's row.
    #[must_use]
    pub fn same(&self, row: &Row) -> Option<&'a Row> {
        self.matrix.rows.get(*self.ids.get(&row.id())?)
    }
}

/// The texts of choices in an order of their own, as one key.
fn joint(texts: impl Iterator<Item = String>) -> String {
    let mut texts: Vec<String> = texts.map(|text| text.trim().to_owned()).collect();
    texts.sort();
    texts.join("\u{1f}")
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

    /// For finding rows: a listing may have thousands.
    #[must_use]
    pub fn index(&self) -> Index<'_> {
        let (ids, skus, choices) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut index = Index {
            matrix: self,
            ids,
            skus,
            choices,
        };
        for (place, row) in self.rows.iter().enumerate() {
            index.ids.entry(row.id()).or_insert(place);
            index
                .choices
                .entry(joint(row.values.iter().map(AxisValue::text)))
                .or_default()
                .push(place);
            if !row.sku.is_empty() {
                // A SKU that several rows have finds none of them.
                let known = index.skus.entry(&row.sku).or_insert(Some(place));
                *known = known.filter(|known| *known == place);
            }
        }
        index
    }

    /// Takes over from the table before what says nothing about what is wanted: ids that Etsy mints
    /// anew, the currency, names and ids of values. A table that wants what is there is then equal
    /// to it, and need not be written.
    pub fn adopt(&mut self, before: &Self) {
        let known = before.index();
        for row in &mut self.rows {
            if let Some(was) = known.same(row) {
                row.adopt(was);
            }
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
