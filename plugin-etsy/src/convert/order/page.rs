//! Which receipts are asked for, in which order, and a page of them.
//!
//! Lists are in the order in which orders were made, which never changes. What changed in a window is
//! in the order of the changes: what changes again while it is read leaves the window, and belongs to
//! the next.

use super::order;
use crate::api::Form;
use crate::convert::keyset::{Place, Seen};
use crate::fingerprint::Fingerprint;
use crate::id::Id;
use crate::limits::EARLIEST;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::orders::OrderFilter;
use stoflow_plugin_sdk::poll::Window;
use stoflow_plugin_sdk::types::{Error, Order};

/// The first letters of every cursor of this form; another version's are refused.
const VERSION: &str = "1";

/// Receipts by what they are to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Seconds, both ends included.
    created: (Option<i64>, Option<i64>),
    changed: (Option<i64>, Option<i64>),
    flags: Vec<(&'static str, bool)>,
    /// Oldest change first, instead of newest order first.
    by_change: bool,
}

impl Query {
    /// What a caller's filter lets through. Etsy counts in seconds: the one that a moment is in
    /// counts whole, so that nothing is missed.
    #[must_use]
    pub fn of(filter: &OrderFilter) -> Self {
        let flags = [
            ("was_paid", filter.paid),
            ("was_shipped", filter.shipped),
            ("was_canceled", filter.cancelled),
        ];
        Self {
            created: (filter.created_after.map(seconds), None),
            changed: (filter.updated_after.map(seconds), None),
            flags: flags
                .into_iter()
                .filter_map(|(name, flag)| Some((name, flag?)))
                .collect(),
            by_change: false,
        }
    }

    /// What changed in a window, oldest change first.
    #[must_use]
    pub fn changed_in(window: &Window) -> Self {
        Self {
            changed: (Some(seconds(window.start)), Some(seconds(window.end))),
            by_change: true,
            ..Self::default()
        }
    }

    /// What was ordered in a window, newest first.
    #[must_use]
    pub fn created_in(window: &Window) -> Self {
        Self {
            created: (Some(seconds(window.start)), Some(seconds(window.end))),
            ..Self::default()
        }
    }

    /// Of these, what was cancelled.
    #[must_use]
    pub fn cancelled(mut self) -> Self {
        self.flags.push(("was_canceled", true));
        self
    }

    /// The request's query for a page of `limit` receipts from a place on.
    #[must_use]
    pub fn form(&self, place: &Place, limit: u32) -> Form {
        let (mut created, mut changed) = (self.created, self.changed);
        if self.by_change {
            changed.0 = place.bound.or(changed.0);
        } else {
            created.1 = place.bound.or(created.1);
        }
        let times = [
            ("min_created", created.0),
            ("max_created", created.1),
            ("min_last_modified", changed.0),
            ("max_last_modified", changed.1),
        ];
        let times = times
            .into_iter()
            .filter_map(|(name, time)| Some((name, time?.to_string())));
        let flags = self
            .flags
            .iter()
            .map(|(name, flag)| (*name, flag.to_string()));
        let order = match self.by_change {
            true => [("sort_on", "updated"), ("sort_order", "asc")],
            false => [("sort_on", "created"), ("sort_order", "desc")],
        };
        let order = order.map(|(name, value)| (name, value.to_owned()));
        let page = [("limit", limit), ("offset", place.offset)];
        let page = page.map(|(name, number)| (name, number.to_string()));
        let fields = times.chain(flags).chain(order).chain(page);
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Where a list begins or goes on.
    ///
    /// # Errors
    ///
    /// `invalid`, where the cursor is not one of this list's.
    pub fn start(&self, cursor: Option<&str>) -> Result<Place, Error> {
        let Some(text) = cursor else {
            return Ok(Place::default());
        };
        let place = text.strip_prefix(&format!("{VERSION}.{}.", self.fingerprint()));
        place.and_then(Place::parse).ok_or_else(|| {
            Error::invalid(
                "/page/cursor",
                "no-such-cursor",
                "this cursor is not one of this list: start without one",
            )
        })
    }

    /// The cursor of a place in this list.
    #[must_use]
    pub fn cursor(&self, place: &Place) -> String {
        format!("{VERSION}.{}.{place}", self.fingerprint())
    }

    /// By which a list is told from one with another filter.
    fn fingerprint(&self) -> String {
        let form = self.form(&Place::default(), 0);
        let sum = form
            .iter()
            .fold(Fingerprint::default(), |sum, (name, value)| {
                sum.part(name).part(value)
            });
        sum.text()
    }
}

/// Whole seconds of a moment in milliseconds, within what Etsy takes.
fn seconds(timestamp: i64) -> i64 {
    timestamp.div_euclid(1000).max(EARLIEST)
}

/// A page of receipts, as Etsy answers it.
#[derive(Debug)]
pub struct Page {
    orders: Vec<Order>,
    found: usize,
    /// How many there are from the bound on.
    pub count: Option<u64>,
}

impl Page {
    /// Reads `{count, results}`. What has no id is left out.
    ///
    /// # Errors
    ///
    /// Where the document is no JSON object.
    pub fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        let page = Object::parse(json)?;
        let results = page.objects("results");
        let count = page.integer("count");
        Ok(Self {
            orders: results.iter().filter_map(order).collect(),
            found: page.list("results").len(),
            count: count.and_then(|count| u64::try_from(count).ok()),
        })
    }

    /// The orders that were not seen before, and where the list goes on.
    #[must_use]
    pub fn after(self, query: &Query, place: &Place, asked: u32) -> (Vec<Order>, Option<Place>) {
        let moment = |order: &Order| match query.by_change {
            true => order.updated_at,
            false => order.created_at,
        };
        let items = self.orders.iter().filter_map(|order| {
            let seconds = moment(order).div_euclid(1000);
            Some((Id::parse(&order.id)?, seconds)).filter(|_| seconds > 0)
        });
        let items: Vec<(Id, i64)> = items.collect();
        let next = place.next(&Seen {
            items: &items,
            found: self.found,
            count: self.count,
            asked,
        });
        let mut orders = self.orders;
        orders.retain(|order| place.is_new(&order.id));
        (orders, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(form: &Form) -> String {
        let fields = form.iter().map(|(name, value)| format!("{name}={value}"));
        fields.collect::<Vec<_>>().join("&")
    }

    fn filter() -> OrderFilter {
        OrderFilter {
            created_after: None,
            updated_after: None,
            paid: None,
            shipped: None,
            cancelled: None,
        }
    }

    #[test]
    fn a_filter_is_a_query_in_whole_seconds() {
        let all = Query::of(&filter()).form(&Place::default(), 100);
        assert_eq!(
            text(&all),
            "sort_on=created&sort_order=desc&limit=100&offset=0"
        );
        let some = Query::of(&OrderFilter {
            created_after: Some(1_700_000_000_999),
            updated_after: Some(-5),
            paid: Some(true),
            shipped: Some(false),
            cancelled: Some(false),
        });
        assert_eq!(
            text(&some.form(&Place::default(), 7)),
            "min_created=1700000000&min_last_modified=946684800&was_paid=true&was_shipped=false\
             &was_canceled=false&sort_on=created&sort_order=desc&limit=7&offset=0"
        );
    }

    #[test]
    fn a_window_goes_on_at_the_moment_of_the_last_page() {
        let window = Window {
            start: 1_700_000_000_500,
            end: 1_700_000_900_999,
        };
        let place = Place::parse("1700000300.0.").unwrap();
        assert_eq!(
            text(&Query::changed_in(&window).form(&place, 100)),
            "min_last_modified=1700000300&max_last_modified=1700000900&sort_on=updated&sort_order=asc\
             &limit=100&offset=0"
        );
        assert_eq!(
            text(&Query::created_in(&window).cancelled().form(&place, 100)),
            "min_created=1700000000&max_created=1700000300&was_canceled=true&sort_on=created\
             &sort_order=desc&limit=100&offset=0"
        );
    }

    #[test]
    fn a_cursor_of_another_filter_or_version_is_refused() {
        let all = Query::of(&filter());
        let paid = Query::of(&OrderFilter {
            paid: Some(true),
            ..filter()
        });
        let place = Place::parse("1700000000.0.5-6").unwrap();
        let cursor = all.cursor(&place);
        assert_eq!(all.start(Some(&cursor)), Ok(place));
        for (query, text) in [
            (&paid, cursor.as_str()),
            (&all, ""),
            (&all, "1."),
            (&all, &cursor.replacen('1', "2", 1)),
            (&all, &format!("{cursor}.")),
        ] {
            assert!(
                matches!(query.start(Some(text)), Err(Error::Invalid(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_page_leaves_out_what_has_no_id_and_what_was_seen() {
        let json = br#"{"count":9,"results":[{"receipt_id":5,"created_timestamp":1700000002},null,
            {"status":"paid"},{"receipt_id":4,"created_timestamp":1700000001}]}"#;
        let page = Page::read(json).unwrap();
        assert_eq!((page.found, page.count), (4, Some(9)));
        let place = Place::parse("1700000002.0.5").unwrap();
        let (orders, next) = page.after(&Query::of(&filter()), &place, 4);
        let ids: Vec<&str> = orders.iter().map(|order| order.id.as_str()).collect();
        assert_eq!(ids, ["4"]);
        assert_eq!(next, Place::parse("1700000001.0.4"));
        assert!(Page::read(b"<html>").is_err());
        assert!(Page::read(br#"{"results":{}}"#).unwrap().orders.is_empty());
    }
}
