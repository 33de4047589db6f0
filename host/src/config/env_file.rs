//! A file of variables, as `.env` files are written: one `NAME=value` a line.
//!
//! Nothing in a value is filled in (`$HOME` stays as it is): a secret may hold any character, and
//! would be changed without a word. systemd's `EnvironmentFile=` and `docker run --env-file` fill in
//! nothing either.

use super::Fault;

/// A variable of the file.
#[derive(PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    /// Counted from 1.
    pub(super) number: usize,
}

/// The variables of a text, and what of it is none. A name that stands twice is an error: which one
/// was meant?
pub(super) fn parse(path: &str, text: &str) -> (Vec<Line>, Vec<Fault>) {
    let (mut lines, mut faults) = (Vec::<Line>::new(), Vec::new());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let place = format!("{path}:{number}");
        match variable(line) {
            Ok(None) => {}
            Ok(Some((name, value))) => match lines.iter().find(|line| line.name == name) {
                None => lines.push(Line {
                    name,
                    value,
                    number,
                }),
                Some(first) => faults.push(Fault::new(
                    format!("{place}: {name}"),
                    format!("stands in line {}, too; keep one of them", first.number),
                )),
            },
            Err(message) => faults.push(Fault::new(place, message)),
        }
    }
    (lines, faults)
}

fn variable(line: &str) -> Result<Option<(String, String)>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    // The line itself is not shown: what was to be a value may be a secret.
    let (name, value) = line
        .split_once('=')
        .ok_or("is no variable; write it as NAME=value")?;
    let name = name.trim();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err("has no name in front of its =: letters, digits and _".into());
    }
    let value = value.trim();
    let value = match value.chars().next() {
        Some('\'') => quoted(name, value, '\'')?,
        Some('"') => quoted(name, value, '"')?,
        _ => plain(value).to_owned(),
    };
    Ok(Some((name.to_owned(), value)))
}

/// Up to a comment, which begins with a # behind a space.
fn plain(value: &str) -> &str {
    if value.starts_with('#') {
        return "";
    }
    let comment = value.find(" #").or_else(|| value.find("\t#"));
    comment
        .and_then(|end| value.get(..end))
        .unwrap_or(value)
        .trim_end()
}

/// Between quotation marks. In double ones \n, \r, \t, \", \\ and \$ stand for what they do in a
/// shell and in other readers of such files; single ones hold everything as it is.
fn quoted(name: &str, value: &str, mark: char) -> Result<String, String> {
    let mut out = String::new();
    let mut letters = value.chars();
    letters.next();
    while let Some(letter) = letters.next() {
        if letter == mark {
            let rest = letters.as_str().trim_start();
            if rest.is_empty() || rest.starts_with('#') {
                return Ok(out);
            }
            return Err(format!(
                "{name}: something stands behind the closing {mark}"
            ));
        }
        if letter != '\\' || mark == '\'' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(other @ ('"' | '\\' | '$')) => out.push(other),
            Some(other) => {
                return Err(format!(
                    "{name}: \\{other} means nothing; write \\\\ for a backslash"
                ));
            }
            None => break,
        }
    }
    Err(format!("{name}: the closing {mark} is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<(String, String, usize)>, Vec<String>) {
        let (lines, faults) = parse(".env", text);
        let line = |line: Line| (line.name, line.value, line.number);
        let fault = |fault: Fault| format!("{}: {}", fault.place, fault.message);
        (
            lines.into_iter().map(line).collect(),
            faults.into_iter().map(fault).collect(),
        )
    }

    #[test]
    fn variables_are_read_as_other_programs_read_them() {
        let text = "# of the shop\n\nexport A = one # why\nB='it''s'\nC=\"two\\n\\\"words\\\"\" # x\n\
                    D=p#ss$HOME\nE=\nF=#x\r\nG='$ \"\\'\n";
        let (lines, faults) = read(text);
        let values: Vec<_> = lines
            .iter()
            .map(|(name, value, _)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            values,
            [
                ("A", "one"),
                ("C", "two\n\"words\""),
                ("D", "p#ss$HOME"),
                ("E", ""),
                ("F", ""),
                ("G", "$ \"\\"),
            ]
        );
        assert_eq!(lines[0].2, 3);
        assert_eq!(faults, [".env:4: B: something stands behind the closing '"]);
    }

    #[test]
    fn what_is_no_variable_is_named_with_its_line_and_not_shown() {
        let (_, faults) = read("A=1\nhunter2\n1X=1\nA=2\nS=\"hunter2\nT=\"\\q\"\n");
        let all = faults.join("\n");
        assert_eq!(faults.len(), 5, "{all}");
        assert!(!all.contains("hunter2"), "{all}");
        assert!(faults[0].starts_with(".env:2: is no variable"), "{all}");
        assert!(faults[2].contains(".env:4: A: stands in line 1"), "{all}");
        assert!(faults[3].contains("closing \" is missing"), "{all}");
    }
}
