//! The files of a call, looked at before anything is sent: a product of which an image is missing
//! leaves no half of a listing.

use crate::convert::image::Wanted;
use crate::convert::product::Converted;
use crate::limits::{FILE_BYTES, IMAGE_TYPES};
use stoflow_plugin_sdk::Violations;
use stoflow_plugin_sdk::assets::{Fault, open};
use stoflow_plugin_sdk::types::Error;

/// Looks at the images and files that are still to be uploaded; so many of each are there already.
///
/// # Errors
///
/// `invalid` with everything that is wrong with them; `unavailable`, where one cannot be had now.
pub(crate) fn check(converted: &Converted, images: usize, files: usize) -> Result<(), Error> {
    let mut violations = Violations::default();
    for wanted in converted
        .gallery
        .iter()
        .flat_map(|gallery| &gallery.images)
        .skip(images)
    {
        check_image(wanted, &mut violations)?;
    }
    for file in converted
        .files
        .iter()
        .flatten()
        .skip(files)
        .filter(|file| file.id.is_none())
    {
        let pointer = format!("{}/source", file.pointer);
        if let Some((_, size)) = look(&file.source, &pointer, &mut violations)?
            && size > FILE_BYTES
        {
            let message = format!("{size} bytes, at most {FILE_BYTES}");
            violations.add(&pointer, "too-large", message);
        }
    }
    violations.into_result()
}

/// Looks at an image, unless Etsy has it already.
pub(crate) fn check_image(wanted: &Wanted, violations: &mut Violations) -> Result<(), Error> {
    if wanted.id.is_some() {
        return Ok(());
    }
    let pointer = format!("{}/source", wanted.pointer);
    if let Some((media_type, _)) = look(&wanted.source, &pointer, violations)?
        && !IMAGE_TYPES.contains(&media_type.as_str())
    {
        let message = format!(
            "it is {media_type}, and Etsy takes {}",
            IMAGE_TYPES.join(", ")
        );
        violations.add(&pointer, "media-type", message);
    }
    Ok(())
}

/// The type and size of a file; `None` where it cannot be used.
fn look(
    source: &str,
    pointer: &str,
    violations: &mut Violations,
) -> Result<Option<(String, u64)>, Error> {
    match open(source) {
        Ok(asset) => Ok(Some((asset.media_type(), asset.size()))),
        Err(fault) => {
            violations.add(pointer, "file", refusal(source, fault)?);
            Ok(None)
        }
    }
}

/// What is wrong with a file, if it is wrong for good.
fn refusal(source: &str, fault: Fault) -> Result<String, Error> {
    match fault {
        Fault::Missing => Ok(format!("there is no file {source:?} with this call")),
        Fault::Refused => Ok(format!(
            "the host may not fetch {source:?}, or it is too large or not what it says it is"
        )),
        Fault::Unavailable => Err(Error::Unavailable(format!(
            "{source:?} cannot be had now; trying again may work"
        ))),
    }
}

/// For a single image of a call.
pub(crate) fn check_one(wanted: &Wanted) -> Result<(), Error> {
    let mut violations = Violations::default();
    check_image(wanted, &mut violations)?;
    violations.into_result()
}
