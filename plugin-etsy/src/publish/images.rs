//! Images onto a listing, one after the other: uploaded at once their order would be chance.
//!
//! An upload that broke off may have arrived. Before another one is sent the listing's images are
//! read, and one that nobody accounts for is taken as the one in doubt.

use crate::api;
use crate::convert::image::{Gallery, Wanted, image, images};
use crate::id::Id;
use crate::limits::IMAGES;
use crate::refusal::{at, call};
use stoflow_plugin_sdk::types::{Error, Image};
use stoflow_plugin_sdk::{Object, journal};

/// Sends one image; its id, and the image as Etsy shows it from now on.
///
/// # Errors
///
/// `uncertain`, where it may have arrived.
pub(crate) fn upload(
    shop: &Id,
    listing: &Id,
    wanted: &Wanted,
    rank: usize,
) -> Result<(Id, Image), Error> {
    let alt_text = wanted.alt_text.as_deref();
    let request = match &wanted.id {
        Some(id) => api::assign_image(shop, listing, id, rank, alt_text),
        None => api::upload_image(shop, listing, &wanted.source, rank, alt_text),
    };
    let reply = call(request).map_err(|error| at(&wanted.pointer, error))?;
    let (_, image) = image(&reply.object()?);
    let id = image.id.as_deref().and_then(Id::parse);
    let id = id.ok_or_else(|| reply.unexpected("an image without an id"))?;
    Ok((id, image))
}

/// The images that a listing has now, in order.
pub(crate) fn there(listing: &Id) -> Result<Vec<Image>, Error> {
    let reply = call(api::images(listing))?;
    Ok(images(&reply.object()?.objects("results")))
}

/// The image, of those there, that an upload in doubt made: the one that nobody accounts for.
///
/// # Errors
///
/// `uncertain`, where several could be it.
pub(crate) fn arrived(there: &[Image], known: &[Id], wanted: &Wanted) -> Result<Option<Id>, Error> {
    let id = |image: &Image| image.id.as_deref().and_then(Id::parse);
    if let Some(wanted) = &wanted.id {
        return Ok(there.iter().filter_map(id).find(|id| id == wanted));
    }
    let unknown: Vec<(Id, &Image)> = there
        .iter()
        .filter_map(|image| Some((id(image)?, image)))
        .filter(|(id, _)| !known.contains(id))
        .collect();
    let alt_text = wanted.alt_text.as_deref().filter(|text| !text.is_empty());
    let alike: Vec<&(Id, &Image)> = unknown
        .iter()
        .filter(|(_, image)| image.alt_text.as_deref() == alt_text)
        .collect();
    match (unknown.as_slice(), alike.as_slice()) {
        ([], _) => Ok(None),
        ([(only, _)], _) | (_, [(only, _)]) => Ok(Some(only.clone())),
        _ => {
            let ids: Vec<String> = unknown.iter().map(|(id, _)| id.to_string()).collect();
            Err(Error::Uncertain(format!(
                "the upload of {} broke off, and any of the images {} may be it: delete on Etsy those \
                 that are too many",
                wanted.source,
                ids.join(", ")
            )))
        }
    }
}

/// Brings a listing's images into this order.
pub(super) fn set_order(shop: &Id, listing: &Id, ids: &[Id]) -> Result<(), Error> {
    call(api::update_listing(shop, listing, image_ids(ids))).map(|_| ())
}

fn image_ids(ids: &[impl ToString]) -> api::Form {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    vec![("image_ids".to_owned(), ids.join(","))]
}

/// What an activation says of the images' order, which saves a request; nothing where there is
/// nothing to order.
pub(super) fn order(ids: &[impl ToString]) -> api::Form {
    match ids {
        [] | [_] => api::Form::new(),
        _ => image_ids(ids),
    }
}

/// Makes a listing's images those of the gallery: kept ones stay, new ones are uploaded, the rest
/// goes. Doing it again after it broke off ends with the same images.
pub(super) fn replace(
    shop: &Id,
    id: &Id,
    gallery: &Gallery,
    listing: &Object<'_>,
) -> Result<Vec<Id>, Error> {
    let before = images(&listing.objects("images"));
    let before: Vec<Id> = before
        .iter()
        .filter_map(|image| Id::parse(image.id.as_deref()?))
        .collect();
    let kept: Vec<&Id> = gallery
        .images
        .iter()
        .filter_map(|wanted| wanted.id.as_ref())
        .collect();
    let mut surplus: Vec<Id> = before
        .iter()
        .filter(|id| !kept.contains(id))
        .cloned()
        .collect();
    if before.iter().eq(kept.iter().copied()) && kept.len() == gallery.images.len() {
        return Ok(before);
    }
    let total = gallery.images.len();
    let (mut count, mut ids) = (before.len(), Vec::new());
    for (place, wanted) in gallery.images.iter().enumerate() {
        if let Some(known) = wanted.id.as_ref().filter(|known| before.contains(known)) {
            ids.push(known.clone());
            continue;
        }
        // A full listing takes no more before one has gone.
        if count >= IMAGES
            && let Some(gone) = surplus.pop()
        {
            call(api::delete_image(shop, id, &gone))?;
            count -= 1;
        }
        journal::report(
            &format!("image {} of {total}", place + 1),
            index(place),
            index(total),
        );
        let (added, _) = upload(shop, id, wanted, (count + 1).min(IMAGES))?;
        ids.push(added);
        count += 1;
    }
    for gone in surplus {
        ignore_missing(call(api::delete_image(shop, id, &gone)))?;
    }
    let now = there(id)?;
    let now = now.iter().map(|image| image.id.as_deref());
    if !ids.is_empty() && now.ne(ids.iter().map(|id| Some(id.as_str()))) {
        set_order(shop, id, &ids)?;
    }
    Ok(ids)
}

fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// What is gone already need not go.
pub(super) fn ignore_missing<T>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Ok(_) | Err(Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(id: &str, alt_text: Option<&str>) -> Image {
        Image {
            id: Some(id.into()),
            source: String::new(),
            alt_text: alt_text.map(Into::into),
        }
    }

    fn wanted(alt_text: Option<&str>) -> Wanted {
        Wanted {
            id: None,
            source: "asset:a.jpg".into(),
            alt_text: alt_text.map(Into::into),
            pointer: String::new(),
        }
    }

    #[test]
    fn an_image_that_nobody_accounts_for_is_the_one_in_doubt() {
        let known = [Id::parse("1").unwrap()];
        let there = [image("1", None), image("2", Some("odd"))];
        assert_eq!(arrived(&there, &known, &wanted(None)), Ok(Id::parse("2")));
        assert_eq!(arrived(&there[..1], &known, &wanted(None)), Ok(None));
    }

    #[test]
    fn of_several_the_one_with_the_same_words_is_it_or_a_person_decides() {
        let there = [image("2", Some("front")), image("3", Some("back"))];
        assert_eq!(
            arrived(&there, &[], &wanted(Some("back"))),
            Ok(Id::parse("3"))
        );
        assert!(matches!(
            arrived(&there, &[], &wanted(None)),
            Err(Error::Uncertain(_))
        ));
        let twins = [image("2", Some("back")), image("3", Some("back"))];
        assert!(
            matches!(arrived(&twins, &[], &wanted(Some("back"))), Err(Error::Uncertain(text)) if text.contains("2, 3"))
        );
    }

    #[test]
    fn an_assigned_image_is_known_by_its_id() {
        let assigned = Wanted {
            id: Id::parse("7"),
            ..wanted(None)
        };
        assert_eq!(arrived(&[image("5", None)], &[], &assigned), Ok(None));
        assert_eq!(
            arrived(&[image("7", None)], &[], &assigned),
            Ok(Id::parse("7"))
        );
    }
}
