//! Where a run of a poll job goes on.

use super::keyset::Place;
use std::fmt;
use stoflow_plugin_sdk::types::Error;

/// The first letters of every cursor of this form; another version's are refused.
const VERSION: &str = "1";

/// A place in a run: of which job, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollCursor {
    /// Among the orders that changed.
    Orders(Place),
    /// Among the cancelled ones of the orders, behind the newest of all.
    Cancelled(Place),
    /// So many listings were passed.
    Listings(u32),
}

impl PollCursor {
    /// The place that a text names.
    ///
    /// # Errors
    ///
    /// `invalid`, where it names none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or_else(Self::unknown)
    }

    /// That a cursor is not one of the job's.
    #[must_use]
    pub fn unknown() -> Error {
        Error::invalid(
            "/cursor",
            "no-such-cursor",
            "this cursor is not one of this job: start without one",
        )
    }

    fn read(text: &str) -> Option<Self> {
        let (version, rest) = text.split_once('.')?;
        let (job, place) = rest.split_once('.')?;
        match (version, job) {
            (VERSION, "orders") => Place::parse(place).map(Self::Orders),
            (VERSION, "cancelled") => Place::parse(place).map(Self::Cancelled),
            (VERSION, "listings") => place.parse().ok().map(Self::Listings),
            _ => None,
        }
    }
}

impl fmt::Display for PollCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orders(place) => write!(formatter, "{VERSION}.orders.{place}"),
            Self::Cancelled(place) => write!(formatter, "{VERSION}.cancelled.{place}"),
            Self::Listings(offset) => write!(formatter, "{VERSION}.listings.{offset}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let place = Place::parse("1700000000.3.5-6").unwrap();
        for cursor in [
            PollCursor::Orders(place.clone()),
            PollCursor::Cancelled(place),
            PollCursor::Listings(200),
        ] {
            assert_eq!(PollCursor::parse(&cursor.to_string()), Ok(cursor));
        }
        for text in [
            "",
            "1",
            "1.orders",
            "1.orders.x",
            "2.listings.0",
            "1.listings.-1",
            "1.refunds.0",
        ] {
            assert_eq!(
                PollCursor::parse(text),
                Err(PollCursor::unknown()),
                "{text}"
            );
        }
    }
}
