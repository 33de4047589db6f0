//! Etsy's requests as data, one function each. Forms carry a list as one comma-joined value: of a
//! repeated key Etsy keeps the last one only.

pub mod receipts;

use crate::id::Id;
use std::fmt;
use stoflow_plugin_sdk::http::{Multipart, Request};

/// What may stand in a path: an id, or in a plan the name of one that is not known yet.
pub trait Segment: fmt::Display {}

impl Segment for Id {}

/// The name of an id that is not known before something is sent: `{listing_id}`.
#[derive(Debug, Clone, Copy)]
pub struct Slot(pub &'static str);

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{{{}}}", self.0)
    }
}

impl Segment for Slot {}

/// The marketplace's real origin, whatever stands in for it.
pub const ORIGIN: &str = "https://api.etsy.com";
/// Under which every operation is.
pub const PREFIX: &str = "/v3/application";

/// A form's fields, in order.
pub type Form = Vec<(String, String)>;

fn url(path: &str) -> String {
    format!("{ORIGIN}{PREFIX}{path}")
}

/// Who the token speaks for.
#[must_use]
pub fn me() -> Request {
    Request::get(url("/users/me"))
}

/// The shop.
#[must_use]
pub fn shop(shop: &Id) -> Request {
    Request::get(url(&format!("/shops/{shop}")))
}

/// The shop's sections.
#[must_use]
pub fn sections(shop: &Id) -> Request {
    Request::get(url(&format!("/shops/{shop}/sections")))
}

/// A new section.
#[must_use]
pub fn create_section(shop: &Id, title: &str) -> Request {
    Request::post(url(&format!("/shops/{shop}/sections"))).form([("title", title)])
}

/// The shop's shipping profiles.
#[must_use]
pub fn shipping_profiles(shop: &Id) -> Request {
    Request::get(url(&format!("/shops/{shop}/shipping-profiles")))
}

/// The shop's return policies.
#[must_use]
pub fn return_policies(shop: &Id) -> Request {
    Request::get(url(&format!("/shops/{shop}/policies/return")))
}

/// The shop's processing profiles.
#[must_use]
pub fn processing_profiles(shop: &Id) -> Request {
    Request::get(url(&format!("/shops/{shop}/readiness-state-definitions"))).query("limit", 100)
}

/// One shipping profile.
#[must_use]
pub fn shipping_profile(shop: &Id, profile: &Id) -> Request {
    Request::get(url(&format!("/shops/{shop}/shipping-profiles/{profile}")))
}

/// A new shipping profile, with its first destination. Not idempotent: each makes another.
#[must_use]
pub fn create_shipping_profile(shop: &Id, form: Form) -> Request {
    Request::post(url(&format!("/shops/{shop}/shipping-profiles"))).form(form)
}

/// Another destination of a shipping profile.
#[must_use]
pub fn create_shipping_destination(shop: &Id, profile: &Id, form: Form) -> Request {
    Request::post(url(&format!(
        "/shops/{shop}/shipping-profiles/{profile}/destinations"
    )))
    .form(form)
}

/// Deletes a shipping profile.
#[must_use]
pub fn delete_shipping_profile(shop: &Id, profile: &Id) -> Request {
    Request::delete(url(&format!("/shops/{shop}/shipping-profiles/{profile}")))
}

/// The carriers that ship from a country (ISO 3166-1 alpha-2), with their mail classes.
#[must_use]
pub fn carriers(country: &str) -> Request {
    Request::get(url("/shipping-carriers")).query("origin_country_iso", country)
}

/// A new return policy.
#[must_use]
pub fn create_return_policy(shop: &Id, form: Form) -> Request {
    Request::post(url(&format!("/shops/{shop}/policies/return"))).form(form)
}

/// One processing profile.
#[must_use]
pub fn processing_profile(shop: &Id, profile: &Id) -> Request {
    Request::get(url(&format!(
        "/shops/{shop}/readiness-state-definitions/{profile}"
    )))
}

/// A new processing profile. Of a twin Etsy answers 409 and where the other one is.
#[must_use]
pub fn create_processing_profile(shop: &Id, form: Form) -> Request {
    Request::post(url(&format!("/shops/{shop}/readiness-state-definitions"))).form(form)
}

/// The tree of all categories.
#[must_use]
pub fn categories() -> Request {
    Request::get(url("/seller-taxonomy/nodes"))
}

/// The properties of a category.
#[must_use]
pub fn category_properties(category: &Id) -> Request {
    Request::get(url(&format!(
        "/seller-taxonomy/nodes/{category}/properties"
    )))
}

/// A page of the shop's listings in one of Etsy's states.
#[must_use]
pub fn listings(shop: &Id, state: &str, limit: u32, offset: u32) -> Request {
    Request::get(url(&format!("/shops/{shop}/listings")))
        .query("state", state)
        .query("limit", limit)
        .query("offset", offset)
        .query("includes", "Images")
}

/// A page of the shop's listings that are on sale, each with its images and its inventory.
#[must_use]
pub fn listings_on_sale(shop: &Id, limit: u32, offset: u32) -> Request {
    Request::get(url(&format!("/shops/{shop}/listings")))
        .query("state", "active")
        .query("limit", limit)
        .query("offset", offset)
        .query("includes", "Images,Inventory")
}

/// One listing, with its images.
#[must_use]
pub fn listing(listing: &Id) -> Request {
    Request::get(url(&format!("/listings/{listing}"))).query("includes", "Images")
}

/// One listing, with its images and its questions to the buyer.
#[must_use]
pub fn listing_with_personalization(listing: &Id) -> Request {
    Request::get(url(&format!("/listings/{listing}"))).query("includes", "Images,Personalization")
}

/// Up to a hundred listings.
#[must_use]
pub fn listings_by_id(ids: &[Id]) -> Request {
    let ids: Vec<&str> = ids.iter().map(Id::as_str).collect();
    Request::get(url("/listings/batch"))
        .query("listing_ids", ids.join(","))
        .query("includes", "Images")
}

/// A new draft. Not idempotent: each makes another.
#[must_use]
pub fn create_draft(shop: &impl Segment, form: Form) -> Request {
    Request::post(url(&format!("/shops/{shop}/listings"))).form(form)
}

/// Changes the fields of a listing that the form names.
#[must_use]
pub fn update_listing(shop: &impl Segment, listing: &impl Segment, form: Form) -> Request {
    Request::patch(url(&format!("/shops/{shop}/listings/{listing}"))).form(form)
}

/// Puts a listing on sale (`active`) or takes it off (`inactive`), and changes the form's fields
/// with it.
#[must_use]
pub fn set_state(
    shop: &impl Segment,
    listing: &impl Segment,
    state: &str,
    mut form: Form,
) -> Request {
    form.insert(0, ("state".into(), state.into()));
    update_listing(shop, listing, form)
}

/// A listing's text in another language. Only letters, digits and dashes get here: a product's
/// locale is checked before.
#[must_use]
pub fn translation(shop: &Id, listing: &Id, language: &str) -> Request {
    Request::get(url(&format!(
        "/shops/{shop}/listings/{listing}/translations/{language}"
    )))
}

/// Adds a listing's text in another language.
#[must_use]
pub fn create_translation(shop: &Id, listing: &Id, language: &str, form: Form) -> Request {
    Request::post(url(&format!(
        "/shops/{shop}/listings/{listing}/translations/{language}"
    )))
    .form(form)
}

/// Replaces a listing's text in another language.
#[must_use]
pub fn update_translation(shop: &Id, listing: &Id, language: &str, form: Form) -> Request {
    Request::put(url(&format!(
        "/shops/{shop}/listings/{listing}/translations/{language}"
    )))
    .form(form)
}

/// Deletes a listing.
#[must_use]
pub fn delete_listing(listing: &Id) -> Request {
    Request::delete(url(&format!("/listings/{listing}")))
}

/// A listing's products and offerings.
#[must_use]
pub fn inventory(listing: &Id) -> Request {
    Request::get(url(&format!("/listings/{listing}/inventory")))
}

/// Replaces a listing's products and offerings. `axes` is by how many properties they differ:
/// Etsy wants to be told before it takes a third.
#[must_use]
pub fn update_inventory(
    listing: &impl Segment,
    body: &impl serde::Serialize,
    axes: usize,
) -> Request {
    let request = Request::put(url(&format!("/listings/{listing}/inventory"))).json(body);
    if axes > 2 {
        request.query("max_variations_supported", axes)
    } else {
        request
    }
}

/// A listing's images.
#[must_use]
pub fn images(listing: &Id) -> Request {
    Request::get(url(&format!("/listings/{listing}/images")))
}

/// Uploads an image, read from `source` when it is sent. Not idempotent.
#[must_use]
pub fn upload_image(
    shop: &impl Segment,
    listing: &impl Segment,
    source: &str,
    rank: usize,
    alt_text: Option<&str>,
) -> Request {
    let parts = Multipart::new().file("image", source);
    image_request(shop, listing, parts, rank, alt_text)
}

/// Puts an image that Etsy has already onto a listing.
#[must_use]
pub fn assign_image(
    shop: &impl Segment,
    listing: &impl Segment,
    image: &Id,
    rank: usize,
    alt_text: Option<&str>,
) -> Request {
    let parts = Multipart::new().text("listing_image_id", image);
    image_request(shop, listing, parts, rank, alt_text)
}

fn image_request(
    shop: &impl Segment,
    listing: &impl Segment,
    parts: Multipart,
    rank: usize,
    alt_text: Option<&str>,
) -> Request {
    let mut parts = parts.text("rank", rank);
    if let Some(alt_text) = alt_text.filter(|text| !text.is_empty()) {
        parts = parts.text("alt_text", alt_text);
    }
    Request::post(url(&format!("/shops/{shop}/listings/{listing}/images"))).multipart(parts)
}

/// Takes an image off a listing.
#[must_use]
pub fn delete_image(shop: &Id, listing: &Id, image: &Id) -> Request {
    Request::delete(url(&format!(
        "/shops/{shop}/listings/{listing}/images/{image}"
    )))
}

/// Which image a value of a variation shows.
#[must_use]
pub fn variation_images(shop: &Id, listing: &Id) -> Request {
    Request::get(url(&format!(
        "/shops/{shop}/listings/{listing}/variation-images"
    )))
}

/// Replaces which images the values of a variation show.
#[must_use]
pub fn update_variation_images(
    shop: &impl Segment,
    listing: &impl Segment,
    body: &impl serde::Serialize,
) -> Request {
    Request::post(url(&format!(
        "/shops/{shop}/listings/{listing}/variation-images"
    )))
    .json(body)
}

/// A digital listing's files.
#[must_use]
pub fn files(shop: &Id, listing: &Id) -> Request {
    Request::get(url(&format!("/shops/{shop}/listings/{listing}/files")))
}

/// Uploads a file that buyers download. Not idempotent.
#[must_use]
pub fn upload_file(
    shop: &impl Segment,
    listing: &impl Segment,
    source: &str,
    name: &str,
    rank: usize,
) -> Request {
    let parts = Multipart::new()
        .file_named("file", source, Some(name.to_owned()))
        .text("name", name)
        .text("rank", rank);
    Request::post(url(&format!("/shops/{shop}/listings/{listing}/files"))).multipart(parts)
}

/// Takes a file off a digital listing.
#[must_use]
pub fn delete_file(shop: &Id, listing: &Id, file: &Id) -> Request {
    Request::delete(url(&format!(
        "/shops/{shop}/listings/{listing}/files/{file}"
    )))
}

/// A listing's attributes.
#[must_use]
pub fn properties(shop: &Id, listing: &Id) -> Request {
    Request::get(url(&format!("/shops/{shop}/listings/{listing}/properties")))
}

/// Sets one attribute.
#[must_use]
pub fn update_property(
    shop: &impl Segment,
    listing: &impl Segment,
    property: &Id,
    form: Form,
) -> Request {
    Request::put(url(&format!(
        "/shops/{shop}/listings/{listing}/properties/{property}"
    )))
    .form(form)
}

/// Removes one attribute.
#[must_use]
pub fn delete_property(shop: &Id, listing: &Id, property: &Id) -> Request {
    Request::delete(url(&format!(
        "/shops/{shop}/listings/{listing}/properties/{property}"
    )))
}

/// Replaces the questions that a listing asks its buyer.
#[must_use]
pub fn update_personalization(
    shop: &impl Segment,
    listing: &impl Segment,
    body: &impl serde::Serialize,
) -> Request {
    Request::post(url(&format!(
        "/shops/{shop}/listings/{listing}/personalization"
    )))
    .query("supports_multiple_personalization_questions", true)
    .json(body)
}

/// Removes the questions that a listing asks its buyer.
#[must_use]
pub fn delete_personalization(shop: &Id, listing: &Id) -> Request {
    Request::delete(url(&format!(
        "/shops/{shop}/listings/{listing}/personalization"
    )))
}
