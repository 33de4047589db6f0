//! How many connections the system's limit of open files leaves room for. Linux gives a process 1,024
//! unless it asks for more, which it may up to a limit that is usually far higher.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the store, plugins, files of calls and connections to marketplaces take.
const OTHERS: u64 = 512;

/// As many connections as are wanted, or as the system allows.
pub(super) fn connections_max(wanted: usize) -> usize {
    let limits = getrlimit(Resource::Nofile);
    let needed = (wanted as u64).saturating_add(OTHERS);
    let allowed = match limits.current {
        Some(now) if now < needed => raised(limits, needed).unwrap_or(now),
        _ => needed,
    };
    let left = allowed.saturating_sub(OTHERS).max(allowed / 2).max(1);
    let max = usize::try_from(left).unwrap_or(usize::MAX).min(wanted);
    if max < wanted {
        tracing::warn!(
            max,
            wanted,
            "fewer connections are taken: the system allows this process {allowed} open files"
        );
    }
    max
}

/// The limit that there is afterwards.
fn raised(limits: Rlimit, needed: u64) -> Option<u64> {
    let current = limits.maximum.map_or(needed, |maximum| maximum.min(needed));
    let wanted = Rlimit {
        current: Some(current),
        ..limits
    };
    setrlimit(Resource::Nofile, wanted).ok().map(|()| current)
}
