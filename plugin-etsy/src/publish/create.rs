//! The creation of a listing, in steps that a later call can take up wherever an earlier one broke
//! off: at most one draft for a key, each image once, and an activation that is paid once.
//!
//! What Etsy answered on the way is not asked for again at the end.

mod draft;
mod fill;
mod seen;
mod steps;

use super::images::{order, set_order};
use super::policies::resolve;
use super::preview::draft_form;
use super::progress::Progress;
use super::read::{listing_by_id, listing_of, published};
use super::translation::split;
use super::{sources, state, translation, update};
use crate::api;
use crate::convert::language::is_foreign;
use crate::convert::product::{self, Converted};
use crate::fingerprint::Fingerprint;
use crate::id::Id;
use crate::refusal::call;
use crate::settings::Setup;
use seen::Seen;
use steps::Steps;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::journal::{self, Checkpoint};
use stoflow_plugin_sdk::publish::{Published, Target};
use stoflow_plugin_sdk::types::{Error, Listing, ListingState, Product, Variation, Warning};

pub(super) use fill::file_id;

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
        state: None,
        seen: Seen::default(),
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
    /// The listing's state as far as this call knows it.
    state: Option<ListingState>,
    /// What this call's own replies have said.
    seen: Seen,
}

impl<'a> Creation<'a> {
    fn run(&mut self) -> Result<Published, Error> {
        self.drop_what_is_gone()?;
        if self.progress.finished
            && let Some(id) = self.progress.listing.clone()
        {
            return self.stands_already(&id);
        }
        // Everything is looked at before anything is made.
        sources::check(
            &self.converted,
            self.progress.images.len(),
            self.progress.files.len(),
        )?;
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
            let (product, setup) = (self.product, &self.setup);
            let steps = &mut self.steps;
            let warnings = update::write(&id, product, setup, &mut |step| steps.report(step))?;
            // It says again what the conversion said already.
            let new = warnings
                .into_iter()
                .filter(|warning| !self.warnings.contains(warning));
            self.warnings.extend(new.collect::<Vec<_>>());
            self.progress.product = self.says();
            self.progress.images.clear();
        }
        self.progress.complete = true;
        self.save()?;
        self.publish(&id)?;
        self.steps.report("read back");
        let published = self.read_back(&id)?;
        self.translate(&published.listing, &id)?;
        self.progress.finished = true;
        self.save()?;
        journal::report("done", self.steps.total, self.steps.total);
        Ok(published)
    }

    /// The listing as it stands, its images in the order asked for.
    fn read_back(&mut self, id: &Id) -> Result<Published, Error> {
        let warnings = std::mem::take(&mut self.warnings);
        let mut found = match self.seen.published(id, self.variations(), &self.progress) {
            Some(found) => Published { warnings, ..found? },
            None => published(&self.shop, id, self.variations(), warnings)?,
        };
        let wanted = self.progress.images.iter().map(|id| Some(id.as_str()));
        // Etsy has been seen to shuffle ranks.
        if wanted.ne(found.listing.images.iter().map(|image| image.id.as_deref()))
            && self.progress.images.len() > 1
        {
            set_order(&self.shop, id, &self.progress.images)?;
            found.listing = listing_by_id(id)?;
        }
        if self.target == Target::Active && found.listing.state == ListingState::Draft {
            return Err(state::unmoved(&found.listing));
        }
        Ok(found)
    }

    /// The text in the product's language too, where the listing is in another: which one a shop
    /// writes in is known from the listing only.
    fn translate(&self, listing: &Listing, id: &Id) -> Result<(), Error> {
        let extension = listing.extension.as_deref().unwrap_or("{}");
        let Ok(extension) = Object::parse(extension.as_bytes()) else {
            return Ok(());
        };
        let main = extension.words("language");
        match self.product.locale.as_deref() {
            Some(language) if is_foreign(Some(language), main.as_deref()) => {
                let (text, _) = split(self.converted.form.clone());
                translation::write(&self.shop, id, language, &text, &extension)
            }
            _ => Ok(()),
        }
    }

    fn variations(&self) -> &'a [Variation] {
        self.product.variations.as_deref().unwrap_or_default()
    }

    fn save(&self) -> Result<(), Error> {
        self.entry.save(&self.progress)
    }

    fn warn(&mut self, code: &str, message: String) {
        self.warnings.push(Warning {
            code: code.to_owned(),
            message,
            field: None,
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
        match call(api::listing(&id)).and_then(|reply| listing_of(&reply)) {
            Ok(there) => {
                self.state = Some(there.state);
                Ok(())
            }
            Err(Error::NotFound(_)) => {
                let message =
                    format!("listing {id} of this key is gone from Etsy; another one was made");
                self.warn("made-again", message);
                self.progress = Progress::default();
                self.save()
            }
            Err(error) => Err(error),
        }
    }

    /// The key has its listing: what is missing of the target is done, nothing else.
    fn stands_already(&mut self, id: &Id) -> Result<Published, Error> {
        if self.progress.product != self.says() {
            let message =
                format!("this key has listing {id}, which says something else: update it");
            self.warn("exists", message);
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
        let before = match self.state {
            Some(state) => state,
            None => listing_by_id(id)?.state,
        };
        if before != ListingState::Draft {
            return Ok(());
        }
        self.steps.report("activation");
        self.warnings.extend(state::costs(ListingState::Draft));
        // Etsy has been seen to shuffle ranks.
        let order = order(&self.progress.images);
        self.seen.listing = Some(state::put_on_sale(&self.shop, id, order)?);
        Ok(())
    }
}
