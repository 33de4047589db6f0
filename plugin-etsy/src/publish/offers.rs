//! Prices and stocks. Etsy takes a listing's inventory whole, so the changes of a listing are put
//! into what is there: one read and one write for each listing.
//!
//! Etsy refuses a listing without any stock. One that has run out is paused, and keeps on Etsy the
//! stock that it had, which nobody can buy.

use super::read::{listing_by_id, parse_id};
use super::state::take_off_sale;
use crate::api;
use crate::convert::matrix::{Index, Matrix};
use crate::convert::price::price;
use crate::id::Id;
use crate::limits::QUANTITY;
use crate::refusal::{call, call_all};
use crate::settings::Setup;
use stoflow_plugin_sdk::Violations;
use stoflow_plugin_sdk::http::Response;
use stoflow_plugin_sdk::publish::OfferChange;
use stoflow_plugin_sdk::types::{Error, ListingState, Warning};

/// How many listings are read or written at once: no more than Etsy lets through in a second.
const AT_ONCE: usize = 8;

type Answer = Result<Vec<Warning>, Error>;

/// The changes of one listing, by their places in the call.
struct Group {
    listing: Id,
    places: Vec<usize>,
}

/// Many prices and stocks; an answer for each, in the same order.
pub(super) fn set_offers(changes: &[OfferChange]) -> Vec<Answer> {
    let setup = Setup::current();
    let shop = match setup.shop() {
        Ok(shop) => shop.clone(),
        Err(error) => return changes.iter().map(|_| Err(error.clone())).collect(),
    };
    let mut answers: Vec<Option<Answer>> = changes.iter().map(|_| None).collect();
    let groups = group(changes, &mut answers);
    for groups in groups.chunks(AT_ONCE) {
        let inventories = call_all(
            groups
                .iter()
                .map(|group| api::inventory(&group.listing))
                .collect(),
        );
        let mut written: Vec<(&Group, Matrix, Matrix)> = Vec::new();
        for (group, inventory) in groups.iter().zip(inventories) {
            match matrix(&group.listing, inventory) {
                Ok(before) => {
                    let mut after = before.clone();
                    apply(
                        changes,
                        group,
                        &mut after,
                        setup.currency.as_deref(),
                        &mut answers,
                    );
                    written.push((group, before, after));
                }
                Err(error) => answer_all(group, &Err(error), &mut answers),
            }
        }
        write(&shop, written, &mut answers);
    }
    let unanswered = || Err(Error::Unexpected("the change was not looked at".into()));
    answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(unanswered))
        .collect()
}

/// An inventory from its reply. A listing that was never edited as one may have no record.
fn matrix(listing: &Id, inventory: Result<Response, Error>) -> Result<Matrix, Error> {
    match inventory {
        Err(Error::NotFound(_)) => {
            let reply = call(api::listing(listing))?;
            Ok(Matrix::of_listing(&reply.object()?))
        }
        other => Ok(Matrix::read(&other?.object()?)),
    }
}

fn group(changes: &[OfferChange], answers: &mut [Option<Answer>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for ((place, change), answer) in changes.iter().enumerate().zip(answers) {
        match parse_id(&change.listing_id) {
            Ok(listing) => match groups.iter_mut().find(|group| group.listing == listing) {
                Some(group) => group.places.push(place),
                None => groups.push(Group {
                    listing,
                    places: vec![place],
                }),
            },
            Err(error) => *answer = Some(Err(error)),
        }
    }
    groups
}

/// Puts the changes of a group into its inventory; what is wrong with one is its own answer.
fn apply(
    changes: &[OfferChange],
    group: &Group,
    matrix: &mut Matrix,
    currency: Option<&str>,
    answers: &mut [Option<Answer>],
) {
    let before = matrix.clone();
    let index = before.index();
    for place in &group.places {
        let Some(change) = changes.get(*place) else {
            continue;
        };
        if let Err(error) = apply_one(change, *place, &index, matrix, currency)
            && let Some(answer) = answers.get_mut(*place)
        {
            *answer = Some(Err(error));
        }
    }
    matrix.settle(Some(&before.varies));
}

fn apply_one(
    change: &OfferChange,
    place: usize,
    before: &Index<'_>,
    matrix: &mut Matrix,
    currency: Option<&str>,
) -> Result<(), Error> {
    let row = before
        .find_id(change.variation.as_deref())
        .and_then(|row| matrix.rows.get_mut(row));
    let Some(row) = row else {
        return Err(match &change.variation {
            Some(id) => Error::NotFound(format!(
                "listing {} has no variation {id:?}: its SKU or choices may have changed",
                change.listing_id
            )),
            None => Error::invalid(
                &format!("/changes/{place}/variation"),
                "required",
                "the listing has several variations: say which",
            ),
        });
    };
    let mut violations = Violations::default();
    let pointer = format!("/changes/{place}");
    let amount = change.price.as_ref().and_then(|money| {
        price(
            money,
            &format!("{pointer}/price"),
            currency.or(row.currency.as_deref()),
            &mut violations,
        )
    });
    if let Some(quantity) = change.quantity.filter(|quantity| *quantity > QUANTITY) {
        violations.add(
            format!("{pointer}/quantity"),
            "too-many",
            format!("{quantity}, at most {QUANTITY}"),
        );
    }
    violations.into_result()?;
    row.price = amount.or(row.price);
    row.quantity = change.quantity.unwrap_or(row.quantity);
    // Rows of one SKU share their stock on Etsy.
    let (sku, quantity) = (row.sku.clone(), row.quantity);
    if change.quantity.is_some() && !sku.is_empty() {
        for twin in matrix.rows.iter_mut().filter(|twin| twin.sku == sku) {
            twin.quantity = quantity;
        }
    }
    Ok(())
}

fn write(shop: &Id, listings: Vec<(&Group, Matrix, Matrix)>, answers: &mut [Option<Answer>]) {
    let (changed, same): (Vec<_>, Vec<_>) = listings
        .into_iter()
        .partition(|(_, before, after)| before != after);
    for (group, _, _) in same {
        answer_all(group, &Ok(Vec::new()), answers);
    }
    let (sold_out, stocked): (Vec<_>, Vec<_>) = changed
        .into_iter()
        .partition(|(_, _, after)| after.stock() == 0);
    let mut requests = Vec::new();
    let mut asked = Vec::new();
    for (group, _, after) in &stocked {
        match after.body() {
            Ok(body) => {
                requests.push(api::update_inventory(
                    &group.listing,
                    &body,
                    after.axes().len(),
                ));
                asked.push(*group);
            }
            Err(row) => answer_all(group, &Err(no_price(row)), answers),
        }
    }
    for (group, reply) in asked.into_iter().zip(call_all(requests)) {
        answer_all(group, &reply.map(|_| Vec::new()), answers);
    }
    for (group, before, after) in sold_out {
        answer_all(
            group,
            &run_out(shop, &group.listing, &before, after),
            answers,
        );
    }
}

fn answer_all(group: &Group, answer: &Answer, answers: &mut [Option<Answer>]) {
    for place in &group.places {
        if let Some(slot) = answers.get_mut(*place)
            && slot.is_none()
        {
            *slot = Some(answer.clone().map_err(|error| of_change(*place, error)));
        }
    }
}

/// Etsy's path into the whole inventory as one into this change.
fn of_change(place: usize, error: Error) -> Error {
    let Error::Invalid(mut violations) = error else {
        return error;
    };
    for violation in &mut violations {
        let field = violation
            .path
            .rsplit('/')
            .next()
            .filter(|field| matches!(*field, "price" | "quantity"));
        violation.path = match field {
            Some(field) => format!("/changes/{place}/{field}"),
            None => format!("/changes/{place}"),
        };
    }
    Error::Invalid(violations)
}

fn no_price(row: usize) -> Error {
    Error::Unexpected(format!(
        "Etsy gave no readable price for the variation at place {row}, and takes none back without"
    ))
}

/// Writes an inventory; where it has no stock the listing is paused instead. `before` is what is on
/// Etsy.
pub(crate) fn write_inventory(
    shop: &Id,
    listing: &Id,
    before: &Matrix,
    after: Matrix,
) -> Result<Vec<Warning>, Error> {
    if after.stock() == 0 {
        return run_out(shop, listing, before, after);
    }
    let body = after.body().map_err(no_price)?;
    call(api::update_inventory(listing, &body, after.axes().len()))?;
    Ok(Vec::new())
}

/// A listing without stock: what else changed is written beside the stock that Etsy insists on, and
/// the listing is taken off sale first, so that nobody buys what is not there.
fn run_out(
    shop: &Id,
    listing: &Id,
    before: &Matrix,
    mut after: Matrix,
) -> Result<Vec<Warning>, Error> {
    let now = listing_by_id(listing)?;
    let (code, message) = if now.state == ListingState::Active {
        take_off_sale(shop, listing)?;
        (
            "paused",
            "nothing is left: the listing is paused, because Etsy keeps none without stock",
        )
    } else {
        (
            "stock-kept",
            "nothing is left; the listing is not on sale, and its stock stays as Etsy has it",
        )
    };
    keep_stock(before, &mut after);
    after.settle(Some(&before.varies));
    if after != *before {
        let body = after.body().map_err(no_price)?;
        call(api::update_inventory(listing, &body, after.axes().len()))?;
    }
    Ok(vec![Warning {
        code: code.to_owned(),
        message: message.to_owned(),
        field: None,
    }])
}

/// The stock that was there stays; of rows that are all new the first visible one gets 1.
fn keep_stock(before: &Matrix, after: &mut Matrix) {
    let known = before.index();
    for row in &mut after.rows {
        row.quantity = known.same(row).map_or(0, |other| other.quantity);
    }
    if after.stock() == 0
        && let Some(row) = after.rows.iter_mut().find(|row| row.enabled)
    {
        row.quantity = 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoflow_plugin_sdk::Object;
    use stoflow_plugin_sdk::types::Money;

    const INVENTORY: &str = r#"{"products":[
        {"sku":"B","property_values":[{"property_id":513,"property_name":"Color","values":["Blue"]}],
         "offerings":[{"quantity":4,"is_enabled":true,"price":{"amount":1850,"divisor":100,"currency_code":"EUR"}}]},
        {"sku":"R","property_values":[{"property_id":513,"property_name":"Color","values":["Red"]}],
         "offerings":[{"quantity":2,"is_enabled":true,"price":{"amount":1850,"divisor":100,"currency_code":"EUR"}}]}],
        "price_on_property":[],"quantity_on_property":[513],"sku_on_property":[513]}"#;

    fn matrix() -> Matrix {
        Matrix::read(&Object::parse(INVENTORY.as_bytes()).unwrap())
    }

    fn change(
        variation: Option<String>,
        amount: Option<&str>,
        quantity: Option<u32>,
    ) -> OfferChange {
        let price = amount.map(|amount| Money {
            amount: amount.into(),
            currency: "EUR".into(),
        });
        OfferChange {
            listing_id: "7".into(),
            variation,
            price,
            quantity,
        }
    }

    fn applied(changes: &[OfferChange]) -> (Matrix, Vec<Option<Answer>>) {
        let mut answers: Vec<Option<Answer>> = changes.iter().map(|_| None).collect();
        let groups = group(changes, &mut answers);
        let mut matrix = matrix();
        for group in &groups {
            apply(changes, group, &mut matrix, Some("EUR"), &mut answers);
        }
        (matrix, answers)
    }

    #[test]
    fn changes_of_a_listing_are_merged_into_one_write() {
        let blue = matrix().rows.first().map(crate::convert::matrix::Row::id);
        let red = matrix().rows.last().map(crate::convert::matrix::Row::id);
        let (after, answers) = applied(&[
            change(blue, Some("20.00"), None),
            change(red, None, Some(9)),
        ]);
        assert_eq!(answers, [None, None]);
        let shown: Vec<(String, u32)> = after
            .rows
            .iter()
            .map(|row| (row.price.unwrap().to_string(), row.quantity))
            .collect();
        assert_eq!(shown, [("20.00".to_owned(), 4), ("18.50".to_owned(), 9)]);
        assert_eq!(after.varies.price, after.axes());
    }

    #[test]
    fn what_is_wrong_with_one_change_is_its_own_answer() {
        let blue = matrix().rows.first().map(crate::convert::matrix::Row::id);
        let (after, answers) = applied(&[
            change(Some("v0".into()), None, Some(1)),
            change(None, None, Some(1)),
            change(blue.clone(), Some("0.01"), Some(1000)),
            change(blue, None, Some(3)),
            OfferChange {
                listing_id: "x".into(),
                ..change(None, None, None)
            },
        ]);
        assert!(matches!(
            answers.first(),
            Some(Some(Err(Error::NotFound(_))))
        ));
        assert!(matches!(answers.get(1), Some(Some(Err(Error::Invalid(_))))));
        assert!(
            matches!(answers.get(2), Some(Some(Err(Error::Invalid(wrong)))) if wrong.len() == 2 && wrong[0].path == "/changes/2/price")
        );
        assert_eq!(answers.get(3), Some(&None));
        assert!(matches!(
            answers.get(4),
            Some(Some(Err(Error::NotFound(_))))
        ));
        assert_eq!(after.rows.first().unwrap().quantity, 3);
    }

    #[test]
    fn a_listing_that_ran_out_keeps_on_record_what_it_had() {
        let before = matrix();
        let mut after = before.clone();
        after.rows.iter_mut().for_each(|row| row.quantity = 0);
        assert_eq!(after.stock(), 0);
        keep_stock(&before, &mut after);
        assert_eq!(after, before);
        let mut renamed = before.clone();
        renamed
            .rows
            .iter_mut()
            .for_each(|row| (row.sku, row.quantity) = (format!("{}2", row.sku), 0));
        keep_stock(&before, &mut renamed);
        assert_eq!(
            renamed
                .rows
                .iter()
                .map(|row| row.quantity)
                .collect::<Vec<_>>(),
            [1, 0]
        );
    }
}
