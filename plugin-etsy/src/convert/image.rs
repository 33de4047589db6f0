//! Images: those of the listing in their order, and which of them a variation shows.
//!
//! Etsy keeps one list for a listing and lets the values of one axis point into it, so the images of
//! variations are put behind the product's, each once.

use super::matrix::{Matrix, Row};
use crate::id::Id;
use crate::limits::{ALT_TEXT_LENGTH, IMAGES};
use stoflow_plugin_sdk::types::{Image, Variation};
use stoflow_plugin_sdk::{Object, Violations};

/// An image that a listing is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of one that Etsy has already; `source` is then not read.
    pub id: Option<Id>,
    /// What `assets.open` takes.
    pub source: String,
    /// `None` says nothing.
    pub alt_text: Option<String>,
    /// Where it is in the function's arguments.
    pub pointer: String,
}

/// The images that a listing is to have, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gallery {
    /// In the order shown.
    pub images: Vec<Wanted>,
    /// For the axis by which variations show images of their own: its place among the axes, and the
    /// places in `images` by value.
    pub by_value: Option<(usize, Vec<(String, usize)>)>,
}

impl Gallery {
    /// The images of a product and its variations. `None` where the product does not mention any.
    #[must_use]
    pub fn read(
        images: Option<&[Image]>,
        variations: &[Variation],
        matrix: Option<&Matrix>,
        violations: &mut Violations,
    ) -> Option<Self> {
        let shown = variations
            .iter()
            .any(|variation| !variation.images.is_empty());
        if images.is_none() && !shown {
            return None;
        }
        let mut gallery = Self::default();
        for (place, image) in images.unwrap_or_default().iter().enumerate() {
            gallery.add(image, format!("/product/images/{place}"), violations);
        }
        if shown {
            gallery.add_variations(variations, matrix, violations);
        }
        if gallery.images.len() > IMAGES {
            let message = format!(
                "{} images with those of the variations, at most {IMAGES}",
                gallery.images.len()
            );
            violations.add("/product/images", "too-many", message);
        }
        Some(gallery)
    }

    /// The place of an image, added where it is not there yet.
    fn add(
        &mut self,
        image: &Image,
        pointer: String,
        violations: &mut Violations,
    ) -> Option<usize> {
        let id = match image.id.as_deref().map(|id| (id, Id::parse(id))) {
            Some((_, Some(id))) => Some(id),
            Some((text, None)) => {
                violations.add(
                    format!("{pointer}/id"),
                    "no-such-image",
                    format!("{text:?} is no id of an image on Etsy"),
                );
                return None;
            }
            None => None,
        };
        if id.is_none() && image.source.trim().is_empty() {
            violations.add(
                format!("{pointer}/source"),
                "required",
                "an image needs a source, or the id of one that is on Etsy",
            );
            return None;
        }
        let length = image
            .alt_text
            .as_deref()
            .unwrap_or_default()
            .chars()
            .count();
        if length > ALT_TEXT_LENGTH {
            violations.add(
                format!("{pointer}/alt_text"),
                "too-long",
                format!("{length} characters, at most {ALT_TEXT_LENGTH}"),
            );
        }
        let same = |known: &Wanted| match (&known.id, &id) {
            (Some(one), Some(other)) => one == other,
            (None, None) => known.source == image.source,
            _ => false,
        };
        if let Some(place) = self.images.iter().position(same) {
            return Some(place);
        }
        let (source, alt_text) = (image.source.clone(), image.alt_text.clone());
        self.images.push(Wanted {
            id,
            source,
            alt_text,
            pointer,
        });
        Some(self.images.len() - 1)
    }

    fn add_variations(
        &mut self,
        variations: &[Variation],
        matrix: Option<&Matrix>,
        violations: &mut Violations,
    ) {
        let mut of_rows: Vec<Option<usize>> = Vec::new();
        for (place, variation) in variations.iter().enumerate() {
            let pointer = format!("/product/variations/{place}/images");
            if variation.images.len() > 1 {
                violations.add(&pointer, "too-many", "Etsy shows one image for a variation");
            }
            let first = variation.images.first();
            of_rows
                .push(first.and_then(|image| self.add(image, format!("{pointer}/0"), violations)));
        }
        let rows: &[Row] = matrix.map_or(&[], |matrix| &matrix.rows);
        let axes = rows.first().map_or(0, |row| row.values.len());
        let explained = (0..axes).find_map(|axis| Some((axis, by_value(rows, &of_rows, axis)?)));
        match explained {
            Some(by_value) => self.by_value = Some(by_value),
            None if axes == 0 => {} // The only variation shows the listing's images.
            None => violations.add(
                "/product/variations",
                "images-differ",
                "Etsy shows variations' images by the values of one axis: variations that share a value \
                 of it share its image",
            ),
        }
    }
}

/// The image of each value of an axis, where the axis explains them.
fn by_value(rows: &[Row], images: &[Option<usize>], axis: usize) -> Option<Vec<(String, usize)>> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for (row, image) in rows.iter().zip(images) {
        let (Some(value), Some(image)) = (row.values.get(axis), image) else {
            continue;
        };
        let text = value.text();
        match found.iter().find(|(known, _)| *known == text) {
            Some((_, known)) if known == image => {}
            Some(_) => return None,
            None => found.push((text, *image)),
        }
    }
    Some(found)
}

/// An image of a listing, with its rank.
#[must_use]
pub fn image(object: &Object<'_>) -> (i64, Image) {
    let image = Image {
        id: object.text("listing_image_id"),
        source: object
            .words("url_fullxfull")
            .or_else(|| object.words("url_570xN"))
            .unwrap_or_default(),
        alt_text: object.words("alt_text").map(super::text::decode),
    };
    (object.integer("rank").unwrap_or(i64::MAX), image)
}

/// A listing's images in the order shown.
#[must_use]
pub fn images(objects: &[Object<'_>]) -> Vec<Image> {
    let mut ranked: Vec<(i64, Image)> = objects.iter().map(image).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, image)| image).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::axis::AxisValue;
    use crate::convert::variation_image::pairs;
    use stoflow_plugin_sdk::Decimal;

    fn image(source: &str) -> Image {
        Image {
            id: None,
            source: source.into(),
            alt_text: None,
        }
    }

    fn row(texts: &[&str]) -> Row {
        let value = |(place, text): (usize, &&str)| AxisValue {
            property: Id::parse(["200", "513"][place]).unwrap(),
            name: None,
            scale: None,
            value_ids: vec![Id::parse(&format!("{}", 10 + text.len())).unwrap()],
            values: vec![(*text).to_owned()],
        };
        Row {
            sku: String::new(),
            values: texts.iter().enumerate().map(value).collect(),
            price: Some(Decimal::ZERO),
            currency: None,
            quantity: 1,
            enabled: true,
            readiness: None,
            product_id: None,
            offering_id: None,
        }
    }

    fn variation(images: Vec<Image>) -> Variation {
        Variation {
            id: None,
            sku: None,
            choices: Vec::new(),
            price: None,
            quantity: 1,
            hidden: false,
            images,
            identifiers: Vec::new(),
            extension: None,
        }
    }

    #[test]
    fn a_variations_image_is_put_behind_the_products_once() {
        let rows = vec![
            row(&["Blue", "S"]),
            row(&["Blue", "M"]),
            row(&["Crimson", "S"]),
        ];
        let matrix = Matrix {
            rows,
            ..Matrix::default()
        };
        let variations = ["b", "b", "a"].map(|source| variation(vec![image(source)]));
        let mut violations = Violations::default();
        let gallery = Gallery::read(
            Some(&[image("a")]),
            &variations,
            Some(&matrix),
            &mut violations,
        )
        .unwrap();
        assert!(violations.is_empty());
        let sources: Vec<&str> = gallery
            .images
            .iter()
            .map(|image| image.source.as_str())
            .collect();
        assert_eq!(sources, ["a", "b"]);
        let by_value = vec![("Blue".to_owned(), 1), ("Crimson".to_owned(), 0)];
        assert_eq!(gallery.by_value, Some((0, by_value)));
        let ids = ["900", "901"].map(|id| Id::parse(id).unwrap());
        let (pairs, left_out) = pairs(&gallery, &ids, &matrix);
        assert_eq!(
            serde_json::to_string(&pairs).unwrap(),
            r#"[{"property_id":200,"value_id":14,"image_id":901},{"property_id":200,"value_id":17,"image_id":900}]"#
        );
        assert!(left_out.is_empty());
    }

    #[test]
    fn images_that_no_axis_explains_are_refused() {
        let rows = vec![row(&["Blue", "S"]), row(&["Blue", "M"]), row(&["Red", "S"])];
        let matrix = Matrix {
            rows,
            ..Matrix::default()
        };
        let variations = ["a", "b", "c"].map(|source| variation(vec![image(source)]));
        let mut violations = Violations::default();
        let _ = Gallery::read(None, &variations, Some(&matrix), &mut violations);
        assert_eq!(violations.as_slice().first().unwrap().code, "images-differ");
    }

    #[test]
    fn too_many_images_and_bad_ids_are_refused() {
        let images: Vec<Image> = (0..21).map(|n| image(&format!("asset:{n}"))).collect();
        let mut violations = Violations::default();
        let _ = Gallery::read(Some(&images), &[], None, &mut violations);
        let bad = Image {
            id: Some("x/1".into()),
            ..image("")
        };
        let _ = Gallery::read(Some(&[bad, image(" ")]), &[], None, &mut violations);
        let codes: Vec<&str> = violations
            .as_slice()
            .iter()
            .map(|wrong| wrong.code.as_str())
            .collect();
        assert_eq!(codes, ["too-many", "no-such-image", "required"]);
    }

    #[test]
    fn images_are_in_the_order_of_their_ranks() {
        let json = br#"{"images":[{"listing_image_id":2,"rank":2,"url_fullxfull":"https://i/2","alt_text":"a &amp; b"},
            {"listing_image_id":1,"rank":1,"url_fullxfull":null,"url_570xN":"https://i/1","alt_text":""}]}"#;
        let listing = Object::parse(json).unwrap();
        let images = images(&listing.objects("images"));
        let sources: Vec<&str> = images.iter().map(|image| image.source.as_str()).collect();
        assert_eq!(sources, ["https://i/1", "https://i/2"]);
        assert_eq!(images.last().unwrap().alt_text.as_deref(), Some("a & b"));
    }
}
