//! Files of digital listings. The first one makes a physical listing digital, the last one's deletion
//! makes it physical again.

use super::{Call, listing_fields, lookups, render};
use crate::core::Core;
use crate::facts;
use crate::ids::Kind;
use crate::input::Upload;
use crate::market::listing::{Listing, StoredFile, Type};
use crate::reply::{Refusal, Reply};

pub(super) fn upload(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let body = &call.input.body;
    let mut listing = lookups::own_listing(core, call)?.clone();
    let file = match (call.input.files.get("file"), body.int("listing_file_id")) {
        (Some(file), _) => new_file(core, file, body.text("name"), &listing, call.now)?,
        (None, Some(id)) => {
            let known = core
                .market
                .files
                .get(&id)
                .filter(|file| file.shop_id == listing.shop_id);
            known
                .ok_or_else(|| Refusal::missing("listing file", id))?
                .clone()
        }
        (None, None) => {
            return Err(Refusal::bad(
                "Either a file and its name or a listing_file_id must be provided.",
            ));
        }
    };
    listing.files.retain(|id| *id != file.id);
    if listing.files.len() >= facts::FILES_MAX {
        return Err(Refusal::violation(
            "/files",
            "array_too_long",
            "cannot be more than 5 items",
        ));
    }
    if listing.kind == Type::Physical {
        listing_fields::make_digital(&mut listing);
    }
    let rank = usize::try_from(body.int("rank").unwrap_or(1)).unwrap_or(1);
    let position = rank.saturating_sub(1).min(listing.files.len());
    listing.files.insert(position, file.id);
    listing.touch(call.now);
    let shown = render::file(listing.id, &file, position + 1);
    core.market.files.insert(file.id, file);
    core.market.listings.insert(listing.id, listing);
    Ok(Reply::created(&shown))
}

fn new_file(
    core: &mut Core,
    file: &Upload,
    name: Option<&str>,
    listing: &Listing,
    now: i64,
) -> Result<StoredFile, Refusal> {
    let name = name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Refusal::bad("Missing input parameter: [name]"))?;
    if name.chars().count() > facts::FILE_NAME_MAX {
        return Err(Refusal::violation(
            "/name",
            "string_too_long",
            "cannot be more than 70 characters",
        ));
    }
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    {
        return Err(Refusal::violation(
            "/name",
            "invalid_characters",
            "contains invalid characters",
        ));
    }
    if file.bytes.is_empty() || file.bytes.len() > facts::FILE_BYTES_MAX {
        return Err(Refusal::bad("An error ocurred while uploading your file")
            .because("a file has 1 byte to 20 MiB"));
    }
    let id = core.ids.next(Kind::File);
    let shop_id = listing.shop_id;
    Ok(StoredFile {
        id,
        shop_id,
        name: name.to_owned(),
        bytes: file.bytes.clone(),
        created: now,
    })
}

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::own_listing(core, call)?.clone();
    let files = (1..).zip(&listing.files).filter_map(|(rank, id)| {
        let file = core.market.files.get(id)?;
        Some(render::file(listing.id, file, rank))
    });
    Ok(Reply::ok(&render::all(files.collect())))
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::own_listing(core, call)?.clone();
    let id = call.input.id("listing_file_id");
    let position = listing.files.iter().position(|file| *file == id);
    let found = position.zip(core.market.files.get(&id));
    let (position, file) = found.ok_or_else(|| Refusal::missing("listing file", id))?;
    Ok(Reply::ok(&render::file(listing.id, file, position + 1)))
}

pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("listing_file_id");
    let listing = lookups::own_listing(core, call)?;
    let position = listing.files.iter().position(|file| *file == id);
    let position = position.ok_or_else(|| Refusal::missing("listing file", id))?;
    listing.files.remove(position);
    if listing.files.is_empty() {
        listing.kind = Type::Physical;
    }
    listing.touch(call.now);
    Ok(Reply::deleted())
}

/// A size as Etsy shows it: `1.50 MB`.
pub(crate) fn human_size(bytes: usize) -> String {
    let hundredths = |unit: usize| bytes.saturating_mul(100) / unit;
    let shown = |unit: usize, name: &str| {
        let hundredths = hundredths(unit);
        format!("{}.{:02} {name}", hundredths / 100, hundredths % 100)
    };
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => shown(1024, "KB"),
        _ => shown(1_048_576, "MB"),
    }
}

/// The type that a file's name promises.
pub(super) fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_like_etsys() {
        assert_eq!(human_size(512), "512 B");
        assert_eq!(human_size(1536), "1.50 KB");
        assert_eq!(human_size(3 * 1_048_576), "3.00 MB");
        assert_eq!(content_type("Plan.PDF"), "application/pdf");
    }
}
