//! Variables and flags laid over the file, from the lightest to the heaviest. Each is tried alone, so
//! that what does not fit is named by the variable that says it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::fault::Fault;
use super::layer::{Layer, Layers, no_setting};
use super::meant::{Meant, capitals, meant, meant_short, nearest};
use super::places::Places;
use super::read::{Tables, plugins};
use super::setting::{FORMER, FORMER_SCOPE, Kind, SETTINGS};
use crate::model::PluginId;

/// A setting that one of a plugin's can take the place of, and the other way round.
const ALTERNATIVES: &[(&str, &str)] = &[
    ("client_secret", "client_secret_file"),
    ("webhook_secrets", "webhook_secrets_file"),
];

/// What a variable or flag sets.
struct Given<'a> {
    meant: Meant,
    layer: Layer,
    place: &'a str,
    text: &'a str,
}

impl Given<'_> {
    fn key(&self) -> String {
        self.meant.keys.join(".")
    }
}

/// The tables with everything laid over them that fits.
pub(super) fn lay_over(
    mut file: Value,
    layers: &Layers,
    places: &mut Places,
    faults: &mut Vec<Fault>,
) -> Tables {
    let mut given = given(&file, layers, faults);
    given.sort_by_key(|given| given.layer);
    contradictions(&given, faults);
    for given in &given {
        let mut tried = file.clone();
        let laid = value(given).and_then(|value| {
            lay(&mut tried, given, value, places);
            // The words of an error may be those of a secret, but a secret is a text, and fits.
            serde_json::from_value::<Tables>(tried.clone()).map_err(|error| error.to_string())
        });
        match laid {
            Ok(_) => {
                file = tried;
                places.set(&given.key(), given.layer, given.place.to_owned());
            }
            Err(message) => faults.push(Fault::new(given.place, message)),
        }
    }
    serde_json::from_value(file).unwrap_or_default()
}

/// What the layers set, but for what is [`FORMER`].
fn given<'a>(file: &Value, layers: &'a Layers, faults: &mut Vec<Fault>) -> Vec<Given<'a>> {
    let mut ids: BTreeSet<PluginId> = plugins(file);
    let mut all = Vec::new();
    for (name, variable) in layers.variables() {
        if let Some(meant) = meant(name) {
            if let [table, id, ..] = meant.keys.as_slice()
                && table == "plugins"
            {
                ids.extend(id.parse().ok());
            }
            all.push(Given {
                meant,
                layer: variable.layer,
                place: &variable.place,
                text: variable.value.expose(),
            });
        }
    }
    let ids: Vec<PluginId> = ids.into_iter().collect();
    for (name, variable) in layers.variables() {
        let Some((id, short)) = of_plugin(name, &ids) else {
            continue;
        };
        if let Some(meant) = meant_short(id, short) {
            all.push(Given {
                meant,
                layer: variable.layer,
                place: &variable.place,
                text: variable.value.expose(),
            });
        } else if !is_former(short)
            // A process has other programs' variables, too.
            && (variable.layer == Layer::EnvFile || nearest(name, &ids).is_some())
        {
            faults.push(no_setting(name, variable, &ids));
        }
    }
    let flags = layers.flags().iter().filter_map(|flag| {
        let setting = SETTINGS.iter().find(|setting| setting.key == flag.key)?;
        Some(Given {
            meant: Meant {
                kind: setting.kind,
                keys: setting.key.split('.').map(str::to_owned).collect(),
            },
            layer: Layer::Flag,
            place: flag.place,
            text: flag.value.expose(),
        })
    });
    all.extend(flags);
    all
}

/// The plugin whose variable it is, and what stands behind its id. Of `e` and `e-bay` it is the longer.
fn of_plugin<'a>(name: &'a str, ids: &'a [PluginId]) -> Option<(&'a PluginId, &'a str)> {
    let own = ids.iter().filter_map(|id| {
        let rest = name.strip_prefix(&capitals(id))?.strip_prefix('_')?;
        Some((id, rest))
    });
    own.min_by_key(|(_, rest)| rest.len())
}

fn is_former(short: &str) -> bool {
    let is_scope = short
        .strip_prefix(FORMER_SCOPE)
        .is_some_and(|scope| !scope.is_empty());
    is_scope || FORMER.iter().any(|(name, ..)| *name == short)
}

/// Two of one layer that set one thing to two values.
fn contradictions(given: &[Given<'_>], faults: &mut Vec<Fault>) {
    for (index, one) in given.iter().enumerate() {
        let others = given.get(index + 1..).unwrap_or_default();
        let other = others.iter().find(|other| {
            other.layer == one.layer && other.meant.keys == one.meant.keys && other.text != one.text
        });
        if let Some(other) = other {
            faults.push(Fault::new(
                other.place,
                format!(
                    "says otherwise than {}: both set {}; keep one of them",
                    one.place,
                    one.key()
                ),
            ));
        }
    }
}

/// A variable's text as the value that it means.
fn value(given: &Given<'_>) -> Result<Value, String> {
    let text = given.text;
    match given.meant.kind {
        Kind::Text | Kind::Secret | Kind::Map => Ok(Value::from(text)),
        Kind::Number => text
            .trim()
            .parse::<u64>()
            .map(Value::from)
            .map_err(|_| format!("{text:?} is no whole number")),
        Kind::Switch => text
            .trim()
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| format!("{text:?} is neither true nor false")),
        Kind::List => Ok(text
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|part| !part.is_empty())
            .collect()),
    }
}

fn lay(file: &mut Value, given: &Given<'_>, value: Value, places: &mut Places) {
    let Some((last, above)) = given.meant.keys.split_last() else {
        return;
    };
    let mut table = file;
    for key in above {
        let Value::Object(members) = table else {
            return;
        };
        let empty = || Value::Object(Map::new());
        table = members.entry(key.clone()).or_insert_with(empty);
    }
    let Value::Object(members) = table else {
        return;
    };
    for (one, other) in ALTERNATIVES {
        let beside = match last.as_str() {
            key if key == *one => other,
            key if key == *other => one,
            _ => continue,
        };
        let key = format!("{}.{beside}", above.join("."));
        // Of one layer both stay, and are named together.
        if places.layer(&key).is_some_and(|layer| layer < given.layer) {
            members.remove(*beside);
            places.unset(&key);
        }
    }
    members.insert(last.clone(), value);
}
