//! Etsy's categories. They are the same for everybody and need no account; the tree comes whole, so
//! the host keeps the reply for a day (`describe`), and each call reads it anew.

use crate::convert::category::Categories;
use crate::convert::category_property;
use crate::convert::category_search::{self, has_words};
use crate::id::Id;
use crate::refusal::call;
use crate::{Etsy, api};
use stoflow_plugin_sdk::Taxonomy;
use stoflow_plugin_sdk::taxonomy::{Node, Property};
use stoflow_plugin_sdk::types::Error;

impl Taxonomy for Etsy {
    fn nodes(parent: Option<String>) -> Result<Vec<Node>, Error> {
        let parent = parent.as_deref().map(category).transpose()?;
        let children = categories()?.children(parent.as_ref());
        children.ok_or_else(|| no_such(parent.as_ref().map_or("", Id::as_str)))
    }

    fn search(query: String, limit: u32) -> Result<Vec<Node>, Error> {
        if !has_words(&query) {
            let message = "a word to look for, like mug";
            return Err(Error::invalid("/query", "required", message));
        }
        Ok(category_search::search(&categories()?, &query, limit))
    }

    fn properties(node: String) -> Result<Vec<Property>, Error> {
        let reply = call(api::category_properties(&category(&node)?))?;
        Ok(category_property::properties(&reply.object()?))
    }
}

fn categories() -> Result<Categories, Error> {
    let reply = call(api::categories())?;
    let categories =
        Categories::read(&reply.body).map_err(|error| reply.unexpected(&error.to_string()))?;
    if categories.all().is_empty() {
        return Err(reply.unexpected("a tree without a category"));
    }
    Ok(categories)
}

fn category(text: &str) -> Result<Id, Error> {
    Id::parse(text).ok_or_else(|| no_such(text))
}

fn no_such(category: &str) -> Error {
    Error::NotFound(format!("Etsy has no category {category:?}"))
}
