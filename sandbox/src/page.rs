//! The page at `/`: what the sandbox holds, for a person. And the images that listings link to.

use std::fmt::Write;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use jiff::Timestamp;

use crate::core::Core;
use crate::etsy::human_size;
use crate::html::escape;
use crate::market::listing::Listing;
use crate::market::money::Currency;
use crate::market::shop::Shop;
use crate::reply::{Refusal, Reply};
use crate::server::Server;

/// Where images are served, under names like Etsy's: `il_570xN.30000001.jpg`.
pub(crate) const IMAGE_PREFIX: &str = "/img/";

/// Where videos are served.
pub(crate) const VIDEO_PREFIX: &str = "/video/";

/// How many requests the page shows.
const REQUESTS_SHOWN: usize = 60;

/// The page.
pub(crate) fn answer(server: &Server) -> Reply {
    let core = server.core();
    let mut shops = String::new();
    for shop in core.market.shops.values() {
        shops.push_str(&shop_section(&core, shop));
    }
    let text = format!(
        include_str!("page.html"),
        url = escape(&server.base_url),
        client_id = escape(&server.options.client_id),
        redirect_uris = escape(&server.options.redirect_uris.join(" ")),
        per_second = server.options.per_second,
        per_day = server.options.per_day,
        rotation = escape(&format!("{:?}", server.options.rotation)),
        now = time(core.clock.now()),
        shops = shops,
        requests = requests(&core),
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'";
    Reply::html(StatusCode::OK, text).with(CONTENT_SECURITY_POLICY, policy)
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

fn shop_section(core: &Core, shop: &Shop) -> String {
    let listings: Vec<&Listing> = core
        .market
        .listings
        .values()
        .filter(|listing| listing.shop_id == shop.id)
        .collect();
    let mut rows = String::new();
    for listing in &listings {
        rows.push_str(&listing_row(core, shop, listing));
    }
    if listings.is_empty() {
        rows.push_str("<tr><td colspan=7 class=none>no listings");
    }
    let login = core
        .market
        .users
        .get(&shop.user_id)
        .map_or("", |user| user.login_name.as_str());
    format!(
        "<section><h2>{name} <small>shop {id} · user {user} ({login}) · {country} · {currency}</small></h2>\n\
         <table><tr><th><th>Listing<th>State<th>Title<th>Price<th>Stock<th>Changed\n{rows}</table></section>\n",
        name = escape(&shop.name),
        id = shop.id,
        user = shop.user_id,
        login = escape(login),
        country = escape(&shop.country),
        currency = shop.currency.code,
    )
}

fn listing_row(core: &Core, shop: &Shop, listing: &Listing) -> String {
    let mut thumbnails = String::new();
    for listed in &listing.images {
        if let Some(image) = core.market.images.get(&listed.image_id) {
            let extension = image.sniffed.kind.extension();
            let alt = escape(&listed.alt_text);
            let _ = write!(
                thumbnails,
                "<img src=\"{IMAGE_PREFIX}il_75x75.{}.{extension}\" alt=\"{alt}\" title=\"{alt}\">",
                image.id
            );
        }
    }
    format!(
        "<tr><td class=images>{thumbnails}<td>{id}<td class=\"state {state}\">{state}\
         <td>{title}{inventory}<td class=number>{price}<td class=number>{stock}<td>{changed}\n",
        id = listing.id,
        state = escape(listing.state.name()),
        title = escape(&listing.title),
        inventory = inventory(shop.currency, listing),
        price = listing_price(shop.currency, listing),
        stock = listing.inventory.quantity(),
        changed = time(listing.modified),
    )
}

fn listing_price(currency: Currency, listing: &Listing) -> String {
    currency.display(listing.inventory.price())
}

fn inventory(currency: Currency, listing: &Listing) -> String {
    let mut rows = String::new();
    for product in &listing.inventory.products {
        let values: Vec<String> = product
            .properties
            .iter()
            .map(|property| format!("{}: {}", property.name, property.values.join(", ")))
            .collect();
        for offering in &product.offerings {
            let off = if offering.enabled { "" } else { " (off)" };
            let _ = write!(
                rows,
                "<tr><td>{}<td>{}<td class=number>{}<td class=number>{}{off}",
                escape(&values.join(" · ")),
                escape(&product.sku),
                currency.display(offering.price),
                offering.quantity,
            );
        }
    }
    let count = listing.inventory.products.len();
    let files = listing.files.len();
    let files = if files == 0 {
        String::new()
    } else {
        format!(" · {files} files")
    };
    format!(
        "<details><summary>{count} products{files}</summary>\
         <table><tr><th>Values<th>SKU<th>Price<th>Stock{rows}</table></details>"
    )
}

fn requests(core: &Core) -> String {
    let mut rows = String::new();
    for record in core.history.records().rev().take(REQUESTS_SHOWN) {
        let why = record.reason.as_deref().unwrap_or("");
        let fault = record
            .fault
            .map(|kind| format!("{kind:?}"))
            .unwrap_or_default();
        let _ = writeln!(
            rows,
            "<tr><td class=number>{number}<td>{at}<td>{method}<td>{path}<td>{operation}\
             <td class=\"number s{class}\">{status}<td class=number>{ms} ms<td class=number>{bytes}<td>{why} {fault}",
            number = record.number,
            at = time(record.at_ms / 1000),
            method = escape(&record.method),
            path = escape(&record.path),
            operation = escape(record.operation.as_deref().unwrap_or("–")),
            class = record.status / 100,
            status = record.status,
            ms = record.ms,
            bytes = human_size(record.request_bytes),
            why = escape(why),
        );
    }
    if rows.is_empty() {
        rows.push_str("<tr><td colspan=9 class=none>no requests yet");
    }
    rows
}

fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |at| at.strftime("%F %T").to_string(),
    )
}
