//! Rows under headings, in as many columns as the terminal has.

use serde_json::Value;

use super::super::text::{fitted, width};
use super::cell::{Cells, NOTHING};
use super::columns::Column;

/// Between two columns.
const GAP: usize = 3;

/// Below this a column's text says nothing any more.
const NARROWEST: usize = 12;

/// The lines of a table.
pub(super) fn lay_out(
    columns: &[Column<'_>],
    rows: &[Value],
    cells: Cells<'_>,
    room: usize,
) -> Vec<String> {
    let texts: Vec<Vec<String>> = columns
        .iter()
        .map(|column| {
            let heading = std::iter::once(column.heading.clone());
            let cell = |row: &Value| match row.get(&column.member) {
                Some(json) => cells.text(column.value, json),
                None => NOTHING.to_owned(),
            };
            heading.chain(rows.iter().map(cell)).collect()
        })
        .collect();
    let mut widths: Vec<usize> = texts
        .iter()
        .map(|column| column.iter().map(|cell| width(cell)).max().unwrap_or(0))
        .collect();
    narrow(&mut widths, room);
    let right: Vec<bool> = columns
        .iter()
        .map(|column| column.is_right_aligned(cells.shape))
        .collect();
    (0..=rows.len())
        .map(|index| {
            let cells = texts.iter().map(|column| column.get(index));
            line(cells.zip(&widths).zip(&right))
        })
        .collect()
}

fn line<'t>(cells: impl Iterator<Item = ((Option<&'t String>, &'t usize), &'t bool)>) -> String {
    let mut line = String::new();
    for ((cell, columns), right) in cells {
        if *columns == 0 {
            continue;
        }
        if !line.is_empty() {
            line.push_str(&" ".repeat(GAP));
        }
        let text = fitted(cell.map(String::as_str).unwrap_or_default(), *columns);
        let padding = " ".repeat(columns.saturating_sub(width(&text)));
        if *right {
            line.push_str(&padding);
            line.push_str(&text);
        } else {
            line.push_str(&text);
            line.push_str(&padding);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// Takes from the widest column until the table fits; where none can give any more, the last ones
/// are left out (width 0).
fn narrow(widths: &mut [usize], room: usize) {
    fn total(widths: &[usize]) -> usize {
        let shown = widths.iter().filter(|width| **width > 0);
        shown.clone().sum::<usize>() + GAP * shown.count().saturating_sub(1)
    }
    while total(widths) > room {
        let Some(widest) = widths.iter_mut().max() else {
            return;
        };
        if *widest > NARROWEST {
            *widest -= 1;
            continue;
        }
        let shown = widths.iter().filter(|width| **width > 0).count();
        match widths.iter_mut().rev().find(|width| **width > 0) {
            Some(last) if shown > 1 => *last = 0,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_column_gives_way_first_and_the_last_goes_at_the_end() {
        let narrowed = |widths: &[usize], room| {
            let mut widths = widths.to_vec();
            narrow(&mut widths, room);
            widths
        };
        assert_eq!(narrowed(&[7, 40, 9], 62), [7, 40, 9]);
        assert_eq!(narrowed(&[7, 40, 9], 50), [7, 28, 9]);
        assert_eq!(narrowed(&[7, 40, 9], 30), [7, 12, 0]);
        assert_eq!(narrowed(&[7, 40, 9], 1), [7, 0, 0]);
        assert_eq!(narrowed(&[], 1), [0; 0]);
    }
}
