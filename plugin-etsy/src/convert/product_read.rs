//! A listing as a product: all that it says, as a change would write it.

use super::axis::AxisValue;
use super::extension::of_listing;
use super::image::images;
use super::matrix::Matrix;
use super::measures::{dimensions, weight};
use super::text::decode;
use super::variation_image::VariationImages;
use serde_json::Value;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::types::{Attribute, File, PolicyKind, PolicyRef, Product, Text};

/// What Etsy has of a listing in several documents.
#[derive(Debug, Default)]
pub struct Parts {
    /// Its inventory.
    pub matrix: Matrix,
    /// Its attributes.
    pub properties: Vec<AxisValue>,
    /// What its variations show.
    pub variation_images: VariationImages,
    /// What its buyers download; `None` for goods that are shipped.
    pub files: Option<Vec<File>>,
}

/// The product that a listing shows.
#[must_use]
pub fn product(listing: &Object<'_>, parts: &Parts) -> Product {
    let text = |name: &str| listing.text(name).map(|text| decode(&text));
    let list = |name: &str| listing.texts(name).iter().map(decode).collect();
    let extension = of_listing(listing);
    Product {
        title: text("title"),
        description: text("description").map(Text::Plain),
        locale: listing.words("language"),
        category: listing.words("taxonomy_id"),
        condition: None,
        condition_note: None,
        brand: None,
        attributes: Some(attributes(parts)),
        tags: Some(list("tags")),
        materials: Some(list("materials")),
        images: Some(images(&listing.objects("images"))),
        files: parts.files.clone(),
        variations: Some(parts.matrix.variations(&parts.variation_images)),
        weight: weight(listing),
        dimensions: dimensions(listing),
        policies: policies(listing, &parts.matrix),
        sections: Some(listing.words("shop_section_id").into_iter().collect()),
        extension: (!extension.is_empty()).then(|| Value::Object(extension).to_string()),
    }
}

/// The properties that describe the listing as a whole; those that set variations apart are theirs.
fn attributes(parts: &Parts) -> Vec<Attribute> {
    let axes = parts.matrix.axes();
    let whole = parts
        .properties
        .iter()
        .filter(|value| !axes.contains(&value.property));
    whole.map(AxisValue::attribute).collect()
}

/// The files of a digital listing.
#[must_use]
pub fn files(list: &Object<'_>) -> Vec<File> {
    let mut ranked: Vec<(i64, File)> = list
        .objects("results")
        .iter()
        .map(|file| {
            let name = file.words("filename").unwrap_or_default();
            let rank = file.integer("rank").unwrap_or(i64::MAX);
            (
                rank,
                File {
                    id: file.text("listing_file_id"),
                    source: String::new(),
                    name,
                },
            )
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, file)| file).collect()
}

fn policies(listing: &Object<'_>, matrix: &Matrix) -> Vec<PolicyRef> {
    let mut readiness = matrix.rows.iter().map(|row| row.readiness.clone());
    let first = readiness.next().flatten();
    let common = first.filter(|first| readiness.all(|other| other.as_ref() == Some(first)));
    let refs = [
        (PolicyKind::Shipping, listing.words("shipping_profile_id")),
        (PolicyKind::Returns, listing.words("return_policy_id")),
        (PolicyKind::Processing, common.map(|id| id.to_string())),
    ];
    let known = refs
        .into_iter()
        .filter_map(|(kind, id)| Some(PolicyRef { kind, id: id? }));
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::product::update;
    use crate::settings::Setup;
    use stoflow_plugin_sdk::types::{LengthUnit, Weight, WeightUnit};

    const LISTING: &str = r#"{"listing_id":1,"title":"Mug &amp; saucer","description":"A mug.\nBlue.","state":"active",
        "listing_type":"physical","taxonomy_id":1234,"tags":["mug","stone ware"],"materials":["clay"],"language":"en",
        "who_made":"i_did","when_made":"2020_2026","is_supply":false,"should_auto_renew":true,"is_taxable":true,
        "shipping_profile_id":11,"return_policy_id":12,"shop_section_id":13,
        "item_weight":"0.45","item_weight_unit":"kg","item_length":10,"item_width":9.5,"item_height":8,"item_dimensions_unit":"inches",
        "images":[{"listing_image_id":900,"rank":1,"url_fullxfull":"https://i/900","alt_text":"front"}]}"#;
    const INVENTORY: &str = r#"{"products":[{"product_id":1,"sku":"M","property_values":[{"property_id":513,"property_name":"Size","value_ids":[7],"values":["S"]}],
        "offerings":[{"offering_id":1,"quantity":3,"is_enabled":true,"price":{"amount":1850,"divisor":100,"currency_code":"EUR"},"readiness_state_id":71}]}],
        "price_on_property":[],"quantity_on_property":[513],"sku_on_property":[513]}"#;

    fn parts() -> Parts {
        let property = Object::parse(
            br#"{"property_id":200,"property_name":"Color","value_ids":[2],"values":["Blue"]}"#,
        )
        .unwrap();
        let axis = Object::parse(
            br#"{"property_id":513,"property_name":"Size","value_ids":[7],"values":["S"]}"#,
        )
        .unwrap();
        Parts {
            matrix: Matrix::read(&Object::parse(INVENTORY.as_bytes()).unwrap()),
            properties: [property, axis]
                .iter()
                .filter_map(AxisValue::read)
                .collect(),
            ..Parts::default()
        }
    }

    #[test]
    fn a_product_says_all_that_the_listing_says() {
        let product = product(&Object::parse(LISTING.as_bytes()).unwrap(), &parts());
        assert_eq!(product.title.as_deref(), Some("Mug & saucer"));
        assert_eq!(product.attributes.as_ref().unwrap().len(), 1);
        assert_eq!(
            product.weight,
            Some(Weight {
                value: "0.45".into(),
                unit: WeightUnit::Kg
            })
        );
        assert_eq!(product.dimensions.as_ref().unwrap().unit, LengthUnit::In);
        assert_eq!(product.dimensions.as_ref().unwrap().width, "9.5");
        let ids: Vec<&str> = product
            .policies
            .iter()
            .map(|policy| policy.id.as_str())
            .collect();
        assert_eq!(ids, ["11", "12", "71"]);
        assert_eq!(product.files, None);
    }

    #[test]
    fn a_product_that_was_read_is_a_change_without_faults_or_warnings() {
        let listing = Object::parse(LISTING.as_bytes()).unwrap();
        let parts = parts();
        let product = product(&listing, &parts);
        let setup = Setup {
            year: 2026,
            currency: Some("EUR".into()),
            ..Setup::default()
        };
        let converted = update(&product, &listing, Some(&parts.matrix), &setup).unwrap();
        assert_eq!(converted.warnings, []);
        let written = converted.matrix.unwrap();
        assert_eq!(written.varies, parts.matrix.varies);
        assert_eq!(
            serde_json::to_string(&written.body().unwrap()).unwrap(),
            serde_json::to_string(&parts.matrix.body().unwrap()).unwrap()
        );
    }
}
