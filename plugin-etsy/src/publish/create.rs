//! The creation of a listing, in steps that a later call can take up wherever an earlier one broke
//! off: at most one draft for a key, each image once, and an activation that is paid once.

use super::images::{arrived, order, there, upload};
use super::policies::{Resolved, resolve};
use super::preview::draft_form;
use super::progress::{Progress, doubt, ownership};
use super::read::{listing_by_id, listing_of, published};
use super::trace::{self, Intent, Verdict};
use super::{attributes, state, update};
use crate::api::{self, Form};
use crate::convert::image::{Gallery, Pairs, pairs};
use crate::convert::matrix::Matrix;
use crate::convert::product::{self, Converted};
use crate::convert::product_read::files;
use crate::date::{http_date, now};
use crate::fingerprint::Fingerprint;
use crate::id::Id;
use crate::limits::{OFFSET, PAGE};
use crate::refusal::{at, call};
use crate::settings::Setup;
use stoflow_plugin_sdk::http::Response;
use stoflow_plugin_sdk::journal::{self, Checkpoint};
use stoflow_plugin_sdk::publish::{Published, Target};
use stoflow_plugin_sdk::types::{Error, ListingState, Product, Variation, Warning};
use stoflow_plugin_sdk::{Object, log};

/// Creates the listing of a key, or finishes or finds the one that there is.
pub(super) fn create(key: &str, product: &Product, target: Target) -> Result<Published, Error> {
    let setup = Setup::current();
    let converted = product::create(product, target, &setup)?;
    let shop = setup.shop()?.clone();
    let (entry, progress) = Checkpoint::load(&format!("create/{key}"))?;
    let progress: Progress = progress.unwrap_or_default();
    let steps = Steps::of(&converted, target);
    let mut creation = Creation {
        shop,
        setup,
        product,
        target,
        warnings: converted.warnings.clone(),
        converted,
        entry,
        progress,
        steps,
    };
    creation.run()
}

struct Creation<'a> {
    shop: Id,
    setup: Setup,
    product: &'a Product,
    target: Target,
    converted: Converted,
    entry: Checkpoint<Progress>,
    progress: Progress,
    steps: Steps,
    warnings: Vec<Warning>,
}

/// For whoever is waiting.
struct Steps {
    done: u32,
    total: u32,
}

impl Steps {
    fn of(converted: &Converted, target: Target) -> Self {
        let images = converted
            .gallery
            .as_ref()
            .map_or(0, |gallery| gallery.images.len());
        let files = converted.files.as_ref().map_or(0, Vec::len);
        let extra = [
            converted
                .attributes
                .as_ref()
                .is_some_and(|attributes| !attributes.is_empty()),
            converted.personalization.is_some(),
            converted
                .gallery
                .as_ref()
                .is_some_and(|gallery| gallery.by_value.is_some()),
            target == Target::Active,
        ];
        // The draft, the inventory and the reading back are always there.
        let total = 3 + images + files + extra.iter().filter(|step| **step).count();
        Self {
            done: 0,
            total: u32::try_from(total).unwrap_or(u32::MAX),
        }
    }

    fn report(&mut self, step: &str) {
        journal::report(step, self.done, self.total);
        self.done = self.done.saturating_add(1).min(self.total);
    }
}

impl<'a> Creation<'a> {
    fn run(&mut self) -> Result<Published, Error> {
        self.drop_what_is_gone()?;
        if self.progress.finished
            && let Some(id) = self.progress.listing.clone()
        {
            return self.stands_already(&id);
        }
        self.steps.report("draft");
        let policies = match self.progress.policies.clone() {
            Some(policies) => policies,
            None => resolve(&self.converted, self.target, &self.setup)?,
        };
        let id = match self.progress.listing.clone() {
            Some(id) => id,
            None => self.draft(&policies)?,
        };
        if self.progress.product == self.says() {
            self.fill(&id, &policies)?;
        } else {
            // The caller has changed the product since the draft was begun.
            update::write(
                &self.shop,
                &id,
                self.product,
                &self.setup,
                &mut self.warnings,
                &mut |step| self.steps.report(step),
            )?;
            self.progress.product = self.says();
        }
        self.progress.complete = true;
        self.save()?;
        self.publish(&id)?;
        self.steps.report("read back");
        let published = published(
            &self.shop,
            &id,
            self.variations(),
            std::mem::take(&mut self.warnings),
        )?;
        self.progress.finished = true;
        self.save()?;
        journal::report("done", self.steps.total, self.steps.total);
        Ok(published)
    }

    fn variations(&self) -> &'a [Variation] {
        self.product.variations.as_deref().unwrap_or_default()
    }

    fn save(&self) -> Result<(), Error> {
        self.entry.save(&self.progress)
    }

    fn warn(&mut self, code: &str, message: String, field: Option<&str>) {
        self.warnings.push(Warning {
            code: code.to_owned(),
            message,
            field: field.map(str::to_owned),
        });
    }

    /// What the product says, to notice that a later call says something else.
    fn says(&self) -> String {
        let fields = draft_form(&self.converted);
        let mut sum = Fingerprint::default();
        for (name, value) in &fields {
            sum = sum.part(name).part(value);
        }
        let Converted {
            matrix,
            gallery,
            files,
            attributes,
            personalization,
            policies,
            section,
            ..
        } = &self.converted;
        let inventory = matrix
            .as_ref()
            .and_then(|matrix| serde_json::to_string(&matrix.body().ok()?).ok());
        sum = sum.part(&inventory.unwrap_or_default());
        sum.part(&format!(
            "{gallery:?} {files:?} {attributes:?} {personalization:?} {policies:?} {section:?}"
        ))
        .text()
    }

    /// A listing that somebody has deleted since is made again.
    fn drop_what_is_gone(&mut self) -> Result<(), Error> {
        let Some(id) = self.progress.listing.clone() else {
            return Ok(());
        };
        match call(api::listing(&id)) {
            Ok(_) => Ok(()),
            Err(Error::NotFound(_)) => {
                self.warn("made-again", format!("listing {id}, which this key made before, is gone from Etsy; another one was made"), None);
                self.progress = Progress::default();
                self.save()
            }
            Err(error) => Err(error),
        }
    }

    /// The key has its listing: what is missing of the target is done, nothing else.
    fn stands_already(&mut self, id: &Id) -> Result<Published, Error> {
        if self.progress.product != self.says() {
            self.warn("exists", format!("this key made listing {id} before, from a product that said something else: update the listing"), None);
        }
        self.publish(id)?;
        published(
            &self.shop,
            id,
            self.variations(),
            std::mem::take(&mut self.warnings),
        )
    }

    /// Puts a draft on sale where that is the target. One that was paused since stays so.
    fn publish(&mut self, id: &Id) -> Result<(), Error> {
        if self.target != Target::Active {
            return Ok(());
        }
        let before = listing_by_id(id)?;
        if before.state != ListingState::Draft {
            return Ok(());
        }
        self.steps.report("activation");
        self.warnings.extend(state::costs(before.state));
        state::put_on_sale(&self.shop, id).map(|_| ())
    }

    /// The draft: the one in doubt if it is found, else a new one.
    fn draft(&mut self, policies: &Resolved) -> Result<Id, Error> {
        if let Some(intent) = self.progress.intent.clone()
            && let Some(id) = self.search(&intent)?
        {
            return self.own(id);
        }
        let mut form = draft_form(&self.converted);
        form.extend(policies.form());
        let intent = self.intent(&form)?;
        self.progress.begin(intent.clone());
        self.progress.policies = Some(policies.clone());
        self.progress.product = self.says();
        self.save()?;
        match self.ask_for_draft(form) {
            Ok(id) => self.own(id),
            Err(Error::Uncertain(why)) => match self.search(&intent) {
                Ok(Some(id)) => self.own(id),
                Ok(None) => Err(Error::Uncertain(format!(
                    "{why}; no draft of it is there yet: the same call again looks once more"
                ))),
                Err(Error::Uncertain(which)) => Err(Error::Uncertain(which)),
                Err(error) => Err(Error::Uncertain(format!(
                    "{why}; looking for the draft failed too: {}",
                    error.message()
                ))),
            },
            Err(error) => {
                // It was certainly not made: there is nothing to remember.
                self.progress = Progress::default();
                self.entry.clear();
                Err(error)
            }
        }
    }

    fn ask_for_draft(&self, form: Form) -> Result<Id, Error> {
        let reply = call(api::create_draft(&self.shop, form))?;
        listing_of(&reply)
            .ok()
            .and_then(|listing| Id::parse(&listing.id))
            .ok_or_else(|| reply.unexpected("a draft without an id"))
    }

    fn own(&mut self, id: Id) -> Result<Id, Error> {
        self.progress.own(&id);
        self.save()?;
        Ok(id)
    }

    /// The intent, with Etsy's own clock and the drafts that say the same already.
    fn intent(&self, form: &Form) -> Result<Intent, Error> {
        let reply = call(api::listings(&self.shop, "draft", PAGE, 0))?;
        let since = reply
            .header("date")
            .and_then(http_date)
            .unwrap_or_else(|| now() / 1000);
        let trace = trace::of_form(form);
        let page = reply.object()?.objects("results");
        let same = page
            .iter()
            .filter(|draft| trace::of_listing(draft) == trace);
        let known = same
            .filter_map(|draft| Id::parse(&draft.text("listing_id")?))
            .collect();
        Ok(Intent {
            since,
            trace,
            known,
        })
    }

    /// The draft that an intent made, among those that no other key owns.
    fn search(&self, intent: &Intent) -> Result<Option<Id>, Error> {
        let mut found = Vec::new();
        let mut offset = 0;
        loop {
            let reply = call(api::listings(&self.shop, "draft", PAGE, offset))?;
            let page = reply.object()?.objects("results");
            found.extend(trace::candidates(&page, intent));
            offset += PAGE;
            if page.len() < PAGE as usize || offset > OFFSET {
                break;
            }
        }
        found.sort_by_key(|(created, id)| (*created, id.as_str().len(), id.to_string()));
        let free = found
            .into_iter()
            .map(|(_, id)| id)
            .filter(|id| journal::claimed(&ownership(id)) == 0);
        match trace::decide(free.collect(), journal::claimed(&doubt(&intent.trace))) {
            Verdict::Absent => Ok(None),
            Verdict::Found(id) => {
                log!("the draft {id} was made before the reply was lost");
                Ok(Some(id))
            }
            Verdict::Ambiguous(ids) => {
                let ids: Vec<String> = ids.iter().map(Id::to_string).collect();
                Err(Error::Uncertain(format!(
                    "any of the drafts {} may be this product's: delete those that are too many on Etsy, and call again",
                    ids.join(" and ")
                )))
            }
        }
    }

    /// Everything that the draft does not have yet. What can be repeated is.
    fn fill(&mut self, id: &Id, policies: &Resolved) -> Result<(), Error> {
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
                other => other?,
            };
            self.progress.images.push(image);
        }
        self.progress.image_begun = None;
        self.save()?;
        if total > 1 {
            order(&self.shop, id, &self.progress.images)
        } else {
            Ok(())
        }
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
        Ok(Matrix::read(&reply.object()?))
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
pub(super) fn file_id(reply: &Response) -> Result<Id, Error> {
    let object: Object<'_> = reply.object()?;
    let id = object
        .text("listing_file_id")
        .as_deref()
        .and_then(Id::parse);
    id.ok_or_else(|| reply.unexpected("a file without an id"))
}
