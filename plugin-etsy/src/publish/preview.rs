//! What Etsy would be sent for a new listing, without sending anything.

use super::images::order;
use super::policies::{Kind, Known};
use crate::api::{self, Form, Slot};
use crate::convert::attribute::{is_resolved, properties};
use crate::convert::product::{self, Converted};
use crate::settings::Setup;
use stoflow_plugin_sdk::http::Request;
use stoflow_plugin_sdk::publish::{Plan, PlannedRequest, Target};
use stoflow_plugin_sdk::types::{Error, Product, Warning};

const LISTING: Slot = Slot("listing_id");

/// The requests that creating the listing would take; ids that are not known before are named in
/// braces.
///
/// # Errors
///
/// `invalid` with everything that is wrong with the product.
pub fn plan(product: &Product, target: Target, setup: &Setup) -> Result<Plan, Error> {
    let converted = product::create(product, target, setup)?;
    let requests = match &setup.shop {
        Some(shop) => requests(&converted, target, setup, shop),
        None => requests(&converted, target, setup, &Slot("shop_id")),
    };
    let mut warnings = converted.warnings.clone();
    for attribute in converted
        .attributes
        .iter()
        .flatten()
        .filter(|attribute| !is_resolved(attribute))
    {
        warnings.push(Warning {
            code: "looked-up".to_owned(),
            message: format!(
                "the ids of the attribute {:?} are looked up in the category when it is published",
                attribute.name
            ),
            field: Some("/product/attributes".to_owned()),
        });
    }
    Ok(Plan { requests, warnings })
}

fn requests(
    converted: &Converted,
    target: Target,
    setup: &Setup,
    shop: &impl api::Segment,
) -> Vec<PlannedRequest> {
    let mut form = draft_form(converted);
    form.extend(policies(converted, target, setup));
    let mut requests = vec![api::create_draft(shop, form).planned()];
    for (place, wanted) in converted
        .gallery
        .iter()
        .flat_map(|gallery| &gallery.images)
        .enumerate()
    {
        let (rank, alt_text) = (place + 1, wanted.alt_text.as_deref());
        let request = match &wanted.id {
            Some(id) => api::assign_image(shop, &LISTING, id, rank, alt_text),
            None => api::upload_image(shop, &LISTING, &wanted.source, rank, alt_text),
        };
        requests.push(request.planned());
    }
    for (place, file) in converted.files.iter().flatten().enumerate() {
        requests
            .push(api::upload_file(shop, &LISTING, &file.source, &file.name, place + 1).planned());
    }
    requests.extend(inventory(converted).map(|request| request.planned()));
    let (known, _) = properties(converted.attributes.as_deref().unwrap_or_default(), &[]);
    for property in known {
        requests
            .push(api::update_property(shop, &LISTING, &property.id, property.form()).planned());
    }
    if let Some(Some(questions)) = &converted.personalization
        && let Ok(body) = serde_json::from_str::<serde_json::Value>(questions)
    {
        requests.push(api::update_personalization(shop, &LISTING, &body).planned());
    }
    if converted
        .gallery
        .as_ref()
        .is_some_and(|gallery| gallery.by_value.is_some())
    {
        let body = serde_json::json!({"variation_images": "by the ids that Etsy gives the values"});
        requests.push(api::update_variation_images(shop, &LISTING, &body).planned());
    }
    if target == Target::Active {
        let images = converted.gallery.iter().flat_map(|gallery| &gallery.images);
        let names: Vec<_> = (1..=images.count())
            .map(|rank| format!("{{listing_image_id {rank}}}"))
            .collect();
        requests.push(api::set_state(shop, &LISTING, "active", order(&names)).planned());
    }
    requests
}

fn inventory(converted: &Converted) -> Option<Request> {
    let matrix = converted.matrix.as_ref()?;
    Some(api::update_inventory(
        &LISTING,
        &matrix.body().ok()?,
        matrix.axes().len(),
    ))
}

/// The form that creates the draft, but for the policies: the listing's fields, the lowest price and
/// the whole stock, which the inventory then says in full.
#[must_use]
pub(super) fn draft_form(converted: &Converted) -> Form {
    let rows = converted
        .matrix
        .as_ref()
        .map(|matrix| matrix.rows.as_slice())
        .unwrap_or_default();
    let visible: Vec<_> = rows.iter().filter(|row| row.enabled).collect();
    let price = visible.iter().filter_map(|row| row.price).min();
    let stock = visible
        .iter()
        .map(|row| row.quantity)
        .fold(0, u32::saturating_add);
    let stock = stock.clamp(1, crate::limits::QUANTITY);
    let mut form = converted.form.clone();
    form.push(("quantity".to_owned(), stock.to_string()));
    form.extend(price.map(|price| ("price".to_owned(), price.to_string())));
    form.retain(|(name, value)| {
        !(value.is_empty() && matches!(name.as_str(), "tags" | "materials"))
    });
    form
}

fn policies(converted: &Converted, target: Target, setup: &Setup) -> Form {
    let names = [
        "shipping_profile_id",
        "return_policy_id",
        "readiness_state_id",
        "shop_section_id",
    ];
    let fields = Kind::ALL.iter().zip(names).filter_map(|(kind, name)| {
        let value = match kind.known(converted, target, setup) {
            Known::Settled(id) => id?.to_string(),
            Known::Titled(title) => format!("{{{title}}}"),
            Known::Only { needed: true } => format!("{{{name}}}"),
            Known::Only { needed: false } => return None,
        };
        Some((name.to_owned(), value))
    });
    fields.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use stoflow_plugin_sdk::types::{
        Attribute, AttributeValue, Condition, Image, Money, Text, Variation,
    };

    fn mug() -> Product {
        let variation = |amount: &str, quantity| Variation {
            id: None,
            sku: None,
            choices: vec![Attribute {
                key: None,
                name: "Glaze".into(),
                values: vec![AttributeValue {
                    id: None,
                    text: amount.into(),
                    scale: None,
                }],
            }],
            price: Some(Money {
                amount: amount.into(),
                currency: "EUR".into(),
            }),
            quantity,
            hidden: false,
            images: Vec::new(),
            identifiers: Vec::new(),
            extension: None,
        };
        let image = |source: &str| Image {
            id: None,
            source: source.into(),
            alt_text: None,
        };
        Product {
            title: Some("Mug".into()),
            description: Some(Text::Plain("A mug".into())),
            locale: None,
            category: Some("12".into()),
            condition: Some(Condition::New),
            condition_note: None,
            brand: None,
            attributes: Some(vec![Attribute {
                key: None,
                name: "Colour".into(),
                values: Vec::new(),
            }]),
            tags: Some(Vec::new()),
            materials: None,
            images: Some(vec![image("asset:a.jpg"), image("asset:b.jpg")]),
            files: None,
            variations: Some(vec![variation("19", 4), variation("18.50", 2)]),
            weight: None,
            dimensions: None,
            policies: Vec::new(),
            sections: None,
            extension: None,
        }
    }

    #[test]
    fn a_plan_lists_every_request_in_order() {
        let setup = Setup {
            year: 2026,
            ..Setup::default()
        };
        let plan = plan(&mug(), Target::Active, &setup).unwrap();
        let shown: Vec<String> = plan
            .requests
            .iter()
            .map(|request| {
                format!(
                    "{} {}",
                    request.method,
                    request.path.replace("/v3/application", "")
                )
            })
            .collect();
        let expected = [
            "POST /shops/{shop_id}/listings",
            "POST /shops/{shop_id}/listings/{listing_id}/images",
            "POST /shops/{shop_id}/listings/{listing_id}/images",
            "PUT /listings/{listing_id}/inventory",
            "PATCH /shops/{shop_id}/listings/{listing_id}",
        ];
        assert_eq!(shown, expected);
        let draft = &plan.requests.first().unwrap().body;
        for field in [
            "quantity=6",
            "price=18.50",
            "shipping_profile_id=%7Bshipping_profile_id%7D",
            "who_made=i_did",
        ] {
            assert!(draft.contains(field), "{field} in {draft}");
        }
        assert!(
            !draft.contains("tags="),
            "a blank list is left out: {draft}"
        );
        assert_eq!(
            plan.requests.get(1).unwrap().body,
            "image=asset:a.jpg&rank=1"
        );
        assert_eq!(plan.warnings.len(), 1);
    }

    #[test]
    fn a_draft_is_not_put_on_sale_and_a_shop_is_named_where_it_is_known() {
        let setup = Setup {
            year: 2026,
            shop: Id::parse("7"),
            ..Setup::default()
        };
        let plan = plan(&mug(), Target::Draft, &setup).unwrap();
        assert!(
            plan.requests
                .iter()
                .all(|request| request.method != "PATCH")
        );
        assert_eq!(
            plan.requests.first().unwrap().path,
            "/v3/application/shops/7/listings"
        );
    }
}
