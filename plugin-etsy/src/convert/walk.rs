//! One page of a list from Etsy's pages of its states, so that a shop that fits on a page is seen
//! whole. The mistakes it prevents: a total that is that of some states only, and a place to go on
//! from that repeats or misses a listing.

use super::cursor::Cursor;
use stoflow_plugin_sdk::listings::ListingPage;
use stoflow_plugin_sdk::types::Listing;

/// A page that is being filled.
#[derive(Debug)]
pub struct Walk {
    limit: u32,
    items: Vec<Listing>,
    /// How many listings each state that was asked has, where Etsy said so.
    counts: Vec<Option<u64>>,
    /// How many states the list is of.
    states: usize,
    next: Option<Cursor>,
}

impl Walk {
    /// An empty page of at most `limit` listings, of the list that `start` is a place in.
    #[must_use]
    pub fn new(start: &Cursor, limit: u32) -> Self {
        Self {
            limit,
            items: Vec::new(),
            counts: Vec::new(),
            states: start.states(),
            next: Some(start.clone()),
        }
    }

    /// How many listings the page still takes.
    #[must_use]
    pub fn room(&self) -> u32 {
        let count = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.limit.saturating_sub(count)
    }

    /// Where to ask now, for `room` listings each: first the state that the page begins in, alone,
    /// because most pages are full with it; then all states after it. Empty when the page is done.
    #[must_use]
    pub fn asks(&self) -> Vec<Cursor> {
        let Some(next) = self.next.as_ref().filter(|_| self.room() > 0) else {
            return Vec::new();
        };
        match self.counts.len() {
            0 => vec![next.clone()],
            // In the middle of a state the page is a short one of Etsy's: the caller goes on there.
            1 if next.offset == 0 => next.onward().collect(),
            _ => Vec::new(),
        }
    }

    /// Adds the reply at a place: of replies that were asked at once, in the order of their states.
    pub fn add(&mut self, place: &Cursor, reply: ListingPage) {
        self.counts.push(reply.total);
        // A state before this one has more than the page took: it goes on there.
        if !self.next.as_ref().is_some_and(|next| next == place) {
            return;
        }
        let room = self.room();
        self.next = place.next(reply.total, room, reply.items.len());
        self.items
            .extend(reply.items.into_iter().take(room as usize));
    }

    /// The page. Its total is that of the whole list, or none where a state was not asked.
    #[must_use]
    pub fn page(self) -> ListingPage {
        let is_whole = self.counts.len() == self.states;
        let total = self.counts.iter().copied().sum::<Option<u64>>();
        ListingPage {
            items: self.items,
            next: self.next.map(|next| next.to_string()),
            total: total.filter(|_| is_whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::listing::{STATES, listing};
    use stoflow_plugin_sdk::Object;
    use stoflow_plugin_sdk::types::ListingState;

    /// A shop with as many listings in each of Etsy's states; their ids count from 1.
    struct Shop {
        counts: [u32; 5],
        says_counts: bool,
    }

    impl Shop {
        fn reply(&self, place: &Cursor, limit: u32) -> ListingPage {
            let state = STATES
                .iter()
                .position(|state| *state == place.state())
                .unwrap();
            let before: u32 = self.counts[..state].iter().sum();
            let count = self.counts[state];
            let ids = (1..=count).skip(place.offset as usize).take(limit as usize);
            let item = |id| {
                let json = format!(r#"{{"listing_id":{}}}"#, before + id);
                listing(&Object::parse(json.as_bytes()).unwrap()).unwrap()
            };
            ListingPage {
                items: ids.map(item).collect(),
                next: None,
                total: self.says_counts.then_some(u64::from(count)),
            }
        }

        /// A page, and the places that Etsy was asked for.
        fn page(&self, start: &Cursor, limit: u32) -> (ListingPage, Vec<String>) {
            let mut walk = Walk::new(start, limit);
            let mut asked = Vec::new();
            loop {
                let (places, room) = (walk.asks(), walk.room());
                if places.is_empty() {
                    return (walk.page(), asked);
                }
                for place in places {
                    asked.push(format!("{}+{}", place.state(), place.offset));
                    walk.add(&place, self.reply(&place, room));
                }
            }
        }

        /// The whole list, page by page: how many each had, and how many requests it took.
        fn walk(&self, limit: u32) -> (Vec<usize>, usize) {
            let mut ids = Vec::new();
            let (mut pages, mut requests) = (Vec::new(), 0);
            let mut cursor: Option<String> = None;
            loop {
                let start = Cursor::start(None, cursor.as_deref()).unwrap().unwrap();
                let (page, asked) = self.page(&start, limit);
                pages.push(page.items.len());
                requests += asked.len();
                ids.extend(page.items.into_iter().map(|item| item.id));
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            let all: u32 = self.counts.iter().sum();
            let expected: Vec<String> = (1..=all).map(|id| id.to_string()).collect();
            assert_eq!(ids, expected, "{:?} by {limit}", self.counts);
            (pages, requests)
        }
    }

    fn shop(counts: [u32; 5]) -> Shop {
        Shop {
            counts,
            says_counts: true,
        }
    }

    fn start(state: Option<ListingState>, cursor: Option<&str>) -> Cursor {
        Cursor::start(state, cursor).unwrap().unwrap()
    }

    #[test]
    fn a_shop_that_fits_is_one_page_with_its_total() {
        let (page, asked) = shop([2, 1, 3, 0, 1]).page(&start(None, None), 100);
        assert_eq!(
            (page.items.len(), page.next, page.total),
            (7, None, Some(7))
        );
        let places = [
            "active+0",
            "inactive+0",
            "draft+0",
            "sold_out+0",
            "expired+0",
        ];
        assert_eq!(asked, places);
    }

    #[test]
    fn a_page_that_one_state_fills_takes_one_request_and_has_no_total() {
        let (page, asked) = shop([100, 1, 0, 0, 0]).page(&start(None, None), 100);
        assert_eq!((page.items.len(), page.total), (100, None));
        assert_eq!(page.next.as_deref(), Some("1.all.inactive.0"));
        assert_eq!(asked, ["active+0"]);
    }

    #[test]
    fn a_page_ends_in_the_middle_of_a_state_and_passes_over_empty_ones() {
        let (page, _) = shop([2, 5, 0, 0, 1]).page(&start(None, None), 4);
        assert_eq!((page.items.len(), page.total), (4, Some(8)));
        assert_eq!(page.next.as_deref(), Some("1.all.inactive.2"));
        let (page, _) = shop([2, 2, 0, 0, 1]).page(&start(None, None), 4);
        assert_eq!(page.next.as_deref(), Some("1.all.expired.0"));
        let (page, _) = shop([2, 2, 0, 0, 0]).page(&start(None, None), 4);
        assert_eq!((page.next, page.total), (None, Some(4)));
    }

    #[test]
    fn a_page_from_the_middle_has_no_total() {
        let (page, asked) = shop([1, 1, 1, 0, 0]).page(&start(None, Some("1.all.inactive.0")), 100);
        assert_eq!((page.items.len(), page.next, page.total), (2, None, None));
        assert_eq!(asked.len(), 4);
    }

    #[test]
    fn every_listing_comes_once_whatever_the_limit() {
        for says_counts in [true, false] {
            for counts in [
                [0; 5],
                [3, 0, 2, 0, 1],
                [0, 7, 0, 0, 0],
                [1, 1, 1, 1, 1],
                [5, 4, 3, 2, 6],
            ] {
                for limit in 1..=8 {
                    let shop = Shop {
                        counts,
                        says_counts,
                    };
                    let (pages, _) = shop.walk(limit);
                    assert!(pages.iter().all(|count| *count <= limit as usize));
                }
            }
        }
    }

    #[test]
    fn a_large_shop_costs_few_requests_beyond_its_pages() {
        let (pages, requests) = shop([250, 30, 5, 300, 20]).walk(100);
        assert_eq!(pages, [100, 100, 100, 100, 100, 100, 5]);
        assert_eq!(requests, 12);
    }

    #[test]
    fn a_named_state_is_one_request_with_its_own_total() {
        let draft = start(Some(ListingState::Draft), None);
        let (page, asked) = shop([4, 0, 3, 0, 9]).page(&draft, 2);
        assert_eq!((page.items.len(), page.total), (2, Some(3)));
        assert_eq!(page.next.as_deref(), Some("1.one.draft.2"));
        assert_eq!(asked, ["draft+0"]);
    }

    #[test]
    fn a_page_that_etsy_leaves_short_is_gone_on_from() {
        let mut walk = Walk::new(&start(None, None), 100);
        let mut reply = shop([90, 0, 0, 0, 0]).reply(&start(None, None), 100);
        reply.total = Some(150);
        walk.add(&start(None, None), reply);
        assert_eq!(walk.asks(), []);
        let page = walk.page();
        assert_eq!((page.items.len(), page.total), (90, None));
        assert_eq!(page.next.as_deref(), Some("1.all.active.100"));
    }

    #[test]
    fn a_state_without_a_count_leaves_no_total() {
        let shop = Shop {
            counts: [1, 1, 0, 0, 0],
            says_counts: false,
        };
        let (page, _) = shop.page(&start(None, None), 100);
        assert_eq!((page.items.len(), page.next, page.total), (2, None, None));
    }
}
