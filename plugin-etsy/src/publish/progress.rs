//! How far the creation of a listing has come: the journal's entry of a product's key.

use super::policies::Resolved;
use super::trace::Intent;
use crate::id::Id;
use serde::{Deserialize, Serialize};

/// The entry. What is added later has a default, so that a later version reads an older entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// What this key owns, by which other keys know it (`journal.claimed`).
    pub claims: Vec<String>,
    /// A draft that was asked for and whose fate is unknown.
    pub intent: Option<Intent>,
    /// The listing, once it is known.
    pub listing: Option<Id>,
    /// What the product said when the listing was begun.
    pub product: String,
    /// The policies chosen for it.
    pub policies: Option<Resolved>,
    /// Ids of the images that are there, in the gallery's order.
    pub images: Vec<Id>,
    /// The place of an image whose upload was begun.
    pub image_begun: Option<usize>,
    /// Ids of the files that are there, in order.
    pub files: Vec<Id>,
    /// The place of a file whose upload was begun.
    pub file_begun: Option<usize>,
    /// Whether everything but the activation is done.
    pub complete: bool,
    /// Whether the key's listing stands as it was asked for.
    pub finished: bool,
}

impl Progress {
    /// Begins a draft: from here on its fate may be unknown.
    pub fn begin(&mut self, intent: Intent) {
        self.claims = vec![doubt(&intent.trace)];
        self.intent = Some(intent);
    }

    /// The listing is known.
    pub fn own(&mut self, listing: &Id) {
        self.claims = vec![ownership(listing)];
        self.intent = None;
        self.listing = Some(listing.clone());
    }
}

/// The claim of a key that owns a listing.
#[must_use]
pub fn ownership(listing: &Id) -> String {
    format!("listing:{listing}")
}

/// The claim of a key that is in doubt about a draft of this content.
#[must_use]
pub fn doubt(trace: &str) -> String {
    format!("draft:{trace}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_another_version_is_read() {
        let entry = r#"{"claims":["listing:7"],"listing":7,"from_the_future":true}"#;
        let progress: Progress = serde_json::from_str(entry).unwrap();
        assert_eq!(progress.listing, Id::parse("7"));
        assert!(!progress.finished);
    }

    #[test]
    fn a_key_claims_either_a_doubt_or_a_listing() {
        let mut progress = Progress::default();
        progress.begin(Intent {
            since: 1,
            trace: "ab".into(),
            known: Vec::new(),
        });
        assert_eq!(progress.claims, ["draft:ab"]);
        progress.own(&Id::parse("7").unwrap());
        assert_eq!(
            (progress.claims.as_slice(), progress.intent),
            (["listing:7".to_owned()].as_slice(), None)
        );
    }
}
