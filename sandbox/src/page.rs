//! The page at `/`: what the sandbox holds, for a person, and buttons for what the world does to it.
//! And the images that listings link to.
//!
//! Whatever sellers and buyers wrote is escaped, and the one script that may run is named by its hash:
//! a title that got through as markup could still do nothing.

mod faults;
mod listings;
mod orders;
mod requests;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::html::escape;
use crate::options::Rotation;
use crate::reply::{Refusal, Reply};
use crate::server::Server;

/// Where images are served, under names like Etsy's: `il_570xN.30000001.jpg`.
pub(crate) const IMAGE_PREFIX: &str = "/img/";

/// Where videos are served.
pub(crate) const VIDEO_PREFIX: &str = "/video/";

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// The page.
pub(crate) fn answer(server: &Server) -> Reply {
    let core = server.quiet_core();
    let (access, refresh) = core.grants.counts(core.clock.now());
    let text = format!(
        include_str!("page/page.html"),
        style = STYLE,
        script = SCRIPT,
        url = escape(&server.base_url),
        client_id = escape(&server.options.client_id),
        redirect_uris = escape(&server.options.redirect_uris.join(" ")),
        per_second = server.options.per_second,
        per_day = server.options.per_day,
        rotation = match server.options.rotation {
            Rotation::AtOnce => "at once",
            Rotation::OnUse => "on use",
        },
        now = time(core.clock.now()),
        access = access,
        refresh = refresh,
        kinds = faults::kinds(),
        operations = faults::operations(),
        faults = faults::queued(&core),
        shops = listings::shops(&core),
        orders = orders::rows(&core),
        requests = requests::rows(&core),
    );
    let script = STANDARD.encode(Sha256::digest(SCRIPT));
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; connect-src 'self'; \
         script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    Reply::html(StatusCode::OK, text).with(CONTENT_SECURITY_POLICY, &policy)
}

/// An image's bytes, whatever size its name asks for.
pub(crate) fn image(server: &Server, path: &str) -> Reply {
    let name = path.strip_prefix(IMAGE_PREFIX).unwrap_or("");
    let id = name.split('.').nth(1).and_then(|id| id.parse::<i64>().ok());
    let core = server.core();
    match id.and_then(|id| core.market.images.get(&id)) {
        // A drawing can carry scripts: it is shown as a document of no origin.
        Some(image) => Reply::typed(
            StatusCode::OK,
            image.sniffed.kind.content_type(),
            image.bytes.clone(),
        )
        .with(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .with(
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        ),
        None => Refusal::new(StatusCode::NOT_FOUND, "There is no such image").reply,
    }
}

/// A video's bytes, to be saved and not shown: nobody knows what they are.
pub(crate) fn video(server: &Server, path: &str) -> Reply {
    let id = path.strip_prefix(VIDEO_PREFIX).unwrap_or("");
    let id = id.parse::<i64>().ok();
    let core = server.core();
    match id.and_then(|id| core.market.videos.get(&id)) {
        Some(video) => Reply::typed(
            StatusCode::OK,
            "application/octet-stream",
            video.bytes.clone(),
        )
        .with(X_CONTENT_TYPE_OPTIONS, "nosniff"),
        None => Refusal::new(StatusCode::NOT_FOUND, "There is no such video").reply,
    }
}

fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |at| at.strftime("%F %T").to_string(),
    )
}
