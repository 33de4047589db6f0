//! Every conversion from Etsy, with what holds of its result whatever came in: what is read has an
//! id, an extension is a JSON object, an amount is a decimal, nothing grows, and what was read can
//! be written back without a change.

use std::collections::BTreeSet;

use stoflow_plugin_etsy::auth::identity;
use stoflow_plugin_etsy::convert::attribute;
use stoflow_plugin_etsy::convert::axis::AxisValue;
use stoflow_plugin_etsy::convert::cursor::Cursor;
use stoflow_plugin_etsy::convert::image::{Gallery, images};
use stoflow_plugin_etsy::convert::listing::{listing, listing_page};
use stoflow_plugin_etsy::convert::matrix::{Matrix, Row};
use stoflow_plugin_etsy::convert::matrix_write::Context;
use stoflow_plugin_etsy::convert::product_read::{Parts, files, product};
use stoflow_plugin_etsy::convert::text::{decode, from_html};
use stoflow_plugin_etsy::convert::variation_image::{VariationImages, pairs};
use stoflow_plugin_etsy::convert::walk::Walk;
use stoflow_plugin_etsy::convert::{era, listing as states, product as write};
use stoflow_plugin_etsy::date::http_date;
use stoflow_plugin_etsy::id::Id;
use stoflow_plugin_etsy::publish::changes::{changes, wanted_matrix};
use stoflow_plugin_etsy::publish::trace::{Intent, candidates, of_listing};
use stoflow_plugin_etsy::refusal::{at, error, under};
use stoflow_plugin_etsy::settings::Setup;
use stoflow_plugin_etsy::shop::{section, shop};
use stoflow_plugin_sdk::http::{Method, Response};
use stoflow_plugin_sdk::types::{Error, Image, Listing, ListingState, Money, Text, Variation};
use stoflow_plugin_sdk::{Decimal, Object, Violations};

/// A name and what it does with a reply.
pub type Conversion = (&'static str, fn(&[u8]));

/// All of them.
pub const CONVERSIONS: &[Conversion] = &[
    ("listing", of_one_listing),
    ("page", of_page),
    ("inventory", of_inventory),
    ("inventory of a listing", of_a_listings_inventory),
    ("product", of_product),
    ("images", of_images),
    ("properties", of_properties),
    ("category", of_category),
    ("variation images", of_variation_images),
    ("files", of_files),
    ("shop", of_shop),
    ("sections", of_sections),
    ("identity", of_identity),
    ("drafts", of_drafts),
    ("refusal", of_refusal),
    ("texts", of_texts),
];

/// The year of the documents.
const YEAR: i64 = 2026;

pub fn setup() -> Setup {
    Setup {
        year: YEAR,
        ..Setup::default()
    }
}

/// The objects of a reply: itself, and the elements of its list.
pub fn each(document: &[u8], read: impl Fn(&Object<'_>)) {
    let Ok(object) = Object::parse(document) else {
        return;
    };
    read(&object);
    for element in object.objects("results") {
        read(&element);
    }
}

pub fn is_id(id: &str) {
    assert!(Id::parse(id).is_some(), "{id:?}");
}

/// The host takes it as a document: Unicode, numbers that are numbers, 64 levels.
pub fn is_object(json: Option<&String>) {
    if let Some(json) = json {
        let document: serde_json::Value = serde_json::from_str(json).expect(json);
        assert!(document.is_object() && levels(&document) <= 64, "{json}");
    }
}

fn levels(document: &serde_json::Value) -> usize {
    let deepest = match document {
        serde_json::Value::Array(items) => items.iter().map(levels).max(),
        serde_json::Value::Object(members) => members.values().map(levels).max(),
        _ => return 0,
    };
    1 + deepest.unwrap_or_default()
}

pub fn is_money(money: &Money) {
    let amount: Decimal = money.amount.parse().unwrap();
    assert_eq!(amount.to_string(), money.amount);
    assert!(!money.currency.contains('"'));
}

fn holds(listing: &Listing, document: &[u8]) {
    is_id(&listing.id);
    is_object(listing.extension.as_ref());
    listing.price.iter().for_each(is_money);
    let Text::Plain(description) = &listing.description else {
        panic!("Etsy has no HTML");
    };
    let extension = listing.extension.as_ref().map_or(0, String::len);
    let read = listing.title.len() + description.len() + extension;
    assert!(read <= document.len(), "{read} of {}", document.len());
    let is_known = listing.state != ListingState::Unknown;
    assert_eq!(
        is_known,
        states::state(&listing.state_text) != ListingState::Unknown
    );
}

fn of_one_listing(document: &[u8]) {
    each(document, |object| {
        if let Some(listing) = listing(object) {
            holds(&listing, document);
        }
    });
}

fn of_page(document: &[u8]) {
    let Ok(page) = listing_page(document) else {
        return;
    };
    page.items
        .iter()
        .for_each(|listing| holds(listing, document));
    let start = Cursor::start(None, None).unwrap().unwrap();
    let mut walk = Walk::new(&start, 100);
    for place in walk.asks() {
        walk.add(&place, page.clone());
    }
    assert!(walk.page().items.len() <= 100);
}

fn are_variations(variations: &[Variation], rows: usize) {
    assert_eq!(variations.len(), rows);
    for variation in variations {
        assert!(variation.id.as_ref().is_some_and(|id| !id.is_empty()));
        is_object(variation.extension.as_ref());
        variation.price.iter().for_each(is_money);
    }
}

/// The rows without what an axis is called, which is the same for all of a table that is written.
fn nameless(matrix: &Matrix) -> Vec<Row> {
    let mut rows = matrix.rows.clone();
    for value in rows.iter_mut().flat_map(|row| &mut row.values) {
        value.name = None;
    }
    rows
}

/// What can be written at all is not changed by being read and written.
fn is_written_back(before: &Matrix) {
    let read = before.inventory(&VariationImages::default());
    is_object(read.extension.as_ref());
    are_variations(&read.variations, before.rows.len());
    let mut violations = Violations::default();
    let context = Context {
        current: Some(before),
        currency: None,
        pointer: "/inventory/variations",
    };
    let mut after = Matrix::write(&read.variations, context, &mut violations);
    if !violations.is_empty() {
        return;
    }
    after.adopt(before);
    assert_eq!(nameless(&after), nameless(before));
    let body = |matrix: &Matrix| {
        matrix
            .body()
            .map(|body| serde_json::to_string(&body).unwrap())
    };
    let (after, before) = (body(&after), body(before));
    assert_eq!(after.is_ok(), before.is_ok());
}

fn of_inventory(document: &[u8]) {
    each(document, |object| is_written_back(&Matrix::read(object)));
}

fn of_a_listings_inventory(document: &[u8]) {
    each(document, |object| {
        let matrix = Matrix::of_listing(object);
        assert_eq!(matrix.rows.len(), 1);
        is_written_back(&matrix);
    });
}

/// A listing as a product, and that product as a change of the listing.
fn of_product(document: &[u8]) {
    each(document, |object| {
        // Of a member that comes twice either may be read, so nothing holds of what is written.
        let names: Vec<&str> = object.members().map(|(name, _)| name).collect();
        let is_clear = names.iter().collect::<BTreeSet<_>>().len() == names.len();
        let known = images(&object.objects("images"));
        let listing_type = object.text("listing_type");
        let is_digital = matches!(listing_type.as_deref(), Some("download" | "both"));
        let parts = Parts {
            matrix: Matrix::of_listing(object),
            properties: object
                .objects("results")
                .iter()
                .filter_map(AxisValue::read)
                .collect(),
            variation_images: VariationImages::read(object, &known),
            files: is_digital.then(|| files(object)),
        };
        let read = product(object, &parts);
        is_object(read.extension.as_ref());
        let Ok(converted) = write::update(&read, object, Some(&parts.matrix), &setup()) else {
            return;
        };
        let section = converted.section.as_deref().and_then(Id::parse);
        let (form, _) = changes(&converted, object, section.as_ref(), YEAR);
        assert!(form.is_empty() || !is_clear, "{form:?} would change");
        let matrix = wanted_matrix(&converted, &parts.matrix);
        if is_clear {
            assert_eq!(nameless(&matrix), nameless(&parts.matrix));
        }
    });
}

fn of_images(document: &[u8]) {
    each(document, |object| {
        let list = object.objects("results");
        let read = images(&list);
        assert_eq!(read.len(), list.len());
        let mut violations = Violations::default();
        let _ = Gallery::read(Some(&read), &[], None, &mut violations);
    });
}

fn of_properties(document: &[u8]) {
    each(document, |object| {
        if let Some(value) = AxisValue::read(object) {
            let attribute = value.attribute();
            assert!(attribute.key.as_deref().and_then(Id::parse).is_some());
            assert!(value.is_named_by(&attribute) || attribute.name.is_empty());
        }
    });
}

/// What Etsy says of a category, asked for attributes of all kinds.
fn of_category(document: &[u8]) {
    let Ok(object) = Object::parse(document) else {
        return;
    };
    let known = object.objects("results");
    let values = known.iter().filter_map(AxisValue::read);
    let mut attributes: Vec<_> = values.map(|value| value.attribute()).collect();
    for attribute in attributes.clone() {
        attributes.push(stoflow_plugin_sdk::types::Attribute {
            key: None,
            ..attribute
        });
    }
    let (properties, warnings) = attribute::properties(&attributes, &known);
    assert_eq!(properties.len() + warnings.len(), attributes.len());
    for property in properties {
        assert!(property.form().iter().any(|(name, _)| name == "values"));
    }
}

fn of_variation_images(document: &[u8]) {
    each(document, |object| {
        let known: Vec<Image> = images(&object.objects("images"));
        let read = VariationImages::read(object, &known);
        let matrix = Matrix::read(object);
        for row in &matrix.rows {
            let _ = read.of(row);
        }
        assert!(read.pairs().len() <= object.objects("results").len());
        let variations = matrix.variations(&read);
        let mut violations = Violations::default();
        let gallery = Gallery::read(Some(&known), &variations, Some(&matrix), &mut violations);
        let ids: Vec<Id> = known
            .iter()
            .filter_map(|image| Id::parse(image.id.as_deref()?))
            .collect();
        let _ = pairs(&gallery.unwrap_or_default(), &ids, &matrix);
    });
}

fn of_files(document: &[u8]) {
    each(document, |object| {
        let read = files(object);
        assert!(read.iter().all(|file| file.source.is_empty()));
    });
}

fn of_shop(document: &[u8]) {
    each(document, |object| {
        if let Some(shop) = shop(object) {
            is_id(&shop.id);
            assert!(!shop.name.is_empty());
            is_object(shop.extension.as_ref());
        }
    });
}

fn of_sections(document: &[u8]) {
    each(document, |object| {
        if let Some(section) = section(object) {
            is_id(&section.id);
        }
    });
}

fn of_identity(document: &[u8]) {
    let shop = Id::parse("7").unwrap();
    each(document, |object| {
        let identity = identity("5".into(), &shop, object);
        is_object(identity.extension.as_ref());
        assert_eq!(identity.shop_id.as_deref(), Some("7"));
    });
}

/// Drafts of which one may be that whose fate is unknown.
fn of_drafts(document: &[u8]) {
    let Ok(object) = Object::parse(document) else {
        return;
    };
    let drafts = object.objects("results");
    for trace in [String::new(), of_listing(&object)] {
        let intent = Intent {
            since: 1_700_000_000,
            trace,
            known: Vec::new(),
        };
        assert!(candidates(&drafts, &intent).len() <= drafts.len());
    }
}

/// The same body as a refusal, of each status that Etsy refuses with, of a read and of a write.
fn of_refusal(document: &[u8]) {
    for status in [400, 401, 403, 404, 409, 413, 422, 429, 500, 503] {
        for method in [Method::Get, Method::Post] {
            let text = String::from_utf8_lossy(document).into_owned();
            let refused = error(&Response {
                status,
                headers: vec![("retry-after".to_owned(), text)],
                body: document.to_vec(),
                method,
                path: "/v3/application/x".to_owned(),
            });
            if let Error::Invalid(violations) = at("/image", under("/inventory", refused)) {
                assert!(violations.iter().all(|wrong| wrong.path.starts_with('/')));
            }
        }
    }
}

/// The document as one text, as a title or a date might be.
fn of_texts(document: &[u8]) {
    let text = String::from_utf8_lossy(document);
    assert!(decode(&*text).len() <= text.len());
    let _ = from_html(&text);
    let Ok(object) = Object::parse(document) else {
        return;
    };
    for (_, value) in object.members() {
        let text = value.get().trim_matches('"');
        let _ = http_date(text);
        let _ = Cursor::start(None, Some(text));
        if let Some(era) = era::era(text, YEAR) {
            assert!(era::eras(YEAR).contains(&era), "{era}");
        }
        let _ = era::is_vintage(text, YEAR);
    }
}
