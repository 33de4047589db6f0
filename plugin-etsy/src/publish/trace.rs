//! How a draft is found again whose fate is unknown: by what it says.
//!
//! Etsy has no field for the caller's key, and answers some creations 500 although the draft was
//! made. So the intent is written down before the request; afterwards the drafts made since are
//! read, and those that say what was sent and that no other key owns are candidates. Keys that are
//! in the same doubt about the same content may take each other's draft: as long as there are no
//! more candidates than keys in doubt, the oldest is taken, and every key ends with one listing.

use crate::api::Form;
use crate::convert::matrix_read::amount;
use crate::convert::text::essence;
use crate::fingerprint::Fingerprint;
use crate::id::Id;
use serde::{Deserialize, Serialize};
use stoflow_plugin_sdk::{Decimal, Object};

/// By how much the clocks of Etsy's machines may differ, in seconds.
const MARGIN: i64 = 60;

/// A creation that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// When, in seconds since the epoch, by Etsy's clock where it told it.
    pub since: i64,
    /// What the draft says.
    pub trace: String,
    /// Drafts that said the same before.
    pub known: Vec<Id>,
}

/// What looking for the draft yielded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was not made.
    Absent,
    /// It is this one.
    Found(Id),
    /// It is one of these, and nobody can tell which.
    Ambiguous(Vec<Id>),
}

/// What a form that creates a draft says.
#[must_use]
pub fn of_form(form: &Form) -> String {
    let field = |name: &str| {
        form.iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    };
    let price = field("price").parse().ok();
    let tags = field("tags").split(',').map(str::to_owned).collect();
    trace(
        field("title"),
        field("description"),
        price,
        field("quantity"),
        field("taxonomy_id"),
        tags,
    )
}

/// What a listing on Etsy says.
#[must_use]
pub fn of_listing(listing: &Object<'_>) -> String {
    let text = |name: &str| listing.text(name).unwrap_or_default();
    let price = listing.object("price").as_ref().and_then(amount);
    let (title, description) = (text("title"), text("description"));
    trace(
        &title,
        &description,
        price,
        &text("quantity"),
        &text("taxonomy_id"),
        listing.texts("tags"),
    )
}

fn trace(
    title: &str,
    description: &str,
    price: Option<Decimal>,
    quantity: &str,
    category: &str,
    tags: Vec<String>,
) -> String {
    let cents = price
        .and_then(|price| price.to_minor(1000).ok())
        .unwrap_or_default()
        .to_string();
    let mut tags: Vec<String> = tags
        .iter()
        .map(|tag| essence(tag))
        .filter(|tag| !tag.is_empty())
        .collect();
    tags.sort();
    let start = Fingerprint::default()
        .part(&essence(title))
        .part(&essence(description));
    let sum = start
        .part(&cents)
        .part(quantity.trim())
        .part(category.trim());
    tags.iter().fold(sum, |sum, tag| sum.part(tag)).text()
}

/// The drafts among these that the intent may have made, oldest first.
#[must_use]
pub fn candidates(drafts: &[Object<'_>], intent: &Intent) -> Vec<(i64, Id)> {
    let mut found: Vec<(i64, Id)> = drafts
        .iter()
        .filter_map(|draft| {
            let id = Id::parse(&draft.text("listing_id")?)?;
            let created = draft.integer("original_creation_timestamp");
            let created = created.or_else(|| draft.integer("created_timestamp"));
            // One without a time may be it.
            let created = created.unwrap_or(intent.since);
            let fits = created >= intent.since - MARGIN
                && !intent.known.contains(&id)
                && of_listing(draft) == intent.trace;
            fits.then_some((created, id))
        })
        .collect();
    found.sort_by_key(|(created, id)| (*created, id.as_str().len(), id.to_string()));
    found
}

/// Decides among candidates that no other key owns, when so many other keys are in the same doubt.
#[must_use]
pub fn decide(candidates: Vec<Id>, others_in_doubt: u32) -> Verdict {
    let most = usize::try_from(others_in_doubt)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    if candidates.len() > most {
        return Verdict::Ambiguous(candidates);
    }
    candidates
        .into_iter()
        .next()
        .map_or(Verdict::Absent, Verdict::Found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(price: &str) -> Form {
        [
            ("title", "Mom's coat: 1970s"),
            ("description", "Warm & red.\n\n- wool"),
            ("price", price),
            ("quantity", "3"),
            ("taxonomy_id", "1234"),
            ("tags", "wool,red coat"),
            ("who_made", "i_did"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    fn draft(id: u32, created: i64, title: &str) -> String {
        format!(
            r#"{{"listing_id":{id},"title":"{title}","description":"Warm &amp; red.\r\n\r\n- wool ",
            "price":{{"amount":8900,"divisor":100,"currency_code":"EUR"}},"quantity":3,"taxonomy_id":1234,
            "tags":["Red coat","wool"],"created_timestamp":{created},"original_creation_timestamp":{created}}}"#
        )
    }

    fn found(drafts: &[String], known: &[&str]) -> Vec<String> {
        let drafts: Vec<Object<'_>> = drafts
            .iter()
            .map(|json| Object::parse(json.as_bytes()).unwrap())
            .collect();
        let known = known.iter().filter_map(|id| Id::parse(id)).collect();
        let intent = Intent {
            since: 1000,
            trace: of_form(&form("89.00")),
            known,
        };
        candidates(&drafts, &intent)
            .into_iter()
            .map(|(_, id)| id.to_string())
            .collect()
    }

    #[test]
    fn a_draft_is_recognised_by_what_it_says() {
        let same = "Mom&#39;s coat: 1970s";
        let drafts = [
            draft(9, 1005, same),
            draft(8, 1001, same),
            draft(7, 1002, "Another coat"),
            draft(6, 900, same),
        ];
        assert_eq!(found(&drafts, &[]), ["8", "9"]);
        assert_eq!(found(&drafts, &["8"]), ["9"]);
    }

    #[test]
    fn the_price_is_compared_by_its_value() {
        assert_eq!(of_form(&form("89")), of_form(&form("89.00")));
        assert_ne!(of_form(&form("89")), of_form(&form("89.01")));
    }

    #[test]
    fn as_many_candidates_as_keys_in_doubt_are_shared_out_oldest_first() {
        let ids = |texts: &[&str]| {
            texts
                .iter()
                .filter_map(|id| Id::parse(id))
                .collect::<Vec<_>>()
        };
        assert_eq!(decide(ids(&[]), 0), Verdict::Absent);
        assert_eq!(
            decide(ids(&["8"]), 0),
            Verdict::Found(Id::parse("8").unwrap())
        );
        assert_eq!(
            decide(ids(&["8", "9"]), 0),
            Verdict::Ambiguous(ids(&["8", "9"]))
        );
        assert_eq!(
            decide(ids(&["8", "9"]), 1),
            Verdict::Found(Id::parse("8").unwrap())
        );
        assert_eq!(
            decide(ids(&["7", "8", "9"]), 1),
            Verdict::Ambiguous(ids(&["7", "8", "9"]))
        );
    }
}
