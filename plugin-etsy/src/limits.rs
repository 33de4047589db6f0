//! Etsy's limits in one place, each with where it is from, so that a change upstream is a change
//! of one line and a guess is not mistaken for a rule.
//!
//! Sources: *API* is the description of a field in Etsy's OpenAPI document; *help* is an article of
//! help.etsy.com by its number; *issue* is one of github.com/etsy/open-api; *practice* is
//! what sellers' tools report and no text of Etsy's confirms.

use unicode_general_category::{GeneralCategory, get_general_category};

/// Characters of a title. (help 115015628707)
pub const TITLE_LENGTH: usize = 140;
/// Each of these at most once in a title. (API, `title`)
pub const TITLE_ONCE: [char; 4] = ['%', ':', '&', '+'];
/// Tags of a listing. (help 360000336307)
pub const TAGS: usize = 13;
/// Characters of a tag. (help 360000336307)
pub const TAG_LENGTH: usize = 20;
/// Materials of a listing. (practice)
pub const MATERIALS: usize = 13;
/// Styles of a listing. (API, `styles`)
pub const STYLES: usize = 2;
/// Characters of a style. (API, `styles`)
pub const STYLE_LENGTH: usize = 45;
/// Images of a listing. (API, `image_ids`)
pub const IMAGES: usize = 20;
/// Types of images. (help 115015663347)
pub const IMAGE_TYPES: [&str; 6] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/svg+xml",
    "image/heic",
    "image/heif",
];
/// Characters of an image's alternative text. (help 115015663347)
pub const ALT_TEXT_LENGTH: usize = 500;
/// Files of a digital listing. (help 115015628347)
pub const FILES: usize = 5;
/// Bytes of a digital file. (help 115015628347)
pub const FILE_BYTES: u64 = 20 * 1024 * 1024;
/// Characters of a file's name. (help 115015628347)
pub const FILE_NAME_LENGTH: usize = 70;
/// Stock of one offering. (practice)
pub const QUANTITY: u32 = 999;
/// Lowest price, in US dollars or what they are worth. (issue 419)
pub const PRICE_MIN_USD: &str = "0.20";
/// An amount below every currency's equivalent of [`PRICE_MIN_USD`]; what lies between is left for
/// Etsy to judge, which knows the day's rate.
pub const PRICE_MIN_ANY: &str = "0.15";
/// Highest price in US dollars. (issue 459)
pub const PRICE_MAX_USD: &str = "50000";
/// Digits after the point of a price: Etsy counts in cents. (practice)
pub const PRICE_DIGITS: u32 = 2;
/// Currencies without a smaller unit: a price in them is whole. (ISO 4217)
pub const WHOLE_CURRENCIES: [&str; 3] = ["JPY", "KRW", "VND"];
/// Axes by which variations differ; a third one must be a property of Etsy's. (API,
/// `max_variations_supported`)
pub const AXES: usize = 3;
/// Values of one axis. (issue 567)
pub const AXIS_VALUES: usize = 70;
/// Variations of a listing with 0, 1, 2 and 3 axes. (practice)
pub const VARIATIONS: [usize; 4] = [1, 70, 4_900, 2_500];
/// The property ids of the two axes that a seller may name. (API tutorial on listings)
pub const CUSTOM_AXES: [&str; 2] = ["513", "514"];
/// Sections that a listing can be in: `shop_section_id` is one number. (API)
pub const SECTIONS: u32 = 1;
/// Sections of a shop. (help 360000345048)
pub const SHOP_SECTIONS: usize = 20;
/// Characters of a section's title. (help 360000345048)
pub const SECTION_TITLE_LENGTH: usize = 24;
/// Days within which goods may come back. (API, `return_deadline`)
pub const RETURN_DEADLINES: [i64; 7] = [7, 14, 21, 30, 45, 60, 90];
/// Days or weeks of processing. (API, `min_processing_time`)
pub const PROCESSING_TIME: (i64, i64) = (1, 10);
/// Business days of delivery. (API, `min_delivery_days`)
pub const DELIVERY_DAYS: (i64, i64) = (1, 45);
/// Listings in a page, and ids in a batch. (API, `limit` and `listing_ids`)
pub const PAGE: u32 = 100;
/// The largest offset of a page. (API)
pub const OFFSET: u32 = 12_000;
/// The earliest moment that a filter takes, in seconds since the epoch: the year 2000. (API,
/// `min_created`)
pub const EARLIEST: i64 = 946_684_800;
/// The property id under which a buyer's answers stand among the variations. (API tutorial on
/// personalization)
pub const PERSONALIZATION: &str = "54";
/// Years after which goods that somebody else made may be sold as vintage. (help, "vintage")
pub const VINTAGE_YEARS: i64 = 20;

/// The member states of the European Union, whose shops need no return policy. (API,
/// `return_policy_id`)
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Whether a shop in this country (ISO 3166-1 alpha-2) needs no return policy.
#[must_use]
pub fn is_eu(country: &str) -> bool {
    EU.contains(&country)
}

/// Countries that certainly have postal codes, from which a shipping profile needs one. (API tutorial
/// on fulfillment) Etsy's list is longer: of other countries it is Etsy that judges.
pub const POSTAL_CODES: [&str; 36] = [
    "AT", "AU", "BE", "BG", "CA", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR",
    "HR", "HU", "IL", "IT", "JP", "KR", "LT", "LU", "LV", "MT", "MX", "NL", "NO", "PL", "PT", "RO",
    "SE", "SI", "SK", "US",
];

/// Whether a shipping profile from this country (ISO 3166-1 alpha-2) needs a postal code.
#[must_use]
pub fn has_postal_codes(country: &str) -> bool {
    POSTAL_CODES.contains(&country)
}

/// Whether a title may hold this character. (API, `title`)
#[must_use]
pub fn in_title(character: char) -> bool {
    use GeneralCategory as G;
    is_word(character)
        || is_mark(character)
        || matches!(
            get_general_category(character),
            G::ConnectorPunctuation
                | G::DashPunctuation
                | G::OpenPunctuation
                | G::ClosePunctuation
                | G::InitialPunctuation
                | G::FinalPunctuation
                | G::OtherPunctuation
                | G::MathSymbol
        )
}

/// Whether a tag may hold this character. (API, `tags`)
#[must_use]
pub fn in_tag(character: char) -> bool {
    is_word(character) || is_mark(character) || matches!(character, '-' | '\'')
}

/// Whether a material or a style may hold this character: letters, digits, blanks. (API,
/// `materials`, `styles`)
#[must_use]
pub fn is_word(character: char) -> bool {
    use GeneralCategory as G;
    matches!(
        get_general_category(character),
        G::UppercaseLetter
            | G::LowercaseLetter
            | G::TitlecaseLetter
            | G::ModifierLetter
            | G::OtherLetter
            | G::DecimalNumber
            | G::SpaceSeparator
    )
}

/// Whether a file's name may hold this character. (help 115015628347)
#[must_use]
pub fn in_file_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-')
}

fn is_mark(character: char) -> bool {
    matches!(character, '™' | '©' | '®')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_judged_by_category() {
        for allowed in "Wool coat, 1970s – size M (é) ±™ 50%".chars() {
            assert!(in_title(allowed), "{allowed}");
        }
        for refused in ['$', '€', '^', '`', '😀', '\n', '\u{301}', '|'] {
            assert_eq!(in_title(refused), refused == '|', "{refused:?}");
        }
        assert!("l'été-1970 ™".chars().all(in_tag));
        assert!(!in_tag('!') && !in_tag(',') && !in_tag('&'));
        assert!(is_word('綿') && !is_word('-'));
    }
}
