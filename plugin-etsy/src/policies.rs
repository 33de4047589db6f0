//! The rule sets that a seller keeps on Etsy: shipping profiles, return policies, processing profiles.
//! Etsy has none about payment and places.
//!
//! Creating one that is there already, word for word, yields that one: Etsy merges or refuses twins
//! of two kinds, and of the third a seller has no use for them. So a creation may be asked for again.

mod shipping;

use crate::convert::policy_data::{POINTER, Returns, data_schema, processing_form};
use crate::convert::policy_read::{KINDS, policies, policy};
use crate::id::Id;
use crate::limits::{OFFSET, PAGE};
use crate::refusal::{call, call_all, error, renamed};
use crate::{Etsy, api, settings};
use stoflow_plugin_sdk::http::{Request, Response};
use stoflow_plugin_sdk::policies::Policy;
use stoflow_plugin_sdk::types::{Error, PolicyKind};
use stoflow_plugin_sdk::{Object, Policies, Violations};

impl Policies for Etsy {
    fn list(kind: Option<PolicyKind>) -> Result<Vec<Policy>, Error> {
        list(kind)
    }

    fn schema(kind: PolicyKind) -> Result<String, Error> {
        data_schema(kind).ok_or_else(|| no_such(kind))
    }

    fn create(kind: PolicyKind, name: String, data: String) -> Result<Policy, Error> {
        match kind {
            PolicyKind::Shipping => shipping::create(&name, &data),
            PolicyKind::Returns => create_returns(&data),
            PolicyKind::Processing => create_processing(&data),
            PolicyKind::Payment | PolicyKind::Location => Err(no_such(kind)),
        }
    }
}

fn no_such(kind: PolicyKind) -> Error {
    let of = if kind == PolicyKind::Payment {
        "payment"
    } else {
        "location"
    };
    Error::Unsupported(format!("Etsy has no {of} policies"))
}

fn list(kind: Option<PolicyKind>) -> Result<Vec<Policy>, Error> {
    let shop = settings::shop()?;
    let kinds: Vec<PolicyKind> = KINDS
        .into_iter()
        .filter(|known| kind.is_none_or(|kind| kind == *known))
        .collect();
    let requests = kinds.iter().filter_map(|kind| request(*kind, &shop));
    let replies = call_all(requests.collect());
    let mut found = Vec::new();
    for (kind, reply) in kinds.into_iter().zip(replies) {
        found.extend(page(kind, reply)?);
        if kind == PolicyKind::Processing {
            further(&shop, &mut found)?;
        }
    }
    Ok(found)
}

fn request(kind: PolicyKind, shop: &Id) -> Option<Request> {
    match kind {
        PolicyKind::Shipping => Some(api::shipping_profiles(shop)),
        PolicyKind::Returns => Some(api::return_policies(shop)),
        PolicyKind::Processing => Some(api::processing_profiles(shop)),
        PolicyKind::Payment | PolicyKind::Location => None,
    }
}

/// A shop of which Etsy finds no list has none.
fn page(kind: PolicyKind, reply: Result<Response, Error>) -> Result<Vec<Policy>, Error> {
    match reply {
        Ok(reply) => Ok(policies(kind, &reply.object()?)),
        Err(Error::NotFound(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The pages behind the first full one: of the three lists, only processing profiles have them.
fn further(shop: &Id, found: &mut Vec<Policy>) -> Result<(), Error> {
    let kind = PolicyKind::Processing;
    let there = found.iter().filter(|policy| policy.kind == kind).count();
    let mut last = there;
    let mut offset = PAGE;
    while last >= PAGE as usize && offset <= OFFSET {
        let request = api::processing_profiles(shop).query("offset", offset);
        let page = page(kind, call(request))?;
        last = page.len();
        found.extend(page);
        offset += PAGE;
    }
    Ok(())
}

/// The policy that a reply consists of.
fn policy_of(kind: PolicyKind, reply: &Response) -> Result<Policy, Error> {
    let json =
        std::str::from_utf8(&reply.body).map_err(|error| reply.unexpected(&error.to_string()))?;
    policy(kind, json).ok_or_else(|| reply.unexpected("a policy without an id"))
}

fn create_returns(data: &str) -> Result<Policy, Error> {
    let mut violations = Violations::default();
    let wanted = Returns::read(data, &mut violations);
    violations.into_result()?;
    let wanted = wanted.ok_or_else(incomplete)?;
    let shop = settings::shop()?;
    if let Some(same) = same_returns(&shop, wanted)? {
        return Ok(same);
    }
    let made = call(api::create_return_policy(&shop, wanted.form()))
        .and_then(|reply| policy_of(PolicyKind::Returns, &reply));
    match made {
        Err(Error::Uncertain(why)) => match same_returns(&shop, wanted) {
            Ok(Some(policy)) => Ok(policy),
            Ok(None) | Err(_) => Err(Error::Uncertain(why)),
        },
        Err(error) => Err(in_data(error)),
        made => made,
    }
}

/// The policy of the shop's that says the same.
fn same_returns(shop: &Id, wanted: Returns) -> Result<Option<Policy>, Error> {
    let reply = match call(api::return_policies(shop)) {
        Ok(reply) => reply,
        Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let results = reply.object()?.list("results");
    let mut same = results
        .into_iter()
        .filter(|json| Object::parse(json.get().as_bytes()).is_ok_and(|object| wanted.is(&object)));
    Ok(same.find_map(|json| policy(PolicyKind::Returns, json.get())))
}

fn create_processing(data: &str) -> Result<Policy, Error> {
    let mut violations = Violations::default();
    let form = processing_form(data, &mut violations);
    violations.into_result()?;
    let form = form.ok_or_else(incomplete)?;
    let shop = settings::shop()?;
    let reply = api::create_processing_profile(&shop, form).send()?;
    // Etsy refuses a twin, and says which one there is.
    if reply.status == 409
        && let Some(id) = reply.header("content-location").and_then(last_id)
    {
        let there = call(api::processing_profile(&shop, &id))?;
        return policy_of(PolicyKind::Processing, &there);
    }
    if reply.is_success() {
        return policy_of(PolicyKind::Processing, &reply);
    }
    Err(match in_data(error(&reply)) {
        Error::Uncertain(why) => Error::Uncertain(format!(
            "{why}; the same call again is safe: it finds the profile if it was made"
        )),
        error => error,
    })
}

/// The id at the end of a location.
fn last_id(location: &str) -> Option<Id> {
    let path = location.split(['?', '#']).next()?;
    Id::parse(path.trim_end_matches('/').rsplit('/').next()?)
}

/// Etsy's complaint about a field of `data`.
fn in_data(error: Error) -> Error {
    renamed(error, |path| {
        let field = path.strip_prefix("/product/extension/");
        Some(field.map_or_else(|| POINTER.to_owned(), |field| format!("{POINTER}/{field}")))
    })
}

/// For what cannot be: nothing was wrong, and still something is missing.
fn incomplete() -> Error {
    Error::invalid(POINTER, "incomplete", "the policy is not complete")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_ends_in_an_id() {
        let id = Id::parse("70002");
        for location in [
            "https://api.etsy.com/v3/application/shops/7/readiness-state-definitions/70002",
            "/readiness-state-definitions/70002/?legacy=1",
            "70002",
        ] {
            assert_eq!(last_id(location), id, "{location}");
        }
        for location in ["", "/", "/readiness-state-definitions", "/7/edit"] {
            assert_eq!(last_id(location), None, "{location}");
        }
    }

    #[test]
    fn a_complaint_is_about_data() {
        let complaint = |path: &str| in_data(Error::invalid(path, "refused", "no"));
        let expected = |path: &str| Error::invalid(path, "refused", "no");
        assert_eq!(
            complaint("/product/extension/return_deadline"),
            expected("/data/return_deadline")
        );
        assert_eq!(complaint("/product/title"), expected("/data"));
    }
}
