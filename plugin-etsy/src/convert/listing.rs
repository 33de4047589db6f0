//! Etsy's listing into the contract's.

use super::image::images;
use super::matrix_read::{amount, currency, quantity};
use super::text::decode;
use crate::id::Id;
use crate::limits::PAGE;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::listings::ListingPage;
use stoflow_plugin_sdk::types::{Listing, ListingState, Money, Text};

/// Etsy's states that listings are asked for by, in the order in which a list of all walks them.
pub const STATES: [&str; 5] = ["active", "inactive", "draft", "sold_out", "expired"];

/// The contract's state for Etsy's word. `edit` is an old name of `inactive` that still comes.
#[must_use]
pub fn state(text: &str) -> ListingState {
    match text {
        "draft" => ListingState::Draft,
        "active" => ListingState::Active,
        "inactive" | "edit" => ListingState::Paused,
        "sold_out" => ListingState::SoldOut,
        "expired" => ListingState::Expired,
        "removed" | "suppressed" | "frozen" => ListingState::Blocked,
        _ => ListingState::Unknown,
    }
}

/// Etsy's word for a state that listings can be asked for by.
#[must_use]
pub fn state_text(state: ListingState) -> Option<&'static str> {
    match state {
        ListingState::Draft => Some("draft"),
        ListingState::Active => Some("active"),
        ListingState::Paused => Some("inactive"),
        ListingState::SoldOut => Some("sold_out"),
        ListingState::Expired => Some("expired"),
        ListingState::Ended | ListingState::Blocked | ListingState::Unknown => None,
    }
}

/// The contract's listing; `None` where even the id is missing. Members that the plugin does not
/// know travel in the extension.
#[must_use]
pub fn listing(object: &Object<'_>) -> Option<Listing> {
    let id = Id::parse(&object.text("listing_id")?)?.to_string();
    let text = |name: &str| object.borrowed_text(name).map(decode).unwrap_or_default();
    let (title, description) = (text("title"), text("description"));
    let state_text = object.text("state").unwrap_or_default();
    let state = state(&state_text);
    let created = object.integer("creation_timestamp");
    let created = object.integer("created_timestamp").or(created);
    let original = object.integer("original_creation_timestamp");
    let modified = object.integer("last_modified_timestamp");
    let updated = object.integer("updated_timestamp").or(modified);
    let quantity = quantity(object);
    let section = object.words("shop_section_id");
    let url = object.words("url");
    let tags = object.texts("tags");
    let price = object.object("price").as_ref().and_then(money);
    let category = object.words("taxonomy_id");
    let images = images(&object.objects("images"));
    let skus = object
        .texts("skus")
        .into_iter()
        .filter(|sku| !sku.trim().is_empty())
        .collect();
    Some(Listing {
        public_id: (state != ListingState::Draft).then(|| id.clone()),
        id,
        key: None,
        skus,
        site: None,
        state,
        state_text,
        title,
        description: Text::Plain(description),
        price,
        quantity,
        url,
        category,
        sections: section.into_iter().collect(),
        tags: tags.into_iter().map(decode).collect(),
        images,
        created_at: original
            .or(created)
            .and_then(|seconds| seconds.checked_mul(1000)),
        updated_at: updated.and_then(|seconds| seconds.checked_mul(1000)),
        extension: object.unread(),
    })
}

/// Etsy's Money; `None` where it is not exact.
#[must_use]
pub fn money(object: &Object<'_>) -> Option<Money> {
    let amount = amount(object)?;
    Some(Money {
        amount: amount.to_string(),
        currency: currency(object)?,
    })
}

/// A page of listings, as Etsy answers it: `{count, results}`. What has no id is left out. `next` is
/// the caller's to say.
///
/// # Errors
///
/// Where the document is no JSON object.
pub fn listing_page(json: &[u8]) -> Result<ListingPage, serde_json::Error> {
    let mut items = Vec::with_capacity(PAGE as usize);
    let page = Object::parse_page(json, "results", |object| items.extend(listing(object)))?;
    let count = page.integer("count");
    Ok(ListingPage {
        items,
        next: None,
        total: count.and_then(|count| u64::try_from(count).ok()),
    })
}

/// Those listings of a page that are wanted.
///
/// # Errors
///
/// As [`listing_page`].
pub fn listings_where(
    json: &[u8],
    is_wanted: impl Fn(&Object<'_>) -> bool,
) -> Result<Vec<Listing>, serde_json::Error> {
    let mut items = Vec::new();
    Object::parse_page(json, "results", |object| {
        items.extend(listing(object).filter(|_| is_wanted(object)));
    })?;
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = r#"{"listing_id":9007199254740993,"user_id":5,"shop_id":7,
        "title":"Mom&#39;s coat","description":"Warm &amp; red\n\n- wool","state":"edit",
        "creation_timestamp":1700000100,"created_timestamp":1700000100,"original_creation_timestamp":1700000000,
        "last_modified_timestamp":1700000200,"updated_timestamp":1700000200,"quantity":3,"shop_section_id":null,
        "url":"https://www.etsy.com/listing/1","tags":["wool","l&#39;hiver"],
        "price":{"amount":8900,"divisor":100,"currency_code":"EUR"},"taxonomy_id":1234,
        "skus":["COAT",""],"new_thing":{"a":[1.50]},"num_favorers":4}"#;

    fn read(json: &str) -> Listing {
        listing(&Object::parse(json.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn a_listing_is_read_whole() {
        let listing = read(LISTING);
        assert_eq!(listing.id, "9007199254740993");
        assert_eq!(listing.public_id.as_deref(), Some("9007199254740993"));
        assert_eq!(listing.title, "Mom's coat");
        assert_eq!(
            listing.description,
            Text::Plain("Warm & red\n\n- wool".into())
        );
        assert_eq!(
            (listing.state, listing.state_text.as_str()),
            (ListingState::Paused, "edit")
        );
        assert_eq!(
            listing.price,
            Some(Money {
                amount: "89.00".into(),
                currency: "EUR".into()
            })
        );
        assert_eq!(listing.created_at, Some(1_700_000_000_000));
        assert_eq!(listing.updated_at, Some(1_700_000_200_000));
        assert_eq!(
            (listing.skus, listing.tags),
            (
                vec!["COAT".to_owned()],
                vec!["wool".to_owned(), "l'hiver".to_owned()]
            )
        );
        assert_eq!(listing.sections, Vec::<String>::new());
        let extension = listing.extension.unwrap();
        assert_eq!(
            extension,
            r#"{"user_id":5,"shop_id":7,"new_thing":{"a":[1.50]},"num_favorers":4}"#
        );
    }

    #[test]
    fn an_odd_listing_is_read_as_far_as_it_goes() {
        let odd = read(
            r#"{"listing_id":"17","state":"marooned","title":null,"price":{"amount":5,"divisor":7},
            "quantity":"2","tags":null,"images":{},"updated_timestamp":"soon"}"#,
        );
        assert_eq!(
            (odd.state, odd.state_text.as_str(), odd.quantity),
            (ListingState::Unknown, "marooned", 2)
        );
        assert_eq!(
            (odd.price, odd.updated_at, odd.images.len()),
            (None, None, 0)
        );
        for no_id in [r#"{"title":"no id"}"#, r#"{"listing_id":"1/images"}"#] {
            assert_eq!(listing(&Object::parse(no_id.as_bytes()).unwrap()), None);
        }
    }

    #[test]
    fn money_has_the_digits_of_its_divisor() {
        for (divisor, expected) in [(1, "8900"), (100, "89.00"), (1000, "8.900")] {
            let json = format!(r#"{{"amount":8900,"divisor":{divisor},"currency_code":"EUR"}}"#);
            assert_eq!(
                money(&Object::parse(json.as_bytes()).unwrap())
                    .unwrap()
                    .amount,
                expected
            );
        }
    }

    #[test]
    fn a_draft_has_no_public_id() {
        assert_eq!(
            read(r#"{"listing_id":1,"state":"draft","url":""}"#).public_id,
            None
        );
    }

    #[test]
    fn a_page_counts_what_there_is() {
        let json = format!(r#"{{"count":250,"results":[{LISTING},null,{{"title":"no id"}}]}}"#);
        let page = listing_page(json.as_bytes()).unwrap();
        assert_eq!((page.items.len(), page.total), (1, Some(250)));
        assert!(listing_page(b"<html>").is_err());
    }

    #[test]
    fn every_state_that_can_be_asked_for_is_read_back() {
        for text in STATES {
            assert_eq!(state_text(state(text)), Some(text));
        }
    }
}
