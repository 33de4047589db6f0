//! What a draft lacks to be the product: images and files one after the other, the inventory,
//! attributes, questions to the buyer.

use super::Creation;
use crate::api;
use crate::convert::image::Gallery;
use crate::convert::matrix::Matrix;
use crate::convert::product_read::files;
use crate::convert::variation_image::{Pairs, pairs};
use crate::id::Id;
use crate::publish::images::{arrived, there, upload};
use crate::publish::policies::Resolved;
use crate::publish::{attributes, update};
use crate::refusal::{at, call};
use stoflow_plugin_sdk::http::Response;
use stoflow_plugin_sdk::types::Error;

impl Creation<'_> {
    /// Everything that the draft does not have yet. What can be repeated is.
    pub(super) fn fill(&mut self, id: &Id, policies: &Resolved) -> Result<(), Error> {
        if self.progress.complete {
            return Ok(());
        }
        if let Some(gallery) = self.converted.gallery.clone() {
            self.images(id, &gallery)?;
        }
        self.files(id)?;
        self.steps.report("inventory");
        let matrix = self.inventory(id, policies)?;
        self.attributes(id)?;
        self.personalization(id)?;
        self.variation_images(id, &matrix)
    }

    fn images(&mut self, id: &Id, gallery: &Gallery) -> Result<(), Error> {
        let total = gallery.images.len();
        for (place, wanted) in gallery.images.iter().enumerate() {
            self.steps
                .report(&format!("image {} of {total}", place + 1));
            if self.progress.images.len() > place {
                continue;
            }
            if self.progress.image_begun == Some(place)
                && let Some(image) = arrived(&there(id)?, &self.progress.images, wanted)?
            {
                self.progress.images.push(image);
                continue;
            }
            self.progress.image_begun = Some(place);
            self.save()?;
            let image = match upload(&self.shop, id, wanted, place + 1) {
                Err(Error::Uncertain(why)) => {
                    let there = there(id).map_err(|_| Error::Uncertain(why.clone()))?;
                    arrived(&there, &self.progress.images, wanted)?.ok_or(Error::Uncertain(why))?
                }
                other => {
                    let (added, shown) = other?;
                    self.seen.images.push(shown);
                    added
                }
            };
            self.progress.images.push(image);
        }
        self.progress.image_begun = None;
        self.save()?;
        Ok(())
    }

    fn files(&mut self, id: &Id) -> Result<(), Error> {
        let Some(wanted) = self.converted.files.clone() else {
            return Ok(());
        };
        let total = wanted.len();
        for (place, file) in wanted.iter().enumerate() {
            self.steps.report(&format!("file {} of {total}", place + 1));
            if self.progress.files.len() > place {
                continue;
            }
            if self.progress.file_begun == Some(place)
                && let Some(arrived) = self.file_that_arrived(id, &file.name)?
            {
                self.progress.files.push(arrived);
                continue;
            }
            self.progress.file_begun = Some(place);
            self.save()?;
            let request = api::upload_file(&self.shop, id, &file.source, &file.name, place + 1);
            let file_id = match call(request).and_then(|reply| file_id(&reply)) {
                Err(Error::Uncertain(why)) => self
                    .file_that_arrived(id, &file.name)?
                    .ok_or(Error::Uncertain(why))?,
                other => other.map_err(|error| at(&file.pointer, error))?,
            };
            self.progress.files.push(file_id);
        }
        self.progress.file_begun = None;
        self.save()
    }

    fn file_that_arrived(&self, id: &Id, name: &str) -> Result<Option<Id>, Error> {
        let reply = call(api::files(&self.shop, id))?;
        let there = files(&reply.object()?);
        let of_name = there.iter().filter(|file| file.name == name);
        let mut ids = of_name.filter_map(|file| Id::parse(file.id.as_deref()?));
        Ok(ids.find(|id| !self.progress.files.contains(id)))
    }

    fn inventory(&mut self, id: &Id, policies: &Resolved) -> Result<Matrix, Error> {
        let Some(mut matrix) = self.converted.matrix.clone() else {
            return Ok(Matrix::default());
        };
        for row in &mut matrix.rows {
            if !self.converted.digital && row.readiness.is_none() {
                row.readiness = policies.processing.clone();
            }
        }
        matrix.settle(None);
        let body = matrix.body().map_err(|row| {
            Error::invalid(
                &format!("/product/variations/{row}/price"),
                "required",
                "Etsy takes no variation without a price",
            )
        })?;
        let reply = call(api::update_inventory(id, &body, matrix.axes().len()))?;
        let matrix = Matrix::read(&reply.object()?);
        self.seen.matrix = Some(matrix.clone()).filter(|matrix| !matrix.rows.is_empty());
        Ok(matrix)
    }

    fn attributes(&mut self, id: &Id) -> Result<(), Error> {
        let Some(wanted) = self
            .converted
            .attributes
            .clone()
            .filter(|wanted| !wanted.is_empty())
        else {
            return Ok(());
        };
        self.steps.report("attributes");
        let (properties, warnings) =
            attributes::look_up(&wanted, self.converted.category.as_ref())?;
        self.warnings.extend(warnings);
        attributes::set(&self.shop, id, &properties, &[])
    }

    fn personalization(&mut self, id: &Id) -> Result<(), Error> {
        let Some(Some(questions)) = self.converted.personalization.clone() else {
            return Ok(());
        };
        self.steps.report("personalization");
        update::personalization(&self.shop, id, Some(&questions))
    }

    fn variation_images(&mut self, id: &Id, matrix: &Matrix) -> Result<(), Error> {
        let Some(gallery) = self
            .converted
            .gallery
            .as_ref()
            .filter(|gallery| gallery.by_value.is_some())
        else {
            return Ok(());
        };
        self.steps.report("images of variations");
        let (pairs, left_out) = pairs(gallery, &self.progress.images, matrix);
        self.warnings.extend(update::left_out(&left_out));
        call(api::update_variation_images(
            &self.shop,
            id,
            &Pairs::new(pairs),
        ))
        .map(|_| ())
    }
}

/// The id in the reply to a file's upload.
pub(in crate::publish) fn file_id(reply: &Response) -> Result<Id, Error> {
    let object = reply.object()?;
    let id = object
        .text("listing_file_id")
        .as_deref()
        .and_then(Id::parse);
    id.ok_or_else(|| reply.unexpected("a file without an id"))
}
