//! Where a list of listings goes on. Etsy lists one state at a time, so a list of all walks them.

use super::listing::{STATES, state_text};
use std::fmt;
use stoflow_plugin_sdk::types::{Error, ListingState};

/// The first letters of every cursor of this form; another version's are refused.
const VERSION: &str = "1";

/// A place in a list of listings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the list goes on with the next state.
    walks: bool,
    place: usize,
    /// How many listings of the state were passed.
    pub offset: u32,
}

impl Cursor {
    /// Where a list begins or goes on; `None` for a state that Etsy cannot be asked for.
    ///
    /// # Errors
    ///
    /// `invalid`, where the cursor is not one of this list's.
    pub fn start(state: Option<ListingState>, cursor: Option<&str>) -> Result<Option<Self>, Error> {
        let first = match state {
            None => Some(0),
            Some(state) => {
                state_text(state).and_then(|text| STATES.iter().position(|known| *known == text))
            }
        };
        let Some(place) = first else { return Ok(None) };
        let start = Self {
            walks: state.is_none(),
            place,
            offset: 0,
        };
        let Some(text) = cursor else {
            return Ok(Some(start));
        };
        let found = Self::parse(text)
            .filter(|found| found.walks == start.walks && (found.walks || found.place == place));
        found.map(Some).ok_or_else(|| {
            Error::invalid(
                "/page/cursor",
                "no-such-cursor",
                "this cursor is not one of this list: start without one",
            )
        })
    }

    /// Etsy's word for the state that is asked for.
    #[must_use]
    pub fn state(&self) -> &'static str {
        STATES.get(self.place).copied().unwrap_or("active")
    }

    /// This place, and where the states after it begin, as far as the list goes.
    pub fn onward(&self) -> impl Iterator<Item = Self> + use<'_> {
        let last = if self.walks {
            STATES.len()
        } else {
            self.place + 1
        };
        (self.place..last).map(|place| Self {
            place,
            offset: if place == self.place { self.offset } else { 0 },
            ..self.clone()
        })
    }

    /// The states that the list is of.
    #[must_use]
    pub fn states(&self) -> usize {
        if self.walks { STATES.len() } else { 1 }
    }

    /// Where the list goes on after a page of `limit` listings of `total`; `found` of them came.
    #[must_use]
    pub fn next(&self, total: Option<u64>, limit: u32, found: usize) -> Option<Self> {
        let passed = self.offset.saturating_add(limit);
        let more = match total {
            Some(total) => u64::from(passed) < total,
            None => found >= limit as usize,
        };
        if more {
            return Some(Self {
                offset: passed,
                ..self.clone()
            });
        }
        let next = Self {
            place: self.place + 1,
            offset: 0,
            ..self.clone()
        };
        (self.walks && next.place < STATES.len()).then_some(next)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        if parts.next()? != VERSION {
            return None;
        }
        let walks = match parts.next()? {
            "all" => true,
            "one" => false,
            _ => return None,
        };
        let state = parts.next()?;
        let place = STATES.iter().position(|known| *known == state)?;
        let offset = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Self {
            walks,
            place,
            offset,
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.walks { "all" } else { "one" };
        write!(
            formatter,
            "{VERSION}.{kind}.{}.{}",
            self.state(),
            self.offset
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_all_walks_the_states() {
        let mut cursor = Cursor::start(None, None).unwrap().unwrap();
        let mut seen = Vec::new();
        loop {
            seen.push((cursor.state(), cursor.offset));
            let total = if cursor.state() == "inactive" { 150 } else { 3 };
            match cursor.next(Some(total), 100, 3) {
                Some(next) => {
                    cursor = Cursor::start(None, Some(&next.to_string()))
                        .unwrap()
                        .unwrap()
                }
                None => break,
            }
        }
        let expected = [
            ("active", 0),
            ("inactive", 0),
            ("inactive", 100),
            ("draft", 0),
            ("sold_out", 0),
            ("expired", 0),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_list_of_one_state_stays_in_it() {
        let cursor = Cursor::start(Some(ListingState::Draft), None)
            .unwrap()
            .unwrap();
        assert_eq!(cursor.next(Some(100), 100, 100), None);
        assert_eq!(
            cursor.next(None, 100, 100).unwrap().to_string(),
            "1.one.draft.100"
        );
        assert_eq!(cursor.next(None, 100, 99), None);
        assert_eq!(Cursor::start(Some(ListingState::Blocked), None), Ok(None));
    }

    #[test]
    fn a_cursor_of_another_list_or_version_is_refused() {
        for text in [
            "",
            "2.all.active.0",
            "1.one.draft.0",
            "1.all.unheard.0",
            "1.all.active.x",
            "1.all.active.0.0",
            "1.all.active.-1",
        ] {
            assert!(
                matches!(Cursor::start(None, Some(text)), Err(Error::Invalid(_))),
                "{text}"
            );
        }
        assert!(Cursor::start(Some(ListingState::Active), Some("1.one.draft.0")).is_err());
        assert!(Cursor::start(None, Some("1.all.draft.200")).is_ok());
    }
}
