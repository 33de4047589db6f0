//! At a start: what the database, the checkpoints and the log have is compared by the numbers of the
//! commits. What the database lacks is applied again from the log; where it cannot be trusted, or the
//! log does not reach back to it, it is made again from a checkpoint. What none of them has is an
//! error, never an older state in silence.

use super::StoreError;
use super::findings::Findings;
use super::log::{Contents, Logged};

/// A log file, by its name, and what it holds.
pub(super) type LogFile = (&'static str, Contents);

/// What there is to start from.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// The log files, the current one last.
    pub(super) logs: Vec<LogFile>,
    /// The numbers of the checkpoints that are whole, the newest first.
    pub(super) checkpoints: Vec<u64>,
    /// The last commit that a clean close, where there was one, wrote down.
    pub(super) clean: Option<u64>,
    pub(super) database: Standing,
}

/// How the database stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is what the commits up to that one left.
    At(u64),
    /// It cannot be used. How far it was, if that could be read, and why.
    Unsound(Option<u64>, String),
}

impl Default for Standing {
    fn default() -> Self {
        Self::At(0)
    }
}

/// From what the store goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Database,
    /// The checkpoint as of that commit.
    Checkpoint(u64),
    /// Nothing: the log has every commit there ever was.
    Nothing,
}

/// What is to be done before the store is used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) start: Start,
    /// The commits that the start lacks, in their order.
    pub(super) replay: Vec<Logged>,
    /// The number of the last commit.
    pub(super) last: u64,
    pub(super) findings: Findings,
    /// The log files that are not to be gone on with, nor kept.
    pub(super) flawed: Vec<&'static str>,
}

/// Compares them.
pub(super) fn plan(evidence: Evidence) -> Result<Plan, StoreError> {
    let Evidence {
        logs,
        checkpoints,
        clean,
        database,
    } = evidence;
    let applied = match &database {
        Standing::At(number) => Some(*number),
        Standing::Unsound(number, _) => *number,
    };
    let known = [applied, clean, checkpoints.first().copied()];
    let known = known.into_iter().flatten().max().unwrap_or(0);
    let logged = last_logged(&logs);
    let mut plan = Plan {
        start: Start::Database,
        replay: Vec::new(),
        last: known.max(logged),
        findings: Findings::default(),
        flawed: Vec::new(),
    };
    refuse_unknown_losses(&logs, clean)?;
    note_damage(&logs, logged, known, &mut plan);
    note_end(&logs, logged, known, &mut plan);
    if logs
        .last()
        .is_some_and(|(name, _)| plan.flawed.contains(name))
    {
        // Without the current one, the one before leads nowhere.
        plan.flawed = logs.iter().map(|(name, _)| *name).collect();
    }
    if let (Standing::At(applied), Some(clean)) = (&database, clean)
        && *applied < clean
    {
        plan.findings.damage(format!(
            "the database had fallen back to commit {applied}; what came after was taken from the log"
        ));
    }
    let from_zero = logs.first().is_some_and(|(_, log)| log.base == Some(0));
    let commits: Vec<Logged> = logs.into_iter().flat_map(|(_, log)| log.commits).collect();
    let starts = starts(&database, &checkpoints, from_zero);
    choose(&mut plan, &starts, commits, &database)?;
    Ok(plan)
}

/// What the store may start from, the best first, and how far each is.
fn starts(database: &Standing, checkpoints: &[u64], from_zero: bool) -> Vec<(Start, u64)> {
    let mut starts = Vec::new();
    if let Standing::At(number) = database {
        starts.push((Start::Database, *number));
    }
    let checkpoints = checkpoints.iter();
    starts.extend(checkpoints.map(|&number| (Start::Checkpoint(number), number)));
    if from_zero {
        starts.push((Start::Nothing, 0));
    }
    starts
}

/// Takes the first start from which the commits lead on to the last one.
fn choose(
    plan: &mut Plan,
    starts: &[(Start, u64)],
    commits: Vec<Logged>,
    database: &Standing,
) -> Result<(), StoreError> {
    let mut missing = Vec::new();
    for &(start, number) in starts {
        match gap(&commits, number, plan.last) {
            Some(gap) => missing.push(gap),
            None => {
                let replay = commits.into_iter().filter(|commit| commit.number > number);
                plan.replay = replay.collect();
                plan.start = start;
                note_start(plan, database);
                return Ok(());
            }
        }
    }
    let mut what = missing.first().map_or_else(
        || "no checkpoint is whole either".to_owned(),
        |(first, last)| format!("the commits {first} to {last} are neither in the database, nor in a checkpoint and the log"),
    );
    if let Standing::Unsound(_, why) = database {
        what = format!("the database cannot be used ({why}), and {what}");
    }
    what.push_str(". Nothing was changed; put the store back from a copy");
    Err(StoreError::damaged("the store", what))
}

/// The first commits behind `number`, up to `last`, that are missing.
fn gap(commits: &[Logged], number: u64, last: u64) -> Option<(u64, u64)> {
    let behind = commits.iter().map(|commit| commit.number);
    let behind = behind.filter(|found| *found > number);
    for (expected, found) in (number + 1..).zip(behind.chain([last + 1])) {
        if found != expected {
            return Some((expected, found.saturating_sub(1)));
        }
    }
    None
}

fn note_start(plan: &mut Plan, database: &Standing) {
    let from = match plan.start {
        Start::Database => return,
        Start::Checkpoint(number) => format!("the checkpoint as of commit {number} and the log"),
        Start::Nothing => "the log".to_owned(),
    };
    let why = match database {
        Standing::Unsound(_, why) => format!("could not be used ({why})"),
        Standing::At(number) => format!("had fallen back to commit {number}"),
    };
    plan.findings
        .damage(format!("the database {why}; it was made again from {from}"));
}

fn last_logged(files: &[LogFile]) -> u64 {
    let numbers = files.iter().filter_map(|(_, contents)| contents.last());
    numbers.max().unwrap_or(0)
}

/// Where the current log has nothing that opens, nobody knows how far it went, unless a clean
/// close wrote it down.
fn refuse_unknown_losses(files: &[LogFile], clean: Option<u64>) -> Result<(), StoreError> {
    match files.last() {
        Some((_, contents))
            if contents.base.is_some() || !contents.commits.is_empty() || clean.is_some() =>
        {
            Ok(())
        }
        Some((name, _)) => Err(StoreError::damaged(
            *name,
            "nothing in it can be read, so commits may be missing. Put it back from a copy",
        )),
        None => Err(StoreError::damaged(
            "commits.log",
            "it is not there. Put it back from a copy",
        )),
    }
}

/// A torn end that nobody was told of is cut; everything else that does not open is damage.
fn note_damage(files: &[LogFile], logged: u64, known: u64, plan: &mut Plan) {
    for (index, (name, contents)) in files.iter().enumerate() {
        let current = index + 1 == files.len();
        for gap in &contents.gaps {
            if current && gap.at_end && logged >= known && contents.base.is_some() {
                plan.findings.note(format!(
                    "{name}: a write was interrupted at byte {}; it had not been acknowledged",
                    gap.offset
                ));
            } else {
                plan.flawed.push(name);
                plan.findings
                    .damage(format!("{name} is damaged at byte {}", gap.offset));
            }
        }
        let next = files.get(index + 1).and_then(|(_, next)| next.base);
        if next.is_some() && next != contents.last() && contents.gaps.is_empty() {
            plan.flawed.push(name);
            plan.findings
                .damage(format!("{name} ends before the next log begins"));
        }
    }
}

/// Whether the current log can be gone on with.
fn note_end(files: &[LogFile], logged: u64, known: u64, plan: &mut Plan) {
    let Some((name, contents)) = files.last() else {
        return;
    };
    if contents.base.is_none() {
        plan.flawed.push(name);
        plan.findings
            .damage("the log could not be gone on with; a new one was begun");
    }
    if logged < known {
        plan.flawed.push(name);
        plan.findings.damage(format!(
            "the log lacks the commits after {logged}; the last one is {known}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::Gap;
    use super::*;

    fn file(base: Option<u64>, numbers: impl IntoIterator<Item = u64>, gaps: Vec<Gap>) -> LogFile {
        let commits = numbers.into_iter().map(|number| Logged {
            number,
            entries: Vec::new(),
        });
        let contents = Contents {
            base,
            commits: commits.collect(),
            gaps,
            valid: 0,
        };
        ("commits.log", contents)
    }

    fn evidence(logs: Vec<LogFile>, applied: u64, clean: Option<u64>) -> Evidence {
        Evidence {
            logs,
            checkpoints: Vec::new(),
            clean,
            database: Standing::At(applied),
        }
    }

    fn numbers(plan: &Plan) -> Vec<u64> {
        plan.replay.iter().map(|commit| commit.number).collect()
    }

    const TORN: Gap = Gap {
        offset: 9,
        at_end: true,
    };
    const HOLE: Gap = Gap {
        offset: 9,
        at_end: false,
    };

    #[test]
    fn what_sled_lacks_is_applied_again_from_both_files() {
        let files = vec![file(Some(2), 3..=4, vec![]), file(Some(4), 5..=6, vec![])];
        let plan = plan(evidence(files, 3, None)).unwrap();
        assert_eq!((numbers(&plan), plan.last), (vec![4, 5, 6], 6));
        assert!(plan.findings.texts.is_empty() && plan.flawed.is_empty());
    }

    #[test]
    fn a_torn_end_is_cut_and_the_log_goes_on() {
        let plan = plan(evidence(vec![file(Some(0), 1..=2, vec![TORN])], 1, None)).unwrap();
        assert_eq!((numbers(&plan), plan.last), (vec![2], 2));
        assert!(plan.findings.texts[0].contains("had not been acknowledged"));
        assert!(plan.flawed.is_empty());
    }

    #[test]
    fn an_end_that_was_acknowledged_is_damage_that_sled_makes_good() {
        for clean in [None, Some(3)] {
            let plan = plan(evidence(vec![file(Some(0), 1..=2, vec![TORN])], 3, clean)).unwrap();
            assert_eq!((numbers(&plan), plan.last), (vec![], 3));
            assert!(!plan.flawed.is_empty());
            assert!(
                plan.findings
                    .texts
                    .iter()
                    .any(|finding| finding.contains("damaged at byte 9"))
            );
        }
    }

    #[test]
    fn what_neither_has_is_an_error_that_names_it() {
        let refused = |files, applied, clean| {
            let error = plan(evidence(files, applied, clean))
                .unwrap_err()
                .to_string();
            assert!(error.contains("damaged"), "{error}");
            error
        };
        let error = refused(vec![file(Some(0), [1, 2, 5], vec![HOLE])], 1, None);
        assert!(error.contains("commits 3 to 4"), "{error}");
        // sled fell back behind both checkpoints.
        let error = refused(vec![file(Some(7), 8..=9, vec![])], 5, None);
        assert!(error.contains("commits 6 to 7"), "{error}");
        // A clean close knew of more than either has.
        let error = refused(vec![file(Some(0), 1..=2, vec![TORN])], 2, Some(4));
        assert!(error.contains("commits 3 to 4"), "{error}");
        refused(vec![file(None, [], vec![TORN])], 5, None);
        refused(vec![], 5, None);
    }

    #[test]
    fn damage_in_what_sled_has_is_named_and_put_aside() {
        let plan = plan(evidence(
            vec![file(Some(0), [1, 2, 5], vec![HOLE])],
            5,
            None,
        ))
        .unwrap();
        assert_eq!((numbers(&plan), plan.last), (vec![], 5));
        assert!(!plan.flawed.is_empty() && plan.findings.texts[0].contains("byte 9"));
        let unreadable =
            super::plan(evidence(vec![file(None, [], vec![TORN])], 5, Some(5))).unwrap();
        assert!(!unreadable.flawed.is_empty());
    }

    #[test]
    fn a_database_that_fell_back_after_a_clean_close_is_said() {
        let plan = plan(evidence(vec![file(Some(0), 1..=4, vec![])], 2, Some(4))).unwrap();
        assert_eq!(numbers(&plan), [3, 4]);
        assert!(plan.findings.texts[0].contains("fallen back to commit 2"));
    }

    #[test]
    fn a_database_that_cannot_be_used_is_made_again_from_the_newest_start_that_leads_on() {
        let unsound = |logs, checkpoints: &[u64]| Evidence {
            logs,
            checkpoints: checkpoints.to_vec(),
            clean: None,
            database: Standing::Unsound(Some(6), "why".to_owned()),
        };
        let logs = || vec![file(Some(2), 3..=4, vec![]), file(Some(4), 5..=6, vec![])];
        let made = plan(unsound(logs(), &[4, 2])).unwrap();
        assert_eq!(
            (made.start, numbers(&made)),
            (Start::Checkpoint(4), vec![5, 6])
        );
        assert!(made.findings.damage && made.findings.texts[0].contains("(why)"));
        let made = plan(unsound(logs(), &[2])).unwrap();
        assert_eq!(
            (made.start, numbers(&made)),
            (Start::Checkpoint(2), vec![3, 4, 5, 6])
        );
        let all = vec![file(Some(0), 1..=6, vec![])];
        assert_eq!(plan(unsound(all, &[])).unwrap().start, Start::Nothing);
        // What it had beyond the log is nowhere else.
        let short = vec![file(Some(4), 5..=5, vec![])];
        let error = plan(unsound(short, &[4])).unwrap_err().to_string();
        assert!(
            error.contains("commits 6 to 6") && error.contains("why"),
            "{error}"
        );
        assert!(plan(unsound(logs(), &[])).is_err());
    }

    #[test]
    fn a_database_behind_the_log_is_made_again_from_a_checkpoint() {
        let mut old = evidence(vec![file(Some(4), 5..=6, vec![])], 1, Some(6));
        old.checkpoints = vec![4];
        let plan = plan(old).unwrap();
        assert_eq!(
            (plan.start, numbers(&plan)),
            (Start::Checkpoint(4), vec![5, 6])
        );
    }
}
