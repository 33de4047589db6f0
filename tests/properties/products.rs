//! Products of every kind that a seller might publish; a few of them Etsy does not take.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

/// Mugs: a category without sizes.
const CATEGORY: &str = "944";

/// Words that a title may hold: other scripts, right-to-left ones, composed letters, signs.
const WORDS: &[&str] = &[
    "Wool",
    "coat",
    "1970s",
    "été",
    "Smörgås",
    "Straße",
    "שלום",
    "معطف",
    "шапка",
    "日本の",
    "카드",
    "O'Connell",
    "–",
    "™",
    "5=6",
    "(M)",
    "half/half",
    "ﬁne",
    "Ǆ",
    "«x»",
];

/// Words that a title may not hold: an emoji, a combining mark, a sign of money, a control character.
const REFUSED: &[&str] = &["🎁", "e\u{301}", "€5", "a\u{7}b", "👩\u{200d}👧", "`"];

/// Words of tags and materials.
const PLAIN: &[&str] = &[
    "wool",
    "red",
    "été",
    "שלום",
    "معطف",
    "日本",
    "1970",
    "Ærø",
    "deux mots",
    "Wolle",
];

const IMAGES: &[&str] = &[
    "mug.jpg",
    "coat-front.jpg",
    "coat-back.jpg",
    "coat-detail.jpg",
    "poster.jpg",
];

/// A product of a shop that sells in this currency.
pub fn of(currency: &str) -> impl Strategy<Value = Value> + use<> {
    let currency = currency.to_owned();
    let words = (title(), description(), tags(), subsequence(PLAIN, 0..5));
    let things = (measures(), extension(), attributes(), any_section());
    (words, things, offers(currency), images(), any::<u8>()).prop_map(
        |(words, things, (variations, image_of), images, kind)| {
            let (title, description, tags, materials) = words;
            let (measures, extension, attributes, sections) = things;
            let mut product = json!({
                "title": title,
                "description": { "plain": description },
                "category": CATEGORY,
                "tags": tags,
                "materials": materials,
                "images": images,
                "variations": variations,
                "attributes": attributes,
                "sections": sections,
                "extension": extension,
            });
            // One in five is a download, where nothing varies.
            if kind % 5 == 0 && product["variations"].as_array().unwrap().len() == 1 {
                product["files"] = json!([{ "source": "asset:mug.jpg", "name": "plan_1.jpg" }]);
                product["variations"][0]["choices"] = json!([]);
            } else {
                product.as_object_mut().unwrap().extend(measures);
                tell_apart(&mut product);
                show(&mut product, image_of);
            }
            product
        },
    )
}

/// Whether a product is one that Etsy never takes: of others a preview may be wrong.
pub fn is_refused(product: &Value) -> bool {
    let title = product["title"].as_str().unwrap();
    REFUSED.iter().any(|word| title.contains(word)) || title.chars().count() > 140
}

fn title() -> impl Strategy<Value = String> {
    let fine = vec(select(WORDS), 1..9).prop_map(|words| words.join(" "));
    let odd = (select(WORDS), select(REFUSED)).prop_map(|(fine, odd)| format!("{fine} {odd}"));
    let long = Just("x".repeat(141));
    prop_oneof![14 => fine, 1 => odd, 1 => long]
}

/// A description is free: several lines, entities, tags, emoji, marks.
fn description() -> impl Strategy<Value = String> {
    let lines = [
        "Warm & red.",
        "",
        "- 100% wool, < 1 kg",
        "🎁 gift wrapped 👩\u{200d}👧",
        "e\u{301}te\u{301}",
        "\u{202b}מעיל חם\u{202c}",
        "\"quoted\" 'text'; a=b&c=d + %41",
        "50 € or 60 $",
    ];
    vec(select(lines.to_vec()), 0..5).prop_map(|lines| {
        let text = format!("A thing.\n{}", lines.join("\n"));
        text.trim_end().to_owned()
    })
}

fn tags() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(PLAIN, 0..8)
}

fn decimal() -> impl Strategy<Value = String> {
    (1_u32..90, 0_u32..100).prop_map(|(whole, part)| match part {
        0..50 => whole.to_string(),
        _ => format!("{whole}.{part}"),
    })
}

fn measures() -> impl Strategy<Value = Map<String, Value>> {
    let weight = (decimal(), select(vec!["g", "kg", "oz", "lb"]))
        .prop_map(|(value, unit)| json!({ "value": value, "unit": unit }));
    let unit = select(vec!["mm", "cm", "m", "in", "ft", "yd"]);
    let dimensions = (decimal(), decimal(), decimal(), unit).prop_map(
        |(length, width, height, unit)| json!({ "length": length, "width": width, "height": height, "unit": unit }),
    );
    (option::of(weight), option::of(dimensions)).prop_map(|(weight, dimensions)| {
        let named = [("weight", weight), ("dimensions", dimensions)];
        let given = named.into_iter();
        given
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    })
}

fn extension() -> impl Strategy<Value = Value> {
    let made = select(vec![
        ("i_did", "made_to_order", false),
        ("i_did", "2010_2019", true),
        ("collective", "1990s", false),
        ("someone_else", "1970s", false),
        ("someone_else", "before_1700", false),
    ]);
    let question = select(vec!["Which name?", "Quel prénom ?", "איזה שם?"]);
    let (renews, taxable) = (option::of(any::<bool>()), option::of(any::<bool>()));
    let styles = option::of(select(vec![json!(["Retro"]), json!(["Boho", "Art déco"])]));
    (
        made,
        option::weighted(0.3, question),
        renews,
        taxable,
        styles,
    )
        .prop_map(
            |((who, when, is_supply), question, renews, taxable, styles)| {
                let mut extension =
                    json!({ "who_made": who, "when_made": when, "is_supply": is_supply });
                let members = [
                    ("should_auto_renew", renews.map(Value::from)),
                    ("is_taxable", taxable.map(Value::from)),
                    ("styles", styles),
                    ("personalization_questions", question.map(asked)),
                ];
                for (name, value) in members {
                    if let Some(value) = value {
                        extension[name] = value;
                    }
                }
                extension
            },
        )
}

fn asked(question: &str) -> Value {
    json!([{
        "question_text": question,
        "question_type": "text_input",
        "required": true,
        "max_allowed_characters": 24,
    }])
}

fn attributes() -> impl Strategy<Value = Vec<Value>> {
    let occasion = json!({ "name": "Occasion", "values": [{ "text": "Wedding" }] });
    let material =
        json!({ "name": "Material", "values": [{ "text": "Wool" }, { "text": "Silk" }] });
    subsequence(vec![occasion, material], 0..=2)
}

fn any_section() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(vec!["Everything"], 0..=1)
}

fn images() -> impl Strategy<Value = Vec<Value>> {
    let text = option::of(select(vec!["front", "côté", "מלפנים", "a & b <c>"]));
    let image = |name: &&str| json!({ "source": format!("asset:{name}") });
    subsequence(IMAGES, 1..=IMAGES.len()).prop_flat_map(move |names| {
        let images: Vec<Value> = names.iter().map(image).collect();
        vec(text.clone(), images.len()).prop_map(move |texts| {
            let mut images = images.clone();
            for (image, text) in images.iter_mut().zip(texts) {
                if let Some(text) = text {
                    image["alt_text"] = json!(text);
                }
            }
            images
        })
    })
}

/// An axis: a key or none, a name, values with ids or none.
type Axis = (Option<&'static str>, &'static str, &'static [&'static str]);

const OWN: [Axis; 2] = [
    (None, "Glaze", &["Blue", "Grün", "לבן", "Gold rim"]),
    (None, "Taille", &["Petit", "Grand", "Très grand"]),
];

const KNOWN: [Axis; 3] = [
    (Some("200"), "Primary color", &["Blue", "Red", "Green"]),
    (Some("201"), "Secondary color", &["Gold", "Silver"]),
    (Some("507"), "Material", &["Wool", "Silk"]),
];

fn axes() -> impl Strategy<Value = Vec<Axis>> {
    let own = subsequence(OWN.to_vec(), 0..=2);
    let known = subsequence(KNOWN.to_vec(), 1..=3);
    prop_oneof![3 => own, 2 => known]
}

/// Variations over the axes, and whether those of one value of the first axis show an image.
fn offers(currency: String) -> impl Strategy<Value = (Vec<Value>, bool)> {
    axes().prop_flat_map(move |axes| {
        let choices = combinations(&axes);
        let amount = amount(&currency);
        let offer = (amount, 0_u32..=999, any::<bool>(), 0_u8..4);
        let currency = currency.clone();
        let offers = vec(offer, choices.len()).prop_map(move |offers| {
            let mut variations: Vec<Value> = Vec::new();
            for (place, (choices, offer)) in choices.iter().zip(offers).enumerate() {
                let (amount, quantity, hidden, sku) = offer;
                let mut variation = json!({
                    "choices": choices,
                    "price": { "amount": amount, "currency": currency },
                    // One of them can be bought.
                    "quantity": if place == 0 { quantity.max(1) } else { quantity },
                });
                if place > 0 && hidden {
                    variation["hidden"] = json!(true);
                }
                if sku > 0 {
                    variation["sku"] = json!(format!("SKU {place}/é-{sku}"));
                }
                variations.push(variation);
            }
            variations
        });
        (offers, any::<bool>())
    })
}

fn amount(currency: &str) -> BoxedStrategy<String> {
    if currency == "JPY" {
        return (100_u32..100_000).prop_map(|yen| yen.to_string()).boxed();
    }
    let cents = (1_u32..2_000, 0_u32..100).prop_map(|(whole, part)| format!("{whole}.{part:02}"));
    let whole = (1_u32..2_000).prop_map(|whole| whole.to_string());
    prop_oneof![3 => cents, 1 => whole].boxed()
}

fn combinations(axes: &[Axis]) -> Vec<Vec<Value>> {
    let mut all = vec![Vec::new()];
    for (key, name, values) in axes {
        let with = |choices: &Vec<Value>| {
            let one = |text: &&str| {
                let mut choice = json!({ "name": name, "values": [{ "text": text }] });
                if let Some(key) = key {
                    choice["key"] = json!(key);
                }
                let mut choices = choices.clone();
                choices.push(choice);
                choices
            };
            values.iter().map(one).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

/// What sets the variations apart does not describe the listing too.
fn tell_apart(product: &mut Value) {
    let choices = product["variations"][0]["choices"].clone();
    let axes: Vec<&Value> = choices
        .as_array()
        .into_iter()
        .flatten()
        .map(|axis| &axis["name"])
        .collect();
    let attributes = product["attributes"].as_array_mut().unwrap();
    attributes.retain(|attribute| !axes.contains(&&attribute["name"]));
}

/// Lets the variations of each value of the first axis show one of the product's images.
fn show(product: &mut Value, is_shown: bool) {
    let images = product["images"].as_array().unwrap().clone();
    let Some(variations) = product["variations"].as_array_mut() else {
        return;
    };
    if !is_shown || variations.len() == 1 {
        return;
    }
    let mut values: Vec<String> = Vec::new();
    for variation in variations {
        let text = variation["choices"][0]["values"][0]["text"].to_string();
        let place = values.iter().position(|known| *known == text);
        let place = place.unwrap_or_else(|| {
            values.push(text);
            values.len() - 1
        });
        variation["images"] = json!([images[place % images.len()]]);
    }
}
