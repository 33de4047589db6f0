//! Any value of a shape, in the one form in which the host writes it; and the same, broken.

use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};
use stoflow_host::contract::{NamedShape, Shape, ValueShape, snake_case};

/// A random value.
pub(super) fn any(shape: &Shape, value: &ValueShape, random: &mut StdRng) -> Value {
    match value {
        ValueShape::Bool => json!(random.random::<bool>()),
        ValueShape::U8 => json!(random.random::<u8>()),
        ValueShape::U16 => json!(random.random::<u16>()),
        ValueShape::U32 => json!(random.random::<u32>()),
        ValueShape::U64 => json!(random.random::<u64>()),
        ValueShape::S8 => json!(random.random::<i8>()),
        ValueShape::S16 => json!(random.random::<i16>()),
        ValueShape::S32 => json!(random.random::<i32>()),
        ValueShape::S64 => json!(random.random::<i64>()),
        ValueShape::F32 => loop {
            let float = f32::from_bits(random.random());
            if float.is_finite() {
                // In the digits of an f32, not of the f64 that it would become.
                return serde_json::from_str(&serde_json::to_string(&float).unwrap()).unwrap();
            }
        },
        ValueShape::F64 => loop {
            let float = f64::from_bits(random.random());
            if float.is_finite() {
                return json!(float);
            }
        },
        ValueShape::Char => json!(random.random::<char>().to_string()),
        ValueShape::String => json!(text(random)),
        ValueShape::Decimal => json!(decimal(random)),
        ValueShape::Timestamp => json!(timestamp(random)),
        ValueShape::Json => document(random, 3),
        ValueShape::Bytes => json!(base64_of(random)),
        ValueShape::List { items } => {
            let length = random.random_range(0..4);
            (0..length).map(|_| any(shape, items, random)).collect()
        }
        ValueShape::Tuple { items } => items.iter().map(|item| any(shape, item, random)).collect(),
        ValueShape::Option { value } => match random.random() {
            true => any(shape, value, random),
            false => Value::Null,
        },
        ValueShape::Result { ok, error } => {
            let (name, side) = match random.random() {
                true => ("ok", ok),
                false => ("error", error),
            };
            let side = side.as_ref().map(|side| any(shape, side, random));
            json!({ name: side })
        }
        ValueShape::Named { .. } => named(shape, &shape.named(value).unwrap().kind, random),
    }
}

fn named(shape: &Shape, kind: &NamedShape, random: &mut StdRng) -> Value {
    match kind {
        NamedShape::Record { fields } => {
            let mut members = Map::new();
            for field in fields {
                let value = any(shape, &field.value, random);
                let optional = matches!(field.value, ValueShape::Option { .. });
                // The host leaves out what is none; a `json` that is null would be read as none.
                if !(optional && value.is_null()) {
                    members.insert(snake_case(&field.name), value);
                }
            }
            Value::Object(members)
        }
        NamedShape::Variant { cases } => {
            let case = &cases[random.random_range(0..cases.len())];
            let name = snake_case(&case.name);
            match &case.value {
                Some(value) => json!({ name: any(shape, value, random) }),
                None => json!(name),
            }
        }
        NamedShape::Enum { names } => {
            json!(snake_case(&names[random.random_range(0..names.len())].name))
        }
        NamedShape::Flags { names } => {
            let set = names.iter().filter(|_| random.random());
            set.map(|name| json!(snake_case(&name.name))).collect()
        }
    }
}

fn text(random: &mut StdRng) -> String {
    let length = random.random_range(0..12);
    (0..length).map(|_| random.random::<char>()).collect()
}

fn decimal(random: &mut StdRng) -> String {
    let whole: i32 = random.random();
    match random.random() {
        true => whole.to_string(),
        false => format!("{whole}.{:02}", random.random_range(0..100)),
    }
}

fn timestamp(random: &mut StdRng) -> String {
    let milliseconds = random.random_range(-62_167_219_200_000..253_402_207_200_000);
    jiff::Timestamp::from_millisecond(milliseconds)
        .unwrap()
        .to_string()
}

fn base64_of(random: &mut StdRng) -> String {
    use base64::Engine as _;
    let length = random.random_range(0..20);
    let bytes: Vec<u8> = (0..length).map(|_| random.random()).collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn document(random: &mut StdRng, depth: u32) -> Value {
    match random.random_range(0..if depth == 0 { 4 } else { 6 }) {
        0 => Value::Null,
        1 => json!(random.random::<i64>()),
        2 => json!(text(random)),
        3 => json!(random.random::<bool>()),
        4 => (0..random.random_range(0..3))
            .map(|_| document(random, depth - 1))
            .collect(),
        _ => {
            let members =
                (0..random.random_range(0..3)).map(|_| (text(random), document(random, depth - 1)));
            Value::Object(members.collect())
        }
    }
}

/// Adds a member that no record has to one of the objects in a value, outside its documents; the
/// pointer to it.
pub(super) fn break_one(value: &mut Value, random: &mut StdRng) -> String {
    let mut objects = Vec::new();
    objects_of(value, String::new(), &mut objects);
    let at = objects.swap_remove(random.random_range(0..objects.len()));
    let object = value.pointer_mut(&at).unwrap().as_object_mut().unwrap();
    object.insert("unheard_of".to_owned(), json!(1));
    format!("{at}/unheard_of")
}

fn objects_of(value: &Value, at: String, objects: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name != "json_value" && name != "extension" {
                    objects_of(value, format!("{at}/{name}"), objects);
                }
            }
            objects.push(at);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects_of(item, format!("{at}/{index}"), objects);
            }
        }
        _ => {}
    }
}
