//! The contract's variations into the table, checked, and the table into the body of Etsy's PUT.

use super::axis::{AxisValue, is_custom, same_name};
use super::matrix::{Matrix, Row, Varies};
use super::price::price;
use crate::id::Id;
use crate::limits::{AXES, AXIS_VALUES, CUSTOM_AXES, QUANTITY, VARIATIONS};
use std::collections::BTreeMap;
use stoflow_plugin_sdk::types::{Attribute, Variation};
use stoflow_plugin_sdk::{Object, Violations};

/// What holds where variations do not say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// What is on Etsy now: kept where a variation says nothing.
    pub current: Option<&'a Matrix>,
    /// The shop's currency, where known: Etsy takes a price in no other.
    pub currency: Option<&'a str>,
    /// Where the variations are in the function's arguments.
    pub pointer: &'a str,
}

impl Matrix {
    /// The table that these variations make. What is wrong with them goes to `violations`.
    #[must_use]
    pub fn write(
        variations: &[Variation],
        context: Context<'_>,
        violations: &mut Violations,
    ) -> Self {
        let axes = axes(variations, context, violations);
        let current = context.current.map(Matrix::index);
        let rows: Vec<Row> = variations
            .iter()
            .enumerate()
            .map(|(place, variation)| {
                let before = current.as_ref().and_then(|current| current.find(variation));
                row(place, variation, before, &axes, context, violations)
            })
            .collect();
        check_table(&rows, axes.len(), context.pointer, violations);
        let mut matrix = Self {
            rows,
            varies: Varies::default(),
        };
        matrix.settle(context.current.map(|current| &current.varies));
        matrix
    }
}

/// An axis as the variations name it.
struct Axis {
    property: Id,
    name: Option<String>,
    choice: Attribute,
}

const REPEATED_AXIS: (&str, &str) = ("repeated-axis", "two axes are the same property");

impl Axis {
    /// Whether a choice is one of this axis: by its key where both have one, else by its name.
    fn is_named_by(&self, choice: &Attribute) -> bool {
        match (&self.choice.key, &choice.key) {
            (Some(wanted), Some(key)) => wanted == key,
            _ => same_name(&self.choice.name, &choice.name),
        }
    }
}

fn axes(variations: &[Variation], context: Context<'_>, violations: &mut Violations) -> Vec<Axis> {
    let Some(first) = variations.first() else {
        return Vec::new();
    };
    let pointer = format!("{}/0/choices", context.pointer);
    if first.choices.len() > AXES {
        let message = format!("{} axes, at most {AXES}", first.choices.len());
        violations.add(&pointer, "too-many-axes", message);
    }
    let mut axes: Vec<Axis> = Vec::new();
    for (place, choice) in first.choices.iter().enumerate() {
        let property = match axes.iter().any(|axis| axis.is_named_by(choice)) {
            true => Err(REPEATED_AXIS),
            false => property(choice, &axes, context.current),
        };
        match property {
            Ok(property) => {
                let name = Some(choice.name.trim().to_owned()).filter(|name| !name.is_empty());
                axes.push(Axis {
                    property,
                    name,
                    choice: choice.clone(),
                });
            }
            Err((code, message)) => violations.add(format!("{pointer}/{place}"), code, message),
        }
    }
    if axes.len() > 2 && axes.iter().any(|axis| is_custom(&axis.property)) {
        let message = "three axes must all be properties of Etsy's, given by their keys";
        violations.add(&pointer, "too-many-axes", message);
    }
    axes
}

/// The property of a further axis: its key, else the one that an axis of its name has on Etsy now,
/// else the next that a seller may name.
fn property(
    choice: &Attribute,
    axes: &[Axis],
    current: Option<&Matrix>,
) -> Result<Id, (&'static str, &'static str)> {
    let is_free = |id: &Id| axes.iter().all(|axis| axis.property != *id);
    if let Some(key) = &choice.key {
        let property = Id::parse(key).ok_or((
            "no-such-property",
            "the key of an axis is the number of one of Etsy's properties; leave it out for one of your own",
        ))?;
        return if is_free(&property) {
            Ok(property)
        } else {
            Err(REPEATED_AXIS)
        };
    }
    let mut custom = CUSTOM_AXES.iter().filter_map(|id| Id::parse(id));
    let known = known_axis(choice, current).filter(|id| is_free(id));
    known.or_else(|| custom.find(|id| is_free(id))).ok_or((
        "too-many-axes",
        "Etsy lets a seller name two axes; a third one needs the key of one of Etsy's properties",
    ))
}

/// The property that an axis of this name has on Etsy now.
fn known_axis(choice: &Attribute, current: Option<&Matrix>) -> Option<Id> {
    let row = current?.rows.first()?;
    let value = row.values.iter().find(|value| value.is_named_by(choice))?;
    Some(value.property.clone())
}

fn row(
    place: usize,
    variation: &Variation,
    before: Option<usize>,
    axes: &[Axis],
    context: Context<'_>,
    violations: &mut Violations,
) -> Row {
    let pointer = format!("{}/{place}", context.pointer);
    let before = before.and_then(|place| context.current?.rows.get(place));
    if variation.id.is_some() && before.is_none() && context.current.is_some() {
        violations.add(
            format!("{pointer}/id"),
            "no-such-variation",
            "the listing has no variation with this id; leave the id out for a new one",
        );
    }
    let price = match &variation.price {
        Some(money) => price(
            money,
            &format!("{pointer}/price"),
            context.currency,
            violations,
        ),
        None => {
            let kept = before.and_then(|row| row.price);
            if kept.is_none() {
                violations.add(
                    format!("{pointer}/price"),
                    "required",
                    "Etsy takes no listing without a price, not even a draft",
                );
            }
            kept
        }
    };
    if variation.quantity > QUANTITY {
        let message = format!("{}, at most {QUANTITY}", variation.quantity);
        violations.add(format!("{pointer}/quantity"), "too-many", message);
    }
    Row {
        sku: sku(variation, before),
        values: values(variation, axes, &pointer, violations),
        price,
        currency: variation.price.as_ref().map(|money| money.currency.clone()),
        quantity: variation.quantity,
        enabled: !variation.hidden,
        // A new variation is processed like the others.
        readiness: readiness(variation, &pointer, violations)
            .or_else(|| before.or(context.current?.rows.first())?.readiness.clone()),
        product_id: None,
        offering_id: None,
    }
}

fn sku(variation: &Variation, before: Option<&Row>) -> String {
    match &variation.sku {
        Some(sku) => sku.trim().to_owned(),
        None => before.map(|row| row.sku.clone()).unwrap_or_default(),
    }
}

fn readiness(variation: &Variation, pointer: &str, violations: &mut Violations) -> Option<Id> {
    let json = variation.extension.as_deref()?;
    let Ok(extension) = Object::parse(json.as_bytes()) else {
        violations.add(
            format!("{pointer}/extension"),
            "not-an-object",
            "an extension is a JSON object",
        );
        return None;
    };
    extension
        .text("readiness_state_id")
        .as_deref()
        .and_then(Id::parse)
}

fn values(
    variation: &Variation,
    axes: &[Axis],
    pointer: &str,
    violations: &mut Violations,
) -> Vec<AxisValue> {
    let is_named = |axis: &Axis| {
        variation
            .choices
            .iter()
            .any(|choice| axis.is_named_by(choice))
    };
    if variation.choices.len() != axes.len() || !axes.iter().all(is_named) {
        let names: Vec<&str> = axes.iter().map(|axis| axis.choice.name.as_str()).collect();
        let message = format!(
            "every variation has one choice for each axis: {}",
            names.join(", ")
        );
        violations.add(format!("{pointer}/choices"), "axes-differ", message);
    }
    let mut values = Vec::new();
    for axis in axes {
        let mut choices = variation.choices.iter();
        let Some(place) = choices.position(|choice| axis.is_named_by(choice)) else {
            continue;
        };
        let Some(choice) = variation.choices.get(place) else {
            continue;
        };
        let pointer = format!("{pointer}/choices/{place}");
        let [value] = choice.values.as_slice() else {
            violations.add(
                format!("{pointer}/values"),
                "one-value",
                "a choice has one value",
            );
            continue;
        };
        let text = value.text.trim();
        if text.is_empty() {
            violations.add(
                format!("{pointer}/values/0/text"),
                "required",
                "a choice needs a value",
            );
        }
        if text.contains(['(', ')']) {
            violations.add(
                format!("{pointer}/values/0/text"),
                "invalid-characters",
                format!("{text:?} has a parenthesis, which Etsy refuses in a choice"),
            );
        }
        values.push(AxisValue {
            property: axis.property.clone(),
            name: axis.name.clone(),
            scale: value.scale.as_deref().and_then(Id::parse),
            value_ids: value
                .id
                .as_deref()
                .and_then(Id::parse)
                .into_iter()
                .collect(),
            values: vec![text.to_owned()],
        });
    }
    values
}

fn check_table(rows: &[Row], axes: usize, pointer: &str, violations: &mut Violations) {
    let most = VARIATIONS.get(axes).copied().unwrap_or_default();
    if rows.len() > most && axes < VARIATIONS.len() {
        let message = format!("{} variations, at most {most} with {axes} axes", rows.len());
        violations.add(pointer, "too-many", message);
    }
    for axis in 0..axes {
        let mut texts: Vec<String> = rows
            .iter()
            .filter_map(|row| row.values.get(axis))
            .map(AxisValue::text)
            .collect();
        texts.sort();
        texts.dedup();
        if texts.len() > AXIS_VALUES {
            let message = format!("{} different values, at most {AXIS_VALUES}", texts.len());
            violations.add(format!("{pointer}/0/choices/{axis}"), "too-many", message);
        }
    }
    check_repeats(rows, axes, pointer, violations);
}

/// The same choices or, with another stock, the same SKU twice.
fn check_repeats(rows: &[Row], axes: usize, pointer: &str, violations: &mut Violations) {
    let mut choices: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let mut skus: BTreeMap<&str, (usize, u32)> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        if axes > 0 && row.values.len() == axes {
            let texts = row.values.iter().map(AxisValue::text).collect();
            let earlier = *choices.entry(texts).or_insert(place);
            if earlier != place {
                let message = format!("the same choices as variation {earlier}");
                violations.add(format!("{pointer}/{place}/choices"), "repeated", message);
            }
        }
        let (earlier, quantity) = *skus.entry(&row.sku).or_insert((place, row.quantity));
        if !row.sku.is_empty() && quantity != row.quantity {
            let message = format!(
                "variation {earlier} has the same SKU {:?} and another stock: on Etsy they share one",
                row.sku
            );
            violations.add(format!("{pointer}/{place}/quantity"), "sku-shared", message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoflow_plugin_sdk::types::{AttributeValue, Money};

    fn choice(key: Option<&str>, name: &str, text: &str) -> Attribute {
        let values = vec![AttributeValue {
            id: None,
            text: text.into(),
            scale: None,
        }];
        Attribute {
            key: key.map(Into::into),
            name: name.into(),
            values,
        }
    }

    fn variation(sku: &str, choices: Vec<Attribute>, amount: &str, quantity: u32) -> Variation {
        Variation {
            id: None,
            sku: Some(sku.into()),
            choices,
            price: Some(Money {
                amount: amount.into(),
                currency: "EUR".into(),
            }),
            quantity,
            hidden: false,
            images: Vec::new(),
            identifiers: Vec::new(),
            extension: None,
        }
    }

    fn written(variations: &[Variation]) -> (Matrix, Vec<String>) {
        let context = Context {
            currency: Some("EUR"),
            pointer: "/product/variations",
            ..Context::default()
        };
        let mut violations = Violations::default();
        let matrix = Matrix::write(variations, context, &mut violations);
        let wrong = violations
            .as_slice()
            .iter()
            .map(|wrong| format!("{} {}", wrong.path, wrong.code));
        (matrix, wrong.collect())
    }

    fn shirt(colour: &str, size: &str, amount: &str, quantity: u32) -> Variation {
        let choices = vec![
            choice(Some("200"), "Color", colour),
            choice(None, "Cut", size),
        ];
        variation(&format!("{colour}-{size}"), choices, amount, quantity)
    }

    #[test]
    fn the_body_is_what_etsy_takes() {
        let (matrix, wrong) = written(&[
            shirt("Blue", "Slim", "18.50", 4),
            shirt("Blue", "Wide", "18.50", 0),
            shirt("Red", "Slim", "20", 2),
            shirt("Red", "Wide", "20", 2),
        ]);
        assert_eq!(wrong, Vec::<String>::new());
        let body = serde_json::to_value(matrix.body().unwrap()).unwrap();
        assert_eq!(body["price_on_property"], serde_json::json!([200]));
        assert_eq!(body["quantity_on_property"], serde_json::json!([200, 513]));
        assert_eq!(body["sku_on_property"], serde_json::json!([200, 513]));
        assert_eq!(body["readiness_state_on_property"], serde_json::json!([]));
        let first = &body["products"][0];
        assert_eq!(first["offerings"][0]["price"].to_string(), "18.5");
        assert_eq!(
            first["offerings"][0]["readiness_state_id"],
            serde_json::Value::Null
        );
        let cut = serde_json::json!({"property_id": 513, "property_name": "Cut", "value_ids": [], "values": ["Slim"]});
        assert_eq!(first["property_values"][1], cut);
        assert!(
            serde_json::to_string(&matrix.body().unwrap())
                .unwrap()
                .contains(r#""price":18.50"#)
        );
    }

    #[test]
    fn one_of_a_kind_has_no_axes() {
        let (matrix, wrong) = written(&[variation("COAT", Vec::new(), "89", 1)]);
        assert!(wrong.is_empty());
        assert_eq!(matrix.varies, Varies::default());
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let (_, wrong) = written(&[
            variation("A", vec![choice(None, "Size", "M (EU)")], "0.10", 1000),
            variation(
                "B",
                vec![choice(None, "Size", "L"), choice(None, "Cut", "x")],
                "1.005",
                1,
            ),
            variation("C", vec![choice(None, "Size", "L")], "x", 1),
            variation("C", vec![choice(None, "Size", "XL")], "2", 3),
        ]);
        let expected = [
            "/product/variations/0/price too-low",
            "/product/variations/0/quantity too-many",
            "/product/variations/0/choices/0/values/0/text invalid-characters",
            "/product/variations/1/price/amount too-fine",
            "/product/variations/1/choices axes-differ",
            "/product/variations/2/price/amount not-a-decimal",
            "/product/variations/2/choices repeated",
            "/product/variations/3/quantity sku-shared",
        ];
        assert_eq!(wrong, expected);
    }

    #[test]
    fn an_axis_that_another_variation_lacks_is_told_and_not_dropped() {
        let (_, wrong) = written(&[
            variation("A", vec![choice(None, "Size", "M")], "5", 1),
            variation("B", vec![choice(None, "Cut", "Slim")], "5", 1),
        ]);
        assert_eq!(wrong, ["/product/variations/1/choices axes-differ"]);
        let twice = vec![choice(None, "Size", "M"), choice(None, "size ", "L")];
        let (_, wrong) = written(&[variation("A", twice, "5", 1)]);
        let expected = [
            "/product/variations/0/choices/1 repeated-axis",
            "/product/variations/0/choices axes-differ",
        ];
        assert_eq!(wrong, expected);
    }

    #[test]
    fn another_currency_than_the_shops_is_refused() {
        let dollars = Money {
            amount: "5".into(),
            currency: "USD".into(),
        };
        let (_, wrong) = written(&[Variation {
            price: Some(dollars),
            ..variation("A", Vec::new(), "5", 1)
        }]);
        assert_eq!(wrong, ["/product/variations/0/price/currency currency"]);
    }

    #[test]
    fn a_third_axis_must_be_etsys() {
        let three = |key| {
            vec![
                choice(Some("200"), "Color", "a"),
                choice(Some("100"), "Size", "b"),
                choice(key, "Cut", "c"),
            ]
        };
        assert!(
            written(&[variation("A", three(Some("300")), "5", 1)])
                .1
                .is_empty()
        );
        assert_eq!(
            written(&[variation("A", three(None), "5", 1)]).1,
            ["/product/variations/0/choices too-many-axes"]
        );
    }

    #[test]
    fn what_a_variation_does_not_say_is_kept() {
        let (current, _) = written(&[
            shirt("Blue", "Slim", "18.50", 4),
            shirt("Red", "Slim", "20", 2),
        ]);
        let silent = Variation {
            price: None,
            sku: None,
            id: current.rows.first().map(Row::id),
            ..shirt("Blue", "Slim", "1", 9)
        };
        let mut violations = Violations::default();
        let context = Context {
            current: Some(&current),
            ..Context::default()
        };
        let matrix = Matrix::write(
            &[silent, shirt("Red", "Slim", "20", 2)],
            context,
            &mut violations,
        );
        assert!(violations.is_empty());
        let blue = matrix.rows.first().unwrap();
        assert_eq!((blue.sku.as_str(), blue.quantity), ("Blue-Slim", 9));
        assert_eq!(blue.price.unwrap().to_string(), "18.50");
    }

    #[test]
    fn a_shared_stock_stays_shared_until_it_differs() {
        let (mut matrix, _) =
            written(&[shirt("Blue", "Slim", "5", 4), shirt("Red", "Slim", "5", 4)]);
        matrix.settle(Some(&Varies::default()));
        assert!(matrix.varies.quantity.is_empty());
        matrix.rows.first_mut().unwrap().quantity = 3;
        matrix.settle(Some(&Varies::default()));
        assert_eq!(matrix.varies.quantity, matrix.axes());
    }
}
