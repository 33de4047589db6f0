//! A reply as people read it: a table for several, lines for one, and words for amounts and times.
//!
//! Everything that a marketplace wrote is made harmless for a terminal first. Nothing here is for
//! programs: they take `--json`.

mod cell;
mod columns;
mod grid;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::contract::{
    FieldShape, FunctionShape, NamedShape, Shape, ValueShape, kebab_case, snake_case,
};

use super::flag::flags;
use super::text::{fitted, one_line, width};
use cell::Cells;

/// What a reply is set with.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'s> {
    /// The types that the reply names.
    pub shape: &'s Shape,
    /// From which times are counted: `2 minutes ago`.
    pub now: Timestamp,
    /// Columns of the terminal.
    pub columns: usize,
}

/// The reply of a function that went well.
pub fn reply<'s>(setting: Setting<'s>, function: &'s FunctionShape, json: &Value) -> String {
    let value = match &function.result {
        Some(ValueShape::Result { ok, .. }) => ok.as_deref(),
        other => other.as_ref(),
    };
    let mut lines = Lines {
        setting,
        function,
        text: String::new(),
    };
    match value {
        None => lines.line(0, "Done"),
        Some(value) => lines.whole(value, json),
    }
    lines.text
}

/// A reply as it grows.
struct Lines<'s> {
    setting: Setting<'s>,
    function: &'s FunctionShape,
    text: String,
}

impl<'s> Lines<'s> {
    fn line(&mut self, depth: usize, line: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// The cells of what lies so deep.
    fn cells(&self) -> Cells<'s> {
        Cells {
            shape: self.setting.shape,
            now: self.setting.now,
        }
    }

    fn whole(&mut self, value: &ValueShape, json: &Value) {
        match (page_items(self.setting.shape, value), json) {
            (Some(items), Value::Object(page)) => self.page(items, page),
            _ => self.value(0, value, json),
        }
    }

    /// A page: its items, and how many of how many they are.
    fn page(&mut self, items: &ValueShape, page: &Map<String, Value>) {
        let rows = page.get("items").and_then(Value::as_array);
        let count = rows.map_or(0, Vec::len);
        if let Some(rows) = rows
            && !rows.is_empty()
        {
            self.list(0, items, rows);
        }
        let mut footer = match page.get("total").and_then(Value::as_u64) {
            Some(total) => format!("{count} of {total}"),
            None => counted(count, items),
        };
        if let Some(next) = page.get("next").and_then(Value::as_str) {
            let flag = self.cursor_flag();
            footer.push_str(&format!(" · next page: {flag} {}", shell_word(next)));
        }
        self.line(0, &footer);
    }

    /// The flag that asks for the next page.
    fn cursor_flag(&self) -> String {
        let flags = flags(self.setting.shape, self.function);
        let is_cursor = |path: &str| path.rsplit('.').next() == Some("cursor");
        let flag = flags.into_iter().find(|flag| is_cursor(&flag.path));
        flag.map_or_else(|| "cursor".to_owned(), |flag| format!("--{}", flag.path))
    }

    fn value(&mut self, depth: usize, value: &ValueShape, json: &Value) {
        let value = value.inner();
        match (value, json) {
            (ValueShape::List { items }, Value::Array(list)) if list.is_empty() => {
                self.line(depth, &format!("no {}", plural(items)));
            }
            (ValueShape::List { items }, Value::Array(list)) => self.list(depth, items, list),
            (ValueShape::Json, json) => self.untyped(depth, json),
            (value, json) => match self.record_of(value, json) {
                Some((fields, members)) => self.record(depth, fields, members),
                None => self.block(depth, &self.cells().text(value, json)),
            },
        }
    }

    fn record_of<'v>(
        &self,
        value: &ValueShape,
        json: &'v Value,
    ) -> Option<(&'s [FieldShape], &'v Map<String, Value>)> {
        let (_, fields) = self.setting.shape.fields(value)?;
        let members = json.as_object()?;
        (!cell::is_money(fields)).then_some((fields, members))
    }

    /// Several of one kind: a table where they are records, else one line each.
    fn list(&mut self, depth: usize, items: &ValueShape, list: &[Value]) {
        let record = self.setting.shape.fields(items);
        let columns = match (record, items) {
            (Some((_, fields)), ValueShape::Named { name }) if !cell::is_money(fields) => {
                columns::choose(self.setting.shape, name, fields, list)
            }
            _ => Vec::new(),
        };
        if columns.is_empty() {
            for (index, item) in list.iter().enumerate() {
                self.numbered(depth, index, items, item);
            }
            return;
        }
        let cells = self.cells();
        let room = self.setting.columns.saturating_sub(2 * depth);
        for line in grid::lay_out(&columns, list, cells, room) {
            self.line(depth, &line);
        }
    }

    /// An item of a list that is no table.
    fn numbered(&mut self, depth: usize, index: usize, items: &ValueShape, item: &Value) {
        if matches!(items, ValueShape::Result { .. }) {
            let said = self.cells().text(items, item);
            self.line(depth, &format!("{}  {said}", index + 1));
            return;
        }
        match self.record_of(items, item) {
            Some((fields, members)) => {
                self.line(depth, &format!("{}", index + 1));
                self.record(depth + 1, fields, members);
            }
            None => self.block(depth, &self.cells().text(items, item)),
        }
    }

    /// One: a line for each field that has something, and what is nested below its name.
    fn record(&mut self, depth: usize, fields: &[FieldShape], members: &Map<String, Value>) {
        let shown: Vec<(&FieldShape, &Value)> = fields
            .iter()
            .filter_map(|field| Some((field, members.get(&snake_case(&field.name))?)))
            .filter(|(_, value)| !is_nothing(value))
            .collect();
        let names = shown.iter().map(|(field, _)| width(&field.name));
        let column = names.max().unwrap_or_default() + 2;
        for (field, json) in shown {
            let name = kebab_case(&field.name);
            if self.is_nested(&field.value, json) {
                self.line(depth, &name);
                self.value(depth + 1, &field.value, json);
                continue;
            }
            let text = self.cells().whole(field.value.inner(), json);
            self.named_line(depth, column, &name, &text);
        }
    }

    /// Whether a value needs lines of its own.
    fn is_nested(&self, value: &ValueShape, json: &Value) -> bool {
        let value = value.inner();
        match value {
            ValueShape::List { items } => {
                let record = self.setting.shape.fields(items);
                let complex =
                    matches!(**items, ValueShape::List { .. } | ValueShape::Result { .. });
                complex || record.is_some_and(|(_, fields)| !cell::is_money(fields))
            }
            ValueShape::Json => json.is_object() || json.is_array(),
            value => self.record_of(value, json).is_some(),
        }
    }

    /// A name and its text; the text's further lines stand below its first.
    fn named_line(&mut self, depth: usize, column: usize, name: &str, text: &str) {
        for (index, line) in text.lines().enumerate() {
            let left = if index == 0 { name } else { "" };
            let gap = " ".repeat(column.saturating_sub(width(left)));
            self.line(depth, &format!("{left}{gap}{line}"));
        }
        if text.is_empty() {
            self.line(depth, name);
        }
    }

    fn block(&mut self, depth: usize, text: &str) {
        for line in text.lines() {
            self.line(depth, line);
        }
    }

    /// What no type describes: `extension`.
    fn untyped(&mut self, depth: usize, json: &Value) {
        match json {
            Value::Object(members) => {
                let names = members.keys().map(|name| width(&one_line(name)));
                let column = names.max().unwrap_or_default().min(40) + 2;
                for (name, value) in members {
                    let name = fitted(&one_line(name), 40);
                    if matches!(value, Value::Object(_) | Value::Array(_)) && !is_nothing(value) {
                        self.line(depth, &name);
                        self.untyped(depth + 1, value);
                    } else {
                        self.named_line(depth, column, &name, &cell::untyped(value));
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| match item {
                Value::Object(_) | Value::Array(_) => {
                    self.line(depth, "-");
                    self.untyped(depth + 1, item);
                }
                item => self.block(depth, &cell::untyped(item)),
            }),
            json => self.block(depth, &cell::untyped(json)),
        }
    }
}

fn is_nothing(json: &Value) -> bool {
    match json {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// What a page holds: a record with a list `items`, and with `next`, where the next one starts.
fn page_items<'s>(shape: &'s Shape, value: &ValueShape) -> Option<&'s ValueShape> {
    let NamedShape::Record { fields } = &shape.named(value.inner())?.kind else {
        return None;
    };
    let field = |name| fields.iter().find(|field| field.name == name);
    let items = field("items").filter(|_| field("next").is_some())?;
    match &items.value {
        ValueShape::List { items } => Some(items),
        _ => None,
    }
}

/// `3 listings`.
fn counted(count: usize, items: &ValueShape) -> String {
    match count {
        0 => format!("no {}", plural(items)),
        1 => format!("1 {}", singular(items)),
        count => format!("{count} {}", plural(items)),
    }
}

fn singular(items: &ValueShape) -> String {
    match items {
        ValueShape::Named { name } => {
            let name = name.rsplit('.').next().unwrap_or(name);
            name.replace('-', " ")
        }
        _ => "entry".to_owned(),
    }
}

fn plural(items: &ValueShape) -> String {
    let one = singular(items);
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{one}s"),
    }
}

/// A word that can be typed again: quoted where a shell would change it.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/=+@%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", super::text::harmless(word).replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
