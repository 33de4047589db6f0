//! The comparison by numbers alone.

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
    let unreadable = super::plan(evidence(vec![file(None, [], vec![TORN])], 5, Some(5))).unwrap();
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
