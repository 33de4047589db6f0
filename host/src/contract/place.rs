//! Where in a function's arguments a dotted name puts a value: `page.limit` is the field `limit` of the
//! parameter `page`.

use serde_json::{Map, Value};

use super::names::{same_name, snake_case};
use super::shape::{FieldShape, Shape, ValueShape};

/// A place in the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'s> {
    /// Names in snake case, from the parameter down.
    pub path: Vec<String>,
    /// What it holds, without the `option` around it.
    pub value: &'s ValueShape,
}

impl<'s> Place<'s> {
    /// The place of that name, each step in kebab or snake case; `None` without such a parameter or
    /// field.
    pub fn find(shape: &'s Shape, params: &'s [FieldShape], name: &str) -> Option<Self> {
        let mut path = Vec::new();
        let mut fields = params;
        let mut found: Option<&'s ValueShape> = None;
        for step in name.split('.') {
            if let Some(value) = found {
                fields = shape.fields(value)?.1;
            }
            let field = fields.iter().find(|field| same_name(&field.name, step))?;
            path.push(snake_case(&field.name));
            found = Some(field.value.inner());
        }
        Some(Self {
            path,
            value: found?,
        })
    }
}

/// Puts a value at its place, over what was said there before.
///
/// # Errors
///
/// How many of the names lead to a value that has no fields.
pub fn put(arguments: &mut Map<String, Value>, path: &[String], json: Value) -> Result<(), usize> {
    let Some((last, above)) = path.split_last() else {
        return Ok(());
    };
    let mut here = arguments;
    for (depth, step) in above.iter().enumerate() {
        let slot = here.entry(step.clone()).or_insert(Value::Null);
        if slot.is_null() {
            *slot = Value::Object(Map::new());
        }
        here = match slot {
            Value::Object(below) => below,
            _ => return Err(depth + 1),
        };
    }
    here.insert(last.clone(), json);
    Ok(())
}
