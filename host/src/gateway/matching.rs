//! The second stage: which endpoint of the grant allows this request, and where does it really go?
//!
//! A prefix matches on a segment boundary: `/v3/app` is not `/v3/application`. A request that names
//! a stand-in, because a reply linked to it, matches as if it named the real origin.

use url::Url;

use super::check::Checked;
use super::refusal::{Refusal, RefusalKind};
use crate::config::PluginConfig;
use crate::model::{Endpoint, PluginId};
use crate::transport::{Origin, Target, stand_in};

/// A request that is allowed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Granted<'a> {
    /// By this endpoint.
    pub(super) endpoint: &'a Endpoint,
    /// And this is what is dialled.
    pub(super) target: Target,
}

/// The endpoint with the longest prefix of those that allow the request.
pub(super) fn granted<'a>(
    plugin: &PluginId,
    config: &'a PluginConfig,
    checked: &Checked,
) -> Result<Granted<'a>, Refusal> {
    let endpoints = config
        .grant
        .as_ref()
        .map_or(&[][..], |grant| &grant.endpoints);
    let named = names(&checked.origin, config);
    let found = named
        .iter()
        .flat_map(|origin| endpoints.iter().map(move |endpoint| (origin, endpoint)))
        .filter(|(origin, endpoint)| is_at(endpoint, origin, checked.url.path()));
    let best = found
        .clone()
        .filter(|(_, endpoint)| endpoint.methods.contains(&checked.method))
        .rev()
        .max_by_key(|(_, endpoint)| endpoint.path_prefix.len());
    let Some((origin, endpoint)) = best else {
        let near = found.max_by_key(|(_, endpoint)| endpoint.path_prefix.len());
        return Err(not_granted(
            plugin,
            config,
            checked,
            near.map(|(_, endpoint)| endpoint),
        ));
    };
    let real = origin.rewrite(&checked.url);
    let real = real.ok_or_else(|| Refusal::new(RefusalKind::Url, "the URL cannot be rewritten"))?;
    Ok(Granted {
        endpoint,
        target: Target::of(&real, config),
    })
}

/// The origins that a grant may call this one by: itself, and those that it stands in for.
fn names(origin: &Origin, config: &PluginConfig) -> Vec<Origin> {
    let real = config.origins.keys().filter_map(|real| real.parse().ok());
    let stood_in_for =
        real.filter(|real| stand_in(real, config).as_ref() == Some(origin) && real != origin);
    std::iter::once(origin.clone())
        .chain(stood_in_for)
        .collect()
}

fn is_at(endpoint: &Endpoint, origin: &Origin, path: &str) -> bool {
    endpoint.origin.parse().as_ref() == Ok(origin)
        && prefix(endpoint).is_some_and(|prefix| is_under(path, &prefix))
}

/// The prefix in the spelling of a checked path.
fn prefix(endpoint: &Endpoint) -> Option<String> {
    if !endpoint.path_prefix.starts_with('/') {
        return None;
    }
    let url = Url::parse(&endpoint.origin)
        .ok()?
        .join(&endpoint.path_prefix)
        .ok()?;
    Some(url.path().to_owned())
}

fn is_under(path: &str, prefix: &str) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

/// Names the very thing to add to the grant.
fn not_granted(
    plugin: &PluginId,
    config: &PluginConfig,
    checked: &Checked,
    near: Option<&Endpoint>,
) -> Refusal {
    let method = checked.method.as_str().to_ascii_lowercase();
    let (what, add) = match near {
        Some(endpoint) => (
            format!(
                "the grant of {plugin} does not allow {} there",
                checked.method.as_str()
            ),
            format!(
                "to allow it, add \"{method}\" to `methods` of the endpoint {}{} of {plugin} in \
                 stoflow.toml",
                endpoint.origin, endpoint.path_prefix
            ),
        ),
        None => (
            format!("the grant of {plugin} does not allow it"),
            format!(
                "to allow it, add to the `endpoints` of {plugin}'s grant in stoflow.toml: \
                 {{ origin = \"{}\", path_prefix = \"{}\", methods = [\"{method}\"] }}",
                names(&checked.origin, config)
                    .pop()
                    .unwrap_or_else(|| checked.origin.clone()),
                steady(checked.url.path()),
            ),
        ),
    };
    Refusal::new(RefusalKind::NotGranted, what)
        .remedy(add)
        .at(&checked.place)
}

/// The part of a path before the first id: what a person would grant.
fn steady(path: &str) -> String {
    let is_id = |segment: &&str| {
        let digit = |byte: &u8| byte.is_ascii_digit();
        let bytes = segment.as_bytes();
        // `v3` is none.
        bytes.first().is_some_and(digit) || (bytes.len() > 3 && bytes.iter().any(digit))
    };
    let segments: Vec<_> = path
        .split('/')
        .skip(1)
        .take_while(|segment| !is_id(segment))
        .collect();
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use http::{Method as HttpMethod, Uri};

    use super::super::check::check;
    use super::*;
    use crate::model::{Grant, Method};
    use crate::transport::Allowed;

    fn endpoint(origin: &str, path_prefix: &str, methods: &[Method]) -> Endpoint {
        Endpoint {
            origin: origin.into(),
            path_prefix: path_prefix.into(),
            methods: methods.to_vec(),
            credentials: vec![],
            quotas: vec![],
            cache_seconds: None,
        }
    }

    fn config(endpoints: Vec<Endpoint>) -> PluginConfig {
        let grant = Grant {
            endpoints,
            ..Grant::nothing()
        };
        PluginConfig {
            grant: Some(grant),
            ..PluginConfig::default()
        }
    }

    fn checked(method: HttpMethod, url: &str) -> Checked {
        check(&method, &url.parse::<Uri>().unwrap()).unwrap()
    }

    fn prefix_for(config: &PluginConfig, method: HttpMethod, url: &str) -> Result<String, Refusal> {
        granted(&"etsy".parse().unwrap(), config, &checked(method, url))
            .map(|granted| granted.endpoint.path_prefix.clone())
    }

    const ETSY: &str = "https://api.etsy.com";

    #[test]
    fn a_prefix_ends_at_a_segment() {
        for (prefix, path, allowed) in [
            ("/v3/application", "/v3/application", true),
            ("/v3/application", "/v3/application/", true),
            ("/v3/application", "/v3/application/shops", true),
            ("/v3/application", "/v3/application?x=1", true),
            ("/v3/app", "/v3/application", false),
            ("/v3/app", "/v3/app", true),
            ("/v3/application", "/v3/app", false),
            ("/v3/application", "/v3/applications", false),
            ("/v3/application", "/v3/application.json", false),
            ("/v3/application", "/v3/application%20", false),
            ("/v3/application", "/v3/Application/x", false),
            ("/v3/application", "/v3/%61pplication/x", true),
            ("/v3/application/", "/v3/application", false),
            ("/v3/application/", "/v3/application/x", true),
            ("/", "/anything", true),
            ("/", "/", true),
            ("", "/", false),
            ("v3", "/v3", false),
        ] {
            let config = config(vec![endpoint(ETSY, prefix, &[Method::Get])]);
            let url = format!("{ETSY}{path}");
            let found = prefix_for(&config, HttpMethod::GET, &url);
            assert_eq!(found.is_ok(), allowed, "{prefix} {path}");
        }
    }

    #[test]
    fn the_longest_prefix_that_allows_the_method_holds() {
        let config = config(vec![
            endpoint(ETSY, "/", &[Method::Get]),
            endpoint(ETSY, "/v3/application/shops", &[Method::Get]),
            endpoint(ETSY, "/v3/application", &[Method::Get, Method::Post]),
        ]);
        let find = |method, path| prefix_for(&config, method, &format!("{ETSY}{path}")).unwrap();
        assert_eq!(
            find(HttpMethod::GET, "/v3/application/shops/1"),
            "/v3/application/shops"
        );
        assert_eq!(
            find(HttpMethod::GET, "/v3/application/x"),
            "/v3/application"
        );
        assert_eq!(find(HttpMethod::GET, "/x"), "/");
        assert_eq!(
            find(HttpMethod::POST, "/v3/application/shops/1"),
            "/v3/application"
        );
    }

    #[test]
    fn another_scheme_host_or_port_is_another_origin() {
        let config = config(vec![endpoint(ETSY, "/", &[Method::Get])]);
        for url in [
            "http://api.etsy.com/",
            "https://api.etsy.com:8443/",
            "https://etsy.com/",
            "https://api.etsy.com.evil.test/",
            "https://xapi.etsy.com/",
        ] {
            let refusal = prefix_for(&config, HttpMethod::GET, url).unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::NotGranted, "{url}");
        }
        assert!(prefix_for(&config, HttpMethod::GET, "https://API.ETSY.COM:443/").is_ok());
    }

    #[test]
    fn a_refusal_names_what_to_add() {
        let config = config(vec![endpoint(ETSY, "/v3/application", &[Method::Get])]);
        let url = "https://api.etsy.com/v3/application/listings/1234?secret=x";
        let refusal = prefix_for(&config, HttpMethod::DELETE, url).unwrap_err();
        assert!(
            refusal.remedy.contains("add \"delete\" to `methods`"),
            "{}",
            refusal.remedy
        );
        assert!(
            refusal.remedy.contains("stoflow.toml"),
            "{}",
            refusal.remedy
        );
        let refusal = prefix_for(
            &config,
            HttpMethod::GET,
            "https://x.test/v3/shops/99/y?secret=x",
        )
        .unwrap_err();
        assert!(
            refusal.remedy.contains(
                r#"{ origin = "https://x.test", path_prefix = "/v3/shops", methods = ["get"] }"#
            ),
            "{}",
            refusal.remedy
        );
        assert_eq!(refusal.place, "GET https://x.test/v3/shops/99/y");
        assert!(!format!("{refusal:?}").contains("secret"));
        let nothing = PluginConfig::default();
        assert!(prefix_for(&nothing, HttpMethod::GET, url).is_err());
    }

    #[test]
    fn a_stand_in_is_dialled_and_its_links_may_be_followed() {
        let stand_in = "http://127.0.0.1:7010";
        let mut config = config(vec![endpoint(ETSY, "/v3", &[Method::Get])]);
        config.origins = [
            ("https://openapi.etsy.com".into(), stand_in.into()),
            (ETSY.into(), stand_in.into()),
        ]
        .into();
        for url in [
            "https://api.etsy.com/v3/x?a=1",
            "http://127.0.0.1:7010/v3/x?a=1",
        ] {
            let checked = checked(HttpMethod::GET, url);
            let granted = granted(&"etsy".parse().unwrap(), &config, &checked).unwrap();
            assert_eq!(
                granted.target.url.as_str(),
                "http://127.0.0.1:7010/v3/x?a=1"
            );
            assert_eq!(
                granted.target.allowed,
                Allowed::Named(stand_in.parse().unwrap())
            );
        }
        for url in [
            "http://127.0.0.1:7010/v4",
            "http://127.0.0.1:7011/v3",
            "https://openapi.etsy.com/v3",
        ] {
            assert!(prefix_for(&config, HttpMethod::GET, url).is_err(), "{url}");
        }
    }
}
