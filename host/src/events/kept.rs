//! Events in the store: each under its user by its number; by the number alone, whose it is; and from
//! which number to which there are any.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Event;
use crate::model::UserId;
use crate::store::{Commit, Key, Record, Store, StoreError};

impl Record for Event {
    const KIND: &'static str = "event";
}

/// Whose an event is, and how old.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) user: UserId,
    pub(super) at: Timestamp,
}

impl Record for Place {
    const KIND: &'static str = "event_place";
}

/// The number of the last event that was written, and of the last that was forgotten.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Bounds {
    pub(super) last: u64,
    pub(super) swept: u64,
}

impl Record for Bounds {
    const KIND: &'static str = "event_bounds";
}

pub(super) fn bounds_key() -> Key {
    Key::of(["all"])
}

/// Under which an event lies; of all numbers, in their order.
pub(super) fn event_key(user: &UserId, number: u64) -> Key {
    Key::of([user.as_str(), &format!("{number:020}")])
}

pub(super) fn place_key(number: u64) -> Key {
    Key::of([format!("{number:020}")])
}

/// The number of the event under a key.
pub(super) fn number(key: &Key) -> u64 {
    let parts = key.parts();
    parts.last().and_then(|part| part.parse().ok()).unwrap_or(0)
}

pub(super) fn put(commit: Commit, number: u64, event: &Event) -> Commit {
    let place = Place {
        user: event.user.clone(),
        at: event.at,
    };
    commit
        .put(&event_key(&event.user, number), event)
        .put(&place_key(number), &place)
}

pub(super) fn delete(commit: Commit, number: u64, user: &UserId) -> Commit {
    commit
        .delete::<Event>(&event_key(user, number))
        .delete::<Place>(&place_key(number))
}

/// Whose the events behind a number are.
pub(super) fn places(
    store: &Store,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, Place)>, StoreError> {
    let page = store.scan_page(&Key::root(), Some(&place_key(after)), limit)?;
    Ok(page
        .into_iter()
        .map(|(key, place)| (number(&key), place))
        .collect())
}

/// The events of a user.
pub(super) fn of_user(store: &Store, user: &UserId) -> Result<Vec<(u64, Place)>, StoreError> {
    let all = store.scan::<Event>(&Key::of([user.as_str()]))?;
    let places = all.into_iter().map(|(key, event)| {
        let (user, at) = (event.user, event.at);
        (number(&key), Place { user, at })
    });
    Ok(places.collect())
}

pub(super) fn all(store: &Store) -> Result<Vec<(Key, Event)>, StoreError> {
    store.scan(&Key::root())
}
