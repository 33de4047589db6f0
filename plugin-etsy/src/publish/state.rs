//! On sale, off sale, gone. Etsy sometimes answers 200 and changes nothing, or 500 and does it, so
//! the state is read back and what is read is what counts.

use super::read::{listing_by_id, listing_of};
use crate::api::{self, Form};
use crate::id::Id;
use crate::refusal::call;
use crate::settings::shop;
use stoflow_plugin_sdk::publish::Published;
use stoflow_plugin_sdk::types::{Error, Listing, ListingState, Warning};

/// Puts a listing on sale.
pub(super) fn activate(id: &Id) -> Result<Published, Error> {
    let shop = shop()?;
    let before = listing_by_id(id)?;
    let published = |listing, warnings| Published {
        listing,
        variations: Vec::new(),
        warnings,
        fee: None,
    };
    match before.state {
        ListingState::Active => return Ok(published(before, Vec::new())),
        ListingState::Blocked => {
            return Err(Error::Conflict(format!(
                "Etsy has taken the listing off ({}): it cannot be put on sale",
                before.state_text
            )));
        }
        _ => {}
    }
    if before.images.is_empty() {
        return Err(Error::Conflict(
            "a listing on sale needs at least one image: add one first".into(),
        ));
    }
    let warnings = costs(before.state).into_iter().collect();
    put_on_sale(&shop, id, Form::new())?;
    let now = listing_by_id(id)?;
    if now.state == ListingState::Active {
        Ok(published(now, warnings))
    } else {
        Err(unmoved(&now))
    }
}

/// Asks for it, and for the form's changes with it; the listing on sale, which has its images only
/// where it was read. Where the reply does not say that it happened, the state is read back.
pub(super) fn put_on_sale(shop: &Id, id: &Id, form: Form) -> Result<Listing, Error> {
    let asked = call(api::set_state(shop, id, "active", form)).map(|reply| listing_of(&reply));
    let doubt = match asked {
        Ok(Ok(now)) if now.state == ListingState::Active => return Ok(now),
        Ok(_) => None,
        Err(Error::Uncertain(why)) => Some(Error::Uncertain(why)),
        Err(error) => return Err(error),
    };
    let now = listing_by_id(id).map_err(|_| doubtful(id))?;
    match doubt {
        _ if now.state == ListingState::Active => Ok(now),
        None => Err(unmoved(&now)),
        Some(error) => Err(error),
    }
}

/// Etsy said yes and did nothing.
pub(super) fn unmoved(now: &Listing) -> Error {
    let Listing { id, state_text, .. } = now;
    let message = format!(
        "Etsy answered that it put listing {id} on sale, and left it {state_text}: look at it on Etsy"
    );
    Error::rejected(200, None, message)
}

fn doubtful(id: &Id) -> Error {
    Error::Uncertain(format!(
        "listing {id} may be on sale or not: Etsy did not answer the question"
    ))
}

/// What putting it on sale costs.
pub(super) fn costs(before: ListingState) -> Option<Warning> {
    let (code, message) = match before {
        ListingState::Draft => (
            "fee",
            "Etsy charges its listing fee for four months on sale",
        ),
        ListingState::Expired => (
            "fee",
            "Etsy charges its listing fee again: the listing is renewed for four months",
        ),
        ListingState::SoldOut => (
            "fee",
            "Etsy charges its listing fee again, and sets the stock to 1: set the offers",
        ),
        _ => return None,
    };
    Some(Warning {
        code: code.to_owned(),
        message: message.to_owned(),
        field: None,
    })
}

/// Takes a listing off sale. It keeps its id and may go back on sale without a fee.
pub(super) fn pause(id: &Id) -> Result<Listing, Error> {
    let shop = shop()?;
    let before = listing_by_id(id)?;
    match before.state {
        ListingState::Paused => return Ok(before),
        ListingState::Draft => {
            return Err(Error::Conflict(
                "a draft is not on sale, so it cannot be paused".into(),
            ));
        }
        _ => {}
    }
    take_off_sale(&shop, id)
}

/// Asks for it, and reads back whether it happened.
pub(super) fn take_off_sale(shop: &Id, id: &Id) -> Result<Listing, Error> {
    let asked = call(api::set_state(shop, id, "inactive", Form::new()));
    if let Err(error) = &asked
        && !matches!(error, Error::Uncertain(_))
    {
        return asked.map(|_| ()).and_then(|()| listing_by_id(id));
    }
    let now = listing_by_id(id).map_err(|_| doubtful(id))?;
    match (now.state, asked) {
        (ListingState::Active, Ok(_)) => Err(Error::rejected(
            200,
            None,
            format!("Etsy answered that it took listing {id} off sale, and left it active"),
        )),
        (ListingState::Active, Err(error)) => Err(error),
        _ => Ok(now),
    }
}

/// Deletes a listing.
pub(super) fn delete(id: &Id) -> Result<(), Error> {
    shop()?;
    match call(api::delete_listing(id)) {
        Ok(_) => Ok(()),
        Err(Error::Uncertain(why)) => match listing_by_id(id) {
            Err(Error::NotFound(_)) => Ok(()),
            _ => Err(Error::Uncertain(why)),
        },
        // Another shop's is none of this one's, as it is for all that reads it first.
        Err(Error::Forbidden(why)) => match listing_by_id(id) {
            Err(Error::NotFound(missing)) => Err(Error::NotFound(missing)),
            _ => Err(Error::Forbidden(why)),
        },
        Err(error) => Err(error),
    }
}
