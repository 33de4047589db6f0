//! The faults that can be asked for, and those that wait.

use std::fmt::Write;

use crate::core::Core;
use crate::faults::{CONNECT, ECHO, FaultKind, TOKEN};
use crate::html::escape;
use crate::table::Table;

/// The options of the list of kinds.
pub(super) fn kinds() -> String {
    let kinds = FaultKind::ALL.iter();
    kinds
        .map(|(kind, what)| format!("<option value={0}>{0}: {what}", kind.name()))
        .collect()
}

/// The names that a fault can be for.
pub(super) fn operations() -> String {
    let others = [TOKEN, CONNECT, ECHO].into_iter();
    let all = Table::get().operations.keys().map(String::as_str);
    all.chain(others)
        .map(|name| format!("<option>{}", escape(name)))
        .collect()
}

/// The faults that wait, in order.
pub(super) fn queued(core: &Core) -> String {
    let mut list = String::new();
    for fault in core.faults.queued() {
        let of = [&fault.operation, &fault.method, &fault.path];
        let of: Vec<&str> = of.into_iter().flatten().map(String::as_str).collect();
        let of = if of.is_empty() {
            "whatever comes".to_owned()
        } else {
            of.join(" ")
        };
        let _ = write!(
            list,
            "<li><code>{kind}</code> for {of}: {times} times, after {skip} others",
            kind = fault.kind.name(),
            of = escape(&of),
            times = fault.times,
            skip = fault.skip,
        );
    }
    if list.is_empty() {
        list.push_str("<li class=none>no fault waits");
    }
    list
}
