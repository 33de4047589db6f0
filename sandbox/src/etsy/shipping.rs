//! Shipping profiles, their destinations, and the carriers that there are.

use serde_json::{Value, json};

use super::{Call, lookups, render};
use crate::core::Core;
use crate::facts;
use crate::ids::Kind;
use crate::input::Fields;
use crate::market::money::Currency;
use crate::market::shop::{Delivery, Destination, ShippingProfile, Shop};
use crate::reply::{Refusal, Reply};

/// Carriers by country: id, name, and mail classes at home and abroad.
type Carrier = (
    i64,
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const CARRIERS: [Carrier; 6] = [
    (
        1,
        "FR",
        "La Poste",
        &["colissimo", "lettre-suivie"],
        &["colissimo-international"],
    ),
    (
        2,
        "FR",
        "Mondial Relay",
        &["point-relais"],
        &["point-relais-europe"],
    ),
    (
        3,
        "US",
        "USPS",
        &["ground-advantage", "priority-mail"],
        &["first-class-international"],
    ),
    (4, "US", "UPS", &["ups-ground"], &["ups-worldwide"]),
    (5, "DE", "DHL", &["paket"], &["paket-international"]),
    (6, "JP", "Japan Post", &["yu-pack", "letter-pack"], &["ems"]),
];

pub(super) fn carriers(_: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let country = call.input.query.text("origin_country_iso").unwrap_or("");
    check_country("origin_country_iso", country)?;
    let class = |key: &&str| json!({ "mail_class_key": key, "name": key.replace('-', " ") });
    let shown =
        CARRIERS
            .iter()
            .filter(|(_, of, ..)| *of == country)
            .map(|(id, _, name, home, abroad)| {
                json!({
                    "shipping_carrier_id": id,
                    "name": name,
                    "domestic_classes": home.iter().map(class).collect::<Vec<Value>>(),
                    "international_classes": abroad.iter().map(class).collect::<Vec<Value>>(),
                })
            });
    Ok(Reply::ok(&render::all(shown.collect())))
}

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
    let origin = body.text("origin_country_iso").unwrap_or("");
    check_country("origin_country_iso", origin)?;
    let postal_code = body
        .text("origin_postal_code")
        .filter(|code| !code.is_empty());
    if facts::has_postal_codes(origin) && postal_code.is_none() {
        return Err(Refusal::bad(format!(
            "origin_postal_code is required for {origin}"
        )));
    }
    let title = body.text("title").unwrap_or("").trim().to_owned();
    if title.is_empty() {
        return Err(Refusal::violation(
            "/title",
            "string_too_short",
            "cannot be less than 1 characters",
        ));
    }
    if body.text("destination_country_iso").is_none() && region(body) == "none" {
        return Err(Refusal::bad(
            "One of destination_country_iso and destination_region is required",
        ));
    }
    let (origin, postal_code) = (origin.to_owned(), postal_code.map(str::to_owned));
    let mut destination = asked_destination(body, shop.currency, &origin)?;
    destination.id = core.ids.next(Kind::Destination);
    let profile = ShippingProfile {
        id: core.ids.next(Kind::ShippingProfile),
        title,
        origin_country: origin,
        origin_postal_code: postal_code,
        destinations: vec![destination],
    };
    let shop = lookups::own_shop_mut(core, call)?;
    let shown = render::shipping_profile(shop, &profile);
    shop.shipping_profiles.insert(profile.id, profile);
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

pub(super) fn destinations(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let profile = profile(shop, call)?;
    let shown = profile
        .destinations
        .iter()
        .map(|it| render::destination(shop, profile, it));
    Ok(Reply::ok(&render::all(shown.collect())))
}

pub(super) fn create_destination(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let before = profile(shop, call)?;
    let mut destination =
        asked_destination(&call.input.body, shop.currency, &before.origin_country)?;
    let same = |known: &Destination| {
        (&known.country, &known.region) == (&destination.country, &destination.region)
    };
    if before.destinations.iter().any(same) {
        return Err(Refusal::bad("The shipping profile ships there already"));
    }
    destination.id = core.ids.next(Kind::Destination);
    let shop = lookups::own_shop_mut(core, call)?;
    let id = call.input.id("shipping_profile_id");
    let profile = shop
        .shipping_profiles
        .get_mut(&id)
        .ok_or_else(|| missing(id))?;
    profile.destinations.push(destination.clone());
    let shop = lookups::own_shop(core, call)?;
    Ok(Reply::created(&render::destination(
        shop,
        self::profile(shop, call)?,
        &destination,
    )))
}

pub(super) fn delete_destination(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("shipping_profile_id");
    let destination_id = call.input.id("shipping_profile_destination_id");
    let shop = lookups::own_shop_mut(core, call)?;
    let profile = shop
        .shipping_profiles
        .get_mut(&id)
        .ok_or_else(|| missing(id))?;
    let position = profile
        .destinations
        .iter()
        .position(|it| it.id == destination_id);
    let position =
        position.ok_or_else(|| Refusal::missing("shipping profile destination", destination_id))?;
    profile.destinations.remove(position);
    Ok(Reply::deleted())
}

/// No profile of the sandbox has upgrades.
pub(super) fn upgrades(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    profile(lookups::own_shop(core, call)?, call)?;
    Ok(Reply::ok(&render::all(Vec::new())))
}

fn profile<'a>(shop: &'a Shop, call: &Call<'_>) -> Result<&'a ShippingProfile, Refusal> {
    let id = call.input.id("shipping_profile_id");
    shop.shipping_profiles.get(&id).ok_or_else(|| missing(id))
}

fn missing(id: i64) -> Refusal {
    Refusal::missing("shipping profile", id)
}

fn region(body: &Fields) -> &str {
    body.text("destination_region").unwrap_or("none")
}

/// A country or a region, never both; a carrier with a class, or a range of days.
fn asked_destination(
    body: &Fields,
    currency: Currency,
    origin: &str,
) -> Result<Destination, Refusal> {
    let country = body.text("destination_country_iso").unwrap_or("");
    let region = region(body);
    if !country.is_empty() {
        check_country("destination_country_iso", country)?;
        if region != "none" {
            return Err(Refusal::bad(
                "destination_country_iso and destination_region are mutually exclusive",
            ));
        }
    }
    let cost = |name: &str| {
        let written = body.number(name).unwrap_or_default();
        currency
            .minor_units(written)
            .ok_or_else(|| Refusal::bad(format!("Invalid {name}")))
    };
    Ok(Destination {
        id: 0,
        country: country.to_owned(),
        region: region.to_owned(),
        primary_cost: cost("primary_cost")?,
        secondary_cost: cost("secondary_cost")?,
        delivery: Some(asked_delivery(body, origin)?),
    })
}

fn asked_delivery(body: &Fields, origin: &str) -> Result<Delivery, Refusal> {
    let carrier = body.int("shipping_carrier_id").filter(|id| *id != 0);
    let mail_class = body.text("mail_class").filter(|class| !class.is_empty());
    let days = (body.int("min_delivery_days"), body.int("max_delivery_days"));
    match (carrier, mail_class, days) {
        (Some(id), Some(mail_class), _) => {
            let known = CARRIERS
                .iter()
                .find(|(carrier, of, ..)| *carrier == id && *of == origin);
            let (_, _, _, home, abroad) = known
                .ok_or_else(|| Refusal::bad(format!("Carrier {id} does not ship from {origin}")))?;
            if !home.contains(&mail_class) && !abroad.contains(&mail_class) {
                return Err(Refusal::bad(format!(
                    "Carrier {id} has no mail class {mail_class}"
                )));
            }
            Ok(Delivery::Carrier {
                id,
                mail_class: mail_class.to_owned(),
            })
        }
        (None, None, (Some(min), Some(max))) if min <= max => Ok(Delivery::Days { min, max }),
        (None, None, (Some(_), Some(_))) => Err(Refusal::bad(
            "min_delivery_days cannot be more than max_delivery_days",
        )),
        _ => Err(Refusal::bad(
            "Either shipping_carrier_id and mail_class or min_delivery_days and max_delivery_days are required",
        )),
    }
}

fn check_country(name: &str, country: &str) -> Result<(), Refusal> {
    if facts::is_country(country) {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "Invalid value for '{name}' (got '{country}'), expected a country code"
    )))
}
