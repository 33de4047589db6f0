//! What a product becomes, and what is wrong with one.

use super::*;
use stoflow_plugin_sdk::types::{
    Condition, Dimensions, File, Image, LengthUnit, Money, PolicyKind, PolicyRef, Text, Variation,
    Weight, WeightUnit,
};

fn setup() -> Setup {
    Setup {
        year: 2026,
        currency: Some("EUR".into()),
        ..Setup::default()
    }
}

fn variation() -> Variation {
    Variation {
        id: None,
        sku: Some("COAT".into()),
        choices: Vec::new(),
        price: Some(Money {
            amount: "89.00".into(),
            currency: "EUR".into(),
        }),
        quantity: 1,
        hidden: false,
        images: Vec::new(),
        identifiers: Vec::new(),
        extension: None,
    }
}

fn empty() -> Product {
    Product {
        title: None,
        description: None,
        locale: None,
        category: None,
        condition: None,
        condition_note: None,
        brand: None,
        attributes: None,
        tags: None,
        materials: None,
        images: None,
        files: None,
        variations: None,
        weight: None,
        dimensions: None,
        policies: Vec::new(),
        sections: None,
        extension: None,
    }
}

fn coat() -> Product {
    Product {
        title: Some("Wool coat, 1970s, size M".into()),
        description: Some(Text::Plain("Warm.".into())),
        category: Some("1234".into()),
        condition: Some(Condition::VeryGood),
        tags: Some(vec!["wool coat".into(), "1970s".into()]),
        images: Some(vec![Image {
            id: None,
            source: "asset:a.jpg".into(),
            alt_text: None,
        }]),
        variations: Some(vec![variation()]),
        extension: Some(r#"{"when_made":"1974"}"#.into()),
        ..empty()
    }
}

fn wrong(product: &Product, target: Target) -> Vec<String> {
    match create(product, target, &setup()) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(wrong)) => wrong
            .into_iter()
            .map(|wrong| format!("{} {}", wrong.path, wrong.code))
            .collect(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_product_becomes_the_form_of_a_draft() {
    let product = Product {
        materials: Some(vec!["wool".into()]),
        weight: Some(Weight {
            value: "1.20".into(),
            unit: WeightUnit::Kg,
        }),
        dimensions: Some(Dimensions {
            length: "90".into(),
            width: "50".into(),
            height: "2.5".into(),
            unit: LengthUnit::Cm,
        }),
        sections: Some(vec!["31".into()]),
        policies: vec![PolicyRef {
            kind: PolicyKind::Shipping,
            id: "11".into(),
        }],
        ..coat()
    };
    let converted = create(&product, Target::Active, &setup()).unwrap();
    let form: Vec<String> = converted
        .form
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let expected = [
        "title=Wool coat, 1970s, size M",
        "description=Warm.",
        "taxonomy_id=1234",
        "tags=wool coat,1970s",
        "materials=wool",
        "item_weight=1.20",
        "item_weight_unit=kg",
        "item_length=90",
        "item_width=50",
        "item_height=2.5",
        "item_dimensions_unit=cm",
        "who_made=someone_else",
        "when_made=1970s",
        "is_supply=false",
        "type=physical",
    ];
    assert_eq!(form, expected);
    assert_eq!(converted.policies.shipping, Id::parse("11"));
    assert_eq!(converted.section.as_deref(), Some("31"));
    assert_eq!(converted.warnings, []);
}

#[test]
fn a_product_that_says_nothing_is_told_all_that_it_lacks() {
    let expected = [
        "/product/title required",
        "/product/description required",
        "/product/category required",
        "/product/variations required",
        "/product/images required",
        "/product/extension/who_made required",
        "/product/extension/when_made required",
    ];
    assert_eq!(wrong(&empty(), Target::Active), expected);
    let images = |wrong: &String| wrong.contains("images");
    assert!(!wrong(&empty(), Target::Draft).iter().any(images));
}

#[test]
fn every_rule_that_is_broken_is_named_by_its_place() {
    let product = Product {
        title: Some(format!("{} $ 50% + 50%", "x".repeat(140))),
        description: Some(Text::Html("<p> </p>".into())),
        category: Some("coats".into()),
        tags: Some(vec![
            "half-price!".into(),
            "-start".into(),
            "x".repeat(21),
            "A".into(),
            "a".into(),
        ]),
        materials: Some(vec!["wool-mix".into()]),
        weight: Some(Weight {
            value: "0".into(),
            unit: WeightUnit::G,
        }),
        sections: Some(vec!["1".into(), "2".into()]),
        policies: vec![PolicyRef {
            kind: PolicyKind::Returns,
            id: "mine".into(),
        }],
        variations: Some(vec![Variation {
            quantity: 0,
            ..variation()
        }]),
        ..coat()
    };
    let expected = [
        "/product/title too-long",
        "/product/title invalid-characters",
        "/product/title repeated-character",
        "/product/description required",
        "/product/category no-such-category",
        "/product/tags/0 invalid-characters",
        "/product/tags/1 invalid-start",
        "/product/tags/2 too-long",
        "/product/tags/4 repeated",
        "/product/materials/0 invalid-characters",
        "/product/weight/value too-low",
        "/product/policies/0/id no-such-policy",
        "/product/sections too-many",
        "/product/variations required",
    ];
    assert_eq!(wrong(&product, Target::Active), expected);
}

#[test]
fn a_download_has_files_and_nothing_that_is_shipped() {
    let file = File {
        id: None,
        source: "asset:p.pdf".into(),
        name: "pattern.pdf".into(),
    };
    let pattern = Product {
        files: Some(vec![file]),
        ..coat()
    };
    let converted = create(&pattern, Target::Active, &setup()).unwrap();
    assert!(converted.digital);
    assert!(
        converted
            .form
            .contains(&("type".to_owned(), "download".to_owned()))
    );
    let bad = Product {
        files: Some(vec![File {
            id: None,
            source: String::new(),
            name: "a b.pdf".into(),
        }]),
        weight: Some(Weight {
            value: "1".into(),
            unit: WeightUnit::G,
        }),
        ..coat()
    };
    let expected = [
        "/product/files/0/source required",
        "/product/files/0/name invalid-name",
        "/product/weight digital",
    ];
    assert_eq!(wrong(&bad, Target::Active), expected);
    let empty = Product {
        files: Some(Vec::new()),
        ..coat()
    };
    assert_eq!(wrong(&empty, Target::Active), ["/product/files required"]);
    assert!(wrong(&empty, Target::Draft).is_empty());
}

#[test]
fn what_etsy_has_no_field_for_is_said() {
    let product = Product {
        brand: Some("Dior".into()),
        condition_note: Some("a stain".into()),
        description: Some(Text::Html("<b>Warm</b>".into())),
        policies: vec![PolicyRef {
            kind: PolicyKind::Payment,
            id: "1".into(),
        }],
        ..coat()
    };
    let converted = create(&product, Target::Active, &setup()).unwrap();
    let fields: Vec<&str> = converted
        .warnings
        .iter()
        .filter_map(|warning| warning.field.as_deref())
        .collect();
    let expected = [
        "/product/description",
        "/product/policies/0",
        "/product/condition_note",
        "/product/brand",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn a_change_speaks_of_what_the_product_mentions_only() {
    let listing = br#"{"listing_id":1,"state":"active","listing_type":"physical",
        "who_made":"i_did","when_made":"1970s","is_supply":false,"language":"fr",
        "images":[{"listing_image_id":9,"rank":1}]}"#;
    let listing = Object::parse(listing).unwrap();
    let product = Product {
        title: Some("New".into()),
        locale: Some("fr".into()),
        ..empty()
    };
    let converted = update(&product, &listing, None, &setup()).unwrap();
    assert_eq!(converted.form, [("title".to_owned(), "New".to_owned())]);
    assert_eq!(
        (converted.warnings, converted.matrix, converted.gallery),
        (Vec::new(), None, None)
    );
    let none = Product {
        images: Some(Vec::new()),
        ..empty()
    };
    assert!(update(&none, &listing, None, &setup()).is_err());
}

#[test]
fn what_etsy_has_already_is_not_judged_again() {
    let listing = r#"{"listing_id":1,"state":"active","listing_type":"physical","title":"Gift 🎁",
        "description":"Warm","tags":["half-price!"],"images":[],"language":"fr"}"#;
    let listing = Object::parse(listing.as_bytes()).unwrap();
    let same = Product {
        title: Some("Gift 🎁".into()),
        tags: Some(vec!["half-price!".into()]),
        images: Some(Vec::new()),
        ..empty()
    };
    let converted = update(&same, &listing, None, &setup()).unwrap();
    assert_eq!(converted.form, Vec::new());
    let other = Product {
        title: Some("Gifts 🎁".into()),
        ..same
    };
    assert!(update(&other, &listing, None, &setup()).is_err());
}

#[test]
fn a_locale_that_is_no_language_is_refused() {
    for (locale, fits) in [
        ("en", true),
        ("pt-BR", true),
        ("zh-Hant-TW", true),
        ("..", false),
        ("en/..", false),
        ("", false),
        ("english", false),
    ] {
        let product = Product {
            locale: Some(locale.into()),
            ..coat()
        };
        let made = create(&product, Target::Active, &setup());
        assert_eq!(made.is_ok(), fits, "{locale}");
    }
}
