//! A product's text in another language than the listing's own. Etsy keeps it beside the listing, so
//! the mistake this prevents is a French text in place of the English one.

use crate::api::{self, Form};
use crate::convert::text::decode;
use crate::id::Id;
use crate::refusal::call;
use stoflow_plugin_sdk::Object;
use stoflow_plugin_sdk::types::Error;

/// What Etsy keeps for each language.
const FIELDS: [&str; 3] = ["title", "description", "tags"];

/// The fields of a form that are text, and the others.
pub(super) fn split(form: Form) -> (Form, Form) {
    form.into_iter()
        .partition(|(name, _)| FIELDS.contains(&name.as_str()))
}

/// Makes the translation say the text. What the text leaves out is kept, or is that of the listing,
/// because Etsy takes no translation without a title and a description.
///
/// # Errors
///
/// Etsy's, where it has no such language.
pub(super) fn write(
    shop: &Id,
    id: &Id,
    language: &str,
    text: &Form,
    listing: &Object<'_>,
) -> Result<(), Error> {
    if text.is_empty() {
        return Ok(());
    }
    let there = match call(api::translation(shop, id, language)) {
        Ok(reply) => Some(reply),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error),
    };
    let known = there.as_ref().map(|reply| reply.object()).transpose()?;
    let said: Form = FIELDS
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), said(known.as_ref()?, name)?)))
        .collect();
    let find = |form: &Form, name: &str| {
        let field = form.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.clone())
    };
    let wanted = FIELDS.iter().filter_map(|name| {
        let value = find(text, name).or_else(|| find(&said, name));
        let value = value.or_else(|| self::said(listing, name))?;
        // Sent blank, a list is answered 500.
        Some(((*name).to_owned(), value)).filter(|(_, value)| !value.is_empty())
    });
    let wanted: Form = wanted.collect();
    if wanted == said {
        return Ok(());
    }
    let request = if known.is_some() {
        api::update_translation(shop, id, language, wanted)
    } else {
        api::create_translation(shop, id, language, wanted)
    };
    call(request).map(|_| ())
}

/// A field of a listing or a translation as a form has it.
fn said(object: &Object<'_>, name: &str) -> Option<String> {
    if name == "tags" {
        let tags: Vec<String> = object.texts(name).iter().map(decode).collect();
        return Some(tags.join(",")).filter(|tags| !tags.is_empty());
    }
    object.words(name).map(|text| decode(&text))
}
