//! Listings in other languages.

use super::{Call, lookups, render, text_rules};
use crate::core::Core;
use crate::market::listing::Translation;
use crate::reply::{Refusal, Reply};

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let language = known_language(call)?;
    let listing = lookups::visible_listing(core, call)?;
    let translation = listing.translations.get(language);
    let translation = translation.ok_or_else(|| Refusal::missing("translation", language))?;
    Ok(Reply::ok(&render::translation(
        listing.id,
        language,
        translation,
    )))
}

pub(super) fn create(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let language = known_language(call)?;
    if lookups::own_listing(core, call)?
        .translations
        .contains_key(language)
    {
        return Err(Refusal::bad(format!(
            "A translation to {language} exists already"
        )));
    }
    put(core, call, language)
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let language = known_language(call)?;
    if !lookups::own_listing(core, call)?
        .translations
        .contains_key(language)
    {
        return Err(Refusal::missing("translation", language));
    }
    put(core, call, language)
}

fn put(core: &mut Core, call: &Call<'_>, language: &str) -> Result<Reply, Refusal> {
    let body = &call.input.body;
    let (title, description) = (
        body.text("title").unwrap_or(""),
        body.text("description").unwrap_or(""),
    );
    let tags = body.texts("tags").unwrap_or_default();
    text_rules::title(title)?;
    text_rules::description(description)?;
    text_rules::tags(&tags)?;
    let translation = Translation {
        title: title.to_owned(),
        description: description.to_owned(),
        tags,
    };
    let listing = lookups::own_listing(core, call)?;
    let shown = render::translation(listing.id, language, &translation);
    listing
        .translations
        .insert(language.to_owned(), translation);
    listing.touch(call.now);
    Ok(Reply::ok(&shown))
}

fn known_language<'a>(call: &'a Call<'_>) -> Result<&'a str, Refusal> {
    let language = call.input.word("language");
    // The document's examples have a plain "en" beside the regional ones of its schema.
    if language == "en" || render::languages().any(|known| known == language) {
        return Ok(language);
    }
    Err(Refusal::bad(format!("Invalid language '{language}'")))
}
