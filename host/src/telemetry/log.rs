//! The log on stderr: lines for people, or objects of JSON for programs.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt};

/// What is logged where the filter cannot be read.
const DEFAULT_FILTER: &str = "warn";

/// Starts the log of the process, as lines or as an object of JSON a line. A filter that cannot be
/// read is said, and a usual one taken.
pub fn start(filter: &str, json: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|error| {
        eprintln!("warning: the log filter is not understood: {error}");
        EnvFilter::new(DEFAULT_FILTER)
    });
    let log = Registry::default().with(filter).with(lines(json));
    if let Err(error) = tracing::subscriber::set_global_default(log) {
        // A test may have started one: the log goes there.
        tracing::debug!(%error, "the log was started before");
    }
}

/// Whether a filter can be read.
///
/// # Errors
/// What is wrong with it.
pub fn check_filter(filter: &str) -> Result<(), String> {
    EnvFilter::try_new(filter)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

fn lines<S>(json: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let is_terminal = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_span_events(FmtSpan::NONE)
        .with_ansi(is_terminal && !json)
        .with_writer(io::stderr);
    match (json, is_terminal) {
        (true, _) => lines.json().flatten_event(true).boxed(),
        // A person at a terminal wants the sentence; a file of lines needs their times.
        (false, true) => lines.without_time().boxed(),
        (false, false) => lines.boxed(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_filter_is_told() {
        assert_eq!(check_filter("warn,stoflow_host=debug"), Ok(()));
        assert!(check_filter("stoflow_host=loud").is_err());
    }
}
