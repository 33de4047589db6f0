//! At a start: the numbers in the log and in sled are compared. What sled lacks is applied again,
//! what the log lacks is named, and what neither has is an error, never an older state in silence.

use super::StoreError;
use super::log::{Contents, Logged};

/// A log file, by its name, and what it holds.
pub(super) type LogFile = (&'static str, Contents);

/// What is to be done before the store is used.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The commits that sled lacks, in their order.
    pub(super) replay: Vec<Logged>,
    /// The number of the last commit.
    pub(super) last: u64,
    /// What to tell the operator.
    pub(super) findings: Vec<String>,
    /// Whether the log files cannot be gone on with and are to be put aside.
    pub(super) put_log_aside: bool,
}

impl Plan {
    /// Whether the store is used as it lies there.
    pub(super) fn changes_nothing(&self) -> bool {
        self.replay.is_empty() && self.findings.is_empty() && !self.put_log_aside
    }
}

/// Compares the log files, oldest first and the current one last, with how far sled is and with
/// what a clean close, where there was one, wrote down as the last commit.
pub(super) fn plan(
    files: Vec<LogFile>,
    applied: u64,
    clean: Option<u64>,
) -> Result<Plan, StoreError> {
    let mut plan = Plan::default();
    let logged = last_logged(&files);
    let known = applied.max(clean.unwrap_or(0));
    plan.last = known.max(logged);
    refuse_unknown_losses(&files, clean)?;
    note_damage(&files, logged, known, &mut plan);
    if clean.is_some_and(|clean| applied < clean) {
        plan.findings.push(format!(
            "the database had fallen back to commit {applied}; what came after was taken from the log"
        ));
    }
    if files
        .last()
        .is_none_or(|(_, contents)| contents.base.is_none())
    {
        plan.put_log_aside = true;
        plan.findings
            .push("the log could not be gone on with; a new one was begun".to_owned());
    }
    if logged < known {
        plan.put_log_aside = true;
        plan.findings.push(format!(
            "the log lacks the commits after {logged}; the database has them up to {applied}"
        ));
    }
    let commits = files.into_iter().flat_map(|(_, contents)| contents.commits);
    plan.replay = commits.filter(|commit| commit.number > applied).collect();
    refuse_missing(&plan.replay, applied, plan.last)?;
    Ok(plan)
}

fn last_logged(files: &[LogFile]) -> u64 {
    let numbers = files.iter().flat_map(|(_, contents)| {
        let commits = contents.commits.iter().map(|commit| commit.number);
        commits.chain(contents.base)
    });
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
                plan.findings.push(format!(
                    "{name}: a write was interrupted at byte {}; it had not been acknowledged",
                    gap.offset
                ));
            } else {
                plan.put_log_aside = true;
                plan.findings
                    .push(format!("{name} is damaged at byte {}", gap.offset));
            }
        }
    }
}

fn refuse_missing(replay: &[Logged], applied: u64, last: u64) -> Result<(), StoreError> {
    let numbers = replay.iter().map(|commit| commit.number);
    for (expected, number) in (applied + 1..).zip(numbers.chain([last + 1])) {
        if number != expected {
            let what = format!(
                "the commits {expected} to {} are neither in the database nor in the log. Put the store back from a copy",
                number.saturating_sub(1)
            );
            return Err(StoreError::damaged("the store", what));
        }
    }
    Ok(())
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
        let plan = plan(files, 3, None).unwrap();
        assert_eq!((numbers(&plan), plan.last), (vec![4, 5, 6], 6));
        assert!(plan.findings.is_empty() && !plan.put_log_aside);
    }

    #[test]
    fn a_torn_end_is_cut_and_the_log_goes_on() {
        let plan = plan(vec![file(Some(0), 1..=2, vec![TORN])], 1, None).unwrap();
        assert_eq!((numbers(&plan), plan.last), (vec![2], 2));
        assert!(plan.findings[0].contains("had not been acknowledged"));
        assert!(!plan.put_log_aside);
    }

    #[test]
    fn an_end_that_was_acknowledged_is_damage_that_sled_makes_good() {
        for clean in [None, Some(3)] {
            let plan = plan(vec![file(Some(0), 1..=2, vec![TORN])], 3, clean).unwrap();
            assert_eq!((numbers(&plan), plan.last), (vec![], 3));
            assert!(plan.put_log_aside);
            assert!(
                plan.findings
                    .iter()
                    .any(|finding| finding.contains("damaged at byte 9"))
            );
        }
    }

    #[test]
    fn what_neither_has_is_an_error_that_names_it() {
        let refused = |files, applied, clean| {
            let error = plan(files, applied, clean).unwrap_err().to_string();
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
        let plan = plan(vec![file(Some(0), [1, 2, 5], vec![HOLE])], 5, None).unwrap();
        assert_eq!((numbers(&plan), plan.last), (vec![], 5));
        assert!(plan.put_log_aside && plan.findings[0].contains("byte 9"));
        let unreadable = super::plan(vec![file(None, [], vec![TORN])], 5, Some(5)).unwrap();
        assert!(unreadable.put_log_aside);
    }

    #[test]
    fn a_database_that_fell_back_after_a_clean_close_is_said() {
        let plan = plan(vec![file(Some(0), 1..=4, vec![])], 2, Some(4)).unwrap();
        assert_eq!(numbers(&plan), [3, 4]);
        assert!(plan.findings[0].contains("fallen back to commit 2"));
    }
}
