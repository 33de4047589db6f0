//! Return policies: no two of a shop say the same.

use super::{Call, listings, lookups, render};
use crate::core::Core;
use crate::facts;
use crate::ids::Kind;
use crate::market::listing::State;
use crate::market::shop::{ReturnPolicy, Shop};
use crate::reply::{Refusal, Reply};

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::shop(core, call)?;
    let shown = shop
        .return_policies
        .values()
        .map(|it| render::return_policy(shop.id, it));
    Ok(Reply::ok(&render::all(shown.collect())))
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("return_policy_id");
    let shop = lookups::shop(core, call)?;
    let policy = shop.return_policies.get(&id).ok_or_else(|| missing(id))?;
    Ok(Reply::ok(&render::return_policy(shop.id, policy)))
}

pub(super) fn create(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let mut policy = asked(call, 0)?;
    check_new(lookups::own_shop(core, call)?, &policy)?;
    policy.id = core.ids.next(Kind::ReturnPolicy);
    put(core, call, policy)
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let policy = asked(call, call.input.id("return_policy_id"))?;
    let shop = lookups::own_shop(core, call)?;
    if !shop.return_policies.contains_key(&policy.id) {
        return Err(missing(policy.id));
    }
    check_new(shop, &policy)?;
    put(core, call, policy)
}

fn put(core: &mut Core, call: &Call<'_>, policy: ReturnPolicy) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop_mut(core, call)?;
    let shown = render::return_policy(shop.id, &policy);
    shop.return_policies.insert(policy.id, policy);
    Ok(Reply::ok(&shown))
}

pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("return_policy_id");
    if !lookups::own_shop(core, call)?
        .return_policies
        .contains_key(&id)
    {
        return Err(missing(id));
    }
    let used = core
        .market
        .listings
        .values()
        .any(|it| it.return_policy == Some(id));
    if used {
        return Err(Refusal::bad("The return policy is used by listings"));
    }
    lookups::own_shop_mut(core, call)?
        .return_policies
        .remove(&id);
    Ok(Reply::deleted())
}

/// Moves all listings from one policy to another and deletes the first.
pub(super) fn consolidate(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = |name: &str| call.input.body.int(name).unwrap_or_default();
    let (source, target) = (
        id("source_return_policy_id"),
        id("destination_return_policy_id"),
    );
    let shop = lookups::own_shop(core, call)?;
    for id in [source, target] {
        if !shop.return_policies.contains_key(&id) {
            return Err(missing(id));
        }
    }
    if source == target {
        return Err(Refusal::bad(
            "Source and destination are the same return policy",
        ));
    }
    for listing in core
        .market
        .listings
        .values_mut()
        .filter(|it| it.return_policy == Some(source))
    {
        listing.return_policy = Some(target);
        listing.touch(call.now);
    }
    let shop = lookups::own_shop_mut(core, call)?;
    shop.return_policies.remove(&source);
    let policy = shop
        .return_policies
        .get(&target)
        .ok_or_else(|| missing(target))?;
    Ok(Reply::ok(&render::return_policy(shop.id, policy)))
}

pub(super) fn listings(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("return_policy_id");
    let shop = lookups::own_shop(core, call)?;
    if !shop.return_policies.contains_key(&id) {
        return Err(missing(id));
    }
    let found = listings::newest_first(core, |it| {
        it.return_policy == Some(id) && it.state == State::Active
    });
    let shown = found
        .into_iter()
        .map(|listing| listings::plain(core, call, listing));
    Ok(Reply::ok(&render::all(shown.collect())))
}

fn asked(call: &Call<'_>, id: i64) -> Result<ReturnPolicy, Refusal> {
    let body = &call.input.body;
    let accepts_returns = body.flag("accepts_returns").unwrap_or_default();
    let accepts_exchanges = body.flag("accepts_exchanges").unwrap_or_default();
    let deadline = body.int("return_deadline");
    match deadline {
        None if accepts_returns || accepts_exchanges => Err(Refusal::bad(
            "return_deadline is required if returns or exchanges are accepted",
        )),
        Some(days) if !facts::RETURN_DEADLINES.contains(&days) => Err(Refusal::bad(format!(
            "return_deadline must be one of 7, 14, 21, 30, 45, 60, 90 (got {days})"
        ))),
        _ => Ok(ReturnPolicy {
            id,
            accepts_returns,
            accepts_exchanges,
            deadline,
        }),
    }
}

fn check_new(shop: &Shop, policy: &ReturnPolicy) -> Result<(), Refusal> {
    let mut others = shop
        .return_policies
        .values()
        .filter(|known| known.id != policy.id);
    match others.find(|known| known.says_the_same(policy)) {
        Some(same) => Err(Refusal::bad(format!(
            "Return policy {} has the same values: consolidate them instead",
            same.id
        ))),
        None => Ok(()),
    }
}

fn missing(id: i64) -> Refusal {
    Refusal::missing("return policy", id)
}
