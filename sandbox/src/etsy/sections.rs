//! Sections of a shop.

use super::{Call, lookups, render};
use crate::core::Core;
use crate::facts;
use crate::ids::Kind;
use crate::market::shop::Section;
use crate::reply::{Refusal, Reply};

pub(super) fn list(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let shop = lookups::shop(core, call)?;
    let sections = (1..).zip(shop.sections.values());
    let shown = sections.map(|(rank, section)| render::section(&core.market, shop, section, rank));
    Ok(Reply::ok(&render::all(shown.collect())))
}

pub(super) fn get(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    show(core, call, call.input.id("shop_section_id"))
}

fn show(core: &Core, call: &Call<'_>, id: i64) -> Result<Reply, Refusal> {
    let shop = lookups::shop(core, call)?;
    let mut sections = (1..).zip(shop.sections.values());
    let found = sections.find(|(_, section)| section.id == id);
    let (rank, section) = found.ok_or_else(|| Refusal::missing("shop section", id))?;
    Ok(Reply::ok(&render::section(
        &core.market,
        shop,
        section,
        rank,
    )))
}

pub(super) fn create(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let title = checked_title(call)?;
    let shop = lookups::own_shop(core, call)?;
    if shop.sections.len() >= facts::SECTIONS_MAX {
        return Err(Refusal::bad("A shop can have at most 20 sections"));
    }
    if shop.sections.values().any(|section| section.title == title) {
        return Err(Refusal::bad(format!(
            "A section named '{title}' exists already"
        )));
    }
    let id = core.ids.next(Kind::Section);
    let shop = lookups::own_shop_mut(core, call)?;
    shop.sections.insert(id, Section { id, title });
    shop.updated = call.now;
    show(core, call, id)
}

pub(super) fn update(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let title = checked_title(call)?;
    let id = call.input.id("shop_section_id");
    let shop = lookups::own_shop_mut(core, call)?;
    let section = shop
        .sections
        .get_mut(&id)
        .ok_or_else(|| Refusal::missing("shop section", id))?;
    section.title = title;
    show(core, call, id)
}

/// Listings of a deleted section are in none.
pub(super) fn delete(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    let id = call.input.id("shop_section_id");
    let shop = lookups::own_shop_mut(core, call)?;
    shop.sections
        .remove(&id)
        .ok_or_else(|| Refusal::missing("shop section", id))?;
    for listing in core
        .market
        .listings
        .values_mut()
        .filter(|it| it.section == Some(id))
    {
        listing.section = None;
    }
    Ok(Reply::deleted())
}

fn checked_title(call: &Call<'_>) -> Result<String, Refusal> {
    let title = call.input.body.text("title").unwrap_or("").trim();
    if title.is_empty() {
        return Err(Refusal::violation(
            "/title",
            "string_too_short",
            "cannot be less than 1 characters",
        ));
    }
    if title.chars().count() > facts::SECTION_TITLE_MAX {
        return Err(Refusal::violation(
            "/title",
            "string_too_long",
            "cannot be more than 24 characters",
        ));
    }
    Ok(title.to_owned())
}
