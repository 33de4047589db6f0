//! Makes a listing say what a product says. Only what differs is sent; what the product does not
//! mention is kept. Broken off and done again it ends the same.

use super::attributes::{look_up, remove_others, set, there};
use super::create::file_id;
use super::images::{ignore_missing, replace};
use super::offers::write_inventory;
use super::policies::resolve_section;
use super::read::{matrix_of, published, variation_images};
use crate::api::{self, Form};
use crate::convert::era::era;
use crate::convert::extension;
use crate::convert::image::{Gallery, Pairs, images, pairs};
use crate::convert::matrix::Matrix;
use crate::convert::product::{self, Converted, WantedFile, warning};
use crate::convert::product_read::files;
use crate::convert::text::decode;
use crate::id::Id;
use crate::refusal::{at, call, call_all};
use crate::settings::Setup;
use serde_json::Value;
use stoflow_plugin_sdk::publish::Published;
use stoflow_plugin_sdk::types::{Error, Product, Warning};
use stoflow_plugin_sdk::{Decimal, Object, journal};

/// Makes the listing say what the product says.
pub(super) fn update(id: &Id, product: &Product, setup: &Setup) -> Result<Published, Error> {
    let shop = setup.shop()?.clone();
    let mut warnings = Vec::new();
    let mut done = 0;
    write(&shop, id, product, setup, &mut warnings, &mut |step| {
        journal::report(step, done, 6);
        done = (done + 1).min(6);
    })?;
    published(
        &shop,
        id,
        product.variations.as_deref().unwrap_or_default(),
        warnings,
    )
    .map(|published| Published {
        variations: if product.variations.is_some() {
            published.variations
        } else {
            Vec::new()
        },
        ..published
    })
}

/// Writes what differs.
pub(super) fn write(
    shop: &Id,
    id: &Id,
    product: &Product,
    setup: &Setup,
    warnings: &mut Vec<Warning>,
    report: &mut impl FnMut(&str),
) -> Result<(), Error> {
    report("read");
    let mut replies = call_all(vec![
        api::listing_with_personalization(id),
        api::inventory(id),
    ])
    .into_iter();
    let missing = || Error::Unavailable("a request was not answered".into());
    let reply = replies.next().ok_or_else(missing)??;
    let listing = reply.object()?;
    let before = matrix_of(replies.next().ok_or_else(missing)?, &listing)?;
    let converted = product::update(product, &listing, Some(&before), setup)?;
    warnings.extend(converted.warnings.clone());
    let section = resolve_section(&converted, setup)?;
    let form = changes(&converted, &listing, section.as_ref(), setup.year, warnings);
    if !form.is_empty() {
        report("fields");
        call(api::update_listing(shop, id, form))?;
    }
    let uploaded = match &converted.gallery {
        Some(gallery) if product.images.is_some() => {
            alt_texts(gallery, &listing, warnings);
            replace(shop, id, gallery, &listing, |image, of| {
                report(&format!("image {image} of {of}"))
            })?
        }
        Some(gallery) => add_missing(shop, id, gallery, &listing)?,
        None => Vec::new(),
    };
    if let Some(wanted) = &converted.files {
        write_files(shop, id, wanted)?;
    }
    let after = wanted_matrix(&converted, &before);
    let mut matrix = before.clone();
    if after != before {
        report("inventory");
        warnings.extend(write_inventory(shop, id, &before, after)?);
        matrix = matrix_of(call(api::inventory(id)), &listing)?;
    }
    if let Some(wanted) = &converted.attributes {
        report("attributes");
        write_attributes(shop, id, wanted, &converted, &listing, &matrix, warnings)?;
    }
    if let Some(questions) = &converted.personalization {
        write_personalization(shop, id, questions.as_deref(), &listing)?;
    }
    if let Some(gallery) = converted
        .gallery
        .as_ref()
        .filter(|gallery| gallery.by_value.is_some())
    {
        write_variation_images(shop, id, gallery, &uploaded, &matrix, &listing, warnings)?;
    }
    Ok(())
}

/// The fields of the form that differ from what the listing says.
fn changes(
    converted: &Converted,
    listing: &Object<'_>,
    section: Option<&Id>,
    year: i64,
    warnings: &mut Vec<Warning>,
) -> Form {
    let mut wanted = converted.form.clone();
    let policies = [
        ("shipping_profile_id", &converted.policies.shipping),
        ("return_policy_id", &converted.policies.returns),
    ];
    for (name, id) in policies {
        wanted.extend(id.as_ref().map(|id| (name.to_owned(), id.to_string())));
    }
    wanted.extend(section.map(|id| ("shop_section_id".to_owned(), id.to_string())));
    if converted.section.as_deref() == Some("") && listing.words("shop_section_id").is_some() {
        warnings.push(warning(
            "cannot-clear",
            "Etsy has no way to take a listing out of its section; it is kept",
            "/product/sections",
        ));
    }
    let said = Value::Object(extension::of_listing(listing)).to_string();
    let said = Object::parse(said.as_bytes()).ok();
    let same = |name: &str, value: &str| says_already(listing, said.as_ref(), name, value, year);
    let mut form: Form = wanted
        .iter()
        .filter(|(name, value)| !same(name, value))
        .cloned()
        .collect();
    // Etsy takes these together or not at all.
    for group in [
        ["who_made", "when_made", "is_supply"].as_slice(),
        &["item_weight", "item_weight_unit"],
        &[
            "item_length",
            "item_width",
            "item_height",
            "item_dimensions_unit",
        ],
    ] {
        if form.iter().any(|(name, _)| group.contains(&name.as_str())) {
            form.retain(|(name, _)| !group.contains(&name.as_str()));
            form.extend(
                wanted
                    .iter()
                    .filter(|(name, _)| group.contains(&name.as_str()))
                    .cloned(),
            );
        }
    }
    // A blank list makes Etsy answer 500.
    for name in ["tags", "materials"] {
        if form
            .iter()
            .any(|(field, value)| field == name && value.is_empty())
        {
            form.retain(|(field, _)| field != name);
            warnings.push(warning(
                "cannot-clear",
                "Etsy has no way to empty this list; it is kept",
                &format!("/product/{name}"),
            ));
        }
    }
    form
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
            let there: Vec<String> = listing
                .texts(name)
                .iter()
                .map(|item| decode(item))
                .collect();
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

/// The inventory that the product asks for: its variations, and the processing profile for all.
fn wanted_matrix(converted: &Converted, before: &Matrix) -> Matrix {
    let mut after = converted.matrix.clone().unwrap_or_else(|| before.clone());
    if let Some(processing) = converted
        .policies
        .processing
        .as_ref()
        .filter(|_| !converted.digital)
    {
        let own: Vec<bool> = after
            .rows
            .iter()
            .map(|row| converted.matrix.is_some() && row.readiness.is_some())
            .collect();
        let differs = after
            .rows
            .iter()
            .any(|row| row.readiness.as_ref() != Some(processing));
        if differs {
            for (row, has_own) in after.rows.iter_mut().zip(own) {
                if !has_own || converted.matrix.is_none() {
                    row.readiness = Some(processing.clone());
                }
            }
        }
        after.settle(Some(&before.varies));
    }
    // Ids that Etsy mints anew, and currencies, say nothing about what is wanted.
    for row in &mut after.rows {
        let same = before.rows.iter().find(|other| other.id() == row.id());
        row.product_id = same.and_then(|other| other.product_id.clone());
        row.offering_id = same.and_then(|other| other.offering_id.clone());
        row.currency = same.and_then(|other| other.currency.clone());
        let known = same.map(|other| other.values.clone()).unwrap_or_default();
        for value in &mut row.values {
            let there = known
                .iter()
                .find(|there| there.property == value.property && there.values == value.values);
            if let Some(there) = there {
                if value.value_ids.is_empty() {
                    value.value_ids.clone_from(&there.value_ids);
                }
                value.scale = value.scale.take().or_else(|| there.scale.clone());
                if there
                    .name
                    .as_deref()
                    .is_some_and(|name| value.name.as_deref().is_none_or(|other| other == name))
                {
                    value.name.clone_from(&there.name);
                }
            }
        }
    }
    after
}

/// Etsy sets an alternative text with the upload only.
fn alt_texts(gallery: &Gallery, listing: &Object<'_>, warnings: &mut Vec<Warning>) {
    let there = images(&listing.objects("images"));
    for wanted in &gallery.images {
        let Some(id) = &wanted.id else { continue };
        let known = there
            .iter()
            .find(|image| image.id.as_deref() == Some(id.as_str()));
        if let (Some(known), Some(text)) = (known, wanted.alt_text.as_deref())
            && known.alt_text.as_deref().unwrap_or_default() != text
        {
            warnings.push(warning(
                "cannot-change",
                "Etsy takes an alternative text with the upload only; it is kept",
                &format!("{}/alt_text", wanted.pointer),
            ));
        }
    }
}

/// Images that only variations mention, behind those that are there.
fn add_missing(
    shop: &Id,
    id: &Id,
    gallery: &Gallery,
    listing: &Object<'_>,
) -> Result<Vec<Id>, Error> {
    let mut count = listing.objects("images").len();
    let mut ids = Vec::new();
    for wanted in &gallery.images {
        match &wanted.id {
            Some(known) => ids.push(known.clone()),
            None => {
                count += 1;
                ids.push(super::images::upload(shop, id, wanted, count)?);
            }
        }
    }
    Ok(ids)
}

/// Makes the files those that are wanted. New ones come first: without any file Etsy turns a
/// download into goods that are shipped.
fn write_files(shop: &Id, id: &Id, wanted: &[WantedFile]) -> Result<(), Error> {
    let reply = call(api::files(shop, id))?;
    let there = files(&reply.object()?);
    let there: Vec<Id> = there
        .iter()
        .filter_map(|file| Id::parse(file.id.as_deref()?))
        .collect();
    for (place, file) in wanted.iter().enumerate() {
        if file.id.as_ref().is_some_and(|known| there.contains(known)) {
            continue;
        }
        let request = api::upload_file(shop, id, &file.source, &file.name, place + 1);
        call(request)
            .and_then(|reply| file_id(&reply))
            .map_err(|error| at(&file.pointer, error))?;
    }
    for gone in there
        .iter()
        .filter(|there| !wanted.iter().any(|file| file.id.as_ref() == Some(there)))
    {
        ignore_missing(call(api::delete_file(shop, id, gone)))?;
    }
    Ok(())
}

fn write_attributes(
    shop: &Id,
    id: &Id,
    wanted: &[stoflow_plugin_sdk::types::Attribute],
    converted: &Converted,
    listing: &Object<'_>,
    matrix: &Matrix,
    warnings: &mut Vec<Warning>,
) -> Result<(), Error> {
    let category = converted
        .category
        .clone()
        .or_else(|| Id::parse(&listing.text("taxonomy_id")?));
    let (properties, left_out) = look_up(wanted, category.as_ref())?;
    let there = there(shop, id)?;
    let complete = left_out.is_empty();
    warnings.extend(left_out);
    set(shop, id, &properties, &there)?;
    // Where one could not be resolved, what is there may be it.
    if complete {
        remove_others(shop, id, &properties, &there, &matrix.axes())
    } else {
        Ok(())
    }
}

fn write_personalization(
    shop: &Id,
    id: &Id,
    questions: Option<&str>,
    listing: &Object<'_>,
) -> Result<(), Error> {
    let there = extension::of_listing(listing).remove("personalization_questions");
    let wanted = questions.and_then(|json| serde_json::from_str::<Value>(json).ok());
    let wanted =
        wanted.and_then(|mut body| body.get_mut("personalization_questions").map(Value::take));
    if wanted == there {
        Ok(())
    } else {
        personalization(shop, id, questions)
    }
}

/// Sets or removes the questions to the buyer.
pub(super) fn personalization(shop: &Id, id: &Id, questions: Option<&str>) -> Result<(), Error> {
    let body = questions.map(serde_json::from_str::<Value>).transpose();
    let body = body.map_err(|error| {
        Error::invalid(
            &extension::pointer("personalization_questions"),
            "not-json",
            error.to_string(),
        )
    })?;
    match body {
        Some(body) => call(api::update_personalization(shop, id, &body)).map(|_| ()),
        None => ignore_missing(call(api::delete_personalization(shop, id))),
    }
}

fn write_variation_images(
    shop: &Id,
    id: &Id,
    gallery: &Gallery,
    ids: &[Id],
    matrix: &Matrix,
    listing: &Object<'_>,
    warnings: &mut Vec<Warning>,
) -> Result<(), Error> {
    let (wanted, missing) = pairs(gallery, ids, matrix);
    warnings.extend(left_out(&missing));
    if variation_images(shop, listing, id)?.pairs() == wanted {
        return Ok(());
    }
    call(api::update_variation_images(shop, id, &Pairs::new(wanted))).map(|_| ())
}

/// The warning for values to which Etsy gave no id.
pub(super) fn left_out(values: &[String]) -> Option<Warning> {
    (!values.is_empty()).then(|| Warning {
        code: "image-left-out".to_owned(),
        message: format!(
            "Etsy gave no id to the values {}, so that their variations show the listing's images",
            values.join(", ")
        ),
        field: Some("/product/variations".to_owned()),
    })
}
