//! Processing profiles, which Etsy's paths call readiness state definitions.

use axum::http::header::CONTENT_LOCATION;

use super::{Call, lookups, render};
use crate::core::Core;
use crate::ids::Kind;
use crate::market::listing::State;
use crate::market::shop::{ReadinessState, Shop, TimeUnit};
use crate::reply::{Refusal, Reply};

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::own_shop(core, call)?;
    let number = |name: &str| usize::try_from(call.input.query.int(name).unwrap_or_default());
    let (limit, offset) = (number("limit").unwrap_or(25), number("offset").unwrap_or(0));
    let page = shop.readiness_states.values().skip(offset).take(limit);
    let shown = page
        .map(|state| render::readiness_state(shop.id, state))
        .collect();
    Ok(Reply::ok(&render::page(shop.readiness_states.len(), shown)))
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("readiness_state_definition_id");
    let shop = lookups::own_shop(core, call)?;
    let state = shop.readiness_states.get(&id).ok_or_else(|| missing(id))?;
    Ok(Reply::ok(&render::readiness_state(shop.id, state)))
}

pub(super) fn create(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let mut state = asked(call, None)?;
    check_new(lookups::own_shop(core, call)?, &state, call)?;
    state.id = core.ids.next(Kind::ReadinessState);
    let shop = lookups::own_shop_mut(core, call)?;
    let shown = render::readiness_state(shop.id, &state);
    shop.readiness_states.insert(state.id, state);
    Ok(Reply::created(&shown))
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("readiness_state_definition_id");
    let shop = lookups::own_shop(core, call)?;
    let before = shop.readiness_states.get(&id).ok_or_else(|| missing(id))?;
    let state = asked(call, Some(before))?;
    check_new(shop, &state, call)?;
    let shop = lookups::own_shop_mut(core, call)?;
    let shown = render::readiness_state(shop.id, &state);
    shop.readiness_states.insert(id, state);
    Ok(Reply::ok(&shown))
}

pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("readiness_state_definition_id");
    let shop = lookups::own_shop(core, call)?;
    if !shop.readiness_states.contains_key(&id) {
        return Err(missing(id));
    }
    let linked = core.market.listings.values().any(|listing| {
        listing.state == State::Active
            && listing
                .inventory
                .offerings()
                .any(|offering| offering.readiness_state == Some(id))
    });
    if linked {
        return Err(Refusal::bad(
            "The processing profile is linked to active offerings",
        ));
    }
    lookups::own_shop_mut(core, call)?
        .readiness_states
        .remove(&id);
    Ok(Reply::deleted())
}

/// The profile that the body describes; what it leaves out is as before.
fn asked(call: &Call<'_>, before: Option<&ReadinessState>) -> Result<ReadinessState, Refusal> {
    let body = &call.input.body;
    let unit = match body.text("processing_time_unit") {
        Some("weeks") => TimeUnit::Weeks,
        Some(_) => TimeUnit::Days,
        None => before.map_or(TimeUnit::Days, |before| before.unit),
    };
    let number = |name: &str, before: Option<i64>| body.int(name).or(before).unwrap_or(1);
    let state = ReadinessState {
        id: before.map_or(0, |before| before.id),
        state: body
            .text("readiness_state")
            .or(before.map(|before| before.state.as_str()))
            .unwrap_or("ready_to_ship")
            .to_owned(),
        min: number("min_processing_time", before.map(|before| before.min)),
        max: number("max_processing_time", before.map(|before| before.max)),
        unit,
    };
    if state.min > state.max {
        return Err(Refusal::bad(
            "min_processing_time cannot be more than max_processing_time",
        ));
    }
    Ok(state)
}

/// A profile that says what another says is refused, with the address of the other.
fn check_new(shop: &Shop, state: &ReadinessState, call: &Call<'_>) -> Result<(), Refusal> {
    let same = shop
        .readiness_states
        .values()
        .find(|known| known.id != state.id && known.says_the_same(state));
    let Some(same) = same else { return Ok(()) };
    let location = format!(
        "{}/v3/application/shops/{}/readiness-state-definitions/{}",
        call.base_url, shop.id, same.id
    );
    Err(
        Refusal::conflict("A readiness state definition with these values exists already")
            .with(CONTENT_LOCATION, &location),
    )
}

fn missing(id: i64) -> Refusal {
    Refusal::missing("readiness state definition", id)
}
