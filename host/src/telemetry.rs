//! The log: readable lines on stderr, filtered by `--log` or `STOFLOW_LOG`.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Where nothing is asked for, a terminal shows what a person has to know.
const DEFAULT_FILTER: &str = "warn";

/// Starts the log of the process. A filter that cannot be read is said, and the default taken.
pub fn start(filter: Option<&str>) {
    let asked = filter
        .map(ToOwned::to_owned)
        .or_else(|| std::env::var("STOFLOW_LOG").ok());
    let filter = asked.map_or_else(|| Ok(EnvFilter::new(DEFAULT_FILTER)), EnvFilter::try_new);
    let filter = filter.unwrap_or_else(|error| {
        eprintln!("warning: the log filter is not understood: {error}");
        EnvFilter::new(DEFAULT_FILTER)
    });
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A person at a terminal wants the sentence; a service's log has its own times.
        .without_time()
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .try_init();
    if let Err(error) = log {
        // A test may have started one: the log goes there.
        tracing::debug!(%error, "the log was started before");
    }
}
