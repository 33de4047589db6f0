//! What buyers find: active listings of one shop or of all, by words, price, kind and place.

use super::listings::{newest_first, paged, plain};
use super::{Call, lookups};
use crate::core::Core;
use crate::facts;
use crate::input::Fields;
use crate::market::Market;
use crate::market::listing::{Listing, State};
use crate::market::money::Currency;
use crate::market::taxonomy::Taxonomy;
use crate::reply::{Refusal, Reply};

/// What a search asks for.
struct Wish<'a> {
    words: Vec<String>,
    least: Option<f64>,
    most: Option<f64>,
    taxonomy_id: Option<i64>,
    /// Where the shop is.
    shop_country: Option<&'a str>,
    /// Where the buyer is.
    buyer_country: Option<&'a str>,
}

pub(super) fn by_shop(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::shop(core, call)?.id;
    answer(core, call, |listing| listing.shop_id == shop)
}

pub(super) fn everywhere(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    answer(core, call, |_| true)
}

fn answer(core: &Core, call: &Call<'_>, of: impl Fn(&Listing) -> bool) -> Result<Reply, Refusal> {
    let query = &call.input.query;
    let wish = Wish::read(query)?;
    let currency = asked_currency(query)?;
    let mut found = newest_first(core, |listing| {
        listing.state == State::Active && of(listing) && wish.fits(&core.market, listing)
    });
    if wish.is_search() {
        sort(&mut found, query);
    }
    Ok(paged(call, &found, |listing| {
        let mut shown = plain(core, call, listing);
        let own = core.market.shops.get(&listing.shop_id);
        if let Some((currency, shop)) = currency.zip(own)
            && let Some(fields) = shown.as_object_mut()
        {
            let price = shop.currency.convert(listing.inventory.price(), currency);
            fields.insert("converted_price".to_owned(), currency.money(price));
        }
        shown
    }))
}

/// Without a search option Etsy ignores the order that is asked for.
fn sort(found: &mut [&Listing], query: &Fields) {
    let order = query.text("sort_on").unwrap_or("created");
    match order {
        "price" => found.sort_by_key(|it| -it.inventory.price()),
        "updated" => found.sort_by_key(|it| -it.modified),
        _ => {}
    }
    let descending = matches!(
        query.text("sort_order"),
        None | Some("desc" | "descending" | "down")
    );
    if !descending && order != "score" {
        found.reverse();
    }
}

fn asked_currency(query: &Fields) -> Result<Option<Currency>, Refusal> {
    let Some(code) = query.text("currency").filter(|code| !code.is_empty()) else {
        return Ok(None);
    };
    let known = Currency::named(code);
    known
        .map(Some)
        .ok_or_else(|| Refusal::bad(format!("Invalid currency '{code}'")))
}

impl<'a> Wish<'a> {
    fn read(query: &'a Fields) -> Result<Self, Refusal> {
        let country = |name: &str| match query.text(name).filter(|text| !text.is_empty()) {
            Some(text) if !facts::is_country(text) => Err(Refusal::bad(format!(
                "Invalid value for '{name}' (got '{text}')"
            ))),
            text => Ok(text),
        };
        let words = query.text("keywords").unwrap_or("").split_whitespace();
        Ok(Self {
            words: words.map(str::to_lowercase).collect(),
            least: query.number("min_price"),
            most: query.number("max_price"),
            taxonomy_id: query.int("taxonomy_id"),
            shop_country: country("shop_location")?,
            buyer_country: country("buyer_country")?,
        })
    }

    fn is_search(&self) -> bool {
        !self.words.is_empty()
            || self.least.is_some()
            || self.most.is_some()
            || self.taxonomy_id.is_some()
            || self.shop_country.is_some()
    }

    fn fits(&self, market: &Market, listing: &Listing) -> bool {
        let Some(shop) = market.shops.get(&listing.shop_id) else {
            return false;
        };
        let amount = |price: f64| shop.currency.minor_units(price).unwrap_or(i64::MAX);
        let price = listing.inventory.price();
        let is_kind = |id: i64| {
            let node = Taxonomy::get().node(listing.taxonomy_id);
            node.is_some_and(|node| node.path.contains(&id))
        };
        let reaches = |country: &str| {
            let profile = listing.shipping_profile;
            let profile = profile.and_then(|id| shop.shipping_profiles.get(&id));
            !listing.kind.is_shipped() || profile.is_some_and(|it| it.ships_to(country))
        };
        self.words.iter().all(|word| speaks_of(listing, word))
            && self.least.is_none_or(|least| amount(least) <= price)
            && self.most.is_none_or(|most| price <= amount(most))
            && self.taxonomy_id.is_none_or(is_kind)
            && self
                .shop_country
                .is_none_or(|country| country == shop.country)
            && self.buyer_country.is_none_or(reaches)
    }
}

fn speaks_of(listing: &Listing, word: &str) -> bool {
    listing.title.to_lowercase().contains(word)
        || listing
            .tags
            .iter()
            .any(|tag| tag.to_lowercase().contains(word))
}
