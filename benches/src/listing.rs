//! The contract's page of listings as serde writes it: what a program without plugins would have
//! instead of values and plans. Borrowed from the plugin's own types, so that nothing is copied first.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use stoflow_plugin_sdk::listings::ListingPage;
use stoflow_plugin_sdk::types;

#[derive(Serialize)]
pub(crate) struct Page<'a> {
    items: Vec<Listing<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

#[derive(Serialize)]
struct Listing<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    skus: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    state: State,
    state_text: &'a str,
    title: &'a str,
    description: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money<'a>>,
    quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    sections: &'a [String],
    tags: &'a [String],
    images: Vec<Image<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Draft,
    Active,
    Paused,
    SoldOut,
    Expired,
    Ended,
    Blocked,
    Unknown,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Text<'a> {
    Plain(&'a str),
    Html(&'a str),
}

#[derive(Serialize)]
struct Money<'a> {
    amount: &'a str,
    currency: &'a str,
}

#[derive(Serialize)]
struct Image<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alt_text: Option<&'a str>,
}

impl<'a> From<&'a ListingPage> for Page<'a> {
    fn from(page: &'a ListingPage) -> Self {
        Self {
            items: page.items.iter().map(Listing::from).collect(),
            next: page.next.as_deref(),
            total: page.total,
        }
    }
}

impl<'a> From<&'a types::Listing> for Listing<'a> {
    fn from(listing: &'a types::Listing) -> Self {
        let time = |at: Option<i64>| at.map(|at| Timestamp::from_millisecond(at).unwrap());
        let document = |text: &'a String| serde_json::from_str(text).unwrap();
        Self {
            id: &listing.id,
            public_id: listing.public_id.as_deref(),
            key: listing.key.as_deref(),
            skus: &listing.skus,
            site: listing.site.as_deref(),
            state: listing.state.into(),
            state_text: &listing.state_text,
            title: &listing.title,
            description: (&listing.description).into(),
            price: listing.price.as_ref().map(Money::from),
            quantity: listing.quantity,
            url: listing.url.as_deref(),
            category: listing.category.as_deref(),
            sections: &listing.sections,
            tags: &listing.tags,
            images: listing.images.iter().map(Image::from).collect(),
            created_at: time(listing.created_at),
            updated_at: time(listing.updated_at),
            extension: listing.extension.as_ref().map(document),
        }
    }
}

impl From<types::ListingState> for State {
    fn from(state: types::ListingState) -> Self {
        match state {
            types::ListingState::Draft => Self::Draft,
            types::ListingState::Active => Self::Active,
            types::ListingState::Paused => Self::Paused,
            types::ListingState::SoldOut => Self::SoldOut,
            types::ListingState::Expired => Self::Expired,
            types::ListingState::Ended => Self::Ended,
            types::ListingState::Blocked => Self::Blocked,
            types::ListingState::Unknown => Self::Unknown,
        }
    }
}

impl<'a> From<&'a types::Text> for Text<'a> {
    fn from(text: &'a types::Text) -> Self {
        match text {
            types::Text::Plain(text) => Self::Plain(text),
            types::Text::Html(text) => Self::Html(text),
        }
    }
}

impl<'a> From<&'a types::Money> for Money<'a> {
    fn from(money: &'a types::Money) -> Self {
        Self {
            amount: &money.amount,
            currency: &money.currency,
        }
    }
}

impl<'a> From<&'a types::Image> for Image<'a> {
    fn from(image: &'a types::Image) -> Self {
        Self {
            id: image.id.as_deref(),
            source: &image.source,
            alt_text: image.alt_text.as_deref(),
        }
    }
}
