//! A consent that came to nothing: the problem that programs get, and the page that a person gets.

use super::identify::NotIdentified;
use crate::api::page::Page;
use crate::api::problem::{Problem, ProblemKind};
use crate::consent::ConsentError;

/// For programs.
pub(super) fn problem(error: ConsentError) -> Problem {
    let mut title = error.to_string();
    if let ConsentError::Identify(source) = &error {
        title = format!("{title}: {source}");
    }
    let problem = Problem::new(kind(&error), title);
    match error {
        ConsentError::Store(error) => error.into(),
        ConsentError::Identify(source) => match source.downcast_ref::<NotIdentified>() {
            Some(cause) => Problem {
                remedy: cause.0.remedy.clone(),
                violations: cause.0.violations.clone(),
                correlation_id: cause.0.correlation_id.clone(),
                ..problem
            },
            None => problem,
        },
        ConsentError::OtherSeller { expected, .. } => problem.remedy(format_args!(
            "sign in at the marketplace as {expected} and begin again; another shop is connected \
             without naming an account"
        )),
        _ => problem,
    }
}

fn kind(error: &ConsentError) -> ProblemKind {
    match error {
        ConsentError::Form(_) => ProblemKind::BadRequest,
        ConsentError::UnknownState | ConsentError::Mismatch(_) => ProblemKind::ConsentForeign,
        ConsentError::Expired => ProblemKind::ConsentExpired,
        ConsentError::Replayed => ProblemKind::ConsentUsed,
        ConsentError::Denied(_) => ProblemKind::ConsentDenied,
        ConsentError::OtherSeller { .. } => ProblemKind::OtherSeller,
        ConsentError::AccountGone(_) => ProblemKind::UnknownAccount,
        ConsentError::Misconfigured(_) => ProblemKind::Configuration,
        ConsentError::Unavailable(_) => ProblemKind::Unavailable,
        ConsentError::Identify(why) if is_for_later(why.as_ref()) => ProblemKind::Unavailable,
        ConsentError::Store(_) => ProblemKind::Internal,
        ConsentError::Refused(_) | ConsentError::CodeRefused(_) | ConsentError::Identify(_) => {
            ProblemKind::ConsentFailed
        }
    }
}

type Cause = dyn std::error::Error + Send + Sync;

fn is_for_later(why: &Cause) -> bool {
    let cause = why.downcast_ref::<NotIdentified>();
    cause.is_some_and(NotIdentified::is_for_later)
}

const BEGIN_AGAIN: &str = "Go back to where you began, and connect your shop again.";
const NOTHING: &str = "Nothing was connected.";

/// For a person, who knows nothing of states, codes and tokens. `marketplace` by its name.
pub(super) fn page(error: &ConsentError, marketplace: &str) -> Page {
    let (heading, happened, to_do) = told(error, marketplace);
    let texts = [happened, to_do].into_iter();
    Page::new(heading)
        .status(kind(error).status())
        .says_all(texts.filter(|text| !text.is_empty()))
}

/// What to say above, what happened, and what to do.
fn told(error: &ConsentError, marketplace: &str) -> (String, String, String) {
    let begin_again = || BEGIN_AGAIN.to_owned();
    let nothing = |text: &str| format!("{text} {NOTHING}");
    let operator = |words: &str| {
        format!("Please tell the people who run Stoflow for you. They will want to know: {words}")
    };
    match error {
        ConsentError::Form(_) => (
            format!("There is no answer from {marketplace} here"),
            nothing(&format!(
                "{marketplace} sends you to this page with its answer; the address that was opened has none that can be read."
            )),
            begin_again(),
        ),
        ConsentError::UnknownState => (
            "Nobody here waits for this answer".to_owned(),
            nothing("It was not begun here, or so long ago that it is forgotten."),
            "If somebody sent you a link to get here, close this page. If you want to connect your shop, go back to where you began and start again.".to_owned(),
        ),
        ConsentError::Expired => (
            "This took longer than ten minutes".to_owned(),
            nothing("For your safety a connection has to be finished within ten minutes of its beginning."),
            begin_again(),
        ),
        ConsentError::Replayed => (
            "This page was used already".to_owned(),
            "An answer counts once. If you finished connecting before, your shop is connected, and this page changed nothing.".to_owned(),
            "If it is not, go back to where you began and start again.".to_owned(),
        ),
        ConsentError::Mismatch(what) => (
            "This answer belongs somewhere else".to_owned(),
            match *what {
                "browser" => nothing("The connection was begun in another browser, or this one keeps no cookies."),
                what => nothing(&format!("The connection was begun for another {what}.")),
            },
            "Use the browser in which you began, and begin again if need be. If somebody sent you a link to get here, close this page.".to_owned(),
        ),
        ConsentError::Denied(words) => (
            "You did not allow it".to_owned(),
            nothing(&said(marketplace, words)),
            "If that was a mistake, go back to where you began and start again.".to_owned(),
        ),
        ConsentError::Refused(words) => (
            format!("{marketplace} did not let Stoflow ask you"),
            NOTHING.to_owned(),
            operator(words),
        ),
        ConsentError::CodeRefused(_) => (
            format!("{marketplace} took its answer back"),
            nothing("That happens when it comes too late or comes twice."),
            begin_again(),
        ),
        ConsentError::Misconfigured(words) => (
            format!("Stoflow is not set up for {marketplace} yet"),
            NOTHING.to_owned(),
            operator(words),
        ),
        ConsentError::Unavailable(_) => later(marketplace),
        ConsentError::Identify(why) if is_for_later(why.as_ref()) => later(marketplace),
        ConsentError::Identify(why) => (
            format!("{marketplace} does not say which shop is yours"),
            nothing(&said(marketplace, &reasons(why.as_ref()))),
            "When that is settled, go back to where you began and start again.".to_owned(),
        ),
        ConsentError::OtherSeller { expected, consented, .. } => (
            "That was another shop".to_owned(),
            format!(
                "You are signed in at {marketplace} as {consented}, but this connection is for {expected}. Nothing was changed."
            ),
            format!("Sign in there as {expected} and start again. To connect {consented} as well, begin a new connection."),
        ),
        ConsentError::AccountGone(_) => (
            "This connection is not there any more".to_owned(),
            nothing("It was removed while you were away."),
            begin_again(),
        ),
        ConsentError::Store(_) => (
            "Something went wrong on our side".to_owned(),
            nothing("What you allowed could not be kept."),
            "Try again later; if it happens again, tell the people who run Stoflow for you.".to_owned(),
        ),
    }
}

fn later(marketplace: &str) -> (String, String, String) {
    (
        format!("{marketplace} cannot be reached at the moment"),
        format!("You allowed it, but what belongs to that could not be fetched. {NOTHING}"),
        "Wait a few minutes, then go back to where you began and start again.".to_owned(),
    )
}

fn reasons(why: &Cause) -> String {
    let cause = why.downcast_ref::<NotIdentified>();
    let reasons = cause.map(NotIdentified::reasons).unwrap_or_default();
    if reasons.is_empty() {
        why.to_string()
    } else {
        reasons.join("; ")
    }
}

fn said(marketplace: &str, words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!("{marketplace} says: {words}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::problem::Violation;

    #[test]
    fn a_seller_without_a_shop_is_told_to_open_one() {
        let mut cause = Problem::new(ProblemKind::Precondition, "the account lacks something");
        cause.violations.push(Violation {
            path: String::new(),
            code: "no-shop".into(),
            message: "this Etsy user has no shop: open one on Etsy first".into(),
        });
        let error = || ConsentError::Identify(NotIdentified(cause.clone()).into());
        let html = page(&error(), "Etsy").html();
        let told =
            "Etsy says: this Etsy user has no shop: open one on Etsy first. Nothing was connected.";
        assert!(html.contains(told), "{html}");
        let problem = problem(error());
        assert_eq!(problem.kind(), ProblemKind::ConsentFailed);
        assert_eq!(problem.violations, cause.violations);
    }
}
