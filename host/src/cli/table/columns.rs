//! Which columns a table has: for the contract's own records as a person would choose, else what
//! is simple and says something.

use serde_json::Value;

use crate::contract::{FieldShape, Shape, ValueShape, snake_case};

use super::cell::is_simple;

/// More columns than this are not looked at.
const MOST: usize = 8;

/// For a type, its fields with their headings.
const CHOSEN: &[(&str, &[(&str, &str)])] = &[
    (
        "types.listing",
        &[
            ("id", "ID"),
            ("state", "STATE"),
            ("title", "TITLE"),
            ("price", "PRICE"),
            ("quantity", "STOCK"),
            ("updated-at", "UPDATED"),
        ],
    ),
    (
        "types.order",
        &[
            ("id", "ID"),
            ("payment", "PAYMENT"),
            ("fulfillment", "FULFILLMENT"),
            ("cancellation", "CANCELLATION"),
            ("total", "TOTAL"),
            ("created-at", "CREATED"),
            ("ship-by", "SHIP BY"),
        ],
    ),
    (
        "types.variation",
        &[
            ("id", "ID"),
            ("sku", "SKU"),
            ("choices", "CHOICES"),
            ("price", "PRICE"),
            ("quantity", "STOCK"),
            ("hidden", "HIDDEN"),
        ],
    ),
];

/// A column.
pub(super) struct Column<'s> {
    pub(super) heading: String,
    /// The member, in snake case.
    pub(super) member: String,
    pub(super) value: &'s ValueShape,
}

impl Column<'_> {
    /// Numbers and amounts are compared by their ends.
    pub(super) fn is_right_aligned(&self, shape: &Shape) -> bool {
        match self.value.inner() {
            ValueShape::U8
            | ValueShape::U16
            | ValueShape::U32
            | ValueShape::U64
            | ValueShape::S8
            | ValueShape::S16
            | ValueShape::S32
            | ValueShape::S64
            | ValueShape::F32
            | ValueShape::F64
            | ValueShape::Decimal => true,
            value => shape.fields(value).is_some(),
        }
    }
}

/// The columns of a table of records; none where no field is simple.
pub(super) fn choose<'s>(
    shape: &'s Shape,
    type_name: &str,
    fields: &'s [FieldShape],
    rows: &[Value],
) -> Vec<Column<'s>> {
    let chosen = CHOSEN.iter().find(|(name, _)| *name == type_name);
    let columns: Vec<Column<'s>> = match chosen {
        Some((_, chosen)) => chosen
            .iter()
            .filter_map(|(name, heading)| {
                let field = fields.iter().find(|field| field.name == *name)?;
                Some(column(field, (*heading).to_owned()))
            })
            .collect(),
        None => fields
            .iter()
            .filter(|field| is_simple(shape, &field.value))
            .map(|field| column(field, heading(&field.name)))
            .collect(),
    };
    let said = columns.into_iter().filter(|column| {
        let optional = matches!(
            column.value,
            ValueShape::Option { .. } | ValueShape::List { .. }
        );
        !optional
            || rows
                .iter()
                .any(|row| says_something(row.get(&column.member)))
    });
    said.take(MOST).collect()
}

fn column(field: &FieldShape, heading: String) -> Column<'_> {
    Column {
        heading,
        member: snake_case(&field.name),
        value: &field.value,
    }
}

/// `created-at` → `CREATED`.
fn heading(name: &str) -> String {
    let name = name.strip_suffix("-at").unwrap_or(name);
    name.replace('-', " ").to_uppercase()
}

fn says_something(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    }
}
