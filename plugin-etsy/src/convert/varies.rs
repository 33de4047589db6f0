//! By which axes the fields of a table differ (`*_on_property`): Etsy refuses a table that
//! contradicts what it says about itself.

use super::axis::AxisValue;
use super::matrix::{Matrix, Row, Varies};
use crate::id::Id;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

impl Matrix {
    /// Finds by which axes each field differs: as before where that still holds. Each variation
    /// has a stock of its own unless they shared one before.
    pub fn settle(&mut self, before: Option<&Varies>) {
        let axes = self.axes();
        let rows = &self.rows;
        let kept = |axes: Option<&Vec<Id>>| axes.cloned();
        self.varies = Varies {
            price: differs(
                rows,
                &axes,
                kept(before.map(|varies| &varies.price)),
                |row| row.price.map(|price| price.to_string()),
            ),
            quantity: match before.map(|varies| &varies.quantity) {
                Some(kept) if agrees(rows, kept, |row| row.quantity) && is_within(kept, &axes) => {
                    kept.clone()
                }
                _ if rows.len() > 1 => axes.clone(),
                _ => Vec::new(),
            },
            sku: differs(rows, &axes, kept(before.map(|varies| &varies.sku)), |row| {
                row.sku.clone()
            }),
            readiness: differs(
                rows,
                &axes,
                kept(before.map(|varies| &varies.readiness)),
                |row| row.readiness.clone(),
            ),
        };
    }
}

/// By which axes a field differs: as before if that still explains it, else by none, by the one
/// that explains it, or by all. (Of three axes Etsy takes none, one or all.)
fn differs<K: PartialEq>(
    rows: &[Row],
    axes: &[Id],
    before: Option<Vec<Id>>,
    field: impl Fn(&Row) -> K,
) -> Vec<Id> {
    let single = axes.iter().map(|axis| vec![axis.clone()]);
    let tries = before.into_iter().chain([Vec::new()]).chain(single);
    tries
        .filter(|tried| is_within(tried, axes))
        .find(|tried| agrees(rows, tried, &field))
        .unwrap_or_else(|| axes.to_vec())
}

fn is_within(some: &[Id], axes: &[Id]) -> bool {
    some.iter().all(|axis| axes.contains(axis))
}

/// Whether rows that share the values of these axes agree in a field.
fn agrees<K: PartialEq>(rows: &[Row], axes: &[Id], field: impl Fn(&Row) -> K) -> bool {
    let mut known: BTreeMap<Vec<String>, K> = BTreeMap::new();
    rows.iter().all(|row| {
        let of_axis = |axis: &Id| row.values.iter().find(|value| value.property == *axis);
        let shared = axes
            .iter()
            .filter_map(of_axis)
            .map(AxisValue::text)
            .collect();
        let value = field(row);
        match known.entry(shared) {
            Entry::Occupied(first) => *first.get() == value,
            Entry::Vacant(place) => {
                place.insert(value);
                true
            }
        }
    })
}
