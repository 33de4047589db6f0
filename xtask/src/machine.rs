//! On what something was run: what matters for the numbers, and no names.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use anyhow::Result;

use crate::command::output;
use crate::paths;

/// The date, the processor, the system and the compiler, as the end of a sentence.
pub(crate) fn describe() -> Result<String> {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("an unnamed processor", |(_, model)| model);
    let cores = available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // What follows the version names who built it.
    let kernel = kernel.split(['-', '\n']).next().unwrap_or_default();
    let rustc = output(
        Command::new("rustc")
            .arg("--version")
            .current_dir(paths::root()),
    )?;
    let date = output(Command::new("date").args(["--utc", "+%Y-%m-%d"]))?;
    Ok(format!(
        "{} on {cores} cores of {model}, Linux {kernel}, {}",
        date.trim(),
        rustc.trim()
    ))
}
