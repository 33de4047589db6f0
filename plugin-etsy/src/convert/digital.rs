//! Goods that are downloaded: they have files, and nothing that only goods have which are shipped.

use super::extension::TYPES;
use super::product::Converted;
use super::provenance::Provenance;
use crate::id::Id;
use crate::limits::{FILE_NAME_LENGTH, FILES, in_file_name};
use stoflow_plugin_sdk::publish::Target;
use stoflow_plugin_sdk::types::Product;
use stoflow_plugin_sdk::{Object, Violations};

/// A file that a digital listing is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedFile {
    /// Of one that Etsy has already.
    pub id: Option<Id>,
    /// What `assets.open` takes.
    pub source: String,
    /// Its name for the buyer.
    pub name: String,
    /// Where it is in the function's arguments.
    pub pointer: String,
}

pub(super) fn is_digital(
    product: &Product,
    extension: Option<&Object<'_>>,
    violations: &mut Violations,
) -> bool {
    let named = extension.and_then(|extension| extension.words("type"));
    let digital = match named.as_deref() {
        Some("physical") => {
            if product
                .files
                .as_ref()
                .is_some_and(|files| !files.is_empty())
            {
                violations.add(
                    "/product/files",
                    "physical",
                    "physical goods have no files: Etsy would turn the listing into a download",
                );
            }
            false
        }
        Some("both") => false,
        Some(_) => true,
        None => product.files.is_some(),
    };
    if digital {
        let shipped = [
            ("/product/weight", product.weight.is_some()),
            ("/product/dimensions", product.dimensions.is_some()),
        ];
        for (path, _) in shipped.iter().filter(|(_, given)| *given) {
            violations.add(*path, "digital", "what is downloaded has none");
        }
    }
    digital
}

pub(super) fn kind(extension: Option<&Object<'_>>, digital: bool) -> String {
    let named = extension.and_then(|extension| extension.words("type"));
    let named = named.filter(|named| TYPES.contains(&named.as_str()));
    named.unwrap_or_else(|| if digital { "download" } else { "physical" }.to_owned())
}

pub(super) fn check_digital(
    product: &Product,
    converted: &Converted,
    target: Target,
    provenance: Option<&Provenance>,
    violations: &mut Violations,
) {
    if !converted.digital {
        return;
    }
    if product
        .variations
        .as_ref()
        .is_some_and(|variations| variations.len() > 1)
    {
        violations.add(
            "/product/variations",
            "digital",
            "a download has no variations on Etsy",
        );
    }
    let made_to_order =
        provenance.is_some_and(|provenance| provenance.when_made == "made_to_order");
    let has_files = converted
        .files
        .as_ref()
        .is_some_and(|files| !files.is_empty());
    if target == Target::Active && !has_files && !made_to_order {
        violations.add(
            "/product/files",
            "required",
            "an active download that is not made to order needs a file",
        );
    }
}

pub(super) fn files(product: &Product, violations: &mut Violations) -> Option<Vec<WantedFile>> {
    let files = product.files.as_ref()?;
    if files.len() > FILES {
        violations.add(
            "/product/files",
            "too-many",
            format!("{} files, at most {FILES}", files.len()),
        );
    }
    let mut wanted = Vec::new();
    for (place, file) in files.iter().enumerate() {
        let pointer = format!("/product/files/{place}");
        let id = file.id.as_deref().map(Id::parse);
        if id == Some(None) {
            violations.add(
                format!("{pointer}/id"),
                "no-such-file",
                "this is no id of a file on Etsy",
            );
        }
        if id.is_none() && file.source.trim().is_empty() {
            violations.add(
                format!("{pointer}/source"),
                "required",
                "a file needs a source, or the id of one that is on Etsy",
            );
        }
        let length = file.name.chars().count();
        if id.is_none()
            && (length == 0 || length > FILE_NAME_LENGTH || !file.name.chars().all(in_file_name))
        {
            let message = format!(
                "{:?}: a name has 1 to {FILE_NAME_LENGTH} letters, digits, dots, dashes and underscores",
                file.name
            );
            violations.add(format!("{pointer}/name"), "invalid-name", message);
        }
        let (source, name) = (file.source.clone(), file.name.clone());
        wanted.push(WantedFile {
            id: id.flatten(),
            source,
            name,
            pointer,
        });
    }
    Some(wanted)
}
