//! The rest of the conversions: orders, stock, pushes, policies, what a shop lacks, and categories.

use stoflow_plugin_etsy::convert::category::Categories;
use stoflow_plugin_etsy::convert::category_property::properties;
use stoflow_plugin_etsy::convert::category_search::search;
use stoflow_plugin_etsy::convert::keyset::Place;
use stoflow_plugin_etsy::convert::order::page::{Page, Query};
use stoflow_plugin_etsy::convert::order::{digital_lines, order};
use stoflow_plugin_etsy::convert::policy_data::{Returns, processing_form, shipping};
use stoflow_plugin_etsy::convert::policy_read::{KINDS, policies};
use stoflow_plugin_etsy::convert::poll_cursor::PollCursor;
use stoflow_plugin_etsy::convert::push::{Push, push};
use stoflow_plugin_etsy::convert::stock;
use stoflow_plugin_etsy::publish::policies::Kind;
use stoflow_plugin_etsy::shop::{Found, findings};
use stoflow_plugin_sdk::poll::{Item, Window};
use stoflow_plugin_sdk::types::{Money, Order};
use stoflow_plugin_sdk::{Decimal, Object, Violations};

use crate::conversions::{Conversion, each, is_id, is_money, is_object, setup};

/// All of them.
pub const CONVERSIONS: &[Conversion] = &[
    ("order", of_order),
    ("orders", of_orders),
    ("stock", of_stock),
    ("push", of_push),
    ("policies", of_policies),
    ("policy data", of_policy_data),
    ("readiness", of_readiness),
    ("places", of_places),
    ("categories", of_categories),
    ("category properties", of_category_properties),
];

fn holds(order: &Order) {
    is_id(&order.id);
    is_object(order.extension.as_ref());
    let sums: [&Money; 5] = [
        &order.subtotal,
        &order.shipping,
        &order.tax,
        &order.discount,
        &order.total,
    ];
    sums.into_iter().chain(&order.refunded).for_each(is_money);
    let discount: Decimal = order.discount.amount.parse().unwrap();
    assert!(!discount.is_negative(), "{discount}");
    for line in &order.lines {
        is_money(&line.unit_price);
    }
}

fn of_order(document: &[u8]) {
    each(document, |object| {
        let _ = digital_lines(object);
        if let Some(order) = order(object) {
            holds(&order);
        }
    });
}

fn of_orders(document: &[u8]) {
    let window = Window {
        start: 1_700_000_000_000,
        end: 1_800_000_000_000,
    };
    for query in [Query::changed_in(&window), Query::created_in(&window)] {
        let place = Place::default();
        let Ok(page) = Page::read(document) else {
            return;
        };
        let (orders, next) = page.after(&query, &place, 100);
        orders.iter().for_each(holds);
        if let Some(next) = next {
            // A list that does not go on would be read for ever.
            assert_ne!(next, place);
            assert_eq!(query.start(Some(&query.cursor(&next))).unwrap(), next);
        }
    }
}

fn of_stock(document: &[u8]) {
    each(document, |object| {
        for item in stock::items(object) {
            match item {
                Item::Stock(level) => is_id(&level.listing_id),
                Item::Listing(listing) => is_object(listing.extension.as_ref()),
                Item::Order(_) => panic!("a listing is no order"),
            }
        }
    });
}

fn of_push(document: &[u8]) {
    if let Push::Malformed(why) = push(document) {
        assert!(!why.is_empty());
    }
}

fn of_policies(document: &[u8]) {
    let Ok(object) = Object::parse(document) else {
        return;
    };
    for kind in KINDS {
        for policy in policies(kind, &object) {
            assert_eq!(policy.kind, kind);
            is_id(&policy.id);
            is_object(policy.extension.as_ref());
        }
    }
}

/// The document as what a caller gives for a policy: the other direction, and as little to be trusted.
fn of_policy_data(document: &[u8]) {
    let text = String::from_utf8_lossy(document);
    let mut violations = Violations::default();
    if let Some(profile) = shipping("Letter", &text, &mut violations) {
        let _ = (profile.form(), profile.says());
        each(document, |object| {
            let _ = (profile.is(object), profile.may_be(object));
        });
    }
    let _ = Returns::read(&text, &mut violations).map(Returns::form);
    let _ = processing_form(&text, &mut violations);
}

fn of_readiness(document: &[u8]) {
    let Ok(object) = Object::parse(document) else {
        return;
    };
    let found: Vec<Found> = Kind::ALL
        .into_iter()
        .map(|kind| Found::of(kind, &object))
        .collect();
    for finding in findings(&object, &found, &setup()) {
        assert!(!finding.code.is_empty() && !finding.message.is_empty());
    }
}

/// Texts as the places where a list goes on.
fn of_places(document: &[u8]) {
    let Ok(object) = Object::parse(document) else {
        return;
    };
    for (_, value) in object.members() {
        let text = value.get().trim_matches('"');
        if let Some(place) = Place::parse(text) {
            assert_eq!(Place::parse(&place.to_string()), Some(place));
        }
        let _ = PollCursor::parse(text);
    }
}

/// The tree walked from its roots reaches each category once, and a search finds no other.
fn of_categories(document: &[u8]) {
    let Ok(tree) = Categories::read(document) else {
        return;
    };
    for (place, category) in tree.all().iter().enumerate() {
        is_id(category.id.as_str());
        assert!(category.parent.is_none_or(|parent| parent < place));
        let node = tree.node(place).unwrap();
        assert_eq!(node.path.last(), Some(&node.name));
        assert!(tree.children(Some(&category.id)).is_some());
    }
    // As a seller would type it who has read the document.
    let query = String::from_utf8_lossy(document);
    for query in [query.as_ref(), "mug", "mens clohting"] {
        let found = search(&tree, query, 7);
        assert!(found.len() <= 7);
        assert_eq!(
            found.iter().map(|node| &node.id).collect::<Vec<_>>(),
            search(&tree, query, 7)
                .iter()
                .map(|node| &node.id)
                .collect::<Vec<_>>()
        );
    }
}

fn of_category_properties(document: &[u8]) {
    let Ok(object) = Object::parse(document) else {
        return;
    };
    for property in properties(&object) {
        is_id(&property.key);
        is_object(property.extension.as_ref());
        assert_eq!(property.free_text, property.choices.is_empty());
        assert!(property.max_values.is_none_or(|most| most > 0));
        property.scales.iter().for_each(|scale| is_id(&scale.id));
        for choice in &property.choices {
            choice
                .id
                .iter()
                .chain(&choice.scale)
                .for_each(|id| is_id(id));
        }
    }
}
