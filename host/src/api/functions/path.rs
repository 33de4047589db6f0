//! The arguments that a path says: those in its segments, and those that it stands for.

use serde_json::{Map, Value};

use super::{Endpoint, misfit};
use crate::api::problem::{Problem, Violation};
use crate::contract::{FunctionShape, Place, Shape, WordError, WordReader};

/// The arguments, of segments as they are after their escapes are read: `a%2Fb` is the one id `a/b`.
///
/// # Errors
/// A segment that is none of the values that the parameter takes, or no text that anything is named by.
pub(super) fn arguments(
    endpoint: Endpoint,
    shape: &Shape,
    function: &FunctionShape,
    segments: impl Iterator<Item = (String, String)>,
) -> Result<Map<String, Value>, Problem> {
    let mut arguments = Map::new();
    for (name, word) in segments {
        // An older version may lack the parameter; it is then unknown where the arguments are read.
        let value = Place::find(shape, &function.params, &name).map(|place| place.value);
        let read = match value {
            _ if word.is_empty() => Err("it is empty".to_owned()),
            _ if word.contains(char::is_control) => {
                Err("it has a control character in it".to_owned())
            }
            None => Ok(Value::String(word)),
            Some(value) => {
                let read = WordReader::without_files(shape).read(value, &word);
                read.map_err(|error| match error {
                    WordError::Value(message) => message,
                    WordError::File(never) => match never {},
                })
            }
        };
        let value = read.map_err(|message| {
            misfit(vec![Violation {
                path: format!("/{name}"),
                code: "path".to_owned(),
                message: format!("in the path: {message}"),
            }])
        })?;
        arguments.insert(name, value);
    }
    for (name, json) in endpoint.at.fixed {
        let value = serde_json::from_str(json).unwrap_or_default();
        arguments.insert((*name).to_owned(), value);
    }
    Ok(arguments)
}
