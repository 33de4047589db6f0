//! Where counts are kept and how they are given out: Prometheus's text format. Only a daemon keeps them;
//! everywhere else counting costs a look at a flag.

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::time::MissedTickBehavior;

use super::measures::{METRICS, MetricKind, process};

/// Upper ends of the classes of durations, seconds: from a reply out of memory to a call that waits for
/// its quota.
const BUCKETS: [f64; 12] = [
    0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];

/// How often times that were taken are put into their classes: until then each is kept.
const TIDY_EVERY: Duration = Duration::from_secs(5);

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Counts from here on, for the rest of the process.
///
/// # Errors
/// Something else counts already.
pub fn begin() -> Result<(), String> {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS);
    let recorder = builder.map_err(|error| error.to_string())?.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
    for metric in METRICS {
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, metric.says),
            MetricKind::Gauge => describe_gauge!(metric.name, metric.says),
            MetricKind::Histogram => describe_histogram!(metric.name, metric.says),
        }
    }
    let _ = RECORDER.set(handle);
    Ok(())
}

/// Whether anything is counted.
pub(super) fn is_on() -> bool {
    RECORDER.get().is_some()
}

/// All that was counted; `None` where nothing is.
pub fn rendered() -> Option<String> {
    let handle = RECORDER.get()?;
    process(memory_bytes(), open_files());
    Some(handle.render())
}

/// Keeps the times that were taken from piling up, without an end.
pub async fn tidied() {
    let mut rounds = tokio::time::interval(TIDY_EVERY);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Some(handle) = RECORDER.get() {
            handle.run_upkeep();
        }
    }
}

/// proc(5), `VmRSS`, where there is such a file.
fn memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

fn open_files() -> Option<u64> {
    let files = fs::read_dir("/proc/self/fd").ok()?;
    u64::try_from(files.count()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_has_memory_and_open_files() {
        assert!(memory_bytes() > Some(1 << 20));
        assert!(open_files() > Some(2));
    }
}
