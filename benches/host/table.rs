//! The table of results, as Markdown.

use std::fmt::Write as _;
use std::time::Duration;

use crate::samples::Samples;

/// Results under one another, then where the time of some of them went.
#[derive(Debug, Default)]
pub struct Table {
    results: Vec<String>,
    parts: Vec<String>,
}

/// A number that is to be held.
#[derive(Debug, Clone, Copy)]
pub struct Bars {
    /// What the project has promised.
    pub bar: f64,
    /// What it aims for.
    pub mark: f64,
}

impl Table {
    /// A time, against its bars in the unit that it is shown in.
    pub fn time(&mut self, what: &str, samples: &Samples, unit: Unit, bars: Option<Bars>) {
        let median = unit.of(samples.median());
        let shown = format!(
            "{} (p99 {})",
            unit.show(samples.median()),
            unit.show(samples.p99())
        );
        let name = unit.name();
        self.result(what, &shown, bars, median, |number| {
            format!("{number} {name}")
        });
    }

    /// How many times as long one takes as the other.
    pub fn ratio(&mut self, what: &str, ratio: f64, bars: Option<Bars>) {
        let shown = format!("{ratio:.2} ×");
        self.result(what, &shown, bars, ratio, |number| format!("{number} ×"));
    }

    /// How large a file is, against its bars in megabytes.
    pub fn size(&mut self, what: &str, bytes: usize, bars: Bars) {
        let size = bytes as f64 / 1e6;
        let shown = format!("{size:.2} MB");
        self.result(what, &shown, Some(bars), size, |number| {
            format!("{number} MB")
        });
    }

    fn result(
        &mut self,
        what: &str,
        shown: &str,
        bars: Option<Bars>,
        measured: f64,
        unit: impl Fn(f64) -> String,
    ) {
        let verdict = |number: f64| {
            let verdict = if measured <= number {
                "reached"
            } else {
                "not reached"
            };
            format!("≤ {}: {verdict}", unit(number))
        };
        let (bar, mark) = match bars {
            Some(bars) => (verdict(bars.bar), verdict(bars.mark)),
            None => Default::default(),
        };
        self.results
            .push(format!("| {what} | {shown} | {bar} | {mark} |"));
    }

    /// A part of something above.
    pub fn part(&mut self, of: &str, what: &str, time: Duration) {
        let micros = Unit::Micros.show(time);
        self.parts.push(format!("| {of} | {what} | {micros} |"));
    }

    pub fn print(&self) {
        let mut text =
            String::from("| what | median | promised | aimed for |\n|---|---|---|---|\n");
        for line in &self.results {
            writeln!(text, "{line}").unwrap();
        }
        text.push_str("\n| of | part | median |\n|---|---|---|\n");
        for line in &self.parts {
            writeln!(text, "{line}").unwrap();
        }
        print!("{text}");
    }
}

/// In what a time is shown.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    Micros,
    Millis,
}

impl Unit {
    fn of(self, time: Duration) -> f64 {
        match self {
            Self::Micros => time.as_secs_f64() * 1e6,
            Self::Millis => time.as_secs_f64() * 1e3,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Micros => "µs",
            Self::Millis => "ms",
        }
    }

    fn show(self, time: Duration) -> String {
        let (number, name) = (self.of(time), self.name());
        if number < 100.0 {
            format!("{number:.1} {name}")
        } else {
            format!("{number:.0} {name}")
        }
    }
}
