//! What a listing needs before buyers may see it, and which state may follow which.

use axum::http::StatusCode;

use crate::market::listing::{Listing, State};
use crate::market::shop::Shop;
use crate::reply::Refusal;

/// Puts a listing into the state that updateListing asked for.
pub(super) fn change_state(
    shop: &Shop,
    listing: &mut Listing,
    wanted: &str,
    now: i64,
) -> Result<(), Refusal> {
    match (listing.state.clone(), wanted) {
        (State::Active, "active") | (State::Inactive, "inactive") => Ok(()),
        (State::Active, "inactive") => {
            listing.enter(State::Inactive, now);
            Ok(())
        }
        (State::Draft | State::Expired, "active") => {
            check_publishable(shop, listing)?;
            publish(listing, now);
            Ok(())
        }
        (State::SoldOut, "active") => {
            restock(listing);
            check_publishable(shop, listing)?;
            publish(listing, now);
            Ok(())
        }
        (State::Inactive, "active") => {
            check_publishable(shop, listing)?;
            reactivate(listing, now);
            Ok(())
        }
        // An old name of inactive that Etsy still sends.
        (State::Other(name), "active") if name == "edit" => {
            check_publishable(shop, listing)?;
            reactivate(listing, now);
            Ok(())
        }
        (State::SoldOut, "inactive") => Err(Refusal::bad("quantity cannot be empty")
            .because("a sold out listing has no quantity and cannot be made inactive")),
        (state, wanted) => Err(Refusal::bad(format!(
            "A listing in state '{}' cannot be set to '{wanted}'",
            state.name()
        ))),
    }
}

fn publish(listing: &mut Listing, now: i64) {
    listing.renew(now);
    listing.enter(State::Active, now);
}

/// Within its four months a listing comes back for free, after them it is renewed.
fn reactivate(listing: &mut Listing, now: i64) {
    if listing.ends <= now {
        listing.renew(now);
    }
    listing.enter(State::Active, now);
}

/// Renewing what is sold out sets its quantity to 1.
fn restock(listing: &mut Listing) {
    for (index, offering) in listing.inventory.offerings_mut().enumerate() {
        offering.quantity = i64::from(index == 0);
        offering.enabled |= index == 0;
    }
}

/// Whether a listing may be activated or renewed, or what it lacks.
fn check_publishable(shop: &Shop, listing: &Listing) -> Result<(), Refusal> {
    if listing.frozen {
        return Err(Refusal::bad(format!(
            "Listing {} is not publishable because it's frozen",
            listing.id
        )));
    }
    if listing.images.is_empty() {
        return Err(Refusal::violation(
            "/images",
            "array_too_short",
            "cannot be less than 1 items",
        ));
    }
    if listing.kind.is_shipped() {
        check_shipping(shop, listing)?;
    }
    if listing.kind.is_digital() && listing.files.is_empty() && listing.when_made != "made_to_order"
    {
        return Err(Refusal::bad(
            "A digital listing must have a file to be activated",
        ));
    }
    if listing.inventory.quantity() < 1 {
        return Err(Refusal::bad("quantity cannot be empty"));
    }
    Ok(())
}

fn check_shipping(shop: &Shop, listing: &Listing) -> Result<(), Refusal> {
    let profile = listing
        .shipping_profile
        .and_then(|id| shop.shipping_profiles.get(&id));
    let Some(profile) = profile else {
        return Err(Refusal::bad(
            "A shipping profile is required to activate a physical listing",
        ));
    };
    if let Some(lack) = profile.incomplete() {
        return Err(Refusal::bad(format!(
            "Shipping profile {} is not complete: {lack}",
            profile.id
        )));
    }
    let policy = listing
        .return_policy
        .filter(|id| shop.return_policies.contains_key(id));
    if shop.needs_return_policy() && policy.is_none() {
        return Err(Refusal::bad(
            "A return policy is required to activate a physical listing",
        ));
    }
    let ready = |id: Option<i64>| id.is_some_and(|id| shop.readiness_states.contains_key(&id));
    if !listing
        .inventory
        .offerings()
        .all(|offering| ready(offering.readiness_state))
    {
        return Err(Refusal::bad(
            "A readiness_state_id is required to activate a physical listing",
        ));
    }
    Ok(())
}

/// Whether a listing may be deleted in its state.
pub(super) fn check_deletable(listing: &Listing) -> Result<(), Refusal> {
    match &listing.state {
        State::Other(state) => Err(Refusal::new(
            StatusCode::CONFLICT,
            format!("A listing in state '{state}' cannot be deleted"),
        )),
        _ => Ok(()),
    }
}
