//! Whether what is read of a listing is what was published.

use serde_json::Value;

/// Holds a product that was read against the one that was published: every field that it names.
pub fn says_the_same(read: &Value, product: &Value) {
    for name in ["description", "category", "tags", "materials", "title"] {
        assert_eq!(read[name], product[name], "{name} of {read:#}");
    }
    if let Some(weight) = product.get("weight") {
        assert!(
            is_same(&read["weight"]["value"], &weight["value"]),
            "{read:#}"
        );
        assert_eq!(read["weight"]["unit"], weight["unit"]);
    }
    if let Some(dimensions) = product.get("dimensions") {
        for side in ["length", "width", "height"] {
            let there = &read["dimensions"][side];
            assert!(is_same(there, &dimensions[side]), "{side} of {read:#}");
        }
        assert_eq!(read["dimensions"]["unit"], dimensions["unit"]);
    }
    for (name, value) in product["extension"].as_object().unwrap() {
        let there = &read["extension"][name];
        if name == "personalization_questions" {
            assert_eq!(
                there[0]["question_text"], value[0]["question_text"],
                "{read:#}"
            );
        } else {
            assert_eq!(there, value, "{name} of {read:#}");
        }
    }
    images(read, product);
    variations(&read["variations"], &product["variations"]);
    attributes(&read["attributes"], &product["attributes"]);
    if let Some(files) = product.get("files") {
        let names = |files: &Value| each(files, |file| file["name"].clone());
        assert_eq!(names(&read["files"]), names(files));
    }
    let sections = product["sections"].as_array().map_or(0, Vec::len);
    assert_eq!(read["sections"].as_array().unwrap().len(), sections);
}

fn each<T>(list: &Value, of: impl Fn(&Value) -> T) -> Vec<T> {
    list.as_array().into_iter().flatten().map(of).collect()
}

fn is_same(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    number(one).is_some() && number(one) == number(other)
}

/// Those of the product come first, in its order.
fn images(read: &Value, product: &Value) {
    let text = |image: &Value| image["alt_text"].as_str().unwrap_or_default().to_owned();
    let (there, wanted) = (each(&read["images"], text), each(&product["images"], text));
    assert_eq!(
        there.get(..wanted.len()),
        Some(wanted.as_slice()),
        "{read:#}"
    );
}

fn variations(read: &Value, wanted: &Value) {
    let offer = |variation: &Value| {
        let choice = |choice: &Value| (choice["name"].clone(), choice["values"][0]["text"].clone());
        (
            variation["sku"].as_str().unwrap_or_default().to_owned(),
            each(&variation["choices"], choice),
            variation["quantity"].clone(),
            variation["hidden"].as_bool().unwrap_or_default(),
            each(&variation["images"], |_| ()).len(),
        )
    };
    assert_eq!(each(read, offer), each(wanted, offer));
    let prices = |list: &Value| each(list, |variation| variation["price"].clone());
    for (there, wanted) in prices(read).iter().zip(prices(wanted)) {
        assert!(
            is_same(&there["amount"], &wanted["amount"]),
            "{there} {wanted}"
        );
        assert_eq!(there["currency"], wanted["currency"]);
    }
}

fn attributes(read: &Value, wanted: &Value) {
    let named = |attribute: &Value| {
        let text = |value: &Value| value["text"].as_str().unwrap().to_owned();
        let name = attribute["name"].as_str().unwrap().to_owned();
        (name, each(&attribute["values"], text))
    };
    let (mut there, mut wanted) = (each(read, named), each(wanted, named));
    there.sort();
    wanted.sort();
    assert_eq!(there, wanted);
}
