//! Where each setting was written: its line in the file, or the variable or flag that outweighs it.
//! Every error about a setting, and `stoflow config show`, name it by this.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, Key, TableLike};

use super::layer::Layer;

/// The places of one reading of the configuration.
pub(super) struct Places {
    path: PathBuf,
    /// Keys of the file, as `plugins.etsy.client_id`, with the line, counted from 1.
    lines: BTreeMap<String, usize>,
    /// What a variable or a flag set.
    above: BTreeMap<String, (Layer, String)>,
}

/// The text of a key and its value in the file.
pub(super) struct Written {
    pub(super) key: String,
    pub(super) range: Range<usize>,
}

impl Places {
    /// Those of a file.
    pub(super) fn of(path: &Path, text: &str, document: &Document<&str>) -> Self {
        let mut lines = BTreeMap::new();
        walk(document.as_table(), "", &mut |name, key, item| {
            let start = key.span().or_else(|| item.span()).map(|span| span.start);
            if let Some(start) = start {
                lines.insert(name.to_owned(), line(text, start));
            }
            if let Some(list) = item.as_array() {
                for (index, element) in list.iter().enumerate() {
                    if let Some(span) = element.span() {
                        lines.insert(format!("{name}[{index}]"), line(text, span.start));
                    }
                }
            }
        });
        Self {
            path: path.to_owned(),
            lines,
            above: BTreeMap::new(),
        }
    }

    /// Takes down that a layer above the file sets this.
    pub(super) fn set(&mut self, name: &str, layer: Layer, place: String) {
        self.above.insert(name.to_owned(), (layer, place));
    }

    /// Nothing sets this any more.
    pub(super) fn unset(&mut self, name: &str) {
        self.above.remove(name);
        self.lines.remove(name);
    }

    /// Which layer sets it; `None` where none does.
    pub(super) fn layer(&self, name: &str) -> Option<Layer> {
        match self.above.get(name) {
            Some((layer, _)) => Some(*layer),
            None => self.lines.contains_key(name).then_some(Layer::File),
        }
    }

    /// Where it is set: `stoflow.toml:3`, or a variable or flag. `None` where nobody set it.
    pub(super) fn origin(&self, name: &str) -> Option<String> {
        if let Some((_, place)) = self.above.get(name) {
            return Some(place.clone());
        }
        let line = self.lines.get(name)?;
        Some(format!("{}:{line}", self.path.display()))
    }

    /// The same for an error, which names the key too. A key that is not there is looked for where
    /// its table is.
    pub(super) fn place(&self, name: &str) -> String {
        let mut near = name;
        loop {
            if let Some((_, place)) = self.above.get(near) {
                return place.clone();
            }
            if let Some(line) = self.lines.get(near) {
                return format!("{}:{line}: {name}", self.path.display());
            }
            match near.rfind(['.', '[']) {
                Some(end) => near = near.get(..end).unwrap_or_default(),
                None => return format!("{}: {name}", self.path.display()),
            }
        }
    }
}

/// The line at this offset, counted from 1.
pub(super) fn line(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}

/// The innermost key whose text, or whose value's, holds this offset. `None` where it is a heading:
/// what stands below it would become another table's without it.
pub(super) fn at(document: &Document<&str>, offset: usize) -> Option<Written> {
    let mut found = None;
    walk(document.as_table(), "", &mut |name, key, item| {
        let (Some(key), Some(value)) = (key.span(), item.span()) else {
            return;
        };
        let range = key.start.min(value.start)..value.end.max(key.end);
        if !item.is_table() && !item.is_array_of_tables() && range.contains(&offset) {
            found = Some(Written {
                key: name.to_owned(),
                range,
            });
        }
    });
    found
}

fn walk(table: &dyn TableLike, above: &str, visit: &mut dyn FnMut(&str, &Key, &Item)) {
    for (name, item) in table.iter() {
        let Some((key, _)) = table.get_key_value(name) else {
            continue;
        };
        let name = joined(above, name);
        visit(&name, key, item);
        if let Some(tables) = item.as_array_of_tables() {
            for (index, table) in tables.iter().enumerate() {
                walk(table, &format!("{name}[{index}]"), visit);
            }
        } else if let Some(table) = item.as_table_like() {
            walk(table, &name, visit);
        }
    }
}

/// A key below a table, written as TOML would have it.
pub(super) fn joined(above: &str, key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let dot = if above.is_empty() { "" } else { "." };
    if !key.is_empty() && key.chars().all(is_bare) {
        format!("{above}{dot}{key}")
    } else {
        format!("{above}{dot}{key:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[plugins.etsy]\nclient_id = \"a\"\nlist = [\n  \"x\",\n  \"y\",\n]\n\
                        origins = { \"https://a.test\" = \"http://b.test\" }\n";

    fn places() -> Places {
        let document = Document::parse(TEXT).unwrap();
        Places::of(Path::new("f.toml"), TEXT, &document)
    }

    #[test]
    fn every_key_has_its_line_and_each_element_of_a_list() {
        let places = places();
        for (name, place) in [
            ("plugins.etsy.client_id", "f.toml:2: plugins.etsy.client_id"),
            ("plugins.etsy.list[1]", "f.toml:5: plugins.etsy.list[1]"),
            (
                "plugins.etsy.origins.\"https://a.test\"",
                "f.toml:7: plugins.etsy.origins.\"https://a.test\"",
            ),
            ("plugins.etsy.other", "f.toml:1: plugins.etsy.other"),
            ("plugins.ebay.other", "f.toml:1: plugins.ebay.other"),
            ("log.format", "f.toml: log.format"),
        ] {
            assert_eq!(places.place(name), place);
        }
    }

    #[test]
    fn what_is_set_above_the_file_is_named_by_what_sets_it() {
        let mut places = places();
        let name = "plugins.etsy.client_id";
        assert_eq!(places.origin(name).as_deref(), Some("f.toml:2"));
        places.set(name, Layer::Environment, "ETSY_API_KEY".into());
        assert_eq!(places.place(name), "ETSY_API_KEY");
        assert_eq!(places.layer(name), Some(Layer::Environment));
        places.unset(name);
        assert_eq!(places.origin(name), None);
    }

    #[test]
    fn what_stands_at_an_offset_is_the_innermost_key_and_no_heading() {
        let document = Document::parse(TEXT).unwrap();
        let found = |what: &str| at(&document, TEXT.find(what).unwrap()).map(|found| found.key);
        assert_eq!(found("\"a\"").as_deref(), Some("plugins.etsy.client_id"));
        assert_eq!(
            found("\"http://b").as_deref(),
            Some("plugins.etsy.origins.\"https://a.test\"")
        );
        assert_eq!(found("[plugins"), None);
    }
}
