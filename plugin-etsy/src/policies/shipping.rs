//! The creation of a shipping profile. Etsy takes its destinations one by one, so a creation that
//! breaks off leaves a profile that ships to some of them only: the journal remembers it, and the
//! same call again finishes it. One that Etsy refuses in the middle is taken back.

use super::{incomplete, policy_of};
use crate::convert::policy_data::{self, POINTER};
use crate::convert::policy_read::policy;
use crate::convert::shipping::{Destination, Profile};
use crate::id::Id;
use crate::refusal::{call, renamed};
use crate::{api, settings};
use serde::{Deserialize, Serialize};
use stoflow_plugin_sdk::http::Response;
use stoflow_plugin_sdk::journal::{self, Checkpoint};
use stoflow_plugin_sdk::policies::Policy;
use stoflow_plugin_sdk::types::{Error, PolicyKind};
use stoflow_plugin_sdk::{Object, Raw, Violations, log};

const KIND: PolicyKind = PolicyKind::Shipping;

/// A profile that was begun: the journal's entry of its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Begun {
    /// What it was to say.
    says: String,
    /// Profiles that were there before.
    known: Vec<Id>,
    /// The profile, once it is known.
    profile: Option<Id>,
}

/// Creates the profile, or finishes or finds the one that there is.
pub(super) fn create(name: &str, data: &str) -> Result<Policy, Error> {
    let mut violations = Violations::default();
    let wanted = policy_data::shipping(name, data, &mut violations);
    violations.into_result()?;
    let wanted = wanted.ok_or_else(incomplete)?;
    let shop = settings::shop()?;
    check_carriers(&wanted)?;
    let (entry, begun) = Checkpoint::load(&format!("policy/shipping/{}", name.trim()))?;
    let says = wanted.says();
    let creation = Creation {
        shop,
        wanted,
        says,
        entry,
    };
    creation.run(begun)
}

/// Asks Etsy for the carriers where one is named, so that nothing is made with one that is not.
fn check_carriers(wanted: &Profile) -> Result<(), Error> {
    if !wanted.names_a_carrier() {
        return Ok(());
    }
    let reply = call(api::carriers(wanted.origin()))?;
    let mut violations = Violations::default();
    wanted.check_carriers(&reply.object()?, &mut violations);
    violations.into_result()
}

struct Creation {
    shop: Id,
    wanted: Profile,
    says: String,
    entry: Checkpoint<Begun>,
}

impl Creation {
    fn run(&self, begun: Option<Begun>) -> Result<Policy, Error> {
        let reply = call(api::shipping_profiles(&self.shop))?;
        let there = listed(&reply)?;
        match begun {
            Some(begun) if begun.says == self.says => {
                if let Some((id, json)) = self.found(&begun, &there) {
                    return self.complete(&id, json);
                }
            }
            // The caller has changed what it is to say since it was begun.
            Some(Begun {
                profile: Some(id), ..
            }) if there.iter().any(|(known, _)| *known == id) => self.undo(&id)?,
            _ => {}
        }
        let whole = there
            .iter()
            .find(|(_, json)| object(json).is_some_and(|profile| self.wanted.is(&profile)));
        if let Some(policy) = whole.and_then(|(_, json)| policy(KIND, json)) {
            self.entry.clear();
            return Ok(policy);
        }
        let known = there.into_iter().map(|(id, _)| id).collect();
        let (id, reply) = self.make(known)?;
        let (_, json) = listed_in(&reply, &id)?;
        self.complete(&id, json)
    }

    /// The profile that was begun, if it is among these: by its id, else by what it says.
    fn found<'a>(&self, begun: &Begun, there: &[(Id, &'a str)]) -> Option<(Id, &'a str)> {
        let mut candidates = there.iter().filter(|(id, json)| match &begun.profile {
            Some(known) => known == id,
            None => {
                !begun.known.contains(id)
                    && object(json).is_some_and(|profile| self.wanted.may_be(&profile))
            }
        });
        candidates.next().cloned()
    }

    /// Makes it with its first destination; the reply that shows it.
    fn make(&self, known: Vec<Id>) -> Result<(Id, Response), Error> {
        let mut begun = Begun {
            says: self.says.clone(),
            known,
            profile: None,
        };
        self.entry.save(&begun)?;
        journal::report("profile", 0, self.steps());
        let made = call(api::create_shipping_profile(&self.shop, self.wanted.form()))
            .and_then(|reply| Ok((id_of(&reply)?, reply)));
        let (id, reply) = match made {
            Ok(made) => made,
            Err(Error::Uncertain(why)) => self.look_for(&begun, why)?,
            Err(error) => {
                // It was certainly not made: there is nothing to remember.
                self.entry.clear();
                return Err(in_data(error, 0));
            }
        };
        begun.profile = Some(id.clone());
        self.entry.save(&begun)?;
        Ok((id, reply))
    }

    /// The profile whose creation was not answered.
    fn look_for(&self, begun: &Begun, why: String) -> Result<(Id, Response), Error> {
        let unknown = || {
            let hint = "no profile of it is there yet: the same call again looks once more";
            Error::Uncertain(format!("{why}; {hint}"))
        };
        let reply = call(api::shipping_profiles(&self.shop)).map_err(|_| unknown())?;
        let there = listed(&reply).map_err(|_| unknown())?;
        let (id, _) = self.found(begun, &there).ok_or_else(unknown)?;
        log!("the shipping profile {id} was made before the reply was lost");
        Ok((id, reply))
    }

    /// Adds the destinations that the profile lacks.
    fn complete(&self, id: &Id, json: &str) -> Result<Policy, Error> {
        let profile = object(json).ok_or_else(|| unreadable(id))?;
        let mut is_shown = true;
        for (place, destination) in self.wanted.missing(&profile) {
            let done = u32::try_from(place).unwrap_or(u32::MAX);
            journal::report("destination", done, self.steps());
            self.add(id, place, destination)?;
            is_shown = false;
        }
        let shown = if is_shown {
            policy(KIND, json).ok_or_else(|| unreadable(id))
        } else {
            policy_of(KIND, &call(api::shipping_profile(&self.shop, id))?)
        };
        self.entry.clear();
        shown
    }

    fn add(&self, id: &Id, place: usize, destination: &Destination) -> Result<(), Error> {
        let request = api::create_shipping_destination(&self.shop, id, destination.form());
        match call(request) {
            Ok(_) => Ok(()),
            Err(Error::Uncertain(why)) => {
                let in_part = || {
                    let hint = "is there in part: the same call again goes on with it";
                    Error::Uncertain(format!("{why}; the shipping profile {id} {hint}"))
                };
                let now = call(api::shipping_profile(&self.shop, id)).map_err(|_| in_part())?;
                let now = now.object().map_err(|_| in_part())?;
                let is_missing = self
                    .wanted
                    .missing(&now)
                    .any(|(missing, _)| missing == place);
                if is_missing { Err(in_part()) } else { Ok(()) }
            }
            // Calling again later goes on where this broke off.
            Err(
                error @ (Error::RateLimited(_) | Error::Unavailable(_) | Error::Unauthorized(_)),
            ) => Err(error),
            Err(error) => {
                self.undo(id)?;
                Err(in_data(error, place))
            }
        }
    }

    /// Takes back a profile that was begun and is of use to nobody.
    fn undo(&self, id: &Id) -> Result<(), Error> {
        match call(api::delete_shipping_profile(&self.shop, id)) {
            Ok(_) | Err(Error::NotFound(_)) => {
                self.entry.clear();
                Ok(())
            }
            Err(error) => Err(Error::Uncertain(format!(
                "the shipping profile {id} is there in part and cannot be taken back ({}): delete it on \
                 Etsy",
                error.message()
            ))),
        }
    }

    fn steps(&self) -> u32 {
        u32::try_from(self.wanted.destinations.len()).unwrap_or(u32::MAX)
    }
}

/// The profiles of a reply, deleted ones left out.
fn listed(reply: &Response) -> Result<Vec<(Id, &str)>, Error> {
    let results = reply.object()?.list("results");
    let of = |json: &str| {
        let profile = object(json)?;
        let is_deleted = profile.boolean("is_deleted") == Some(true);
        Id::parse(&profile.text("shipping_profile_id")?).filter(|_| !is_deleted)
    };
    Ok(results
        .into_iter()
        .map(Raw::get)
        .filter_map(|json| Some((of(json)?, json)))
        .collect())
}

/// A profile in a reply that is it, or lists it.
fn listed_in<'a>(reply: &'a Response, id: &Id) -> Result<(Id, &'a str), Error> {
    let listed = listed(reply)?.into_iter().find(|(known, _)| known == id);
    match listed {
        Some(found) => Ok(found),
        None => std::str::from_utf8(&reply.body)
            .map(|json| (id.clone(), json))
            .map_err(|error| reply.unexpected(&error.to_string())),
    }
}

fn object(json: &str) -> Option<Object<'_>> {
    Object::parse(json.as_bytes()).ok()
}

fn id_of(reply: &Response) -> Result<Id, Error> {
    let id = reply.object()?.text("shipping_profile_id");
    id.as_deref()
        .and_then(Id::parse)
        .ok_or_else(|| reply.unexpected("a shipping profile without an id"))
}

fn unreadable(id: &Id) -> Error {
    Error::Unexpected(format!("Etsy shows the shipping profile {id} as no object"))
}

/// Etsy's complaint, about the profile or about one of its destinations.
fn in_data(error: Error, place: usize) -> Error {
    renamed(error, |path| {
        let field = path.strip_prefix("/product/extension/");
        Some(match field {
            Some(field) if field.starts_with("origin_") => format!("{POINTER}/{field}"),
            Some(field) => format!("{POINTER}/destinations/{place}/{field}"),
            None if path == "/product/title" => "/name".to_owned(),
            None => POINTER.to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_names_the_destination() {
        let complaint = |path: &str| in_data(Error::invalid(path, "refused", "no"), 2);
        let expected = |path: &str| Error::invalid(path, "refused", "no");
        for (path, argument) in [
            ("/product/title", "/name"),
            (
                "/product/extension/origin_postal_code",
                "/data/origin_postal_code",
            ),
            (
                "/product/extension/primary_cost",
                "/data/destinations/2/primary_cost",
            ),
            ("/product", "/data"),
        ] {
            assert_eq!(complaint(path), expected(argument));
        }
    }

    #[test]
    fn an_entry_of_another_version_is_read() {
        let entry = r#"{"says":"ab","profile":7,"from_the_future":true}"#;
        let begun: Begun = serde_json::from_str(entry).unwrap();
        assert_eq!((begun.profile, begun.known.len()), (Id::parse("7"), 0));
    }
}
