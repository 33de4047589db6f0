//! Two kinds of variables of the service that was here before: bases of URLs, and scopes one by one.
//! They say less than a setting does, or more, and are turned into settings here.

use std::collections::BTreeSet;

use url::Url;

use super::fault::Fault;
use super::layer::{Layers, Variable};
use super::meant::capitals;
use super::places::{Places, joined};
use super::plugin::PluginTable;
use super::setting::FORMER_SCOPE;
use crate::model::{Grant, PluginId};

/// One plugin, whose variables are applied.
pub(super) struct Former<'a> {
    pub(super) id: &'a PluginId,
    pub(super) table: &'a mut PluginTable,
    pub(super) places: &'a mut Places,
    pub(super) faults: &'a mut Vec<Fault>,
}

/// Where requests of a plugin go, as its grant has it.
struct Real {
    /// Origins of the endpoints, with the paths below which they are.
    api: Vec<Url>,
    /// The pages and endpoints of OAuth.
    consent: Vec<Url>,
}

impl Former<'_> {
    /// Applies them. Without a grant nothing is asked of any marketplace, and nothing is done.
    pub(super) fn apply(&mut self, layers: &Layers) {
        let Some(grant) = self.table.grant.clone() else {
            return;
        };
        let prefix = format!("{}_", capitals(self.id));
        let own = |name: &str| {
            let found = layers.variables().find(|(known, _)| {
                known
                    .strip_prefix(prefix.as_str())
                    .is_some_and(|rest| rest == name)
            });
            found.map(|(_, variable)| variable)
        };
        self.bases(&grant, own("API_BASE"), own("OAUTH_BASE"));
        for (name, variable) in layers.variables() {
            let scope = name.strip_prefix(prefix.as_str());
            if let Some(scope) = scope.and_then(|name| name.strip_prefix(FORMER_SCOPE)) {
                self.scope(&grant, scope, variable);
            }
        }
    }

    fn bases(&mut self, grant: &Grant, api: Option<&Variable>, consent: Option<&Variable>) {
        let real = Real::of(grant);
        let api = api.and_then(|variable| self.base(variable, &real.api, &real.api));
        // Tokens often are fetched where the API is: its base says where that is.
        let alone: Vec<Url> = real
            .consent
            .iter()
            .filter(|url| !real.api.iter().any(|api| api.origin() == url.origin()))
            .cloned()
            .collect();
        let moved = if alone.is_empty() {
            &real.consent
        } else {
            &alone
        };
        let consent = consent.and_then(|variable| self.base(variable, &real.consent, moved));
        if let (Some(api), Some(consent)) = (&api, &consent)
            && api.origin != consent.origin
            && api
                .moves
                .iter()
                .any(|origin| consent.moves.contains(origin))
        {
            self.faults.push(Fault::new(
                consent.place.clone(),
                format!(
                    "names another origin than {}, but {} has one for both; keep one of them",
                    api.place, self.id
                ),
            ));
            return;
        }
        for base in [api, consent].into_iter().flatten() {
            self.stand_in(&base);
        }
    }

    /// What a base moves where. `None`, and a fault, where it cannot be understood.
    fn base(&mut self, variable: &Variable, all: &[Url], moved: &[Url]) -> Option<Base> {
        match base(self.id, variable.value.expose(), all, moved) {
            Ok((origin, moves)) => Some(Base {
                place: variable.place.clone(),
                layer: variable.layer,
                origin,
                moves,
            }),
            Err(message) => {
                self.faults
                    .push(Fault::new(variable.place.clone(), message));
                None
            }
        }
    }

    fn stand_in(&mut self, base: &Base) {
        for real in &base.moves {
            let key = joined(&format!("plugins.{}.origins", self.id), real);
            if *real == base.origin {
                self.table.origins.remove(real);
                self.places.unset(&key);
            } else {
                let origin = base.origin.clone();
                self.table.origins.insert(real.clone(), origin);
                self.places.set(&key, base.layer, base.place.clone());
            }
        }
    }

    fn scope(&mut self, grant: &Grant, written: &str, variable: &Variable) {
        let scopes = grant.provider.iter().flat_map(|provider| &provider.scopes);
        let names: Vec<&str> = scopes.map(|scope| scope.name.as_str()).collect();
        let mut meant = names.iter().filter(|name| is_scope(name, written));
        let (Some(name), None) = (meant.next(), meant.next()) else {
            let message = format!(
                "is about no scope of {}, which are {}",
                self.id,
                names.join(", ")
            );
            self.faults
                .push(Fault::new(variable.place.clone(), message));
            return;
        };
        match variable.value.expose() {
            "false" => {
                self.table.scopes_left_out.insert((*name).to_owned());
            }
            "true" => {
                self.table.scopes_left_out.remove(*name);
            }
            _ => {
                let message = "is neither true nor false";
                self.faults
                    .push(Fault::new(variable.place.clone(), message));
                return;
            }
        }
        let key = format!("plugins.{}.scopes_left_out", self.id);
        let place = match self.places.origin(&key) {
            Some(place) => format!("{place}, {}", variable.place),
            None => variable.place.clone(),
        };
        self.places.set(&key, variable.layer, place);
    }
}

/// A base that was understood.
struct Base {
    place: String,
    layer: super::layer::Layer,
    /// The origin that it names.
    origin: String,
    /// The real origins for which it stands.
    moves: BTreeSet<String>,
}

impl Real {
    fn of(grant: &Grant) -> Self {
        let endpoint = |origin: &str, path: &str| Url::parse(origin).ok()?.join(path).ok();
        let endpoints = grant.endpoints.iter();
        let api = endpoints
            .filter_map(|known| endpoint(&known.origin, &known.path_prefix))
            .collect();
        let provider = grant.provider.iter();
        let consent = provider
            .flat_map(|provider| {
                let revoke = provider.revoke_url.as_deref();
                [&*provider.authorize_url, &*provider.token_url]
                    .into_iter()
                    .chain(revoke)
            })
            .filter_map(|url| Url::parse(url).ok())
            .collect();
        Self { api, consent }
    }
}

/// The origin that a base names, and the real ones for which it stands.
fn base(
    plugin: &PluginId,
    text: &str,
    all: &[Url],
    moved: &[Url],
) -> Result<(String, BTreeSet<String>), String> {
    let url = Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("is no http or https URL".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("names a user; a base is scheme, host, port and path".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has something behind its path; a base ends with that".into());
    }
    if !all.iter().any(|own| begins(url.path(), own.path())) {
        let own: BTreeSet<&str> = all.iter().map(Url::path).collect();
        let own: Vec<&str> = own.into_iter().collect();
        return Err(format!(
            "has the path {}, which is not the beginning of {plugin}'s own: {}; only the origin of \
             a base is taken, {plugin} knows its paths",
            url.path(),
            own.join(", ")
        ));
    }
    let origin = |url: &Url| url.origin().ascii_serialization();
    // One of the real ones moves nothing, not even another real one.
    let is_real = all.iter().any(|own| own.origin() == url.origin());
    let moves = moved
        .iter()
        .map(origin)
        .filter(|real| !is_real || *real == origin(&url))
        .collect();
    Ok((origin(&url), moves))
}

/// Whether a path is the beginning of another one, segment by segment.
fn begins(base: &str, path: &str) -> bool {
    let base = base.trim_end_matches('/');
    path.strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a variable's name means this scope: in capitals, with `_` for whatever a name cannot hold;
/// of a scope that is a URL, its last part.
fn is_scope(scope: &str, written: &str) -> bool {
    let spelt = |text: &str| -> String {
        text.chars()
            .map(|c| match c {
                c if c.is_ascii_alphanumeric() => c.to_ascii_uppercase(),
                _ => '_',
            })
            .collect()
    };
    let last = scope.rsplit('/').next().unwrap_or(scope);
    spelt(scope) == written || spelt(last) == written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(texts: &[&str]) -> Vec<Url> {
        texts.iter().map(|text| Url::parse(text).unwrap()).collect()
    }

    fn of(text: &str) -> Result<(String, Vec<String>), String> {
        let plugin = "etsy".parse().unwrap();
        let all = urls(&[
            "https://api.etsy.com/v3/application/",
            "https://api.etsy.com/v3/application/seller-taxonomy/",
        ]);
        base(&plugin, text, &all, &all).map(|(origin, moves)| (origin, moves.into_iter().collect()))
    }

    #[test]
    fn of_a_base_the_origin_is_taken_and_its_path_has_to_be_a_beginning() {
        let real = vec!["https://api.etsy.com".to_owned()];
        for path in [
            "",
            "/",
            "/v3",
            "/v3/",
            "/v3/application",
            "/v3/application/",
        ] {
            let text = format!("http://127.0.0.1:7010{path}");
            let stands = ("http://127.0.0.1:7010".to_owned(), real.clone());
            assert_eq!(of(&text), Ok(stands), "{path}");
        }
        for (text, word) in [
            (
                "http://127.0.0.1:7010/v2",
                "not the beginning of etsy's own: /v3/application/",
            ),
            ("http://127.0.0.1:7010/v3/app", "not the beginning"),
            ("http://127.0.0.1:7010/v3?x=1", "behind its path"),
            ("http://u:p@127.0.0.1:7010/v3", "names a user"),
            ("ftp://127.0.0.1/v3", "no http"),
            ("api.etsy.com", "is no URL"),
        ] {
            let error = of(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
            assert!(!error.contains("u:p"), "{error}");
        }
    }

    #[test]
    fn the_real_origin_moves_no_other_one() {
        let plugin = "etsy".parse().unwrap();
        let all = urls(&[
            "https://www.etsy.com/oauth/connect",
            "https://api.etsy.com/v3/public/oauth/token",
        ]);
        let moved = urls(&["https://www.etsy.com/oauth/connect"]);
        let of = |text| base(&plugin, text, &all, &moved).unwrap().1;
        assert!(of("https://api.etsy.com/v3/public/oauth").is_empty());
        assert_eq!(
            of("https://www.etsy.com/oauth"),
            ["https://www.etsy.com".to_owned()].into()
        );
        assert_eq!(
            of("http://localhost:1/oauth"),
            ["https://www.etsy.com".to_owned()].into()
        );
    }

    #[test]
    fn a_scope_is_meant_by_its_name_in_capitals() {
        assert!(is_scope("listings_d", "LISTINGS_D"));
        let long = "https://api.ebay.com/oauth/api_scope/sell.inventory.readonly";
        assert!(is_scope(long, "SELL_INVENTORY_READONLY"));
        assert!(!is_scope(long, "SELL_INVENTORY"));
        assert!(!is_scope("listings_d", "LISTINGS"));
    }
}
