//! Reviews. Nobody reviews anything in the sandbox, so the lists are empty.

use super::{Call, lookups, render};
use crate::core::Core;
use crate::reply::{Refusal, Reply};

pub(super) fn by_listing(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    lookups::visible_listing(core, call)?;
    Ok(Reply::ok(&render::all(Vec::new())))
}

pub(super) fn by_shop(core: &mut Core, call: &Call<'_>) -> Result<Reply, Refusal> {
    lookups::shop(core, call)?;
    Ok(Reply::ok(&render::all(Vec::new())))
}
