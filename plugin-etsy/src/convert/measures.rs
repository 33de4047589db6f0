//! Weight and dimensions of the article, both ways.

use crate::api::Form;
use stoflow_plugin_sdk::types::{Dimensions, LengthUnit, Weight, WeightUnit};
use stoflow_plugin_sdk::{Decimal, Object, Violations};

pub(super) fn weigh(weight: &Weight, form: &mut Form, violations: &mut Violations) {
    let unit = match weight.unit {
        WeightUnit::G => "g",
        WeightUnit::Kg => "kg",
        WeightUnit::Oz => "oz",
        WeightUnit::Lb => "lb",
    };
    if let Some(value) = positive(&weight.value, "/product/weight/value", violations) {
        form.push(("item_weight".to_owned(), value));
        form.push(("item_weight_unit".to_owned(), unit.to_owned()));
    }
}

pub(super) fn measure(dimensions: &Dimensions, form: &mut Form, violations: &mut Violations) {
    let unit = match dimensions.unit {
        LengthUnit::Mm => "mm",
        LengthUnit::Cm => "cm",
        LengthUnit::M => "m",
        LengthUnit::In => "in",
        LengthUnit::Ft => "ft",
        LengthUnit::Yd => "yd",
    };
    let sides = [
        ("length", &dimensions.length),
        ("width", &dimensions.width),
        ("height", &dimensions.height),
    ];
    for (side, value) in sides {
        if let Some(value) = positive(value, &format!("/product/dimensions/{side}"), violations) {
            form.push((format!("item_{side}"), value));
        }
    }
    form.push(("item_dimensions_unit".to_owned(), unit.to_owned()));
}

/// A measure above nought: with a weight of 0 Etsy answers 500 and makes the listing all the same.
fn positive(value: &str, path: &str, violations: &mut Violations) -> Option<String> {
    match value.parse::<Decimal>() {
        Ok(number) if number > Decimal::ZERO => Some(number.to_string()),
        Ok(_) => {
            violations.add(path, "too-low", format!("{value} is not above 0"));
            None
        }
        Err(error) => {
            violations.add(path, "not-a-decimal", error.to_string());
            None
        }
    }
}

pub(super) fn weight(listing: &Object<'_>) -> Option<Weight> {
    let value = number(listing, "item_weight")?;
    let unit = match listing.text("item_weight_unit")?.as_str() {
        "g" => WeightUnit::G,
        "kg" => WeightUnit::Kg,
        "oz" => WeightUnit::Oz,
        "lb" => WeightUnit::Lb,
        _ => return None,
    };
    Some(Weight { value, unit })
}

pub(super) fn dimensions(listing: &Object<'_>) -> Option<Dimensions> {
    let side = |name: &str| number(listing, name);
    let (length, width, height) = (
        side("item_length")?,
        side("item_width")?,
        side("item_height")?,
    );
    let unit = match listing.text("item_dimensions_unit")?.as_str() {
        "mm" => LengthUnit::Mm,
        "cm" => LengthUnit::Cm,
        "m" => LengthUnit::M,
        "in" | "inches" => LengthUnit::In,
        "ft" => LengthUnit::Ft,
        "yd" => LengthUnit::Yd,
        _ => return None,
    };
    Some(Dimensions {
        length,
        width,
        height,
        unit,
    })
}

/// A measure as a person would write it: Etsy's floats come as `60.0`.
fn number(listing: &Object<'_>, name: &str) -> Option<String> {
    let value: Decimal = listing.text(name)?.parse().ok()?;
    let text = value.to_string();
    let short = match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.'),
        None => &text,
    };
    (value > Decimal::ZERO).then(|| short.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_is_read_without_zeros_that_say_nothing() {
        let weight = |value: &str| {
            let json = format!(r#"{{"item_weight":{value},"item_weight_unit":"g"}}"#);
            weight(&Object::parse(json.as_bytes()).unwrap()).map(|weight| weight.value)
        };
        for (read, expected) in [
            ("420.0", "420"),
            ("100", "100"),
            ("1.80", "1.8"),
            ("0.05", "0.05"),
            ("\"0.450\"", "0.45"),
        ] {
            assert_eq!(weight(read).as_deref(), Some(expected));
        }
        for nothing in ["0", "0.0", "null", "-1", "\"heavy\""] {
            assert_eq!(weight(nothing), None, "{nothing}");
        }
    }
}
