//! Videos of a listing: two at most, ten uploads a day, kept after they were deleted.
//!
//! A video is not replaced by uploading another: the old one has to be deleted first.

use axum::http::StatusCode;

use super::{Call, lookups, render};
use crate::core::Core;
use crate::facts;
use crate::ids::Kind;
use crate::input::Upload;
use crate::market::listing::{Listing, StoredVideo};
use crate::reply::{Refusal, Reply};

const DAY: i64 = 86_400;

pub(super) fn upload(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    // On a copy: a refused upload leaves nothing behind.
    let mut listing = lookups::own_listing(core, call)?.clone();
    let named = call.input.body.int("video_id");
    let video = match (call.input.files.get("video"), named) {
        (Some(file), _) => new_video(core, call, file, &mut listing)?,
        (None, Some(id)) => {
            let known = core.market.videos.get(&id);
            let known = known.filter(|video| video.shop_id == listing.shop_id);
            known.ok_or_else(|| missing(id))?.clone()
        }
        (None, None) => {
            return Err(Refusal::bad(
                "Either a video and its name or a video_id must be provided.",
            ));
        }
    };
    if !listing.videos.contains(&video.id) {
        if listing.videos.len() >= facts::VIDEOS_MAX {
            return Err(Refusal::conflict(
                "The listing has as many videos as it can have",
            ));
        }
        listing.videos.push(video.id);
    }
    listing.touch(call.now);
    let shown = render::video(&video, call.base_url);
    core.market.videos.insert(video.id, video);
    core.market.listings.insert(listing.id, listing);
    Ok(Reply::created(&shown))
}

fn new_video(
    core: &mut Core,
    call: &Call<'_>,
    file: &Upload,
    listing: &mut Listing,
) -> Result<StoredVideo, Refusal> {
    let name = call.input.body.text("name").unwrap_or("");
    if name.is_empty() {
        return Err(Refusal::bad("Missing input parameter: [name]"));
    }
    if !is_video(&file.bytes) {
        return Err(Refusal::bad("An error ocurred while uploading your file")
            .because("the bytes are none of mp4, mov, avi, flv, mpeg"));
    }
    let uploads = &mut listing.video_uploads;
    uploads.retain(|at| *at > call.now - DAY);
    if uploads.len() >= facts::VIDEO_UPLOADS_MAX {
        return Err(Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many videos were uploaded to this listing today",
        ));
    }
    uploads.push(call.now);
    Ok(StoredVideo {
        id: core.ids.next(Kind::Video),
        shop_id: listing.shop_id,
        name: name.to_owned(),
        bytes: file.bytes.clone(),
    })
}

/// Whether bytes begin as a video does; a client that sends an error page must be told here.
fn is_video(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"ftyp")
        || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"AVI "))
        || bytes.starts_with(b"FLV\x01")
        || bytes.starts_with(b"\x00\x00\x01\xba")
        || bytes.starts_with(b"\x00\x00\x01\xb3")
}

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::visible_listing(core, call)?;
    let shown = render::videos(&core.market, listing, call.base_url);
    Ok(Reply::ok(&render::all(shown)))
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("video_id");
    let listing = lookups::visible_listing(core, call)?;
    let video = core.market.videos.get(&id);
    let video = video.filter(|_| listing.videos.contains(&id));
    let video = video.ok_or_else(|| missing(id))?;
    Ok(Reply::ok(&render::video(video, call.base_url)))
}

pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("video_id");
    let listing = lookups::own_listing(core, call)?;
    let position = listing.videos.iter().position(|video| *video == id);
    let position = position.ok_or_else(|| missing(id))?;
    listing.videos.remove(position);
    listing.touch(call.now);
    Ok(Reply::deleted())
}

fn missing(id: i64) -> Refusal {
    Refusal::missing("listing video", id)
}
