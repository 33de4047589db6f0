//! Where a list goes on that changes while it is read: behind the last moment seen, not behind so many
//! items. A list paged by count misses one for each that leaves it in between, and Etsy counts no
//! further than 12,000; paged by moment it does neither.

use crate::id::Id;
use crate::limits::PAGE;
use std::fmt;

/// More ids of one moment than this are counted instead of named.
const NAMED: usize = 50;

/// A place in a list that is in the order of moments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Seconds: the moment that the list goes on at, itself included.
    pub bound: Option<i64>,
    /// How many from there on were seen, of those that are not in `known`.
    pub offset: u32,
    /// Those seen of just that moment.
    known: Vec<Id>,
}

/// A page as it came: the ids and moments of its items in order, how many there are from the place on
/// as Etsy says, and how many were asked for.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Items that have both.
    pub items: &'a [(Id, i64)],
    /// How many came, those without an id included.
    pub found: usize,
    /// From the bound on.
    pub count: Option<u64>,
    /// How many were asked for.
    pub asked: u32,
}

impl Place {
    /// How many to ask for, so that up to `limit` new ones come.
    #[must_use]
    pub fn asks(&self, limit: u32) -> u32 {
        let known = u32::try_from(self.known.len()).unwrap_or(PAGE);
        limit.saturating_add(known).clamp(1, PAGE)
    }

    /// Whether it was not on a page before this place.
    #[must_use]
    pub fn is_new(&self, id: &str) -> bool {
        !self.known.iter().any(|known| known.as_str() == id)
    }

    /// Where the list goes on; `None` at its end.
    #[must_use]
    pub fn next(&self, page: &Seen<'_>) -> Option<Self> {
        let passed = self.offset.saturating_add(page.asked);
        let goes_on = match page.count {
            Some(count) => u64::from(passed) < count,
            None => page.found >= page.asked as usize,
        };
        if !goes_on {
            return None;
        }
        let counted = Self {
            offset: passed,
            known: Vec::new(),
            ..self.clone()
        };
        let Some((_, last)) = page.items.last() else {
            return Some(counted);
        };
        let of_last = page.items.iter().filter(|(_, moment)| moment == last);
        let of_last: Vec<Id> = of_last.map(|(id, _)| id.clone()).collect();
        if self.bound != Some(*last) {
            return Some(Self::at(*last, 0, of_last));
        }
        let mut known = self.known.clone();
        known.extend(of_last.into_iter().filter(|id| self.is_new(id.as_str())));
        if known.len() == self.known.len() {
            // The page told nothing of this moment that was not known: only counting leads on.
            return Some(counted);
        }
        Some(Self::at(*last, self.offset, known))
    }

    fn at(bound: i64, offset: u32, known: Vec<Id>) -> Self {
        let bound = Some(bound);
        if known.len() <= NAMED {
            return Self {
                bound,
                offset,
                known,
            };
        }
        let counted = u32::try_from(known.len()).unwrap_or(u32::MAX);
        Self {
            bound,
            offset: offset.saturating_add(counted),
            known: Vec::new(),
        }
    }

    /// The place that a text of [`fmt::Display`] names.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let bound = match parts.next()? {
            "" => None,
            seconds => Some(seconds.parse().ok()?),
        };
        let offset = parts.next()?.parse().ok()?;
        let known = match parts.next()? {
            "" => Vec::new(),
            ids => ids.split('-').map(Id::parse).collect::<Option<Vec<Id>>>()?,
        };
        let is_whole = parts.next().is_none() && known.len() <= NAMED;
        is_whole.then_some(Self {
            bound,
            offset,
            known,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(bound) = self.bound {
            write!(formatter, "{bound}")?;
        }
        let known: Vec<&str> = self.known.iter().map(Id::as_str).collect();
        write!(formatter, ".{}.{}", self.offset, known.join("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of (id, moment), newest first, of which those from a moment on can be asked for.
    struct List(Vec<(u32, i64)>);

    impl List {
        fn page(&self, place: &Place, asked: u32) -> (Vec<(Id, i64)>, u64) {
            let from_bound: Vec<&(u32, i64)> = self
                .0
                .iter()
                .filter(|(_, moment)| place.bound.is_none_or(|bound| *moment <= bound))
                .collect();
            let count = from_bound.len() as u64;
            let page = from_bound
                .into_iter()
                .skip(place.offset as usize)
                .take(asked as usize)
                .map(|(id, moment)| (Id::parse(&id.to_string()).unwrap(), *moment));
            (page.collect(), count)
        }

        /// Reads it to the end; `between` happens to it after each page.
        fn read(mut self, limit: u32, between: impl Fn(&mut Self)) -> Vec<String> {
            let (mut place, mut seen) = (Place::default(), Vec::new());
            for _ in 0..1_000 {
                let asked = place.asks(limit);
                let (items, count) = self.page(&place, asked);
                let new = items.iter().map(|(id, _)| id.to_string());
                seen.extend(new.filter(|id| place.is_new(id)));
                let page = Seen {
                    items: &items,
                    found: items.len(),
                    count: Some(count),
                    asked,
                };
                let Some(next) = place.next(&page) else {
                    return seen;
                };
                place = Place::parse(&next.to_string()).unwrap();
                assert_eq!(place, next);
                between(&mut self);
            }
            panic!("the list by {limit} does not end");
        }
    }

    fn list(moments: &[i64]) -> List {
        let mut moments = moments.to_vec();
        moments.sort_unstable_by(|one, other| other.cmp(one));
        List((1..).zip(moments).collect())
    }

    #[test]
    fn every_item_comes_once_whatever_the_limit_and_however_many_share_a_moment() {
        for moments in [
            vec![],
            vec![7; 5],
            vec![9, 8, 8, 8, 7, 5, 5],
            vec![3; 120],
            (1..=250).collect(),
            [vec![9; 60], vec![8; 60]].concat(),
        ] {
            for limit in [1, 2, 3, 7, 50, 100] {
                let expected: Vec<String> = (1..=moments.len()).map(|id| id.to_string()).collect();
                assert_eq!(list(&moments).read(limit, |_| ()), expected, "by {limit}");
            }
        }
    }

    #[test]
    fn a_list_that_shrinks_while_it_is_read_hides_nothing_that_stays() {
        // After each page its newest item leaves: paged by count, one would be missed each time.
        let seen = list(&(1..=50).collect::<Vec<_>>()).read(5, |list| {
            list.0.remove(0);
        });
        let expected: Vec<String> = (1..=50).map(|id| id.to_string()).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_list_that_grows_while_it_is_read_repeats_nothing() {
        let grown = std::cell::Cell::new(1_000);
        let seen = list(&(1..=20).collect::<Vec<_>>()).read(3, |list| {
            grown.set(grown.get() + 1);
            list.0.insert(0, (grown.get(), i64::from(grown.get())));
        });
        assert_eq!(seen.len(), 20);
    }

    #[test]
    fn a_long_list_is_never_counted_deep() {
        let mut place = Place::default();
        let all = list(&(1..=13_000).collect::<Vec<_>>());
        let mut pages = 0;
        loop {
            let asked = place.asks(PAGE);
            let (items, count) = all.page(&place, asked);
            pages += 1;
            let page = Seen {
                items: &items,
                found: items.len(),
                count: Some(count),
                asked,
            };
            let Some(next) = place.next(&page) else { break };
            assert_eq!(next.offset, 0);
            place = next;
        }
        // Of each page but the first one was on the page before.
        assert_eq!(pages, 132);
    }

    #[test]
    fn a_page_without_a_moment_or_a_count_is_gone_on_from() {
        let place = Place::default();
        let mut page = Seen {
            items: &[],
            found: 100,
            count: None,
            asked: 100,
        };
        assert_eq!(place.next(&page).unwrap().offset, 100);
        page.found = 99;
        assert_eq!(place.next(&page), None);
        page.count = Some(101);
        assert_eq!(place.next(&page).unwrap().offset, 100);
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in [
            "", "1", "1.0", "x.0.", "1.-1.", "1.0.a", "1.0.1.2", "1.0.1-",
        ] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
        assert_eq!(Place::parse(".0."), Some(Place::default()));
    }
}
