//! What is true of Etsy and not in its document of August 2026.
//!
//! The table says what the document says. Limits that the document has in prose, fields that came or
//! went since, and formats that it leaves open stand here, so that a new document never overwrites
//! them and a reader sees at once what is our own knowledge.

use serde_json::Value;

use crate::eras;
use crate::table::{Kind, Shape};

/// The largest page; a larger `limit` is clamped without a word.
pub(crate) const PAGE_MAX: i64 = 100;
/// The largest `offset`; beyond it Etsy answers 400.
pub(crate) const OFFSET_MAX: i64 = 12_000;

/// Images of one listing.
pub(crate) const IMAGES_MAX: usize = 20;
/// Characters of an image's alternative text.
pub(crate) const ALT_TEXT_MAX: usize = 500;
/// Characters of a title.
pub(crate) const TITLE_MAX: usize = 140;
/// Tags of one listing.
pub(crate) const TAGS_MAX: usize = 13;
/// Characters of one tag.
pub(crate) const TAG_MAX: usize = 20;
/// Materials of one listing. Not confirmed by Etsy's text; the same as for tags.
pub(crate) const MATERIALS_MAX: usize = 13;
/// Styles of one listing.
pub(crate) const STYLES_MAX: usize = 2;
/// Characters of one style.
pub(crate) const STYLE_MAX: usize = 45;
/// The largest stock of one offering.
pub(crate) const QUANTITY_MAX: i64 = 999;
/// Values of one variation.
pub(crate) const VALUES_MAX: usize = 70;
/// Products of a listing with 0, 1, 2, 3 variations.
pub(crate) const PRODUCTS_MAX: [usize; 4] = [1, 70, 4_900, 2_500];
/// The two properties whose names and values a seller makes up.
pub(crate) const CUSTOM_PROPERTIES: [i64; 2] = [513, 514];
/// Ids in one batch request.
pub(crate) const BATCH_MAX: usize = 100;
/// Files of one digital listing.
pub(crate) const FILES_MAX: usize = 5;
/// Bytes of one digital file.
pub(crate) const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Characters of a digital file's name.
pub(crate) const FILE_NAME_MAX: usize = 70;
/// Videos of one listing.
pub(crate) const VIDEOS_MAX: usize = 2;
/// Videos that may be uploaded to one listing in a day.
pub(crate) const VIDEO_UPLOADS_MAX: usize = 10;
/// Personalization questions of one listing, for a caller that says it knows several.
pub(crate) const QUESTIONS_MAX: usize = 5;
/// Characters of a personalization question.
pub(crate) const QUESTION_MAX: usize = 45;
/// Sections of one shop.
pub(crate) const SECTIONS_MAX: usize = 20;
/// Characters of a section's title.
pub(crate) const SECTION_TITLE_MAX: usize = 24;
/// The deadlines that a return policy may set, in days.
pub(crate) const RETURN_DEADLINES: [i64; 7] = [7, 14, 21, 30, 45, 60, 90];
/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;
/// The property as which a buyer's answers to a seller's questions stand in a transaction.
pub(crate) const PERSONALIZATION_PROPERTY: i64 = 54;
/// Orders within the United States of more dollars than this cannot be sent without tracking.
pub(crate) const TRACKED_DOLLARS: i64 = 10;
/// How long a listing runs before it expires or renews, in months.
pub(crate) const LISTING_MONTHS: i64 = 4;

/// The member states of the European Union, whose shops need no return policy.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Countries from which a shipping profile needs a postal code, of those that the sandbox knows.
const POSTAL_CODES: [&str; 14] = [
    "AT", "AU", "BE", "CA", "CH", "DE", "DK", "ES", "FR", "GB", "IT", "JP", "NL", "US",
];

/// Whether a country is in the European Union.
pub(crate) fn is_eu(country: &str) -> bool {
    EU.contains(&country)
}

/// Whether a country is in Europe and not in the European Union.
pub(crate) fn is_european_outside_eu(country: &str) -> bool {
    const OTHERS: [&str; 20] = [
        "AD", "AL", "BA", "CH", "FO", "GB", "GG", "GI", "IM", "IS", "JE", "LI", "MC", "MD", "ME",
        "MK", "NO", "RS", "SM", "UA",
    ];
    OTHERS.contains(&country)
}

/// Whether a shipping profile from this country needs a postal code.
pub(crate) fn has_postal_codes(country: &str) -> bool {
    POSTAL_CODES.contains(&country)
}

/// Whether a text has the form of an ISO 3166-1 alpha-2 code.
pub(crate) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether a text can be a carrier's name: Etsy's are slugs such as `royal-mail`. Which of them Etsy
/// knows is a list of hundreds that grows; `other` stands for the rest.
pub(crate) fn is_carrier(text: &str) -> bool {
    let slug = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(slug)
}

/// Whether Etsy takes a body of another content type than the operation's, and does not read it.
pub(crate) fn ignores_other_bodies(operation: &str) -> bool {
    operation == "createReceiptShipment"
}

/// The fields about guarantees and service that Etsy added in September 2026.
pub(crate) const GUARANTEE_FIELDS: [&str; 7] = [
    "ecgt_garan_brand",
    "ecgt_garan_model",
    "ecgt_garan_years",
    "ecgt_garan_guarantee_details",
    "ecgt_other_commercial_guarantee_details",
    "ecgt_after_sales_service_info",
    "ecgt_software_update_details",
];
/// How many of [`GUARANTEE_FIELDS`] must all be set or none, from the first on.
pub(crate) const GUARANTEE_TOGETHER: usize = 4;

/// Whether Etsy took a body field away after the document was written.
pub(crate) fn is_removed(operation: &str, field: &str) -> bool {
    let personalization = matches!(
        field,
        "is_personalizable"
            | "personalization_is_required"
            | "personalization_char_count_max"
            | "personalization_instructions"
    );
    match operation {
        "createDraftListing" => personalization,
        "updateListing" => personalization || field == "featured_rank",
        _ => false,
    }
}

/// The shape of a body field or query parameter that came after the document was written.
pub(crate) fn added(operation: &str, field: &str) -> Option<Shape> {
    let kind = match (operation, field) {
        ("createDraftListing" | "updateListing", "ecgt_garan_years") => Kind::Integer,
        ("createDraftListing" | "updateListing", _) if GUARANTEE_FIELDS.contains(&field) => {
            Kind::String
        }
        ("updateListingInventory", "enable_scale_validation") => Kind::Boolean,
        ("getPropertiesByTaxonomyId", "supports_variations" | "supports_attributes") => {
            Kind::Boolean
        }
        _ => return None,
    };
    Some(Shape {
        kind: Some(kind),
        nullable: true,
        ..Shape::default()
    })
}

/// A body field's shape in a year: the eras of `when_made` are those of the year.
pub(crate) fn of_year(field: &str, mut shape: Shape, year: i64) -> Shape {
    if field == "when_made" {
        shape
            .allowed
            .retain(|name| !name.as_str().is_some_and(eras::slides));
        shape
            .allowed
            .extend(eras::sliding(year).into_iter().map(Value::from));
    }
    shape
}

/// Whether a reply's value is right in some year, though the document's year has another name for it.
pub(crate) fn is_of_another_year(field: &str, value: &str) -> bool {
    field == "when_made" && eras::is_sliding(value)
}

/// Whether the document says a reply's field is never null, and Etsy sends null.
pub(crate) fn is_null_in_practice(field: &str) -> bool {
    // A draft has no page yet.
    field == "url"
}

/// Whether the document names a reply's field that Etsy sends only when it was asked to include it.
pub(crate) fn is_absent_in_practice(field: &str) -> bool {
    // An inventory has its listing only with includes=Listing.
    field == "listing"
}
