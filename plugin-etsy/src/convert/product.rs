//! A product into Etsy's forms, checked: everything wrong with it is told at once, before anything
//! is sent.

use super::digital::{WantedFile, check_digital, files, is_digital, kind};
use super::extension;
use super::image::Gallery;
use super::language::{is_foreign, is_language};
use super::matrix::Matrix;
use super::matrix_write::Context;
use super::measures::{measure, weigh};
use super::policy::{Policies, policies, section};
use super::product_read::{self, Parts};
use super::provenance::Provenance;
use super::text;
use super::words::{check_materials, check_tags, check_title, joined};
use crate::api::Form;
use crate::id::Id;
use crate::settings::Setup;
use stoflow_plugin_sdk::publish::Target;
use stoflow_plugin_sdk::types::{Attribute, Error, Product, Warning};
use stoflow_plugin_sdk::{Object, Violations};

/// A product in Etsy's form. What the product does not mention is `None` or not in the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Converted {
    /// Fields of the listing itself; those that policies and sections give are not among them.
    pub form: Form,
    /// Whether nothing is shipped.
    pub digital: bool,
    /// Variations with prices and stocks.
    pub matrix: Option<Matrix>,
    /// Images in order.
    pub gallery: Option<Gallery>,
    /// What the buyer downloads.
    pub files: Option<Vec<WantedFile>>,
    /// Attributes, not yet looked up.
    pub attributes: Option<Vec<Attribute>>,
    /// The category, for looking attributes up.
    pub category: Option<Id>,
    /// Questions to the buyer, as Etsy takes them; `Some(None)` removes them.
    pub personalization: Option<Option<String>>,
    /// What the product says about policies.
    pub policies: Policies,
    /// Id or title of the section.
    pub section: Option<String>,
    /// The language of the product's text, where it is another than the listing's.
    pub language: Option<String>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// A new listing.
///
/// # Errors
///
/// `invalid` with everything that is wrong with the product.
pub fn create(product: &Product, target: Target, setup: &Setup) -> Result<Converted, Error> {
    let mut violations = Violations::default();
    let extension = extension::parse(product.extension.as_deref(), &mut violations);
    let mut converted = common(product, extension.as_ref(), &mut violations);
    converted.digital = is_digital(product, extension.as_ref(), &mut violations);
    required(product, target, &mut violations);
    let year = setup.year;
    let provenance = Provenance::of_new(
        extension.as_ref(),
        product.condition,
        &setup.settings,
        year,
        &mut violations,
    );
    if let Some(provenance) = &provenance {
        converted.form.extend(provenance.form());
        converted.warnings.extend(provenance.warning(year));
    }
    if let Some(extension) = &extension {
        converted.form.extend(extension::create_form(extension));
    }
    if let Some(renew) = setup.settings.should_auto_renew
        && !converted
            .form
            .iter()
            .any(|(name, _)| name == "should_auto_renew")
    {
        converted
            .form
            .push(("should_auto_renew".to_owned(), renew.to_string()));
    }
    converted.form.push((
        "type".to_owned(),
        kind(extension.as_ref(), converted.digital),
    ));
    offers(product, None, setup, &mut converted, &mut violations);
    check_digital(
        product,
        &converted,
        target,
        provenance.as_ref(),
        &mut violations,
    );
    unheard(product, &mut converted.warnings);
    violations.into_result()?;
    Ok(converted)
}

/// A change of the listing that `listing` shows, with the inventory `current`.
///
/// # Errors
///
/// `invalid` with everything that is wrong with the product.
pub fn update(
    product: &Product,
    listing: &Object<'_>,
    current: Option<&Matrix>,
    setup: &Setup,
) -> Result<Converted, Error> {
    let mut violations = Violations::default();
    let extension = extension::parse(product.extension.as_deref(), &mut violations);
    let new = without_what_is_there(product, listing);
    let mut converted = common(&new, extension.as_ref(), &mut violations);
    let main = listing.words("language");
    if is_foreign(product.locale.as_deref(), main.as_deref()) {
        converted.language.clone_from(&product.locale);
    }
    let was_digital = listing.text("listing_type").as_deref() == Some("download");
    let names_type = product.files.is_some()
        || extension
            .as_ref()
            .is_some_and(|extension| extension.words("type").is_some());
    converted.digital = if names_type {
        is_digital(product, extension.as_ref(), &mut violations)
    } else {
        was_digital
    };
    if names_type {
        converted.form.push((
            "type".to_owned(),
            kind(extension.as_ref(), converted.digital),
        ));
    }
    if let Some(extension) = &extension {
        let provenance = Provenance::of_change(extension, listing, setup.year, &mut violations);
        if let Some(provenance) = &provenance {
            converted.form.extend(provenance.form());
            converted.warnings.extend(provenance.warning(setup.year));
        }
        converted.form.extend(extension::update_form(extension));
        fixed(extension, listing, &mut converted.warnings);
    }
    offers(product, current, setup, &mut converted, &mut violations);
    if product.images.as_ref().is_some_and(Vec::is_empty)
        && listing.text("state").as_deref() == Some("active")
        && !listing.objects("images").is_empty()
    {
        violations.add(
            "/product/images",
            "required",
            "a listing on sale needs at least one image",
        );
    }
    check_new_images(product, &converted, &mut violations);
    unheard(product, &mut converted.warnings);
    violations.into_result()?;
    Ok(converted)
}

/// The product without the fields that the listing says already: what Etsy has is not judged again,
/// whoever wrote it and whatever the rules were then.
fn without_what_is_there(product: &Product, listing: &Object<'_>) -> Product {
    fn differs<T: Clone + PartialEq>(given: &Option<T>, there: &Option<T>) -> Option<T> {
        given.clone().filter(|_| given != there)
    }
    let mut there = product_read::product(listing, &Parts::default());
    if is_foreign(product.locale.as_deref(), there.locale.as_deref()) {
        // The listing's text is of another language than the product's.
        (there.title, there.description, there.tags) = (None, None, None);
    }
    Product {
        title: differs(&product.title, &there.title),
        description: differs(&product.description, &there.description),
        category: differs(&product.category, &there.category),
        tags: differs(&product.tags, &there.tags),
        materials: differs(&product.materials, &there.materials),
        weight: differs(&product.weight, &there.weight),
        dimensions: differs(&product.dimensions, &there.dimensions),
        ..product.clone()
    }
}

/// New images of variations come with the listing's: alone they would be added at every update.
fn check_new_images(product: &Product, converted: &Converted, violations: &mut Violations) {
    if product.images.is_some() {
        return;
    }
    for wanted in converted.gallery.iter().flat_map(|gallery| &gallery.images) {
        if wanted.id.is_none() {
            let message =
                "a new image of a variation is given with the product's images, or by its id";
            violations.add(format!("{}/id", wanted.pointer), "required", message);
        }
    }
}

/// What a creation and a change convert alike.
fn common(
    product: &Product,
    extension: Option<&Object<'_>>,
    violations: &mut Violations,
) -> Converted {
    let mut converted = Converted::default();
    if let Some(locale) = product
        .locale
        .as_deref()
        .filter(|locale| !is_language(locale))
    {
        let message = format!("{locale:?} is no language; one is written like en or pt-BR");
        violations.add("/product/locale", "no-such-language", message);
    }
    describe(product, &mut converted, violations);
    if let Some(category) = &product.category {
        converted.category = Id::parse(category);
        match &converted.category {
            Some(id) => converted
                .form
                .push(("taxonomy_id".to_owned(), id.to_string())),
            None => violations.add(
                "/product/category",
                "no-such-category",
                format!("{category:?} is no id of Etsy's taxonomy, which are numbers"),
            ),
        }
    }
    if let Some(tags) = &product.tags {
        check_tags(tags, violations);
        converted.form.push(("tags".to_owned(), joined(tags)));
    }
    if let Some(materials) = &product.materials {
        check_materials(materials, violations);
        converted
            .form
            .push(("materials".to_owned(), joined(materials)));
    }
    if let Some(weight) = &product.weight {
        weigh(weight, &mut converted.form, violations);
    }
    if let Some(dimensions) = &product.dimensions {
        measure(dimensions, &mut converted.form, violations);
    }
    converted.files = files(product, violations);
    converted.attributes.clone_from(&product.attributes);
    converted.policies = policies(product, violations, &mut converted.warnings);
    converted.section = section(product, violations);
    if let Some(extension) = extension {
        apart(extension, &mut converted);
    }
    converted
}

/// Title and description.
fn describe(product: &Product, converted: &mut Converted, violations: &mut Violations) {
    if let Some(title) = &product.title {
        check_title(title, violations);
        converted
            .form
            .push(("title".to_owned(), title.trim().to_owned()));
    }
    let Some(description) = &product.description else {
        return;
    };
    let path = "/product/description";
    let (plain, lossy) = text::plain(description);
    if plain.trim().is_empty() {
        violations.add(
            path,
            "required",
            "Etsy takes no listing without a description",
        );
    }
    if lossy {
        let message = "Etsy shows plain text: the description's formatting is left out";
        converted
            .warnings
            .push(warning("plain-text", message, path));
    }
    converted.form.push(("description".to_owned(), plain));
}

/// Members of the extension that travel apart from the form, and those that are to be cleared.
fn apart(extension: &Object<'_>, converted: &mut Converted) {
    const QUESTIONS: &str = "personalization_questions";
    let cleared = extension::cleared(extension);
    converted.personalization = if cleared.iter().any(|name| name == QUESTIONS) {
        Some(None)
    } else {
        let questions = extension.raw(QUESTIONS);
        questions.map(|questions| Some(format!("{{\"{QUESTIONS}\":{}}}", questions.get())))
    };
    for name in cleared.iter().filter(|name| *name != QUESTIONS) {
        let message = "Etsy has no way to clear this; it is kept";
        converted
            .warnings
            .push(warning("cannot-clear", message, &extension::pointer(name)));
    }
}

/// Variations and images, which belong to each other.
fn offers(
    product: &Product,
    current: Option<&Matrix>,
    setup: &Setup,
    converted: &mut Converted,
    violations: &mut Violations,
) {
    let pointer = "/product/variations";
    if let Some(variations) = &product.variations {
        if variations.is_empty() {
            violations.add(pointer, "required", "a product has at least one variation");
        } else {
            let context = Context {
                current,
                currency: setup.currency.as_deref(),
                pointer,
            };
            let mut matrix = match current.filter(|current| current.says(variations)) {
                // What Etsy has is not judged again.
                Some(current) => current.clone(),
                None => Matrix::write(variations, context, violations),
            };
            if converted.digital {
                matrix.rows.iter_mut().for_each(|row| row.readiness = None);
            }
            let named = variations
                .iter()
                .enumerate()
                .filter(|(_, variation)| !variation.identifiers.is_empty());
            for (place, _) in named {
                converted.warnings.push(warning(
                    "left-out",
                    "Etsy has no field for identifiers",
                    &format!("{pointer}/{place}/identifiers"),
                ));
            }
            converted.matrix = Some(matrix);
        }
    }
    let variations = product.variations.as_deref().unwrap_or_default();
    converted.gallery = Gallery::read(
        product.images.as_deref(),
        variations,
        converted.matrix.as_ref(),
        violations,
    );
}

/// What a new listing cannot do without.
fn required(product: &Product, target: Target, violations: &mut Violations) {
    let mut require = |there: bool, path: &str, message: &str| {
        if !there {
            violations.add(path, "required", message);
        }
    };
    require(
        product.title.is_some(),
        "/product/title",
        "Etsy takes no listing without a title",
    );
    require(
        product.description.is_some(),
        "/product/description",
        "Etsy takes no listing without a description",
    );
    require(
        product.category.is_some(),
        "/product/category",
        "Etsy takes no listing without a category: the id of a node of its seller taxonomy",
    );
    let variations = product.variations.as_deref();
    require(
        variations.is_some(),
        "/product/variations",
        "Etsy takes no listing without a price and a stock: give one variation",
    );
    if variations.is_some_and(|variations| !variations.is_empty()) {
        let stocked = variations
            .unwrap_or_default()
            .iter()
            .any(|variation| variation.quantity > 0 && !variation.hidden);
        require(
            stocked,
            "/product/variations",
            "Etsy takes no listing without stock: at least one visible variation needs a quantity above 0",
        );
    }
    if target == Target::Active {
        let has_image =
            |images: &Option<Vec<_>>| images.as_ref().is_some_and(|images| !images.is_empty());
        let shown = variations
            .unwrap_or_default()
            .iter()
            .any(|variation| !variation.images.is_empty());
        require(
            has_image(&product.images) || shown,
            "/product/images",
            "an active listing needs at least one image",
        );
    }
}

/// What Etsy has no field for is said, not skipped.
fn unheard(product: &Product, warnings: &mut Vec<Warning>) {
    let mut left_out = |given: bool, field: &str, message: &str| {
        if given {
            warnings.push(warning("left-out", message, &format!("/product/{field}")));
        }
    };
    left_out(
        product.condition_note.is_some(),
        "condition_note",
        "Etsy has no field for it; put it into the description",
    );
    left_out(
        product.brand.is_some(),
        "brand",
        "Etsy has no field for a brand; put it into the title or the description",
    );
}

/// Members that are set at creation only.
fn fixed(extension: &Object<'_>, listing: &Object<'_>, warnings: &mut Vec<Warning>) {
    let there = serde_json::Value::Object(extension::of_listing(listing)).to_string();
    let Ok(there) = Object::parse(there.as_bytes()) else {
        return;
    };
    for (name, value) in extension::create_only_form(extension) {
        let known = extension::create_only_form(&there);
        if !known.contains(&(name.clone(), value)) {
            warnings.push(warning(
                "cannot-change",
                "Etsy takes this when a listing is created only",
                &extension::pointer(&name),
            ));
        }
    }
}

/// A warning about a field.
#[must_use]
pub fn warning(code: &str, message: &str, field: &str) -> Warning {
    Warning {
        code: code.to_owned(),
        message: message.to_owned(),
        field: Some(field.to_owned()),
    }
}

#[cfg(test)]
mod tests;
