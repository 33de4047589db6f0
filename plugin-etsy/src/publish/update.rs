//! Makes a listing say what a product says. Only what differs is sent; what the product does not
//! mention is kept. Broken off and done again it ends the same.

use super::attributes::{look_up, remove_others, set, there};
use super::changes::{changes, wanted_matrix};
use super::create::file_id;
use super::images::{ignore_missing, replace};
use super::offers::write_inventory;
use super::policies::resolve_section;
use super::read::{matrix_of, published, variation_images};
use super::sources;
use super::translation::{self, split};
use crate::api;
use crate::convert::extension;
use crate::convert::image::{Gallery, images};
use crate::convert::matrix::Matrix;
use crate::convert::product::{self, Converted, warning};
use crate::convert::product_read::files;
use crate::convert::variation_image::{Pairs, pairs};
use crate::id::Id;
use crate::refusal::{at, call, call_all};
use crate::settings::Setup;
use serde_json::Value;
use stoflow_plugin_sdk::http::Response;
use stoflow_plugin_sdk::publish::Published;
use stoflow_plugin_sdk::types::{Error, Product, Warning};
use stoflow_plugin_sdk::{Object, journal};

/// The steps that are reported, at most.
const STEPS: u32 = 6;

/// Makes the listing say what the product says.
pub(super) fn update(id: &Id, product: &Product, setup: &Setup) -> Result<Published, Error> {
    let mut done = 0;
    let warnings = write(id, product, setup, &mut |step| {
        journal::report(step, done, STEPS);
        done = (done + 1).min(STEPS);
    })?;
    let given = product.variations.as_deref();
    let mut published = published(setup.shop()?, id, given.unwrap_or_default(), warnings)?;
    if given.is_none() {
        published.variations = Vec::new();
    }
    Ok(published)
}

/// Writes what differs.
pub(super) fn write(
    id: &Id,
    product: &Product,
    setup: &Setup,
    report: &mut impl FnMut(&str),
) -> Result<Vec<Warning>, Error> {
    report("read");
    let mut change = Change::read(id, product, setup)?;
    sources::check(&change.converted, 0, 0)?;
    report("fields");
    change.fields(setup)?;
    report("images");
    let images = change.images(product)?;
    change.files()?;
    report("inventory");
    let matrix = change.inventory()?;
    report("attributes");
    change.attributes(&matrix)?;
    change.personalization()?;
    change.variation_images(&images, &matrix)?;
    Ok(change.warnings)
}

/// A change of one listing, and what the listing was before.
struct Change {
    shop: Id,
    id: Id,
    listing: Response,
    before: Matrix,
    converted: Converted,
    warnings: Vec<Warning>,
}

impl Change {
    fn read(id: &Id, product: &Product, setup: &Setup) -> Result<Self, Error> {
        let shop = setup.shop()?.clone();
        let requests = vec![api::listing_with_personalization(id), api::inventory(id)];
        let mut replies = call_all(requests).into_iter();
        let unanswered = || Error::Unavailable("a request was not answered".into());
        let listing = replies.next().ok_or_else(unanswered)??;
        let inventory = replies.next().ok_or_else(unanswered)?;
        let before = matrix_of(inventory, &listing.object()?)?;
        let converted = product::update(product, &listing.object()?, Some(&before), setup)?;
        let warnings = converted.warnings.clone();
        Ok(Self {
            shop,
            id: id.clone(),
            listing,
            before,
            converted,
            warnings,
        })
    }

    fn fields(&mut self, setup: &Setup) -> Result<(), Error> {
        let section = resolve_section(&self.converted, setup)?;
        let listing = self.listing.object()?;
        if let Some(language) = self.converted.language.clone() {
            let (text, others) = split(std::mem::take(&mut self.converted.form));
            self.converted.form = others;
            translation::write(&self.shop, &self.id, &language, &text, &listing)?;
        }
        let (form, warnings) = changes(&self.converted, &listing, section.as_ref(), setup.year);
        self.warnings.extend(warnings);
        if form.is_empty() {
            return Ok(());
        }
        call(api::update_listing(&self.shop, &self.id, form)).map(|_| ())
    }

    /// The ids of the gallery's images, in its order.
    fn images(&mut self, product: &Product) -> Result<Vec<Id>, Error> {
        let Some(gallery) = &self.converted.gallery else {
            return Ok(Vec::new());
        };
        let listing = self.listing.object()?;
        self.warnings.extend(alt_texts(gallery, &listing));
        if product.images.is_some() {
            return replace(&self.shop, &self.id, gallery, &listing);
        }
        // Variations point to images that are there.
        Ok(gallery
            .images
            .iter()
            .filter_map(|wanted| wanted.id.clone())
            .collect())
    }

    /// Makes the files those that are wanted. New ones come first: without any file Etsy turns a
    /// download into goods that are shipped.
    fn files(&self) -> Result<(), Error> {
        let Some(wanted) = &self.converted.files else {
            return Ok(());
        };
        let reply = call(api::files(&self.shop, &self.id))?;
        let there = files(&reply.object()?);
        let there: Vec<Id> = there
            .iter()
            .filter_map(|file| Id::parse(file.id.as_deref()?))
            .collect();
        let is_there = |id: &Option<Id>| id.as_ref().is_some_and(|id| there.contains(id));
        for (place, file) in wanted
            .iter()
            .enumerate()
            .filter(|(_, file)| !is_there(&file.id))
        {
            let (source, name) = (&file.source, &file.name);
            let request = api::upload_file(&self.shop, &self.id, source, name, place + 1);
            let added = call(request).and_then(|reply| file_id(&reply));
            added.map_err(|error| at(&file.pointer, error))?;
        }
        let kept = |id: &&Id| wanted.iter().any(|file| file.id.as_ref() == Some(*id));
        for gone in there.iter().filter(|id| !kept(id)) {
            ignore_missing(call(api::delete_file(&self.shop, &self.id, gone)))?;
        }
        Ok(())
    }

    /// The inventory as it then is.
    fn inventory(&mut self) -> Result<Matrix, Error> {
        let after = wanted_matrix(&self.converted, &self.before);
        if after == self.before {
            return Ok(after);
        }
        let warnings = write_inventory(&self.shop, &self.id, &self.before, after)?;
        self.warnings.extend(warnings);
        matrix_of(call(api::inventory(&self.id)), &self.listing.object()?)
    }

    fn attributes(&mut self, matrix: &Matrix) -> Result<(), Error> {
        let Some(wanted) = &self.converted.attributes else {
            return Ok(());
        };
        let of_listing = Id::parse(
            &self
                .listing
                .object()?
                .text("taxonomy_id")
                .unwrap_or_default(),
        );
        let category = self.converted.category.clone().or(of_listing);
        let (properties, left_out) = look_up(wanted, category.as_ref())?;
        let there = there(&self.shop, &self.id)?;
        let complete = left_out.is_empty();
        self.warnings.extend(left_out);
        set(&self.shop, &self.id, &properties, &there)?;
        // Where one could not be resolved, what is there may be it.
        if complete {
            remove_others(&self.shop, &self.id, &properties, &there, &matrix.axes())?;
        }
        Ok(())
    }

    fn personalization(&self) -> Result<(), Error> {
        let Some(questions) = self.converted.personalization.as_ref() else {
            return Ok(());
        };
        let there =
            extension::of_listing(&self.listing.object()?).remove("personalization_questions");
        let body = questions
            .as_deref()
            .and_then(|json| serde_json::from_str::<Value>(json).ok());
        let wanted = body
            .as_ref()
            .and_then(|body| body.get("personalization_questions"));
        if wanted == there.as_ref() {
            return Ok(());
        }
        personalization(&self.shop, &self.id, questions.as_deref())
    }

    /// The images of variations, where the product speaks of variations that differ.
    fn variation_images(&mut self, ids: &[Id], matrix: &Matrix) -> Result<(), Error> {
        if self.converted.matrix.is_none() || matrix.axes().is_empty() {
            return Ok(());
        }
        let none = Gallery::default();
        let gallery = self.converted.gallery.as_ref().unwrap_or(&none);
        let (wanted, missing) = pairs(gallery, ids, matrix);
        self.warnings.extend(left_out(&missing));
        if variation_images(&self.shop, &self.listing.object()?, &self.id)?.pairs() == wanted {
            return Ok(());
        }
        let request = api::update_variation_images(&self.shop, &self.id, &Pairs::new(wanted));
        call(request).map(|_| ())
    }
}

/// Etsy sets an alternative text with the upload only.
fn alt_texts(gallery: &Gallery, listing: &Object<'_>) -> Vec<Warning> {
    let there = images(&listing.objects("images"));
    let differs = gallery.images.iter().filter(|wanted| {
        let id = wanted.id.as_ref().map(Id::as_str);
        let known = there
            .iter()
            .find(|image| id.is_some() && image.id.as_deref() == id);
        let (known, text) = (
            known.map(|image| image.alt_text.as_deref()),
            wanted.alt_text.as_deref(),
        );
        known.is_some_and(|known| text.is_some_and(|text| known.unwrap_or_default() != text))
    });
    let message = "Etsy takes an alternative text with the upload only; it is kept";
    let field = |pointer: &str| format!("{pointer}/alt_text");
    differs
        .map(|wanted| warning("cannot-change", message, &field(&wanted.pointer)))
        .collect()
}

/// Sets or removes the questions to the buyer.
pub(super) fn personalization(shop: &Id, id: &Id, questions: Option<&str>) -> Result<(), Error> {
    let body = questions
        .map(serde_json::from_str::<Value>)
        .transpose()
        .map_err(|error| {
            let pointer = extension::pointer("personalization_questions");
            Error::invalid(&pointer, "not-json", error.to_string())
        })?;
    match body {
        Some(body) => call(api::update_personalization(shop, id, &body)).map(|_| ()),
        None => ignore_missing(call(api::delete_personalization(shop, id))),
    }
}

/// The warning for values to which Etsy gave no id.
pub(super) fn left_out(values: &[String]) -> Option<Warning> {
    (!values.is_empty()).then(|| {
        let message = format!(
            "Etsy gave no id to the values {}, so that their variations show the listing's images",
            values.join(", ")
        );
        warning("image-left-out", &message, "/product/variations")
    })
}
