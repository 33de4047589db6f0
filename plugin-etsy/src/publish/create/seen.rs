//! What the replies of a creation have said of the listing already. A creation that nothing broke off
//! knows all of it, and asks Etsy once less, or twice.

use crate::convert::matrix::Matrix;
use crate::convert::variation_image::VariationImages;
use crate::id::Id;
use crate::publish::progress::Progress;
use crate::publish::read::{listing_by_id, variations};
use stoflow_plugin_sdk::publish::Published;
use stoflow_plugin_sdk::types::{Error, Image, Listing, Variation};

/// What this call has been told.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The images that it uploaded itself, in order.
    pub(super) images: Vec<Image>,
    /// The inventory as Etsy took it.
    pub(super) matrix: Option<Matrix>,
    /// The listing on sale.
    pub(super) listing: Option<Listing>,
}

impl Seen {
    /// What was published, its warnings left out; `None` where it has to be read back whole. The
    /// listing alone is read where no reply has shown it since it was last changed.
    pub(super) fn published(
        &mut self,
        id: &Id,
        given: &[Variation],
        progress: &Progress,
    ) -> Option<Result<Published, Error>> {
        // Which image a variation shows is said by a request of its own.
        if given.iter().any(|variation| !variation.images.is_empty()) {
            return None;
        }
        let matrix = self.matrix.take()?;
        let listing = match self.on_sale(progress, &matrix) {
            Some(listing) => Ok(listing),
            None => listing_by_id(id),
        };
        let published = |listing| Published {
            listing,
            variations: variations(given, &matrix, &VariationImages::default()),
            warnings: Vec::new(),
            fee: None,
        };
        Some(listing.map(published))
    }

    /// The listing with its images, where they are all known by their own replies. The reply to a
    /// change shows neither them nor SKUs.
    fn on_sale(&mut self, progress: &Progress, matrix: &Matrix) -> Option<Listing> {
        let mut listing = self.listing.take()?;
        let wanted = progress.images.iter().map(|id| Some(id.as_str()));
        let seen = self.images.iter().map(|image| image.id.as_deref());
        if !seen.eq(wanted) {
            return None;
        }
        listing.images = std::mem::take(&mut self.images);
        for sku in matrix.rows.iter().map(|row| &row.sku) {
            if !sku.is_empty() && !listing.skus.contains(sku) {
                listing.skus.push(sku.clone());
            }
        }
        Some(listing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(id: &str) -> Image {
        Image {
            id: Some(id.into()),
            source: String::new(),
            alt_text: None,
        }
    }

    fn listing() -> Listing {
        let json = br#"{"listing_id":7,"state":"active","title":"Coat"}"#;
        let object = stoflow_plugin_sdk::Object::parse(json).unwrap();
        crate::convert::listing::listing(&object).unwrap()
    }

    fn on_sale(seen: &[&str], uploaded: &[&str]) -> Option<usize> {
        let mut seen = Seen {
            images: seen.iter().map(|id| image(id)).collect(),
            listing: Some(listing()),
            matrix: None,
        };
        let progress = Progress {
            images: uploaded.iter().filter_map(|id| Id::parse(id)).collect(),
            ..Progress::default()
        };
        seen.on_sale(&progress, &Matrix::default())
            .map(|listing| listing.images.len())
    }

    #[test]
    fn images_of_an_earlier_call_have_to_be_read() {
        assert_eq!(on_sale(&["1", "2"], &["1", "2"]), Some(2));
        assert_eq!(on_sale(&["2"], &["1", "2"]), None);
        assert_eq!(on_sale(&[], &[]), Some(0));
    }
}
