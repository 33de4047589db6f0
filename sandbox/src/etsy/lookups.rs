//! Who may see and change what.

use crate::core::Core;
use crate::facts;
use crate::market::Market;
use crate::market::listing::Listing;
use crate::market::shop::Shop;
use crate::reply::Refusal;

use super::Call;

/// The shop of the path, whoever asks.
pub(crate) fn shop<'a>(core: &'a Core, call: &Call<'_>) -> Result<&'a Shop, Refusal> {
    let id = call.input.id("shop_id");
    core.market
        .shops
        .get(&id)
        .ok_or_else(|| Refusal::missing("shop", id))
}

/// The shop of the path, if it is the caller's.
pub(crate) fn own_shop<'a>(core: &'a Core, call: &Call<'_>) -> Result<&'a Shop, Refusal> {
    let shop = shop(core, call)?;
    if shop.user_id != call.user_id() {
        return Err(not_owner("shop", shop.id));
    }
    Ok(shop)
}

/// The same, to change it.
pub(crate) fn own_shop_mut<'a>(
    core: &'a mut Core,
    call: &Call<'_>,
) -> Result<&'a mut Shop, Refusal> {
    let id = own_shop(core, call)?.id;
    core.market
        .shops
        .get_mut(&id)
        .ok_or_else(|| Refusal::missing("shop", id))
}

/// The listing of the path, if it is the caller's and of the shop that the path names, if any.
pub(crate) fn own_listing<'a>(
    core: &'a mut Core,
    call: &Call<'_>,
) -> Result<&'a mut Listing, Refusal> {
    let (id, shop_id) = (call.input.id("listing_id"), call.input.id("shop_id"));
    if shop_id != 0 {
        own_shop(core, call)?;
    }
    let listing = core
        .market
        .listings
        .get_mut(&id)
        .ok_or_else(|| Refusal::missing("listing", id))?;
    if shop_id != 0 && listing.shop_id != shop_id {
        return Err(Refusal::missing("listing", id)
            .because(format!("listing {id} is not of shop {shop_id}")));
    }
    if listing.user_id != call.user_id() {
        return Err(not_owner("listing", id));
    }
    Ok(listing)
}

/// The listing of the path, if the caller sees it.
pub(crate) fn visible_listing<'a>(core: &'a Core, call: &Call<'_>) -> Result<&'a Listing, Refusal> {
    let (id, shop_id) = (call.input.id("listing_id"), call.input.id("shop_id"));
    visible(&core.market, id, call)
        .filter(|listing| shop_id == 0 || listing.shop_id == shop_id)
        .ok_or_else(|| Refusal::missing("listing", id))
}

/// A listing, unless it is missing or hidden from the caller.
pub(crate) fn visible<'a>(market: &'a Market, id: i64, call: &Call<'_>) -> Option<&'a Listing> {
    let listing = market.listings.get(&id)?;
    (listing.user_id == call.user_id() || listing.is_public()).then_some(listing)
}

/// The ids of a batch request, each once.
pub(crate) fn batch_ids(call: &Call<'_>) -> Result<Vec<i64>, Refusal> {
    let mut ids = call.input.query.ints("listing_ids").unwrap_or_default();
    if ids.len() > facts::BATCH_MAX {
        return Err(Refusal::violation(
            "/listing_ids",
            "array_too_long",
            "cannot be more than 100 items",
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(ids)
}

/// The page of `all` that the query asks for.
pub(crate) fn page<'a, T>(call: &Call<'_>, all: &'a [T]) -> impl Iterator<Item = &'a T> {
    let number = |name: &str| usize::try_from(call.input.query.int(name).unwrap_or_default());
    let (limit, offset) = (number("limit").unwrap_or(25), number("offset").unwrap_or(0));
    all.iter().skip(offset).take(limit)
}

fn not_owner(kind: &str, id: i64) -> Refusal {
    Refusal::forbidden("User does not have permission to perform this operation").because(format!(
        "{kind} {id} belongs to another seller than the token"
    ))
}
