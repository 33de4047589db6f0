//! What Etsy demands of a listing, as data.

use crate::convert::era::eras;
use crate::convert::extension::schema;
use crate::limits::{AXES, IMAGES, SECTIONS, TAG_LENGTH, TAGS, TITLE_LENGTH, VARIATIONS, is_eu};
use crate::settings::Setup;
use stoflow_plugin_sdk::publish::ListingRules;
use stoflow_plugin_sdk::types::PolicyKind;

/// Etsy's demands, as they are for this shop and year.
#[must_use]
pub(super) fn rules(setup: &Setup) -> ListingRules {
    let mut needs_policies = vec![PolicyKind::Shipping, PolicyKind::Processing];
    if !setup.country.as_deref().is_some_and(is_eu) {
        needs_policies.push(PolicyKind::Returns);
    }
    ListingRules {
        max_title_length: count(TITLE_LENGTH),
        max_description_length: None,
        max_tags: count(TAGS),
        max_tag_length: count(TAG_LENGTH),
        max_images: count(IMAGES),
        max_axes: count(AXES),
        max_variations: VARIATIONS.iter().copied().max().map_or(0, count),
        max_sections: SECTIONS,
        needs_condition: false,
        needs_policies,
        pause_ends: false,
        extension_schema: schema(&eras(setup.year)),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_in_the_union_needs_no_return_policy() {
        let of = |country: Option<&str>| {
            rules(&Setup {
                year: 2026,
                country: country.map(Into::into),
                ..Setup::default()
            })
            .needs_policies
        };
        assert!(!of(Some("FR")).contains(&PolicyKind::Returns));
        assert!(of(Some("US")).contains(&PolicyKind::Returns));
        assert!(of(None).contains(&PolicyKind::Returns));
    }
}
