//! Which fields of a listing a product would change: what Etsy has already is not sent again.

use crate::api::Form;
use crate::convert::era::era;
use crate::convert::extension;
use crate::convert::matrix::Matrix;
use crate::convert::product::{Converted, warning};
use crate::convert::text::decode;
use crate::id::Id;
use serde_json::Value;
use stoflow_plugin_sdk::types::Warning;
use stoflow_plugin_sdk::{Decimal, Object};

/// What Etsy takes together or not at all.
const TOGETHER: [&[&str]; 3] = [
    &["who_made", "when_made", "is_supply"],
    &["item_weight", "item_weight_unit"],
    &[
        "item_length",
        "item_width",
        "item_height",
        "item_dimensions_unit",
    ],
];

/// Lists that Etsy cannot empty: sent blank, it answers 500.
const NEVER_BLANK: [&str; 2] = ["tags", "materials"];

/// The fields of the form that differ from what the listing says.
#[must_use]
pub fn changes(
    converted: &Converted,
    listing: &Object<'_>,
    section: Option<&Id>,
    year: i64,
) -> (Form, Vec<Warning>) {
    let wanted = wanted(converted, section);
    let said = Value::Object(extension::of_listing(listing)).to_string();
    let said = Object::parse(said.as_bytes()).ok();
    let same = |name: &str, value: &str| says_already(listing, said.as_ref(), name, value, year);
    let mut form: Form = wanted
        .iter()
        .filter(|(name, value)| !same(name, value))
        .cloned()
        .collect();
    for group in TOGETHER {
        let in_group = |(name, _): &&(String, String)| group.contains(&name.as_str());
        if form.iter().any(|field| in_group(&field)) {
            form.retain(|field| !in_group(&field));
            form.extend(wanted.iter().filter(in_group).cloned());
        }
    }
    let mut warnings = Vec::new();
    for name in NEVER_BLANK {
        let count = form.len();
        form.retain(|(field, value)| field != name || !value.is_empty());
        if form.len() < count {
            let message = "Etsy has no way to empty this list; it is kept";
            warnings.push(warning(
                "cannot-clear",
                message,
                &format!("/product/{name}"),
            ));
        }
    }
    if converted.section.as_deref() == Some("") && listing.words("shop_section_id").is_some() {
        let message = "Etsy has no way to take a listing out of its section; it is kept";
        warnings.push(warning("cannot-clear", message, "/product/sections"));
    }
    (form, warnings)
}

/// Everything that the product says of the listing itself.
fn wanted(converted: &Converted, section: Option<&Id>) -> Form {
    let ids = [
        ("shipping_profile_id", converted.policies.shipping.as_ref()),
        ("return_policy_id", converted.policies.returns.as_ref()),
        ("shop_section_id", section),
    ];
    let ids = ids
        .into_iter()
        .filter_map(|(name, id)| Some((name.to_owned(), id?.to_string())));
    converted.form.iter().cloned().chain(ids).collect()
}

/// Whether the listing says this already.
fn says_already(
    listing: &Object<'_>,
    extension: Option<&Object<'_>>,
    name: &str,
    value: &str,
    year: i64,
) -> bool {
    let text = |name: &str| listing.text(name).map(|text| decode(&text));
    match name {
        "title" | "description" => text(name).is_some_and(|there| there.trim() == value.trim()),
        "tags" | "materials" => {
            let there: Vec<String> = listing.texts(name).iter().map(decode).collect();
            there.join(",") == value
        }
        "type" => listing.text("listing_type").as_deref() == Some(value),
        "item_weight" | "item_length" | "item_width" | "item_height" => {
            let number = |text: &str| text.parse::<Decimal>().ok();
            listing
                .text(name)
                .as_deref()
                .and_then(number)
                .is_some_and(|there| Some(there) == number(value))
        }
        "item_dimensions_unit" => match listing.text(name).as_deref() {
            Some("inches") => value == "in",
            there => there == Some(value),
        },
        "when_made" => {
            listing
                .words(name)
                .and_then(|there| era(&there, year))
                .as_deref()
                == Some(value)
        }
        "is_supply" => listing.boolean(name).unwrap_or(false).to_string() == value,
        _ => {
            let of_extension = extension.map(extension::create_form).unwrap_or_default();
            let there = of_extension
                .into_iter()
                .find(|(field, _)| field == name)
                .map(|(_, there)| there);
            there.or_else(|| listing.text(name)).as_deref() == Some(value)
        }
    }
}

/// The inventory that the product asks for: its variations, and one processing profile for those
/// that name none of their own.
#[must_use]
pub fn wanted_matrix(converted: &Converted, before: &Matrix) -> Matrix {
    let mut after = converted.matrix.clone().unwrap_or_else(|| before.clone());
    let known = before.index();
    if let Some(profile) = converted
        .policies
        .processing
        .as_ref()
        .filter(|_| !converted.digital)
    {
        for row in &mut after.rows {
            // A profile that differs from the one before was named by the variation itself.
            let kept = known
                .same(row)
                .is_some_and(|was| was.readiness != row.readiness);
            if converted.matrix.is_none() || !kept {
                row.readiness = Some(profile.clone());
            }
        }
        after.settle(Some(&before.varies));
    }
    after.adopt(before);
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = r#"{"title":"Mom&#39;s coat","description":"Warm.","tags":["wool","red"],"materials":["wool"],
        "taxonomy_id":12,"item_weight":1.2,"item_weight_unit":"kg","item_dimensions_unit":"inches","item_length":4,
        "item_width":3,"item_height":2,"who_made":"i_did","when_made":"2020_2025","is_supply":null,
        "listing_type":"physical","should_auto_renew":true,"shipping_profile_id":11,"shop_section_id":31}"#;

    fn changed(fields: &[(&str, &str)]) -> (Vec<String>, usize) {
        let form = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let converted = Converted {
            form: form.collect(),
            ..Converted::default()
        };
        let listing = Object::parse(LISTING.as_bytes()).unwrap();
        let (form, warnings) = changes(&converted, &listing, None, 2026);
        (
            form.into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
            warnings.len(),
        )
    }

    #[test]
    fn what_etsy_has_already_is_not_sent() {
        let same = [
            ("title", "Mom's coat"),
            ("description", "Warm.\n"),
            ("tags", "wool,red"),
            ("taxonomy_id", "12"),
            ("item_weight", "1.20"),
            ("item_weight_unit", "kg"),
            ("item_dimensions_unit", "in"),
            ("who_made", "i_did"),
            ("when_made", "2020_2026"),
            ("is_supply", "false"),
            ("type", "physical"),
            ("should_auto_renew", "true"),
        ];
        assert_eq!(changed(&same), (Vec::new(), 0));
        assert_eq!(
            changed(&[("title", "Coat"), ("tags", "wool")]).0,
            ["title=Coat", "tags=wool"]
        );
    }

    #[test]
    fn what_belongs_together_is_sent_together() {
        let (form, _) = changed(&[
            ("who_made", "i_did"),
            ("when_made", "1970s"),
            ("is_supply", "false"),
        ]);
        assert_eq!(
            form,
            ["who_made=i_did", "when_made=1970s", "is_supply=false"]
        );
        let (form, _) = changed(&[("item_weight", "1.2"), ("item_weight_unit", "lb")]);
        assert_eq!(form, ["item_weight=1.2", "item_weight_unit=lb"]);
    }

    #[test]
    fn what_cannot_be_cleared_is_kept_and_said() {
        assert_eq!(changed(&[("tags", ""), ("materials", "")]), (Vec::new(), 2));
        let converted = Converted {
            section: Some(String::new()),
            ..Converted::default()
        };
        let listing = Object::parse(LISTING.as_bytes()).unwrap();
        assert_eq!(changes(&converted, &listing, None, 2026).1.len(), 1);
        let section = Id::parse("32");
        let (form, _) = changes(&Converted::default(), &listing, section.as_ref(), 2026);
        assert_eq!(form, [("shop_section_id".to_owned(), "32".to_owned())]);
    }

    const INVENTORY: &str = r#"{"products":[{"product_id":5,"sku":"A","property_values":[],
        "offerings":[{"offering_id":6,"quantity":3,"is_enabled":true,"readiness_state_id":71,
        "price":{"amount":100,"divisor":100,"currency_code":"EUR"}}]}]}"#;

    #[test]
    fn a_processing_profile_goes_to_every_variation_that_names_none() {
        let before = Matrix::read(&Object::parse(INVENTORY.as_bytes()).unwrap());
        let mut converted = Converted::default();
        assert_eq!(wanted_matrix(&converted, &before), before);
        converted.policies.processing = Id::parse("72");
        let row = |matrix: Matrix| matrix.rows.first().unwrap().readiness.clone();
        assert_eq!(row(wanted_matrix(&converted, &before)), Id::parse("72"));
        let mut named = before.clone();
        named.rows.first_mut().unwrap().readiness = Id::parse("73");
        converted.matrix = Some(named);
        assert_eq!(row(wanted_matrix(&converted, &before)), Id::parse("73"));
    }
}
