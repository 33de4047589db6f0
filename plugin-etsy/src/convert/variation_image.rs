//! Which image each value of an axis shows.

use super::axis::AxisValue;
use super::image::Gallery;
use super::matrix::{Matrix, Row};
use crate::id::Id;
use serde::Serialize;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::types::Image;

/// Which image each value of an axis shows, as Etsy has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariationImages(Vec<(Id, Id, Option<String>, Image)>);

impl VariationImages {
    /// Reads Etsy's list; `images` are the listing's.
    #[must_use]
    pub fn read(list: &Object<'_>, images: &[Image]) -> Self {
        let read = |entry: &Object<'_>| {
            let property = Id::parse(&entry.text("property_id")?)?;
            let value = Id::parse(&entry.text("value_id")?)?;
            let image = entry.text("image_id")?;
            let known = images
                .iter()
                .find(|known| known.id.as_deref() == Some(&image))?;
            Some((property, value, entry.words("value"), known.clone()))
        };
        Self(list.objects("results").iter().filter_map(read).collect())
    }

    /// Those that show a row.
    #[must_use]
    pub fn of(&self, row: &Row) -> Vec<Image> {
        let shows = |value: &AxisValue, property: &Id, id: &Id, text: Option<&str>| {
            value.property == *property
                && (value.value_ids.contains(id) || text == Some(&value.text()))
        };
        let found = self.0.iter().filter(|(property, id, text, _)| {
            row.values
                .iter()
                .any(|value| shows(value, property, id, text.as_deref()))
        });
        found.map(|(_, _, _, image)| image.clone()).collect()
    }

    /// The pairs of value and image, in Etsy's ids, for comparison.
    #[must_use]
    pub fn pairs(&self) -> Vec<Pair> {
        let pair = |(property, value, _, image): &(Id, Id, Option<String>, Image)| {
            let image_id = Id::parse(image.id.as_deref()?)?;
            Some(Pair {
                property_id: property.clone(),
                value_id: value.clone(),
                image_id,
            })
        };
        let mut pairs: Vec<Pair> = self.0.iter().filter_map(pair).collect();
        pairs.sort();
        pairs
    }
}

/// An element of `updateVariationImages`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Pair {
    property_id: Id,
    value_id: Id,
    image_id: Id,
}

/// The body of `updateVariationImages`.
#[derive(Debug, Serialize)]
pub struct Pairs {
    variation_images: Vec<Pair>,
}

impl Pairs {
    /// The pairs in Etsy's order.
    #[must_use]
    pub fn new(variation_images: Vec<Pair>) -> Self {
        Self { variation_images }
    }
}

/// The pairs that a gallery asks for, by the ids that its images and the values have now. Values
/// whose id Etsy did not give are left out and named.
#[must_use]
pub fn pairs(gallery: &Gallery, ids: &[Id], inventory: &Matrix) -> (Vec<Pair>, Vec<String>) {
    let Some((axis, by_value)) = &gallery.by_value else {
        return (Vec::new(), Vec::new());
    };
    let (mut pairs, mut left_out) = (Vec::new(), Vec::new());
    for (text, place) in by_value {
        let row = inventory.rows.iter().find(|row| {
            row.values
                .get(*axis)
                .is_some_and(|value| value.text() == *text)
        });
        let value = row.and_then(|row| row.values.get(*axis));
        match (
            value.and_then(|value| Some((&value.property, value.value_ids.first()?))),
            ids.get(*place),
        ) {
            (Some((property, value)), Some(image)) => pairs.push(Pair {
                property_id: property.clone(),
                value_id: value.clone(),
                image_id: image.clone(),
            }),
            _ => left_out.push(text.clone()),
        }
    }
    pairs.sort();
    (pairs, left_out)
}
