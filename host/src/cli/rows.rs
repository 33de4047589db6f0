//! Rows of plain texts under headings, for what is no reply of a plugin.

use super::text::{one_line, width};

/// The lines, each with its end.
pub(super) fn rows(headings: &[&str], rows: &[Vec<String>]) -> String {
    let headings: Vec<String> = headings
        .iter()
        .map(|heading| (*heading).to_owned())
        .collect();
    let lines: Vec<Vec<String>> = std::iter::once(&headings)
        .chain(rows)
        .map(|row| row.iter().map(|cell| one_line(cell)).collect())
        .collect();
    let columns = headings.len();
    let widest = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let mut text = String::new();
    for line in &lines {
        let mut shown = String::new();
        for (cell, column) in line.iter().zip(&widths) {
            shown.push_str(cell);
            shown.push_str(&" ".repeat(column.saturating_sub(width(cell)) + 3));
        }
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text = rows(
            &["A", "B"],
            &[
                vec!["long".into(), "x".into()],
                vec!["é".into(), "y".into()],
            ],
        );
        assert_eq!(text, "A      B\nlong   x\né      y\n");
    }
}
