//! Help for `stoflow call` and below it, as if a person had written it for each function.
//!
//! It is made of the plugin's own shape and docs, so an interface that only one plugin has reads like
//! the others, and help cannot promise a flag that is not there.

use crate::contract::{
    AccountNeed, FieldShape, FunctionShape, InterfaceShape, Shape, facts, kebab_case,
};

use super::flag::{Flag, by_place, flags};
use super::flags::place_name;
use super::phrase::{about, first_sentence};
use super::text::{width, wrapped};

/// Up to this width what is explained stands left of its explanation; longer, it has a line of its
/// own.
const LEFT_COLUMN: usize = 36;

/// In which order people come to need the contract's interfaces; a plugin's own follow.
const READING_ORDER: [&str; 10] = [
    "auth", "publish", "listings", "orders", "shop", "policies", "taxonomy", "poll", "webhooks",
    "plugin",
];

/// Lines longer than this are hard to read, however wide the terminal is.
const WIDEST: usize = 100;

/// The plugin that a help text is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plugin<'p> {
    /// `etsy`.
    pub id: &'p str,
    /// `Etsy`.
    pub name: &'p str,
    /// `0.1.0`.
    pub version: &'p str,
}

/// `stoflow call PLUGIN --help`.
pub fn of_plugin(plugin: Plugin<'_>, shape: &Shape, columns: usize) -> String {
    let mut page = Page::new(columns);
    let Plugin { id, name, version } = plugin;
    page.line(&format!("{name} · plugin {id} {version}"));
    page.usage(&format!(
        "stoflow call {id} <INTERFACE> <FUNCTION> [OPTIONS]"
    ));
    let mut interfaces: Vec<&InterfaceShape> = shape.interfaces.iter().collect();
    interfaces.sort_by_key(|interface| {
        let place = READING_ORDER
            .iter()
            .position(|name| *name == interface.name);
        place.unwrap_or(READING_ORDER.len())
    });
    let rows = interfaces.into_iter().map(|interface| {
        let docs = match first_sentence(&interface.docs) {
            docs if docs.is_empty() => function_names(interface),
            docs => docs,
        };
        (interface.name.clone(), docs)
    });
    page.section("Interfaces", 2, rows.collect());
    page.blank();
    page.line(&format!(
        "Functions and flags: stoflow call {id} <INTERFACE> --help"
    ));
    page.text
}

/// `stoflow call PLUGIN INTERFACE --help`.
pub fn of_interface(
    plugin: Plugin<'_>,
    shape: &Shape,
    interface: &InterfaceShape,
    columns: usize,
) -> String {
    let mut page = Page::new(columns);
    page.about(&about(&interface.docs, &[]));
    let prefix = format!("stoflow call {} {}", plugin.id, interface.name);
    page.usage(&format!("{prefix} <FUNCTION> [OPTIONS]"));
    let rows = interface.functions.iter().map(|function| {
        let mut left = function.name.clone();
        for param in by_place(shape, function) {
            left.push(' ');
            left.push_str(&place_name(param));
        }
        (left, summary(function))
    });
    page.section("Functions", 2, rows.collect());
    page.text
}

/// `stoflow call PLUGIN INTERFACE FUNCTION --help`.
pub fn of_function(
    plugin: Plugin<'_>,
    shape: &Shape,
    interface: &InterfaceShape,
    function: &FunctionShape,
    columns: usize,
) -> String {
    let mut page = Page::new(columns);
    page.about(&about(&function.docs, &param_names(function)));
    let places = by_place(shape, function);
    let options: Vec<Flag<'_>> = flags(shape, function)
        .into_iter()
        .filter(|flag| {
            !places
                .iter()
                .any(|place| kebab_case(&place.name) == flag.path)
        })
        .collect();
    page.usage(&usage(plugin, shape, interface, function, &options));
    let arguments = places.iter().map(|param| {
        let flag = Flag::of(shape, param, &function.docs, String::new(), true);
        let docs = join(&[&described(shape, &flag), &format!("(or --{} …)", flag.path)]);
        (place_name(param), docs)
    });
    page.section("Arguments", 2, arguments.collect());
    let mut rows: Vec<(String, String)> = options
        .iter()
        .map(|flag| (spelled(shape, flag), described(shape, flag)))
        .collect();
    rows.extend(own_flags(interface, function));
    page.section("Options", 6, rows);
    for flag in options.iter().filter(|flag| !flag.path.contains('.')) {
        page.fields(shape, flag);
    }
    page.text
}

fn param_names(function: &FunctionShape) -> Vec<&str> {
    let names = function.params.iter().map(|param| param.name.as_str());
    names.collect()
}

/// What a function does, in a phrase.
fn summary(function: &FunctionShape) -> String {
    let about = about(&function.docs, &param_names(function));
    first_sentence(about.first().map(String::as_str).unwrap_or_default())
}

fn function_names(interface: &InterfaceShape) -> String {
    let names = interface.functions.iter().map(|f| f.name.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn usage(
    plugin: Plugin<'_>,
    shape: &Shape,
    interface: &InterfaceShape,
    function: &FunctionShape,
    options: &[Flag<'_>],
) -> String {
    let mut usage = format!(
        "stoflow call {} {} {}",
        plugin.id, interface.name, function.name
    );
    for param in by_place(shape, function) {
        usage.push(' ');
        usage.push_str(&place_name(param));
    }
    for flag in options.iter().filter(|flag| !flag.optional) {
        usage.push(' ');
        usage.push_str(&spelled(shape, flag));
    }
    usage + " [OPTIONS]"
}

/// `--page.limit <N>`.
fn spelled(shape: &Shape, flag: &Flag<'_>) -> String {
    match flag.value_name(shape) {
        value if value.is_empty() => format!("--{}", flag.path),
        value => format!("--{} <{value}>", flag.path),
    }
}

/// What is said beside it.
fn described(shape: &Shape, flag: &Flag<'_>) -> String {
    let values = match flag.possible_values(shape) {
        values if values.is_empty() => String::new(),
        values => format!("[possible values: {}]", values.join(", ")),
    };
    let several = match flag.repeatable(shape) {
        true => "[may be repeated]",
        false => "",
    };
    join(&[&flag.docs, &values, several])
}

fn join(parts: &[&str]) -> String {
    let parts = parts.iter().copied().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

/// The flags that every function has.
fn own_flags(interface: &InterfaceShape, function: &FunctionShape) -> Vec<(String, String)> {
    let row = |left: &str, right: &str| (left.to_owned(), right.to_owned());
    let mut rows = Vec::new();
    if !function.params.is_empty() {
        rows.push(row("--args <JSON|@FILE|->", "all arguments at once"));
    }
    if facts(&interface.name, &function.name).account != AccountNeed::None {
        rows.push(row(
            "--account <ACCOUNT>",
            "which shop, if the user has several",
        ));
        rows.push(row(
            "--user <USER>",
            "whose shop, if there are several users",
        ));
    }
    rows.push(row("--json", "the reply as JSON"));
    rows.push(row("--help", "this help"));
    rows
}

/// A help text as it grows.
struct Page {
    text: String,
    columns: usize,
}

impl Page {
    fn new(columns: usize) -> Self {
        Self {
            text: String::new(),
            columns: columns.clamp(40, WIDEST),
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn blank(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// Paragraphs; a single sentence goes without its full stop.
    fn about(&mut self, paragraphs: &[String]) {
        let lone = match paragraphs {
            [only] => only.strip_suffix('.').filter(|text| !text.contains(". ")),
            _ => None,
        };
        for (index, paragraph) in paragraphs.iter().enumerate() {
            if index > 0 {
                self.blank();
            }
            for line in wrapped(lone.unwrap_or(paragraph), self.columns) {
                self.line(&line);
            }
        }
    }

    fn usage(&mut self, usage: &str) {
        self.blank();
        for (index, line) in wrapped(usage, self.columns.saturating_sub(9))
            .iter()
            .enumerate()
        {
            let margin = if index == 0 { "Usage: " } else { "         " };
            self.line(&format!("{margin}{line}"));
        }
    }

    /// A heading, and rows of something and its explanation; nothing where there are no rows.
    fn section(&mut self, heading: &str, margin: usize, rows: Vec<(String, String)>) {
        if rows.is_empty() {
            return;
        }
        self.blank();
        self.line(&format!("{heading}:"));
        self.rows(margin, &rows);
    }

    fn rows(&mut self, margin: usize, rows: &[(String, String)]) {
        let fitting = rows.iter().map(|(left, _)| width(left));
        let left_width = fitting.filter(|width| *width <= LEFT_COLUMN).max();
        let column = margin + left_width.unwrap_or(LEFT_COLUMN) + 2;
        for (left, right) in rows {
            let mut lines = wrapped(right, self.columns.saturating_sub(column).max(20)).into_iter();
            let margin = " ".repeat(margin);
            if width(left) + margin.len() + 2 > column {
                self.line(&format!("{margin}{left}"));
            } else {
                let gap = " ".repeat(column - margin.len() - width(left));
                let first = lines.next().unwrap_or_default();
                self.line(&format!("{margin}{left}{gap}{first}"));
            }
            for line in lines {
                self.line(&format!("{}{line}", " ".repeat(column)));
            }
        }
    }

    /// The fields of a record whose flags are too many for the list of options.
    fn fields(&mut self, shape: &Shape, flag: &Flag<'_>) {
        let Some((docs, fields)) = shape.fields(flag.value) else {
            return;
        };
        let row = |field: &FieldShape| {
            let flag = Flag::of(shape, field, docs, String::new(), true);
            let left = match flag.value_name(shape) {
                value if value.is_empty() => flag.path.clone(),
                value => format!("{} <{value}>", flag.path),
            };
            (left, described(shape, &flag))
        };
        let first = fields.first().map(|field| kebab_case(&field.name));
        let heading = format!(
            "Fields of --{path} (one by one, as --{path}.{}, or all of them as JSON)",
            first.unwrap_or_default(),
            path = flag.path,
        );
        self.section(&heading, 2, fields.iter().map(row).collect());
    }
}

#[cfg(test)]
mod tests;
