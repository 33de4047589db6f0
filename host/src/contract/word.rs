//! One word of a person's, from a command line or a URL, as the JSON of one value.
//!
//! What a word may be is said once: a flag and a query parameter never differ in it. Only who reads it
//! knows whether a word may name a file.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use super::names::{kebab_case, nearest, same_name, snake_case};
use super::shape::{NameShape, NamedShape, Shape, ValueShape};
use super::text::{is_decimal, is_timestamp};

/// Why a word is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordError<E> {
    /// What was expected, what came.
    Value(String),
    /// The file that it names cannot be read.
    File(E),
}

/// Reads words.
#[derive(Debug)]
pub struct WordReader<'s, F> {
    /// Has the types that values name.
    pub shape: &'s Shape,
    /// The content of the file behind an `@`; `None` where words name none, and an `@` is a letter
    /// like any other.
    pub file: Option<F>,
}

impl<'s> WordReader<'s, fn(&str) -> Result<Vec<u8>, Infallible>> {
    /// Of words that name no files.
    pub fn without_files(shape: &'s Shape) -> Self {
        Self { shape, file: None }
    }
}

impl<F, E> WordReader<'_, F>
where
    F: FnMut(&str) -> Result<Vec<u8>, E>,
{
    /// Reads a word as a value of that shape.
    ///
    /// # Errors
    ///
    /// See [`WordError`].
    pub fn read(&mut self, value: &ValueShape, word: &str) -> Result<Value, WordError<E>> {
        let text = || Value::String(word.to_owned());
        match value {
            ValueShape::String => Ok(text()),
            ValueShape::Bool => match word {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err(expected("true or false", word)),
            },
            ValueShape::U8 => whole::<u8, E>(word),
            ValueShape::U16 => whole::<u16, E>(word),
            ValueShape::U32 => whole::<u32, E>(word),
            ValueShape::U64 => whole::<u64, E>(word),
            ValueShape::S8 => whole::<i8, E>(word),
            ValueShape::S16 => whole::<i16, E>(word),
            ValueShape::S32 => whole::<i32, E>(word),
            ValueShape::S64 => whole::<i64, E>(word),
            ValueShape::F32 | ValueShape::F64 => {
                let number = word.parse().ok().and_then(Number::from_f64);
                number
                    .map(Value::Number)
                    .ok_or_else(|| expected("a number", word))
            }
            ValueShape::Char if word.chars().count() == 1 => Ok(text()),
            ValueShape::Char => Err(expected("one character", word)),
            ValueShape::Decimal if is_decimal(word) => Ok(text()),
            ValueShape::Decimal => Err(expected("a decimal, such as 29.99,", word)),
            ValueShape::Timestamp if is_timestamp(word) => Ok(text()),
            ValueShape::Timestamp => Err(expected(
                "an RFC 3339 time, such as 2026-11-23T09:30:00Z,",
                word,
            )),
            ValueShape::Bytes => self.bytes(word),
            ValueShape::List { items } => self.list(items, word),
            ValueShape::Option { value } => self.read(value, word),
            ValueShape::Json | ValueShape::Tuple { .. } | ValueShape::Result { .. } => {
                self.document(word)
            }
            ValueShape::Named { .. } => self.named(value, word),
        }
    }

    fn bytes(&mut self, word: &str) -> Result<Value, WordError<E>> {
        if let Some((_, content)) = self.load(word)? {
            return Ok(Value::String(STANDARD.encode(content)));
        }
        let or_file = match self.file {
            Some(_) => ", or @ and the name of a file",
            None => "",
        };
        match STANDARD.decode(word) {
            Ok(_) => Ok(Value::String(word.to_owned())),
            Err(_) => Err(bad(format!("base64 expected{or_file}"))),
        }
    }

    /// The file that a word names, by name and content.
    fn load<'w>(&mut self, word: &'w str) -> Result<Option<(&'w str, Vec<u8>)>, WordError<E>> {
        match (word.strip_prefix('@'), &mut self.file) {
            (Some(name), Some(file)) => match file(name) {
                Ok(content) => Ok(Some((name, content))),
                Err(error) => Err(WordError::File(error)),
            },
            _ => Ok(None),
        }
    }

    /// A list is given item by item; or at once, with all of them as JSON.
    fn list(&mut self, items: &ValueShape, word: &str) -> Result<Value, WordError<E>> {
        let words = self.shape.is_word(items);
        if words && !word.starts_with('[') {
            return self.read(items, word).map(|item| Value::Array(vec![item]));
        }
        match self.document(word) {
            Ok(Value::Array(items)) => Ok(Value::Array(items)),
            Ok(item) if !words => Ok(Value::Array(vec![item])),
            // A text that begins with a bracket is a text.
            _ if words => self.read(items, word).map(|item| Value::Array(vec![item])),
            other => other,
        }
    }

    fn named(&mut self, value: &ValueShape, word: &str) -> Result<Value, WordError<E>> {
        let shape = self.shape;
        match shape.named(value).map(|named| &named.kind) {
            Some(NamedShape::Enum { names }) => name(names, word),
            Some(NamedShape::Flags { names }) => {
                let words = word.split(',').filter(|word| !word.is_empty());
                let set = words.map(|word| name(names, word));
                set.collect::<Result<_, _>>().map(Value::Array)
            }
            Some(NamedShape::Variant { cases }) => {
                let bare = cases.iter().find(|case| same_name(&case.name, word));
                match bare {
                    Some(case) if case.value.is_none() => Ok(Value::String(snake_case(&case.name))),
                    _ => self.document(word),
                }
            }
            Some(NamedShape::Record { .. }) => match self.document(word)? {
                Value::Object(members) => Ok(Value::Object(members)),
                _ => Err(bad("a JSON object expected")),
            },
            None => self.document(word),
        }
    }

    /// JSON, as it stands or from a file.
    fn document(&mut self, word: &str) -> Result<Value, WordError<E>> {
        let (text, of) = match self.load(word)? {
            Some((name, content)) => (content, format!(" in {name}")),
            None => (word.as_bytes().to_vec(), String::new()),
        };
        serde_json::from_slice(&text).map_err(|error| {
            let hint = match (&self.file, of.is_empty()) {
                (Some(_), true) => "; a file is given as @FILE, and a text in double quotes",
                (None, true) => "; a text stands in double quotes",
                _ => "",
            };
            bad(format!("no JSON{of}: {error}{hint}"))
        })
    }
}

fn bad<E>(message: impl Into<String>) -> WordError<E> {
    WordError::Value(message.into())
}

fn expected<E>(what: &str, word: &str) -> WordError<E> {
    bad(format!("{what} expected, `{word}` came"))
}

fn whole<T, E>(word: &str) -> Result<Value, WordError<E>>
where
    T: std::str::FromStr + Into<Number> + Bounded,
{
    let number: Result<T, _> = word.parse();
    number
        .map(|number| Value::Number(number.into()))
        .map_err(|_| {
            let range = format!("a whole number ({} to {})", T::LEAST, T::MOST);
            expected(&range, word)
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

fn name<E>(names: &[NameShape], word: &str) -> Result<Value, WordError<E>> {
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
    Err(bad(message))
}
