//! How far a creation has come, for whoever is waiting.

use crate::convert::product::Converted;
use stoflow_plugin_sdk::journal;
use stoflow_plugin_sdk::publish::Target;

/// Steps done, and all that there are.
pub(super) struct Steps {
    done: u32,
    pub(super) total: u32,
}

impl Steps {
    /// Those of a product.
    pub(super) fn of(converted: &Converted, target: Target) -> Self {
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

    /// The next step begins.
    pub(super) fn report(&mut self, step: &str) {
        journal::report(step, self.done, self.total);
        self.done = self.done.saturating_add(1).min(self.total);
    }
}
