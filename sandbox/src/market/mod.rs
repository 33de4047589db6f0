//! The marketplace's memory: who sells what. It knows no HTTP.

pub(crate) mod image;
pub(crate) mod inventory;
pub(crate) mod listing;
pub(crate) mod money;
pub(crate) mod order;
pub(crate) mod order_change;
pub(crate) mod order_money;
pub(crate) mod order_purchase;
pub(crate) mod seed;
pub(crate) mod shop;
pub(crate) mod taxonomy;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::encoding;
use crate::eras;
use crate::ids::{Ids, Kind};
use image::StoredImage;
use listing::{Listing, State, StoredFile, StoredVideo};
use order::Order;
use order_money::{LedgerEntry, Payment};
use shop::{Shop, User};

/// Everything that the stand-in knows about sellers and goods.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Market {
    pub(crate) users: BTreeMap<i64, User>,
    pub(crate) shops: BTreeMap<i64, Shop>,
    pub(crate) listings: BTreeMap<i64, Listing>,
    pub(crate) images: BTreeMap<i64, StoredImage>,
    pub(crate) files: BTreeMap<i64, StoredFile>,
    pub(crate) videos: BTreeMap<i64, StoredVideo>,
    pub(crate) orders: BTreeMap<i64, Order>,
    pub(crate) payments: BTreeMap<i64, Payment>,
    /// The ledgers of all shops, oldest entry first.
    pub(crate) ledger: Vec<LedgerEntry>,
    /// The year whose names for eras the listings have.
    year: i64,
    /// Ids of values that shops made up, by shop, property and value.
    #[serde(with = "encoding::entries")]
    value_ids: BTreeMap<(i64, i64, String), i64>,
}

impl Market {
    /// The shop of a seller.
    pub(crate) fn shop_of(&self, user_id: i64) -> Option<&Shop> {
        self.shops.values().find(|shop| shop.user_id == user_id)
    }

    /// The seller that a person means: by user id, login name or shop name.
    pub(crate) fn seller(&self, named: &str) -> Option<&Shop> {
        let named = named.trim();
        self.shops.values().find(|shop| {
            let login = self
                .users
                .get(&shop.user_id)
                .map_or("", |user| user.login_name.as_str());
            shop.user_id.to_string() == named
                || login.eq_ignore_ascii_case(named)
                || shop.name.eq_ignore_ascii_case(named)
        })
    }

    /// The id that a shop's own value of a property has; the same text keeps its id.
    pub(crate) fn value_id(&mut self, ids: &mut Ids, shop: i64, property: i64, value: &str) -> i64 {
        let key = (shop, property, value.to_lowercase());
        *self
            .value_ids
            .entry(key)
            .or_insert_with(|| ids.next(Kind::Value))
    }

    /// The value that one of [`Self::value_id`]'s ids stands for, in lower case.
    pub(crate) fn value_named(&self, shop: i64, property: i64, value_id: i64) -> Option<&str> {
        self.value_ids
            .iter()
            .find(|((of, on, _), id)| *of == shop && *on == property && **id == value_id)
            .map(|((_, _, value), _)| value.as_str())
    }

    /// Lets time pass: listings whose run is over renew themselves or expire, and with a new year the
    /// eras of what they sell have other names.
    pub(crate) fn age(&mut self, now: i64) {
        self.slide(clock::year(now));
        for listing in self.listings.values_mut() {
            if listing.state != State::Active {
                continue;
            }
            if listing.ends <= now && !listing.should_auto_renew {
                let ends = listing.ends;
                listing.enter(State::Expired, ends);
            }
            while listing.ends <= now && listing.should_auto_renew {
                let ends = listing.ends;
                listing.renew(ends);
                listing.touch(ends);
            }
        }
    }

    fn slide(&mut self, year: i64) {
        if self.year == year {
            return;
        }
        self.year = year;
        for listing in self.listings.values_mut() {
            listing.when_made = eras::slid(&listing.when_made, year);
        }
    }

    /// How many listings of a shop satisfy a condition.
    pub(crate) fn count(&self, shop: i64, wanted: impl Fn(&Listing) -> bool) -> usize {
        self.listings
            .values()
            .filter(|listing| listing.shop_id == shop && wanted(listing))
            .count()
    }
}
