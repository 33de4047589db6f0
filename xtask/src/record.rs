//! `docs/test-record.md`: what the long runs showed, newest first. An entry names the commit, the
//! machine and the rounds, and keeps what the repeated tests printed.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command::output;
use crate::{machine, paths, rounds};

/// Behind this line the entries begin.
const MARK: &str = "<!-- entries -->";
/// What a library's panic says that a test expects and catches, with the message on the next line: it
/// names paths of the machine and shows nothing.
const PANIC: &str = " panicked at ";
/// A test prints a tally; whoever prints more is cut, so that the page stays one.
const LINES_PER_TEST_MAX: usize = 40;

/// A run that ended well.
pub(crate) struct Run<'a> {
    /// All that the tests' programs wrote, with `--show-output`.
    pub(crate) printed: &'a str,
    pub(crate) filter: Option<&'a str>,
    pub(crate) took: Duration,
}

/// Puts a run in front of the others.
pub(crate) fn keep(run: &Run<'_>) -> Result<()> {
    let path = paths::root().join("docs/test-record.md");
    let page = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let missing = || format!("{} has no line {MARK}", path.display());
    let (before, after) = page.split_once(MARK).with_context(missing)?;
    let entry = entry(run)?;
    fs::write(
        &path,
        format!("{before}{MARK}\n\n{entry}\n{}", after.trim_start()),
    )
    .with_context(|| path.display().to_string())
}

fn entry(run: &Run<'_>) -> Result<String> {
    let root = paths::root();
    let mut revision = Command::new("git");
    revision
        .args(["describe", "--always", "--dirty"])
        .current_dir(&root);
    let revision = output(&mut revision)?;
    let of = run
        .filter
        .map_or_else(String::new, |filter| format!(" {filter}"));
    let minutes = run.took.as_secs_f64() / 60.0;
    let mut text = format!("## Commit {}\n\n", revision.trim());
    writeln!(
        text,
        "`cargo xtask test --long{of}` {}; {minutes:.0} min.\n",
        machine::describe()?
    )?;
    let passed = passed(run.printed);
    writeln!(
        text,
        "{passed} tests passed, none failed. What the repeated ones printed:\n"
    )?;
    text.push_str("| rounds | |\n|---|---|\n");
    for (name, count) in rounds::long() {
        writeln!(text, "| {name} | {count} |")?;
    }
    text.push_str("\n```text\n");
    for (test, lines) in outputs(run.printed) {
        writeln!(text, "{test}")?;
        for line in lines.iter().take(LINES_PER_TEST_MAX) {
            writeln!(text, "    {line}")?;
        }
    }
    text.push_str("```\n");
    Ok(text)
}

/// How many tests passed in all.
pub(crate) fn passed(printed: &str) -> u32 {
    let results = printed
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. "));
    results
        .filter_map(|line| line.split(' ').next()?.parse::<u32>().ok())
        .sum()
}

/// The tests that printed something, and what. `cargo test` shows it twice where a program fails;
/// a run that is kept has not.
fn outputs(printed: &str) -> Vec<(&str, Vec<&str>)> {
    let mut found = Vec::new();
    let mut lines = printed.lines().peekable();
    while let Some(line) = lines.next() {
        let test = line
            .strip_prefix("---- ")
            .and_then(|line| line.strip_suffix(" stdout ----"));
        let Some(test) = test else { continue };
        let mut said = Vec::new();
        while let Some(line) =
            lines.next_if(|line| !line.starts_with("---- ") && *line != "successes:")
        {
            if line.contains(PANIC) {
                lines.next();
            } else if !line.trim().is_empty() && !line.starts_with("note: run with") {
                said.push(line);
            }
        }
        found.push((test, said));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
test a ... ok
test b ... ok

successes:

---- a stdout ----
5 rounds, seed 7
5 kept

---- b stdout ----
thread 'b' (7) panicked at /a/path/of/this/machine.rs:1:2:
index out of bounds
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
one

successes:
    a
    b

test result: ok. 2 passed; 0 failed; 0 ignored
test result: ok. 40 passed; 0 failed; 0 ignored
";

    #[test]
    fn what_tests_printed_is_found_by_test() {
        let expected = vec![
            ("a", vec!["5 rounds, seed 7", "5 kept"]),
            ("b", vec!["one"]),
        ];
        assert_eq!(outputs(PRINTED), expected);
        assert_eq!(passed(PRINTED), 42);
    }
}
