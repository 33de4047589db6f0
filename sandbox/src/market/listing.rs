//! A listing: what is for sale, in which state of its life.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::encoding;

use super::inventory::{Inventory, PropertyValues};

/// Where a listing is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Draft,
    Active,
    Inactive,
    SoldOut,
    Expired,
    /// A state that the document does not name, set over the control endpoint: `edit`, `removed`.
    Other(String),
}

impl State {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "draft" => Self::Draft,
            "active" => Self::Active,
            "inactive" => Self::Inactive,
            "sold_out" => Self::SoldOut,
            "expired" => Self::Expired,
            other => Self::Other(other.to_owned()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::SoldOut => "sold_out",
            Self::Expired => "expired",
            Self::Other(name) => name,
        }
    }
}

/// What kind of thing a listing sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Type {
    Physical,
    Download,
    Both,
}

impl Type {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "download" => Self::Download,
            "both" => Self::Both,
            _ => Self::Physical,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Physical => "physical",
            Self::Download => "download",
            Self::Both => "both",
        }
    }

    pub(crate) fn is_shipped(self) -> bool {
        self != Self::Download
    }

    pub(crate) fn is_digital(self) -> bool {
        self != Self::Physical
    }
}

/// Weight and measures of the article, as written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measures {
    pub(crate) weight: Option<f64>,
    pub(crate) weight_unit: Option<String>,
    pub(crate) length: Option<f64>,
    pub(crate) width: Option<f64>,
    pub(crate) height: Option<f64>,
    pub(crate) unit: Option<String>,
}

/// A listing in another language.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Translation {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
}

/// An image of a listing. Its rank is its place in the listing's list, from 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListedImage {
    pub(crate) image_id: i64,
    pub(crate) alt_text: String,
}

/// The file of a digital listing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredFile {
    pub(crate) id: i64,
    pub(crate) shop_id: i64,
    pub(crate) name: String,
    #[serde(with = "encoding::base64")]
    pub(crate) bytes: Bytes,
    pub(crate) created: i64,
}

/// A video. It stays here after its listing let go of it, as at Etsy.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredVideo {
    pub(crate) id: i64,
    pub(crate) shop_id: i64,
    pub(crate) name: String,
    #[serde(with = "encoding::base64")]
    pub(crate) bytes: Bytes,
}

/// What a buyer is asked so that the article can be made for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) id: i64,
    pub(crate) text: String,
    pub(crate) instructions: Option<String>,
    /// `text_input`, `dropdown`, `unlabeled_upload` or `labeled_upload`.
    pub(crate) kind: String,
    pub(crate) required: bool,
    pub(crate) characters: Option<i64>,
    pub(crate) files: Option<i64>,
    /// In minor units of the shop's currency.
    pub(crate) add_on_price: Option<i64>,
    /// Ids and labels.
    pub(crate) options: Vec<(i64, String)>,
}

/// The image that a value of a variation shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariationImage {
    pub(crate) property_id: i64,
    pub(crate) value_id: i64,
    pub(crate) image_id: i64,
}

/// Something for sale.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listing {
    pub(crate) id: i64,
    pub(crate) user_id: i64,
    pub(crate) shop_id: i64,
    pub(crate) state: State,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) kind: Type,
    pub(crate) taxonomy_id: i64,
    pub(crate) who_made: String,
    pub(crate) when_made: String,
    pub(crate) is_supply: bool,
    pub(crate) tags: Vec<String>,
    pub(crate) materials: Vec<String>,
    pub(crate) styles: Vec<String>,
    pub(crate) shipping_profile: Option<i64>,
    pub(crate) return_policy: Option<i64>,
    pub(crate) section: Option<i64>,
    pub(crate) production_partners: Vec<i64>,
    pub(crate) processing: (Option<i64>, Option<i64>),
    pub(crate) measures: Measures,
    pub(crate) is_customizable: bool,
    pub(crate) is_taxable: bool,
    pub(crate) should_auto_renew: bool,
    /// The guarantee fields of 2026, as sent.
    pub(crate) guarantees: BTreeMap<String, Value>,
    /// When it was created, or last renewed.
    pub(crate) created: i64,
    pub(crate) original_created: i64,
    pub(crate) ends: i64,
    pub(crate) modified: i64,
    pub(crate) state_changed: i64,
    pub(crate) inventory: Inventory,
    pub(crate) images: Vec<ListedImage>,
    /// Ids of its files, in order of rank.
    pub(crate) files: Vec<i64>,
    pub(crate) attributes: BTreeMap<i64, PropertyValues>,
    pub(crate) translations: BTreeMap<String, Translation>,
    pub(crate) variation_images: Vec<VariationImage>,
    /// Ids of its videos, in order.
    pub(crate) videos: Vec<i64>,
    /// When videos were uploaded to it within the last day.
    pub(crate) video_uploads: Vec<i64>,
    /// What the buyer is asked about the article.
    pub(crate) questions: Vec<Question>,
    /// Whether Etsy has frozen it, so that it cannot be published.
    pub(crate) frozen: bool,
    /// How often it was renewed or published: each time costs the listing fee.
    pub(crate) fees: u32,
}

impl Listing {
    /// Marks a change.
    pub(crate) fn touch(&mut self, now: i64) {
        self.modified = now;
    }

    pub(crate) fn enter(&mut self, state: State, now: i64) {
        self.state = state;
        self.state_changed = now;
        self.modified = now;
    }

    /// Begins another run of four months, at the cost of a fee.
    pub(crate) fn renew(&mut self, now: i64) {
        self.created = now;
        self.ends = crate::clock::months_later(now, crate::facts::LISTING_MONTHS);
        self.fees += 1;
    }

    pub(crate) fn image_position(&self, image_id: i64) -> Option<usize> {
        self.images
            .iter()
            .position(|image| image.image_id == image_id)
    }

    /// Whether somebody who does not own it sees it.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self.state, State::Active | State::SoldOut)
    }
}
