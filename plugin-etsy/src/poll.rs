//! What can be polled on Etsy. How often and how far back is settled by what Etsy's filters miss and by
//! what a day's requests allow: docs/decisions/0007.

use crate::convert::keyset::Place;
use crate::convert::order::page::Query;
use crate::convert::poll_cursor::PollCursor;
use crate::convert::stock;
use crate::limits::{OFFSET, PAGE};
use crate::orders::receipts;
use crate::refusal::call;
use crate::settings::shop;
use crate::{Etsy, api};
use stoflow_plugin_sdk::Poll;
use stoflow_plugin_sdk::poll::{Batch, Item, Job, Strategy, Window};
use stoflow_plugin_sdk::types::{Error, Order};

const ORDERS: &str = "orders";
const CANCELLED: &str = "cancelled-orders";
const LISTINGS: &str = "listings";

/// How long after it was made an order is looked at for what Etsy does not count as a change: as long
/// as a buyer has to open a case, and the payment to be disputed.
const CANCELLED_OVERLAP: u32 = 180 * 86_400;

impl Poll for Etsy {
    fn jobs() -> Vec<Job> {
        vec![
            Job {
                name: ORDERS.into(),
                summary: "new and changed orders".into(),
                strategy: Strategy::Window,
                interval_seconds: 300,
                // Etsy counts in seconds and shows an order some time after it is made.
                overlap_seconds: 300,
                window_ceiling: None,
                idle_cost: 1,
            },
            Job {
                name: CANCELLED.into(),
                summary: "cancellations, refunds and new ship-by dates, which Etsy does not count as \
                          changes: of the newest 100 orders of 180 days, and every cancellation in them"
                    .into(),
                strategy: Strategy::Window,
                interval_seconds: 3_600,
                overlap_seconds: CANCELLED_OVERLAP,
                window_ceiling: None,
                idle_cost: 1,
            },
            Job {
                name: LISTINGS.into(),
                summary: "listings on sale, with the stock of each variation".into(),
                strategy: Strategy::Sweep,
                interval_seconds: 900,
                overlap_seconds: 0,
                window_ceiling: None,
                idle_cost: 1,
            },
        ]
    }

    fn fetch(job: String, window: Option<Window>, cursor: Option<String>) -> Result<Batch, Error> {
        let cursor = cursor.as_deref().map(PollCursor::parse).transpose()?;
        match (job.as_str(), cursor) {
            (ORDERS, None) => changed(&checked(window)?, &Place::default()),
            (ORDERS, Some(PollCursor::Orders(place))) => changed(&checked(window)?, &place),
            (CANCELLED, None) => newest(&checked(window)?),
            (CANCELLED, Some(PollCursor::Cancelled(place))) => cancelled(&checked(window)?, &place),
            (LISTINGS, None) => listings(0),
            (LISTINGS, Some(PollCursor::Listings(offset))) => listings(offset),
            (ORDERS | CANCELLED | LISTINGS, Some(_)) => Err(PollCursor::unknown()),
            (other, _) => Err(Error::invalid(
                "/job",
                "no-such-job",
                format!("there is no job {other:?}; there are {ORDERS}, {CANCELLED}, {LISTINGS}"),
            )),
        }
    }
}

/// A window that has a beginning before its end.
fn checked(window: Option<Window>) -> Result<Window, Error> {
    let window = window
        .ok_or_else(|| Error::invalid("/window", "required", "this job reads a window of time"))?;
    if window.start > window.end {
        let message = "a window ends after it begins";
        return Err(Error::invalid("/window", "out-of-range", message));
    }
    Ok(window)
}

/// Orders that changed in the window.
fn changed(window: &Window, place: &Place) -> Result<Batch, Error> {
    let found = receipts(&shop()?, &Query::changed_in(window), place, PAGE)?;
    let next = found.next.map(PollCursor::Orders);
    Ok(batch(found.orders, next, found.total))
}

/// The newest orders of the window, whatever became of them. What is older is asked for by its
/// cancellation, behind the last of these.
fn newest(window: &Window) -> Result<Batch, Error> {
    let query = Query::created_in(window);
    let found = receipts(&shop()?, &query, &Place::default(), PAGE)?;
    let total = found.total.filter(|_| found.next.is_none());
    let next = found.next.map(PollCursor::Cancelled);
    Ok(batch(found.orders, next, total))
}

fn cancelled(window: &Window, place: &Place) -> Result<Batch, Error> {
    let query = Query::created_in(window).cancelled();
    let found = receipts(&shop()?, &query, place, PAGE)?;
    let next = found.next.map(PollCursor::Cancelled);
    Ok(batch(found.orders, next, None))
}

fn batch(orders: Vec<Order>, next: Option<PollCursor>, total: Option<u64>) -> Batch {
    Batch {
        items: orders.into_iter().map(Item::Order).collect(),
        next: next.map(|next| next.to_string()),
        total,
    }
}

/// Listings on sale and their stock. One that leaves while the pages are read may hide another: the
/// host takes none for gone before it has asked for it.
fn listings(offset: u32) -> Result<Batch, Error> {
    if offset > OFFSET {
        let message = format!(
            "Etsy shows no more than the first {} listings",
            OFFSET + PAGE
        );
        return Err(Error::Unsupported(message));
    }
    let reply = call(api::listings_on_sale(&shop()?, PAGE, offset))?;
    let page = reply.object()?;
    let count = page
        .integer("count")
        .and_then(|count| u64::try_from(count).ok());
    let results = page.objects("results");
    let passed = offset.saturating_add(PAGE);
    let goes_on = match count {
        Some(count) => u64::from(passed) < count,
        None => results.len() >= PAGE as usize,
    };
    Ok(Batch {
        items: results.iter().flat_map(stock::items).collect(),
        next: goes_on.then(|| PollCursor::Listings(passed).to_string()),
        total: count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_or_cursor_that_does_not_exist_is_named() {
        let path = |job: &str, cursor: Option<&str>| {
            let window = Some(Window { start: 2, end: 1 });
            match Etsy::fetch(job.into(), window, cursor.map(Into::into)) {
                Err(Error::Invalid(violations)) => violations
                    .into_iter()
                    .map(|wrong| format!("{} {}", wrong.path, wrong.code))
                    .collect::<String>(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(path("refunds", None), "/job no-such-job");
        assert_eq!(path("orders", Some("nonsense")), "/cursor no-such-cursor");
        assert_eq!(
            path("orders", Some("1.listings.0")),
            "/cursor no-such-cursor"
        );
        assert_eq!(
            path("listings", Some("1.orders..0.")),
            "/cursor no-such-cursor"
        );
        assert_eq!(path("orders", None), "/window out-of-range");
        let none = Etsy::fetch("cancelled-orders".into(), None, None);
        assert!(matches!(none, Err(Error::Invalid(_))), "{none:?}");
    }

    #[test]
    fn an_idle_shop_costs_few_of_a_days_requests() {
        let jobs = Etsy::jobs();
        let requests = jobs
            .iter()
            .map(|job| 86_400 / job.interval_seconds * job.idle_cost);
        assert_eq!(requests.sum::<u32>(), 288 + 24 + 96);
    }
}
