//! Where a shipping profile ships to, and for how much.

use super::carriers::{asked_delivery, check_country};
use super::shipping::{missing, profile, profile_mut};
use super::{Call, lookups, render};
use crate::core::Core;
use crate::ids::Kind;
use crate::input::Fields;
use crate::market::money::Currency;
use crate::market::shop::{Destination, ShippingProfile};
use crate::reply::{Refusal, Reply};

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let profile = profile(shop, call)?;
    let shown = profile
        .destinations
        .iter()
        .map(|it| render::destination(shop, profile, it));
    Ok(Reply::ok(&render::all(shown.collect())))
}

pub(super) fn create(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let before = profile(shop, call)?;
    let mut destination = asked(
        &call.input.body,
        shop.currency,
        &before.origin_country,
        None,
    )?;
    check_new(before, &destination)?;
    destination.id = core.ids.next(Kind::Destination);
    let id = destination.id;
    profile_mut(core, call)?.destinations.push(destination);
    Ok(Reply::created(&shown(core, call, id)?))
}

/// Changes what the body names; the rest of the destination stays.
pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("shipping_profile_destination_id");
    let shop = lookups::own_shop(core, call)?;
    let profile = profile(shop, call)?;
    let before = profile.destinations.iter().find(|it| it.id == id);
    let before = before.ok_or_else(|| missing_destination(id))?;
    let changed = asked(
        &call.input.body,
        shop.currency,
        &profile.origin_country,
        Some(before),
    )?;
    check_new(profile, &changed)?;
    let mut destinations = profile_mut(core, call)?.destinations.iter_mut();
    if let Some(destination) = destinations.find(|it| it.id == id) {
        *destination = changed;
    }
    Ok(Reply::ok(&shown(core, call, id)?))
}

/// A profile without a destination stays, and no listing can be activated with it.
pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("shipping_profile_destination_id");
    let profile = profile_mut(core, call)?;
    let position = profile.destinations.iter().position(|it| it.id == id);
    let position = position.ok_or_else(|| missing_destination(id))?;
    profile.destinations.remove(position);
    Ok(Reply::deleted())
}

fn shown(core: &Core, call: &Call<'_>, id: i64) -> Result<serde_json::Value, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let profile = profile(shop, call)?;
    let found = profile.destinations.iter().find(|it| it.id == id);
    let destination = found.ok_or_else(|| missing(id))?;
    Ok(render::destination(shop, profile, destination))
}

fn check_new(profile: &ShippingProfile, wanted: &Destination) -> Result<(), Refusal> {
    let same = |known: &Destination| {
        known.id != wanted.id
            && (&known.country, &known.region) == (&wanted.country, &wanted.region)
    };
    if profile.destinations.iter().any(same) {
        return Err(Refusal::bad("The shipping profile ships there already"));
    }
    Ok(())
}

fn missing_destination(id: i64) -> Refusal {
    Refusal::missing("shipping profile destination", id)
}

/// A country or a region, never both; a carrier with a class, or a range of days.
pub(super) fn asked(
    body: &Fields,
    currency: Currency,
    origin: &str,
    before: Option<&Destination>,
) -> Result<Destination, Refusal> {
    let (country, region) = asked_place(body, before)?;
    let delivery = before.and_then(|before| before.delivery.as_ref());
    let delivery = asked_delivery(body, origin, delivery)?;
    let was = |cost: fn(&Destination) -> i64| before.map(cost);
    Ok(Destination {
        id: before.map_or(0, |before| before.id),
        country,
        region,
        primary_cost: asked_cost(body, "primary_cost", currency, was(|it| it.primary_cost))?,
        secondary_cost: asked_cost(
            body,
            "secondary_cost",
            currency,
            was(|it| it.secondary_cost),
        )?,
        delivery: Some(delivery),
    })
}

/// Where to. A body that names neither a country nor a region keeps the place of before.
fn asked_place(body: &Fields, before: Option<&Destination>) -> Result<(String, String), Refusal> {
    let country = body.text("destination_country_iso").unwrap_or("");
    let region = asked_region(body);
    match (country.is_empty(), region == "none", before) {
        (true, true, Some(before)) => Ok((before.country.clone(), before.region.clone())),
        (false, false, _) => Err(Refusal::bad(
            "destination_country_iso and destination_region are mutually exclusive",
        )),
        (false, true, _) => {
            check_country("destination_country_iso", country)?;
            Ok((country.to_owned(), region.to_owned()))
        }
        (true, _, _) => Ok((String::new(), region.to_owned())),
    }
}

pub(super) fn asked_region(body: &Fields) -> &str {
    body.text("destination_region").unwrap_or("none")
}

/// A cost in minor units; what the body leaves out is as before.
pub(super) fn asked_cost(
    body: &Fields,
    name: &str,
    currency: Currency,
    before: Option<i64>,
) -> Result<i64, Refusal> {
    match body.number(name) {
        Some(written) => currency
            .minor_units(written)
            .ok_or_else(|| Refusal::bad(format!("Invalid {name}"))),
        None => Ok(before.unwrap_or_default()),
    }
}
