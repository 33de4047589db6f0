//! The flags of a function: one for each parameter, and for each field of a small record.

use crate::contract::{FieldShape, FunctionShape, NamedShape, Shape, ValueShape, kebab_case};

use super::phrase::{clause, first_sentence};

/// Up to how many fields a record's flags are listed one by one. `--page.limit` helps; a product's
/// nineteen would bury the rest, so they have a section of their own.
const FEW_FIELDS: usize = 6;

/// The flags that every function has; a parameter of such a name is given in `--args`.
pub const OWN: [&str; 5] = ["account", "user", "args", "json", "help"];

/// One flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag<'s> {
    /// `page.limit`, without the dashes.
    pub path: String,
    /// What it takes, without the `option` around it.
    pub value: &'s ValueShape,
    /// Whether it can be left out.
    pub optional: bool,
    /// A phrase about it, maybe empty.
    pub docs: String,
}

/// The flags of a function, in the order of its parameters.
pub fn flags<'s>(shape: &'s Shape, function: &'s FunctionShape) -> Vec<Flag<'s>> {
    let params = function.params.iter();
    params
        .filter(|param| !OWN.contains(&kebab_case(&param.name).as_str()))
        .flat_map(|param| {
            let flag = Flag::of(shape, param, &function.docs, String::new(), true);
            match shape.fields(flag.value) {
                Some((docs, fields)) if fields.len() <= FEW_FIELDS => fields
                    .iter()
                    .map(|field| Flag::of(shape, field, docs, flag.path.clone(), !flag.optional))
                    .collect(),
                _ => vec![flag],
            }
        })
        .collect()
}

/// The parameters that can be given by their place: the first ones, as long as they are needed and
/// a word says them.
pub fn by_place<'s>(shape: &'s Shape, function: &'s FunctionShape) -> Vec<&'s FieldShape> {
    let params = function.params.iter();
    params
        .take_while(|param| {
            let needed = !shape.may_be_absent(&param.value);
            let own = OWN.contains(&kebab_case(&param.name).as_str());
            needed && !own && shape.is_word(&param.value)
        })
        .collect()
}

impl<'s> Flag<'s> {
    /// Of a parameter or field; `above` is the path of the record that has it, `docs_above` what is
    /// said there.
    pub(super) fn of(
        shape: &'s Shape,
        field: &'s FieldShape,
        docs_above: &str,
        above: String,
        needed_above: bool,
    ) -> Self {
        let mut path = above;
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&kebab_case(&field.name));
        let value = field.value.inner();
        let said = clause(docs_above, &field.name);
        let own = || Some(first_sentence(&field.docs)).filter(|docs| !docs.is_empty());
        let items = match value {
            ValueShape::List { items } => items,
            value => value,
        };
        let of_type = || shape.named(items).map(|named| first_sentence(&named.docs));
        Self {
            path,
            value,
            optional: !needed_above || shape.may_be_absent(&field.value),
            docs: said.or_else(own).or_else(of_type).unwrap_or_default(),
        }
    }

    /// What stands for its value in help: `TEXT`, `JSON|@FILE`; empty where it takes none.
    pub fn value_name(&self, shape: &Shape) -> String {
        let last = self.path.rsplit('.').next().unwrap_or_default();
        value_name(shape, self.value, last)
    }

    /// Whether it may be given several times, each adding to a list.
    pub fn repeatable(&self, shape: &Shape) -> bool {
        let flags = matches!(
            shape.named(self.value).map(|named| &named.kind),
            Some(NamedShape::Flags { .. })
        );
        flags || matches!(self.value, ValueShape::List { .. })
    }

    /// The words that can stand there, where only some can.
    pub fn possible_values(&self, shape: &Shape) -> Vec<String> {
        let value = match self.value {
            ValueShape::List { items } => items,
            value => value,
        };
        match shape.named(value).map(|named| &named.kind) {
            Some(NamedShape::Enum { names } | NamedShape::Flags { names }) => {
                names.iter().map(|name| kebab_case(&name.name)).collect()
            }
            Some(NamedShape::Variant { cases }) => cases
                .iter()
                .map(|case| match case.value {
                    Some(_) => format!("{{\"{}\": …}}", crate::contract::snake_case(&case.name)),
                    None => kebab_case(&case.name),
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

fn value_name(shape: &Shape, value: &ValueShape, name: &str) -> String {
    match value.inner() {
        ValueShape::Bool => String::new(),
        ValueShape::U8
        | ValueShape::U16
        | ValueShape::U32
        | ValueShape::U64
        | ValueShape::S8
        | ValueShape::S16
        | ValueShape::S32
        | ValueShape::S64 => "N".to_owned(),
        ValueShape::F32 | ValueShape::F64 => "NUMBER".to_owned(),
        ValueShape::Char => "CHARACTER".to_owned(),
        ValueShape::Decimal => "DECIMAL".to_owned(),
        ValueShape::Timestamp => "TIME".to_owned(),
        ValueShape::Bytes => "BASE64|@FILE".to_owned(),
        ValueShape::String if name == "id" || name.ends_with("-id") => "ID".to_owned(),
        ValueShape::String => "TEXT".to_owned(),
        ValueShape::List { items } if shape.is_word(items) => {
            let singular = name.strip_suffix('s').unwrap_or(name);
            value_name(shape, items, singular)
        }
        named => match shape.named(named).map(|named| &named.kind) {
            Some(NamedShape::Enum { .. } | NamedShape::Flags { .. }) => {
                name.to_uppercase().replace('-', "_")
            }
            _ => "JSON|@FILE".to_owned(),
        },
    }
}
