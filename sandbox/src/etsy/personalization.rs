//! What a buyer is asked about an article. Each write replaces all questions.
//!
//! A caller that does not say that it knows several questions may set one, of text. Where a seller has
//! set more, its write would delete what it has never seen: it is refused.

use serde_json::Value;

use super::{Call, lookups, render};
use crate::core::Core;
use crate::facts;
use crate::ids::{Ids, Kind};
use crate::market::listing::Question;
use crate::market::money::Currency;
use crate::reply::{Refusal, Reply};

const SEVERAL: &str = "supports_multiple_personalization_questions";

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::visible_listing(core, call)?;
    Ok(Reply::ok(&render::personalization(&core.market, listing)))
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let before = lookups::own_listing(core, call)?.questions.clone();
    let currency = lookups::own_shop(core, call)?.currency;
    let asked = call.input.body.list("personalization_questions");
    let asked = asked.unwrap_or_default();
    let several = call.input.query.flag(SEVERAL).unwrap_or(false);
    check_number(asked, several)?;
    if !several && (before.len() > 1 || before.iter().any(|it| it.kind != "text_input")) {
        return Err(Refusal::conflict(
            "The listing has personalization questions that the caller does not support",
        ));
    }
    let read = asked
        .iter()
        .map(|value| question(value, currency, several, &before));
    let mut questions = read.collect::<Result<Vec<_>, _>>()?;
    for question in &mut questions {
        identify(question, &before, &mut core.ids);
    }
    let listing = lookups::own_listing(core, call)?;
    listing.questions = questions;
    listing.touch(call.now);
    let listing = lookups::visible_listing(core, call)?;
    Ok(Reply::created(&render::personalization(
        &core.market,
        listing,
    )))
}

pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let listing = lookups::own_listing(core, call)?;
    if listing.questions.is_empty() {
        return Err(Refusal::missing("personalization of listing", listing.id));
    }
    listing.questions.clear();
    listing.touch(call.now);
    Ok(Reply::deleted())
}

fn check_number(asked: &[Value], several: bool) -> Result<(), Refusal> {
    let most = if several { facts::QUESTIONS_MAX } else { 1 };
    let wrong = |kind: &str, message: &str| {
        Err(Refusal::violation(
            "/personalization_questions",
            kind,
            message,
        ))
    };
    match asked.len() {
        0 => wrong("array_too_short", "cannot be less than 1 items"),
        count if count > most => wrong(
            "array_too_long",
            &format!("cannot be more than {most} items"),
        ),
        _ => Ok(()),
    }
}

/// A question keeps its id as long as it says the same; a changed one gets another, as at Etsy.
fn identify(question: &mut Question, before: &[Question], ids: &mut Ids) {
    for (id, _) in &mut question.options {
        if *id == 0 {
            *id = ids.next(Kind::QuestionOption);
        }
    }
    if !before.contains(question) {
        question.id = ids.next(Kind::Question);
    }
}

/// One question as it was asked for; id 0 where it named none.
fn question(
    value: &Value,
    currency: Currency,
    several: bool,
    before: &[Question],
) -> Result<Question, Refusal> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let int = |name: &str| value.get(name).and_then(Value::as_i64);
    let price = value.get("add_on_price").and_then(Value::as_f64);
    let price = price.map(|price| {
        let amount = currency.minor_units(price).filter(|amount| *amount > 0);
        amount.ok_or_else(|| refused("add_on_price must be greater than 0"))
    });
    let required = value.get("required").and_then(Value::as_bool);
    let question = Question {
        id: int("question_id").unwrap_or_default(),
        text: text("question_text").unwrap_or("").trim().to_owned(),
        instructions: text("instructions").map(str::to_owned),
        kind: text("question_type").unwrap_or("").to_owned(),
        required: required.unwrap_or_default(),
        characters: int("max_allowed_characters"),
        files: int("max_allowed_files"),
        add_on_price: price.transpose()?,
        options: options(value),
    };
    if question.id != 0 && !before.iter().any(|known| known.id == question.id) {
        return Err(Refusal::missing("personalization question", question.id));
    }
    if !several && question.kind != "text_input" {
        return Err(refused("only a question of type text_input is supported"));
    }
    check(&question)?;
    Ok(question)
}

fn options(value: &Value) -> Vec<(i64, String)> {
    let listed = value.get("options").and_then(Value::as_array);
    let option = |option: &Value| {
        let id = option.get("option_id").and_then(Value::as_i64);
        let label = option.get("label").and_then(Value::as_str);
        (
            id.unwrap_or_default(),
            label.unwrap_or("").trim().to_owned(),
        )
    };
    listed.into_iter().flatten().map(option).collect()
}

/// What each type of question may and must have.
fn check(question: &Question) -> Result<(), Refusal> {
    let length = question.text.chars().count();
    if !(1..=facts::QUESTION_MAX).contains(&length) {
        return Err(refused("question_text must have 1 to 45 characters"));
    }
    let is_text = question.kind == "text_input";
    let is_upload = question.kind.ends_with("_upload");
    let has_options = matches!(question.kind.as_str(), "dropdown" | "labeled_upload");
    let positive = |number: Option<i64>| number.is_none_or(|number| number > 0);
    let count = i64::try_from(question.options.len()).unwrap_or(i64::MAX);
    let wrong = [
        (
            question.kind == "dropdown" && question.instructions.is_some(),
            "instructions are not allowed for a dropdown",
        ),
        (
            !is_text && question.characters.is_some(),
            "max_allowed_characters is for text_input only",
        ),
        (
            !is_upload && question.files.is_some(),
            "max_allowed_files is for uploads only",
        ),
        (
            !positive(question.characters) || !positive(question.files),
            "max_allowed_characters and max_allowed_files must be greater than 0",
        ),
        (
            question.add_on_price.is_some() && (!is_text || question.required),
            "add_on_price is for optional questions of type text_input only",
        ),
        (
            has_options == question.options.is_empty(),
            "options are needed for dropdown and labeled_upload, and not allowed otherwise",
        ),
        (
            question.options.iter().any(|(_, label)| label.is_empty()),
            "an option needs a label",
        ),
        (
            question.kind == "labeled_upload" && question.files != Some(count),
            "options must match max_allowed_files",
        ),
    ];
    match wrong.iter().find(|(wrong, _)| *wrong) {
        Some((_, why)) => Err(refused(why)),
        None => Ok(()),
    }
}

fn refused(why: &str) -> Refusal {
    Refusal::problem("/personalization_questions", why)
}
