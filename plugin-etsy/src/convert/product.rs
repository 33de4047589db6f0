//! A product into Etsy's forms, checked: everything wrong with it is told at once, before anything
//! is sent.

use super::extension::{self, TYPES};
use super::image::Gallery;
use super::matrix::Matrix;
use super::matrix_write::Context;
use super::provenance::Provenance;
use super::text;
use crate::api::Form;
use crate::id::Id;
use crate::limits::{
    FILE_NAME_LENGTH, FILES, MATERIALS, SECTIONS, TAG_LENGTH, TAGS, TITLE_LENGTH, TITLE_ONCE,
    in_file_name, in_tag, in_title, is_word,
};
use crate::settings::Setup;
use stoflow_plugin_sdk::publish::Target;
use stoflow_plugin_sdk::types::{
    Attribute, Dimensions, Error, LengthUnit, PolicyKind, Product, Warning, Weight, WeightUnit,
};
use stoflow_plugin_sdk::{Decimal, Object, Violations};

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
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

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

/// Policies by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies {
    /// Shipping profile.
    pub shipping: Option<Id>,
    /// Return policy.
    pub returns: Option<Id>,
    /// Processing profile.
    pub processing: Option<Id>,
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
    let mut converted = common(product, extension.as_ref(), &mut violations);
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
    {
        violations.add(
            "/product/images",
            "required",
            "a listing on sale needs at least one image",
        );
    }
    if product.locale.is_some() && product.locale == listing.text("language") {
        unheard(
            &Product {
                locale: None,
                ..product.clone()
            },
            &mut converted.warnings,
        );
    } else {
        unheard(product, &mut converted.warnings);
    }
    violations.into_result()?;
    Ok(converted)
}

/// What a creation and a change convert alike.
fn common(
    product: &Product,
    extension: Option<&Object<'_>>,
    violations: &mut Violations,
) -> Converted {
    let mut converted = Converted::default();
    let mut field = |name: &str, value: String| converted.form.push((name.to_owned(), value));
    if let Some(title) = &product.title {
        check_title(title, violations);
        field("title", title.trim().to_owned());
    }
    if let Some(description) = &product.description {
        let (plain, lossy) = text::plain(description);
        if plain.trim().is_empty() {
            violations.add(
                "/product/description",
                "required",
                "Etsy takes no listing without a description",
            );
        }
        field("description", plain);
        if lossy {
            converted.warnings.push(warning(
                "plain-text",
                "Etsy shows plain text: the description's formatting is left out",
                "/product/description",
            ));
        }
    }
    let mut field = |name: &str, value: String| converted.form.push((name.to_owned(), value));
    if let Some(category) = &product.category {
        match Id::parse(category) {
            Some(id) => {
                field("taxonomy_id", id.to_string());
                converted.category = Some(id);
            }
            None => violations.add(
                "/product/category",
                "no-such-category",
                format!("{category:?} is no id of Etsy's taxonomy, which are numbers"),
            ),
        }
    }
    let mut field = |name: &str, value: String| converted.form.push((name.to_owned(), value));
    if let Some(tags) = &product.tags {
        check_tags(tags, violations);
        field("tags", joined(tags));
    }
    if let Some(materials) = &product.materials {
        check_materials(materials, violations);
        field("materials", joined(materials));
    }
    if let Some(weight) = &product.weight {
        weigh(weight, &mut converted.form, violations);
    }
    if let Some(dimensions) = &product.dimensions {
        measure(dimensions, &mut converted.form, violations);
    }
    converted.files = files(product, violations);
    converted.attributes = product.attributes.clone();
    converted.policies = policies(product, violations, &mut converted.warnings);
    converted.section = section(product, violations);
    if let Some(extension) = extension {
        let cleared = extension::cleared(extension);
        converted.personalization = if cleared
            .iter()
            .any(|name| name == "personalization_questions")
        {
            Some(None)
        } else {
            let questions = extension.raw("personalization_questions");
            questions.map(|questions| {
                Some(format!(
                    r#"{{"personalization_questions":{}}}"#,
                    questions.get()
                ))
            })
        };
        let kept = cleared
            .iter()
            .filter(|name| *name != "personalization_questions");
        converted.warnings.extend(kept.map(|name| {
            warning(
                "cannot-clear",
                "Etsy has no way to clear this; it is kept",
                &extension::pointer(name),
            )
        }));
    }
    converted
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
            let mut matrix = Matrix::write(variations, context, violations);
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

fn is_digital(
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

fn kind(extension: Option<&Object<'_>>, digital: bool) -> String {
    let named = extension.and_then(|extension| extension.words("type"));
    let named = named.filter(|named| TYPES.contains(&named.as_str()));
    named.unwrap_or_else(|| if digital { "download" } else { "physical" }.to_owned())
}

fn check_digital(
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

fn check_title(title: &str, violations: &mut Violations) {
    let path = "/product/title";
    let length = title.trim().chars().count();
    if length == 0 {
        violations.add(path, "required", "Etsy takes no listing without a title");
    }
    if length > TITLE_LENGTH {
        violations.add(
            path,
            "too-long",
            format!("{length} characters, at most {TITLE_LENGTH}"),
        );
    }
    let odd = odd_characters(title, in_title);
    if !odd.is_empty() {
        violations.add(
            path,
            "invalid-characters",
            format!("it has characters that Etsy refuses: {odd}"),
        );
    }
    for once in TITLE_ONCE {
        if title.matches(once).count() > 1 {
            violations.add(
                path,
                "repeated-character",
                format!("Etsy allows {once} once in a title"),
            );
        }
    }
}

fn check_tags(tags: &[String], violations: &mut Violations) {
    if tags.len() > TAGS {
        violations.add(
            "/product/tags",
            "too-many",
            format!("{} tags, at most {TAGS}", tags.len()),
        );
    }
    for (place, tag) in tags.iter().enumerate() {
        let path = format!("/product/tags/{place}");
        let tag = tag.trim();
        let length = tag.chars().count();
        if length == 0 {
            violations.add(&path, "empty", "a tag is not empty");
        }
        if length > TAG_LENGTH {
            violations.add(
                &path,
                "too-long",
                format!("{tag:?} has {length} characters, at most {TAG_LENGTH}"),
            );
        }
        let odd = odd_characters(tag, in_tag);
        if !odd.is_empty() {
            violations.add(
                &path,
                "invalid-characters",
                format!("{tag:?} has a character that Etsy refuses: {odd}"),
            );
        }
        if tag.starts_with(['-', '\'']) {
            violations.add(
                &path,
                "invalid-start",
                format!("{tag:?} starts with a character that Etsy refuses there"),
            );
        }
        if tags
            .iter()
            .take(place)
            .any(|earlier| earlier.trim().to_lowercase() == tag.to_lowercase())
        {
            violations.add(&path, "repeated", format!("{tag:?} stands twice"));
        }
    }
}

fn check_materials(materials: &[String], violations: &mut Violations) {
    if materials.len() > MATERIALS {
        violations.add(
            "/product/materials",
            "too-many",
            format!("{} materials, at most {MATERIALS}", materials.len()),
        );
    }
    for (place, material) in materials.iter().enumerate() {
        let path = format!("/product/materials/{place}");
        if material.trim().is_empty() {
            violations.add(&path, "empty", "a material is not empty");
        }
        let odd = odd_characters(material, is_word);
        if !odd.is_empty() {
            violations.add(
                &path,
                "invalid-characters",
                format!("{material:?} has a character that Etsy refuses: {odd}"),
            );
        }
    }
}

/// The characters that are not allowed, each once.
fn odd_characters(text: &str, allowed: impl Fn(char) -> bool) -> String {
    let mut odd: Vec<String> = Vec::new();
    for character in text.trim().chars().filter(|character| !allowed(*character)) {
        let shown = if character.is_control() {
            format!("{character:?}")
        } else {
            character.to_string()
        };
        if !odd.contains(&shown) {
            odd.push(shown);
        }
    }
    odd.join(" ")
}

/// Etsy takes a list as one value, its elements joined by commas.
fn joined(items: &[String]) -> String {
    items
        .iter()
        .map(|item| item.trim())
        .collect::<Vec<_>>()
        .join(",")
}

fn weigh(weight: &Weight, form: &mut Form, violations: &mut Violations) {
    let unit = match weight.unit {
        WeightUnit::G => "g",
        WeightUnit::Kg => "kg",
        WeightUnit::Oz => "oz",
        WeightUnit::Lb => "lb",
    };
    if let Some(value) = positive(&weight.value, "/product/weight/value", violations) {
        form.push(("item_weight".to_owned(), value));
        form.push(("item_weight_unit".to_owned(), unit.to_owned()));
    }
}

fn measure(dimensions: &Dimensions, form: &mut Form, violations: &mut Violations) {
    let unit = match dimensions.unit {
        LengthUnit::Mm => "mm",
        LengthUnit::Cm => "cm",
        LengthUnit::M => "m",
        LengthUnit::In => "in",
        LengthUnit::Ft => "ft",
        LengthUnit::Yd => "yd",
    };
    let sides = [
        ("length", &dimensions.length),
        ("width", &dimensions.width),
        ("height", &dimensions.height),
    ];
    for (side, value) in sides {
        if let Some(value) = positive(value, &format!("/product/dimensions/{side}"), violations) {
            form.push((format!("item_{side}"), value));
        }
    }
    form.push(("item_dimensions_unit".to_owned(), unit.to_owned()));
}

/// A measure above nought: with a weight of 0 Etsy answers 500 and makes the listing all the same.
fn positive(value: &str, path: &str, violations: &mut Violations) -> Option<String> {
    match value.parse::<Decimal>() {
        Ok(number) if number > Decimal::ZERO => Some(number.to_string()),
        Ok(_) => {
            violations.add(path, "too-low", format!("{value} is not above 0"));
            None
        }
        Err(error) => {
            violations.add(path, "not-a-decimal", error.to_string());
            None
        }
    }
}

fn files(product: &Product, violations: &mut Violations) -> Option<Vec<WantedFile>> {
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

fn policies(
    product: &Product,
    violations: &mut Violations,
    warnings: &mut Vec<Warning>,
) -> Policies {
    let mut policies = Policies::default();
    for (place, policy) in product.policies.iter().enumerate() {
        let path = format!("/product/policies/{place}");
        let slot = match policy.kind {
            PolicyKind::Shipping => &mut policies.shipping,
            PolicyKind::Returns => &mut policies.returns,
            PolicyKind::Processing => &mut policies.processing,
            PolicyKind::Payment | PolicyKind::Location => {
                warnings.push(warning(
                    "left-out",
                    "Etsy has no policies of this kind",
                    &path,
                ));
                continue;
            }
        };
        match Id::parse(&policy.id) {
            Some(_) if slot.is_some() => {
                violations.add(&path, "repeated", "one policy of a kind at most")
            }
            Some(id) => *slot = Some(id),
            None => violations.add(
                format!("{path}/id"),
                "no-such-policy",
                format!(
                    "{:?} is no id of a policy on Etsy, which are numbers",
                    policy.id
                ),
            ),
        }
    }
    policies
}

fn section(product: &Product, violations: &mut Violations) -> Option<String> {
    let sections = product.sections.as_ref()?;
    if sections.len() > SECTIONS as usize {
        violations.add(
            "/product/sections",
            "too-many",
            "a listing is in one section of the shop at most",
        );
    }
    Some(
        sections
            .first()
            .map(|section| section.trim().to_owned())
            .unwrap_or_default(),
    )
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
    left_out(
        product.locale.is_some(),
        "locale",
        "Etsy takes the text in the shop's own language",
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
