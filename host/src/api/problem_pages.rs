//! `/problems/{slug}`: what a problem's `type` leads to. The pages are the rows of `docs/problems.md`,
//! so that there is one text of each kind and no kind without one.

use axum::response::{IntoResponse, Response};
use http::Method;

use super::extract::Path;
use super::page::Page;
use super::problem::{Problem, ProblemKind};
use super::route::{Permission, Route};

const DOCUMENT: &str = include_str!("../../../docs/problems.md");

/// The pages.
pub(super) fn routes() -> Vec<Route> {
    let tag = ("Documentation", "Says what a type of problem means");
    vec![
        Route::new(
            Method::GET,
            "/problems/{slug}",
            Permission::Reader,
            tag,
            show,
        )
        .replies_with(200, "The page.", "text/html"),
    ]
}

/// What the document says of a kind.
pub(super) struct Row {
    /// When it comes.
    pub(super) when: &'static str,
    /// What to do; empty where that depends.
    pub(super) to_do: &'static str,
}

/// The row of a kind.
pub(super) fn row(slug: &str) -> Option<Row> {
    let begins = format!("| `/problems/{slug}` |");
    let line = DOCUMENT.lines().find(|line| line.starts_with(&begins))?;
    let mut cells = line.trim_matches('|').split(" | ").skip(3).map(str::trim);
    Some(Row {
        when: cells.next().unwrap_or_default(),
        to_do: cells.next().unwrap_or_default().trim_matches('|').trim(),
    })
}

async fn show(Path(slug): Path<String>) -> Result<Response, Problem> {
    let found = ProblemKind::of_slug(&slug).zip(row(&slug));
    let (kind, row) = found.ok_or_else(|| {
        Problem::new(
            ProblemKind::NoRoute,
            format_args!("there is no type of problem {slug:?}"),
        )
    })?;
    let mut page = Page::new(kind.type_uri())
        .says(format!("HTTP status {}.", kind.status()))
        .says(format!("When: {}.", row.when));
    if !row.to_do.is_empty() {
        page = page.says(format!("What to do: {}.", row.to_do));
    }
    let page = page.says(format!(
        "The command line ends with exit code {}.",
        kind.exit_code()
    ));
    Ok(page.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_text() {
        for kind in ProblemKind::all() {
            let row = row(kind.slug()).unwrap_or_else(|| panic!("{kind:?} has no row"));
            assert!(row.when.len() > 10, "{kind:?}: {:?}", row.when);
            assert!(
                !row.to_do.contains('|') && !row.when.contains('|'),
                "{kind:?}"
            );
        }
        assert!(row("no-such").is_none());
    }

    #[tokio::test]
    async fn a_page_is_found_by_the_type_and_nothing_else_is() {
        let page = show(Path("conflict".to_owned())).await.unwrap();
        assert_eq!(page.status(), 200);
        for slug in ["", "Conflict", "../conflict", "conflict ", "\u{0}"] {
            let problem = show(Path(slug.to_owned())).await.unwrap_err();
            assert_eq!(problem.kind(), ProblemKind::NoRoute, "{slug:?}");
        }
    }
}
