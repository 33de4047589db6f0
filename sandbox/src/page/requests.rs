//! The latest requests: how long each took, and why it was refused.

use std::fmt::Write;

use super::time;
use crate::core::Core;
use crate::etsy::human_size;
use crate::html::escape;

/// How many requests the page shows.
const SHOWN: usize = 60;

/// The rows of the table, the latest first.
pub(super) fn rows(core: &Core) -> String {
    let mut rows = String::new();
    for record in core.history.records().rev().take(SHOWN) {
        let fault = record.fault.map(|kind| format!(" fault: {}", kind.name()));
        let _ = writeln!(
            rows,
            "<tr><td class=number>{number}<td>{at}<td>{method}<td>{path}<td>{operation}\
             <td class=\"number s{class}\">{status}<td class=number>{took}<td class=number>{bytes}<td>{why}{fault}",
            number = record.number,
            at = time(record.at_ms / 1000),
            method = escape(&record.method),
            path = escape(&record.path),
            operation = escape(record.operation.as_deref().unwrap_or("–")),
            class = record.status / 100,
            status = record.status,
            took = took(record.us),
            bytes = human_size(record.request_bytes),
            why = escape(record.reason.as_deref().unwrap_or("")),
            fault = escape(&fault.unwrap_or_default()),
        );
    }
    if rows.is_empty() {
        rows.push_str("<tr><td colspan=9 class=none>no requests yet");
    }
    rows
}

/// Milliseconds with one decimal.
fn took(us: u64) -> String {
    let tenths = us / 100;
    format!("{}.{} ms", tenths / 10, tenths % 10)
}
