//! Shipping profiles. Carriers, destinations and upgrades have files of their own.

use super::carriers::{check_carrier, check_country};
use super::{Call, destinations, lookups, render};
use crate::core::Core;
use crate::facts;
use crate::ids::Kind;
use crate::input::Fields;
use crate::market::shop::{Delivery, ShippingProfile, Shop};
use crate::reply::{Refusal, Reply};

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let shown = shop
        .shipping_profiles
        .values()
        .map(|it| render::shipping_profile(shop, it));
    Ok(Reply::ok(&render::all(shown.collect())))
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    Ok(Reply::ok(&render::shipping_profile(
        shop,
        profile(shop, call)?,
    )))
}

pub(super) fn create(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let body = &call.input.body;
    let shop = lookups::own_shop(core, call)?;
    check_processing(body)?;
    let title = asked_title(body)?.unwrap_or_default();
    let (origin_country, origin_postal_code) = asked_origin(body, None)?;
    if body.text("destination_country_iso").is_none() && destinations::asked_region(body) == "none"
    {
        return Err(Refusal::bad(
            "One of destination_country_iso and destination_region is required",
        ));
    }
    let mut destination = destinations::asked(body, shop.currency, &origin_country, None)?;
    destination.id = core.ids.next(Kind::Destination);
    let profile = ShippingProfile {
        id: core.ids.next(Kind::ShippingProfile),
        title,
        origin_country,
        origin_postal_code,
        destinations: vec![destination],
        upgrades: Vec::new(),
    };
    let shop = lookups::own_shop_mut(core, call)?;
    let shown = render::shipping_profile(shop, &profile);
    shop.shipping_profiles.insert(profile.id, profile);
    Ok(Reply::ok(&shown))
}

/// Changes what the body names. A profile whose carriers do not ship from the new country would be
/// one that nobody could have made, so it is refused.
pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let body = &call.input.body;
    let mut profile = profile(lookups::own_shop(core, call)?, call)?.clone();
    check_processing(body)?;
    if let Some(title) = asked_title(body)? {
        profile.title = title;
    }
    let (country, postal_code) = asked_origin(body, Some(&profile))?;
    if country != profile.origin_country {
        check_carriers(&profile, &country)?;
    }
    profile.origin_country = country;
    profile.origin_postal_code = postal_code;
    let shop = lookups::own_shop_mut(core, call)?;
    let shown = render::shipping_profile(shop, &profile);
    shop.shipping_profiles.insert(profile.id, profile);
    shop.updated = call.now;
    Ok(Reply::ok(&shown))
}

/// Listings keep the id of a deleted profile and cannot be activated with it.
pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("shipping_profile_id");
    let shop = lookups::own_shop_mut(core, call)?;
    shop.shipping_profiles
        .remove(&id)
        .ok_or_else(|| missing(id))?;
    Ok(Reply::deleted())
}

/// The profile of the path.
pub(super) fn profile<'a>(shop: &'a Shop, call: &Call<'_>) -> Result<&'a ShippingProfile, Refusal> {
    let id = call.input.id("shipping_profile_id");
    shop.shipping_profiles.get(&id).ok_or_else(|| missing(id))
}

/// The profile of the path, to change it.
pub(super) fn profile_mut<'a>(
    core: &'a mut Core,
    call: &Call<'_>,
) -> Result<&'a mut ShippingProfile, Refusal> {
    let id = call.input.id("shipping_profile_id");
    let shop = lookups::own_shop_mut(core, call)?;
    shop.shipping_profiles
        .get_mut(&id)
        .ok_or_else(|| missing(id))
}

pub(super) fn missing(id: i64) -> Refusal {
    Refusal::missing("shipping profile", id)
}

fn asked_title(body: &Fields) -> Result<Option<String>, Refusal> {
    match body.text("title").map(str::trim) {
        Some("") => Err(Refusal::violation(
            "/title",
            "string_too_short",
            "cannot be less than 1 characters",
        )),
        title => Ok(title.map(str::to_owned)),
    }
}

/// Country and postal code that a profile ships from; a country that has postal codes needs one.
fn asked_origin(
    body: &Fields,
    before: Option<&ShippingProfile>,
) -> Result<(String, Option<String>), Refusal> {
    let country = match (body.text("origin_country_iso"), before) {
        (None, Some(before)) => before.origin_country.clone(),
        (country, _) => country.unwrap_or("").to_owned(),
    };
    check_country("origin_country_iso", &country)?;
    // The code of another country is no code of this one.
    let kept = before
        .filter(|before| before.origin_country == country)
        .and_then(|before| before.origin_postal_code.clone());
    let code = match body.text("origin_postal_code") {
        Some(code) => Some(code.to_owned()).filter(|code| !code.is_empty()),
        None => kept,
    };
    if facts::has_postal_codes(&country) && code.is_none() {
        return Err(Refusal::bad(format!(
            "origin_postal_code is required for {country}"
        )));
    }
    Ok((country, code))
}

/// The processing times of a profile are checked and forgotten: readiness states took their place.
fn check_processing(body: &Fields) -> Result<(), Refusal> {
    let times = (
        body.int("min_processing_time"),
        body.int("max_processing_time"),
    );
    if matches!(times, (Some(min), Some(max)) if min > max) {
        return Err(Refusal::bad(
            "min_processing_time cannot be more than max_processing_time",
        ));
    }
    Ok(())
}

fn check_carriers(profile: &ShippingProfile, origin: &str) -> Result<(), Refusal> {
    let to = profile.destinations.iter().map(|it| it.delivery.as_ref());
    let upgrades = profile.upgrades.iter().map(|it| it.delivery.as_ref());
    for delivery in to.chain(upgrades).flatten() {
        if let Delivery::Carrier { id, mail_class } = delivery {
            check_carrier(*id, mail_class, origin)?;
        }
    }
    Ok(())
}
