//! One word as the JSON of one value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use crate::contract::{
    NameShape, NamedShape, ValueShape, is_decimal, is_timestamp, kebab_case, nearest, same_name,
    snake_case,
};

use super::super::flag::is_word;
use super::{FlagError, Reader, Source, bad};

/// Reads a word as a value of that shape.
pub(super) fn read(
    reader: &mut Reader<'_, '_>,
    flag: &str,
    value: &ValueShape,
    word: &str,
) -> Result<Value, FlagError> {
    let text = || Value::String(word.to_owned());
    match value {
        ValueShape::String => Ok(text()),
        ValueShape::Bool => match word {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(expected(flag, "true or false", word)),
        },
        ValueShape::U8 => whole::<u8>(flag, word),
        ValueShape::U16 => whole::<u16>(flag, word),
        ValueShape::U32 => whole::<u32>(flag, word),
        ValueShape::U64 => whole::<u64>(flag, word),
        ValueShape::S8 => whole::<i8>(flag, word),
        ValueShape::S16 => whole::<i16>(flag, word),
        ValueShape::S32 => whole::<i32>(flag, word),
        ValueShape::S64 => whole::<i64>(flag, word),
        ValueShape::F32 | ValueShape::F64 => {
            let number = word.parse().ok().and_then(Number::from_f64);
            number
                .map(Value::Number)
                .ok_or_else(|| expected(flag, "a number", word))
        }
        ValueShape::Char if word.chars().count() == 1 => Ok(text()),
        ValueShape::Char => Err(expected(flag, "one character", word)),
        ValueShape::Decimal if is_decimal(word) => Ok(text()),
        ValueShape::Decimal => Err(expected(flag, "a decimal, such as 29.99,", word)),
        ValueShape::Timestamp if is_timestamp(word) => Ok(text()),
        ValueShape::Timestamp => Err(expected(
            flag,
            "an RFC 3339 time, such as 2026-11-23T09:30:00Z,",
            word,
        )),
        ValueShape::Bytes => bytes(reader, flag, word),
        ValueShape::List { items } => list(reader, flag, items, word),
        ValueShape::Option { value } => read(reader, flag, value, word),
        ValueShape::Json | ValueShape::Tuple { .. } | ValueShape::Result { .. } => {
            document(reader, flag, word)
        }
        ValueShape::Named { .. } => named(reader, flag, value, word),
    }
}

fn expected(flag: &str, what: &str, word: &str) -> FlagError {
    bad(flag, format!("{what} expected, `{word}` came"))
}

fn whole<T>(flag: &str, word: &str) -> Result<Value, FlagError>
where
    T: std::str::FromStr + Into<Number> + Bounded,
{
    let number: Result<T, _> = word.parse();
    number
        .map(|number| Value::Number(number.into()))
        .map_err(|_| {
            let range = format!("a whole number ({} to {})", T::LEAST, T::MOST);
            expected(flag, &range, word)
        })
}

/// The bounds of a whole number, both of them allowed.
trait Bounded {
    const LEAST: i128;
    const MOST: i128;
}

macro_rules! bounded {
    ($($number:ty)*) => {$(
        impl Bounded for $number {
            const LEAST: i128 = <$number>::MIN as i128;
            const MOST: i128 = <$number>::MAX as i128;
        }
    )*};
}

bounded!(u8 u16 u32 u64 i8 i16 i32 i64);

fn bytes(reader: &mut Reader<'_, '_>, flag: &str, word: &str) -> Result<Value, FlagError> {
    let Some(file) = word.strip_prefix('@') else {
        return match STANDARD.decode(word) {
            Ok(_) => Ok(Value::String(word.to_owned())),
            Err(_) => Err(bad(flag, "base64 expected, or @ and the name of a file")),
        };
    };
    let content = reader.load(flag, Source::File(file))?;
    Ok(Value::String(STANDARD.encode(content)))
}

/// A list's flag is given once for each item; or once, with all of them as JSON.
fn list(
    reader: &mut Reader<'_, '_>,
    flag: &str,
    items: &ValueShape,
    word: &str,
) -> Result<Value, FlagError> {
    let words = is_word(reader.shape, items);
    if words && !word.starts_with('[') {
        return read(reader, flag, items, word).map(|item| Value::Array(vec![item]));
    }
    match document(reader, flag, word) {
        Ok(Value::Array(items)) => Ok(Value::Array(items)),
        Ok(item) if !words => Ok(Value::Array(vec![item])),
        // A text that begins with a bracket is a text.
        _ if words => read(reader, flag, items, word).map(|item| Value::Array(vec![item])),
        other => other,
    }
}

fn named(
    reader: &mut Reader<'_, '_>,
    flag: &str,
    value: &ValueShape,
    word: &str,
) -> Result<Value, FlagError> {
    let shape = reader.shape;
    match shape.named(value).map(|named| &named.kind) {
        Some(NamedShape::Enum { names }) => name(flag, names, word),
        Some(NamedShape::Flags { names }) => {
            let words = word.split(',').filter(|word| !word.is_empty());
            let set = words.map(|word| name(flag, names, word));
            set.collect::<Result<_, _>>().map(Value::Array)
        }
        Some(NamedShape::Variant { cases }) => {
            let bare = cases.iter().find(|case| same_name(&case.name, word));
            match bare {
                Some(case) if case.value.is_none() => Ok(Value::String(snake_case(&case.name))),
                _ => document(reader, flag, word),
            }
        }
        Some(NamedShape::Record { .. }) => match document(reader, flag, word)? {
            Value::Object(members) => Ok(Value::Object(members)),
            _ => Err(bad(flag, "a JSON object expected")),
        },
        None => document(reader, flag, word),
    }
}

fn name(flag: &str, names: &[NameShape], word: &str) -> Result<Value, FlagError> {
    if let Some(name) = names.iter().find(|name| same_name(&name.name, word)) {
        return Ok(Value::String(snake_case(&name.name)));
    }
    let known: Vec<String> = names.iter().map(|name| kebab_case(&name.name)).collect();
    let near = nearest(word, known.iter().map(String::as_str));
    let near = near.map(|near| format!(", did you mean {near}?"));
    let message = format!(
        "`{word}` is none of {}{}",
        known.join(", "),
        near.unwrap_or_default()
    );
    Err(bad(flag, message))
}

/// JSON, as it stands or from a file.
fn document(reader: &mut Reader<'_, '_>, flag: &str, word: &str) -> Result<Value, FlagError> {
    let (text, of) = match word.strip_prefix('@') {
        Some(file) => (
            reader.load(flag, Source::File(file))?,
            format!(" in {file}"),
        ),
        None => (word.as_bytes().to_vec(), String::new()),
    };
    serde_json::from_slice(&text).map_err(|error| {
        let hint = if of.is_empty() {
            "; a file is given as @FILE, and a text in double quotes"
        } else {
            ""
        };
        bad(flag, format!("no JSON{of}: {error}{hint}"))
    })
}
