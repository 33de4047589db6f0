//! The words behind `stoflow call PLUGIN INTERFACE FUNCTION`, read into the JSON document of arguments.
//!
//! An error names the flag, as it was typed, and says what would do; what only the plugin can judge is
//! left to it.

mod error;

pub use error::FlagError;

use serde_json::{Map, Value};

use crate::contract::{
    FieldShape, FunctionShape, Place, Shape, ValueShape, WordError, WordReader, kebab_case,
    nearest, put, same_name, snake_case,
};

use super::flag::{OWN, by_place, flags};

/// What the words said.
#[derive(Debug, Clone, PartialEq)]
pub enum Words {
    /// `--help` was among them.
    Help,
    /// A call.
    Call(Call),
}

/// A call as it was typed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Call {
    /// The object of arguments.
    pub arguments: Map<String, Value>,
    /// `--account`.
    pub account: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--json`: the reply as JSON.
    pub json: bool,
    /// The files that were read, in order. What an argument names by `asset:` lies beside them.
    pub files: Vec<String>,
}

/// From where a value is read that does not stand on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'w> {
    /// `@FILE`.
    File(&'w str),
    /// `-`.
    Input,
}

/// Reads the words behind a function's name. `read` gives the content of a file or of the input.
///
/// # Errors
///
/// See [`FlagError`].
pub fn parse(
    shape: &Shape,
    function: &FunctionShape,
    words: &[String],
    read: &mut dyn FnMut(Source<'_>) -> std::io::Result<Vec<u8>>,
) -> Result<Words, FlagError> {
    let mut reader = Reader {
        shape,
        function,
        read,
        call: Call::default(),
        whole: None,
        given: Vec::new(),
        by_place: Vec::new(),
    };
    match reader.words(words)? {
        Heard::Help => Ok(Words::Help),
        Heard::All => reader.finish().map(Words::Call),
    }
}

/// The flag that sets what a JSON Pointer names: `/page/limit` → `--page.limit`; a list's item is its
/// flag.
pub fn flag_of(pointer: &str) -> String {
    let steps = pointer.split('/').skip(1);
    let names = steps.take_while(|step| step.parse::<usize>().is_err());
    format!("--{}", names.map(kebab_case).collect::<Vec<_>>().join("."))
}

enum Heard {
    Help,
    All,
}

/// A value given for one place in the arguments.
struct Given {
    flag: String,
    /// Names in snake case, from the parameter down.
    path: Vec<String>,
    json: Value,
}

struct Reader<'s, 'r> {
    shape: &'s Shape,
    function: &'s FunctionShape,
    read: &'r mut dyn FnMut(Source<'_>) -> std::io::Result<Vec<u8>>,
    call: Call,
    /// `--args`.
    whole: Option<Map<String, Value>>,
    given: Vec<Given>,
    by_place: Vec<String>,
}

impl<'s> Reader<'s, '_> {
    fn words(&mut self, words: &[String]) -> Result<Heard, FlagError> {
        let mut words = words.iter().map(String::as_str).peekable();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--") else {
                match word {
                    "-h" => return Ok(Heard::Help),
                    word => self.by_place.push(word.to_owned()),
                }
                continue;
            };
            if flag.is_empty() {
                self.by_place.extend(words.by_ref().map(str::to_owned));
                break;
            }
            let (name, attached) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (flag, None),
            };
            if name == "help" {
                return Ok(Heard::Help);
            }
            let mut next = || attached.or_else(|| words.next_if(|word| !word.starts_with("--")));
            if OWN.contains(&name) {
                self.own(name, attached, &mut next)?;
            } else {
                self.argument(name, attached, &mut next)?;
            }
        }
        Ok(Heard::All)
    }

    /// One of the host's own flags.
    fn own<'w>(
        &mut self,
        name: &str,
        attached: Option<&'w str>,
        next: &mut dyn FnMut() -> Option<&'w str>,
    ) -> Result<(), FlagError> {
        if name == "json" {
            if attached.is_some() {
                return Err(bad(name, "takes no value"));
            }
            self.call.json = true;
            return Ok(());
        }
        let no_value = |value: &str| FlagError::NoValue {
            flag: name.to_owned(),
            value: value.to_owned(),
        };
        if name == "args" {
            let word = next().ok_or_else(|| no_value("JSON|@FILE|-"))?;
            return self.all_at_once(word);
        }
        let word = next().ok_or_else(|| no_value(&name.to_uppercase()))?;
        let slot = match name {
            "account" => &mut self.call.account,
            _ => &mut self.call.user,
        };
        match slot.replace(word.to_owned()) {
            None => Ok(()),
            Some(_) => Err(FlagError::Twice {
                flag: name.to_owned(),
            }),
        }
    }

    fn all_at_once(&mut self, word: &str) -> Result<(), FlagError> {
        let flag = "args".to_owned();
        let text = match word {
            "-" => self.load(&flag, Source::Input)?,
            word => match word.strip_prefix('@') {
                Some(file) => self.load(&flag, Source::File(file))?,
                None => word.as_bytes().to_vec(),
            },
        };
        let whole = match serde_json::from_slice(&text) {
            Ok(Value::Object(whole)) => whole,
            Ok(_) => return Err(bad(&flag, "a JSON object expected")),
            Err(error) => return Err(bad(&flag, format!("no JSON: {error}"))),
        };
        match self.whole.replace(whole) {
            None => Ok(()),
            Some(_) => Err(FlagError::Twice { flag }),
        }
    }

    /// A flag of the function's.
    fn argument<'w>(
        &mut self,
        name: &str,
        attached: Option<&'w str>,
        next: &mut dyn FnMut() -> Option<&'w str>,
    ) -> Result<(), FlagError> {
        let (path, value) = self.place(name)?;
        let word = match (value, attached) {
            (ValueShape::Bool, Some(word)) => word,
            // A switch takes no word of its own: `--paid`, or `--paid=false`.
            (ValueShape::Bool, None) => "true",
            _ => next().ok_or_else(|| FlagError::NoValue {
                flag: name.to_owned(),
                value: self.value_name(name),
            })?,
        };
        self.give(name, path, value, word)
    }

    fn give(
        &mut self,
        flag: &str,
        path: Vec<String>,
        value: &'s ValueShape,
        word: &str,
    ) -> Result<(), FlagError> {
        let json = self.read(flag, value, word)?;
        if let Some(before) = self.given.iter_mut().find(|given| given.path == path) {
            return match (&mut before.json, json) {
                (Value::Array(items), Value::Array(more)) => {
                    items.extend(more);
                    Ok(())
                }
                _ => Err(FlagError::Twice {
                    flag: flag.to_owned(),
                }),
            };
        }
        self.given.push(Given {
            flag: flag.to_owned(),
            path,
            json,
        });
        Ok(())
    }

    fn read(&mut self, flag: &str, value: &ValueShape, word: &str) -> Result<Value, FlagError> {
        let shape = self.shape;
        let file = Some(|name: &str| self.load(flag, Source::File(name)));
        let read = WordReader { shape, file }.read(value, word);
        read.map_err(|error| match error {
            WordError::Value(message) => bad(flag, message),
            WordError::File(error) => error,
        })
    }

    /// Where a flag's value goes, and what it must be.
    fn place(&self, flag: &str) -> Result<(Vec<String>, &'s ValueShape), FlagError> {
        Place::find(self.shape, &self.function.params, flag)
            .map(|place| (place.path, place.value))
            .ok_or_else(|| self.unknown(flag))
    }

    fn unknown(&self, flag: &str) -> FlagError {
        let mut known: Vec<String> = flags(self.shape, self.function)
            .into_iter()
            .map(|flag| flag.path)
            .chain(OWN.map(str::to_owned))
            .collect();
        // Below a record that is not listed field by field.
        if let Some((above, _)) = flag.rsplit_once('.')
            && let Some(place) = Place::find(self.shape, &self.function.params, above)
            && let Some((_, fields)) = self.shape.fields(place.value)
        {
            let names = fields.iter().map(|field| kebab_case(&field.name));
            known = names.map(|name| format!("{above}.{name}")).collect();
        }
        FlagError::Unknown {
            near: nearest(flag, known.iter().map(String::as_str)).map(str::to_owned),
            flag: flag.to_owned(),
        }
    }

    fn value_name(&self, path: &str) -> String {
        let listed = flags(self.shape, self.function);
        let flag = listed.iter().find(|flag| same_name(&flag.path, path));
        flag.map_or_else(|| "VALUE".to_owned(), |flag| flag.value_name(self.shape))
    }

    fn load(&mut self, flag: &str, source: Source<'_>) -> Result<Vec<u8>, FlagError> {
        let read = (self.read)(source);
        let file = match source {
            Source::File(file) => {
                self.call.files.push(file.to_owned());
                file
            }
            Source::Input => "the standard input",
        };
        read.map_err(|source| FlagError::Unread {
            flag: flag.to_owned(),
            file: file.to_owned(),
            source,
        })
    }

    fn finish(mut self) -> Result<Call, FlagError> {
        self.words_by_place()?;
        let mut arguments = self.whole.take().unwrap_or_default();
        // What is given whole comes before what is given inside of it, in whichever order they
        // were typed.
        self.given.sort_by_key(|given| given.path.len());
        for given in std::mem::take(&mut self.given) {
            insert(&mut arguments, given)?;
        }
        self.demand(&arguments)?;
        self.call.arguments = arguments;
        Ok(self.call)
    }

    /// Words without a flag are the first parameters that no flag has given.
    fn words_by_place(&mut self) -> Result<(), FlagError> {
        let places = by_place(self.shape, self.function);
        let free: Vec<&FieldShape> = places
            .iter()
            .copied()
            .filter(|param| {
                let name = snake_case(&param.name);
                let flagged = self.given.iter().any(|given| given.path == [name.as_str()]);
                let whole = self
                    .whole
                    .as_ref()
                    .is_some_and(|whole| whole.contains_key(&name));
                !flagged && !whole
            })
            .collect();
        let words = std::mem::take(&mut self.by_place);
        for (index, word) in words.iter().enumerate() {
            let Some(param) = free.get(index) else {
                let takes = places.iter().map(|param| place_name(param)).collect();
                return Err(FlagError::Extra {
                    word: word.clone(),
                    takes,
                });
            };
            let path = vec![snake_case(&param.name)];
            self.give(&kebab_case(&param.name), path, &param.value, word)?;
        }
        Ok(())
    }

    fn demand(&self, arguments: &Map<String, Value>) -> Result<(), FlagError> {
        let missing = self.function.params.iter().filter(|param| {
            !self.shape.may_be_absent(&param.value)
                && !arguments.contains_key(&snake_case(&param.name))
        });
        let flags: Vec<String> = missing
            .map(|param| {
                let name = kebab_case(&param.name);
                match self.value_name(&name) {
                    value if value.is_empty() => format!("--{name}"),
                    value => format!("--{name} <{value}>"),
                }
            })
            .collect();
        if flags.is_empty() {
            Ok(())
        } else {
            Err(FlagError::Missing { flags })
        }
    }
}

/// As it stands in a usage line: `<LISTING-ID>`.
pub(super) fn place_name(param: &FieldShape) -> String {
    format!("<{}>", kebab_case(&param.name).to_uppercase())
}

/// A value that the flag cannot have.
fn bad(flag: &str, message: impl Into<String>) -> FlagError {
    FlagError::Value {
        flag: flag.to_owned(),
        message: message.into(),
    }
}

/// Puts a value at its place, over what `--args` or a value around it said.
fn insert(arguments: &mut Map<String, Value>, given: Given) -> Result<(), FlagError> {
    put(arguments, &given.path, given.json).map_err(|steps| {
        let above = given.flag.split('.').take(steps).map(kebab_case);
        FlagError::NotInside {
            above: above.collect::<Vec<_>>().join("."),
            flag: given.flag.clone(),
        }
    })
}

#[cfg(test)]
mod tests;
