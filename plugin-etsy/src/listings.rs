//! What is on Etsy.

use crate::convert::axis::AxisValue;
use crate::convert::cursor::Cursor;
use crate::convert::image::Wanted;
use crate::convert::listing::{listing_page, listings_where};
use crate::convert::matrix::{Matrix, Varies};
use crate::convert::matrix_write::Context;
use crate::convert::product_read::{Parts, files, product};
use crate::convert::variation_image::VariationImages;
use crate::convert::walk::Walk;
use crate::id::Id;
use crate::limits::{ALT_TEXT_LENGTH, IMAGES, OFFSET, PAGE};
use crate::publish::attributes;
use crate::publish::images::{arrived, there, upload};
use crate::publish::offers::write_inventory;
use crate::publish::read::{
    check_own, is_of, listing_by_id, matrix_of, parse_id, variation_images,
};
use crate::publish::sources::check_one;
use crate::refusal::{call, call_all, under};
use crate::settings::{Setup, shop};
use crate::{Etsy, api};
use stoflow_plugin_sdk::listings::{Inventory, ListingPage};
use stoflow_plugin_sdk::types::{Error, Image, Listing, ListingState, PageRequest, Product};
use stoflow_plugin_sdk::{Listings, Object, Violations};

impl Listings for Etsy {
    fn list(state: Option<ListingState>, page: PageRequest) -> Result<ListingPage, Error> {
        list(state, &page)
    }

    fn get_many(ids: Vec<String>) -> Result<Vec<Listing>, Error> {
        get_many(&ids)
    }

    fn get(id: String) -> Result<Listing, Error> {
        listing_by_id(&parse_id(&id)?)
    }

    fn get_product(id: String) -> Result<Product, Error> {
        get_product(&parse_id(&id)?)
    }

    fn get_inventory(id: String) -> Result<Inventory, Error> {
        let id = parse_id(&id)?;
        inventory(&shop()?, &id)
    }

    fn set_inventory(id: String, inventory: Inventory) -> Result<Inventory, Error> {
        set_inventory(&parse_id(&id)?, &inventory)
    }

    fn add_image(id: String, image: Image, rank: Option<u32>) -> Result<Image, Error> {
        add_image(&parse_id(&id)?, &image, rank)
    }
}

fn list(state: Option<ListingState>, page: &PageRequest) -> Result<ListingPage, Error> {
    let shop = shop()?;
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let Some(start) = Cursor::start(state, page.cursor.as_deref())? else {
        // Etsy has no listings to be asked for in such a state.
        return Ok(ListingPage {
            items: Vec::new(),
            next: None,
            total: Some(0),
        });
    };
    if start.offset > OFFSET {
        let message = format!(
            "Etsy shows no more than the first {} listings of a state",
            OFFSET + PAGE
        );
        return Err(Error::Unsupported(message));
    }
    let mut walk = Walk::new(&start, limit);
    loop {
        let (places, room) = (walk.asks(), walk.room());
        if places.is_empty() {
            return Ok(walk.page());
        }
        let requests = places
            .iter()
            .map(|place| api::listings(&shop, place.state(), room, place.offset));
        for (place, reply) in places.iter().zip(call_all(requests.collect())) {
            let reply = reply?;
            let found =
                listing_page(&reply.body).map_err(|error| reply.unexpected(&error.to_string()))?;
            walk.add(place, found);
        }
    }
}

/// The listings that exist of these, in the order asked for.
fn get_many(ids: &[String]) -> Result<Vec<Listing>, Error> {
    let shop = shop()?;
    let mut wanted: Vec<Id> = Vec::new();
    // What is no number cannot be a listing's id, so it does not exist.
    for id in ids.iter().filter_map(|id| Id::parse(id)) {
        if !wanted.contains(&id) {
            wanted.push(id);
        }
    }
    let mut batches: Vec<Vec<Id>> = wanted.chunks(PAGE as usize).map(<[Id]>::to_vec).collect();
    let mut found: Vec<Listing> = Vec::new();
    while !batches.is_empty() {
        let replies = call_all(
            batches
                .iter()
                .map(|batch| api::listings_by_id(batch))
                .collect(),
        );
        let mut halves = Vec::new();
        for (batch, reply) in batches.iter().zip(replies) {
            match reply {
                Ok(reply) => {
                    let own = listings_where(&reply.body, |listing| is_of(listing, &shop))
                        .map_err(|error| reply.unexpected(&error.to_string()))?;
                    found.extend(own);
                }
                // One that is missing may hide all others of its batch.
                Err(Error::NotFound(_)) if batch.len() > 1 => {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    halves.extend([first.to_vec(), second.to_vec()]);
                }
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        batches = halves;
    }
    let place = |listing: &Listing| wanted.iter().position(|id| id.as_str() == listing.id);
    found.sort_by_key(place);
    Ok(found)
}

fn get_product(id: &Id) -> Result<Product, Error> {
    let shop = shop()?;
    let requests = vec![api::listing_with_personalization(id), api::inventory(id)];
    let mut replies = call_all(requests).into_iter();
    let unanswered = || Error::Unavailable("a request was not answered".into());
    let reply = replies.next().ok_or_else(unanswered)??;
    let listing = reply.object()?;
    check_own(&listing, id)?;
    let matrix = matrix_of(replies.next().ok_or_else(unanswered)?, &listing)?;
    let properties: Vec<AxisValue> = attributes::there(&shop, id)?;
    let digital = matches!(
        listing.text("listing_type").as_deref(),
        Some("download" | "both")
    );
    let files = if digital {
        Some(files(&call(api::files(&shop, id))?.object()?))
    } else {
        None
    };
    let images = if matrix.axes().is_empty() {
        VariationImages::default()
    } else {
        variation_images(&shop, &listing, id)?
    };
    Ok(product(
        &listing,
        &Parts {
            matrix,
            properties,
            variation_images: images,
            files,
        },
    ))
}

fn inventory(shop: &Id, id: &Id) -> Result<Inventory, Error> {
    let (matrix, images) = matrix_and_images(shop, id)?;
    Ok(matrix.inventory(&images))
}

fn matrix_and_images(shop: &Id, id: &Id) -> Result<(Matrix, VariationImages), Error> {
    let mut replies = call_all(vec![api::listing(id), api::inventory(id)]).into_iter();
    let unanswered = || Error::Unavailable("a request was not answered".into());
    let reply = replies.next().ok_or_else(unanswered)??;
    let listing = reply.object()?;
    check_own(&listing, id)?;
    let matrix = matrix_of(replies.next().ok_or_else(unanswered)?, &listing)?;
    let has_axes = !matrix.axes().is_empty();
    let images = if has_axes {
        variation_images(shop, &listing, id)?
    } else {
        VariationImages::default()
    };
    Ok((matrix, images))
}

fn set_inventory(id: &Id, wanted: &Inventory) -> Result<Inventory, Error> {
    let setup = Setup::current();
    let shop = setup.shop()?;
    let (before, images) = matrix_and_images(shop, id)?;
    let there = before.inventory(&images);
    if before.says(&wanted.variations) && wanted.extension == there.extension {
        return Ok(there);
    }
    let mut violations = Violations::default();
    let pointer = "/inventory/variations";
    if wanted.variations.is_empty() {
        violations.add(pointer, "required", "a listing has at least one variation");
    }
    let context = Context {
        current: Some(&before),
        currency: setup.currency.as_deref(),
        pointer,
    };
    let mut after = Matrix::write(&wanted.variations, context, &mut violations);
    if let Some(json) = &wanted.extension {
        match Object::parse(json.as_bytes()) {
            Ok(extension) => after.settle(Some(&Varies::read(&extension))),
            Err(_) => violations.add(
                "/inventory/extension",
                "not-an-object",
                "an extension is a JSON object",
            ),
        }
    }
    violations.into_result()?;
    after.adopt(&before);
    if after == before {
        return Ok(before.inventory(&images));
    }
    write_inventory(shop, id, &before, after).map_err(|error| under("/inventory", error))?;
    inventory(shop, id)
}

fn add_image(id: &Id, image: &Image, rank: Option<u32>) -> Result<Image, Error> {
    let shop = shop()?;
    let wanted = checked(image)?;
    check_one(&wanted)?;
    let before = there(id)?;
    if before.len() >= IMAGES {
        return Err(Error::Conflict(format!(
            "the listing has {} images, and Etsy takes no more",
            before.len()
        )));
    }
    let last = before.len() + 1;
    let rank = rank
        .and_then(|rank| usize::try_from(rank).ok())
        .map_or(last, |rank| rank.clamp(1, last));
    let known: Vec<Id> = before
        .iter()
        .filter_map(|image| Id::parse(image.id.as_deref()?))
        .collect();
    let (added, now) = match upload(&shop, id, &wanted, rank) {
        Ok((added, _)) => (added, there(id)?),
        Err(Error::Uncertain(why)) => {
            let now = there(id).map_err(|_| Error::Uncertain(why.clone()))?;
            (
                arrived(&now, &known, &wanted)?.ok_or(Error::Uncertain(why))?,
                now,
            )
        }
        Err(error) => return Err(error),
    };
    let found = now
        .into_iter()
        .find(|image| image.id.as_deref() == Some(added.as_str()));
    found.ok_or_else(|| {
        Error::Uncertain(format!(
            "Etsy took the image {added}, and does not show it yet"
        ))
    })
}

fn checked(image: &Image) -> Result<Wanted, Error> {
    let mut violations = Violations::default();
    let id = image.id.as_deref().map(Id::parse);
    if id == Some(None) {
        violations.add(
            "/image/id",
            "no-such-image",
            "this is no id of an image on Etsy",
        );
    }
    if id.is_none() && image.source.trim().is_empty() {
        violations.add(
            "/image/source",
            "required",
            "an image needs a source, or the id of one that is on Etsy",
        );
    }
    let length = image
        .alt_text
        .as_deref()
        .unwrap_or_default()
        .chars()
        .count();
    if length > ALT_TEXT_LENGTH {
        violations.add(
            "/image/alt_text",
            "too-long",
            format!("{length} characters, at most {ALT_TEXT_LENGTH}"),
        );
    }
    violations.into_result()?;
    let (source, alt_text) = (image.source.clone(), image.alt_text.clone());
    Ok(Wanted {
        id: id.flatten(),
        source,
        alt_text,
        pointer: "/image".to_owned(),
    })
}
