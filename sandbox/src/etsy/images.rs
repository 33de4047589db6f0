//! Images of a listing: uploaded as multipart, ranked, kept after they were deleted.

use serde_json::Value;

use super::{Call, listing_fields, lookups, render};
use crate::core::Core;
use crate::facts;
use crate::ids::Kind;
use crate::input::Upload;
use crate::market::image::{StoredImage, sniff};
use crate::market::listing::{ListedImage, Listing, State};
use crate::reply::{Refusal, Reply};

/// Etsy's words for an upload without a usable image.
const NO_IMAGE: &str = "Either a valid image file or a listing_image_id must be provided.";

pub(super) fn upload(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let body = &call.input.body;
    let listing = lookups::own_listing(core, call)?;
    let (listing_id, shop_id) = (listing.id, listing.shop_id);
    let alt_text = body.text("alt_text").map(str::to_owned);
    if alt_text
        .as_ref()
        .is_some_and(|text| text.chars().count() > facts::ALT_TEXT_MAX)
    {
        return Err(Refusal::violation(
            "/alt_text",
            "string_too_long",
            "cannot be more than 500 characters",
        ));
    }
    let rank = usize::try_from(body.int("rank").unwrap_or(1)).unwrap_or(1);
    let overwrite = body.flag("overwrite").unwrap_or(false);
    // On a copy: a refused upload leaves nothing behind.
    let mut changed = listing.clone();
    let (image, processed) = source(core, call, shop_id)?;
    let position = place(&mut changed, image.id, alt_text, rank, overwrite)?;
    changed.touch(call.now);
    let alt_text = changed
        .images
        .get(position)
        .map_or("", |listed| listed.alt_text.as_str());
    let shown = render::image(
        listing_id,
        &image,
        position + 1,
        alt_text,
        call.base_url,
        processed,
    );
    core.market.images.insert(image.id, image);
    core.market.listings.insert(listing_id, changed);
    Ok(Reply::created(&shown))
}

/// The image that was sent or named, and whether Etsy has looked at it already.
fn source(core: &mut Core, call: &Call<'_>, shop_id: i64) -> Result<(StoredImage, bool), Refusal> {
    let named = call.input.body.int("listing_image_id");
    match (call.input.files.get("image"), named) {
        (Some(file), _) => Ok((new_image(core, file, shop_id, call.now)?, false)),
        (None, Some(id)) => {
            let known = core.market.images.get(&id);
            let known = known.filter(|image| image.shop_id == shop_id);
            let known = known.ok_or_else(|| Refusal::missing("listing image", id))?;
            Ok((known.clone(), true))
        }
        (None, None) => Err(Refusal::bad(NO_IMAGE)
            .because("the body has neither a file named image nor listing_image_id")),
    }
}

fn new_image(
    core: &mut Core,
    file: &Upload,
    shop_id: i64,
    now: i64,
) -> Result<StoredImage, Refusal> {
    if file.filename.as_deref().unwrap_or("").is_empty() {
        return Err(Refusal::bad(NO_IMAGE).because("the part named image has no filename"));
    }
    let sniffed = sniff(&file.bytes).map_err(|reason| Refusal::bad(NO_IMAGE).because(reason))?;
    let id = core.ids.next(Kind::Image);
    Ok(StoredImage {
        id,
        shop_id,
        bytes: file.bytes.clone(),
        sniffed,
        created: now,
    })
}

/// Puts an image at a rank and answers where it came to stand. The default rank is 1, so images that
/// are uploaded without one end in reverse order.
fn place(
    listing: &mut Listing,
    image_id: i64,
    alt_text: Option<String>,
    rank: usize,
    overwrite: bool,
) -> Result<usize, Refusal> {
    let before = listing
        .image_position(image_id)
        .map(|at| listing.images.remove(at));
    let kept = before.map(|listed| listed.alt_text).unwrap_or_default();
    let listed = ListedImage {
        image_id,
        alt_text: alt_text.unwrap_or(kept),
    };
    let position = rank.saturating_sub(1).min(listing.images.len());
    let full = listing.images.len() >= facts::IMAGES_MAX;
    match listing.images.get_mut(position).filter(|_| overwrite) {
        Some(replaced) => *replaced = listed,
        None if full => {
            return Err(Refusal::violation(
                "/images",
                "array_too_long",
                "cannot be more than 20 items",
            ));
        }
        None => listing.images.insert(position, listed),
    }
    listing_fields::forget_missing_images(listing);
    Ok(position)
}

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::visible_listing(core, call)?;
    Ok(Reply::ok(&render::all(render::images(
        &core.market,
        listing,
        call.base_url,
    ))))
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("listing_image_id");
    let listing = lookups::visible_listing(core, call)?;
    let images = render::images(&core.market, listing, call.base_url);
    let found = images
        .iter()
        .find(|image| image.get("listing_image_id") == Some(&Value::from(id)));
    found
        .map(Reply::ok)
        .ok_or_else(|| Refusal::missing("listing image", id))
}

pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("listing_image_id");
    let listing = lookups::own_listing(core, call)?;
    let position = listing
        .image_position(id)
        .ok_or_else(|| Refusal::missing("listing image", id))?;
    if listing.state == State::Active && listing.images.len() == 1 {
        return Err(Refusal::violation(
            "/images",
            "array_too_short",
            "cannot be less than 1 items",
        ));
    }
    listing.images.remove(position);
    listing_fields::forget_missing_images(listing);
    listing.touch(call.now);
    Ok(Reply::deleted())
}
