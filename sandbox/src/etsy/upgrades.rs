//! Shipping upgrades: a faster or safer way, for a price on top.

use super::carriers::asked_delivery;
use super::destinations::asked_cost;
use super::shipping::{profile, profile_mut};
use super::{Call, lookups, render};
use crate::core::Core;
use crate::ids::Kind;
use crate::market::shop::{ShippingProfile, Shop, Upgrade};
use crate::reply::{Refusal, Reply};

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let shown = render::upgrades(shop, profile(shop, call)?);
    Ok(Reply::ok(&render::all(shown)))
}

pub(super) fn create(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let mut upgrade = asked(call, shop, profile(shop, call)?, None)?;
    upgrade.id = core.ids.next(Kind::Upgrade);
    let id = upgrade.id;
    profile_mut(core, call)?.upgrades.push(upgrade);
    show(core, call, id)
}

/// Changes what the body names; the rest of the upgrade stays.
pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("upgrade_id");
    let shop = lookups::own_shop(core, call)?;
    let profile = profile(shop, call)?;
    let before = profile.upgrades.iter().find(|it| it.id == id);
    let before = before.ok_or_else(|| missing(id))?;
    let changed = asked(call, shop, profile, Some(before))?;
    let mut upgrades = profile_mut(core, call)?.upgrades.iter_mut();
    if let Some(upgrade) = upgrades.find(|it| it.id == id) {
        *upgrade = changed;
    }
    show(core, call, id)
}

pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("upgrade_id");
    let profile = profile_mut(core, call)?;
    let position = profile.upgrades.iter().position(|it| it.id == id);
    let position = position.ok_or_else(|| missing(id))?;
    profile.upgrades.remove(position);
    Ok(Reply::deleted())
}

fn show(core: &Core, call: &Call<'_>, id: i64) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let profile = profile(shop, call)?;
    let mut ranked = (1..).zip(&profile.upgrades);
    let found = ranked.find(|(_, upgrade)| upgrade.id == id);
    let (rank, upgrade) = found.ok_or_else(|| missing(id))?;
    Ok(Reply::ok(&render::upgrade(shop, profile, upgrade, rank)))
}

fn missing(id: i64) -> Refusal {
    Refusal::missing("shipping profile upgrade", id)
}

/// The upgrade that the body describes; what it leaves out is as before.
fn asked(
    call: &Call<'_>,
    shop: &Shop,
    profile: &ShippingProfile,
    before: Option<&Upgrade>,
) -> Result<Upgrade, Refusal> {
    let body = &call.input.body;
    let name = body.text("upgrade_name").map(str::trim);
    if name == Some("") {
        return Err(Refusal::violation(
            "/upgrade_name",
            "string_too_short",
            "cannot be less than 1 characters",
        ));
    }
    let name = name.or(before.map(|before| before.name.as_str()));
    let is_international = match body.int("type") {
        Some(kind) => kind == 1,
        None => before.is_some_and(|before| before.is_international),
    };
    let delivery = before.and_then(|before| before.delivery.as_ref());
    let delivery = asked_delivery(body, &profile.origin_country, delivery)?;
    let was = |cost: fn(&Upgrade) -> i64| before.map(cost);
    Ok(Upgrade {
        id: before.map_or(0, |before| before.id),
        name: name.unwrap_or_default().to_owned(),
        is_international,
        price: asked_cost(body, "price", shop.currency, was(|it| it.price))?,
        secondary_price: asked_cost(
            body,
            "secondary_price",
            shop.currency,
            was(|it| it.secondary_price),
        )?,
        delivery: Some(delivery),
    })
}
