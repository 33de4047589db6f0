//! Shops and their listings, with what can be done to them.

use std::fmt::Write;

use super::time;
use crate::core::Core;
use crate::html::escape;
use crate::market::listing::{Listing, State};
use crate::market::money::Currency;
use crate::market::shop::Shop;
use crate::page::IMAGE_PREFIX;

/// One section for each shop.
pub(super) fn shops(core: &Core) -> String {
    core.market
        .shops
        .values()
        .map(|shop| section(core, shop))
        .collect()
}

fn section(core: &Core, shop: &Shop) -> String {
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
        rows.push_str("<tr><td colspan=8 class=none>no listings");
    }
    let login = core
        .market
        .users
        .get(&shop.user_id)
        .map_or("", |user| user.login_name.as_str());
    format!(
        "<section aria-labelledby=shop-{id}><h2 id=shop-{id}>{name} <small>shop {id} · user {user} ({login}) · {country} · {currency}</small></h2>\n\
         <div class=scroll tabindex=0 role=region aria-labelledby=shop-{id}><table>\n<tr><th>Images<th>Listing<th>State<th>Title<th>Price<th>Stock<th>Changed<th>Buyers\n{rows}</table></div></section>\n",
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
         <td>{title}{inventory}<td class=number>{price}<td class=number>{stock}<td>{changed}<td>{buy}\n",
        id = listing.id,
        state = escape(listing.state.name()),
        title = escape(&listing.title),
        inventory = inventory(shop.currency, listing),
        price = listing_price(shop.currency, listing),
        stock = listing.inventory.quantity(),
        changed = time(listing.modified),
        buy = buy(listing),
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
    let products = if count == 1 { "product" } else { "products" };
    let files = listing.files.len();
    let files = if files == 0 {
        String::new()
    } else {
        format!(" · {files} files")
    };
    format!(
        "<details><summary>{count} {products}{files}</summary>\
         <table><tr><th>Values<th>SKU<th>Price<th>Stock{rows}</table></details>"
    )
}

/// A form for each listing that can be bought.
fn buy(listing: &Listing) -> String {
    if listing.state != State::Active {
        return String::new();
    }
    let mut products = String::new();
    for product in &listing.inventory.products {
        let values = product.properties.iter().flat_map(|it| &it.values);
        let values: Vec<&str> = values.map(String::as_str).collect();
        let _ = write!(
            products,
            "<option value={}>{}",
            product.id,
            escape(&values.join(" · "))
        );
    }
    let product = if listing.inventory.products.len() > 1 {
        format!(
            "<label>Which <select name=items.0.product_id data-as=number>{products}</select></label>"
        )
    } else {
        String::new()
    };
    format!(
        "<form data-post=orders><input type=hidden name=items.0.listing_id data-as=number value={id}>{product}\
         <label>How many <input name=items.0.quantity data-as=number type=number min=1 value=1></label>\
         <label><input type=checkbox name=paid checked> paid</label>\
         <button>Buy<span class=hidden> listing {id}</span></button></form>",
        id = listing.id,
    )
}
