//! Reduces Etsy's OpenAPI document to the table that the sandbox checks requests against.
//!
//! Only structure is taken: names, types, bounds, scopes, encodings, status codes. No prose, so that
//! the table is made of facts, and small enough that a change of the marketplace is a readable diff.

mod differences;
mod extract;
mod layout;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use differences::differences;
use extract::extract;

/// Extracts a document into the table at `out`.
pub(crate) fn write(document: &Path, out: &Path) -> Result<()> {
    let table = read_document(document)?;
    let text = layout::write(&table);
    fs::write(out, &text).with_context(|| format!("writing {}", out.display()))?;
    let operations = table.get("operations").and_then(Value::as_object);
    let count = operations.map_or(0, Map::len);
    println!(
        "{}: {count} operations, {} bytes",
        out.display(),
        text.len()
    );
    Ok(())
}

/// Prints what differs between the table at `out` and a document; how many lines that are.
pub(crate) fn diff(document: &Path, out: &Path) -> Result<usize> {
    let table = read_document(document)?;
    let old = fs::read(out).with_context(|| format!("reading {}", out.display()))?;
    let old: Value =
        serde_json::from_slice(&old).with_context(|| format!("parsing {}", out.display()))?;
    let lines = differences(&old, &table);
    for line in &lines {
        println!("{line}");
    }
    println!(
        "{} differences between {} and {}",
        lines.len(),
        out.display(),
        document.display()
    );
    Ok(lines.len())
}

fn read_document(path: &Path) -> Result<Value> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    extract(&bytes).with_context(|| format!("{} is no document of Etsy's API", path.display()))
}
