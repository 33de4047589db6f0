//! Events are read: behind a cursor, a page at a time, and then as they come.

use std::fmt;
use std::str::FromStr;

use tokio::sync::watch;

use super::kept::{self, Bounds, event_key, number};
use super::{Event, EventKind, Events};
use crate::model::{AccountId, UserId};
use crate::store::{Key, StoreError};

/// How many events are looked at for one page of those that are wanted.
const LOOKED_AT_MAX: usize = 2_000;

/// Where somebody stands in the events: behind one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor(u64);

/// The text is no cursor.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("it is no cursor of the events")]
pub struct NoCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ev{:016x}", self.0)
    }
}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let digits = text.strip_prefix("ev").ok_or(NoCursor)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if digits.len() != 16 || !is_hex {
            return Err(NoCursor);
        }
        u64::from_str_radix(digits, 16)
            .map(Self)
            .map_err(|_| NoCursor)
    }
}

/// Which events.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// A user's; `None` for everybody's.
    pub user: Option<UserId>,
    /// Of one kind.
    pub kind: Option<EventKind>,
    /// Of one account.
    pub account: Option<AccountId>,
}

impl Wanted {
    fn fits(&self, event: &Event) -> bool {
        self.kind.is_none_or(|kind| kind == event.kind)
            && self
                .account
                .as_ref()
                .is_none_or(|account| *account == event.account)
    }
}

/// Events, and where to go on.
#[derive(Debug, Default)]
pub struct Page {
    /// Each with the cursor behind it.
    pub events: Vec<(Cursor, Event)>,
    /// Behind the last that was looked at.
    pub cursor: Cursor,
    /// Whether there are more now.
    pub is_more: bool,
}

/// Why events are not read.
#[derive(Debug, thiserror::Error)]
pub enum Gone {
    /// Some behind the cursor are not kept any more.
    #[error("events behind this cursor are older than 30 days and not kept any more")]
    Swept,
    /// The cursor is of another store.
    #[error("there was never an event at this cursor")]
    Never,
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Events {
    /// Behind the last event that there is.
    pub fn now(&self) -> Cursor {
        Cursor(*self.0.newest.borrow())
    }

    /// At most `limit` events behind a cursor; behind none, from the oldest that is kept.
    ///
    /// # Errors
    /// See [`Gone`].
    pub fn page(&self, wanted: &Wanted, after: Option<Cursor>, limit: usize) -> Result<Page, Gone> {
        // What is not to be seen yet is behind it.
        let newest = *self.0.newest.borrow();
        let bounds: Bounds = self.0.store.get(&kept::bounds_key())?.unwrap_or_default();
        let after = match after {
            None => bounds.swept,
            Some(Cursor(after)) if after < bounds.swept => return Err(Gone::Swept),
            Some(Cursor(after)) if after > bounds.last.max(newest) => return Err(Gone::Never),
            Some(Cursor(after)) => after,
        };
        let mut page = Page {
            cursor: Cursor(after),
            ..Page::default()
        };
        let mut looked_at = 0;
        loop {
            let found = self.behind(wanted, page.cursor.0, limit)?;
            page.is_more = found.len() == limit;
            for (number, event) in found {
                if page.events.len() == limit {
                    page.is_more = true;
                    return Ok(page);
                }
                page.cursor = Cursor(number);
                looked_at += 1;
                if wanted.fits(&event) {
                    page.events.push((page.cursor, event));
                }
            }
            if !page.is_more || page.events.len() == limit || looked_at >= LOOKED_AT_MAX {
                return Ok(page);
            }
        }
    }

    /// The events of a user, or of all, behind a number.
    fn behind(
        &self,
        wanted: &Wanted,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, StoreError> {
        let store = &self.0.store;
        if let Some(user) = &wanted.user {
            let prefix = Key::of([user.as_str()]);
            let page = store.scan_page(&prefix, Some(&event_key(user, after)), limit)?;
            let numbered = page.into_iter().map(|(key, event)| (number(&key), event));
            return Ok(numbered.collect());
        }
        let mut found = Vec::new();
        for (number, place) in kept::places(store, after, limit)? {
            let event = store.get::<Event>(&event_key(&place.user, number))?;
            found.extend(event.map(|event| (number, event)));
        }
        Ok(found)
    }

    /// Reads on from a cursor, for as long as somebody wants to.
    pub fn read(&self, wanted: Wanted, after: Cursor) -> Reading {
        Reading {
            events: self.clone(),
            wanted,
            after,
            newest: self.0.newest.subscribe(),
            found: Vec::new().into_iter(),
        }
    }
}

/// Somebody who reads events as they come.
#[derive(Debug)]
pub struct Reading {
    events: Events,
    wanted: Wanted,
    after: Cursor,
    newest: watch::Receiver<u64>,
    found: std::vec::IntoIter<(Cursor, Event)>,
}

impl Reading {
    /// Events read at a time: a reader who is slow holds no more in memory.
    const PAGE: usize = 100;

    /// The next event, once there is one.
    ///
    /// # Errors
    /// See [`Gone`].
    pub async fn next(&mut self) -> Result<(Cursor, Event), Gone> {
        loop {
            if let Some(found) = self.found.next() {
                return Ok(found);
            }
            // Before it is looked: what comes afterwards is noticed.
            self.newest.borrow_and_update();
            let page = self
                .events
                .page(&self.wanted, Some(self.after), Self::PAGE)?;
            self.after = page.cursor;
            let (is_more, is_empty) = (page.is_more, page.events.is_empty());
            self.found = page.events.into_iter();
            if is_empty && !is_more && self.newest.changed().await.is_err() {
                return Err(StoreError::Closed.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written_and_nothing_else_is_one() {
        for number in [0, 1, u64::MAX] {
            let cursor = Cursor(number);
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for odd in [
            "",
            "0",
            "ev",
            "ev1",
            "ev+000000000000001",
            "evg000000000000000",
        ] {
            assert_eq!(odd.parse::<Cursor>(), Err(NoCursor), "{odd}");
        }
    }
}
